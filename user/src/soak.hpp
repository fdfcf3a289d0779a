// SPDX-License-Identifier: GPL-2.0
/// \file
/// A long run: the storms of a plan again and again, a slice of time each. Its file has a JSON line for each
/// slice, from which a driver that was ended can go on.
#pragma once

#include "storm_run.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace refstorm {

/// What `storm --hours` asks for.
struct soak_options {
    std::optional<std::uint64_t> total_ms = {}; ///< nothing: no long run
    std::string log = "refstorm-soak.jsonl";
    bool resume = false;
};

/// Length of a slice unless --seconds says another.
constexpr std::uint64_t soak_slice_ms = 60'000;

/// A long run that has come to an end, or was interrupted.
struct soak_outcome {
    verdict worst = verdict::held;
    std::uint64_t slices = 0;
    std::uint64_t ms = 0; ///< storms took so long in all
    std::uint64_t allocations = 0;
    bool interrupted = false;
    exit_code code() const;
};

/// The whole of a long run.
class soak {
  public:
    soak(module_port &port, stop_signals &stop, progress &shown, places where, run_times times = {});

    /// Runs \p plan until the time is over, a storm breaks or a signal comes.
    result<soak_outcome> run(const storm_plan &plan, const soak_options &options);

  private:
    result<done> begin(const soak_options &options);
    result<done> resume(const soak_options &options);
    result<done> take_up_running_storm();
    result<done> slice(const storm_plan &plan, const soak_options &options);
    result<done> append(const std::string &line);
    result<done> record_slice(storm_outcome &outcome);
    result<std::uint64_t> allocations();
    result<std::uint64_t> settled_allocations();

    module_port &port_;
    stop_signals &stop_;
    progress &shown_;
    places where_;
    run_times times_;
    std::filesystem::path log_;
    soak_outcome so_far_;
};

/// "verdict: held (45 slices, 45 min; allocations=9 after each; FILE)"
std::string soak_text(const soak_outcome &outcome, const soak_options &options);

} // namespace refstorm
