// SPDX-License-Identifier: GPL-2.0
/// \file
/// From the options of `refstorm storm` to the storms that will run, and how hard they load the machine.
#pragma once

#include "readiness.hpp"
#include "result.hpp"
#include "storm_parameters.hpp"
#include "storm_record.hpp"
#include "table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

enum class storm_pattern { lifecycle, saturate, ends_alive };

std::string_view pattern_name(storm_pattern p);

/// What the command line asks for; nothing where it says nothing.
struct storm_options {
    std::vector<std::string> providers;
    std::optional<std::uint64_t> seconds_ms; ///< for each provider
    std::optional<std::uint64_t> total_ms;   ///< for all together
    std::optional<std::uint64_t> seed;
    std::optional<std::uint64_t> workers;
    std::optional<std::uint64_t> killers;
    std::optional<std::uint64_t> bound_ms;
    std::optional<std::uint64_t> duty;
    module_values more;                   ///< the module knows what it accepts
    std::vector<std::string> adversaries; ///< of user space
    std::vector<std::string> parameters;  ///< of rsref.ko while the storms run: NAME=VALUE
    storm_pattern pattern = storm_pattern::lifecycle;
    bool longer_than_an_hour = false;
    bool bisect = false;
    std::string trace = {}; ///< a file for a trace; empty: none
    std::string save = {};  ///< a file for the JSON document; empty: none
};

/// One storm to run.
struct storm_spec {
    std::string provider;
    std::uint64_t ms = 0;
    std::uint64_t seed = 0; ///< 0: the module chooses
    std::uint64_t workers = 0;
    std::uint64_t killers = 0;
    storm_pattern pattern = storm_pattern::lifecycle;
    std::uint64_t bound_ms = 0;
    std::uint64_t duty = 0;
    module_values more = {};
    std::vector<std::string> adversaries = {};
    std::vector<std::string> parameters = {};
};

/// The storms of one run, which go one after the other.
struct storm_plan {
    std::vector<storm_spec> storms;
    storm_parameters parameters = {}; ///< what the module could be asked
    /// What was left out because this kernel does not allow it, in words.
    std::vector<std::string> remarks = {};
    std::uint64_t total_ms() const;
};

/// Limits that are ours: the module would take more.
constexpr std::uint64_t default_total_ms = 20'000;
constexpr std::uint64_t hour_ms = 3'600'000;

/// Chooses providers (from the table \p providers), times and threads; \p parameters says what the module
/// accepts, and what it takes if nothing is said.
result<storm_plan> make_plan(const storm_options &options, const storm_parameters &parameters,
                             const table &providers, unsigned online_cpus);

/// "4 workers and 2 killers, all 4 CPUs busy at 100% for about 20 s; ..."
std::string load_announcement(const storm_plan &plan, unsigned online_cpus);

/// The control command that starts \p spec.
std::string control_command(const storm_spec &spec);

/// The command line that runs this very storm again; of \p parameters it has those that are not as usual.
std::string repeat_command(const storm_record &storm, const storm_parameters &parameters,
                           const places &where);

/// The options that name \p where, each with a space before it; empty for the usual places.
std::string place_options(const places &where);

/// The record that a storm of \p spec will have, as far as it decides what is repeated.
storm_record record_of(const storm_spec &spec);

} // namespace refstorm
