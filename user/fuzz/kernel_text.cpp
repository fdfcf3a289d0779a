// SPDX-License-Identifier: GPL-2.0
// What the kernel writes: its log.
#include "target.hpp"

#include "kernel_log.hpp"
#include "kernel_report.hpp"

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

} // namespace refstorm::fuzzing
