// SPDX-License-Identifier: GPL-2.0
// watch: a live view of the storms, by ncurses where there is a terminal that it knows.
#include "commands.hpp"
#include "descriptor.hpp"
#include "readiness.hpp"
#include "stop_signals.hpp"
#include "watch_view.hpp"

#include <clocale>
#include <cstdlib>

#include <poll.h>
#include <unistd.h>

// Its macros have common names: last, and only here.
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <fmt/format.h>

namespace refstorm {

namespace {

using clock = std::chrono::steady_clock;

/// A terminal in full-screen mode, which is as it was when this ends.
class watch_screen {
  public:
    watch_screen() : screen_(can_move(stdout) ? ::newterm(nullptr, stdout, stdin) : nullptr)
    {
        if (screen_ == nullptr)
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
    watch_screen(const watch_screen &) = delete;
    watch_screen &operator=(const watch_screen &) = delete;
    ~watch_screen()
    {
        if (screen_ == nullptr)
            return;
        ::endwin();
        ::delscreen(screen_);
    }

    bool is_open() const { return screen_ != nullptr; }

    static watch_size size()
    {
        return {static_cast<std::size_t>(getmaxx(stdscr)), static_cast<std::size_t>(getmaxy(stdscr)),
                MB_CUR_MAX > 1};
    }

    void draw(const std::vector<watch_line> &lines) const
    {
        ::erase();
        int row = 0;
        for (const watch_line &line : lines) {
            ::move(row++, 0);
            for (const watch_span &span : line) {
                const auto look =
                    coloured_ && span.with != colour::none
                        ? COLOR_PAIR(pair_of(span.with)) | (span.with == colour::bad ? A_BOLD : 0)
                        : A_NORMAL;
                ::attrset(static_cast<int>(look));
                ::addstr(span.text.c_str());
            }
        }
        ::attrset(A_NORMAL);
        ::refresh();
    }

    /// True once the person wants to leave. A changed size comes as a key, too.
    static bool quits()
    {
        for (int key = ::getch(); key != ERR; key = ::getch())
            if (key == 'q' || key == 'Q')
                return true;
        return false;
    }

  private:
    static short pair_of(colour with) { return static_cast<short>(static_cast<int>(with) + 1); }

    SCREEN *screen_;
    bool coloured_ = false;
};

result<watch_frame> look(module_port &port)
{
    watch_frame frame;
    auto storms = read_storms(port);
    if (!storms)
        return storms.error();
    frame.storms = std::move(*storms);
    if (const auto stat = read_file("/proc/stat"); stat)
        frame.cpus = parse_cpu_times(*stat);
    frame.when = clock::now();
    return frame;
}

/// Waits until \p end, a key or a signal; true if it is to go on.
bool wait_until(clock::time_point end, stop_signals &stop, const watch_screen &screen)
{
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - clock::now()).count();
        if (left <= 0)
            return true;
        pollfd files[] = {{stop.fd(), POLLIN, 0}, {screen.is_open() ? STDIN_FILENO : -1, POLLIN, 0}};
        if (::poll(files, 2, static_cast<int>(left)) < 0)
            return true; // a changed size of the terminal
        if (stop.take() || (screen.is_open() && watch_screen::quits()))
            return false;
        if ((files[1].revents & (POLLHUP | POLLERR)) != 0)
            return false;
    }
}

} // namespace

result<exit_code> command_watch(const arguments &args)
{
    auto port = open_loaded(args.where);
    if (!port)
        return port.error();
    if (std::setlocale(LC_ALL, "") == nullptr)
        std::setlocale(LC_ALL, "C");
    stop_signals stop;
    const watch_screen screen;
    const auto interval = std::chrono::milliseconds(args.watch.interval_ms.value_or(1000));
    const auto end = clock::now() + std::chrono::milliseconds(args.watch.seconds_ms.value_or(0));
    watch_frame before;
    for (;;) {
        auto now = look(**port);
        if (!now)
            return now.error();
        if (screen.is_open()) {
            screen.draw(watch_lines(*now, before, watch_screen::size()));
        } else {
            for (const std::string &line : watch_report(*now, before))
                fmt::print("{}\n", line);
            if (std::fflush(stdout) != 0)
                return problem{exit_code::machine, "cannot write the output"};
        }
        const auto next = now->when + interval;
        before = std::move(*now);
        if (args.watch.seconds_ms && next > end)
            return exit_code::held;
        if (!wait_until(next, stop, screen))
            return exit_code::held;
    }
}

} // namespace refstorm
