// SPDX-License-Identifier: GPL-2.0
/// \file
/// The command line.
#pragma once

#include "readiness.hpp"
#include "soak.hpp"
#include "storm_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace refstorm {

enum class subcommand { load, unload, list, exec, storm, explain, oracle, bench, report, watch };

/// What `list` shows.
enum class listing { providers, objects, storms, events, status, alloc, errors };

/// What `oracle` runs.
struct oracle_options {
    std::vector<std::string> counters = {}; ///< empty: all
    std::optional<std::uint64_t> steps = {};
    std::optional<std::uint64_t> seconds_ms = {};
    std::optional<std::uint64_t> seed = {};
    std::optional<std::uint64_t> limit_ms = {}; ///< end a run that takes longer, with what it found
    bool lockstep = false;                      ///< no concurrent segments
    bool tables = false;                        ///< print how often each operation was compared, too
    std::string unlist = {}; ///< a listed difference that counts as a disagreement; empty: none
};

/// What `explain` explains.
struct explain_options {
    std::string what = {};  ///< a file of `storm --json`, or an invariant; empty: the module's last violation
    bool no_oracle = false; ///< without a run of the oracle
    bool invariants = false; ///< print docs/invariants.md
};

/// What `bench` measures.
struct bench_options {
    std::vector<std::string> providers = {}; ///< empty: all
    std::string operation = {};              ///< empty: all
    std::string clock = {};                  ///< empty: what the machine has
    std::vector<std::uint64_t> cpus = {};    ///< empty: 1 to all
    std::optional<std::uint64_t> ms = {};
};

/// The input and output of `report`.
struct report_options {
    std::vector<std::string> inputs = {};
    std::string out = "refstorm-report.html";
    std::string gnuplot = "gnuplot";
};

/// How `watch` looks.
struct watch_options {
    std::optional<std::uint64_t> interval_ms = {};
    std::optional<std::uint64_t> seconds_ms = {}; ///< nothing: until a key or a signal
};

/// A valid command line.
struct arguments {
    subcommand command = subcommand::list;
    places where;
    bool json = false;
    bool keep = false; ///< leave the modules loaded that storm or oracle loaded

    std::vector<std::string> parameters; ///< of load
    listing what = listing::providers;   ///< of list
    std::vector<std::string> words;      ///< of exec
    storm_options storm;
    soak_options soak;
    bool ktap = false; ///< of storm
    explain_options explain;
    oracle_options oracle;
    bench_options bench;
    report_options report;
    watch_options watch;
};

/// --help, --version, or an error: nothing to run, something to print.
struct nothing_to_run {
    exit_code code = exit_code::held;
    std::string out = {}; ///< --help and --version
    problem error = {};   ///< if the code says usage
};

/// The options of the subcommand \p name, as "--seed".
std::vector<std::string> option_names(const std::string &name);

/// Parses \p words, the command line without the program's name.
std::variant<arguments, nothing_to_run> parse_arguments(const std::vector<std::string> &words);

} // namespace refstorm
