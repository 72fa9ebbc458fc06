#include "prunenet/checkpoint/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/checked.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/file_pieces.h"
#include "prunenet/core/printable.h"

namespace prunenet {

struct Checkpoint::State {
  std::filesystem::path directory;
  nlohmann::json config;
  bool sharded = false;
  std::map<std::string, SafetensorsFile> files;  ///< by base name
  std::unique_ptr<TensorStore> store;            ///< in place of files
  std::vector<std::string> shards;
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> shard_of;

  /// One that can be a matrix of floats.
  [[nodiscard]] const TensorInfo& require_matrix(const std::string& name) const {
    const auto found = shard_of.find(name);
    if (found == shard_of.end()) reject(directory, fmt::format("there is no tensor '{}'", printable(name)));
    const std::string where = fmt::format("{}: tensor '{}'", (directory / found->second).string(), name);
    const TensorInfo& info = tensors.at(name);
    if (info.shape.empty() || info.shape.size() > 2) {
      throw Error(ErrorKind::kMismatch,
                  fmt::format("{}: shape {}, but a matrix or a vector is wanted", where, printable(info.shape)));
    }
    if (!is_computable(info.dtype)) {
      throw Error(ErrorKind::kUnsupported,
                  fmt::format("{}: element type {} cannot be computed with; weights must be F16, BF16, F32 or F64",
                              where, to_string(info.dtype)));
    }
    return info;
  }

  [[nodiscard]] const SafetensorsFile& file(const std::string& shard) const {
    const auto found = files.find(shard);
    if (found == files.end()) reject(directory, fmt::format("there is no shard '{}'", printable(shard)));
    return found->second;
  }
};

namespace {

using WeightMap = std::map<std::string, std::string>;  ///< tensor -> shard

constexpr std::uint64_t kMaxConfigBytes = 64ULL << 20U;

/// Says why a directory without safetensors is refused, by what it holds instead.
[[noreturn]] void throw_no_weights(const std::filesystem::path& directory) {
  bool pickled = false;
  bool gguf = false;
  std::error_code ignored;
  if (std::filesystem::exists(directory / "adapter_config.json", ignored)) {
    reject(directory,
           "holds an adapter (adapter_config.json) and no model; merge it into its base model first (peft: "
           "merge_and_unload)");
  }
  for (const auto& item : std::filesystem::directory_iterator(directory, ignored)) {
    const std::string extension = item.path().extension().string();
    pickled = pickled || extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt";
    gguf = gguf || extension == ".gguf";
  }
  if (gguf) {
    reject(directory,
           "holds a GGUF file and no model.safetensors; name that file itself, or make a directory of it (prunenet "
           "import)");
  }
  if (pickled) {
    reject(directory,
           "holds pickled PyTorch weights only, which could run code and are never loaded; convert them to safetensors "
           "first (transformers: save_pretrained(..., safe_serialization=True))");
  }
  reject(directory, fmt::format("holds neither {} nor {}", kSingleFile, kIndexFile));
}

/// A file of the same directory that cannot be taken for one of the model's other files.
bool is_shard_name(const std::string& name) {
  constexpr std::size_t kLongest = 255;  // of any file system
  return name.size() <= kLongest && name.ends_with(".safetensors") && printable(name, kLongest) == name &&
         name.find_first_of("/\\") == name.npos;
}

WeightMap parse_weight_map(const nlohmann::json& index, const std::filesystem::path& path) {
  const auto found = index.find("weight_map");
  if (found == index.end() || !found->is_object() || found->empty()) {
    reject(path, "weight_map is missing, empty or not an object");
  }
  WeightMap weight_map;
  for (const auto& [tensor, shard] : found->items()) {
    if (!shard.is_string() || !is_shard_name(shard.get_ref<const std::string&>())) {
      reject(path, fmt::format("tensor '{}' is mapped to {}, which is not the plain name of a .safetensors file",
                               printable(tensor), printable_json(shard)));
    }
    weight_map.emplace(tensor, shard.get<std::string>());
  }
  return weight_map;
}

/// metadata.total_size; older writers left it out or wrote a float.
std::optional<double> parse_total_size(const nlohmann::json& index, const std::filesystem::path& path) {
  const auto metadata = index.find("metadata");
  if (metadata == index.end() || !metadata->is_object() || !metadata->contains("total_size")) return std::nullopt;
  const nlohmann::json& total = (*metadata)["total_size"];
  if (!total.is_number()) reject(path, "metadata.total_size is not a number");
  return total.get<double>();
}

void check_against_index(const WeightMap& weight_map, const std::map<std::string, SafetensorsFile>& files,
                         const std::filesystem::path& index) {
  for (const auto& [tensor, shard] : weight_map) {
    if (!files.at(shard).tensors().contains(tensor)) {
      reject(index, fmt::format("tensor '{}' is mapped to {}, which does not hold it", printable(tensor), shard));
    }
  }
  for (const auto& [shard, file] : files) {
    for (const std::string& tensor : file.names()) {
      const auto found = weight_map.find(tensor);
      if (found == weight_map.end()) {
        reject(index, fmt::format("{} holds tensor '{}', which is not in weight_map", shard, printable(tensor)));
      }
      if (found->second != shard) {
        reject(index, fmt::format("tensor '{}' is mapped to {}, but {} holds one of that name too", printable(tensor),
                                  found->second, shard));
      }
    }
  }
}

constexpr std::size_t kElementsAtATime = 1U << 20U;

/// Elements from `begin` on, in pieces, so that the file's bytes and the floats are never in memory together.
void read_elements(const SafetensorsFile& file, const std::string& name, Dtype dtype, std::uint64_t begin,
                   std::span<float> values) {
  const std::size_t size = size_of(dtype);
  const std::uint64_t offset = file.range_of(name).offset + begin * size;
  for (std::size_t done = 0; done < values.size(); done += kElementsAtATime) {
    const std::span<float> part = values.subspan(done, std::min(kElementsAtATime, values.size() - done));
    to_floats(file.file().read(offset + done * size, part.size() * size), dtype, part);
  }
}

}  // namespace

Checkpoint::Checkpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Checkpoint Checkpoint::open(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    reject(directory, std::filesystem::exists(directory, ignored)
                          ? directory.extension() == ".gguf"
                                ? "is a GGUF file, and a model directory is needed here; make one (prunenet import)"
                                : "is not a model directory, nor a file whose name ends in .gguf"
                          : "there is no such directory");
  }
  auto state = std::make_unique<State>();
  state->directory = directory;
  const bool single = std::filesystem::exists(directory / kSingleFile, ignored);
  state->sharded = !single && std::filesystem::exists(directory / kIndexFile, ignored);
  if (!single && !state->sharded) throw_no_weights(directory);
  state->config = read_json_object(directory / kConfigFile, kMaxConfigBytes);
  const std::filesystem::path index_path = directory / kIndexFile;
  if (single) {
    state->files.emplace(kSingleFile, SafetensorsFile::open(directory / kSingleFile));
  } else {
    const nlohmann::json index = read_json_object(index_path);
    const WeightMap weight_map = parse_weight_map(index, index_path);
    for (const auto& [tensor, shard] : weight_map) {
      if (!state->files.contains(shard)) state->files.emplace(shard, SafetensorsFile::open(directory / shard));
    }
    check_against_index(weight_map, state->files, index_path);
    std::uint64_t total = 0;
    for (const auto& [shard, file] : state->files) {
      for (const auto& [name, info] : file.tensors()) total += info.bytes;  // bounded by the sizes of real files
    }
    const auto stated = parse_total_size(index, index_path);
    if (stated && *stated != static_cast<double>(total)) {
      reject(index_path, fmt::format("total_size says {:.0f} bytes, the shards hold {}", *stated, total));
    }
  }
  for (const auto& [shard, file] : state->files) {
    state->shards.push_back(shard);
    for (const auto& [name, info] : file.tensors()) {
      state->tensors.emplace(name, info);
      state->shard_of.emplace(name, shard);
    }
  }
  return Checkpoint(std::move(state));
}

Checkpoint Checkpoint::over(const std::filesystem::path& path, nlohmann::json config,
                            std::unique_ptr<TensorStore> store) {
  auto state = std::make_unique<State>();
  state->directory = path.has_parent_path() ? path.parent_path() : ".";
  state->config = std::move(config);
  state->shards = {path.filename().string()};
  state->tensors = store->tensors();
  for (const auto& [name, info] : state->tensors) state->shard_of.emplace(name, state->shards.front());
  state->store = std::move(store);
  return Checkpoint(std::move(state));
}

const std::filesystem::path& Checkpoint::directory() const {
  return state_->directory;
}
const nlohmann::json& Checkpoint::config() const {
  return state_->config;
}
const std::map<std::string, TensorInfo>& Checkpoint::tensors() const {
  return state_->tensors;
}
bool Checkpoint::has(const std::string& name) const {
  return state_->tensors.contains(name);
}
const std::vector<std::string>& Checkpoint::shards() const {
  return state_->shards;
}
bool Checkpoint::is_sharded() const {
  return state_->sharded;
}

bool Checkpoint::is_directory() const {
  return state_->store == nullptr;
}

const std::string& Checkpoint::shard_of(const std::string& name) const {
  const auto found = state_->shard_of.find(name);
  if (found == state_->shard_of.end()) {
    reject(state_->directory, fmt::format("there is no tensor '{}'", printable(name)));
  }
  return found->second;
}

const SafetensorsFile& Checkpoint::file_of(const std::string& shard) const {
  return state_->file(shard);
}

std::vector<std::string> Checkpoint::tensors_of(const std::string& shard) const {
  if (state_->store == nullptr) return state_->file(shard).names();
  std::vector<std::string> names;
  for (const auto& [name, info] : state_->tensors) names.push_back(name);
  return names;
}

const std::map<std::string, std::string>& Checkpoint::metadata_of(const std::string& shard) const {
  static const std::map<std::string, std::string> kNone;
  return state_->store == nullptr ? state_->file(shard).metadata() : kNone;
}

HostTensor Checkpoint::read(const std::string& name) const {
  const std::string& shard = shard_of(name);
  return state_->store == nullptr ? state_->file(shard).read(name) : state_->store->read(name);
}

MatrixF Checkpoint::read_matrix(const std::string& name) const {
  const std::vector<std::int64_t>& shape = state_->require_matrix(name).shape;
  const std::int64_t rows = shape.size() == 1 ? 1 : shape[0];
  return read_rows(name, rows, shape.back(), 0, rows);
}

MatrixF Checkpoint::read_matrix(const std::string& name, std::int64_t rows, std::int64_t columns) const {
  return read_rows(name, rows, columns, 0, rows);
}

MatrixF Checkpoint::read_rows(const std::string& name, std::int64_t rows, std::int64_t columns, std::int64_t first,
                              std::int64_t count) const {
  require_matrix(name, rows, columns);
  if (first < 0 || count < 0 || count > rows - first) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("{} rows from {} on of a matrix of {}", count, first, rows));
  }
  const Dtype dtype = state_->tensors.at(name).dtype;
  MatrixF matrix(count, columns);
  const std::span<float> values(matrix.data(), static_cast<std::size_t>(matrix.size()));
  const auto begin = static_cast<std::uint64_t>(first * columns);
  if (state_->store == nullptr) {
    read_elements(state_->file(shard_of(name)), name, dtype, begin, values);
  } else {
    const HostTensor tensor = state_->store->read(name);
    const std::size_t size = size_of(dtype);
    to_floats(std::span(tensor.data).subspan(begin * size, values.size() * size), dtype, values);
  }
  require_finite(name, begin, values);
  return matrix;
}

void Checkpoint::require_matrix(const std::string& name, std::int64_t rows, std::int64_t columns) const {
  const std::string& shard = shard_of(name);
  const std::vector<std::int64_t>& shape = state_->tensors.at(name).shape;
  const bool fits = (shape.size() == 2 && shape[0] == rows && shape[1] == columns) ||
                    (shape.size() == 1 && rows == 1 && shape[0] == columns);
  if (!fits) {
    throw Error(ErrorKind::kMismatch,
                fmt::format("{}: tensor '{}': shape {}, but [{}, {}] is wanted", (state_->directory / shard).string(),
                            name, printable(shape), rows, columns));
  }
  static_cast<void>(state_->require_matrix(name));
}

void Checkpoint::require_finite(const std::string& name, std::uint64_t first, std::span<const float> values) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    const TensorInfo& info = state_->tensors.at(name);
    throw Error(ErrorKind::kNumerical,
                fmt::format("{}: tensor '{}': element {} of {} is {}", (state_->directory / shard_of(name)).string(),
                            name, first + i, info.bytes / size_of(info.dtype), values[i]));
  }
}

void Checkpoint::visit_floats(const std::string& name, const FloatVisitor& visit) const {
  const std::string& shard = shard_of(name);
  const TensorInfo& info = state_->tensors.at(name);
  const std::size_t size = size_of(info.dtype);
  std::vector<float> values;
  const auto pass = [&](std::uint64_t first, std::span<const std::byte> bytes) {
    values.resize(bytes.size() / size);
    to_floats(bytes, info.dtype, values);
    visit(first, values);
  };
  if (state_->store != nullptr) return pass(0, state_->store->read(name).data);
  const SafetensorsFile& file = state_->file(shard);
  const FileRange whole = file.range_of(name);
  const std::vector<FileRange> pieces = pieces_of(whole, kElementsAtATime * size);
  RangeReader reader(file.file(), pieces, pieces.size() > 1 ? 1 : 0);
  for (const FileRange& piece : pieces) pass((piece.offset - whole.offset) / size, reader.next());
}

std::uint64_t Checkpoint::parameters() const {
  std::uint64_t total = 0;
  for (const auto& [name, info] : state_->tensors) total += info.bytes / size_of(info.dtype);
  return total;
}

std::uint64_t Checkpoint::tensor_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [name, info] : state_->tensors) total += info.bytes;
  return total;
}

}  // namespace prunenet
