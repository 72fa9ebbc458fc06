#include "prunenet/prune/record.h"

#include <fmt/format.h>

#include "prunenet/core/input_file.h"
#include "prunenet/core/printable.h"
#include "prunenet/core/sha256.h"
#include "prunenet/core/version.h"

namespace prunenet {

namespace {

double mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / (1024.0 * 1024.0);
}

/// Of the sentence that ends in "unchanged".
std::string_view what_stays(const PruneOptions& options) {
  if (options.healing) {
    return "The down projections were refitted on text\nthat the model wrote itself, to make up for what was removed; "
           "every other weight that was kept is";
  }
  if (!options.down_bias.empty()) {
    return "The biases of the down projections make up for what was removed; every other weight that was kept is";
  }
  return "Every weight that was kept is";
}

}  // namespace

Digests digest_files(const std::filesystem::path& directory, const std::vector<std::string>& names,
                     std::string_view stage, Progress& progress) {
  std::uint64_t total = 0;
  for (const std::string& name : names) total += InputFile(directory / name).size();
  progress.begin(stage, "bytes", total);
  Digests digests;
  for (const std::string& name : names) digests[name] = sha256_file(directory / name, progress);
  return digests;
}

PruneRecord make_record(const PruneOptions& options, const PruneEstimate& sizes, const Plan& plan,
                        const std::string& model_name) {
  PruneRecord record;
  record.prunenet_version = version();
  record.seed = options.seed;
  record.model = model_name;
  if (!options.policy.empty()) {
    record.policy = {options.policy.filename().string(), sha256_file(options.policy)};
  }
  record.sizes = sizes;
  record.down_bias_changed = !options.down_bias.empty();
  record.healing = options.healing;
  record.plan = plan;
  return record;
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
      version(), 100 * sizes.ffn_ratio, 100 * sizes.requested_ratio, what_stays(options),
      sizes.intermediate_size_before, sizes.intermediate_size_after, sizes.parameters_before, sizes.parameters_after,
      mebibytes(sizes.bytes_before), mebibytes(sizes.bytes_after), 100 * sizes.model_ratio, printable(plan.source));
  card +=
      "\n`prunenet.json` holds the kept neurons of every layer and the SHA-256 of all inputs and outputs;\n"
      "`prunenet verify` holds the files to them.\n";
  return card;
}

}  // namespace prunenet
