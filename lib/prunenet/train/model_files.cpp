#include "prunenet/train/model_files.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>

#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"

namespace prunenet {

namespace {

constexpr const char* kSeconds = "seconds";

using NamedMatrices = std::vector<std::pair<std::string, const MatrixF*>>;

std::span<const std::byte> bytes_of(const MatrixF& matrix) {
  return std::as_bytes(std::span(matrix.data(), static_cast<std::size_t>(matrix.size())));
}

void write_matrices(const std::filesystem::path& path, const NamedMatrices& matrices,
                    const std::map<std::string, std::string>& metadata) {
  std::vector<TensorDeclaration> declarations;
  for (const auto& [name, matrix] : matrices) {
    declarations.push_back({name, Dtype::kF32, {matrix->rows(), matrix->cols()}});
  }
  SafetensorsWriter writer(path, SafetensorsLayout(declarations, metadata));
  for (const auto& [name, matrix] : matrices) writer.write(name, bytes_of(*matrix));
  writer.finish();
}

MatrixF read_matrix(const SafetensorsFile& file, const std::string& name, std::int64_t rows, std::int64_t columns) {
  const HostTensor host = file.read(name);
  if (host.info.dtype != Dtype::kF32 || host.info.shape != std::vector<std::int64_t>{rows, columns}) {
    reject(file.path().string(), fmt::format("tensor '{}' is {} {}, and not F32 of {} columns and {} rows", name,
                                             to_string(host.info.dtype), printable(host.info.shape), columns, rows));
  }
  MatrixF matrix(rows, columns);
  std::memcpy(matrix.data(), host.data.data(), host.data.size());
  return matrix;
}

double read_seconds(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kSeconds);
  const std::string text = found == file.metadata().end() ? "" : found->second;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(seconds) || seconds < 0.0) {
    reject(file.path().string(), fmt::format("metadata '{}' is '{}', and no time", kSeconds, printable(text)));
  }
  return seconds;
}

std::string features_name(std::int64_t layer) {
  return fmt::format("features.{}", layer);
}

}  // namespace

void check_key(const SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find("key");
  if (found != file.metadata().end() && found->second == key) return;
  throw Error(ErrorKind::kMismatch,
              fmt::format("{}: was written by a training with other models, recipe or seed; start anew without "
                          "--resume, or give the same ones",
                          file.path().string()));
}

std::optional<SavedFeatures> load_features(const std::filesystem::path& path, const std::string& key,
                                           std::int64_t layers, std::int64_t neurons, std::int64_t features) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const SafetensorsFile file = SafetensorsFile::open(path);
  check_key(file, key);
  SavedFeatures saved;
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    saved.layers.push_back(read_matrix(file, features_name(layer), neurons, features));
  }
  saved.seconds = read_seconds(file);
  return saved;
}

void save_features(const std::filesystem::path& path, const std::string& key, const SavedFeatures& saved) {
  NamedMatrices matrices;
  for (std::size_t layer = 0; layer < saved.layers.size(); ++layer) {
    matrices.emplace_back(features_name(static_cast<std::int64_t>(layer)), &saved.layers[layer]);
  }
  write_matrices(path, matrices, {{"key", key}, {kSeconds, fmt::format("{}", saved.seconds)}});
}

}  // namespace prunenet
