// SPDX-License-Identifier: GPL-2.0
/// \file
/// What a report is made of: documents of `refstorm bench --json` and `refstorm storm --json`, read
/// strictly. What is not understood is an error that names its place.
#pragma once

#include "bench_results.hpp"
#include "json_output.hpp"
#include "result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// How a counter looks in every plot, and the mainline counter that it replaces.
struct counter_look {
    std::string_view name;
    std::string_view mainline; ///< empty for mainline's own and the baseline
    bool percpu;
    unsigned colour; ///< 0xRRGGBB, of a palette that the colour-blind can tell apart
    int dash;        ///< of a line, as gnuplot numbers them
    int point;       ///< likewise
};

/// All counters, in the order in which reports show them.
const std::vector<counter_look> &counter_looks();
const counter_look *look_of(std::string_view name);

/// Kills that took \p from_ns to twice that.
struct kill_bucket {
    std::string provider;
    std::string what; ///< confirm or release
    std::uint64_t refs = 1;
    kill_load load = kill_loads.front();
    bool from_all = false;
    std::uint64_t from_ns = 0;
    std::uint64_t count = 0;
};

/// The quantiles of kills.
struct kill_times {
    kill_bucket kills; ///< which; without the last two
    std::uint64_t median_ns = 0;
    std::uint64_t p99_ns = 0;
    std::uint64_t max_ns = 0;
};

/// A benchmark on one kernel.
struct bench_document {
    std::string kernel;
    std::vector<bench_result> results;
    std::vector<kill_times> kills;
    std::vector<kill_bucket> buckets;
};

/// What a document says of where and when it was made; empty where an older one does not.
struct document_origin {
    std::string kernel;
    std::string version;
    std::string time;
    std::string arch;
    std::string accelerator;
    bool operator==(const document_origin &) const = default;
};

/// One row of a storm.
struct storm_row {
    std::string kernel;
    std::string provider;
    std::string verdict;
    std::uint64_t kills = 0;
    /// Kill to release; absent where nothing was released.
    std::optional<std::uint64_t> min_ns, median_ns, p99_ns, max_ns;
    json all = {}; ///< the row as it stands in the document
};

struct report_data {
    std::vector<bench_document> benches;
    std::vector<storm_row> storms;
    std::vector<document_origin> origins;

    /// Adds \p text, the contents of \p file: one document, or a list of them.
    result<done> add(std::string_view text, const std::string &file);
};

/// "6.1" of "6.1.0-56-cloud-amd64", "6.1-rt" of "6.1.0-56-rt-amd64".
std::string kernel_series(std::string_view kernel);

} // namespace refstorm
