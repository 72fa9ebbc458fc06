#pragma once

#include <filesystem>
#include <string>

namespace prunenet::testing {

/// Directory of one of the two small trained models of tests/data: "small" or "large".
inline std::filesystem::path trained_model(const std::string& name) {
  return std::filesystem::path(PRUNENET_TEST_DATA) / "trained" / name;
}

}  // namespace prunenet::testing
