#include "prunenet/recover/peft_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "prunenet/checkpoint/output_directory.h"
#include "prunenet/checkpoint/safetensors_writer.h"
#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "prunenet/family/layer_places.h"
#include "prunenet/recover/projection.h"
#include "prunenet/train/host_tensor.h"

namespace prunenet {

namespace {

using nlohmann::json;

/// A projection's factors and where its outputs lie in a module.
struct AdaptedPart {
  LinearPlace place;
  LoraFactors factors;
};

using AdaptedModules = std::map<std::string, std::vector<AdaptedPart>>;

/// "model.layers.0.self_attn.q_proj.weight" -> "model.layers.0.self_attn.q_proj"
std::string module_of(const std::string& tensor) {
  constexpr std::string_view kEnding = ".weight";
  return tensor.ends_with(kEnding) ? tensor.substr(0, tensor.size() - kEnding.size()) : tensor;
}

std::string last_name(const std::string& module) {
  return module.substr(module.rfind('.') + 1);
}

/// What stands behind the layer's number: "self_attn.q_proj".
std::string name_in_layer(const std::string& module, std::int64_t layer) {
  const std::string number = fmt::format(".{}.", layer);
  const std::size_t at = module.find(number);
  return at == std::string::npos ? last_name(module) : module.substr(at + number.size());
}

AdaptedModules adapted_modules(const Family& family, const StudentWeights& weights, std::int64_t layer) {
  AdaptedModules modules;
  for (const Projection projection : weights.trained()) {
    const LinearPlace place = place_of(family, layer, projection);
    if (place.exists()) modules[module_of(place.weight)].push_back({place, weights.factors(layer, projection)});
  }
  return modules;
}

/// A of all parts, [n rank, inputs].
torch::Tensor stacked_a(const std::vector<AdaptedPart>& parts) {
  std::vector<torch::Tensor> rows;
  rows.reserve(parts.size());
  for (const AdaptedPart& part : parts) rows.push_back(part.factors.a);
  return torch::cat(rows);
}

/// B of all parts, each in rows and columns of its own: [outputs of the module, n rank].
torch::Tensor scattered_b(const std::vector<AdaptedPart>& parts) {
  const std::int64_t rank = parts.front().factors.b.size(1);
  const auto count = static_cast<std::int64_t>(parts.size());
  torch::Tensor b = torch::zeros({parts.front().place.stored_outputs, count * rank});
  for (std::int64_t i = 0; i < count; ++i) {
    const AdaptedPart& part = parts[static_cast<std::size_t>(i)];
    torch::Tensor rows = torch::empty({part.place.outputs}, torch::kInt64);
    for (std::int64_t output = 0; output < part.place.outputs; ++output)
      rows[output] = part.place.pattern.stored(output);
    b.narrow(1, i * rank, rank).index_copy_(0, rows, part.factors.b.detach().cpu());
  }
  return b;
}

/// Names by which PEFT finds the modules: the last one, or the path in the layer where a module that is not adapted
/// has the same last name.
std::map<std::string, std::string> target_names(const Family& family, const AdaptedModules& modules,
                                                std::int64_t layer) {
  std::set<std::string> others;
  for (const LinearPlace& place : places_of_layer(family, layer).maps) {
    const std::string module = module_of(place.weight);
    if (place.exists() && !modules.contains(module)) others.insert(last_name(module));
  }
  std::map<std::string, std::string> names;
  for (const auto& [module, parts] : modules) {
    names[module] = others.contains(last_name(module)) ? name_in_layer(module, layer) : last_name(module);
  }
  return names;
}

json adapter_config(const Family& family, const StudentWeights& weights, const RecoverOptions& options,
                    const std::string& base_model) {
  const AdaptedModules modules = adapted_modules(family, weights, 0);  // all layers are alike
  const auto names = target_names(family, modules, 0);
  std::set<std::string> targets;
  json ranks = json::object();
  json alphas = json::object();
  for (const auto& [module, parts] : modules) {
    targets.insert(names.at(module));
    if (parts.size() == 1) continue;
    const auto count = static_cast<std::int64_t>(parts.size());
    ranks[names.at(module)] = count * options.rank;
    alphas[names.at(module)] = static_cast<double>(count) * options.alpha;
  }
  const bool transposed =
      std::ranges::any_of(modules, [](const auto& module) { return module.second.front().place.transposed; });
  return {{"peft_type", "LORA"},
          {"task_type", "CAUSAL_LM"},
          {"base_model_name_or_path", base_model},
          {"r", options.rank},
          {"lora_alpha", options.alpha},
          {"lora_dropout", 0.0},
          {"target_modules", targets},
          {"rank_pattern", ranks},
          {"alpha_pattern", alphas},
          {"fan_in_fan_out", transposed},
          {"bias", "none"},
          {"inference_mode", true},
          {"modules_to_save", nullptr}};
}

}  // namespace

void write_peft_adapter(const Family& family, const StudentWeights& weights, const RecoverOptions& options,
                        const std::string& base_model, const std::filesystem::path& directory) {
  if (options.train != Adaptation::kLora) {
    throw Error(ErrorKind::kInvalidArgument,
                "an adapter can be written of 'train: lora' only; weights trained in full "
                "are in the output itself");
  }
  std::map<std::string, HostTensor> tensors;
  for (std::int64_t layer = 0; layer < family.config().num_hidden_layers; ++layer) {
    for (const auto& [module, parts] : adapted_modules(family, weights, layer)) {
      const std::string name = "base_model.model." + module;
      tensors[name + ".lora_A.weight"] = to_host_tensor(stacked_a(parts));
      tensors[name + ".lora_B.weight"] = to_host_tensor(scattered_b(parts));
    }
  }
  OutputDirectory output(directory, static_cast<std::uint64_t>(weights.parameter_count()) * sizeof(float), false);
  write_safetensors(output.path() / "adapter_model.safetensors", tensors, {{"format", "pt"}});
  write_file_atomically(output.path() / "adapter_config.json",
                        adapter_config(family, weights, options, base_model).dump(2) + "\n");
  output.commit();
}

}  // namespace prunenet
