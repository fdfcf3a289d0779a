// SPDX-License-Identifier: GPL-2.0
#include "storm_run.hpp"

#include "expected_warning.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr std::string_view clean_log_invariant = "kernel-log-clean";
constexpr std::size_t events_shown = 16;
constexpr std::size_t history_shown = 64;

/// Worst first. A storm that was stopped has proven nothing, but no invariant broke either.
constexpr std::array verdicts_by_severity = {
    verdict::broken, verdict::unproven, verdict::running, verdict::error, verdict::stopped, verdict::held,
};

/// A start that the module refused.
problem cannot_start(const refusal &refused)
{
    problem what = refused.as_problem();
    if (refused.error_number == ENOSPC)
        what.hint =
            fmt::format("at most {} storms and {} threads run at once, all drivers together. See what runs: "
                        "refstorm list storms;\nend it: refstorm exec stop ID; or wait",
                        RS_STORMS_MAX, RS_THREADS_MAX);
    return what;
}

/// The driver's verdict on a storm that it no longer waits for.
void give_up(storm_record &storm, std::string_view why)
{
    storm.judge(verdict::running, "", fmt::format("the storm has not ended {}", why));
}

} // namespace

verdict run_outcome::overall() const
{
    verdict worst = failure ? verdict::error : interrupted ? verdict::stopped : verdict::held;
    for (const storm_outcome &each : storms) {
        const auto *a = std::ranges::find(verdicts_by_severity, each.storm.outcome);
        const auto *b = std::ranges::find(verdicts_by_severity, worst);
        worst = *std::min(a, b);
    }
    return worst;
}

bool run_outcome::has_running() const
{
    return std::ranges::any_of(
        storms, [](const storm_outcome &each) { return each.storm.outcome == verdict::running; });
}

exit_code run_outcome::code() const
{
    exit_code code = interrupted ? exit_code::interrupted : exit_code::held;
    for (const storm_outcome &each : storms)
        code = worse(code, exit_code_for_verdict(each.storm.outcome, interrupted));
    return failure ? worse(code, failure->code) : code;
}

storm_runner::storm_runner(module_port &port, stop_signals &stop, progress &shown, places where,
                           run_times times)
    : port_(port), stop_(stop), shown_(shown), where_(std::move(where)), times_(times)
{
}

run_outcome storm_runner::run(const storm_plan &plan)
{
    run_outcome all;
    all.planned = plan.storms.size();
    all.parameters = plan.parameters;
    log_.emplace(where_.kernel_log);
    for (const storm_spec &spec : plan.storms) {
        if (stop_.take())
            interrupted_ = true;
        if (interrupted_)
            break;
        auto outcome = run_one(spec);
        if (!outcome) {
            all.failure = outcome.error();
            break;
        }
        if (after_each_)
            after_each_(*outcome);
        all.storms.push_back(std::move(*outcome));
        if (all.has_running() && all.storms.size() < all.planned && !interrupted_) {
            all.failure = problem{exit_code::broken,
                                  fmt::format("storm {} has not ended, and nothing is run on top of it",
                                              all.storms.back().storm.id),
                                  "see what runs: refstorm list storms"};
            break;
        }
    }
    all.interrupted = interrupted_;
    all.log_unchecked = log_->unchecked();
    return all;
}

result<storm_outcome> storm_runner::run_one(const storm_spec &spec)
{
    if (spec.pattern == storm_pattern::saturate && !port_.lock_warnings())
        return problem{exit_code::machine,
                       "another driver provokes warnings right now, and they could not be told from ours",
                       "wait until it has ended"};
    shown_.started(spec.provider);
    // The module provokes its warnings before the command returns; the storm itself is silent.
    log_->begin_expecting(expected_of(spec));
    auto started = port_.command(control_command(spec));
    log_->end_expecting();
    if (!started)
        return cannot_start(started.error());
    auto id = started->number("storm");
    if (!id)
        return id.error();
    adversary_crew crew(spec.adversaries, where_, spec.seed);
    auto ended = watch(*id, spec);
    auto reports = crew.stop();
    if (!ended)
        return ended.error();

    storm_outcome outcome{std::move(*ended)};
    outcome.storm.adversaries = spec.adversaries;
    outcome.storm.parameters = spec.parameters;
    outcome.adversaries = std::move(reports);
    judge_by_adversaries(outcome);
    judge_by_log(outcome);
    if (outcome.storm.outcome == verdict::broken)
        collect_events(outcome);
    shown_.finished(outcome.storm);
    return outcome;
}

/// Waits until the storm has ended, or until it should have long ago.
result<storm_record> storm_runner::watch(std::uint64_t id, const storm_spec &spec)
{
    const auto bound = milliseconds(spec.bound_ms);
    auto deadline = clock::now() + milliseconds(spec.ms) + bound + times_.margin;
    bool watch_storms = true;
    for (;;) {
        auto storm = find(id);
        if (!storm || !storm->running)
            return storm;
        shown_.update(*storm);
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock::now());
        if (left <= milliseconds::zero()) {
            (void)port_.command(fmt::format("stop {}", id));
            give_up(*storm,
                    interrupted_ ? "after it was asked to stop" : "after its time and its bound were over");
            return storm;
        }

        const auto longest = watch_storms ? shown_.interval() : times_.breath;
        switch (port_.wait(stop_.fd(), std::min(left, longest), watch_storms)) {
        case wake::timeout:
            watch_storms = true;
            break;
        case wake::storms_changed:
            // Another storm may change often: read the table again only after the next timeout.
            watch_storms = false;
            break;
        case wake::stop_asked:
            while (stop_.take()) {
            }
            if (interrupted_) {
                give_up(*storm, "and a second signal ended the wait for it");
                return storm;
            }
            interrupted_ = true;
            shown_.say(fmt::format("stopping storm {}", id));
            (void)port_.command(fmt::format("stop {}", id));
            deadline = std::min(deadline, clock::now() + bound + times_.margin);
            break;
        }
    }
}

result<storm_record> storm_runner::find(std::uint64_t id)
{
    auto storms = read_storms(port_);
    if (!storms)
        return storms.error();
    const auto found = std::ranges::find(*storms, id, &storm_record::id);
    if (found == storms->end())
        return problem{exit_code::machine, fmt::format("storm {} is not in the table of storms any more", id),
                       fmt::format("the module remembers {} finished ones", RS_STORM_HISTORY)};
    return std::move(*found);
}

/// A warning comes once until it is armed again.
bool storm_runner::arm_warnings(warning_owner owner) const
{
    const auto directory =
        owner == warning_owner::rsref ? where_.rsref_parameters : where_.debugfs.parent_path();
    const auto file = descriptor::open(directory / "clear_warn_once", O_WRONLY);
    return file && ::write(file->get(), "1", 1) == 1;
}

/// The warnings that the start of the storm will provoke.
std::vector<expectation> storm_runner::expected_of(const storm_spec &spec) const
{
    std::vector<expectation> expected;
    const auto provoked = saturation_warnings_of(spec.provider);
    if (spec.pattern != storm_pattern::saturate || !provoked)
        return expected;
    const bool armed = arm_warnings(provoked->owner);
    for (const expected_warning &each : provoked->warnings)
        expected.push_back({armed ? each.count : 0, each.count, each.text, 0});
    return expected;
}

/// A storm whose adversary could do nothing has not stood it.
void storm_runner::judge_by_adversaries(storm_outcome &outcome)
{
    if (outcome.storm.outcome != verdict::held)
        return;
    for (const adversary_report &each : outcome.adversaries)
        if (!each.problem.empty())
            outcome.storm.judge(verdict::error, "", fmt::format("adversary {}: {}", each.name, each.problem));
        else if (each.rounds == 0)
            outcome.storm.judge(verdict::unproven, "",
                                fmt::format("adversary {} did not get to do anything", each.name));
}

void storm_runner::judge_by_log(storm_outcome &outcome)
{
    log_judgement judgement = log_->judge();
    outcome.log = judgement.state;
    outcome.complaints = std::move(judgement.complaints);
    // What the module found outweighs: it names the invariant that broke first.
    if (outcome.log == log_state::complained && outcome.storm.outcome != verdict::broken)
        outcome.storm.judge(verdict::broken, clean_log_invariant, outcome.complaints.front());
    else if (!judgement.unknown.empty() && outcome.storm.outcome == verdict::held)
        outcome.storm.judge(
            verdict::unproven, "",
            fmt::format("the kernel log has a part of a report that is not known: {}", judgement.unknown));
}

/// Lines of the module's \p file that have \p words; the last \p most of them.
std::vector<std::string> storm_runner::lines_with(std::string_view file, std::string_view words,
                                                  std::size_t most)
{
    std::vector<std::string> lines;
    const auto text = port_.read(file);
    if (!text)
        return lines;
    std::string_view rest = *text;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size() - 1);
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        if (line.find(words) != std::string_view::npos)
            lines.emplace_back(line);
    }
    if (lines.size() > most)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
    return lines;
}

void storm_runner::collect_events(storm_outcome &outcome)
{
    outcome.events = lines_with("events", fmt::format("subject=storm:{} ", outcome.storm.id), events_shown);
    const std::string ours = fmt::format("storm={} ", outcome.storm.id);
    outcome.history = lines_with("history", ours, history_shown);
    if (auto account = lines_with("account", ours, 1); !account.empty())
        outcome.account = std::move(account.front());
}

} // namespace refstorm
