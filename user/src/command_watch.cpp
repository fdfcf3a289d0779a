// SPDX-License-Identifier: GPL-2.0
// watch: a live view of the storms.
#include "commands.hpp"
#include "descriptor.hpp"
#include "readiness.hpp"
#include "stop_signals.hpp"
#include "watch_screen.hpp"
#include "watch_view.hpp"

#include <clocale>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

using clock = std::chrono::steady_clock;

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
        if (stop.take() || (screen.is_open() && screen.quits()))
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
            screen.draw(watch_lines(*now, before, screen.size()));
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
