// SPDX-License-Identifier: GPL-2.0
/// \file
/// `refstorm oracle`: mainline's counters and ours, compared step by step by the module.
#pragma once

#include "arguments.hpp"
#include "json_output.hpp"
#include "log_watch.hpp"
#include "module_port.hpp"
#include "progress.hpp"
#include "stop_signals.hpp"

#include <string>
#include <utility>
#include <vector>

namespace refstorm {

/// What the `oracle` file says of the runs that were asked for, and the kernel log of each.
struct oracle_outcome {
    /// Lines of the file, of the counters that ran: runs, differences, cells, the shrunk sequence. The
    /// lines of runs have `kernel_log` and `repeat` beside what the module says.
    std::vector<record> lines = {};
    /// What the kernel complained of, with the counter that ran then.
    std::vector<std::pair<std::string, std::string>> complaints = {};
    /// Why the kernel log was not checked; empty if it was.
    std::string log_unchecked = {};
    /// The kernel log has a part of a report that is not known: nothing is proven.
    bool unknown_report = false;
    bool interrupted = false;

    exit_code code() const;
    json document() const;
    /// The verdicts first, then what differed; with \p tables the cells, too.
    std::string text(bool tables = false) const;
    /// The verdict of each run, in a sentence.
    std::string sentences() const;
    /// Whether a run found a difference that is not listed.
    bool differs() const;
};

/// Runs what is asked for, one counter after the other. Each start makes counters warn, which is announced
/// in the kernel log.
class oracle_runner {
  public:
    /// \p shown, if given, shows how far a run is.
    oracle_runner(module_port &port, stop_signals &stop, places where, progress *shown = nullptr)
        : port_(port), stop_(stop), where_(std::move(where)), shown_(shown)
    {
    }

    result<oracle_outcome> run(const oracle_options &options);

  private:
    result<done> start(const std::string &counter, const oracle_options &options, log_watch &log);
    result<std::vector<record>> watch(const std::string &counter, const oracle_options &options,
                                      oracle_outcome &outcome);
    void show(const std::vector<record> &lines, const oracle_options &options);
    result<std::vector<record>> lines_of(const std::string &counter);

    module_port &port_;
    stop_signals &stop_;
    places where_;
    progress *shown_;
};

} // namespace refstorm
