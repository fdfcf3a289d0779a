// SPDX-License-Identifier: GPL-2.0
#include "violation.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

std::string text_of(const record &row, std::string_view key)
{
    const field *found = row.find(key);
    return found == nullptr || found->is_absent() ? std::string() : found->text;
}

std::optional<std::int64_t> number_of(const record &row, std::string_view key)
{
    const std::string text = text_of(row, key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::int64_t number_or(const record &row, std::string_view key, std::int64_t otherwise)
{
    return number_of(row, key).value_or(otherwise);
}

std::string microseconds(std::int64_t ns)
{
    return fmt::format("{}{}.{:03}", ns < 0 ? "-" : "", std::abs(ns) / 1000, std::abs(ns) % 1000);
}

std::string length(std::int64_t ns)
{
    if (ns < 1'000'000)
        return fmt::format("{} µs", microseconds(ns));
    return ns < 1'000'000'000 ? fmt::format("{:.3f} ms", static_cast<double>(ns) / 1e6)
                              : fmt::format("{:.3f} s", static_cast<double>(ns) / 1e9);
}

std::string state_words(const record &row, std::string_view prefix)
{
    const auto key = [&](const char *name) { return std::string(prefix) + name; };
    const std::string mode = text_of(row, key("mode"));
    const std::string dying = text_of(row, key("dying"));
    std::vector<std::string> words;
    if (mode == "exited")
        return "exited";
    if (!dying.empty())
        words.emplace_back(dying == "1" ? "dying" : "alive");
    if (!mode.empty())
        words.push_back(mode == "percpu" ? "per-CPU" : mode);
    if (const auto count = number_of(row, key("count")))
        words.push_back(is_saturated(*count) ? "saturated" : fmt::format("counts {}", *count));
    return words.empty() ? "unknown" : fmt::format("{}", fmt::join(words, ", "));
}

bool is_saturated(std::int64_t count)
{
    constexpr std::int64_t far = std::int64_t{1} << 56;
    return count > far || count < -far;
}

std::string count_words(std::int64_t count)
{
    return is_saturated(count) ? "saturated" : fmt::format("{}", count);
}

std::string state_clause(const record &row)
{
    const std::string words = state_words(row);
    return words.starts_with("counts") ? words : "is " + words;
}

std::int64_t checkpoint::off() const
{
    const std::int64_t difference = count - should;
    if (std::abs(difference) <= moving)
        return 0;
    return difference > 0 ? difference - moving : difference + moving;
}

std::optional<checkpoint> checkpoint_of(const record &row, std::string_view prefix, std::string event)
{
    const auto key = [&](const char *name) { return std::string(prefix) + name; };
    const auto count = number_of(row, key("count"));
    const auto owned = number_of(row, key("owned"));
    if (!count || !owned || text_of(row, key("mode")) == "exited")
        return std::nullopt;
    return checkpoint{.event = std::move(event),
                      .mode = text_of(row, key("mode")),
                      .time_ns = number_or(row, "time_ns", 0),
                      .count = *count,
                      .should = *owned + number_or(row, key("held"), 0),
                      .moving = number_or(row, key("moving"), 0)};
}

const record *last_event(const violation &what, std::string_view event)
{
    const record *found = nullptr;
    for (const record &row : what.history)
        if (text_of(row, "event") == event)
            found = &row;
    return found;
}

std::int64_t violated_at(const violation &what)
{
    if (const record *row = last_event(what, "violation"))
        return number_or(*row, "time_ns", 0);
    if (const auto time = what.account ? number_of(*what.account, "time_ns") : std::nullopt)
        return *time;
    return what.history.empty() ? 0 : number_or(what.history.back(), "time_ns", 0);
}

std::string actor_words(const record &row)
{
    std::string actor = text_of(row, "actor");
    std::ranges::replace(actor, ':', ' ');
    return actor;
}

} // namespace refstorm
