#include "prunenet/report/gnuplot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "prunenet/core/error.h"
#include "prunenet/core/file.h"
#include "prunenet/core/output_file.h"

namespace prunenet {

namespace {

/// Scripts and drawings; removed when done.
class WorkDirectory {
 public:
  WorkDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "prunenet-report-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw Error(ErrorKind::kIo,
                  fmt::format("{}: no directory can be made there for drawings: {}", pattern, std::strerror(errno)));
    }
    path_ = pattern;
  }
  ~WorkDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Runs gnuplot to its end; what it says goes to `log`. Its exit status, or -1 where a signal ended it.
int run_gnuplot(const std::filesystem::path& script, const std::filesystem::path& log) {
  std::string program = "gnuplot";
  std::string no_settings_of_the_user = "-d";
  std::string file = script.string();
  std::array<char*, 4> words{program.data(), no_settings_of_the_user.data(), file.data(), nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t process = 0;
  const int failure = ::posix_spawnp(&process, program.c_str(), &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw Error(ErrorKind::kUnsupported, fmt::format("gnuplot, which draws the figures, cannot be run ({}); install it "
                                                     "(Debian: apt-get install gnuplot-nox)",
                                                     std::strerror(failure)));
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The line that says what is wrong stands below the one of the script, and below a mark.
std::string complaint(const std::string& log) {
  std::string line = log.substr(0, 400);
  for (char& letter : line) {
    if (letter == '\n') letter = ' ';
  }
  return line;
}

}  // namespace

std::vector<std::string> draw(const std::vector<GnuplotScript>& scripts) {
  const WorkDirectory work;
  const auto output = [&](std::size_t index) { return work / fmt::format("{}.svg", index); };
  std::string all;
  for (std::size_t index = 0; index < scripts.size(); ++index) {
    const GnuplotScript& script = scripts[index];
    all += fmt::format(
        "reset\nset terminal svg size {},{} dynamic noenhanced font 'sans-serif,14' linewidth 1\nset output '{}'\n{}\n"
        "unset output\n",
        script.width, script.height, output(index).string(), script.body);
  }
  write_file_atomically(work / "figures.gp", all);
  if (const int status = run_gnuplot(work / "figures.gp", work / "log"); status != 0) {
    throw Error(ErrorKind::kIo,
                fmt::format("gnuplot ended with status {}: {}", status, complaint(read_text_file(work / "log"))));
  }
  std::vector<std::string> drawings;
  for (std::size_t index = 0; index < scripts.size(); ++index) drawings.push_back(read_text_file(output(index)));
  return drawings;
}

}  // namespace prunenet
