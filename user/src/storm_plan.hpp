// SPDX-License-Identifier: GPL-2.0
/// \file
/// From the options of `refstorm storm` to the storms that will run, and how hard they load the machine.
#pragma once

#include "readiness.hpp"
#include "result.hpp"
#include "storm_record.hpp"
#include "table.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

enum class storm_pattern { lifecycle, saturate, ends_alive };

std::string_view pattern_name(storm_pattern p);

/// An option that goes to the module as it is: the module knows what it accepts.
struct module_option {
    std::string_view key;   ///< of the control command and of the table of storms
    std::string_view usual; ///< what the module takes if nothing is said
    std::string_view type;
    std::string_view help;

    /// `--kill-contexts` for kill_contexts.
    std::string flag() const;
};

inline constexpr std::array module_options = {
    module_option{"contexts", "pinned", "C,...",
                  "where workers run: pinned roaming nice realtime softirq hardirq, or all (default pinned)"},
    module_option{"kill_contexts", "task", "C,...",
                  "where kills happen: task irqs_off softirq hardirq, or all (default task)"},
    module_option{"delay", "0", "N", "per mille of the places between two steps that get a random delay"},
    module_option{"steps", "all", "S,...", "kinds of steps that workers do (default all)"},
    module_option{"objects", "1", "N", "objects of each killer at once (default 1)"},
    module_option{"life_us", "2000", "N", "time from birth to kill at most, in us (default 2000)"},
    module_option{"lives", "end", "L,...", "after a kill: end reinit resurrect, or all (default end)"},
    module_option{
        "ends", "grace", "E,...",
        "when counters are ended: grace (period), (by) release, (at) zero, alive, or all (default grace)"},
    module_option{"memory", "kept", "M", "kept (default) or freed: what becomes of an object after its end"},
    module_option{"switchers", "0", "N", "threads that switch modes (default 0)"},
    module_option{"gust_ms", "0", "N",
                  "workers are busy and idle by turns for this time (default: always busy)"},
    module_option{"hotplug", "0", "0|1", "kill in callbacks of CPU hotplug, too (default 0)"},
    module_option{"kprobes", "0", "0|1", "breakpoints in get, put and tryget (default 0)"},
    module_option{"track", "0", "0|1",
                  "record who holds each object; switchers turn that off and on (default 0)"},
    module_option{"hard_bound", "0", "0|1",
                  "a release() beyond the bound is lost, though it may be on its way (default 0)"},
};

/// Values of such options, by key.
using module_values = std::map<std::string, std::string, std::less<>>;

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
    module_values more;
    std::vector<std::string> adversaries; ///< of user space
    std::vector<std::string> parameters;  ///< of rsref.ko while the storms run: NAME=VALUE
    storm_pattern pattern = storm_pattern::lifecycle;
    bool longer_than_an_hour = false;
    bool bisect = false;
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
    /// What was left out because this kernel does not allow it, in words.
    std::vector<std::string> remarks = {};
    std::uint64_t total_ms() const;
};

/// Limits that are ours: the module would take more.
constexpr std::uint64_t default_total_ms = 20'000;
constexpr std::uint64_t default_killers = 2;
constexpr std::size_t worker_contexts = 6; ///< how many names `contexts` has
constexpr std::uint64_t hour_ms = 3'600'000;

/// The words of a list with commas.
std::vector<std::string> split_list(std::string_view list);

/// Chooses providers (from the table \p providers), times and threads.
result<storm_plan> make_plan(const storm_options &options, const table &providers, unsigned online_cpus);

/// "4 workers and 2 killers, all 4 CPUs busy at 100% for about 20 s; ..."
std::string load_announcement(const storm_plan &plan, unsigned online_cpus);

/// The control command that starts \p spec.
std::string control_command(const storm_spec &spec);

/// The command line that runs this very storm again.
std::string repeat_command(const storm_record &storm, const places &where);

/// The options that name \p where, each with a space before it; empty for the usual places.
std::string place_options(const places &where);

/// The record that a storm of \p spec will have, as far as it decides what is repeated.
storm_record record_of(const storm_spec &spec);

} // namespace refstorm
