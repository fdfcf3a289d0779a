// SPDX-License-Identifier: GPL-2.0
#include "explanation.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace refstorm {

namespace {

std::string worker_words(const record &row)
{
    const std::string event = text_of(row, "event");
    const bool done = text_of(row, "result") == "1";
    const std::int64_t nr = number_or(row, "nr", 1);
    const std::string call = event == "acquire"        ? "tryget"
                             : event == "acquire_live" ? "tryget_live"
                             : nr == 1                 ? event
                                                       : fmt::format("{} {}", event, nr);
    if (!done) {
        const std::int64_t times = number_or(row, "times", 1);
        return fmt::format("{} refused{}", call, times > 1 ? fmt::format(", {} times", times) : "");
    }
    const auto held = number_of(row, "held");
    if (!held)
        return call;
    return fmt::format("{}: holds {} -> {}", call, event == "put" ? *held + nr : *held - nr, *held);
}

/// The state of a life's event, after the one before; \p before is what the state was then.
std::string life_words(const record &row, std::string &before)
{
    const std::string event = text_of(row, "event");
    std::string text = event;
    if (event == "kill" && text_of(row, "result") == "1")
        text += " (with confirmation)";
    if (event == "killed")
        text += text_of(row, "result") == "1" ? " (true)" : " (false)";
    const std::string now = state_words(row);
    if (now != "unknown")
        text += before.empty() || before == now ? fmt::format(": {}", now)
                                                : fmt::format(": {} -> {}", before, now);
    if (const auto found = checkpoint_of(row, "", event); found && found->off() != 0)
        text += fmt::format(", should be {}", found->should);
    before = now;
    return text;
}

bool is_use(const record &row)
{
    return text_of(row, "mode").empty() && text_of(row, "actor").starts_with("worker") &&
           text_of(row, "count").empty() && text_of(row, "owned").empty();
}

struct change {
    std::int64_t time_ns = 0;
    std::size_t lane = 0;
    std::string cpu;
    std::string who;
    std::string words;
};

constexpr std::size_t uses_shown = 28;

std::vector<change> changes_of(const violation &what, std::vector<std::string> &cpus, std::size_t &left_out)
{
    const std::int64_t end = violated_at(what);
    const auto uses = static_cast<std::size_t>(std::ranges::count_if(what.history, is_use));
    left_out = uses > uses_shown ? uses - uses_shown : 0;
    std::size_t skip = left_out;
    std::vector<change> all;
    std::string before;
    for (const record &row : what.history) {
        const bool use = is_use(row);
        if (use && skip > 0) {
            --skip;
            continue;
        }
        const std::string cpu = text_of(row, "cpu");
        if (std::ranges::find(cpus, cpu) == cpus.end())
            cpus.push_back(cpu);
        std::string who = actor_words(row);
        if (text_of(row, "context") != "task")
            who += fmt::format(" ({})", text_of(row, "context"));
        all.push_back({number_or(row, "time_ns", 0) - end, 0, cpu, std::move(who),
                       use ? worker_words(row) : life_words(row, before)});
    }
    std::ranges::sort(cpus, {}, [](const std::string &cpu) { return std::atoi(cpu.c_str()); });
    for (change &each : all)
        each.lane = static_cast<std::size_t>(std::ranges::find(cpus, each.cpu) - cpus.begin());
    return all;
}

constexpr std::size_t time_width = 14;
constexpr std::size_t text_width = 44;
constexpr std::size_t narrowest_lane = 10;
constexpr std::size_t widest_lane = 32;

} // namespace

std::vector<std::string> change_lines(const violation &what, std::optional<std::size_t> width)
{
    std::vector<std::string> cpus;
    std::size_t left_out = 0;
    const auto all = changes_of(what, cpus, left_out);
    std::vector<std::string> lines;
    if (all.empty())
        return lines;
    if (left_out != 0)
        lines.push_back(fmt::format("({} earlier gets and puts: the file history)", left_out));
    const std::size_t stride =
        cpus.size() < 2 || !width || *width < time_width + text_width
            ? 0
            : std::min(widest_lane, (*width - time_width - text_width) / (cpus.size() - 1));
    if (stride < narrowest_lane) {
        lines.push_back(fmt::format("{:>{}}  cpu  ", "µs", time_width - 2));
        for (const change &each : all)
            lines.push_back(fmt::format("{:>{}}  {:>3}  {}: {}", microseconds(each.time_ns), time_width - 2,
                                        each.cpu, each.who, each.words));
        return lines;
    }
    std::string head = fmt::format("{:>{}}  ", "µs", time_width - 2);
    for (const std::string &cpu : cpus)
        head += fmt::format("{:<{}}", "CPU " + cpu, stride);
    lines.push_back(head);
    for (const change &each : all) {
        const std::string words = fmt::format("{}: {}", each.who, each.words);
        // The text may be longer than its lane: each line has one only. It must not leave the terminal.
        std::size_t at = each.lane * stride;
        if (time_width + at + words.size() > *width)
            at = *width > time_width + words.size() ? std::min(at, *width - time_width - words.size()) : 0;
        std::string lanes(at, ' ');
        for (std::size_t lane = 0; lane < cpus.size() && lane * stride < at; ++lane)
            lanes[lane * stride] = '.';
        lines.push_back(
            fmt::format("{:>{}}  {}{}", microseconds(each.time_ns), time_width - 2, lanes, words));
    }
    return lines;
}

} // namespace refstorm
