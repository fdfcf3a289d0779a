// SPDX-License-Identifier: GPL-2.0
/// \file
/// By ncurses.
#include "watch_screen.hpp"

#include <cstdlib>

// Its macros have common names: last, and only here.
#define NCURSES_NOMACROS 1
#include <curses.h>

namespace refstorm {

namespace {

short pair_of(colour with)
{
    return static_cast<short>(static_cast<int>(with) + 1);
}

SCREEN *terminal = nullptr;

} // namespace

watch_screen::watch_screen()
{
    terminal = can_move(stdout) ? ::newterm(nullptr, stdout, stdin) : nullptr;
    open_ = terminal != nullptr;
    if (!open_)
        return;
    ::cbreak();
    ::noecho();
    ::nodelay(stdscr, TRUE);
    ::keypad(stdscr, TRUE);
    ::curs_set(0);
    if (wants_colour(stdout) && ::has_colors()) {
        ::start_color();
        ::use_default_colors();
        ::init_pair(pair_of(colour::good), COLOR_GREEN, -1);
        ::init_pair(pair_of(colour::bad), COLOR_RED, -1);
        ::init_pair(pair_of(colour::doubtful), COLOR_YELLOW, -1);
        coloured_ = true;
    }
}

watch_screen::~watch_screen()
{
    if (!open_)
        return;
    ::endwin();
    ::delscreen(terminal);
}

watch_size watch_screen::size() const
{
    return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr)),
            MB_CUR_MAX > 1};
}

void watch_screen::draw(const std::vector<watch_line> &lines) const
{
    ::erase();
    int row = 0;
    for (const watch_line &line : lines) {
        ::move(row++, 0);
        for (const watch_span &span : line) {
            const auto look = coloured_ && span.with != colour::none
                                  ? COLOR_PAIR(pair_of(span.with)) | (span.with == colour::bad ? A_BOLD : 0)
                                  : A_NORMAL;
            ::attrset(static_cast<int>(look));
            ::addstr(span.text.c_str());
        }
    }
    ::attrset(A_NORMAL);
    ::refresh();
}

bool watch_screen::quits() const
{
    for (int key = ::getch(); key != ERR; key = ::getch())
        if (key == 'q' || key == 'Q')
            return true;
    return false;
}

} // namespace refstorm
