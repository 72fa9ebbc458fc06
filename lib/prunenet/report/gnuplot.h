#pragma once

#include <string>
#include <vector>

namespace prunenet {

/// SVG documents, one a script, drawn by one run of the program gnuplot (5.4 or later) with its SVG terminal. A script
/// is what follows `set terminal` and `set output`; it holds numbers and our own words only, never text of a record:
/// gnuplot can run commands. Throws Error(kUnsupported) where gnuplot is not installed, Error(kIo) with its first
/// complaint where it fails.
struct GnuplotScript {
  int width = 0;  ///< of the drawing's own coordinates
  int height = 0;
  std::string body;
};
[[nodiscard]] std::vector<std::string> draw(const std::vector<GnuplotScript>& scripts);

}  // namespace prunenet
