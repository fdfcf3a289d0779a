// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include "number.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// Walks over one line. Every parse function either advances or leaves the reason in `fault`.
class line_parser {
  public:
    line_parser(std::string_view text, std::string_view source, std::size_t line)
        : text_(text), source_(source), line_(line)
    {
    }

    result<record> parse()
    {
        std::vector<field> fields;
        for (;;) {
            const std::size_t start = at_;
            auto next = parse_field();
            if (!next)
                return next.error();
            if (std::ranges::find(fields, next->key, &field::key) != fields.end())
                return fault(start, fmt::format("the key '{}' stands here a second time", next->key));
            fields.push_back(std::move(*next));
            if (at_ == text_.size())
                return record(std::move(fields));
            if (text_[at_] != ' ')
                return fault(at_, "expected one space after a quoted value");
            ++at_;
        }
    }

  private:
    problem fault(std::size_t at, std::string_view what) const
    {
        return {exit_code::machine, fmt::format("{}: line {}, column {}: {}", source_, line_, at + 1, what)};
    }

    static bool is_key_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

    static bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

    result<field> parse_field()
    {
        const std::size_t start = at_;
        while (at_ < text_.size() && is_key_char(text_[at_]))
            ++at_;
        if (at_ == start)
            return fault(at_, "expected a key (a-z, 0-9 and _)");
        if (at_ == text_.size() || text_[at_] != '=')
            return fault(at_, "expected '=' after the key");

        field parsed{std::string(text_.substr(start, at_ - start)), {}, false};
        ++at_;
        parsed.quoted = at_ < text_.size() && text_[at_] == '"';
        auto value = parsed.quoted ? parse_quoted() : parse_plain();
        if (!value)
            return value.error();
        parsed.text = std::move(*value);
        return parsed;
    }

    result<std::string> parse_plain()
    {
        const std::size_t start = at_;
        for (; at_ < text_.size() && text_[at_] != ' '; ++at_) {
            if (text_[at_] == '"')
                return fault(at_, "a quote inside a value that does not begin with one");
            if (is_control(text_[at_]))
                return fault(at_, "a control character in a value");
        }
        if (at_ == start)
            return fault(at_, "expected a value after '='");
        return std::string(text_.substr(start, at_ - start));
    }

    result<std::string> parse_quoted()
    {
        const std::size_t open = at_++;
        std::string value;
        for (; at_ < text_.size(); ++at_) {
            const char c = text_[at_];
            if (c == '"') {
                ++at_;
                return value;
            }
            if (is_control(c))
                return fault(at_, "a control character in a value");
            if (c != '\\') {
                value += c;
                continue;
            }
            if (++at_ == text_.size())
                break;
            if (text_[at_] != '"' && text_[at_] != '\\')
                return fault(at_, R"(only \" and \\ may follow a backslash)");
            value += text_[at_];
        }
        return fault(open, "the quote that begins here does not end");
    }

    std::string_view text_;
    std::string_view source_;
    std::size_t line_;
    std::size_t at_ = 0;
};

/// Cuts the next line off \p text; the error is that it does not end with a newline.
result<std::string_view> take_line(std::string_view &text, std::string_view source, std::size_t line)
{
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
        return problem{exit_code::machine, fmt::format("{}: line {}, column {}: the line does not end",
                                                       source, line, text.size() + 1)};
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end + 1);
    return taken;
}

result<std::vector<std::string>> parse_header(std::string_view text, std::string_view source)
{
    if (!text.starts_with("# "))
        return problem{exit_code::machine,
                       fmt::format("{}: line 1, column 1: expected a header that begins with '# '", source)};
    std::vector<std::string> columns;
    std::size_t at = 2;
    while (at <= text.size()) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        if (end == at)
            return problem{
                exit_code::machine,
                fmt::format("{}: line 1, column {}: expected the name of a column", source, at + 1)};
        columns.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return columns;
}

result<std::vector<record>> parse_rows(std::string_view text, std::string_view source, std::size_t first_line)
{
    std::vector<record> rows;
    for (std::size_t line = first_line; !text.empty(); ++line) {
        auto taken = take_line(text, source, line);
        if (!taken)
            return taken.error();
        auto row = parse_record(*taken, source, line);
        if (!row)
            return row.error();
        rows.push_back(std::move(*row));
    }
    return rows;
}

} // namespace

const field *record::find(std::string_view key) const
{
    const auto found = std::ranges::find(fields_, key, &field::key);
    return found == fields_.end() ? nullptr : &*found;
}

void record::set(std::string_view key, std::string text, bool quoted)
{
    const auto found = std::ranges::find(fields_, key, &field::key);
    if (found == fields_.end())
        fields_.push_back({std::string(key), std::move(text), quoted});
    else
        *found = {std::string(key), std::move(text), quoted};
}

result<std::string> record::text(std::string_view key) const
{
    const field *found = find(key);
    if (!found)
        return problem{
            exit_code::machine,
            fmt::format("the module's answer has no key '{}': driver and module differ in version", key)};
    return found->text;
}

result<std::optional<std::uint64_t>> record::number_or_absent(std::string_view key) const
{
    auto found = text(key);
    if (!found)
        return found.error();
    if (find(key)->is_absent())
        return std::optional<std::uint64_t>{};
    const auto value = parse_unsigned(*found);
    if (!value)
        return problem{exit_code::machine,
                       fmt::format("the module's answer has {}='{}', which is no number", key, *found)};
    return value;
}

result<std::uint64_t> record::number(std::string_view key) const
{
    auto value = number_or_absent(key);
    if (!value)
        return value.error();
    if (!*value)
        return problem{exit_code::machine, fmt::format("the module's answer has no number for '{}'", key)};
    return **value;
}

result<record> parse_record(std::string_view text, std::string_view source, std::size_t line)
{
    return line_parser(text, source, line).parse();
}

result<table> parse_table(std::string_view text, std::string_view source)
{
    auto header = take_line(text, source, 1);
    if (!header)
        return header.error();
    auto columns = parse_header(*header, source);
    if (!columns)
        return columns.error();

    auto rows = parse_rows(text, source, 2);
    if (!rows)
        return rows.error();
    return table{std::move(*columns), std::move(*rows)};
}

result<table> parse_records(std::string_view text, std::string_view source)
{
    auto rows = parse_rows(text, source, 1);
    if (!rows)
        return rows.error();
    return table{{}, std::move(*rows)};
}

result<record> parse_status(std::string_view text, std::string_view source)
{
    auto rows = parse_rows(text, source, 1);
    if (!rows)
        return rows.error();
    std::vector<field> all;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        const std::vector<field> &fields = (*rows)[i].fields();
        if (fields.size() != 1)
            return problem{
                exit_code::machine,
                fmt::format("{}: line {}, column 1: expected one key=value a line", source, i + 1)};
        const field &only = fields.front();
        if (std::ranges::find(all, only.key, &field::key) != all.end())
            return problem{exit_code::machine,
                           fmt::format("{}: line {}, column 1: the key '{}' stands here a second time",
                                       source, i + 1, only.key)};
        all.push_back(only);
    }
    return record(std::move(all));
}

} // namespace refstorm
