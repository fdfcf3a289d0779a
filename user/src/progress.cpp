// SPDX-License-Identifier: GPL-2.0
#include "progress.hpp"

#include "terminal.hpp"
#include "units.hpp"

#include <fmt/format.h>

namespace refstorm {

namespace {

using namespace std::chrono_literals;

constexpr auto terminal_interval = 200ms;
constexpr auto plain_interval = 10s;

std::string numbers(const storm_record &storm)
{
    return fmt::format("{} operations, {} kills", format_count(storm.operations.value_or(0)),
                       format_count(storm.kills.value_or(0)));
}

std::string times(const storm_record &storm)
{
    return fmt::format("{:.1f} of {} s", static_cast<double>(storm.elapsed_ms.value_or(0)) / 1000,
                       format_seconds(storm.ms));
}

} // namespace

progress::progress(std::FILE *out, std::size_t count)
    : out_(out), terminal_(can_move(out)), columns_(columns_of(out).value_or(80)), count_(count),
      last_(std::chrono::steady_clock::now())
{
}

std::chrono::milliseconds progress::interval() const
{
    return terminal_ ? terminal_interval : 1s;
}

void progress::started(std::string_view provider)
{
    ++number_;
    last_ = std::chrono::steady_clock::now();
    if (terminal_)
        show(fmt::format("[{}/{}] {}", number_, count_, provider));
}

void progress::update(const storm_record &storm)
{
    show(fmt::format("[{}/{}] {}: {}, {}", number_, count_, storm.provider, times(storm), numbers(storm)));
}

void progress::finished(const storm_record &storm)
{
    if (terminal_)
        clear_line();
    else
        say(fmt::format("[{}/{}] {}: {}, {}", number_, count_, storm.provider, verdict_name(storm.outcome),
                        numbers(storm)));
}

void progress::show(std::string_view line)
{
    if (terminal_) {
        clear_line();
        // One that the terminal breaks in two could not be replaced whole.
        fmt::print(out_, "{}", line.substr(0, columns_ > 1 ? columns_ - 1 : 1));
        std::fflush(out_);
        line_shown_ = true;
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < plain_interval)
        return;
    last_ = now;
    say(line);
}

void progress::clear()
{
    clear_line();
    std::fflush(out_);
}

void progress::say(std::string_view line)
{
    clear_line();
    fmt::print(out_, "refstorm: {}\n", line);
    std::fflush(out_);
}

progress::~progress()
{
    clear_line();
    std::fflush(out_);
}

void progress::clear_line()
{
    if (terminal_ && line_shown_)
        fmt::print(out_, "\r\033[K");
    line_shown_ = false;
}

} // namespace refstorm
