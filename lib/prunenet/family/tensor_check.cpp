#include "prunenet/family/tensor_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/family/layer_places.h"

namespace prunenet {

namespace {

using Shape = std::vector<std::int64_t>;

/// A part of a tensor's name that shows what kind of checkpoint it is from.
struct Sign {
  std::string_view part;
  std::string_view kind;
  std::string_view advice;
};

constexpr std::string_view kDequantise = "dequantise the checkpoint to F32, BF16 or F16 first, and quantise the result";
constexpr std::string_view kMerge = "merge it into its base model first (peft: merge_and_unload)";
constexpr std::array<Sign, 8> kSigns{{{".qweight", "quantised by GPTQ or AWQ", kDequantise},
                                      {".qzeros", "quantised by GPTQ or AWQ", kDequantise},
                                      {".absmax", "quantised by bitsandbytes", kDequantise},
                                      {".quant_map", "quantised by bitsandbytes", kDequantise},
                                      {".SCB", "quantised by bitsandbytes", kDequantise},
                                      {".weight_scale", "quantised to eight bits or fewer", kDequantise},
                                      {".lora_A.", "an adapter (LoRA), not a full model", kMerge},
                                      {".lora_embedding_A", "an adapter (LoRA), not a full model", kMerge}}};

/// Checks tensors one by one, and remembers which have a use.
class TensorCheck {
 public:
  explicit TensorCheck(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  void tensor(const std::string& name, const Shape& shape) {
    if (name.empty()) return;
    const auto found = checkpoint_.tensors().find(name);
    if (found == checkpoint_.tensors().end()) {
      throw Error(ErrorKind::kBadInput, fmt::format("{}: tensor {} is missing; config.json asks for one of shape [{}]",
                                                    where(), name, fmt::join(shape, ", ")));
    }
    if (found->second.shape != shape) {
      throw Error(ErrorKind::kMismatch,
                  fmt::format("{}: tensor {} has shape [{}], but config.json asks for [{}]", where(), name,
                              fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")));
    }
    used_.insert(name);
  }

  void linear(const LinearPlace& place) {
    tensor(place.weight,
           place.transposed ? Shape{place.inputs, place.stored_outputs} : Shape{place.stored_outputs, place.inputs});
    tensor(place.bias, {place.stored_outputs});
  }

  void norm(const NormPlace& place) {
    tensor(place.gain, {place.size});
    tensor(place.bias, {place.size});
  }

  /// Names in `unused` may be there without a use.
  void nothing_else(const std::set<std::string>& unused) const {
    for (const auto& [name, info] : checkpoint_.tensors()) {
      if (used_.contains(name) || unused.contains(name)) continue;
      throw Error(ErrorKind::kUnsupported,
                  fmt::format("{}: tensor {} of shape [{}] has no place in this architecture; if it is not part of the "
                              "model, remove it",
                              where(), printable(name), fmt::join(info.shape, ", ")));
    }
  }

 private:
  [[nodiscard]] std::string where() const { return checkpoint_.directory().string(); }

  const Checkpoint& checkpoint_;
  std::set<std::string> used_;
};

void check_layer(const Family& family, std::int64_t layer, TensorCheck& check) {
  const LayerPlaces places = places_of_layer(family, layer);
  for (const LinearPlace& place : places.maps) check.linear(place);
  for (const NormPlace& place : places.norms) check.norm(place);
}

/// What may be there besides: tensors the family names, for every layer, and copies of a tied embedding.
std::set<std::string> unused_tensors(const Family& family) {
  std::set<std::string> unused;
  if (family.config().tie_word_embeddings) unused.insert(family.output_matrix());
  for (const std::string& pattern : family.unused_tensors()) {
    for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
      unused.insert(fmt::format(fmt::runtime(pattern), layer));
    }
  }
  return unused;
}

}  // namespace

void refuse_foreign_tensors(const Checkpoint& checkpoint) {
  for (const auto& [name, info] : checkpoint.tensors()) {
    const auto* const sign = std::ranges::find_if(
        kSigns, [&name = name](const Sign& candidate) { return name.find(candidate.part) != std::string::npos; });
    if (sign == kSigns.end()) continue;
    throw Error(ErrorKind::kUnsupported,
                fmt::format("{}: tensor {} shows that this is {}; {}", checkpoint.directory().string(), printable(name),
                            sign->kind, sign->advice));
  }
}

void check_tensors(const Checkpoint& checkpoint, const Family& family) {
  const ModelConfig& config = family.config();
  TensorCheck check(checkpoint);
  check.tensor(family.embedding(), {config.vocab_size, family.word_size()});
  check.linear(family.embedding_projection());
  check.tensor(family.position_embedding(), {family.position_rows(), config.hidden_size});
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) check_layer(family, layer, check);
  check.norm(family.final_norm());
  check.linear(family.output_reduction());
  check.linear(family.output_projection());
  check.nothing_else(unused_tensors(family));
}

}  // namespace prunenet
