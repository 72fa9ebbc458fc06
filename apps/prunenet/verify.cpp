#include "prunenet/prune/verify.h"

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "find_policy.h"
#include "job.h"
#include "options.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

using nlohmann::json;

struct VerifyArguments {
  std::string output;
  std::string against;
  std::string policy;
  std::string json_file;
};

VerbOptions make_options(VerifyArguments& arguments) {
  VerbOptions options(
      {.verb = "verify",
       .synopsis = "OUT --against IN [options]",
       .summary = "Reads a pruned model again and holds it to its record and to what it was made from: hashes of all\n"
                  "files, every tensor byte for byte, the kept rows and columns of those that were cut, config.json,\n"
                  "index and copied files. Exit code 0: all of it holds; 1: something does not, and is listed;\n"
                  "2 and 3: it could not be looked at (usage; no such model, no record, a damaged input).",
       .example = "prunenet verify smollm2-30 --against smollm2 --policy smollm2.safetensors\n"
                  "prunenet verify smollm2-30.gguf --against smollm2.gguf --json verified.json",
       .details = ""});
  options.add()                                                                                                 //
      ("output", value_of(arguments.output, "OUT"), "what apply wrote; '--output' may be left out")             //
      ("against", value_of(arguments.against, "IN"), "the model directory or GGUF file that it was made from")  //
      ("policy", value_of(arguments.policy, "POLICY"),
       "also compare this policy, a file or a name, with the one that was recorded")  //
      ("json", value_of(arguments.json_file, "F"), "write the results as JSON; '-' for standard output");
  options.positional("output");
  options.suggest("policy", [] { return policy_names(); });
  return options;
}

json to_json(const VerifyArguments& arguments, const VerifyReport& report) {
  json checks = json::array();
  for (const VerifyCheck& check : report.checks) {
    checks.push_back({{"check", check.name}, {"held", check.held}, {"failed", check.failed}});
  }
  json failures = json::array();
  for (const VerifyFailure& failure : report.failures) {
    failures.push_back({{"check", failure.check}, {"file", failure.file}, {"what", failure.what}});
    if (!failure.tensor.empty()) failures.back()["tensor"] = failure.tensor;
  }
  return {{"output", arguments.output}, {"against", arguments.against},   {"holds", report.holds()},
          {"checks", checks},           {"failed", report.failure_count}, {"failures", failures},
          {"warnings", report.warnings}};
}

std::string render(const VerifyReport& report) {
  std::vector<std::vector<std::string>> rows{{"checked", "held", "failed"}};
  for (const VerifyCheck& check : report.checks) {
    rows.push_back({check.name, std::to_string(check.held), std::to_string(check.failed)});
  }
  std::string text = render_table(rows);
  for (const std::string& warning : report.warnings) text += fmt::format("warning: {}\n", warning);
  for (const VerifyFailure& failure : report.failures) text += fmt::format("failed: {}\n", to_string(failure));
  if (report.failure_count > report.failures.size()) {
    text += fmt::format("and {} more\n", report.failure_count - report.failures.size());
  }
  return text + (report.holds() ? "all of it holds\n" : "");
}

}  // namespace

void run_verify(const Arguments& words) {
  VerifyArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  options.require(arguments.output, "output");
  options.require(arguments.against, "against");

  Job job(options.common());
  VerifyOptions verify;
  verify.policy = find_policy(arguments.policy);
  const VerifyReport report = verify_pruned(arguments.output, arguments.against, verify, job.progress());
  job.progress().finish();
  if (arguments.json_file != "-") print(render(report));
  if (!arguments.json_file.empty()) write_json(arguments.json_file, to_json(arguments, report));
  if (report.holds()) return;
  // The command did what it was asked for, and the answer is no: exit code 1, but no failure of the library's.
  const std::string count =
      report.failure_count == 1 ? "1 thing is" : fmt::format("{} things are", report.failure_count);
  throw std::runtime_error(fmt::format("{}: {} not as it should be", arguments.output, count));
}

}  // namespace prunenet::cli
