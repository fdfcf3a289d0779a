// SPDX-License-Identifier: GPL-2.0
/// \file
/// Runs storms one after the other, watches the kernel log beside them, and judges each.
#pragma once

#include "adversaries.hpp"
#include "expected_warning.hpp"
#include "log_watch.hpp"
#include "module_port.hpp"
#include "progress.hpp"
#include "readiness.hpp"
#include "stop_signals.hpp"
#include "storm_plan.hpp"
#include "storm_record.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace refstorm {

/// One storm that has run.
struct storm_outcome {
    storm_record storm;
    log_state log = log_state::unchecked;
    /// Complaints that were not announced.
    std::vector<std::string> complaints = {};
    /// For one that broke: the last events of the storm, as the module wrote them.
    std::vector<std::string> events = {};
    /// And what happened to the object, from all CPUs in the order of time.
    std::vector<std::string> history = {};
    /// And what its counter counted, beside what it should have counted; empty if no object broke.
    std::string account = {};
    /// What user space did to it meanwhile.
    std::vector<adversary_report> adversaries = {};
};

/// All storms of one run.
struct run_outcome {
    /// How many storms the plan had.
    std::size_t planned = 0;
    std::vector<storm_outcome> storms;
    /// What the module could be asked.
    storm_parameters parameters = {};
    bool interrupted = false;
    /// Why the run could not go on, if it could not.
    std::optional<problem> failure;
    /// Why the kernel log was not checked; empty if it was.
    std::string log_unchecked;

    /// The worst of all verdicts; `held` only if every storm that was planned held.
    verdict overall() const;
    exit_code code() const;
    /// A storm was given up that has not ended: nothing may run on top of it.
    bool has_running() const;
};

/// Times that the tests shorten.
struct run_times {
    /// A storm may end this much later than its time and its bound together.
    std::chrono::milliseconds margin = std::chrono::seconds(15);
    /// Least time between two looks at `storms`.
    std::chrono::milliseconds breath = std::chrono::milliseconds(50);
    /// What the module frees late, a storm's memory after grace periods, is freed within this time.
    std::chrono::milliseconds patience = std::chrono::seconds(120);
};

/// Runs a plan.
class storm_runner {
  public:
    storm_runner(module_port &port, stop_signals &stop, progress &shown, places where, run_times times = {});

    /// \p each is called when a storm has ended.
    void after_each(std::function<void(const storm_outcome &)> each) { after_each_ = std::move(each); }

    /// Runs \p plan to its end, or until a signal comes or nothing more can run.
    run_outcome run(const storm_plan &plan);

  private:
    result<storm_outcome> run_one(const storm_spec &spec);
    result<storm_record> watch(std::uint64_t id, const storm_spec &spec);
    result<storm_record> find(std::uint64_t id);
    std::vector<expectation> expected_of(const storm_spec &spec) const;
    bool arm_warnings(warning_owner owner) const;
    void judge_by_adversaries(storm_outcome &outcome);
    void judge_by_log(storm_outcome &outcome);
    std::vector<std::string> lines_with(std::string_view file, std::string_view words, std::size_t most);
    void collect_events(storm_outcome &outcome);

    module_port &port_;
    stop_signals &stop_;
    progress &shown_;
    places where_;
    run_times times_;

    std::function<void(const storm_outcome &)> after_each_;
    std::optional<log_watch> log_;
    bool interrupted_ = false;
};

} // namespace refstorm
