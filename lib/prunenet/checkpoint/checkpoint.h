#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "prunenet/checkpoint/safetensors_file.h"
#include "prunenet/checkpoint/tensor.h"
#include "prunenet/core/matrix.h"

namespace prunenet {

/// Where the tensors of a checkpoint come from that is no model directory. Const and thread-safe.
class TensorStore {
 public:
  virtual ~TensorStore() = default;
  /// By name.
  [[nodiscard]] virtual const std::map<std::string, TensorInfo>& tensors() const = 0;
  /// One of them.
  [[nodiscard]] virtual HostTensor read(const std::string& name) const = 0;
};

/// A model directory as Hugging Face writes it: config.json, model.safetensors or an index with shards, and other
/// files.
///
/// `open` validates every header (FORMATS: reading safetensors, rules 1 to 5) before any tensor is read. Reads are
/// positioned (pread), so a file that shrinks meanwhile is an error and not a signal. Reading is const and thread-safe.
class Checkpoint {
 public:
  /// Throws Error(kBadInput) naming file, tensor and numbers.
  [[nodiscard]] static Checkpoint open(const std::filesystem::path& directory);

  /// Over tensors that lie elsewhere: the checkpoint has one shard, the file that `path` names.
  [[nodiscard]] static Checkpoint over(const std::filesystem::path& path, nlohmann::json config,
                                       std::unique_ptr<TensorStore> store);

  /// The other is good for nothing then.
  Checkpoint(Checkpoint&&) noexcept;
  /// Likewise.
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  /// As it was opened: a directory, or the file that `over` was given.
  [[nodiscard]] const std::filesystem::path& directory() const;
  /// Parsed config.json (always an object).
  [[nodiscard]] const nlohmann::json& config() const;
  /// All tensors over all shards, by name.
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const;
  /// Whether there is a tensor of that name.
  [[nodiscard]] bool has(const std::string& name) const;
  /// Shard files (one entry for a single file): base names, sorted.
  [[nodiscard]] const std::vector<std::string>& shards() const;
  /// Base name of the shard that holds a tensor.
  [[nodiscard]] const std::string& shard_of(const std::string& name) const;
  /// A shard's file. Throws Error(kBadInput) where there is none of that name, as in one that `over` has made.
  [[nodiscard]] const SafetensorsFile& file_of(const std::string& shard) const;
  /// Tensor names of a shard in the order in which they lie in it.
  [[nodiscard]] std::vector<std::string> tensors_of(const std::string& shard) const;
  /// `__metadata__` of a shard.
  [[nodiscard]] const std::map<std::string, std::string>& metadata_of(const std::string& shard) const;
  /// Whether an index says which of several files holds a tensor.
  [[nodiscard]] bool is_sharded() const;
  /// False of one that `over` has made.
  [[nodiscard]] bool is_directory() const;

  /// One tensor, byte for byte. Throws Error(kBadInput) where there is none of that name.
  [[nodiscard]] HostTensor read(const std::string& name) const;
  /// One tensor of rank 1 or 2 as floats; rank 1 of n elements becomes 1 x n.
  /// Throws Error(kUnsupported) for a type that is not computable, Error(kNumerical) naming tensor and index at NaN or
  /// Inf.
  [[nodiscard]] MatrixF read_matrix(const std::string& name) const;
  /// Same, with the shape checked; Error(kMismatch) states both shapes.
  [[nodiscard]] MatrixF read_matrix(const std::string& name, std::int64_t rows, std::int64_t columns) const;
  /// Some rows of one of that shape. Error(kInvalidArgument) where it has not as many.
  [[nodiscard]] MatrixF read_rows(const std::string& name, std::int64_t rows, std::int64_t columns, std::int64_t first,
                                  std::int64_t count) const;

  /// What those look at before they read, and after: the shape and type of a tensor that is to be a matrix of floats,
  /// and some of its elements, from number `first` on. They throw as said there.
  void require_matrix(const std::string& name, std::int64_t rows, std::int64_t columns) const;
  /// See `require_matrix`.
  void require_finite(const std::string& name, std::uint64_t first, std::span<const float> values) const;

  /// Elements of a tensor from number `first` on.
  using FloatVisitor = std::function<void(std::uint64_t first, std::span<const float> values)>;
  /// A whole tensor of any rank as floats, front to back in pieces of some MB, NaN and Inf included; of a directory,
  /// the next piece is read on a thread of its own meanwhile. Throws Error(kUnsupported) for a type that is not
  /// computable.
  void visit_floats(const std::string& name, const FloatVisitor& visit) const;

  /// Sum of elements over all tensors, and of bytes.
  [[nodiscard]] std::uint64_t parameters() const;
  /// See `parameters`.
  [[nodiscard]] std::uint64_t tensor_bytes() const;

 private:
  struct State;
  explicit Checkpoint(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace prunenet
