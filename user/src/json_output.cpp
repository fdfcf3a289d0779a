// SPDX-License-Identifier: GPL-2.0
#include "json_output.hpp"

#include "machine.hpp"
#include "number.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace refstorm {

namespace {

/// Keys whose value is text even if it happens to look like a number, as an object called 7 does.
constexpr std::array<std::string_view, 10> text_keys = {
    "object", "provider", "site", "subject", "module", "version", "kernel", "invariant", "detail", "command",
};

} // namespace

json to_json(const field &value)
{
    if (value.is_absent())
        return nullptr;
    if (value.quoted || std::ranges::find(text_keys, value.key) != text_keys.end())
        return value.text;
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
    for (const field &each : row.fields())
        object[each.key] = to_json(each);
    return object;
}

json to_json(const table &rows)
{
    json array = json::array();
    for (const record &row : rows.rows)
        array.push_back(to_json(row));
    return array;
}

json new_document()
{
    json document = json::object();
    document["schema"] = json_schema;
    document["kernel"] = machine::kernel_release();
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
