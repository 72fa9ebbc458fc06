#pragma once

#include <string>
#include <vector>

#include "prunenet/report/comparison.h"
#include "prunenet/report/figure.h"

namespace prunenet {

/// A part of the page: HTML, then figures, then HTML.
struct Section {
  std::string before;
  std::vector<Figure> figures;
  std::string after;
};

/// Those parts for which a comparison has data; `number` tells its anchors from those of the other comparisons.
[[nodiscard]] std::vector<Section> sections_of(const Comparison& comparison, std::size_t number);

/// HTML of all of them; all figures are drawn at once. Throws as `draw`.
[[nodiscard]] std::string render(const std::vector<Section>& sections);

}  // namespace prunenet
