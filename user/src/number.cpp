// SPDX-License-Identifier: GPL-2.0
#include "number.hpp"

#include <charconv>
#include <cmath>
#include <system_error>

namespace refstorm {

namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

} // namespace

std::optional<std::uint64_t> parse_unsigned(std::string_view text)
{
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    std::uint64_t value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc{} || stop != end)
        return std::nullopt;
    return value;
}

std::optional<double> parse_fraction(std::string_view text)
{
    // from_chars would also take "inf", "nan" and a sign.
    if (text.empty() || (!is_digit(text.front()) && text.front() != '.'))
        return std::nullopt;
    double value = 0;
    const char *end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || stop != end || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::optional<std::uint64_t> whole_part(double value)
{
    constexpr double too_large = 0x1p64;
    if (!(value >= 0 && value < too_large))
        return std::nullopt;
    return static_cast<std::uint64_t>(value);
}

} // namespace refstorm
