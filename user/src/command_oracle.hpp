// SPDX-License-Identifier: GPL-2.0
/// \file
/// `refstorm oracle`: mainline's counters and ours, compared step by step by the module.
#pragma once

#include "arguments.hpp"
#include "json_output.hpp"
#include "module_port.hpp"
#include "stop_signals.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// What the `oracle` file says of the runs that were asked for.
struct oracle_outcome {
    /// Lines of the file, of the counters that ran: runs, differences, cells, the shrunk sequence.
    std::vector<record> lines = {};
    bool interrupted = false;

    exit_code code() const;
    json document() const;
    std::string text() const;
};

/// Runs what \p options ask for, one counter after the other. \p announce is told the lines for the
/// kernel log around each start, which makes counters warn.
class oracle_runner {
  public:
    using announcer = void (*)(void *context, std::string_view line);

    oracle_runner(module_port &port, stop_signals &stop, announcer announce, void *context)
        : port_(port), stop_(stop), announce_(announce), context_(context)
    {
    }

    result<oracle_outcome> run(const oracle_options &options);

  private:
    result<done> start(const std::string &counter, const oracle_options &options);
    result<done> watch(const std::string &counter, oracle_outcome &outcome);
    result<std::vector<record>> lines_of(const std::string &counter);

    module_port &port_;
    stop_signals &stop_;
    announcer announce_;
    void *context_;
};

} // namespace refstorm
