// SPDX-License-Identifier: GPL-2.0
#include "kernel_report.hpp"

#include "result.hpp"

#include <algorithm>
#include <array>
#include <string>

#include <regex.h>

namespace refstorm {

namespace {

/// A compiled extended regular expression.
class pattern {
  public:
    explicit pattern(const char *text)
    {
        if (::regcomp(&compiled_, text, REG_EXTENDED) != 0)
            throw fatal_error(std::string("kernel_reports.def: no regular expression: ") + text);
    }
    pattern(const pattern &) = delete;
    pattern &operator=(const pattern &) = delete;
    ~pattern() { ::regfree(&compiled_); }

    bool is_in(std::string_view line) const
    {
        regmatch_t range[1] = {{0, static_cast<regoff_t>(line.size())}};
        return ::regexec(&compiled_, line.data(), 1, range, REG_STARTEND) == 0;
    }

  private:
    regex_t compiled_{};
};

struct report_row {
    report_class cls;
    pattern text;
};

using enum report_class;

/// Compiled when the first line comes.
const auto &report_rows()
{
#define KERNEL_REPORT(cls, text) {cls, pattern(text)},
    static const report_row rows[] = {
#include <refstorm/kernel_reports.def>
    };
#undef KERNEL_REPORT
    return rows;
}

constexpr std::array<std::string_view, 7> class_names = {"clean",  "oops",    "panic",    "stall",
                                                         "report", "warning", "unchecked"};

} // namespace

std::string_view report_class_name(report_class c)
{
    return class_names.at(static_cast<std::size_t>(c));
}

std::optional<report_class> classify(std::string_view line)
{
    const auto &rows = report_rows();
    const auto *first =
        std::ranges::find_if(rows, [line](const report_row &row) { return row.text.is_in(line); });
    if (first == std::end(rows))
        return std::nullopt;
    return first->cls;
}

bool is_warning_header(std::string_view line)
{
    return line.starts_with("WARNING: ") && classify(line) == warning;
}

} // namespace refstorm
