// SPDX-License-Identifier: GPL-2.0
// What the module answers: tables, records, its error log.
#include "target.hpp"

#include "bench_results.hpp"
#include "command_oracle.hpp"
#include "commands.hpp"
#include "error_log.hpp"
#include "json_output.hpp"
#include "report_data.hpp"
#include "storm_report.hpp"
#include "table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <refstorm/refstorm.h>

namespace refstorm::fuzzing {

namespace {

/// Text that has parsed, written again by the rules of debugfs.md.
std::string written(const record &row)
{
    std::string text;
    for (const field &each : row.fields()) {
        std::string value;
        for (const char c : each.text)
            value += each.quoted && (c == '"' || c == '\\') ? fmt::format("\\{}", c) : std::string(1, c);
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", each.key,
                            each.quoted ? fmt::format("\"{}\"", value) : value);
    }
    return text + "\n";
}

std::string written(const table &rows)
{
    std::string text = rows.columns.empty() ? "" : "#";
    for (const std::string &column : rows.columns)
        text += " " + column;
    if (!rows.columns.empty())
        text += "\n";
    for (const record &row : rows.rows)
        text += written(row);
    return text;
}

void demand_reason(const problem &why)
{
    demand(!why.what.empty(), "a refusal says why");
}

/// A document is JSON again, whatever stands in it.
void demand_json(const json &document)
{
    demand(!json::parse(document_text(document), nullptr, false).is_discarded(), "a document is JSON");
}

/// A module whose every file holds the same.
class one_text final : public module_port {
  public:
    explicit one_text(std::string_view text) : text_(text) {}
    result<record, refusal> command(std::string_view text) override { return refusal{5, std::string(text)}; }
    result<std::string> read(std::string_view /*name*/) override { return text_; }
    wake wait(int /*stop_fd*/, std::chrono::milliseconds /*timeout*/, bool /*watch_storms*/) override
    {
        return wake::timeout;
    }
    bool lock_warnings() override { return true; }

  private:
    std::string text_;
};

} // namespace

void take_table(std::string_view input)
{
    if (const auto parsed = parse_table(input, "fuzz"))
        demand(written(*parsed) == input, "a table that parses is nothing but that table");
    else
        demand_reason(parsed.error());
    if (const auto parsed = parse_records(input, "fuzz"))
        demand(written(*parsed) == input, "records that parse are nothing but these records");
    else
        demand_reason(parsed.error());
    if (const auto parsed = parse_status(input, "fuzz"))
        demand(parsed->fields().size() ==
                   static_cast<std::size_t>(std::count(input.begin(), input.end(), '\n')),
               "a status has one field a line");
}

void take_listing(std::string_view input)
{
    one_text port(input);
    for (const listing what : {listing::providers, listing::objects, listing::storms, listing::events,
                               listing::status, listing::alloc, listing::errors}) {
        const auto shown = list_text(port, what, false, true);
        const auto document = list_text(port, what, true, false);
        demand(static_cast<bool>(shown) == static_cast<bool>(document),
               "what can be shown to a person can be shown to a script");
        if (!shown)
            demand_reason(shown.error());
        else
            demand(!json::parse(*document, nullptr, false).is_discarded(), "a document is JSON");
    }
}

void take_storms(std::string_view input)
{
    auto rows = parse_records(input, "storms");
    if (!rows)
        return;
    run_outcome all;
    for (record &row : rows->rows) {
        auto storm = parse_storm(row);
        if (storm)
            all.storms.push_back({std::move(*storm)});
        else if (!all.storms.empty())
            all.storms.back().history.push_back(written(row).substr(0, written(row).size() - 1));
    }
    all.planned = all.storms.size();
    demand(!report_text(all, {}, true).empty(), "a report says something");
    demand_json(report_json(all, {}));
    demand(all.code() == exit_code::held ||
               std::ranges::any_of(all.storms,
                                   [](const auto &each) { return each.storm.outcome != verdict::held; }) ||
               all.storms.empty(),
           "storms that held pass");
    demand(all.code() != exit_code::held ||
               std::ranges::all_of(all.storms,
                                   [](const auto &each) { return each.storm.outcome == verdict::held; }),
           "nothing passes but what held");
}

void take_oracle(std::string_view input)
{
    auto lines = parse_records(input, "oracle");
    if (!lines)
        return;
    oracle_outcome outcome;
    outcome.lines = std::move(lines->rows);
    (void)outcome.text();
    demand_json(outcome.document());
}

void take_bench(std::string_view input)
{
    const std::string providers = "# provider origin percpu\n"
                                  "provider=refcount origin=mainline percpu=0\n"
                                  "provider=rs_sealed_ref origin=refstorm percpu=1\n";
    const auto known = read_bench_providers(*parse_table(providers, "providers"));
    bench_results all;
    if (const auto added = all.add_run(input, 1); !added) {
        demand_reason(added.error());
        return;
    }
    (void)all.text(*known);
    const std::string text = document_text(all.document());
    demand_json(all.document());
    report_data data;
    if (const auto added = data.add(text, "bench.json"); !added)
        demand_reason(added.error());
    else
        demand(data.benches.front().results.size() == all.results.size(),
               "a report has all results of a bench");
}

void take_error_log(std::string_view input)
{
    const auto log = parse_error_log(input);
    if (!log) {
        demand_reason(log.error());
        return;
    }
    std::string text;
    for (const error_entry &entry : *log) {
        text += entry.text + "\n";
        demand(!entry.column || *entry.column > 0, "columns are counted from 1");
        if (entry.file == "control" && entry.command.size() <= RS_COMMAND_MAX)
            demand(newest_for_command(*log, entry.command) != nullptr,
                   "an entry is found by the command that it shows");
    }
    demand(text == input, "a log that parses is nothing but its entries");
}

} // namespace refstorm::fuzzing
