#include "prunenet/family/family_registry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "prunenet/checkpoint/file_names.h"
#include "prunenet/core/error.h"
#include "prunenet/core/printable.h"
#include "prunenet/family/adapters.h"
#include "prunenet/family/tensor_check.h"

namespace prunenet {

namespace {

std::string read_architecture(const nlohmann::json& config, const std::string& where) {
  const auto found = config.find("architectures");
  const bool readable = found != config.end() && found->is_array() && found->size() == 1 && found->front().is_string();
  if (!readable) throw Error(ErrorKind::kBadInput, where + ": architectures is not a list of one name");
  return found->front().get<std::string>();
}

/// Mixtures of experts have no one FFN a layer; their configs say how many they have.
bool has_experts(const nlohmann::json& config) {
  return std::ranges::any_of(std::array{"num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"},
                             [&config](const char* key) { return config.contains(key); });
}

std::unique_ptr<Family> adapt(const nlohmann::json& config, const std::string& where, const FamilyRegistry& families,
                              const std::function<bool(const std::string&)>& has_tensor) {
  const std::string architecture = read_architecture(config, where);
  if (families.find(architecture) != nullptr) {
    return families.make(architecture, FamilyInput{ConfigFields(config, where), has_tensor, architecture});
  }
  throw Error(ErrorKind::kUnsupported,
              fmt::format("{}: architecture '{}' is not known{}; known are {}", where, printable(architecture),
                          has_experts(config) ? ", and mixtures of experts cannot be pruned yet" : "",
                          fmt::join(families.names(), ", ")));
}

}  // namespace

FamilyRegistry built_in_families() {
  FamilyRegistry families("architecture");
  families.add("LlamaForCausalLM", &make_llama)
      .add("MistralForCausalLM", &make_mistral)
      .add("GraniteForCausalLM", &make_granite)
      .add("Qwen2ForCausalLM", &make_qwen2)
      .add("Qwen3ForCausalLM", &make_qwen3)
      .add("GemmaForCausalLM", &make_gemma)
      .add("Gemma2ForCausalLM", &make_gemma2)
      .add("Gemma3ForCausalLM", &make_gemma3)
      .add("Olmo2ForCausalLM", &make_olmo2)
      .add("Phi3ForCausalLM", &make_phi3)
      .add("PhiForCausalLM", &make_phi)
      .add("OPTForCausalLM", &make_opt)
      .add("FalconForCausalLM", &make_falcon)
      .add("GPT2LMHeadModel", &make_gpt2)
      .add("GPTNeoXForCausalLM", &make_gpt_neox)
      .add("DeciLMForCausalLM", &make_deci);
  return families;
}

std::unique_ptr<Family> make_family(const Checkpoint& checkpoint, const FamilyRegistry& families) {
  const std::string where = (checkpoint.directory() / kConfigFile).string();
  static_cast<void>(read_architecture(checkpoint.config(), where));
  refuse_foreign_tensors(checkpoint);
  auto family =
      adapt(checkpoint.config(), where, families, [&](const std::string& name) { return checkpoint.has(name); });
  check_tensors(checkpoint, *family);
  return family;
}

std::unique_ptr<Family> make_family(const nlohmann::json& config, const std::string& where,
                                    const FamilyRegistry& families) {
  return adapt(config, where, families, [](const std::string&) { return false; });
}

std::unique_ptr<Family> make_family(const Checkpoint& checkpoint) {
  return make_family(checkpoint, built_in_families());
}

std::unique_ptr<Family> make_family(const nlohmann::json& config, const std::string& where) {
  return make_family(config, where, built_in_families());
}

}  // namespace prunenet
