// SPDX-License-Identifier: GPL-2.0
/// \file
/// Tables for a person: aligned columns.
#pragma once

#include "terminal.hpp"

#include <optional>
#include <string>
#include <vector>

namespace refstorm {

enum class align { left, right };

/// A table that is laid out once all cells are known.
class text_table {
  public:
    /// One column more.
    void add_column(std::string title, align side);
    /// One row more; missing cells at the end are empty.
    void add_row(std::vector<std::string> cells);
    /// Colours a cell of the row that was added last; the width does not count the colour.
    void paint_last_row(std::size_t column, colour with);
    /// The table with a header, each line ending in a newline. \p with_colour false leaves colours out. If it
    /// is wider than \p width, its columns are folded: parts that fit, each with the first column.
    std::string text(bool with_colour, std::optional<std::size_t> width = columns_of(stdout)) const;

  private:
    struct column {
        std::string title;
        align side;
    };
    struct row {
        std::vector<std::string> cells;
        std::vector<colour> colours;
    };

    std::string part(const std::vector<std::size_t> &which, bool with_colour) const;
    std::size_t width_of(std::size_t column) const;

    std::vector<column> columns_;
    std::vector<row> rows_;
};

/// \p text with lines of at most \p width places, broken between words. A line that is a term and its
/// explanation, two spaces or more between them, goes on below the explanation.
std::string wrapped(std::string_view text, std::size_t width);

/// How many places a UTF-8 text takes (one for each code point).
std::size_t display_width(std::string_view text);

} // namespace refstorm
