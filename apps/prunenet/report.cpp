#include "prunenet/report/report.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "options.h"
#include "outputs.h"
#include "print.h"
#include "prunenet/core/error.h"
#include "prunenet/core/output_file.h"
#include "verbs.h"

namespace prunenet::cli {

namespace {

struct ReportArguments {
  std::vector<std::string> records;
  std::string out = "report.html";
  std::string markdown;
  bool force = false;
};

VerbOptions make_options(ReportArguments& arguments) {
  VerbOptions options({.verb = "report",
                       .synopsis = "RECORD... [options]",
                       .summary =
                           "Draws records of a comparison: one HTML page that needs nothing else, with figures by\n"
                           "gnuplot and a table of all cells. docs/formats.md says what a record is, and how to\n"
                           "write one of a tool that is not built in.",
                       .example = "prunenet report runs/smollm2 --out report.html\n"
                                  "prunenet report runs/smollm2 slicegpt-30.json --markdown table.md",
                       .details = ""});
  options.add()  //
      ("records", value_of(arguments.records, "RECORD")->multitoken(),
       "record files, or directories of them; '--records' may be left out")                                          //
      ("out", default_of(arguments.out, "F.html"), "page to write")                                                  //
      ("markdown", value_of(arguments.markdown, "F.md"), "also write the table of all cells to this Markdown file")  //
      ("force", flag(arguments.force), "replace an existing output");
  options.positional("records", VerbOptions::kAnyNumber);
  return options;
}

}  // namespace

void run_report(const Arguments& words) {
  ReportArguments arguments;
  VerbOptions options = make_options(arguments);
  if (!options.parse(words)) return;
  if (arguments.records.empty()) {
    throw Error(ErrorKind::kInvalidArgument, "no records given: name files or directories" + options.see_help());
  }
  check_new_file(arguments.out, arguments.force);
  if (!arguments.markdown.empty()) check_new_file(arguments.markdown, arguments.force);

  const auto records = read_records({arguments.records.begin(), arguments.records.end()});
  if (!arguments.markdown.empty()) write_file_atomically(arguments.markdown, report_markdown(records));
  write_file_atomically(arguments.out, report_html(records));
  print(fmt::format("{}: {} records\n", arguments.out, records.size()));
}

}  // namespace prunenet::cli
