#include "resumable.h"

namespace prunenet::cli {

void check_unfinished_work(const std::filesystem::path& directory, bool resume, bool force) {
  if (resume || force || !has_training_files(directory)) return;
  throw Error(ErrorKind::kAlreadyExists,
              fmt::format("{} holds a training that was not finished; go on from it with --resume, or start anew with "
                          "--force",
                          directory.string()));
}

}  // namespace prunenet::cli
