// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "rsref_parameters.hpp"
#include "soak.hpp"
#include "storm_bisect.hpp"
#include "storm_ktap.hpp"
#include "storm_plan.hpp"
#include "storm_report.hpp"
#include "storm_run.hpp"
#include "terminal.hpp"
#include "units.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// The spec of a storm that has run: with the seed that the module chose.
storm_spec spec_of(const storm_plan &plan, const storm_outcome &outcome, std::size_t nth)
{
    storm_spec spec = plan.storms.at(nth);
    spec.seed = outcome.storm.seed;
    return spec;
}

/// Shrinks the first storm that broke, and says on stderr what came out.
void bisect_first(module_port &port, const storm_plan &plan, const run_outcome &all, const places &where)
{
    const auto broken = std::ranges::find_if(
        all.storms, [](const storm_outcome &outcome) { return outcome.storm.outcome == verdict::broken; });
    if (broken == all.storms.end() || all.interrupted)
        return;
    const storm_spec spec = spec_of(plan, *broken, static_cast<std::size_t>(broken - all.storms.begin()));
    const std::string invariant = broken->storm.invariant;
    stop_signals stop;
    progress shown(stderr, 1);
    shown.say(fmt::format("looking for a smaller mix that breaks {} of {}, too", invariant, spec.provider));
    const auto attempt = [&](const storm_spec &candidate) {
        progress quiet(stderr, 1);
        storm_plan one;
        one.storms = {candidate};
        const run_outcome outcome = storm_runner(port, stop, quiet, where).run(one);
        if (outcome.interrupted)
            return still::interrupted;
        if (outcome.failure || outcome.storms.empty() || outcome.storms[0].storm.invariant != invariant)
            return still::holds;
        shown.say(
            fmt::format("still breaks: {}", repeat_command(record_of(candidate), plan.parameters, where)));
        return still::breaks;
    };
    const bisection found = bisect(spec, plan.parameters, attempt);
    shown.say(fmt::format("{} after {} runs; the smallest mix that breaks it: {}",
                          found.interrupted ? "interrupted" : "done", found.runs,
                          repeat_command(record_of(found.smallest), plan.parameters, where)));
}

/// Runs the plan with signals caught.
run_outcome run_plan(module_port &port, const storm_plan &plan, const places &where)
{
    stop_signals stop;
    progress shown(stderr, plan.storms.size());
    shown.say(load_announcement(plan, machine::online_cpus()));
    for (const std::string &remark : plan.remarks)
        shown.say(remark);
    return storm_runner(port, stop, shown, where).run(plan);
}

/// The plan of a long run: slices of the same length, whatever the whole takes.
storm_options options_of(const arguments &args)
{
    storm_options options = args.storm;
    if (!args.soak.total_ms)
        return options;
    options.seconds_ms = options.seconds_ms.value_or(soak_slice_ms);
    options.longer_than_an_hour = true;
    return options;
}

result<exit_code> run_soak(module_port &port, const storm_plan &plan, const arguments &args)
{
    stop_signals stop;
    const std::uint64_t slice = plan.storms.front().ms;
    progress shown(stderr, (*args.soak.total_ms + slice - 1) / slice);
    shown.say(load_announcement(plan, machine::online_cpus()));
    shown.say(fmt::format("again and again for {}; results go to {}", format_length(*args.soak.total_ms),
                          args.soak.log));
    for (const std::string &remark : plan.remarks)
        shown.say(remark);
    const auto outcome = soak(port, stop, shown, args.where).run(plan, args.soak);
    if (!outcome)
        return outcome.error();
    fmt::print("{}", soak_text(*outcome, args.soak));
    std::fflush(stdout);
    return outcome->code();
}

} // namespace

result<exit_code> command_storm(const arguments &args)
{
    if (args.storm.pattern == storm_pattern::saturate)
        if (auto allowed = may_warn(machine{}, "a saturating storm"); !allowed)
            return allowed.error();
    auto ready = make_ready(args.where, {});
    if (!ready)
        return ready.error();
    const loaded_meanwhile loaded(args.where, args.keep ? std::vector<std::string>{} : ready->report.loaded);
    // Closed before the modules are removed: open files would keep them.
    const std::unique_ptr<debugfs_port> port = std::move(ready->port);

    auto providers = port->read_table("providers");
    if (!providers)
        return providers.error();
    auto known = storm_parameters::read(*port);
    if (!known)
        return known.error();
    auto plan = make_plan(options_of(args), *known, *providers, machine::online_cpus());
    if (!plan)
        return plan.error();

    parameters_of_rsref parameters(args.where.rsref_parameters);
    if (auto set = parameters.set(args.storm.parameters); !set)
        return set.error();
    if (args.soak.total_ms)
        return run_soak(*port, *plan, args);
    const run_outcome all = run_plan(*port, *plan, args.where);
    if (args.ktap)
        fmt::print("{}", report_ktap(all));
    else if (args.json)
        fmt::print("{}", document_text(report_json(all, args.where)));
    else
        fmt::print("{}", report_text(all, args.where, wants_colour(stdout)));
    std::fflush(stdout);
    if (args.storm.bisect)
        bisect_first(*port, *plan, all, args.where);
    if (all.failure)
        print_problem(stderr, *all.failure);
    return all.code();
}

} // namespace refstorm
