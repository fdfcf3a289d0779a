// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "descriptor.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "rsref_parameters.hpp"
#include "storm_bisect.hpp"
#include "storm_plan.hpp"
#include "storm_report.hpp"
#include "storm_run.hpp"
#include "terminal.hpp"
#include "trace.hpp"

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
run_outcome run_plan(module_port &port, const storm_plan &plan, const places &where,
                     const trace_recorder *trace)
{
    stop_signals stop;
    progress shown(stderr, plan.storms.size());
    shown.say(load_announcement(plan, machine::online_cpus()));
    for (const std::string &remark : plan.remarks)
        shown.say(remark);
    storm_runner runner(port, stop, shown, where);
    // Storms that come after one that broke would overwrite it.
    runner.after_each([trace](const storm_outcome &outcome) {
        if (trace != nullptr && outcome.storm.outcome == verdict::broken)
            trace->stop();
    });
    return runner.run(plan);
}

/// The trace of the storm that broke first, or of the last.
result<done> write_trace(const trace_recorder &trace, const run_outcome &all, const std::string &file)
{
    if (all.storms.empty())
        return done{};
    const auto broken = std::ranges::find_if(
        all.storms, [](const storm_outcome &outcome) { return outcome.storm.outcome == verdict::broken; });
    const auto text = trace.text();
    if (!text)
        return text.error();
    const storm_record &storm = broken == all.storms.end() ? all.storms.back().storm : broken->storm;
    return write_whole(file,
                       trace_json(*text, storm).dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
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
    auto plan = make_plan(args.storm, *known, *providers, machine::online_cpus());
    if (!plan)
        return plan.error();

    parameters_of_rsref parameters(args.where.rsref_parameters);
    if (auto set = parameters.set(args.storm.parameters); !set)
        return set.error();
    std::unique_ptr<trace_recorder> trace;
    if (!args.storm.trace.empty()) {
        auto begun = trace_recorder::begin(args.where.tracing);
        if (!begun)
            return begun.error();
        trace = std::move(*begun);
    }
    const run_outcome all = run_plan(*port, *plan, args.where, trace.get());
    if (trace)
        if (auto written = write_trace(*trace, all, args.storm.trace); !written)
            return written.error();
    const std::string document =
        args.json || !args.storm.save.empty() ? document_text(report_json(all, args.where)) : "";
    if (args.json)
        fmt::print("{}", document);
    else
        fmt::print("{}", report_text(all, args.where, wants_colour(stdout)));
    std::fflush(stdout);
    if (!args.storm.save.empty())
        if (auto saved = write_whole(args.storm.save, document); !saved)
            return saved.error();
    if (args.storm.bisect)
        bisect_first(*port, *plan, all, args.where);
    if (all.failure)
        print_problem(stderr, *all.failure);
    return all.code();
}

} // namespace refstorm
