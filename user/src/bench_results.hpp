// SPDX-License-Identifier: GPL-2.0
/// \file
/// What a benchmark found: results with types, ours beside mainline's, and the document of them.
#pragma once

#include "json_output.hpp"
#include "result.hpp"
#include "table.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// One measured value.
struct bench_result {
    std::string provider;
    std::string operation;
    std::uint64_t cpus = 1;
    std::string unit;
    double value = 0;

    bool operator==(const bench_result &) const = default;
};

/// A counter of the table `providers`, and the mainline counter that it replaces.
struct bench_provider {
    std::string name;
    std::string mainline; ///< empty for mainline's own and the baseline
    bool percpu = false;  ///< has a kill that is more than a put
};

/// All of a benchmark so far.
struct bench_results {
    std::vector<bench_result> results = {};
    /// CPUs that the machine could have, which is how many slots a per-CPU count has.
    std::uint64_t possible_cpus = 0;
    /// Lines of other kinds, as they were.
    std::vector<record> others = {};

    /// Adds a run: the file `bench` as \p text, which must be of run \p run.
    result<done> add_run(std::string_view text, std::uint64_t run);
    const bench_result *find(const bench_result &like, std::string_view provider) const;

    /// `schema`, `kernel`, `possible_cpus`, `results`, and the other lines by kind.
    json document() const;
    /// Tables for a person: costs, operations a second over CPUs, kills.
    std::string text(const std::vector<bench_provider> &providers) const;
};

/// What the CPUs that do not kill did meanwhile: debugfs's word, and the words of the report.
struct kill_load {
    std::string_view name;
    std::string_view text;
};

constexpr std::array kill_loads = {
    kill_load{"none", "idle"},
    kill_load{"users", "while others get and put"},
    kill_load{"busy", "under load"},
    kill_load{"used", "idle, used before"},
};

/// The load of that name; nullptr if there is none.
const kill_load *find_kill_load(std::string_view name);

/// The counters that the module has, in its order.
result<std::vector<bench_provider>> read_bench_providers(const table &providers);

/// A value without zeros at its end: "40", "6.375", "12.5 M" if it is operations a second.
std::string format_bench_value(double value, std::string_view unit);

} // namespace refstorm
