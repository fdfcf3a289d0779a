// SPDX-License-Identifier: GPL-2.0
/// \file
/// What `watch` shows, apart from how: lines made of two looks at the module.
#pragma once

#include "storm_record.hpp"
#include "terminal.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace refstorm {

/// Jiffies of a CPU since it came online.
struct cpu_time {
    unsigned cpu = 0;
    std::uint64_t busy = 0;
    std::uint64_t all = 0;
};

/// The module and the machine at one moment.
struct watch_frame {
    std::chrono::steady_clock::time_point when = {};
    std::vector<storm_record> storms = {};
    std::vector<cpu_time> cpus = {};
};

/// Part of a line.
struct watch_span {
    std::string text;
    colour with = colour::none;
};
using watch_line = std::vector<watch_span>;

/// How large the picture may be, and whether the terminal shows more than ASCII.
struct watch_size {
    std::size_t columns = 80;
    std::size_t rows = 24;
    bool unicode = true;
};

/// Parses /proc/stat.
std::vector<cpu_time> parse_cpu_times(std::string_view text);

/// A picture of the storms, the running ones first.
std::vector<watch_line> watch_lines(const watch_frame &now, const watch_frame &before, watch_size size);

/// For where there is no terminal: a line for each storm that runs, or has ended since \p before.
std::vector<std::string> watch_report(const watch_frame &now, const watch_frame &before);

/// Release times as a bar for each power of two: "  .:#. ", from 1 µs to 8 s.
std::string watch_histogram(const storm_record &storm, std::size_t columns, bool unicode);

} // namespace refstorm
