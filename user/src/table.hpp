// SPDX-License-Identifier: GPL-2.0
/// \file
/// The tables of the module: a header line, then one record of key=value a line. Parsing is strict;
/// an error names the line and the column.
#pragma once

#include "result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// One key=value.
struct field {
    std::string key;
    /// Without the quotes and the escapes.
    std::string text;
    bool quoted = false;

    /// `-` without quotes: the value does not apply.
    bool is_absent() const { return !quoted && text == "-"; }
    bool operator==(const field &) const = default;
};

/// One line of a table: fields in the order in which they stood.
class record {
  public:
    record() = default;
    explicit record(std::vector<field> fields) : fields_(std::move(fields)) {}

    const std::vector<field> &fields() const { return fields_; }
    const field *find(std::string_view key) const;
    /// Sets the text of \p key, which is added at the end if it was not there.
    void set(std::string_view key, std::string text, bool quoted = false);

    /// The text of a key that must be there.
    result<std::string> text(std::string_view key) const;
    /// The number of a key that must be there.
    result<std::uint64_t> number(std::string_view key) const;
    /// The same where `-` is allowed.
    result<std::optional<std::uint64_t>> number_or_absent(std::string_view key) const;

  private:
    std::vector<field> fields_;
};

/// A whole table.
struct table {
    std::vector<std::string> columns;
    std::vector<record> rows;
};

/// Parses one line without its newline. \p source and \p line are for the error.
result<record> parse_record(std::string_view text, std::string_view source, std::size_t line = 1);

/// Parses a table: the header, then records; every line must end with a newline.
result<table> parse_table(std::string_view text, std::string_view source);

/// Parses records without a header, as `events` has them. The table has no columns.
result<table> parse_records(std::string_view text, std::string_view source);

/// Parses `status`: one key=value a line, no header.
result<record> parse_status(std::string_view text, std::string_view source);

} // namespace refstorm
