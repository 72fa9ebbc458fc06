#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "human.h"
#include "job.h"
#include "model.h"
#include "options.h"
#include "outputs.h"
#include "plan_file.h"
#include "print.h"
#include "prunenet/checkpoint/strict_json.h"
#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/input_file.h"
#include "prunenet/core/sha256.h"
#include "prunenet/family/census.h"
#include "prunenet/family/gguf_store.h"
#include "prunenet/plan/budget.h"
#include "prunenet/plan/plan.h"
#include "prunenet/policy/policy.h"
#include "prunenet/policy/policy_kind.h"
#include "prunenet/policy/published_policy.h"
#include "prunenet/probe/probe_file.h"
#include "prunenet/prune/prunable.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using nlohmann::json;
using Facts = std::vector<std::pair<std::string, std::string>>;

/// The same things twice: for people and for programs.
struct Report {
  Facts facts;
  json record;
};

constexpr std::array<double, 3> kExampleRatios{0.2, 0.3, 0.5};

/// Where the parameters are, and what the pruning of some of them would save.
void add_sizes(const Prunable& prunable, Report& report) {
  const ParameterParts parts = count_parts(prunable.checkpoint(), prunable.family());
  const std::uint64_t all = prunable.checkpoint().parameters();
  const auto share = [all](std::uint64_t part) {
    return fmt::format("{} ({})", human_count(static_cast<double>(part)),
                       human_percent(static_cast<double>(part) / static_cast<double>(all)));
  };
  report.record["parameter_parts"] = {{"embedding", parts.embedding},
                                      {"attention", parts.attention},
                                      {"ffn", parts.ffn},
                                      {"output", parts.output},
                                      {"other", parts.other}};
  report.facts.emplace_back(
      "parameters in", fmt::format("embedding {}, attention {}, FFN {}, output {}, other {}", share(parts.embedding),
                                   share(parts.attention), share(parts.ffn), share(parts.output), share(parts.other)));
  report.record["savings"] = json::array();
  if (!prunable.family().config().layer_widths.empty()) return;  // it cannot be pruned again
  const std::int64_t neurons = prunable.family().config().intermediate_size;
  for (const double ratio : kExampleRatios) {
    const std::int64_t width = width_for_ratio(neurons, ratio, default_rounding(neurons, ratio));
    const PruneEstimate sizes = prunable.estimate_width(width);
    report.record["savings"].push_back({{"ratio", ratio},
                                        {"intermediate_size", width},
                                        {"parameters", sizes.parameters_after},
                                        {"bytes", sizes.bytes_after},
                                        {"multiply_accumulates", sizes.macs_after}});
    report.facts.emplace_back(
        fmt::format("at {:.0f} % fewer", 100.0 * ratio),
        fmt::format("intermediate size {}, {} parameters (-{}), {}, multiply-accumulates -{}", width,
                    human_count(static_cast<double>(sizes.parameters_after)), human_percent(sizes.model_ratio),
                    human_bytes(sizes.bytes_after), human_percent(sizes.macs_ratio)));
  }
}

void add_oddities(const Prunable& model, Report& report, Progress& progress) {
  report.record["oddities"] = json::array();
  std::string all;
  for (const Oddity& oddity : find_oddities(model.checkpoint(), model.family(), progress)) {
    report.record["oddities"].push_back({{"tensor", oddity.tensor}, {"what", oddity.what}});
    all +=
        fmt::format("{}{}{}{}", all.empty() ? "" : "; ", oddity.tensor, oddity.tensor.empty() ? "" : ": ", oddity.what);
  }
  report.facts.emplace_back("odd", all.empty() ? "nothing" : all);
}

std::string intermediate_size_of(const ModelConfig& config) {
  if (config.layer_widths.empty()) return std::to_string(config.intermediate_size);
  return fmt::format("{} to {}: {}", std::ranges::min(config.layer_widths), config.intermediate_size,
                     fmt::join(config.layer_widths, ", "));
}

void add_architecture(const std::filesystem::path& path, bool scan, Report& report, Progress& progress) {
  try {
    const Prunable prunable(path);
    const ModelConfig& config = prunable.family().config();
    const std::uint64_t ffn = ffn_parameters(prunable.family());
    report.record.update({{"family", prunable.family().name()},
                          {"architecture", config.architecture},
                          {"num_hidden_layers", config.num_hidden_layers},
                          {"hidden_size", config.hidden_size},
                          {"intermediate_size", config.intermediate_size},
                          {"num_attention_heads", config.num_attention_heads},
                          {"num_key_value_heads", config.num_key_value_heads},
                          {"vocab_size", config.vocab_size},
                          {"max_position_embeddings", config.max_position_embeddings},
                          {"tie_word_embeddings", config.tie_word_embeddings},
                          {"ffn_parameters", ffn}});
    report.facts.insert(
        report.facts.end(),
        {{"architecture", fmt::format("{} (family {})", config.architecture, prunable.family().name())},
         {"layers", std::to_string(config.num_hidden_layers)},
         {"hidden size", std::to_string(config.hidden_size)},
         {"intermediate size", intermediate_size_of(config)},
         {"heads", fmt::format("{}, {} for keys and values", config.num_attention_heads, config.num_key_value_heads)},
         {"vocabulary", fmt::format("{}{}", config.vocab_size, config.tie_word_embeddings ? ", tied" : "")},
         {"positions", std::to_string(config.max_position_embeddings)}});
    if (!config.layer_widths.empty()) report.record["intermediate_sizes"] = config.layer_widths;
    add_sizes(prunable, report);
    if (scan) add_oddities(prunable, report, progress);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kUnsupported) throw;
    report.facts.emplace_back("architecture", fmt::format("not supported: {}", error.what()));
    report.record["unsupported"] = error.what();
  }
}

/// What `apply` left in the directory about where it comes from.
void add_pruning(const std::filesystem::path& directory, Report& report) {
  const std::filesystem::path path = directory / "prunenet.json";
  if (!std::filesystem::exists(path)) return;
  json pruning = read_json_object(path);
  pruning.erase("plan");  // long: every kept neuron
  const auto figure = [&pruning](const char* pointer) {
    return pruning.value(json::json_pointer(pointer), json("?")).dump();
  };
  report.facts.emplace_back("pruned", fmt::format("ratio {} asked for, {} of the FFN and {} of the model achieved",
                                                  figure("/requested_ratio"), figure("/achieved_ratio/ffn"),
                                                  figure("/achieved_ratio/model")));
  report.record["pruning"] = std::move(pruning);
}

Report inspect_checkpoint(const std::filesystem::path& directory, bool scan, Progress& progress) {
  const Checkpoint checkpoint = open_checkpoint(directory);
  std::map<std::string, std::uint64_t> dtypes;
  if (is_gguf_path(directory)) {
    const GgufFile file = GgufFile::open(directory);
    for (const auto& [name, info] : file.tensors()) ++dtypes[std::string(gguf_block(info.type).name)];
  } else {
    for (const auto& [name, info] : checkpoint.tensors()) ++dtypes[std::string(to_string(info.dtype))];
  }
  std::vector<std::string> kinds;
  kinds.reserve(dtypes.size());
  for (const auto& [dtype, count] : dtypes) kinds.push_back(fmt::format("{} {}", count, dtype));
  Report report;
  report.record = {{"kind", "checkpoint"},
                   {"path", directory.string()},
                   {"parameters", checkpoint.parameters()},
                   {"bytes", weight_bytes(checkpoint)},
                   {"shards", checkpoint.shards()},
                   {"tensors", dtypes}};
  report.facts = {{"checkpoint", directory.string()},
                  {"parameters", human_count(static_cast<double>(checkpoint.parameters()))},
                  {"bytes", human_bytes(weight_bytes(checkpoint))},
                  {"files", fmt::format("{}", fmt::join(checkpoint.shards(), ", "))},
                  {"tensors", fmt::format("{}", fmt::join(kinds, ", "))}};
  add_architecture(directory, scan, report, progress);
  add_pruning(directory, report);
  return report;
}

std::string models_of(const json& provenance) {
  std::vector<std::string> names;
  for (const json& model : provenance.value("models", json::array())) names.push_back(model.value("name", "?"));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::int64_t count_parameters(const torch::nn::Module& network) {
  std::int64_t parameters = 0;
  for (const auto& tensor : network.parameters()) parameters += tensor.numel();
  return parameters;
}

Report inspect_published_policy(const std::filesystem::path& path) {
  const PublishedPolicy policy = load_published_policy(path);
  const std::int64_t parameters = count_parameters(*policy.network);
  const json shape = {{"hidden_size", policy.network->hidden_size()},
                      {"intermediate_size", policy.network->intermediate_size()}};
  Report report;
  report.record = {{"kind", "policy"},
                   {"policy", "prunenet"},
                   {"path", path.string()},
                   {"sha256", sha256_file(path)},
                   {"parameters", parameters},
                   {"network", shape},
                   {"ratio", policy.ratio},
                   {"faithful", policy.faithful},
                   {"recipe", policy.recipe},
                   {"curve", policy.curve},
                   {"provenance", policy.provenance}};
  report.facts = {
      {"policy", path.string()},
      {"kind", policy.faithful ? "prunenet (as published)" : "prunenet (corrected)"},
      {"sha256", report.record.at("sha256").get<std::string>()},
      {"network", fmt::format("hidden size {}, intermediate size {}, {} parameters", policy.network->hidden_size(),
                              policy.network->intermediate_size(), parameters)},
      {"ratio", human_percent(policy.ratio)},
      {"trained on", models_of(policy.provenance)},
      {"recipe", policy.recipe.dump()}};
  for (const json& point : policy.curve) {
    report.facts.emplace_back(fmt::format("episode {}", point.value("episode", 0)),
                              fmt::format("mean KS {:.4f}", point.value("mean_ks", 0.0)));
  }
  return report;
}

Report inspect_policy(const std::filesystem::path& path) {
  if (read_policy_kind(path) == PolicyKind::kPrunenet) return inspect_published_policy(path);
  const Policy policy = load_policy(path);
  const std::int64_t parameters = count_parameters(*policy.network);
  const NetworkOptions& network = policy.network->options();
  Report report;
  report.record = {{"kind", "policy"},
                   {"policy", "features"},
                   {"path", path.string()},
                   {"sha256", sha256_file(path)},
                   {"parameters", parameters},
                   {"network", to_json(network)},
                   {"features", policy.features},
                   {"recipe", policy.recipe},
                   {"curve", policy.curve},
                   {"provenance", policy.provenance}};
  report.facts = {{"policy", path.string()},
                  {"sha256", report.record.at("sha256").get<std::string>()},
                  {"network", fmt::format("{} features, {} hidden layers of {}, {} parameters", policy.features.size(),
                                          network.depth, network.hidden, parameters)},
                  {"trained on", models_of(policy.provenance)},
                  {"recipe", policy.recipe.dump()}};
  for (const json& point : policy.curve) {
    report.facts.emplace_back(fmt::format("step {}", point.value("step", 0)),
                              fmt::format("reward {:.4f}", point.value("validation_reward", 0.0)));
  }
  if (policy.budget) {
    const std::vector<double> shares = kept_shares(*policy.budget, kExampleRatios[1]);
    report.record["budget"] = to_json(*policy.budget);
    report.facts.emplace_back(fmt::format("budget at {}", human_percent(kExampleRatios[1])),
                              fmt::format("layers keep {:.2f}", fmt::join(shares, ", ")));
  }
  return report;
}

Report inspect_probe(const std::filesystem::path& path) {
  const ProbeFile file = ProbeFile::open(path);
  const ProbeFacts& facts = file.facts();
  const ProbeOptions& probe = facts.source.options;
  const char* kept = facts.neurons <= probe.exact_width ? "second moments" : "packed second moments";
  Report report;
  report.record = {{"kind", "probe"},
                   {"path", path.string()},
                   {"sha256", sha256_file(path)},
                   {"bytes", file.bytes()},
                   {"model", {{"name", facts.model_name}, {"sha256", facts.source.model_sha256}}},
                   {"num_hidden_layers", facts.layers},
                   {"intermediate_size", facts.neurons},
                   {"kept", kept},
                   {"probe", to_json(probe)},
                   {"seed", facts.source.seed},
                   {"device", facts.device},
                   {"seconds", file.seconds()},
                   {"prunenet_version", facts.version}};
  report.facts = {
      {"probe", path.string()},
      {"sha256", report.record.at("sha256").get<std::string>()},
      {"bytes", human_bytes(file.bytes())},
      {"model", fmt::format("{} (SHA-256 {})", facts.model_name, facts.source.model_sha256)},
      {"kept", fmt::format("{} of {} layers, {} x {}", kept, facts.layers, facts.neurons, facts.neurons)},
      {"options", report.record.at("probe").dump()},
      {"seed", std::to_string(facts.source.seed)},
      {"made", fmt::format("in {} on {} by prunenet {}", human_seconds(file.seconds()), facts.device, facts.version)}};
  return report;
}

Report inspect_plan(const std::filesystem::path& path) {
  const Plan plan = read_plan_file(path);
  std::vector<std::size_t> widths;
  for (const auto& layer : plan.keep_indices) widths.push_back(layer.size());
  Report report;
  report.record = {{"kind", "plan"},
                   {"path", path.string()},
                   {"source", plan.source},
                   {"requested_ratio", plan.requested_ratio},
                   {"achieved_ratio", plan.achieved_ratio()},
                   {"round_to", plan.round_to},
                   {"intermediate_size", plan.intermediate_size},
                   {"widths", widths}};
  report.facts = {{"plan", path.string()},
                  {"from", plan.source},
                  {"ratio", fmt::format("{} asked for, {} achieved", human_percent(plan.requested_ratio),
                                        human_percent(plan.achieved_ratio()))},
                  {"widths", fmt::format("multiples of {}; {} of {} at first, {} layers", plan.round_to,
                                         widths.empty() ? 0 : widths.front(), plan.intermediate_size, widths.size())}};
  return report;
}

/// The first bytes of a file tell a plan from a policy or a probe.
std::string first_bytes(const std::filesystem::path& path) {
  constexpr std::uint64_t kEnough = 8;
  const InputFile file(path);
  std::string bytes(std::min(file.size(), kEnough), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

Report inspect(const std::filesystem::path& path, bool scan, Progress& progress) {
  if (std::filesystem::is_directory(path) || is_gguf_path(path)) return inspect_checkpoint(path, scan, progress);
  const std::string bytes = first_bytes(path);
  if (bytes.starts_with("GGUF")) {
    throw Error(ErrorKind::kUnsupported, fmt::format("{} is a GGUF file; 'prunenet import' it first", path.string()));
  }
  // A safetensors file begins with the length of its header in 64 bits, of which the high ones are zero; text has none.
  const bool is_text = bytes.find('\0') == std::string::npos;
  if (is_text) return inspect_plan(path);
  return is_probe_file(path) ? inspect_probe(path) : inspect_policy(path);
}

}  // namespace

void run_inspect(const Arguments& words) {
  std::string path;
  std::string json_file;
  bool quick = false;
  VerbOptions options({.verb = "inspect",
                       .synopsis = "CHECKPOINT|POLICY|PROBE|PLAN [options]",
                       .summary = "Shows what a model directory, a policy, a probe or a plan file holds.",
                       .example = "prunenet inspect smollm2-30\nprunenet inspect smollm2.safetensors --json -",
                       .details = ""});
  options.add()                                                                              //
      ("path", value_of(path, "PATH"), "what to look at; '--path' may be left out")          //
      ("quick", flag(quick), "do not look at every number of a checkpoint for what is odd")  //
      ("json", value_of(json_file, "F"), "write JSON to this file, or to standard output with -");
  options.positional("path");
  if (!options.parse(words)) return;
  options.require(path, "path");
  check_json_destination(json_file, path);
  Job job(options.common());
  const Report report = inspect(path, !quick, job.progress());
  job.progress().finish();
  if (!json_file.empty()) write_json(json_file, report.record);
  if (json_file != "-") print(render_facts(report.facts));
}

}  // namespace prunenet::cli
