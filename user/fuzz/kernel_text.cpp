// SPDX-License-Identifier: GPL-2.0
// What the kernel writes: its log.
#include "target.hpp"

#include "kernel_log.hpp"
#include "kernel_report.hpp"
#include "text_table.hpp"
#include "trace.hpp"
#include "watch_view.hpp"

#include <algorithm>

namespace refstorm::fuzzing {

void take_kernel_log(std::string_view input)
{
    log_scanner scanner;
    std::size_t warnings = 0;
    while (!input.empty()) {
        const auto end = std::min(input.find('\n'), input.size());
        if (const auto next = parse_log_record(input.substr(0, end))) {
            // An escaped newline makes several lines of one record.
            std::string_view rest = next->text;
            while (next->facility == 0 && !rest.empty()) {
                const auto line = rest.substr(0, rest.find('\n'));
                warnings += is_warning_header(line) && line.find("[ cut here ]") == line.npos;
                rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            }
            scanner.feed(*next);
        }
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    // What is ended may still be found by take().
    const std::vector<expectation> open = scanner.open();
    while (!scanner.open().empty())
        scanner.end();
    const log_findings found = scanner.take();
    std::size_t told = found.unannounced.size();
    for (const expectation &each : found.ended) {
        demand(each.seen <= each.most, "no announcement takes more than it announced");
        told += each.seen;
    }
    demand(open.size() <= found.ended.size(), "what was announced is told about");
    demand(warnings <= told, "no warning is lost");
    const log_findings none = scanner.take();
    demand(none.unannounced.empty() && none.ended.empty(), "what was taken is gone");
}

void take_trace(std::string_view input)
{
    storm_record storm;
    storm.outcome = verdict::broken;
    const json trace = trace_json(input, storm);
    double last = 0;
    for (const json &event : trace["traceEvents"]) {
        const double time = event.value("ts", last);
        demand(time >= last, "events are in the order of time");
        demand(event.value("dur", 0.0) >= 0, "nothing ends before it begins");
        last = time;
    }
    demand(json::accept(trace.dump(-1, ' ', false, json::error_handler_t::replace)), "a trace is JSON");
}

void take_watch(std::string_view input)
{
    watch_frame frame;
    frame.cpus = parse_cpu_times(input);
    frame.when += std::chrono::seconds(1);
    if (auto buckets = parse_release_buckets(input.substr(0, input.find('\n')))) {
        frame.storms.emplace_back();
        frame.storms.back().release_buckets = std::move(*buckets);
    }
    for (const std::size_t columns : {20, 80, 120}) {
        const auto lines = watch_lines(frame, {}, {columns, 24, true});
        for (const watch_line &line : lines) {
            std::size_t used = 0;
            for (const watch_span &span : line)
                used += display_width(span.text);
            demand(used <= columns, "no line is longer than the terminal is wide");
        }
    }
}

} // namespace refstorm::fuzzing
