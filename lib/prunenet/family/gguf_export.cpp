#include "prunenet/family/gguf_export.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "prunenet/checkpoint/gguf_constants.h"
#include "prunenet/checkpoint/gguf_file.h"
#include "prunenet/checkpoint/quantize.h"
#include "prunenet/core/error.h"
#include "prunenet/family/gguf_hyperparameters.h"
#include "prunenet/family/llama3_rotary.h"

namespace prunenet {

namespace {

struct NamedType {
  std::string_view name;
  GgufType type;
  std::uint32_t file_type;  ///< general.file_type (llama.cpp, LLAMA_FTYPE_*)
};

constexpr std::array<NamedType, 8> kNamedTypes{{{"f32", GgufType::kF32, 0},
                                                {"f16", GgufType::kF16, 1},
                                                {"bf16", GgufType::kBF16, 32},
                                                {"q8_0", GgufType::kQ80, 7},
                                                {"q5_1", GgufType::kQ51, 9},
                                                {"q5_0", GgufType::kQ50, 8},
                                                {"q4_1", GgufType::kQ41, 3},
                                                {"q4_0", GgufType::kQ40, 2}}};

const NamedType& named(GgufType type) {
  return *std::ranges::find(kNamedTypes, type, &NamedType::type);
}

bool has_fewer_bits_than_q8(GgufType type) {
  return type == GgufType::kQ40 || type == GgufType::kQ41 || type == GgufType::kQ50 || type == GgufType::kQ51;
}

GgufType type_of(const GgufTensor& tensor, const Family& family, GgufType wanted) {
  if (tensor.is_vector() || tensor.name == "position_embd.weight") return GgufType::kF32;
  const std::string logits = family.config().tie_word_embeddings ? "token_embd.weight" : "output.weight";
  if (has_fewer_bits_than_q8(wanted) && (tensor.name == logits || tensor.copy)) wanted = GgufType::kQ80;
  return tensor.shape().back() % gguf_block(wanted).elements == 0 ? wanted : GgufType::kF16;
}

std::vector<float> rotary_factors(const ModelConfig& config) {
  if (config.rope_scaling.kind != RopeScaling::Kind::kLlama3) return {};
  const std::vector<double> divisors = llama3_divisors(config.rope_scaling, config.rope_theta, config.rotary_dim);
  return {divisors.begin(), divisors.end()};
}

}  // namespace

std::vector<float> gguf_values(const Checkpoint& checkpoint, const GgufTensor& tensor) {
  std::vector<float> values;
  for (const GgufRows& part : tensor.parts) {
    const std::int64_t columns = std::max<std::int64_t>(part.columns, 1);
    MatrixF stored = part.columns == 0 ? checkpoint.read_matrix(part.tensor, 1, part.stored_rows)
                     : part.transposed ? checkpoint.read_matrix(part.tensor, part.columns, part.stored_rows)
                                       : checkpoint.read_matrix(part.tensor, part.stored_rows, part.columns);
    if (part.columns == 0 || part.transposed) stored = MatrixF(stored.transpose());
    for (std::int64_t row = 0; row < part.rows; ++row) {
      const float* const from = stored.data() + part.stored(row) * columns;
      values.insert(values.end(), from, from + columns);
    }
  }
  for (float& value : values) value += tensor.offset;
  return values;
}

std::vector<std::string> gguf_type_names() {
  std::vector<std::string> names;
  names.reserve(kNamedTypes.size());
  for (const NamedType& type : kNamedTypes) names.emplace_back(type.name);
  return names;
}

GgufType parse_gguf_type(std::string_view name) {
  const auto* const found = std::ranges::find(kNamedTypes, name, &NamedType::name);
  if (found != kNamedTypes.end()) return found->type;
  throw Error(ErrorKind::kInvalidArgument, fmt::format("'{}' is no type of tensors that is written; known are {}", name,
                                                       fmt::join(gguf_type_names(), ", ")));
}

GgufType native_gguf_type(const Checkpoint& checkpoint, const Family& family) {
  const Dtype dtype = checkpoint.tensors().at(family.ffn_block(0).up.weight).dtype;
  if (dtype == Dtype::kF16) return GgufType::kF16;
  return dtype == Dtype::kBF16 ? GgufType::kBF16 : GgufType::kF32;
}

GgufExport::GgufExport(const Checkpoint& checkpoint, const Family& family, GgufType type)
    : checkpoint_(checkpoint),
      family_(family),
      architecture_(gguf_architecture_of(family)),
      type_(type),
      losses_(lost_in_gguf(family, architecture_)) {}

GgufPairs GgufExport::metadata(const std::string& name, const GgufPairs& vocabulary) const {
  constexpr std::uint32_t kQuantizationVersion = 2;
  GgufPairs pairs;
  pairs.set(kGgufArchitectureKey, architecture_.name);
  pairs.set("general.type", "model");
  pairs.set("general.name", std::string_view(name));
  pairs.set("general.file_type", named(type_).file_type);
  pairs.set("general.quantization_version", kQuantizationVersion);
  set_gguf_hyperparameters(family_, architecture_, pairs);
  for (const auto& [key, value] : vocabulary.pairs()) pairs.set_raw(key, value);
  return pairs;
}

void GgufExport::write(const std::filesystem::path& path, const std::string& name, const GgufPairs& vocabulary,
                       Progress& progress) const {
  const std::vector<GgufTensor> tensors = gguf_tensors(family_, architecture_);
  const std::vector<float> factors = rotary_factors(family_.config());
  std::vector<GgufDeclaration> declarations;
  if (!factors.empty()) {
    declarations.push_back({kGgufRotaryFactors, GgufType::kF32, {static_cast<std::int64_t>(factors.size())}});
  }
  std::uint64_t total = 0;
  for (const GgufTensor& tensor : tensors) {
    declarations.push_back({tensor.name, type_of(tensor, family_, type_), tensor.shape()});
    total += gguf_bytes(declarations.back().type, declarations.back().shape);
  }
  GgufWriter writer(path, GgufLayout(metadata(name, vocabulary), std::move(declarations)));
  progress.begin("writing", "bytes", total);
  if (!factors.empty()) writer.write(kGgufRotaryFactors, quantize(GgufType::kF32, factors));
  for (const GgufTensor& tensor : tensors) {
    const std::vector<float> values = gguf_values(checkpoint_, tensor);
    const std::vector<std::byte> blocks = located(fmt::format("tensor '{}'", tensor.name),
                                                  [&] { return quantize(type_of(tensor, family_, type_), values); });
    writer.write(tensor.name, blocks);
    progress.advance(blocks.size());
  }
  writer.finish([](const std::filesystem::path& written) { static_cast<void>(GgufFile::open(written)); });
}

}  // namespace prunenet
