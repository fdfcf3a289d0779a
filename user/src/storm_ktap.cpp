// SPDX-License-Identifier: GPL-2.0
#include "storm_ktap.hpp"

#include <fmt/format.h>

namespace refstorm {

namespace {

/// The lines that explain a storm, before its result. A line of the kernel's log is one line.
std::string diagnostics(const storm_outcome &outcome)
{
    const storm_record &storm = outcome.storm;
    std::string text = fmt::format("# verdict={} operations={} kills={} overlapped_kills={} seed={}\n",
                                   verdict_name(storm.outcome), storm.operations.value_or(0),
                                   storm.kills.value_or(0), storm.overlapped_kills.value_or(0), storm.seed);
    if (!storm.invariant.empty())
        text += fmt::format("# invariant={}\n", storm.invariant);
    if (!storm.detail.empty())
        text += fmt::format("# {}\n", storm.detail);
    for (const std::string &complaint : outcome.complaints)
        text += fmt::format("# kernel log: {}\n", complaint);
    return text;
}

} // namespace

std::string report_ktap(const run_outcome &all)
{
    std::string text = fmt::format("KTAP version 1\n1..{}\n", all.planned);
    std::size_t number = 0;
    std::size_t passed = 0;
    for (const storm_outcome &outcome : all.storms) {
        const bool held = outcome.storm.outcome == verdict::held;
        passed += held ? 1 : 0;
        text += diagnostics(outcome);
        text += fmt::format("{}ok {} storm of {}\n", held ? "" : "not ", ++number, outcome.storm.provider);
    }
    const std::size_t run = number;
    if (all.failure && number < all.planned) {
        text += fmt::format("# {}\nnot ok {} storm that cannot run\n", all.failure->what, ++number);
    }
    const std::size_t ended = number;
    while (number < all.planned)
        text += fmt::format("ok {} storm # SKIP not begun\n", ++number);
    return text + fmt::format("# Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:{}\n", passed,
                              run - passed, all.planned - ended, ended - run);
}

} // namespace refstorm
