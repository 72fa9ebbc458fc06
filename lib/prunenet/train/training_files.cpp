#include "prunenet/train/training_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/system_error.h"

namespace prunenet {

namespace {

constexpr const char* kStateFile = "state.safetensors";
constexpr const char* kProbePrefix = "probe-";
constexpr const char* kExtension = ".safetensors";

/// Those of a training, and what a killed one left unfinished of them.
std::vector<std::filesystem::path> training_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code status;
  for (std::filesystem::directory_iterator item(directory, status), end; !status && item != end;
       item.increment(status)) {
    std::string name = item->path().filename().string();
    const std::size_t unfinished = name.find(std::string(kExtension) + ".tmp-");
    if (name.starts_with('.') && unfinished != std::string::npos) {
      name = name.substr(1, unfinished + std::string_view(kExtension).size() - 1);
    }
    if (name == kStateFile || (name.starts_with(kProbePrefix) && name.ends_with(kExtension))) {
      files.push_back(item->path());
    }
  }
  return files;
}

std::span<const std::byte> bytes_of(const MatrixF& matrix) {
  return std::as_bytes(std::span(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

HostTensor to_host(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.contiguous();
  HostTensor host;
  host.info.shape = values.sizes().vec();
  host.info.bytes = static_cast<std::uint64_t>(values.numel()) * sizeof(float);
  host.data.resize(host.info.bytes);
  std::memcpy(host.data.data(), values.data_ptr<float>(), host.data.size());
  return host;
}

/// Calls `action(name, matrix)` for the one matrix of every layer of both halves of a probe.
template <typename ProbeType, typename Action>
void for_each_matrix(ProbeType& probe, Action action) {
  const auto visit = [&action](auto& half, const char* half_name) {
    for (std::size_t layer = 0; layer < half.size(); ++layer) {
      auto& moments = half[layer];
      const bool exact = moments.second_moment.size() != 0;
      action(fmt::format("{}.{}.{}", half_name, layer, exact ? "second_moment" : "sketch"),
             exact ? moments.second_moment : moments.sketch);
    }
  };
  visit(probe.training, "training");
  visit(probe.held_out, "held_out");
}

constexpr std::int64_t kAnyRows = -1;

MatrixF read_matrix(const SafetensorsFile& file, const std::string& name, std::int64_t rows, std::int64_t columns) {
  const HostTensor host = file.read(name);
  const std::vector<std::int64_t>& shape = host.info.shape;
  const bool fits = host.info.dtype == Dtype::kF32 && shape.size() == 2 && shape[0] > 0 && shape[1] == columns &&
                    (rows == kAnyRows || shape[0] == rows);
  if (!fits) {
    reject(file.path().string(),
           fmt::format("tensor '{}' is {} {}, and not F32 of {} columns and {} rows", name, to_string(host.info.dtype),
                       printable(shape), columns, rows == kAnyRows ? "some" : fmt::format("{}", rows)));
  }
  MatrixF matrix(shape[0], shape[1]);
  std::memcpy(matrix.data(), host.data.data(), host.data.size());
  return matrix;
}

std::vector<ResponseMoments> read_half(const SafetensorsFile& file, const std::string& half, std::int64_t layers,
                                       std::int64_t neurons) {
  std::vector<ResponseMoments> moments;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    const std::string exact = fmt::format("{}.{}.second_moment", half, layer);
    const std::string sketch = fmt::format("{}.{}.sketch", half, layer);
    if (file.tensors().contains(exact)) {
      moments.push_back({.second_moment = read_matrix(file, exact, neurons, neurons), .sketch = {}});
    } else {
      moments.push_back({.second_moment = {}, .sketch = read_matrix(file, sketch, kAnyRows, neurons)});
    }
  }
  return moments;
}

void check_key(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find("key");
  if (found != file.metadata().end() && found->second == key) return;
  throw Error(ErrorKind::kMismatch,
              fmt::format("{}: was written by a training with other models, recipe or seed; start anew without "
                          "--resume, or give the same ones",
                          file.path().string()));
}

}  // namespace

TrainingDirectory::TrainingDirectory(std::filesystem::path directory, TrainingKeys keys, bool resume)
    : directory_(std::move(directory)), keys_(std::move(keys)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) throw_system_error(directory_, "the work directory cannot be made", error.value());
  lock_ = lock_directory(directory_);
  if (resume) return;
  for (const std::filesystem::path& file : training_files(directory_)) std::filesystem::remove(file, error);
}

bool has_training_files(const std::filesystem::path& directory) {
  return !training_files(directory).empty();
}

void remove_training_files(const std::filesystem::path& directory) {
  std::error_code ignored;
  for (const std::filesystem::path& file : training_files(directory)) std::filesystem::remove(file, ignored);
  std::filesystem::remove(directory, ignored);  // only where it is empty
}

std::filesystem::path TrainingDirectory::probe_path(std::size_t model) const {
  return directory_ / fmt::format("{}{}{}", kProbePrefix, model, kExtension);
}

std::filesystem::path TrainingDirectory::state_path() const {
  return directory_ / kStateFile;
}

std::optional<Probe> TrainingDirectory::load_probe(std::size_t model, std::int64_t layers, std::int64_t neurons) const {
  const std::filesystem::path path = probe_path(model);
  if (!std::filesystem::exists(path)) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(path);
  check_key(file, keys_.probe);
  return Probe{.training = read_half(file, "training", layers, neurons),
               .held_out = read_half(file, "held_out", layers, neurons)};
}

void TrainingDirectory::save_probe(std::size_t model, const Probe& probe) const {
  std::vector<TensorDeclaration> declarations;
  std::map<std::string, const MatrixF*> matrices;
  for_each_matrix(probe, [&](const std::string& name, const MatrixF& matrix) {
    declarations.push_back({name, Dtype::kF32, {matrix.rows(), matrix.cols()}});
    matrices[name] = &matrix;
  });
  const SafetensorsLayout layout(declarations, {{"key", keys_.probe}});
  SafetensorsWriter writer(probe_path(model), layout);
  for (const TensorDeclaration& tensor : layout.tensors()) writer.write(tensor.name, bytes_of(*matrices[tensor.name]));
  writer.finish();
}

std::optional<TrainerState> TrainingDirectory::load_state() const {
  if (!std::filesystem::exists(state_path())) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(state_path());
  check_key(file, keys_.state);
  TrainerState state;
  for (const std::string& name : file.names()) {
    const HostTensor host = file.read(name);
    if (host.info.dtype != Dtype::kF32) {
      throw Error(ErrorKind::kBadInput, fmt::format("{}: tensor '{}' is not F32", state_path().string(), name));
    }
    torch::Tensor tensor = torch::empty(host.info.shape);
    std::memcpy(tensor.data_ptr<float>(), host.data.data(), host.data.size());
    state.tensors[name] = tensor;
  }
  state.text = file.metadata();
  return state;
}

void TrainingDirectory::save_state(const TrainerState& state) const {
  std::map<std::string, HostTensor> tensors;
  for (const auto& [name, tensor] : state.tensors) tensors[name] = to_host(tensor);
  std::map<std::string, std::string> metadata = state.text;
  metadata["key"] = keys_.state;
  write_safetensors(state_path(), tensors, metadata);
}

}  // namespace prunenet
