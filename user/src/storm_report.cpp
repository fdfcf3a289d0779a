// SPDX-License-Identifier: GPL-2.0
#include "storm_report.hpp"

#include "explanation.hpp"
#include "units.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace refstorm {

namespace {

std::string count_or_dash(std::optional<std::uint64_t> count)
{
    return count ? format_count(*count) : "-";
}

std::string time_or_dash(std::optional<std::uint64_t> ns)
{
    return ns ? format_nanoseconds(*ns) : "-";
}

/// A verdict as it stands in the table for a person.
std::string_view label(verdict v)
{
    return v == verdict::running ? "running" : verdict_name(v);
}

std::string log_sentence(const run_outcome &all)
{
    if (std::ranges::any_of(all.storms,
                            [](const storm_outcome &s) { return s.log == log_state::complained; }))
        return "kernel log: complaints, see below";
    if (!all.log_unchecked.empty())
        return fmt::format("kernel log: unchecked ({})", all.log_unchecked);
    return "kernel log: clean";
}

/// "verdict: held (7 of 7 storms; ...)"
std::string overall_line(const run_outcome &all, bool with_colour)
{
    const auto held = std::ranges::count_if(
        all.storms, [](const storm_outcome &s) { return s.storm.outcome == verdict::held; });
    const verdict overall = all.overall();
    std::string line = fmt::format("verdict: {} ({} of {} storms held",
                                   with_colour ? paint(label(overall), colour_of(overall)) : label(overall),
                                   held, all.planned);
    if (!all.storms.empty() && all.storms.front().storm.pattern != pattern_name(storm_pattern::saturate))
        line += fmt::format("; no-lost-count: release() at most {} after the last put",
                            format_length(all.storms.front().storm.bound_ms));
    return fmt::format("{}; {})\n", line, log_sentence(all));
}

/// Why a row that says unproven, stopped or error does not pass.
std::string reason(const storm_outcome &outcome)
{
    const storm_record &storm = outcome.storm;
    if (!storm.detail.empty())
        return storm.detail;
    switch (storm.outcome) {
    case verdict::unproven:
        return "no operation overlapped a kill on another CPU: it takes two CPUs, and a longer storm or more "
               "workers help";
    case verdict::stopped:
        return "it was stopped before its time";
    case verdict::running:
    case verdict::held:
    case verdict::broken:
    case verdict::error:
        break;
    }
    return "the module gave no reason";
}

/// All about a storm that did not hold.
std::string failure_text(const storm_outcome &outcome, const storm_parameters &parameters,
                         const places &where, std::optional<std::size_t> width)
{
    const storm_record &storm = outcome.storm;
    std::string text = fmt::format("\n{}: {}", storm.provider, label(storm.outcome));
    if (!storm.invariant.empty())
        text += fmt::format(": {}", storm.invariant);
    text += fmt::format("\n  {}\n", reason(outcome));
    if (!storm.object.empty())
        text += fmt::format("  object: {}\n", storm.object);
    for (const std::string &complaint : outcome.complaints)
        text += fmt::format("  kernel log: {}\n", complaint);
    for (const std::string &event : outcome.events)
        text += fmt::format("  event: {}\n", event);
    if (storm.outcome == verdict::broken)
        text += explanation_text(violation_of(outcome), width);
    text += fmt::format("  seed: {}\n  repeat: {}\n", storm.seed, repeat_command(storm, parameters, where));
    return text;
}

/// "adversaries: cpus 3 rounds, unload 120" over all storms; empty if there were none.
std::string adversaries_line(const run_outcome &all)
{
    std::map<std::string, std::uint64_t> rounds;
    for (const storm_outcome &outcome : all.storms)
        for (const adversary_report &each : outcome.adversaries)
            rounds[each.name] += each.rounds;
    std::string text;
    for (const auto &[name, count] : rounds)
        text +=
            fmt::format("{} {} {}", text.empty() ? "adversaries, rounds:" : ",", name, format_count(count));
    return text.empty() ? text : text + "\n";
}

/// Nothing to explain: it held, or the user stopped it.
bool passed_or_cut_short(const storm_outcome &outcome, bool interrupted)
{
    return outcome.storm.outcome == verdict::held ||
           (interrupted && outcome.storm.outcome == verdict::stopped);
}

} // namespace

std::string storms_text(const std::vector<storm_record> &storms, bool with_state, bool with_colour)
{
    text_table rows;
    if (with_state)
        rows.add_column("storm", align::right);
    rows.add_column("provider", align::left);
    if (with_state) {
        rows.add_column("pattern", align::left);
        rows.add_column("seed", align::left);
    }
    // Most storms kill all that they end.
    const bool with_alive_ends = std::ranges::any_of(
        storms, [](const storm_record &storm) { return storm.alive_ends.value_or(0) != 0; });
    for (const char *title :
         {"operations", "ops/s", "kills", "overlapped", "overlap ops", "release min", "median", "p99", "max"})
        rows.add_column(title, align::right);
    if (with_alive_ends)
        rows.add_column("ended alive", align::right);
    rows.add_column("verdict", align::left);

    for (const storm_record &storm : storms) {
        std::vector<std::string> cells;
        if (with_state)
            cells.push_back(fmt::format("{}", storm.id));
        cells.push_back(storm.provider);
        if (with_state) {
            cells.push_back(storm.pattern);
            cells.push_back(fmt::format("{}", storm.seed));
        }
        for (const auto &count : {storm.operations, storm.operations_per_second(), storm.kills,
                                  storm.overlapped_kills, storm.overlap_operations})
            cells.push_back(count_or_dash(count));
        for (const auto &ns :
             {storm.release_min_ns, storm.release_median_ns, storm.release_p99_ns, storm.release_max_ns})
            cells.push_back(time_or_dash(ns));
        if (with_alive_ends)
            cells.push_back(count_or_dash(storm.alive_ends));
        cells.emplace_back(label(storm.outcome));
        const std::size_t last = cells.size() - 1;
        rows.add_row(std::move(cells));
        rows.paint_last_row(last, colour_of(storm.outcome));
    }
    return rows.text(with_colour);
}

violation violation_of(const storm_outcome &outcome)
{
    violation what{outcome.storm.provider, outcome.storm.invariant, outcome.storm.detail};
    if (auto account = parse_record(outcome.account, "account"); account && !outcome.account.empty())
        what.account = std::move(*account);
    for (const std::string &line : outcome.history)
        if (auto row = parse_record(line, "history"))
            what.history.push_back(std::move(*row));
    return what;
}

std::string report_text(const run_outcome &all, const places &where, bool with_colour,
                        std::optional<std::size_t> width)
{
    std::string text;
    if (!all.storms.empty()) {
        std::vector<storm_record> storms;
        std::ranges::transform(all.storms, std::back_inserter(storms), &storm_outcome::storm);
        text = storms_text(storms, false, with_colour);
    }
    text += adversaries_line(all);
    text += overall_line(all, with_colour);
    for (const storm_outcome &outcome : all.storms)
        if (!passed_or_cut_short(outcome, all.interrupted))
            text += failure_text(outcome, all.parameters, where, width);
    return text;
}

json report_json(const run_outcome &all, const places &where)
{
    json document = new_document();
    document["verdict"] = label(all.overall());
    document["exit"] = static_cast<int>(all.code());
    document["interrupted"] = all.interrupted;
    document["kernel_log"] = all.log_unchecked.empty() ? json("checked") : json(all.log_unchecked);
    document["failure"] = nullptr;
    if (all.failure)
        document["failure"] = {{"message", all.failure->what}, {"hint", all.failure->hint}};
    document["planned"] = all.planned;
    document["storms"] = json::array();
    for (const storm_outcome &outcome : all.storms) {
        json storm = to_json(outcome.storm.raw);
        storm["kernel_log"] = log_state_name(outcome.log);
        storm["complaints"] = outcome.complaints;
        storm["last_events"] = to_json(outcome.events);
        storm["history"] = to_json(outcome.history);
        storm["account"] = nullptr;
        storm["explanation"] = nullptr;
        if (outcome.storm.outcome == verdict::broken) {
            const violation what = violation_of(outcome);
            if (what.account)
                storm["account"] = to_json(*what.account);
            storm["explanation"] = explanation_json(what);
        }
        storm["adversaries"] = json::object();
        for (const adversary_report &each : outcome.adversaries)
            storm["adversaries"][each.name] = each.rounds;
        storm["repeat"] = repeat_command(outcome.storm, all.parameters, where);
        document["storms"].push_back(std::move(storm));
    }
    return document;
}

} // namespace refstorm
