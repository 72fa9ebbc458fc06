#include "prunenet/prune/record.h"

#include <fmt/format.h>

#include <algorithm>

#include "prunenet/core/input_file.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/version.h"

namespace prunenet {

namespace {

constexpr int kRecordVersion = 1;
constexpr std::uint64_t kPieceBytes = 8ULL << 20U;

nlohmann::ordered_json before_and_after(std::uint64_t before, std::uint64_t after) {
  return {{"before", before}, {"after", after}};
}

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

}  // namespace

Digests digest_files(const std::filesystem::path& directory, const std::vector<std::string>& names,
                     std::string_view stage, Progress& progress) {
  std::uint64_t total = 0;
  for (const std::string& name : names) total += InputFile(directory / name).size();
  progress.begin(stage, "bytes", total);
  Digests digests;
  for (const std::string& name : names) {
    const InputFile file(directory / name);
    Sha256 digest;
    for (std::uint64_t done = 0; done < file.size();) {
      const std::vector<std::byte> piece = file.read(done, std::min(kPieceBytes, file.size() - done));
      digest.update(piece);
      done += piece.size();
      progress.advance(piece.size());
    }
    digests[name] = digest.hex();
  }
  return digests;
}

nlohmann::ordered_json make_record(const PruneOptions& options, const PruneReport& report, const Plan& plan,
                                   const Digests& inputs, const Digests& outputs, const std::string& model_name) {
  const PruneEstimate& sizes = report.sizes;
  nlohmann::ordered_json record;
  record["format"] = "prunenet-record";
  record["format_version"] = kRecordVersion;
  record["prunenet_version"] = version();
  record["command_line"] = options.command_line;
  record["seed"] = nullptr;
  if (options.seed) record["seed"] = *options.seed;
  record["model"] = model_name;
  record["policy"] = nullptr;
  if (!options.policy.empty()) {
    record["policy"] = {{"file", options.policy.filename().string()}, {"sha256", sha256_file(options.policy)}};
  }
  record["requested_ratio"] = sizes.requested_ratio;
  record["achieved_ratio"] = {{"ffn", sizes.ffn_ratio},
                              {"model", sizes.model_ratio},
                              {"bytes", sizes.bytes_ratio},
                              {"multiply_accumulates", sizes.macs_ratio}};
  record["down_bias_changed"] = !options.down_bias.empty();
  record["intermediate_size"] = {{"before", sizes.intermediate_size_before}, {"after", sizes.intermediate_size_after}};
  if (sizes.largest_size_after != sizes.intermediate_size_after) {
    record["intermediate_size"]["largest_after"] = sizes.largest_size_after;
  }
  record["parameters"] = before_and_after(sizes.parameters_before, sizes.parameters_after);
  record["bytes"] = before_and_after(sizes.bytes_before, sizes.bytes_after);
  record["multiply_accumulates"] = before_and_after(sizes.macs_before, sizes.macs_after);
  record["wall_seconds"] = report.wall_seconds;
  record["peak_rss_bytes"] = report.peak_rss_bytes;
  record["inputs"] = inputs;
  record["outputs"] = outputs;
  record["plan"] = to_json(plan);
  return record;
}

std::string record_text(const nlohmann::ordered_json& record) {
  return record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string model_card(const std::string& original, const PruneEstimate& sizes, const Plan& plan,
                       const PruneOptions& options) {
  std::string card = original;
  if (!card.empty()) card += card.back() == '\n' ? "\n" : "\n\n";
  card += fmt::format(
      "## Pruned by prunenet\n\n"
      "This is a smaller version of the model: prunenet {} removed {:.1f} % of the intermediate neurons of every\n"
      "feed-forward block ({:.1f} % were asked for). {} unchanged.\n\n"
      "| | before | after |\n|---|---|---|\n"
      "| intermediate size | {} | {} |\n| parameters | {} | {} |\n| weight files, MiB | {:.1f} | {:.1f} |\n\n"
      "{:.1f} % of all parameters are gone. Chosen by: {}.\n",
      version(), 100 * sizes.ffn_ratio, 100 * sizes.requested_ratio,
      options.down_bias.empty() ? "Every weight that was kept is"
                                : "The biases of the down projections make up for what was removed; every other weight "
                                  "that was kept is",
      sizes.intermediate_size_before, sizes.intermediate_size_after, sizes.parameters_before, sizes.parameters_after,
      mebibytes(sizes.bytes_before), mebibytes(sizes.bytes_after), 100 * sizes.model_ratio, printable(plan.source));
  if (!options.command_line.empty()) card += fmt::format("\n```\n{}\n```\n", options.command_line);
  card += "\n`prunenet.json` holds the kept neurons of every layer and the SHA-256 of all inputs and outputs.\n";
  return card;
}

}  // namespace prunenet
