// SPDX-License-Identifier: GPL-2.0
#include "units.hpp"

#include <cmath>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// Three significant digits in the first unit in which that is below 1000. Rounding comes first:
/// 999.9 µs is "1.00 ms", not "1000 µs".
std::string scale(double value, std::span<const std::string_view> units)
{
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    if (unit == 0 || value >= 99.95)
        return fmt::format("{:.0f} {}", value, units[unit]);
    return fmt::format("{:.{}f} {}", value, value >= 9.995 ? 1 : 2, units[unit]);
}

} // namespace

std::string format_nanoseconds(std::uint64_t ns)
{
    static constexpr std::string_view units[] = {"ns", "µs", "ms", "s"};
    return scale(static_cast<double>(ns), units);
}

std::string format_count(std::uint64_t count)
{
    static constexpr std::string_view units[] = {"", "k", "M", "G", "T"};
    if (count <= 9999)
        return fmt::format("{}", count);
    return scale(static_cast<double>(count), units);
}

std::string format_grouped(std::uint64_t count)
{
    std::string text = fmt::format("{}", count);
    for (std::size_t at = text.size(); at > 3;)
        text.insert(at -= 3, ",");
    return text;
}

std::string format_seconds(std::uint64_t ms)
{
    if (ms % 1000 == 0)
        return fmt::format("{}", ms / 1000);
    std::string text = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
    while (text.back() == '0')
        text.pop_back();
    return text;
}

std::string format_length(std::uint64_t ms)
{
    constexpr std::uint64_t second = 1000;
    constexpr std::uint64_t minute = 60 * second;
    constexpr std::uint64_t hour = 60 * minute;

    if (ms < second)
        return fmt::format("{} ms", ms);
    if (ms < 10 * second)
        return fmt::format("{} s", format_seconds((ms + 50) / 100 * 100));
    if (ms < minute)
        return fmt::format("{} s", (ms + 500) / second);
    if (ms < hour)
        return fmt::format("{} min {} s", ms / minute, ms % minute / second);
    return fmt::format("{} h {} min", ms / hour, ms % hour / minute);
}

} // namespace refstorm
