#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace prunenet::cli {

/// What every verb understands.
struct CommonOptions {
  std::optional<std::int64_t> seed;  ///< of everything random, not negative; the verb's default where not given
  int threads = 0;                   ///< filled in by `parse`: all cores unless given
  bool quiet = false;
  bool log_json = false;  ///< what goes to standard error is JSON, a line an object
  std::string recipe;     ///< path; empty without one
};

/// A value without a default; `name` stands for it in the help.
template <typename T>
boost::program_options::typed_value<T>* value_of(T& target, const char* name) {
  return boost::program_options::value<T>(&target)->value_name(name);
}

/// The same where absent and given must be told apart.
template <typename T>
boost::program_options::typed_value<T>* value_of(std::optional<T>& target, const char* name) {
  return boost::program_options::value<T>()->value_name(name)->notifier([&target](const T& value) { target = value; });
}

/// An option whose default is what its target holds.
template <typename T>
boost::program_options::typed_value<T>* default_of(T& target, const char* name) {
  return value_of(target, name)->default_value(target);
}

/// Something that is either asked for or not.
inline boost::program_options::typed_value<bool>* flag(bool& target) {
  return boost::program_options::bool_switch(&target);
}

/// As the only argument of a verb: prints all that its help says as one line of JSON, from which its manual page and
/// the shells' completion are made (apps/prunenet/manual). The same on every machine.
inline constexpr const char* kDescribe = "--describe";

/// The options of one verb: its own, those all verbs share, and a recipe that fills in what the command line leaves
/// out. All failures are Error(kInvalidArgument) with one line that says what to do.
class VerbOptions {
 public:
  struct Help {
    std::string verb;
    std::string synopsis;  ///< what follows "prunenet verb"
    std::string summary;   ///< sentences, wrapped by hand
    std::string example;   ///< whole commands, one a line
    std::string details;   ///< shown last; may be empty
  };
  /// What the keys of a recipe are: this verb's option names, or something that the verb reads itself.
  enum class Recipe { kOptionNames, kOwnSections };

  explicit VerbOptions(Help help, Recipe recipe = Recipe::kOptionNames);

  /// `verb.add()("ratio", value_of(ratio, "R"), "...")`; a target must outlive `parse`.
  boost::program_options::options_description_easy_init add() { return own_.add_options(); }
  /// Arguments without a name go to this option: one, or `kAnyNumber`.
  static constexpr int kAnyNumber = -1;
  void positional(const char* option, int count = 1) { positional_.add(option, count); }
  /// The values that an option takes, or some of them where any path will do: shells complete them.
  void suggest(const char* option, std::vector<std::string> values);
  /// The same for values that take looking for: asked only where they are needed.
  void suggest(const char* option, std::function<std::vector<std::string>()> values);

  /// False where `--help` was asked for, or `kDescribe` alone, and printed: then there is nothing left to do.
  [[nodiscard]] bool parse(const std::vector<std::string>& arguments);
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  /// Throws where a required value is empty.
  void require(const std::string& value, const char* option) const;
  /// Ends every message about usage: "; see 'prunenet apply --help'".
  [[nodiscard]] std::string see_help() const;

 private:
  [[nodiscard]] boost::program_options::options_description all() const;
  [[nodiscard]] std::string help_text() const;
  [[nodiscard]] nlohmann::json description() const;
  void check_unnamed(const boost::program_options::parsed_options& parsed) const;
  void check_ranges() const;
  void store_recipe(boost::program_options::variables_map& values) const;

  Help help_;
  Recipe recipe_;
  CommonOptions common_;
  boost::program_options::options_description own_;
  boost::program_options::options_description shared_;
  boost::program_options::positional_options_description positional_;
  std::map<std::string, std::function<std::vector<std::string>()>> suggestions_;
};

}  // namespace prunenet::cli
