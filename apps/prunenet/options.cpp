#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "json_line.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "recipe_file.h"

namespace prunenet::cli {

namespace po = boost::program_options;

namespace {

constexpr unsigned kHelpColumns = 100;
constexpr int kMostThreads = 1024;

/// Options with the names that a user may write: no abbreviations, which would break scripts when options are added.
constexpr int kStyle = po::command_line_style::allow_long | po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next;

int cores() {
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

/// A recipe's value as the words that would follow the option on a command line.
std::vector<std::string> as_words(const std::string& key, const nlohmann::json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  if (value.is_boolean() || value.is_number()) return {value.dump()};
  std::vector<std::string> words;
  if (value.is_array()) {
    for (const nlohmann::json& item : value) {
      if (!item.is_primitive()) break;
      words.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    }
    if (!words.empty() && words.size() == value.size()) return words;
  }
  throw Error(ErrorKind::kInvalidArgument, fmt::format("key '{}' needs a value or a list of values", key));
}

nlohmann::json description_of(const po::option_description& option, bool shared) {
  const po::value_semantic& semantic = *option.semantic();
  nlohmann::json described = {{"name", option.long_name()}, {"description", option.description()}, {"shared", shared}};
  if (semantic.max_tokens() == 0) return described;  // a flag
  const std::string parameter = semantic.name();     // "N", or "N (=8)" with a default
  const std::size_t fallback = parameter.find(" (=");
  described["value"] = parameter.substr(0, fallback);
  if (fallback != std::string::npos)
    described["default"] = parameter.substr(fallback + 3, parameter.size() - fallback - 4);
  described["several"] = semantic.max_tokens() > 1;
  return described;
}

}  // namespace

VerbOptions::VerbOptions(Help help, Recipe recipe)
    : help_(std::move(help)), recipe_(recipe), own_("Options", kHelpColumns), shared_("Every verb has", kHelpColumns) {
  const char* keys = recipe_ == Recipe::kOptionNames
                         ? "YAML file whose keys are the options above; options given here override it"
                         : "YAML file with the sections below; options given here override it";
  shared_.add_options()                                                                            //
      ("recipe", value_of(common_.recipe, "F.yaml"), keys)                                         //
      ("seed", value_of(common_.seed, "N"), "seed of everything random")                           //
      ("threads", value_of(common_.threads, "N"), "threads; default: all cores")                   //
      ("quiet", flag(common_.quiet), "no progress on standard error, only warnings and errors")    //
      (kLogJson, flag(common_.log_json), "what goes to standard error is JSON, an object a line")  //
      ("help", "show this and stop");
}

po::options_description VerbOptions::all() const {
  po::options_description options(kHelpColumns);
  options.add(own_).add(shared_);
  return options;
}

void VerbOptions::suggest(const char* option, std::vector<std::string> values) {
  suggest(option, [values = std::move(values)] { return values; });
}

void VerbOptions::suggest(const char* option, std::function<std::vector<std::string>()> values) {
  suggestions_[option] = std::move(values);
}

bool VerbOptions::parse(const std::vector<std::string>& arguments) {
  if (arguments.size() == 1 && arguments.front() == kDescribe) {
    print(description().dump() + "\n");
    return false;
  }
  po::variables_map values;
  const po::options_description options = all();
  try {
    const po::command_line_parser parser = po::command_line_parser(arguments).options(options).style(kStyle);
    check_unnamed(po::command_line_parser(parser).run());
    po::store(po::command_line_parser(parser).positional(positional_).run(), values);
    if (values.count("help") != 0) {
      print(help_text());
      return false;
    }
    if (values.count("recipe") != 0 && recipe_ == Recipe::kOptionNames) store_recipe(values);
    common_.threads = cores();
    po::notify(values);
  } catch (const po::error& error) {
    throw Error(ErrorKind::kInvalidArgument, error.what() + see_help());
  }
  check_ranges();
  return true;
}

void VerbOptions::check_unnamed(const po::parsed_options& parsed) const {
  for (const po::option& option : parsed.options) {
    if (option.position_key < 0) continue;  // it has a name
    if (static_cast<unsigned>(option.position_key) < positional_.max_total_count()) continue;
    throw po::error(fmt::format("unexpected argument '{}'", option.value.front()));
  }
}

void VerbOptions::check_ranges() const {
  if (common_.threads < 1 || common_.threads > kMostThreads) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("--threads {}: must be in [1, {}]{}", common_.threads, kMostThreads, see_help()));
  }
  // The options parser would take -1 for a huge unsigned number.
  if (common_.seed.value_or(0) < 0) {
    throw Error(ErrorKind::kInvalidArgument,
                fmt::format("--seed {}: must be in [0, {}]{}", *common_.seed, INT64_MAX, see_help()));
  }
}

void VerbOptions::store_recipe(po::variables_map& values) const {
  const auto path = values["recipe"].as<std::string>();
  const nlohmann::json recipe = read_recipe_file(path);
  const po::options_description options = all();
  std::vector<std::string> known;
  // A recipe says what is done. How errors look is known before it is read, since reading it may fail.
  const std::set<std::string> words_only = {"help", "recipe", kLogJson};
  for (const auto& option : options.options()) {
    if (!words_only.contains(option->long_name())) known.push_back(option->long_name());
  }
  std::sort(known.begin(), known.end());
  po::parsed_options parsed(&options);
  for (const auto& [key, value] : recipe.items()) {
    if (!std::binary_search(known.begin(), known.end(), key)) {
      throw Error(ErrorKind::kInvalidArgument,
                  fmt::format("recipe {}: unknown key '{}'; known keys are {}", path, key, fmt::join(known, ", ")));
    }
    try {
      po::option option(key, as_words(key, value));
      option.original_tokens = {key};
      parsed.options.push_back(std::move(option));
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("recipe {}: {}", path, error.what()));
    }
  }
  try {
    po::store(parsed, values);
  } catch (const po::error& error) {
    throw Error(ErrorKind::kInvalidArgument, fmt::format("recipe {}: {}", path, error.what()));
  }
}

void VerbOptions::require(const std::string& value, const char* option) const {
  if (value.empty()) throw Error(ErrorKind::kInvalidArgument, fmt::format("--{} is missing{}", option, see_help()));
}

std::string VerbOptions::see_help() const {
  return fmt::format("; see 'prunenet {} --help'", help_.verb);
}

std::string VerbOptions::help_text() const {
  std::ostringstream text;
  text << "prunenet " << help_.verb << " " << help_.synopsis << "\n\n" << help_.summary << "\n\nExample:\n";
  std::istringstream examples(help_.example);
  for (std::string line; std::getline(examples, line);) text << "  " << line << "\n";
  text << "\n" << own_ << "\n" << shared_;
  if (!help_.details.empty()) text << "\n" << help_.details << "\n";
  return text.str();
}

nlohmann::json VerbOptions::description() const {
  nlohmann::json options = nlohmann::json::array();
  for (const auto& option : own_.options()) options.push_back(description_of(*option, false));
  for (const auto& option : shared_.options()) options.push_back(description_of(*option, true));
  for (nlohmann::json& option : options) {
    const auto suggested = suggestions_.find(option.at("name").get<std::string>());
    if (suggested != suggestions_.end()) option["suggestions"] = suggested->second();
  }
  nlohmann::json described = {{"verb", help_.verb},       {"synopsis", help_.synopsis},
                              {"summary", help_.summary}, {"example", help_.example},
                              {"details", help_.details}, {"options", std::move(options)}};
  if (positional_.max_total_count() > 0) described["positional"] = positional_.name_for_position(0);
  return described;
}

}  // namespace prunenet::cli
