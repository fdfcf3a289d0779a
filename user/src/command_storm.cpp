// SPDX-License-Identifier: GPL-2.0
#include "command_explain.hpp"
#include "commands.hpp"
#include "descriptor.hpp"
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
#include "trace.hpp"
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

/// Has the counter of \p provider an operation tryget_live, by the table \p providers?
bool has_tryget_live(const table &providers, const std::string &provider)
{
    return std::ranges::any_of(providers.rows, [&](const record &row) {
        const auto name = row.text("provider");
        const auto ops = row.text("ops");
        if (!name || *name != provider || !ops)
            return false;
        const auto words = split_list(*ops);
        return std::ranges::find(words, "tryget_live") != words.end();
    });
}

/// The time that a run of the bisection gets: what broke soon breaks soon again.
std::uint64_t time_of_try(const storm_record &broken)
{
    constexpr std::uint64_t least_ms = 2000;
    constexpr std::uint64_t times = 5;
    return std::min(broken.ms, std::max(least_ms, times * broken.elapsed_ms.value_or(broken.ms)));
}

/// Shrinks the first storm that broke, and says on stderr what came out.
void bisect_first(module_port &port, const storm_plan &plan, const table &providers, const run_outcome &all,
                  const places &where)
{
    const auto broken = std::ranges::find_if(
        all.storms, [](const storm_outcome &outcome) { return outcome.storm.outcome == verdict::broken; });
    if (broken == all.storms.end() || all.interrupted)
        return;
    progress shown(stderr, 1);
    if (all.has_running()) {
        shown.say("no search for a smaller mix: a storm has not ended, and nothing is run on top of it");
        return;
    }
    const storm_spec spec = spec_of(plan, *broken, static_cast<std::size_t>(broken - all.storms.begin()));
    const std::string invariant = broken->storm.invariant;
    const std::uint64_t try_ms = time_of_try(broken->storm);
    stop_signals stop;
    shown.say(fmt::format("looking for a smaller mix that breaks {} of {}, too; each run takes at most {}",
                          invariant, spec.provider, format_length(try_ms)));
    bisect_driver driver;
    driver.attempt = [&](const storm_spec &candidate) {
        progress quiet(stderr, 1);
        storm_plan one;
        one.storms = {candidate};
        one.storms.front().ms = std::min(candidate.ms, try_ms);
        const run_outcome outcome = storm_runner(port, stop, quiet, where).run(one);
        if (outcome.interrupted)
            return still::interrupted;
        if (outcome.has_running()) {
            shown.say(fmt::format("storm {} did not end; nothing is run on top of it",
                                  outcome.storms.front().storm.id));
            return still::impossible;
        }
        if (outcome.failure) {
            shown.say(fmt::format("a run could not be made: {}", outcome.failure->what));
            return still::impossible;
        }
        if (outcome.storms.empty() || outcome.storms[0].storm.invariant != invariant)
            return still::holds;
        shown.say(
            fmt::format("still breaks: {}", repeat_command(record_of(candidate), plan.parameters, where)));
        return still::breaks;
    };
    driver.tell = [&](const bisect_step &step) {
        shown.say(fmt::format("{} of {}: {}; at most {} left", step.number, step.count, step.what,
                              format_length(step.runs_left * try_ms)));
    };
    const bisection found = bisect(
        spec, plan.parameters, needed_steps(invariant, has_tryget_live(providers, spec.provider)), driver);
    shown.say(fmt::format("{} after {} runs; the smallest mix that breaks it: {}",
                          found.interrupted  ? "interrupted"
                          : found.impossible ? "given up"
                                             : "done",
                          found.runs, repeat_command(record_of(found.smallest), plan.parameters, where)));
}

/// After a storm that broke: the oracle's word on that counter, and where to go on.
void explain_first(module_port &port, const run_outcome &all, const places &where, bool stays_loaded)
{
    const auto broken = std::ranges::find_if(
        all.storms, [](const storm_outcome &outcome) { return outcome.storm.outcome == verdict::broken; });
    if (broken == all.storms.end() || all.interrupted)
        return;
    if (all.has_running()) {
        fmt::print("\n{}\n", "no oracle: a storm is still running");
        return;
    }
    const std::string &provider = broken->storm.provider;
    stop_signals stop;
    fmt::print("\n{}:\n  oracle: {}\n{}", provider, oracle_line(port, stop, where, provider),
               where_to_read_on());
    fmt::print("{}", stays_loaded
                         ? "  the modules stay loaded: refstorm explain says this again, and the files "
                           "account and history have it all; refstorm unload removes the modules\n"
                         : "  --keep leaves the modules loaded after such a run, to look at\n");
    std::fflush(stdout);
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
    if (args.ktap)
        fmt::print("{}", report_ktap(all));
    else if (args.json)
        fmt::print("{}", document);
    else
        fmt::print("{}", report_text(all, args.where, wants_colour(stdout), columns_of(stdout)));
    std::fflush(stdout);
    if (!args.json && !args.ktap)
        explain_first(*port, all, args.where, args.keep || ready->report.loaded.empty());
    if (!args.storm.save.empty())
        if (auto saved = write_whole(args.storm.save, document); !saved)
            return saved.error();
    if (args.storm.bisect)
        bisect_first(*port, *plan, *providers, all, args.where);
    if (all.failure)
        print_problem(stderr, *all.failure);
    return all.code();
}

} // namespace refstorm
