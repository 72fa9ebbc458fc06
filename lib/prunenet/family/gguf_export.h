#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "prunenet/checkpoint/gguf_writer.h"
#include "prunenet/core/progress.h"
#include "prunenet/family/family.h"
#include "prunenet/family/gguf_architecture.h"
#include "prunenet/family/gguf_tensors.h"

namespace prunenet {

/// Types that a model can be exported with: "f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0".
[[nodiscard]] std::vector<std::string> gguf_type_names();

/// One of `gguf_type_names`. Throws Error(kInvalidArgument) naming them.
[[nodiscard]] GgufType parse_gguf_type(std::string_view name);

/// The type that keeps a checkpoint's weights as they are: that of its first up projection.
[[nodiscard]] GgufType native_gguf_type(const Checkpoint& checkpoint, const Family& family);

/// Values of a GGUF tensor as the checkpoint has them, in the file's order of rows. Throws what
/// `Checkpoint::read_matrix` throws.
[[nodiscard]] std::vector<float> gguf_values(const Checkpoint& checkpoint, const GgufTensor& tensor);

/// A model laid out as a GGUF file.
class GgufExport {
 public:
  /// Matrices get `type`, with the exceptions of llama.cpp's own quantiser: vectors and position embeddings stay F32,
  /// rows that do not divide into its blocks F16, and the matrix that gives the logits is Q8_0 where `type` has fewer
  /// bits. Throws what gguf_architecture_of throws. The references must outlive it.
  GgufExport(const Checkpoint& checkpoint, const Family& family, GgufType type);

  /// What readers of the file will leave out, in sentences.
  [[nodiscard]] const std::vector<std::string>& losses() const { return losses_; }

  /// Writes the file: `name`, the model's sizes and `vocabulary` (its tokenizer, see tokenizer/gguf_vocabulary.h) as
  /// metadata, then the tensors one by one. Complete or absent. Reports bytes.
  void write(const std::filesystem::path& path, const std::string& name, const GgufPairs& vocabulary,
             Progress& progress) const;

 private:
  [[nodiscard]] GgufPairs metadata(const std::string& name, const GgufPairs& vocabulary) const;

  const Checkpoint& checkpoint_;
  const Family& family_;
  const GgufArchitecture& architecture_;
  GgufType type_;
  std::vector<std::string> losses_;
};

}  // namespace prunenet
