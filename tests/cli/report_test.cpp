// The verb that draws records: what it writes, and what it refuses.
#include <nlohmann/json.hpp>

#include "command_test.h"

namespace prunenet::testing {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ReportVerb : public CommandTest {
 protected:
  static std::string records() { return std::string(PRUNENET_TEST_DATA) + "/records"; }
  /// A record of the test's own, with one value changed.
  void write_changed(const std::string& name, const std::string& field, const json& value) const {
    json record = json::parse(file(records() + "/random-0.3-0.json"));
    record[field] = value;
    write_file(path(name), record.dump());
  }
};

TEST_F(ReportVerb, WritesAPageAndATable) {
  const Finished finished = run_well({"report", records(), "--out", "page.html", "--markdown", "table.md"});
  EXPECT_THAT(names(), ElementsAre("page.html", "table.md"));
  EXPECT_THAT(finished.out, HasSubstr("page.html: 53 records"));
  EXPECT_THAT(file("page.html"), StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(file("page.html"), HasSubstr("</html>"));
  EXPECT_THAT(file("table.md"), HasSubstr("| FLAP (WIFV) | calibration | 30 %"));
}

TEST_F(ReportVerb, TakesSeveralFilesAndHasADefaultName) {
  run_well({"report", records() + "/random-0.3-0.json", records() + "/policy-0.3-0.json"});
  EXPECT_THAT(names(), ElementsAre("report.html"));
  expect_failure({"report", records()}, 2, {"report.html", "--force"});
  run_well({"report", records(), "--force"});
}

TEST_F(ReportVerb, RefusesWhatIsNoRecord) {
  expect_failure({"report"}, 2, {"no records", "--help"});
  expect_failure({"report", "nowhere"}, 3, {"nowhere"});
  std::filesystem::create_directory(path("empty"));
  expect_failure({"report", "empty"}, 3, {"empty", "no record"});
  expect_failure({"report", records(), "--out", "no/page.html"}, 2, {"no/page.html"});
  write_changed("a.json", "format_version", 2);
  expect_failure({"report", "a.json"}, 3, {"a.json", "format_version is 2"});
  write_changed("a.json", "ratios", 0.3);
  expect_failure({"report", "a.json"}, 3, {"a.json", "ratios", "ratio"});
  write_changed("a.json", "ratio", 0.97);
  expect_failure({"report", "a.json"}, 3, {"a.json", "ratio", "0.97"});
  EXPECT_THAT(names(), ElementsAre("a.json", "empty"));
}

TEST_F(ReportVerb, RefusesACellThatIsThereTwice) {
  write_changed("again.json", "peak_rss_bytes", 1);
  expect_failure({"report", records(), "again.json"}, 3, {"random-0.3-0.json", "again.json", "same cell"});
}

}  // namespace
}  // namespace prunenet::testing
