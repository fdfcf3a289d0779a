// SPDX-License-Identifier: GPL-2.0
#include "report_plots.hpp"

#include "number.hpp"
#include "units.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// Narrow enough for a telephone; a wide page has several beside each other.
constexpr int width = 440;

/// The settings of all plots: size, font, no markup in names.
std::string preamble(const plot &of, int height, std::string_view xlabel, std::string_view ylabel)
{
    return fmt::format("set encoding utf8\n"
                       "set terminal svg size {},{} dynamic name \"{}\" font \"sans-serif,12\" noenhanced\n"
                       "set xlabel \"{}\"\nset ylabel \"{}\"\n"
                       "set border 3 lc rgb \"#444444\"\nset tics nomirror\n"
                       "set grid lc rgb \"#dddddd\" lt 1\n",
                       width, height, of.id, xlabel, ylabel);
}

/// One bar of a chart with horizontal bars.
struct bar {
    std::string label;
    double value;
    const counter_look *look;
    double offset = 0;       ///< of its middle, in rows
    double thickness = 0.72; ///< in rows
    bool light = false;
    std::string note = {}; ///< after the value
};

/// Bars from the top down, each row with its label, each bar with its value.
std::string bars(const std::vector<bar> &all, const std::vector<std::string> &labels)
{
    std::string script = "set ytics (";
    for (std::size_t i = 0; i < labels.size(); i++)
        script += fmt::format("{}\"{}\" {}", i == 0 ? "" : ", ", labels[i], i + 1);
    script += ")\nset ytics scale 0\nset grid noytics\n";
    double most = 0;
    std::size_t longest = 0;
    std::string data[2];
    for (const bar &each : all) {
        const auto row = std::ranges::find(labels, each.label) - labels.begin() + 1 + each.offset;
        data[each.light ? 1 : 0] +=
            fmt::format("{:.2f} {} {:.2f} {:.2f} {} \"{}{}\"\n", row, each.value, row - each.thickness / 2,
                        row + each.thickness / 2, each.look->colour, grouped_value(each.value), each.note);
        longest = std::max(longest, each.note.size());
        most = std::max(most, each.value);
    }
    script += fmt::format("set yrange [{}:0.4]\nset xrange [0:{}]\nset key off\n", labels.size() + 0.6,
                          (most > 0 ? most : 1.0) * (1.2 + 0.04 * static_cast<double>(longest)));
    std::string plots;
    for (int light : {0, 1}) {
        if (data[light].empty())
            continue;
        script += fmt::format("$bars{} << END\n{}END\n", light, data[light]);
        plots += fmt::format("{}$bars{} using (0):1:(0):2:3:4:5 with boxxyerror fs {} lc rgb variable, "
                             "$bars{} using 2:1:6 with labels left offset 0.4,0",
                             plots.empty() ? "" : ", ", light,
                             light == 1 ? "transparent solid 0.35" : "solid", light);
    }
    return script + "plot " + plots + "\n";
}

/// A logarithmic axis of seconds, with room for its labels.
std::string seconds_axis()
{
    return "set logscale x\nset format x \"%.0s %cs\"\nset xtics 100\n";
}

std::string in_order(const bench_document &bench, std::string_view operation, std::string_view unit,
                     std::vector<std::pair<const counter_look *, double>> &into)
{
    for (const counter_look &look : counter_looks())
        for (const bench_result &each : bench.results)
            if (each.provider == look.name && each.operation == operation && each.unit == unit)
                into.emplace_back(&look, each.value);
    return kernel_series(bench.kernel);
}

/// A name that an element may have.
std::string id_of(std::string_view kind, std::size_t nth)
{
    return fmt::format("{}_{}", kind, nth + 1);
}

} // namespace

std::string grouped_value(double value)
{
    const auto whole = whole_part(value);
    return whole && static_cast<double>(*whole) == value ? format_grouped(*whole)
           : whole && *whole >= 1000                     ? format_grouped(*whole_part(value + 0.5))
                                                         : format_bench_value(value, "");
}

std::string kills_text(const kill_bucket &kills)
{
    if (kills.refs == 1)
        return fmt::format("one at a time, {}", kills.load.text);
    return fmt::format("{} at once, {}, by {}", format_grouped(kills.refs), kills.load.text,
                       kills.from_all ? "all CPUs" : "one CPU");
}

std::vector<plot> instruction_plots(const report_data &data)
{
    std::vector<plot> plots;
    for (const bench_document &bench : data.benches) {
        std::vector<std::pair<const counter_look *, double>> values;
        const std::string kernel = in_order(bench, "pair", "instructions", values);
        if (values.empty())
            continue;
        plot next{id_of("instructions", plots.size()), fmt::format("A get and its put, Linux {}", kernel),
                  "Instructions of the inlined pair, exact; shorter is better.", ""};
        std::vector<bar> all;
        std::vector<std::string> labels;
        for (const auto &[look, value] : values) {
            labels.emplace_back(look->name);
            all.push_back({labels.back(), value, look});
        }
        next.script =
            preamble(next, 90 + 22 * static_cast<int>(labels.size()), "instructions", "") + bars(all, labels);
        plots.push_back(std::move(next));
    }
    return plots;
}

std::vector<plot> memory_plots(const report_data &data)
{
    std::vector<plot> plots;
    for (const bench_document &bench : data.benches) {
        std::vector<std::pair<const counter_look *, double>> cold;
        std::vector<std::pair<const counter_look *, double>> hot;
        const std::string kernel = in_order(bench, "memory_cold", "bytes", cold);
        in_order(bench, "memory_hot", "bytes", hot);
        if (cold.empty() && hot.empty())
            continue;
        const auto cpus = std::ranges::find(bench.results, "memory_hot", &bench_result::operation);
        plot next{
            id_of("memory", plots.size()),
            fmt::format("Bytes of one counter, Linux {}{}", kernel,
                        cpus == bench.results.end() ? "" : fmt::format(", {} possible CPUs", cpus->cpus)),
            "Light: cold, never used. Full: hot, counting per CPU if it can. Measured with the "
            "allocators' accounts; shorter is better.",
            ""};
        std::vector<bar> all;
        std::vector<std::string> labels;
        for (const auto *values : {&cold, &hot})
            for (const auto &[look, value] : *values) {
                if (std::ranges::find(labels, look->name) == labels.end())
                    labels.emplace_back(look->name);
                const bool light = values == &cold;
                all.push_back({std::string(look->name), value, look, light ? -0.2 : 0.2, 0.36, light});
            }
        next.script =
            preamble(next, 90 + 32 * static_cast<int>(labels.size()), "bytes", "") + bars(all, labels);
        plots.push_back(std::move(next));
    }
    return plots;
}

std::vector<plot> throughput_plots(const report_data &data)
{
    std::vector<plot> plots;
    for (const bool percpu : {false, true})
        for (const bench_document &bench : data.benches) {
            std::vector<const bench_result *> results;
            std::set<std::uint64_t> cpus;
            for (const bench_result &each : bench.results)
                if (each.operation == "pair" && each.unit == "ops_per_second" &&
                    look_of(each.provider)->percpu == percpu) {
                    results.push_back(&each);
                    cpus.insert(each.cpus);
                }
            if (results.empty())
                continue;
            plot next{id_of("throughput", plots.size()),
                      fmt::format("Million pairs a second, Linux {}", kernel_series(bench.kernel)),
                      fmt::format("{}, by so many CPUs together on one counter; longer is better.",
                                  percpu ? "Per-CPU counters" : "Counters of one word"),
                      ""};
            std::vector<bar> all;
            std::vector<std::string> labels;
            const double thickness = 0.84 / static_cast<double>(cpus.size());
            for (const counter_look &look : counter_looks())
                for (const bench_result *each : results) {
                    if (each->provider != look.name)
                        continue;
                    if (std::ranges::find(labels, look.name) == labels.end())
                        labels.emplace_back(look.name);
                    const auto nth = std::distance(cpus.begin(), cpus.find(each->cpus));
                    const double offset = -0.42 + thickness * (static_cast<double>(nth) + 0.5);
                    // Three digits are more than a measurement of time has.
                    all.push_back({std::string(look.name), std::round(each->value / 1e4) / 100, &look, offset,
                                   0.9 * thickness, false, fmt::format(" by {}", each->cpus)});
                }
            const auto height = 20 + 16 * cpus.size();
            next.script =
                preamble(next, 90 + static_cast<int>(height * labels.size()), "million pairs a second", "") +
                bars(all, labels);
            plots.push_back(std::move(next));
        }
    return plots;
}

std::vector<plot> kill_plots(const report_data &data)
{
    using ways = std::tuple<std::uint64_t, std::string_view, bool>;
    std::vector<ways> all;
    for (const bench_document &bench : data.benches)
        for (const kill_bucket &each : bench.buckets)
            if (std::ranges::find(all, ways(each.refs, each.load.name, each.from_all)) == all.end())
                all.emplace_back(each.refs, each.load.name, each.from_all);
    std::vector<plot> plots;
    for (const ways &way : all)
        for (const bench_document &bench : data.benches) {
            std::map<std::string, std::map<std::uint64_t, std::uint64_t>> counts;
            std::string title;
            for (const kill_bucket &each : bench.buckets)
                if (each.what == "release" && ways(each.refs, each.load.name, each.from_all) == way) {
                    counts[each.provider][each.from_ns] += each.count;
                    title = kills_text(each);
                }
            if (counts.empty())
                continue;
            std::string tics;
            std::string hills;
            int n = 0;
            for (const counter_look &look : counter_looks()) {
                const auto found = counts.find(std::string(look.name));
                if (found == counts.end())
                    continue;
                std::uint64_t most = 0;
                for (const auto &[ns, count] : found->second)
                    most = std::max(most, count);
                if (most == 0)
                    continue;
                n++;
                tics += fmt::format("{}\"{}\" {}", n == 1 ? "" : ", ", look.name, n);
                for (const auto &[ns, count] : found->second)
                    hills +=
                        fmt::format("{} {} {} {} {:.3f} {:.2f} {}\n", static_cast<double>(ns) / 1e9, n + 0.4,
                                    static_cast<double>(ns) / 1e9, 2 * static_cast<double>(ns) / 1e9,
                                    n + 0.4 - 0.8 * static_cast<double>(count) / static_cast<double>(most),
                                    n + 0.4, look.colour);
            }
            if (n == 0)
                continue;
            plot next{
                id_of("kills", plots.size()), fmt::format("Linux {}: {}", kernel_series(bench.kernel), title),
                "A hill for each counter: how many kills had their release() so long after the kill; further "
                "left is better.",
                ""};
            next.script =
                preamble(next, 90 + 30 * n, "time since the kill (logarithmic)", "") + seconds_axis() +
                fmt::format("set key off\nset grid noytics\nset ytics scale 0\nset ytics ({})\n"
                            "set yrange [{}:0.4]\n$hills << END\n{}END\n"
                            "plot $hills using 1:2:3:4:5:6:7 with boxxyerror fs solid lc rgb variable\n",
                            tics, n + 0.6, hills);
            plots.push_back(std::move(next));
        }
    return plots;
}

std::vector<plot> storm_plots(const report_data &data)
{
    std::vector<plot> plots;
    std::vector<std::string> kernels;
    for (const storm_row &each : data.storms)
        if (std::ranges::find(kernels, each.kernel) == kernels.end())
            kernels.push_back(each.kernel);
    for (const std::string &kernel : kernels) {
        std::string tics;
        std::string rows;
        int n = 0;
        for (const counter_look &look : counter_looks())
            for (const storm_row &each : data.storms) {
                if (each.kernel != kernel || each.provider != look.name || !each.min_ns || !each.median_ns ||
                    !each.p99_ns || !each.max_ns)
                    continue;
                const auto seconds = [](std::optional<std::uint64_t> ns) {
                    return std::max(static_cast<double>(*ns), 1.0) / 1e9;
                };
                n++;
                tics += fmt::format("{}\"{}\" {}", n == 1 ? "" : ", ", look.name, n);
                rows += fmt::format("{} {} {} {} {} {}\n", n, seconds(each.min_ns), seconds(each.median_ns),
                                    seconds(each.p99_ns), seconds(each.max_ns), look.colour);
            }
        if (n == 0)
            continue;
        plot next{id_of("storm", plots.size()),
                  fmt::format("Linux {}: kill to release in a storm", kernel_series(kernel)),
                  "From the least to the most; the dot is the median, the stroke the 99th percentile.", ""};
        next.script =
            preamble(next, 90 + 22 * n, "time since the kill (logarithmic)", "") + seconds_axis() +
            fmt::format("set key off\nset grid noytics\n"
                        "set ytics scale 0\nset ytics ({})\nset yrange [{}:0.4]\n"
                        "$rows << END\n{}END\n"
                        "plot $rows using 2:1:($5-$2):(0):6 with vectors nohead lw 2 lc rgb variable, "
                        "$rows using 4:($1-0.28):(0):(0.56):6 with vectors nohead lw 2 lc rgb variable, "
                        "$rows using 3:1:6 with points pt 7 ps 1 lc rgb variable\n",
                        tics, n + 0.6, rows);
        plots.push_back(std::move(next));
    }
    return plots;
}

} // namespace refstorm
