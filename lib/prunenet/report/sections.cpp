#include "prunenet/report/sections.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "prunenet/report/figures.h"
#include "prunenet/report/html.h"
#include "prunenet/report/tables.h"

namespace prunenet {

namespace {

std::string entry_html(const TableColumn& column, const TableEntry& entry, bool first) {
  const std::string sort = entry.sort ? fmt::format(" data-sort=\"{:.10g}\"", *entry.sort) : "";
  const char* kind = column.numbers ? " class=\"number\"" : "";
  const std::string text = column.heading == "data" && entry.text == "calibration"
                               ? "<span class=\"badge\">calibration †</span>"
                               : escape_html(entry.text);
  return first ? fmt::format("<th scope=\"row\"{}>{}</th>", sort, text)
               : fmt::format("<td{}{}>{}</td>", kind, sort, text);
}

std::string table_html(const Table& table, const std::string& name, bool sortable) {
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n<table{}>\n"
      "<thead><tr>",
      name, sortable ? " class=\"sortable\"" : "");
  for (const TableColumn& column : table.columns) {
    const std::string heading = escape_html(column.heading);
    const bool first = &column == &table.columns.front();
    const char* kind = column.numbers && !first ? " class=\"number\"" : "";
    html += sortable ? fmt::format("<th scope=\"col\" aria-sort=\"none\"{}><button type=\"button\">{}</button></th>",
                                   kind, heading)
                     : fmt::format("<th scope=\"col\"{}>{}</th>", kind, heading);
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t column = 0; column < row.size(); ++column) {
      html += entry_html(table.columns[column], row[column], column == 0);
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

std::string heading(const char* title, const std::string& text = "") {
  return fmt::format("<h3>{}</h3>\n{}", title, text.empty() ? "" : fmt::format("<p>{}</p>\n", text));
}

std::string tile(const std::string& name, double perplexity, const std::string& what) {
  return fmt::format("<div class=\"tile\"><dt>{}</dt><dd class=\"figure\">{:.1f}</dd><dd>{}</dd></div>\n", name,
                     perplexity, escape_html(what));
}

/// The first method (they are in the order of perplexity) that fits, at the comparison's ratio.
template <typename Fits>
std::string best_tile(const Comparison& comparison, const std::string& text, const char* name, Fits fits) {
  for (const Method& method : comparison.methods) {
    const Cell* cell = method.at(comparison.ratio);
    if (cell == nullptr || !fits(method)) continue;
    const auto spread = spread_of(cell->values([&](const Record& record) { return perplexity_of(record, text); }));
    if (spread) return tile(name, spread->median, marked_label(method));
  }
  return "";
}

std::string tiles(const Comparison& comparison) {
  if (comparison.texts.empty()) return "";
  const std::string& text = comparison.texts.front();
  std::string html;
  if (comparison.dense != nullptr) {
    if (const auto dense = perplexity_of(*comparison.dense, text))
      html += tile("dense model", *dense, "nothing removed");
  }
  html +=
      best_tile(comparison, text, "best without any data", [](const Method& method) { return method.data == "none"; });
  html += best_tile(comparison, text, "best with text of its own",
                    [](const Method& method) { return method.data == "self-sampled"; });
  html += best_tile(comparison, text, "best with calibration text",
                    [](const Method& method) { return method.data == "calibration"; });
  html += best_tile(comparison, text, "for comparison", [](const Method& method) { return method.name == "random"; });
  if (html.empty()) return "";
  return fmt::format(
      "<p class=\"soft\">Perplexity on {} with {:g} % of the intermediate neurons removed:</p>\n"
      "<dl class=\"tiles\">\n{}</dl>\n",
      escape_html(text), 100.0 * comparison.ratio, html);
}

std::string facts(const Comparison& comparison) {
  const Record* record = comparison.dense;
  if (record == nullptr && !comparison.methods.empty()) record = comparison.methods[0].cells[0].seeds[0];
  if (record == nullptr) return "";
  std::string text;
  const auto add = [&](const char* pointer, double unit, const char* format) {
    if (const auto value = record->number(pointer)) {
      text += (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(format), *value / unit);
    }
  };
  add("/model/parameters", 1e6, "{:.1f} million parameters");
  add("/model/layers", 1.0, "{:.0f} layers");
  add("/model/intermediate_size", 1.0, "{:.0f} intermediate neurons in each");
  return text.empty() ? "" : fmt::format("<p class=\"soft\">{}</p>\n", text);
}

std::string failures(const Comparison& comparison) {
  std::string items;
  for (const Record* record : comparison.failed) {
    const auto seed = record->seed();
    items += fmt::format("<li><b>{}</b> at {:g} %{}: {}</li>\n", escape_html(record->label()), 100.0 * record->ratio(),
                         seed ? fmt::format(", seed {}", *seed) : "", escape_html(record->error()));
  }
  return items.empty() ? "" : heading("Cells that failed") + "<ul class=\"failed\">\n" + items + "</ul>\n";
}

std::string figure_html(const Figure& figure, const std::string& svg, std::size_t number) {
  std::string legend;
  for (const LegendEntry& entry : figure.legend) {
    legend += fmt::format("<li><span class=\"swatch\" aria-hidden=\"true\" style=\"color:{}\">{}</span> {}</li>\n",
                          css_colour(entry.look), entry.symbol, escape_html(entry.label));
  }
  if (!legend.empty()) legend = "<ul class=\"legend\">\n" + legend + "</ul>\n";
  const std::string note = figure.note.empty() ? "" : fmt::format("<p>{}</p>\n", escape_html(figure.note));
  return fmt::format("<figure>\n<h4>{}</h4>\n{}<figcaption>\n{}{}</figcaption>\n</figure>\n", escape_html(figure.title),
                     embed_svg(svg, fmt::format("f{}-", number), figure), legend, note);
}

}  // namespace

std::vector<Section> sections_of(const Comparison& comparison, std::size_t number) {
  std::vector<Section> sections;
  sections.push_back({fmt::format("<h2 id=\"model-{}\">{}</h2>\n", number, escape_html(comparison.model)) +
                          facts(comparison) + tiles(comparison),
                      {},
                      ""});
  const auto add = [&](std::string before, std::initializer_list<std::vector<Figure>> figures) {
    Section section{std::move(before), {}, ""};
    for (const auto& group : figures) section.figures.insert(section.figures.end(), group.begin(), group.end());
    if (!section.figures.empty()) sections.push_back(std::move(section));
  };
  add(heading("Quality"), {perplexity_figures(comparison), retention_figures(comparison)});
  if (const Table prediction = prediction_table(comparison); !prediction.empty()) {
    sections.push_back(
        {heading("What predicts quality",
                 "Spearman's rank correlation between the loss a token and the mean over layers of the logarithm of a "
                 "distortion, over all cells (methods and seeds) of one ratio and over the seeds of one method; in "
                 "parentheses the number of cells. 1: whatever distorts less is better. Cells with an untouched layer "
                 "have no such mean and are left out."),
         {},
         table_html(prediction, "What predicts quality", false)});
  }
  add(heading("Inside the model"), {distortion_figures(comparison), spectrum_figures(comparison)});
  add(heading("Where kept neurons lie",
              fmt::format("At {:g} % removed, first seed of each method. A row is a layer, a column a neuron; blue is "
                          "kept, blank is removed.",
                          100.0 * comparison.ratio)),
      {kept_figures(comparison)});
  add(heading("Learning and cost"), {curve_figures(comparison), cost_figures(comparison)});
  if (const Table cost = cost_table(comparison); !cost.empty()) {
    sections.push_back({table_html(cost, "What methods cost", true), {}, ""});
  }
  if (const Table cells = cell_table(comparison); !cells.empty()) {
    sections.push_back(
        {heading("All cells", "A heading sorts; the table scrolls sideways where there is no room for it."),
         {},
         table_html(cells, "All cells", true)});
  }
  sections.push_back({failures(comparison), {}, ""});
  return sections;
}

std::string render(const std::vector<Section>& sections) {
  std::vector<GnuplotScript> scripts;
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) scripts.push_back(figure.script);
  }
  const std::vector<std::string> drawings = scripts.empty() ? std::vector<std::string>() : draw(scripts);
  std::string html;
  std::size_t next = 0;
  for (const Section& section : sections) {
    html += section.before;
    if (!section.figures.empty()) html += "<div class=\"figures\">\n";
    for (const Figure& figure : section.figures) {
      html += figure_html(figure, drawings[next], next);
      ++next;
    }
    if (!section.figures.empty()) html += "</div>\n";
    html += section.after;
  }
  return html;
}

}  // namespace prunenet
