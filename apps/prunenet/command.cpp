#include "command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/version.h"

namespace prunenet::cli {

namespace {

std::string usage() {
  std::string text =
      "prunenet: smaller language models by a learned, data-free pruning policy\n\n"
      "prunenet VERB [options]\n\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<10}{}\n", verb.name, verb.summary);
  text +=
      "\n'prunenet VERB --help' shows a verb's options and an example; 'prunenet --version' the version.\n"
      "Exit codes: 0 done, 1 failed, 2 usage or output in the way, 3 bad input file, 4 not enough memory or disk,\n"
      "130 interrupted.\n";
  return text;
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

}  // namespace

ExitCode run_command(const Arguments& arguments) {
  try {
    dispatch(arguments);
    return kDone;
  } catch (...) {
    const Failure failure = describe(std::current_exception());
    fmt::print(stderr, "{}: error: {}\n", name_for_errors(arguments), failure.message);
    return failure.code;
  }
}

}  // namespace prunenet::cli
