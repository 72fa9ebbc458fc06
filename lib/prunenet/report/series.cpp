// What all figures have in common: how methods look and what they are called.

#include "prunenet/report/figures.h"

namespace prunenet {

std::string marked_label(const Method& method) {
  if (method.data == "calibration") return method.label + " †";
  return method.data == "self-sampled" ? method.label + " *" : method.label;
}

SeriesStyle style_of(const Comparison& comparison, std::size_t method) {
  return {static_cast<int>(method), comparison.methods[method].data == "calibration"};
}

LegendEntry legend_entry(const Comparison& comparison, std::size_t method) {
  const SeriesStyle style = style_of(comparison, method);
  return {marked_label(comparison.methods[method]), point_symbol(style.look), style.look};
}

}  // namespace prunenet
