#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "prunenet/core/version.h"
#include "prunenet/report/figures.h"
#include "prunenet/report/html.h"
#include "prunenet/report/page_assets.h"
#include "prunenet/report/report.h"
#include "prunenet/report/sections.h"

namespace prunenet {

namespace {

constexpr const char* kHowToRead =
    "<h2 id=\"how-to-read\">How to read this page</h2>\n"
    "<p><b>Removed</b> is the share of intermediate neurons taken out of the feed-forward blocks; where widths are "
    "rounded, what was achieved stands in parentheses. <b>Perplexity</b>: the whole file is tokenised in one piece "
    "without added special tokens and cut into windows that do not overlap, tokens 2 to n of each window are scored, "
    "and perplexity is exp(sum of negative log-likelihoods / tokens scored). Lower is better. Several seeds give a "
    "median, with the smallest and the largest value beside it.</p>\n"
    "<p><b>Accuracy</b> is zero-shot multiple choice by the rules of lm-evaluation-harness, per character "
    "(<code>acc_norm</code>) where a task has that, ± one standard error. <b>Retention</b> is accuracy / accuracy of "
    "the dense model; a model that guesses retains much of it, so <b>above chance</b> is (accuracy − chance) / (dense "
    "accuracy − chance). Both are means over tasks.</p>\n"
    "<p><b>Data</b> is what a method saw besides the weights: <i>none</i>; <i>self-sampled</i> (*), text that the "
    "model "
    "wrote itself; <i>calibration</i> (†), text that somebody chose. Methods with calibration text are drawn dashed. "
    "Compare them with the others on a text that is unlike theirs, too.</p>\n";

std::string contents(const std::vector<Comparison>& comparisons) {
  std::string items;
  for (std::size_t index = 0; index < comparisons.size(); ++index) {
    items += fmt::format("<li><a href=\"#model-{}\">{}</a></li>\n", index, escape_html(comparisons[index].model));
  }
  return fmt::format(
      "<nav aria-label=\"Contents\"><ul>\n{}<li><a href=\"#how-to-read\">How to read this page</a></li>\n"
      "</ul></nav>\n",
      items);
}

std::string title_of(const std::vector<Comparison>& comparisons) {
  return comparisons.size() == 1 ? fmt::format("Pruning methods on {}", escape_html(comparisons.front().model))
                                 : std::string("Pruning methods compared");
}

}  // namespace

std::string report_html(const std::vector<RecordFile>& files) {
  const std::vector<Comparison> comparisons = compare_records(files);
  std::string body;
  std::vector<Section> sections;
  for (std::size_t index = 0; index < comparisons.size(); ++index) {
    for (Section& section : sections_of(comparisons[index], index)) sections.push_back(std::move(section));
  }
  const std::string title = title_of(comparisons);
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n{}</header>\n"
      "<main>\n{}{}</main>\n<footer>{} records, drawn by prunenet "
      "{}.</footer>\n<script>\n{}</script>\n</body>\n</html>\n",
      title, kPageStyle, title, contents(comparisons), render(sections), kHowToRead, files.size(), version(),
      kPageScript);
}

}  // namespace prunenet
