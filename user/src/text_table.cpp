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

std::size_t text_table::width_of(std::size_t column) const
{
    std::size_t width = display_width(columns_[column].title);
    for (const row &each : rows_)
        width = std::max(width, display_width(each.cells[column]));
    return width;
}

/// Some of the columns.
std::string text_table::part(const std::vector<std::size_t> &which, bool with_colour) const
{
    std::string out;
    const auto add_line = [&](auto cell_at) {
        std::string line;
        std::size_t owed = 0; // spaces that are written only if something follows
        for (const std::size_t i : which) {
            const auto [cell, with] = cell_at(i);
            const std::size_t padding = width_of(i) - display_width(cell);
            const bool right = columns_[i].side == align::right;
            if (!cell.empty()) {
                line.append(owed + (right ? padding : 0), ' ');
                line += with_colour ? paint(cell, with) : cell;
                owed = right ? 0 : padding;
            } else {
                owed += width_of(i);
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

std::string text_table::text(bool with_colour, std::optional<std::size_t> width) const
{
    std::string out;
    std::vector<std::size_t> which;
    std::size_t used = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const std::size_t more = width_of(i) + (which.empty() ? 0 : gap);
        if (width && which.size() > 1 && used + more > *width) {
            out += part(which, with_colour) + '\n';
            which = {0};
            used = width_of(0);
        }
        used += width_of(i) + (which.empty() ? 0 : gap);
        which.push_back(i);
    }
    return out + part(which, with_colour);
}

std::string wrapped(std::string_view text, std::size_t width)
{
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string line(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        const auto first = std::min(line.find_first_not_of(' '), line.size());
        const auto apart = line.find("  ", first);
        auto hang =
            apart == std::string::npos ? first : std::min(line.find_first_not_of(' ', apart), line.size());
        // Where there is no room beside the terms, explanations go on below them.
        if (hang + 20 > width)
            hang = std::min(first + 4, width / 2);
        while (display_width(line) > width) {
            auto at = line.rfind(' ', width);
            if (at == std::string::npos || at <= std::max(hang, first))
                break;
            out += line.substr(0, line.find_last_not_of(' ', at) + 1) + '\n';
            line = std::string(hang, ' ') + line.substr(at + 1);
        }
        out += line + '\n';
    }
    return out;
}

} // namespace refstorm
