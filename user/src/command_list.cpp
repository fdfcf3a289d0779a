// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "error_log.hpp"
#include "json_output.hpp"
#include "readiness.hpp"
#include "storm_record.hpp"
#include "storm_report.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// A listing: its word, which is its key in JSON, and its file.
struct listing_row {
    listing what;
    const char *word;
    const char *file;
};

constexpr std::array listing_rows = {
    listing_row{listing::providers, "providers", "providers"},
    listing_row{listing::objects, "objects", "objects"},
    listing_row{listing::storms, "storms", "storms"},
    listing_row{listing::events, "events", "events"},
    listing_row{listing::status, "status", "status"},
    listing_row{listing::alloc, "alloc", "alloc"},
    listing_row{listing::errors, "errors", "error_log"},
};

bool is_number(const record &row, const std::string &key)
{
    const field *value = row.find(key);
    if (value == nullptr || value->is_absent())
        return true;
    const json as_json = to_json(*value);
    return as_json.is_number() || (as_json.is_boolean() && value->text.size() == 1);
}

/// Any table: its keys are the columns, in the order in which they first appear.
std::string table_text(const table &rows)
{
    std::vector<std::string> keys;
    for (const record &row : rows.rows)
        for (const field &each : row.fields())
            if (std::ranges::find(keys, each.key) == keys.end())
                keys.push_back(each.key);
    if (rows.rows.empty())
        return "none\n";

    text_table laid_out;
    for (const std::string &key : keys) {
        const bool numbers =
            std::ranges::all_of(rows.rows, [&](const record &row) { return is_number(row, key); });
        laid_out.add_column(key, numbers ? align::right : align::left);
    }
    for (const record &row : rows.rows) {
        std::vector<std::string> cells;
        for (const std::string &key : keys) {
            const field *value = row.find(key);
            cells.push_back(value ? value->text : "");
        }
        laid_out.add_row(std::move(cells));
    }
    return laid_out.text(false);
}

std::string status_text(const record &status)
{
    text_table laid_out;
    laid_out.add_column("what", align::left);
    laid_out.add_column("value", align::left);
    for (const field &each : status.fields())
        laid_out.add_row({each.key, each.text});
    return laid_out.text(false);
}

json to_json(const error_entry &entry)
{
    return {{"time", entry.time},
            {"file", entry.file},
            {"message", entry.message},
            {"command", entry.command},
            {"column", entry.column ? json(*entry.column) : json(nullptr)}};
}

/// A listing in both forms; the output takes one of them.
struct both_forms {
    json document;
    std::string text;
};

result<both_forms> storms_forms(const table &rows, bool with_colour)
{
    std::vector<storm_record> storms;
    for (const record &row : rows.rows) {
        auto storm = parse_storm(row);
        if (!storm)
            return storm.error();
        storms.push_back(std::move(*storm));
    }
    return both_forms{to_json(rows), storms.empty() ? "none\n" : storms_text(storms, true, with_colour)};
}

result<both_forms> errors_forms(std::string_view text)
{
    auto log = parse_error_log(text);
    if (!log)
        return log.error();
    both_forms forms{json::array(), log->empty() ? "none\n" : std::string(text)};
    for (const error_entry &entry : *log)
        forms.document.push_back(to_json(entry));
    return forms;
}

result<both_forms> make_forms(listing what, const char *file, std::string_view text, bool with_colour)
{
    if (what == listing::errors)
        return errors_forms(text);
    if (what == listing::status) {
        auto status = parse_status(text, file);
        if (!status)
            return status.error();
        return both_forms{to_json(*status), status_text(*status)};
    }
    auto rows = what == listing::events ? parse_records(text, file) : parse_table(text, file);
    if (!rows)
        return rows.error();
    if (what == listing::storms)
        return storms_forms(*rows, with_colour);
    return both_forms{to_json(*rows), table_text(*rows)};
}

} // namespace

result<std::string> list_text(module_port &port, listing what, bool as_json, bool with_colour)
{
    const auto *row = std::ranges::find(listing_rows, what, &listing_row::what);
    auto text = port.read(row->file);
    if (!text)
        return text.error();
    auto forms = make_forms(what, row->file, *text, with_colour);
    if (!forms)
        return forms.error();
    if (!as_json)
        return forms->text;
    json document = new_document();
    document[row->word] = std::move(forms->document);
    return document_text(document);
}

result<exit_code> command_list(const arguments &args)
{
    auto port = open_loaded(args.where);
    if (!port)
        return port.error();
    auto text = list_text(**port, args.what, args.json, wants_colour(stdout));
    if (!text)
        return text.error();
    fmt::print("{}", *text);
    return exit_code::held;
}

} // namespace refstorm
