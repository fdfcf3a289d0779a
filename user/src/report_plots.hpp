// SPDX-License-Identifier: GPL-2.0
/// \file
/// Which plots a report has, and what gnuplot is told to draw.
#pragma once

#include "report_data.hpp"

#include <string>
#include <vector>

namespace refstorm {

/// A plot before it is drawn.
struct plot {
    std::string id;      ///< of its element in the page
    std::string title;   ///< with the kernel, if it is of one
    std::string caption; ///< how to read it
    std::string script;  ///< for gnuplot
};

/// Instructions of a get and its put, a plot for each kernel.
std::vector<plot> instruction_plots(const report_data &data);
/// Kill to release, cumulated over a logarithmic axis of time, for each way to kill and each kernel.
std::vector<plot> kill_plots(const report_data &data);
/// Pairs a second over the CPUs that do them at once.
std::vector<plot> throughput_plots(const report_data &data);
/// Bytes of a counter, cold and hot.
std::vector<plot> memory_plots(const report_data &data);
/// Kill to release in storms: the least, the median, the 99th percentile, the most.
std::vector<plot> storm_plots(const report_data &data);

/// A measured value with groups of digits: "1,234", "12.3".
std::string grouped_value(double value);

/// "10,000 at once, under load, by all CPUs": which kills these are.
std::string kills_text(const kill_bucket &kills);

} // namespace refstorm
