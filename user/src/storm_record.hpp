// SPDX-License-Identifier: GPL-2.0
/// \file
/// One line of the table `storms`, with types.
#pragma once

#include "module_port.hpp"
#include "result.hpp"
#include "table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// How a storm ended.
enum class verdict {
    running,  ///< it has not ended
    held,     ///< every invariant held, and operations overlapped kills
    broken,   ///< an invariant broke
    unproven, ///< nothing broke, but nothing overlapped either
    stopped,  ///< it was stopped before its time
    error,    ///< it could not be set up
};

std::string_view verdict_name(verdict v);
std::optional<verdict> parse_verdict(std::string_view name);

/// The exit code of a run whose worst verdict is \p v; \p interrupted is true if this driver's user
/// stopped it, and false if another process did. Only `held` passes.
exit_code exit_code_for_verdict(verdict v, bool interrupted);

/// Kills whose release() came after \p from_ns to twice that.
struct release_bucket {
    std::uint64_t from_ns = 0;
    std::uint64_t count = 0;
    bool operator==(const release_bucket &) const = default;
};

/// Parses "1024:3,2048:9"; nothing if it is anything else.
std::optional<std::vector<release_bucket>> parse_release_buckets(std::string_view text);

/// A storm as the module shows it.
struct storm_record {
    /// The line as it was, all keys; what the driver finds out later is set here too.
    record raw;

    std::uint64_t id = 0;
    std::string provider;
    std::string pattern;
    bool running = false;
    std::uint64_t seed = 0;
    std::uint64_t workers = 0;
    std::uint64_t killers = 0;
    std::uint64_t ms = 0;
    std::uint64_t bound_ms = 0;
    std::uint64_t duty = 0;
    std::optional<std::uint64_t> elapsed_ms;
    std::optional<std::uint64_t> operations;
    std::optional<std::uint64_t> kills;
    std::optional<std::uint64_t> overlap_operations;
    std::optional<std::uint64_t> overlapped_kills;
    std::optional<std::uint64_t> alive_ends;
    std::optional<std::uint64_t> release_min_ns;
    std::optional<std::uint64_t> release_median_ns;
    std::optional<std::uint64_t> release_p99_ns;
    std::optional<std::uint64_t> release_max_ns;
    /// How long kill to release took, by powers of two; empty if the module does not tell.
    std::vector<release_bucket> release_buckets;
    verdict outcome = verdict::running;
    /// Empty where the table says `-`.
    std::string invariant;
    std::string object;
    std::string detail;
    /// What the driver did meanwhile.
    std::vector<std::string> adversaries;
    std::vector<std::string> parameters;

    /// Operations a second over the time that the storm has run.
    std::optional<std::uint64_t> operations_per_second() const;
    /// Replaces the module's verdict by the driver's, here and in `raw`.
    void judge(verdict v, std::string_view because_of, std::string_view words);
};

/// Gives a line its types.
result<storm_record> parse_storm(record raw);

/// All lines of `storms`.
result<std::vector<storm_record>> read_storms(module_port &port);

} // namespace refstorm
