#include "prunenet/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "prunenet/report/figure.h"
#include "prunenet/report/gnuplot.h"
#include "prunenet/report/html.h"
#include "prunenet/report/tables.h"
#include "report/cell.h"
#include "support/expect_error.h"
#include "support/temporary_directory.h"

namespace prunenet {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryDirectory;

json cell(const std::string& method, const json& seed, double perplexity) {
  return testing::cell(method, 0.3, seed, perplexity);
}

std::vector<RecordFile> in_files(const std::vector<json>& values) {
  std::vector<RecordFile> files;
  for (const json& value : values) {
    const std::string name = std::to_string(files.size());
    files.push_back({name, record_from_json(value, name)});
  }
  return files;
}

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ(escape_html("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(escape_html(std::string("a\0b\nc", 5)),
            "a\xEF\xBF\xBD"
            "b c");
  EXPECT_EQ(escape_html("größer †"), "größer †");
}

TEST(Html, TakesTextOfRecordsForText) {
  const std::string evil = "<script>alert(1)</script>";
  json value = cell("random", 0, 50.0);
  value["model"]["name"] = "m" + evil;
  value["method"]["label"] = evil + "'`touch owned`\"";
  value["perplexity"][0]["file"] = "t<img src=x onerror=alert(2)>.txt";
  value["seconds"] = {{"selection", 3.0}};
  json failed = value;
  failed["seed"] = 1;
  failed["status"] = "failed";
  failed["error"] = "out of <b>memory</b>";
  const std::string page = report_html(in_files({value, failed}));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)"));
  EXPECT_THAT(page, HasSubstr("out of &lt;b&gt;memory&lt;/b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<b>memory")));
  EXPECT_FALSE(std::filesystem::exists("owned")) << "gnuplot runs what stands in back quotes";
}

TEST(Html, LeavesOutWhatHasNoData) {
  json value = cell("random", 0, 50.0);
  value.erase("perplexity");
  const std::string page = report_html(in_files({value}));
  EXPECT_THAT(page, Not(HasSubstr("<figure")));
  EXPECT_THAT(page, Not(HasSubstr("What predicts quality")));
  EXPECT_THAT(page, HasSubstr("All cells"));
  EXPECT_THAT(report_html(in_files({cell("random", 0, 50.0)})), HasSubstr("<figure"));
}

TEST(Html, HasASectionAModel) {
  json other = cell("random", 0, 60.0);
  other["model"]["name"] = "large";
  const std::string page = report_html(in_files({cell("random", 0, 50.0), other}));
  EXPECT_THAT(page, HasSubstr("<h2 id=\"model-0\">tiny</h2>"));
  EXPECT_THAT(page, HasSubstr("<h2 id=\"model-1\">large</h2>"));
}

TEST(Markdown, IsATable) {
  json value = cell("a|b", 0, 50.0);
  value["data"] = "calibration";
  json failed = cell("c", 0, 1.0);
  failed["status"] = "failed";
  failed["error"] = "'bias' is \"a\" < b";
  EXPECT_EQ(report_markdown(in_files({value, cell("random", 0, 60.0), cell("random", 1, 70.0), failed})),
            "## tiny\n\n"
            "| method | data | removed | seeds | perplexity, a.txt |\n"
            "|---|---|---:|---:|---:|\n"
            "| a\\|b | calibration | 30 % | 1 | 50.00 |\n"
            "| random | none | 30 % | 2 | 65.00 (60.00 to 70.00) |\n"
            "\nFailed:\n\n- c at 30 %: 'bias' is \"a\" &lt; b\n");
}

std::vector<json> cells_with_distortion(const std::vector<std::vector<double>>& distortions) {
  std::vector<json> cells;
  for (const auto& layers : distortions) {
    const auto seed = static_cast<int>(cells.size());
    cells.push_back(cell("random", seed, 20.0 + seed));
    cells.back()["layers"]["distortion"]["ks of gate"] = layers;
  }
  return cells;
}

TEST(PredictionTable, RanksMeanLogarithms) {
  // Means of logarithms ascend with the seed though means do not; perplexity ascends with it, too.
  const auto files = in_files(cells_with_distortion({{0.9, 0.001}, {0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}, {0.5, 0.0}}));
  const Table table = prediction_table(compare_records(files).front());
  ASSERT_EQ(table.rows.size(), 2U) << "over all cells, and over the seeds of the one method";
  EXPECT_EQ(table.rows[0][0].text, "30 %");
  EXPECT_EQ(table.rows[0][1].text, "a.txt");
  EXPECT_EQ(table.rows[0][2].text, "all");
  EXPECT_EQ(table.rows[0][3].text, "1.00 (4)") << "the cell with an untouched layer has no mean";
  EXPECT_EQ(table.rows[1][2].text, "random");
  EXPECT_EQ(table.rows[1][3].text, "1.00 (4)");
}

TEST(PredictionTable, TellsMethodsApartFromTheirDraws) {
  // Each method's draws are better the more they distort, though the method that distorts less is the better one.
  auto cells = cells_with_distortion({{0.4}, {0.3}, {0.2}, {0.1}});
  for (int seed = 0; seed < 4; ++seed) {
    cells.push_back(cell("magnitude", seed, 50.0 + seed));
    cells.back()["layers"]["distortion"]["ks of gate"] = {0.9 - 0.1 * seed};
  }
  const auto files = in_files(cells);
  const Table table = prediction_table(compare_records(files).front());
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_GT(*table.rows[0][3].sort, 0.5);
  EXPECT_EQ(table.rows[1][3].sort, -1.0);
  EXPECT_EQ(table.rows[2][3].sort, -1.0);
}

TEST(PredictionTable, NeedsFourCells) {
  const auto files = in_files(cells_with_distortion({{0.1, 0.1}, {0.2, 0.2}, {0.3, 0.3}}));
  EXPECT_TRUE(prediction_table(compare_records(files).front()).empty());
}

TEST(CostTable, AddsTheTrainingsOfAllRatios) {
  std::vector<json> cells;
  for (const double ratio : {0.2, 0.3, 0.5}) {
    for (const std::string method : {"each", "once"}) {
      cells.push_back(cell(method, 0, 50.0));
      cells.back()["ratio"] = ratio;
      cells.back()["seconds"]["training"] = method == "each" || ratio == 0.2 ? 100 : 0;
    }
  }
  const auto files = in_files(cells);
  const Table table = cost_table(compare_records(files).front());
  ASSERT_EQ(table.rows.size(), 2U);
  for (const auto& row : table.rows) {
    EXPECT_EQ(row[2].sort, 100.0);
    EXPECT_EQ(row[3].sort, row[0].text == "each" ? 300.0 : 100.0);
  }
}

TEST(EmbedSvg, TakesThePagesColoursAndIdsOfItsOwn) {
  Figure figure;
  figure.title = "a & b";
  figure.labels = {"<x>"};
  const std::string svg = embed_svg(
      "<?xml version=\"1.0\"?>\n<svg viewBox=\"0 0 1 1\"><title>Gnuplot</title><g id='p'/><use xlink:href='#p'/>"
      "<path stroke='rgb(  1,   3,  90)'/><path stroke='black'/><use color='white'/><text>@0@</text></svg>",
      "f7-", figure);
  EXPECT_EQ(svg,
            "<svg role=\"img\" aria-label=\"a &amp; b\" viewBox=\"0 0 1 1\"><g id='f7-p'/><use xlink:href='#f7-p'/>"
            "<path stroke='var(--series-3)'/><path stroke='currentColor'/><use "
            "color=\"var(--card)\"/><text>&lt;x&gt;</text></svg>");
}

TEST(DrawErrors, SayWhatIsWrong) {
  expect_error(ErrorKind::kIo, {"gnuplot", "status 1", "nonsense"}, [] {
    static_cast<void>(draw({{100, 100, "nonsense"}}));
  });
  const TemporaryDirectory empty;
  const std::string path = std::getenv("PATH");
  ASSERT_EQ(::setenv("PATH", empty.path().c_str(), 1), 0);
  expect_error(ErrorKind::kUnsupported, {"gnuplot", "gnuplot-nox"}, [] {
    static_cast<void>(draw({{100, 100, "plot 1"}}));
  });
  ::setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace prunenet
