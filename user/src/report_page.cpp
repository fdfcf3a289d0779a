// SPDX-License-Identifier: GPL-2.0
#include "report_page.hpp"

#include "gnuplot.hpp"
#include "invariants.hpp"
#include "report_plots.hpp"
#include "units.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #444; --paper: #fff; --line: #d8d8d8; --shade: #f2f2f2;
  --bad: #b3261e; --badshade: #fdecea; --good: #00694d; --get: #0072b2; --put: #9c4f7d; --end: #009e73; --kill: #d55e00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --soft: #b8b8b8; --paper: #141414; --line: #444; --shade: #242424; --bad: #ff897d;
    --badshade: #3a1613; --good: #4cc9a0; --get: #4aa8dc; --put: #e3a3c6; --end: #2fc498; --kill: #ff8a3c; }
  figure path[fill] { filter: brightness(1.35); }
}
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1400px;
  margin: 0 auto; padding: 1.2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 0 0 .2rem; }
p { max-width: 48rem; margin: .4rem 0; }
.good { color: var(--good); } .bad { color: var(--bad); }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(26rem, 100%), 1fr)); gap: 1.2rem; align-items: start; }
figure { margin: .4rem 0; break-inside: avoid; min-width: 0; }
figure svg { width: 100%; height: auto; max-width: 560px; display: block; }
.lanes svg { max-width: none; }
figure svg text { fill: var(--ink); }
figure svg g[color="black"] { color: var(--soft); }
figure svg [stroke="rgb( 68,  68,  68)"] { stroke: var(--soft); }
figure svg [stroke="rgb(221, 221, 221)"] { stroke: var(--line); }
figcaption { color: var(--soft); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .88rem; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { background: var(--shade); }
.left { text-align: left; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .8rem; margin: .5rem 0; max-width: 60rem; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
.words { grid-template-columns: fit-content(45%) 1fr; }
pre { background: var(--shade); padding: .5rem .7rem; white-space: pre-wrap; margin: .4rem 0; }
.broken { border-left: 4px solid var(--bad); padding: .2rem 0 .2rem .9rem; margin: 1rem 0; }
.lanes { max-width: none; }
.lane { stroke: var(--line); }
.early { fill: var(--soft); }
figure svg .get { fill: var(--get); } figure svg .put { fill: var(--put); } figure svg .kill { fill: var(--kill); }
figure svg .end { fill: var(--end); } figure svg .violation { fill: var(--bad); font-weight: bold; }
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
)css";

/// Folded tables are printed, too.
constexpr std::string_view script = "<script>addEventListener('beforeprint', () => "
                                    "document.querySelectorAll('details').forEach(each => each.open = true));"
                                    "</script>\n";

struct explained {
    std::string_view name;
    std::string_view text;
};

constexpr explained operations[] = {
    {"inc", "takes a reference of a refcount"},
    {"dec_and_test", "drops one, never the last, and says whether it was the last"},
    {"dec_and_lock", "the same, and takes a lock if it was the last"},
    {"get", "takes a reference"},
    {"put", "drops one, never the last"},
    {"pair", "a get and its put, which is what a user of an object does"},
    {"get_unless_zero", "takes a reference unless there is none left, as a lookup does"},
    {"tryget", "takes a reference of a per-CPU counter unless there is none left"},
    {"tryget_live", "takes one unless the counter was killed"},
    {"tryget_live_rcu", "the same by a caller that is an RCU reader already"},
    {"pair_atomic", "a get and its put of a per-CPU counter that counts in one word, as after a kill"},
    {"init_exit", "begins a counter and ends it, with the allocations"},
};

/// The operation of which a measurement is: "pair" of "pair_cold", "init_exit" of "init_exit_64".
std::string_view base_operation(std::string_view name)
{
    for (const std::string_view before : {"code_", "memory_"})
        if (name.starts_with(before))
            name.remove_prefix(before.size());
    for (const std::string_view after : {"_cold", "_64"})
        if (name.ends_with(after))
            name.remove_suffix(after.size());
    return name;
}

/// What the operations are of which the page tells.
std::string operations_html(const report_data &data)
{
    std::string html;
    for (const auto &[name, meaning] : operations) {
        const auto is_it = [&name = name](const bench_result &each) {
            return base_operation(each.operation) == name;
        };
        if (std::ranges::any_of(data.benches, [&](const bench_document &bench) {
                return std::ranges::any_of(bench.results, is_it);
            }))
            html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, meaning);
    }
    return html.empty()
               ? ""
               : "<section>\n<h2>What the operations are</h2>\n<dl class=\"words\">\n" + html +
                     "<dt>_cold</dt><dd>on a counter that is in no near cache</dd>\n</dl>\n</section>\n";
}

/// Any value in words.
std::string shown(const json &value)
{
    if (value.is_null())
        return "-";
    if (value.is_string())
        return value.get<std::string>();
    if (value.is_boolean())
        return value.get<bool>() ? "yes" : "no";
    if (value.is_number_unsigned())
        return format_grouped(value.get<std::uint64_t>());
    if (value.is_array()) {
        std::string list;
        for (const json &each : value)
            list += (list.empty() ? "" : ", ") + shown(each);
        return list;
    }
    return value.dump();
}

std::string text_of(const json &row, const char *key)
{
    const auto found = row.find(key);
    return found == row.end() || found->is_null() ? "" : shown(*found);
}

const json &list_of(const json &row, const char *key)
{
    static const json none = json::array();
    const auto found = row.find(key);
    return found == row.end() || !found->is_array() ? none : *found;
}

std::uint64_t number_of(const json &row, const char *key)
{
    const auto found = row.find(key);
    return found == row.end() || !found->is_number_unsigned() ? 0 : found->get<std::uint64_t>();
}

/// "−12,731.4 µs": how long \p ns was before \p end, with digits that tell neighbours apart; what came later
/// has a plus.
std::string before_text(std::uint64_t ns, std::uint64_t end)
{
    if (ns == end)
        return "0";
    const std::uint64_t apart = ns < end ? end - ns : ns - end;
    return fmt::format("{}{}.{} µs", ns < end ? "−" : "+", format_count(apart / 1000), apart % 1000 / 100);
}

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

/// Rows of objects with the same keys as a table; times are before \p end.
std::string rows_html(const std::string &caption, const json &rows, std::uint64_t end)
{
    std::vector<std::string> header;
    for (const json &row : rows)
        for (const auto &[key, value] : row.items())
            if (key != "storm" && std::ranges::find(header, key) == header.end())
                header.push_back(key);
    std::vector<std::vector<std::string>> lines;
    for (const json &row : rows) {
        std::vector<std::string> cells;
        for (const std::string &key : header)
            cells.push_back(key == "time_ns" ? before_text(number_of(row, "time_ns"), end)
                                             : text_of(row, key.c_str()));
        lines.push_back(std::move(cells));
    }
    for (std::string &key : header)
        if (key == "time_ns")
            key = "time";
    return table_html(caption, header, lines, 0);
}

/// The class of a note in the picture.
std::string_view kind_of(std::string_view event)
{
    if (event == "violation")
        return "violation";
    if (event.starts_with("put") || event == "drain")
        return "put";
    if (event.starts_with("get") || event.starts_with("tryget") || event.starts_with("acquire"))
        return "get";
    if (event.starts_with("kill") || event == "confirm")
        return "kill";
    if (event == "release" || event == "end" || event == "retire")
        return "end";
    return "early";
}

/// The history as a picture: time goes down, a lane for each CPU.
std::string lanes_svg(const json &history, std::uint64_t end)
{
    constexpr std::size_t most = 40;
    constexpr int row_height = 19;
    constexpr int time_width = 114;
    std::vector<std::uint64_t> cpus;
    const std::size_t first = history.size() > most ? history.size() - most : 0;
    for (std::size_t i = first; i < history.size(); i++)
        if (const auto cpu = number_of(history[i], "cpu"); std::ranges::find(cpus, cpu) == cpus.end())
            cpus.push_back(cpu);
    std::ranges::sort(cpus);
    if (cpus.empty())
        return "";
    const int lane = cpus.size() <= 3 ? 110 : 92;
    constexpr int margin = 24; // for the last lane's labels
    const int width = time_width + lane * static_cast<int>(cpus.size()) + margin;
    // More lanes than a telephone has room for are scrolled.
    const std::string_view shrinks = cpus.size() <= 4 ? "; max-width: 100%" : "";
    const int height = row_height * static_cast<int>(history.size() - first + 2);
    std::string svg;
    for (std::size_t i = 0; i < cpus.size(); i++) {
        const int x = time_width + lane * static_cast<int>(i);
        svg += fmt::format("<line class=\"lane\" x1=\"{0}\" y1=\"6\" x2=\"{0}\" y2=\"{1}\"/>"
                           "<text x=\"{2}\" y=\"16\">CPU {3}</text>\n",
                           x, height - 8, x + 8, cpus[i]);
    }
    int y = 16;
    for (std::size_t i = first; i < history.size(); i++) {
        const json &note = history[i];
        y += row_height;
        const auto nth = std::ranges::find(cpus, number_of(note, "cpu")) - cpus.begin();
        const int x = time_width + lane * static_cast<int>(nth);
        const std::string event = text_of(note, "event");
        const std::string_view kind = kind_of(event);
        std::string label = event;
        if (number_of(note, "nr") > 1)
            label += " " + text_of(note, "nr");
        if ((kind == "get" || kind == "put") && text_of(note, "result") == "0" && event != "put" &&
            event != "get")
            label += ": no";
        std::string all;
        for (const auto &[key, value] : note.items())
            all += fmt::format("{}{}: {}", all.empty() ? "" : ", ", key, shown(value));
        svg += fmt::format(
            "<g class=\"{0}\"><title>{1}</title><text class=\"early\" x=\"{2}\" y=\"{3}\" "
            "text-anchor=\"end\">{4}</text><circle cx=\"{5}\" cy=\"{6}\" r=\"4\"/><text class=\"{0}\" "
            "x=\"{7}\" y=\"{3}\">{8}</text></g>\n",
            kind, html_escape(all), time_width - 12, y, before_text(number_of(note, "time_ns"), end), x,
            y - 4, x + 8, html_escape(label));
    }
    return fmt::format(
        "<figure class=\"lanes\"><div class=\"wide\"><svg role=\"img\" aria-label=\"What happened to the "
        "object, a lane for each CPU\" viewBox=\"0 0 {0} {1}\" style=\"width: {0}px; "
        "font: 12px sans-serif{3}\">\n{2}</svg></div>\n<figcaption>What happened to the object: time goes "
        "down, "
        "before the violation (after it: +), a lane for each CPU.</figcaption></figure>\n",
        width, height, svg, shrinks);
}

/// An object of the document as terms and what they are; empty if there is none.
std::string terms_html(const json &row, const char *key)
{
    const auto found = row.find(key);
    if (found == row.end() || found->is_null())
        return "";
    if (!found->is_object())
        return fmt::format("<p>{}</p>\n", html_escape(shown(*found)));
    std::string html = "<dl>\n";
    for (const auto &[name, value] : found->items())
        html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escape(name), html_escape(shown(value)));
    return html + "</dl>\n";
}

std::string sentences_html(std::string_view title, const json &sentences)
{
    if (sentences.empty())
        return "";
    std::string html = fmt::format("<p>{}:</p>\n<ul>\n", title);
    for (const json &each : sentences)
        html += fmt::format("<li>{}</li>\n", html_escape(shown(each)));
    return html + "</ul>\n";
}

/// All that is known of a storm that did not hold.
std::string failure_html(const storm_row &storm)
{
    const std::string invariant = text_of(storm.all, "invariant");
    const std::string_view meaning = invariant_meaning(invariant);
    std::string html =
        fmt::format("<article class=\"broken\">\n<h3>{}: <span class=\"bad\">{}{}</span>, Linux {}</h3>\n",
                    storm.provider, html_escape(storm.verdict),
                    invariant.empty() ? "" : ", " + html_escape(invariant), html_escape(storm.kernel));
    if (!meaning.empty())
        html += fmt::format("<p>What must hold: {}.</p>\n", html_escape(meaning));
    if (const std::string detail = text_of(storm.all, "detail"); !detail.empty())
        html += fmt::format("<p><strong>{}</strong></p>\n", html_escape(detail));
    if (const auto explanation = storm.all.find("explanation");
        explanation != storm.all.end() && explanation->is_object()) {
        html += sentences_html("Where it went wrong", list_of(*explanation, "findings"));
        html += sentences_html("What was known at that moment", list_of(*explanation, "known"));
    }
    if (const std::string account = terms_html(storm.all, "account"); !account.empty())
        html += fmt::format("<details><summary>the account</summary>\n{}</details>\n", account);
    for (const json &complaint : list_of(storm.all, "complaints"))
        html += fmt::format("<p>kernel log: {}</p>\n", html_escape(shown(complaint)));
    const json &history = list_of(storm.all, "history");
    std::uint64_t end = 0;
    for (const json &note : history)
        if (end == 0 || text_of(note, "event") == "violation")
            end = std::max(end, number_of(note, "time_ns"));
    html += lanes_svg(history, end);
    if (!history.empty())
        html += fmt::format("<details><summary>history of the object, {} notes</summary>\n{}</details>\n",
                            history.size(), rows_html("History", history, end));
    html += "<dl>\n";
    for (const auto &[key, name] : {std::pair{"object", "object"},
                                    {"seed", "seed"},
                                    {"operations", "operations"},
                                    {"kills", "kills"},
                                    {"contexts", "contexts"},
                                    {"adversaries", "adversaries"}})
        if (const std::string value = text_of(storm.all, key); !value.empty() && value != "{}")
            html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, html_escape(value));
    html += "</dl>\n";
    if (const std::string repeat = text_of(storm.all, "repeat"); !repeat.empty())
        html += fmt::format("<p>This runs it again:</p>\n<pre>{}</pre>\n", html_escape(repeat));
    return html + "</article>\n";
}

std::string failures_html(const report_data &data)
{
    std::string html;
    for (const storm_row &storm : data.storms)
        if (storm.verdict != "held")
            html += failure_html(storm);
    return html.empty() ? ""
                        : "<section id=\"failures\">\n<h2>What did not hold</h2>\n" + html + "</section>\n";
}

/// Date, machine, kernel, version.
std::string origins_html(const report_data &data)
{
    std::string html;
    for (const document_origin &origin : data.origins) {
        std::string line = fmt::format("Linux {}", origin.kernel);
        if (!origin.arch.empty())
            line += fmt::format(" on {}", origin.arch);
        if (origin.accelerator == "tcg")
            line += ", emulated by QEMU";
        else if (origin.accelerator == "none")
            line += ", no virtual machine";
        else if (!origin.accelerator.empty() && origin.accelerator != "unknown")
            line += fmt::format(", in a virtual machine ({})", origin.accelerator);
        if (!origin.version.empty())
            line += fmt::format(", refstorm {}", origin.version);
        if (!origin.time.empty())
            line += fmt::format(", {}", origin.time);
        html += fmt::format("<p>{}.</p>\n", html_escape(line));
    }
    if (data.storms.empty())
        return html;
    const auto held = std::ranges::count(data.storms, "held", &storm_row::verdict);
    return html + fmt::format("<p><strong class=\"{}\">{} of {} storms held.</strong></p>\n",
                              static_cast<std::size_t>(held) == data.storms.size() ? "good" : "bad", held,
                              data.storms.size());
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
            row.push_back(ours == values.end() ? "" : grouped_value(ours->second));
            row.push_back(theirs == values.end() ? "" : grouped_value(theirs->second));
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
        rows.push_back({kernel_series(each.kernel), each.provider, each.verdict, format_grouped(each.kills),
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
        html += fmt::format("<figure id=\"{}\">\n<h3>{}</h3>\n{}<figcaption>{}</figcaption>\n</figure>\n",
                            each.id, html_escape(each.title), *drawn, html_escape(each.caption));
    }
    html += "</div>\n";
    if (!part.table.empty())
        html += fmt::format("<details{}><summary>the numbers</summary>\n{}</details>\n",
                            part.plots.empty() ? " open" : "", part.table);
    return html + "</section>\n";
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
        {"Storms", "Counters under attack: every release() checks that nothing was lost, early, or twice.",
         storm_plots(data), storms_table(data)},
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
    };
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>refstorm report</title>\n<style>{}</style>\n{}</head>\n<body>\n<h1>Reference counters: "
        "mainline's and refstorm's</h1>\n{}{}",
        style, script, origins_html(data), failures_html(data));
    if (!data.benches.empty() || !data.storms.empty())
        html += "<p>Mainline's counters are vermilion in every plot; ours are blue, those with sealed slots "
                "green, "
                "through C++ purple.</p>\n";
    for (const section &part : sections) {
        if (part.plots.empty() && part.table.empty())
            continue;
        const auto drawn = section_html(part, gnuplot);
        if (!drawn)
            return drawn.error();
        html += *drawn;
    }
    return html + operations_html(data) + "</body>\n</html>\n";
}

} // namespace refstorm
