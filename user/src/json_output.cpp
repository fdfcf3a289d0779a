// SPDX-License-Identifier: GPL-2.0
#include "json_output.hpp"

#include "machine.hpp"
#include "number.hpp"
#include "storm_record.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <span>

#include <fmt/chrono.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

/// Keys whose value is text even if it happens to look like a number, as an object called 7 does, or a seed,
/// whose 64 bits a reader that keeps numbers as doubles would round.
constexpr std::array<std::string_view, 11> text_keys = {
    "object", "provider",  "site",   "subject", "module", "version",
    "kernel", "invariant", "detail", "command", "seed",
};

/// Keys whose 0 and 1 are no numbers.
constexpr std::array<std::string_view, 14> truth_keys = {
    "hotplug", "kprobes", "track",     "hard_bound", "percpu", "saturates", "tracks",
    "dying",   "zero",    "confirmed", "unguarded",  "holds",  "listed",    "needed",
};
/// But in rows that begin with one of these: their keys are states of a counter, the values how often one was
/// met.
constexpr std::array<std::string_view, 2> counting_rows = {"cell", "concurrent"};

/// Keys whose value is a list with commas.
constexpr std::array<std::string_view, 6> list_keys = {"contexts", "kill_contexts", "steps",
                                                       "lives",    "ends",          "ops"};

bool is_among(std::string_view key, std::span<const std::string_view> keys)
{
    return std::ranges::find(keys, key) != keys.end();
}

json list_of(std::string_view text)
{
    json list = json::array();
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        list.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return list;
}

} // namespace

json to_json(const field &value)
{
    if (value.is_absent())
        return nullptr;
    if (value.quoted || is_among(value.key, text_keys))
        return value.text;
    if (value.key == "release_buckets") {
        json buckets = json::array();
        for (const release_bucket &each :
             parse_release_buckets(value.text).value_or(std::vector<release_bucket>{}))
            buckets.push_back({{"from_ns", each.from_ns}, {"count", each.count}});
        return buckets;
    }
    // The oracle's steps are a number.
    if (is_among(value.key, list_keys) && !parse_unsigned(value.text))
        return list_of(value.text);
    if (is_among(value.key, truth_keys) && (value.text == "0" || value.text == "1"))
        return value.text == "1";
    if (value.text == "true" || value.text == "false")
        return value.text == "true";
    if (const auto number = parse_unsigned(value.text); number && !value.text.starts_with("0x"))
        return *number;
    std::int64_t negative = 0;
    const char *end = value.text.data() + value.text.size();
    if (const auto [stop, error] = std::from_chars(value.text.data(), end, negative);
        error == std::errc{} && stop == end)
        return negative;
    return value.text;
}

json to_json(const record &row)
{
    json object = json::object();
    const bool counting = !row.fields().empty() && is_among(row.fields().front().key, counting_rows);
    for (const field &each : row.fields()) {
        const auto number = counting ? parse_unsigned(each.text) : std::nullopt;
        object[each.key] = number ? json(*number) : to_json(each);
    }
    return object;
}

json to_json(const table &rows)
{
    json array = json::array();
    for (const record &row : rows.rows)
        array.push_back(to_json(row));
    return array;
}

json to_json(const std::vector<std::string> &lines)
{
    json array = json::array();
    for (const std::string &line : lines) {
        const auto row = parse_record(line, "the module's answer");
        array.push_back(row ? to_json(*row) : json{{"text", line}});
    }
    return array;
}

json new_document()
{
    json document = json::object();
    document["schema"] = json_schema;
    document["version"] = RS_VERSION;
    document["time"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
    document["kernel"] = machine::kernel_release();
    document["arch"] = machine::architecture();
    document["accelerator"] = machine::accelerator();
    return document;
}

json error_document(const problem &what)
{
    json document = new_document();
    document["error"] = {{"exit", static_cast<int>(what.code)}, {"message", what.what}, {"hint", what.hint}};
    return document;
}

std::string document_text(const json &document)
{
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace refstorm
