// SPDX-License-Identifier: GPL-2.0
#include "watch_view.hpp"

#include "machine.hpp"
#include "number.hpp"
#include "text_table.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> letters = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
/// Powers of two of nanoseconds that the histogram has: about 1 µs to 8 s.
constexpr unsigned least_power = 10;
constexpr unsigned most_power = 33;
constexpr std::size_t histogram_width = most_power - least_power + 1;

std::string_view level(double share, bool unicode)
{
    const auto &levels = unicode ? blocks : letters;
    // What is there at all is seen.
    const auto nth = share <= 0 ? 0 : 1 + static_cast<std::size_t>(share * 7.999);
    return levels.at(std::min(nth, levels.size() - 1));
}

const storm_record *same_storm(const watch_frame &frame, std::uint64_t id)
{
    const auto found = std::ranges::find(frame.storms, id, &storm_record::id);
    return found == frame.storms.end() ? nullptr : &*found;
}

/// What was added a second since \p before; over the whole storm if it was not there yet, or runs no more.
std::string rate(std::optional<std::uint64_t> now, std::optional<std::uint64_t> before, double seconds)
{
    if (!now || seconds <= 0)
        return "-";
    const auto added = static_cast<double>(*now - std::min(*now, before.value_or(0)));
    return format_count(whole_part(added / seconds + 0.5).value_or(0));
}

struct rates {
    std::string operations;
    std::string kills;
};

rates rates_of(const storm_record &storm, const watch_frame &now, const watch_frame &before)
{
    const storm_record *earlier = same_storm(before, storm.id);
    const double looked = std::chrono::duration<double>(now.when - before.when).count();
    if (!storm.running || earlier == nullptr || looked <= 0) {
        const double ran = static_cast<double>(storm.elapsed_ms.value_or(0)) / 1000;
        return {rate(storm.operations, 0, ran), rate(storm.kills, 0, ran)};
    }
    return {rate(storm.operations, earlier->operations, looked), rate(storm.kills, earlier->kills, looked)};
}

std::string watch_time(std::optional<std::uint64_t> ns)
{
    return ns ? format_nanoseconds(*ns) : "-";
}

/// The running ones, then those that ended last.
std::vector<const storm_record *> in_order(const watch_frame &frame)
{
    std::vector<const storm_record *> all;
    for (const storm_record &storm : frame.storms)
        all.push_back(&storm);
    std::ranges::stable_sort(all, [](const storm_record *a, const storm_record *b) {
        return a->running != b->running ? a->running : a->id > b->id;
    });
    return all;
}

std::string state_of(const storm_record &storm)
{
    if (!storm.running)
        return std::string(verdict_name(storm.outcome));
    return fmt::format("{:.0f}/{} s", static_cast<double>(storm.elapsed_ms.value_or(0)) / 1000,
                       format_seconds(storm.ms));
}

/// Cut off at the right margin.
watch_line fitting(watch_line line, std::size_t columns)
{
    std::size_t used = 0;
    for (watch_span &span : line) {
        while (used + display_width(span.text) > columns) {
            std::size_t end = span.text.size() - 1;
            while (end > 0 && (static_cast<unsigned char>(span.text[end]) & 0xc0U) == 0x80U)
                end--;
            span.text.resize(end);
        }
        used += display_width(span.text);
    }
    return line;
}

/// "cpu0 #####  91%", as many in a line as fit.
std::vector<watch_line> cpu_lines(const watch_frame &now, const watch_frame &before, watch_size size)
{
    constexpr std::size_t bar = 8;
    std::vector<watch_line> lines(1);
    std::size_t used = 0;
    for (const cpu_time &cpu : now.cpus) {
        const auto earlier = std::ranges::find(before.cpus, cpu.cpu, &cpu_time::cpu);
        const std::uint64_t busy0 = earlier == before.cpus.end() ? 0 : earlier->busy;
        const std::uint64_t all0 = earlier == before.cpus.end() ? 0 : earlier->all;
        const double share =
            cpu.all > all0 && cpu.busy >= busy0
                ? std::min(static_cast<double>(cpu.busy - busy0) / static_cast<double>(cpu.all - all0), 1.0)
                : 0;
        const auto full = std::min<std::size_t>(bar, static_cast<std::size_t>(share * bar + 0.5));
        std::string text = fmt::format("cpu{:<3}", cpu.cpu);
        for (std::size_t i = 0; i < bar; i++)
            text += i < full ? (size.unicode ? "█" : "#") : (size.unicode ? "░" : ".");
        text += fmt::format(" {:3.0f}%  ", 100 * share);
        if (used != 0 && used + display_width(text) > size.columns) {
            lines.emplace_back();
            used = 0;
        }
        used += display_width(text);
        lines.back().push_back({text});
    }
    return lines;
}

/// What broke, newest first.
std::vector<watch_line> violation_lines(const watch_frame &frame, std::size_t columns)
{
    std::vector<watch_line> lines;
    for (const storm_record *storm : in_order(frame)) {
        if (storm->outcome != verdict::broken && storm->invariant.empty())
            continue;
        std::istringstream parts(wrapped(
            fmt::format("storm {}, {}: {}: {}", storm->id, storm->provider, storm->invariant, storm->detail),
            columns));
        for (std::string part; std::getline(parts, part);)
            lines.push_back({{part, colour::bad}});
    }
    if (lines.empty())
        lines.push_back({{"no violation", colour::good}});
    return lines;
}

} // namespace

std::vector<cpu_time> parse_cpu_times(std::string_view text)
{
    std::vector<cpu_time> cpus;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        words >> name;
        const auto number =
            name.starts_with("cpu") ? parse_unsigned(std::string_view(name).substr(3)) : std::nullopt;
        if (!number)
            continue;
        cpu_time cpu{static_cast<unsigned>(*number & 0xffffU), 0, 0};
        std::uint64_t jiffies = 0;
        for (unsigned column = 0; words >> jiffies; column++) {
            cpu.all += jiffies;
            // The fourth and the fifth are idle and iowait.
            if (column != 3 && column != 4)
                cpu.busy += jiffies;
        }
        cpus.push_back(cpu);
    }
    return cpus;
}

std::string watch_histogram(const storm_record &storm, std::size_t columns, bool unicode)
{
    std::array<std::uint64_t, histogram_width> counts{};
    for (const release_bucket &bucket : storm.release_buckets) {
        const auto power = static_cast<unsigned>(std::bit_width(bucket.from_ns | 1U)) - 1;
        counts.at(std::clamp(power, least_power, most_power) - least_power) += bucket.count;
    }
    const std::uint64_t most = *std::ranges::max_element(counts);
    std::string text;
    const std::size_t each =
        std::max<std::size_t>(1, (histogram_width + columns - 1) / std::max<std::size_t>(1, columns));
    for (std::size_t i = 0; i < histogram_width; i += each) {
        std::uint64_t count = 0;
        for (std::size_t j = i; j < std::min(i + each, histogram_width); j++)
            count = std::max(count, counts.at(j));
        text += level(most == 0 ? 0 : static_cast<double>(count) / static_cast<double>(most), unicode);
    }
    return text;
}

std::vector<watch_line> watch_lines(const watch_frame &now, const watch_frame &before, watch_size size)
{
    std::vector<watch_line> lines;
    const auto running = std::ranges::count_if(now.storms, &storm_record::running);
    lines.push_back({{fmt::format("refstorm watch: {} storm{} running   q quits   Linux {}", running,
                                  running == 1 ? "" : "s", machine::kernel_release())}});
    for (watch_line &line : cpu_lines(now, before, size))
        lines.push_back(std::move(line));
    const std::vector<watch_line> violations = violation_lines(now, size.columns);
    const std::size_t kept = std::min<std::size_t>(violations.size(), 4) + 1;

    const bool wide = size.columns >= 100;
    const bool narrow = size.columns < 64;
    std::string header = fmt::format("{:<24}", "counter");
    if (narrow)
        header += fmt::format("{:>7} {:>8}", "ops/s", "state");
    else
        header += fmt::format("{:>8}{:>8}{:>9} {:<{}} ", "ops/s", "kills/s", "median",
                              wide ? "release, 1 µs to 8 s" : "release", wide ? histogram_width : 12);
    if (wide)
        header += fmt::format("{:>9}{:>9}  ", "p99", "most");
    if (!narrow)
        header += "state";
    lines.emplace_back();
    lines.push_back({{header}});
    for (const storm_record *storm : in_order(now)) {
        if (lines.size() + kept >= size.rows)
            break;
        const rates speed = rates_of(*storm, now, before);
        watch_line line{{fmt::format("{:<24}", storm->provider)}};
        if (narrow) {
            line.push_back({fmt::format("{:>7} ", speed.operations)});
            line.push_back({fmt::format("{:>8}", state_of(*storm)),
                            storm->running ? colour::none : colour_of(storm->outcome)});
        } else {
            line.push_back({fmt::format("{:>8}{:>8}{:>9} ", speed.operations, speed.kills,
                                        watch_time(storm->release_median_ns))});
            line.push_back({watch_histogram(*storm, wide ? histogram_width : 12, size.unicode) + " "});
            if (wide)
                line.push_back({fmt::format("{:>9}{:>9}  ", watch_time(storm->release_p99_ns),
                                            watch_time(storm->release_max_ns))});
            line.push_back({state_of(*storm), storm->running ? colour::none : colour_of(storm->outcome)});
        }
        lines.push_back(std::move(line));
    }
    if (now.storms.empty())
        lines.push_back({{"no storm has run yet: refstorm storm, in another terminal"}});
    lines.emplace_back();
    for (std::size_t i = 0; i + 1 < kept && lines.size() < size.rows; i++)
        lines.push_back(violations.at(i));
    for (watch_line &line : lines)
        line = fitting(std::move(line), size.columns);
    return lines;
}

std::vector<std::string> watch_report(const watch_frame &now, const watch_frame &before)
{
    std::vector<std::string> lines;
    for (const storm_record *storm : in_order(now)) {
        const storm_record *earlier = same_storm(before, storm->id);
        if (!storm->running && earlier != nullptr && !earlier->running)
            continue;
        const rates speed = rates_of(*storm, now, before);
        std::string line =
            fmt::format("storm {} {}: {}, {} operations/s, {} kills/s, release median {}, p99 {}", storm->id,
                        storm->provider, state_of(*storm), speed.operations, speed.kills,
                        watch_time(storm->release_median_ns), watch_time(storm->release_p99_ns));
        if (!storm->invariant.empty())
            line += fmt::format(", {}: {}", storm->invariant, storm->detail);
        lines.push_back(std::move(line));
    }
    return lines;
}

} // namespace refstorm
