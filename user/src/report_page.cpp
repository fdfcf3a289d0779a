// SPDX-License-Identifier: GPL-2.0
#include "report_page.hpp"

#include "gnuplot.hpp"
#include "report_plots.hpp"
#include "units.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr std::string_view style = R"(
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 1340px; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; border-bottom: 1px solid #ccc; }
p { max-width: 48rem; margin: .4rem 0; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 1rem; align-items: start; }
figure { margin: .5rem 0; break-inside: avoid; }
figure svg { width: 100%; height: auto; max-width: 800px; }
figcaption { color: #444; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #e2e2e2; white-space: nowrap; }
th { background: #f4f4f4; }
.left { text-align: left; }
@media print {
  @page { margin: 12mm; }
  body { font-size: 10pt; max-width: none; padding: 0; }
  .plots { grid-template-columns: 1fr 1fr; gap: 4mm; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  table { font-size: 7.5pt; }
  th { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
)";

/// A table whose first \p lefts columns are text.
std::string table_html(const std::string &caption, const std::vector<std::string> &header,
                       const std::vector<std::vector<std::string>> &rows, std::size_t lefts)
{
    const auto line = [&](const std::vector<std::string> &cells, const char *tag) {
        std::string html = "<tr>";
        for (std::size_t i = 0; i < cells.size(); i++)
            html += fmt::format("<{}{}>{}</{}>", tag, i < lefts ? " class=\"left\"" : "",
                                html_escape(cells[i]), tag);
        return html + "</tr>\n";
    };
    std::string html =
        fmt::format("<div class=\"wide\"><table>\n<caption class=\"left\">{}</caption>\n<thead>{}"
                    "</thead>\n<tbody>\n",
                    html_escape(caption), line(header, "th"));
    for (const auto &row : rows)
        html += line(row, "td");
    return html + "</tbody></table></div>\n";
}

/// Ours, mainline's and their ratio for each kernel: of the results that \p name gives a name.
template <class F>
std::string beside_mainline(const report_data &data, const std::string &caption, F name)
{
    std::map<std::tuple<std::string, std::string, std::string>, double> values;
    std::vector<std::pair<const counter_look *, std::string>> keys;
    std::vector<std::string> header = {"counter", "of"};
    for (const bench_document &bench : data.benches) {
        header.insert(header.end(), {kernel_series(bench.kernel), "mainline", "ratio"});
        for (const bench_result &each : bench.results) {
            const std::string what = name(each);
            if (what.empty())
                continue;
            values[{bench.kernel, each.provider, what}] = each.value;
            const std::pair key(look_of(each.provider), what);
            if (!key.first->mainline.empty() && std::ranges::find(keys, key) == keys.end())
                keys.push_back(key);
        }
    }
    if (keys.empty())
        return "";
    std::vector<std::vector<std::string>> rows;
    for (const auto &[look, what] : keys) {
        std::vector<std::string> row = {std::string(look->name), what};
        for (const bench_document &bench : data.benches) {
            const auto ours = values.find({bench.kernel, std::string(look->name), what});
            const auto theirs = values.find({bench.kernel, std::string(look->mainline), what});
            const bool both = ours != values.end() && theirs != values.end() && theirs->second > 0;
            row.push_back(ours == values.end() ? "" : format_bench_value(ours->second, ""));
            row.push_back(theirs == values.end() ? "" : format_bench_value(theirs->second, ""));
            row.push_back(both ? fmt::format("{:.2f}", ours->second / theirs->second) : "");
        }
        rows.push_back(std::move(row));
    }
    return table_html(caption, header, rows, 2);
}

std::string kills_table(const report_data &data)
{
    std::vector<std::vector<std::string>> rows;
    for (const bench_document &bench : data.benches)
        for (const kill_times &each : bench.kills)
            if (each.kills.what == "release")
                rows.push_back({kernel_series(bench.kernel), each.kills.provider, kills_text(each.kills),
                                format_nanoseconds(each.median_ns), format_nanoseconds(each.p99_ns),
                                format_nanoseconds(each.max_ns)});
    return rows.empty() ? ""
                        : table_html("Kill to release",
                                     {"Linux", "counter", "killed", "median", "p99", "max"}, rows, 3);
}

std::string storms_table(const report_data &data)
{
    std::vector<std::vector<std::string>> rows;
    const auto time = [](std::optional<std::uint64_t> ns) { return ns ? format_nanoseconds(*ns) : "-"; };
    for (const storm_row &each : data.storms)
        rows.push_back({kernel_series(each.kernel), each.provider, each.verdict, format_count(each.kills),
                        time(each.min_ns), time(each.median_ns), time(each.p99_ns), time(each.max_ns)});
    return rows.empty()
               ? ""
               : table_html("Storms", {"Linux", "counter", "verdict", "kills", "min", "median", "p99", "max"},
                            rows, 3);
}

/// A part of the page: plots, then a table of their numbers.
struct section {
    const char *title;
    const char *text;
    std::vector<plot> plots;
    std::string table;
};

/// gnuplot calls its marks and fills the same in each drawing; in one page they need names of their own.
void rename_marks(std::string &drawn, const std::string &id)
{
    for (const std::string mark : {"gpPt", "gpDot", "gpPat", "textbox", "greybox", "gnuplot_canvas"})
        for (auto at = drawn.find(mark); at != std::string::npos;
             at = drawn.find(mark, at + id.size() + mark.size()))
            drawn.insert(at, id);
}

result<std::string> section_html(const section &part, const std::string &gnuplot)
{
    std::string html =
        fmt::format("<section>\n<h2>{}</h2>\n<p>{}</p>\n<div class=\"plots\">\n", part.title, part.text);
    for (const plot &each : part.plots) {
        auto drawn = draw_svg(gnuplot, each.script);
        if (!drawn)
            return drawn.error();
        rename_marks(*drawn, each.id);
        // A screen reader reads the label; the table has the numbers.
        drawn->insert(
            4, fmt::format(" role=\"img\" aria-label=\"{}\"", html_escape(each.title + ". " + each.caption)));
        html += fmt::format("<figure id=\"{}\">\n{}<figcaption>{}</figcaption>\n</figure>\n", each.id, *drawn,
                            html_escape(each.caption));
    }
    return html + "</div>\n" + part.table + "</section>\n";
}

} // namespace

std::string html_escape(std::string_view text)
{
    std::string escaped;
    for (const char c : text)
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        default:
            escaped += c;
        }
    return escaped;
}

result<std::string> report_page(const report_data &data, const std::string &gnuplot)
{
    const auto in = [](std::string_view unit) {
        return [unit](const bench_result &each) { return each.unit == unit ? each.operation : ""; };
    };
    const auto memory = [](const bench_result &each) {
        return each.operation.starts_with("memory_") ? each.operation.substr(7) : "";
    };
    const auto code = [](const bench_result &each) {
        return each.operation.starts_with("code_") ? each.operation.substr(5) : "";
    };
    const auto throughput = [](const bench_result &each) {
        return each.unit != "ops_per_second"
                   ? ""
                   : fmt::format("{}, {} CPU{}", each.operation, each.cpus, each.cpus == 1 ? "" : "s");
    };
    const std::vector<section> sections = {
        {"Instructions", "Counted in emulation with one instruction a nanosecond: the same in every run.",
         instruction_plots(data), beside_mainline(data, "Instructions of an operation", in("instructions"))},
        {"From kill to release",
         "Times of one machine, on a logarithmic axis. Dynamic counters are killed cold: they have no slots "
         "then.",
         kill_plots(data), kills_table(data)},
        {"Throughput",
         "Operations a second by several CPUs on one counter; times of one machine, of an emulated one those "
         "of the emulator.",
         throughput_plots(data), beside_mainline(data, "Operations a second", throughput)},
        {"Memory",
         "What 100,000 counters took from the allocators, by their own accounts, and what one embeds.",
         memory_plots(data), beside_mainline(data, "Bytes of a counter", memory)},
        {"Code", "Bytes of the inlined operation.", {}, beside_mainline(data, "Bytes of code", code)},
        {"Cycles",
         "Of one machine; _cold: on counters that are in no near cache.",
         {},
         beside_mainline(data, "Cycles of an operation", in("cycles"))},
        {"Storms", "Counters under attack: every release() checks that nothing was lost, early, or twice.",
         storm_plots(data), storms_table(data)},
    };
    std::string kernels;
    for (const bench_document &bench : data.benches)
        if (kernels.find(bench.kernel) == std::string::npos)
            kernels += (kernels.empty() ? "" : ", ") + bench.kernel;
    for (const storm_row &row : data.storms)
        if (kernels.find(row.kernel) == std::string::npos)
            kernels += (kernels.empty() ? "" : ", ") + row.kernel;
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>refstorm report</title>\n<style>{}</style>\n</head>\n<body>\n<h1>Reference counters: "
        "mainline's and refstorm's</h1>\n<p>Linux {}. Mainline's counters are vermilion in every plot; ours "
        "are "
        "blue, those with sealed slots green, through C++ purple.</p>\n",
        style, html_escape(kernels));
    for (const section &part : sections) {
        if (part.plots.empty() && part.table.empty())
            continue;
        const auto drawn = section_html(part, gnuplot);
        if (!drawn)
            return drawn.error();
        html += *drawn;
    }
    return html + "</body>\n</html>\n";
}

} // namespace refstorm
