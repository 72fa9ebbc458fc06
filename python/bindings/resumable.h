#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <utility>

#include "loaded_policy.h"
#include "progress.h"
#include "prunenet/core/error.h"
#include "prunenet/core/sha256.h"
#include "prunenet/policy/policy.h"
#include "prunenet/train/curve_log.h"
#include "prunenet/train/training_files.h"

namespace prunenet::python {

inline void refuse_existing(const std::filesystem::path& out) {
  if (!std::filesystem::exists(out)) return;
  throw Error(ErrorKind::kAlreadyExists, fmt::format("{} is there already; choose another name", out.string()));
}

/// OUT and `ending`: where work on OUT keeps what it goes on from. Throws Error(kAlreadyExists) where some was left
/// there, and it is not to be resumed.
inline std::filesystem::path work_directory(std::filesystem::path out, const char* ending, bool resume) {
  std::filesystem::path work = std::move(out);
  work += ending;
  if (!resume && has_training_files(work)) {
    throw Error(ErrorKind::kAlreadyExists,
                fmt::format("{} holds an unfinished training; go on with resume=True, or remove it", work.string()));
  }
  return work;
}

/// Points of a learning curve as events.
inline CurveLog curve_log(PythonProgress& reports) {
  return [&reports](const nlohmann::json& point) { reports.point(point); };
}

/// A policy that is finished: saved, and named after its file; the work directory goes.
inline LoadedPolicy save_and_clean(Policy policy, const std::filesystem::path& out, const std::filesystem::path& work) {
  save_policy(out, policy);
  remove_training_files(work);
  return {std::move(policy), "policy " + sha256_file(out)};
}

}  // namespace prunenet::python
