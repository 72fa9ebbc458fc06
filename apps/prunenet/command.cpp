#include "command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "json_line.h"
#include "options.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/version.h"

namespace prunenet::cli {

namespace {

constexpr const char* kSummary = "smaller language models by a learned, data-free pruning policy";

constexpr std::array<std::pair<ExitCode, const char*>, 6> kExitCodes = {{
    {kDone, "done"},
    {kFailed, "failed"},
    {kUsage, "usage or output in the way"},
    {kBadInputFile, "bad input file"},
    {kNoRoom, "not enough memory or disk"},
    {kInterruptedBySignal, "interrupted"},
}};

std::string usage() {
  std::string text = fmt::format("prunenet: {}\n\nprunenet VERB [options]\n\n", kSummary);
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<10}{}\n", verb.name, verb.summary);
  text +=
      "\n'prunenet VERB --help' shows a verb's options and an example; 'prunenet --version' the version.\n\n"
      "Exit codes:\n";
  for (const auto& [code, meaning] : kExitCodes) text += fmt::format("  {:<10}{}\n", static_cast<int>(code), meaning);
  return text;
}

/// What the whole command's help says, and after it what every verb's says, a line of JSON each.
void describe_everything() {
  nlohmann::json verbs = nlohmann::json::array();
  for (const Verb& verb : kVerbs) verbs.push_back({{"name", verb.name}, {"summary", verb.summary}});
  nlohmann::json codes = nlohmann::json::array();
  for (const auto& [code, meaning] : kExitCodes)
    codes.push_back({{"code", static_cast<int>(code)}, {"meaning", meaning}});
  const nlohmann::json described = {
      {"summary", kSummary}, {"version", version()}, {"verbs", std::move(verbs)}, {"exit_codes", std::move(codes)}};
  print(described.dump() + "\n");
  for (const Verb& verb : kVerbs) verb.run({kDescribe});
}

std::string verb_names() {
  std::string names;
  for (const Verb& verb : kVerbs) names += fmt::format("{}{}", names.empty() ? "" : ", ", verb.name);
  return names;
}

void dispatch(const Arguments& arguments) {
  if (arguments.empty()) throw Error(ErrorKind::kInvalidArgument, "no verb given; see 'prunenet --help'");
  const std::string& name = arguments.front();
  if (name == "--help" || name == "help") return print(usage());
  if (name == kDescribe) return describe_everything();
  if (name == "--version") return print(fmt::format("prunenet {}\n", version()));
  const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& known) { return known.name == name; });
  if (verb == kVerbs.end()) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("unknown verb '{}'; the verbs are {}; see 'prunenet --help'", name, verb_names()));
  }
  verb->run(Arguments(arguments.begin() + 1, arguments.end()));
}

/// "prunenet apply", or "prunenet" where no known verb was given.
std::string name_for_errors(const Arguments& arguments) {
  for (const Verb& verb : kVerbs) {
    if (!arguments.empty() && arguments.front() == verb.name) return fmt::format("prunenet {}", verb.name);
  }
  return "prunenet";
}

void print_failure(const Arguments& arguments, const Failure& failure) {
  const std::string name = name_for_errors(arguments);
  if (std::ranges::find(arguments, fmt::format("--{}", kLogJson)) == arguments.end()) {
    fmt::print(stderr, "{}: error: {}\n", name, failure.message);
    return;
  }
  fmt::print(
      stderr, "{}\n",
      json_line("error", "error", failure.message, {{"command", name}, {"exit_code", static_cast<int>(failure.code)}}));
}

}  // namespace

ExitCode run_command(const Arguments& arguments) {
  try {
    dispatch(arguments);
    return kDone;
  } catch (...) {
    const Failure failure = describe(std::current_exception());
    print_failure(arguments, failure);
    return failure.code;
  }
}

}  // namespace prunenet::cli
