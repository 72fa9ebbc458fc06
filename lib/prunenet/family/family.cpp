#include "prunenet/family/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/checkpoint/printable.h"
#include "prunenet/core/error.h"
#include "prunenet/family/llama_family.h"

namespace prunenet {

namespace {

struct Architecture {
  std::string_view name;
  LlamaVariant variant;
};

constexpr std::array<Architecture, 3> kArchitectures{{
    {"LlamaForCausalLM", LlamaVariant::kLlama},
    {"MistralForCausalLM", LlamaVariant::kMistral},
    {"Qwen2ForCausalLM", LlamaVariant::kQwen2},
}};

std::string config_path(const Checkpoint& checkpoint) {
  return (checkpoint.directory() / kConfigFile).string();
}

std::string read_architecture(const Checkpoint& checkpoint) {
  const auto found = checkpoint.config().find("architectures");
  const bool readable =
      found != checkpoint.config().end() && found->is_array() && found->size() == 1 && found->front().is_string();
  if (!readable) {
    throw Error(ErrorKind::kBadInput,
                fmt::format("{}: architectures is not a list of one name", config_path(checkpoint)));
  }
  return found->front().get<std::string>();
}

void check_tensor(const Checkpoint& checkpoint, const std::string& name, const std::vector<std::int64_t>& shape) {
  if (name.empty()) return;
  const auto found = checkpoint.tensors().find(name);
  if (found == checkpoint.tensors().end()) {
    throw Error(ErrorKind::kBadInput, fmt::format("{}: tensor {} is missing; config.json asks for one of shape [{}]",
                                                  checkpoint.directory().string(), name, fmt::join(shape, ", ")));
  }
  if (found->second.shape != shape) {
    throw Error(ErrorKind::kMismatch, fmt::format("{}: tensor {} has shape [{}], but config.json asks for [{}]",
                                                  checkpoint.directory().string(), name,
                                                  fmt::join(found->second.shape, ", "), fmt::join(shape, ", ")));
  }
}

void check_layer(const Checkpoint& checkpoint, const Family& family, std::int64_t layer) {
  const ModelConfig& config = family.config();
  const std::int64_t d = config.hidden_size;
  const std::int64_t I = config.intermediate_size;
  const std::int64_t queries = config.num_attention_heads * config.head_dim;
  const std::int64_t keys = config.num_key_value_heads * config.head_dim;
  const AttentionBlockNames attention = family.attention_block(layer);
  check_tensor(checkpoint, attention.norm, {d});
  check_tensor(checkpoint, attention.q_proj, {queries, d});
  check_tensor(checkpoint, attention.k_proj, {keys, d});
  check_tensor(checkpoint, attention.v_proj, {keys, d});
  check_tensor(checkpoint, attention.o_proj, {d, queries});
  check_tensor(checkpoint, attention.q_bias, {queries});
  check_tensor(checkpoint, attention.k_bias, {keys});
  check_tensor(checkpoint, attention.v_bias, {keys});
  check_tensor(checkpoint, attention.o_bias, {d});
  const FfnBlockNames ffn = family.ffn_block(layer);
  check_tensor(checkpoint, ffn.norm, {d});
  check_tensor(checkpoint, ffn.gate_proj, {I, d});
  check_tensor(checkpoint, ffn.up_proj, {I, d});
  check_tensor(checkpoint, ffn.down_proj, {d, I});
  check_tensor(checkpoint, ffn.gate_bias, {I});
  check_tensor(checkpoint, ffn.up_bias, {I});
  check_tensor(checkpoint, ffn.down_bias, {d});
}

void check_tensors(const Checkpoint& checkpoint, const Family& family) {
  const ModelConfig& config = family.config();
  check_tensor(checkpoint, family.embedding(), {config.vocab_size, config.hidden_size});
  check_tensor(checkpoint, family.final_norm(), {config.hidden_size});
  check_tensor(checkpoint, family.output_projection(), {config.vocab_size, config.hidden_size});
  for (std::int64_t layer = 0; layer < config.num_hidden_layers; ++layer) check_layer(checkpoint, family, layer);
}

}  // namespace

std::unique_ptr<Family> make_family(const Checkpoint& checkpoint) {
  const std::string architecture = read_architecture(checkpoint);
  std::vector<std::string_view> known;
  for (const Architecture& candidate : kArchitectures) {
    known.push_back(candidate.name);
    if (candidate.name != architecture) continue;
    ModelConfig config =
        read_llama_config(checkpoint.config(), candidate.variant, architecture, config_path(checkpoint));
    auto family = std::make_unique<LlamaFamily>(std::move(config), candidate.variant);
    check_tensors(checkpoint, *family);
    return family;
  }
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{}: architecture '{}' is not known; known are {}", config_path(checkpoint),
                          printable(architecture), fmt::join(known, ", ")));
}

FfnWeights read_ffn(const Checkpoint& checkpoint, const Family& family, std::int64_t layer) {
  const ModelConfig& config = family.config();
  const FfnBlockNames names = family.ffn_block(layer);
  FfnWeights weights;
  weights.norm = checkpoint.read_matrix(names.norm, 1, config.hidden_size).row(0);
  weights.gate = checkpoint.read_matrix(names.gate_proj, config.intermediate_size, config.hidden_size);
  weights.up = checkpoint.read_matrix(names.up_proj, config.intermediate_size, config.hidden_size);
  weights.down = checkpoint.read_matrix(names.down_proj, config.hidden_size, config.intermediate_size);
  return weights;
}

}  // namespace prunenet
