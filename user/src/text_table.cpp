// SPDX-License-Identifier: GPL-2.0
#include "text_table.hpp"

#include <algorithm>

namespace refstorm {

namespace {

constexpr std::size_t gap = 2;

} // namespace

std::size_t display_width(std::string_view text)
{
    // Every byte that is no UTF-8 continuation byte begins a character.
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

void text_table::add_column(std::string title, align side)
{
    columns_.push_back({std::move(title), side});
}

void text_table::add_row(std::vector<std::string> cells)
{
    cells.resize(columns_.size());
    rows_.push_back({std::move(cells), std::vector(columns_.size(), colour::none)});
}

void text_table::paint_last_row(std::size_t column, colour with)
{
    rows_.back().colours.at(column) = with;
}

std::string text_table::text(bool with_colour) const
{
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        std::size_t width = display_width(columns_[i].title);
        for (const row &each : rows_)
            width = std::max(width, display_width(each.cells[i]));
        widths.push_back(width);
    }

    std::string out;
    const auto add_line = [&](auto cell_at) {
        std::string line;
        std::size_t owed = 0; // spaces that are written only if something follows
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const auto [cell, with] = cell_at(i);
            const std::size_t padding = widths[i] - display_width(cell);
            const bool right = columns_[i].side == align::right;
            if (!cell.empty()) {
                line.append(owed + (right ? padding : 0), ' ');
                line += with_colour ? paint(cell, with) : cell;
                owed = right ? 0 : padding;
            } else {
                owed += widths[i];
            }
            owed += gap;
        }
        out += line + '\n';
    };
    add_line([&](std::size_t i) { return std::pair(columns_[i].title, colour::none); });
    for (const row &each : rows_)
        add_line([&](std::size_t i) { return std::pair(each.cells[i], each.colours[i]); });
    return out;
}

} // namespace refstorm
