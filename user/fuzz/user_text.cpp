// SPDX-License-Identifier: GPL-2.0
// What people write: command lines, profiles, numbers, files for a report.
#include "target.hpp"

#include "arguments.hpp"
#include "number.hpp"
#include "profile.hpp"
#include "report_data.hpp"
#include "report_plots.hpp"
#include "sample_commands.hpp"
#include "storm_plan.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include <refstorm/refstorm.h>

namespace refstorm::fuzzing {

namespace {

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void demand_usage(const problem &why)
{
    demand(!why.what.empty() && why.code == exit_code::usage, "what people wrote is refused with a reason");
}

/// gnuplot runs what stands between backquotes, and what follows a quote that a name has closed.
void demand_only_drawing(const std::vector<plot> &plots)
{
    constexpr std::array commands = {"set ", "plot ", "$", "END"};
    for (const plot &each : plots) {
        bool data = false;
        for (const std::string &line : lines_of(each.script)) {
            demand(line.find_first_of("`\\!;") == line.npos, "a script only draws");
            demand(std::count(line.begin(), line.end(), '"') % 2 == 0, "no name ends its quote");
            demand(line.find("nan") == line.npos && line.find("inf") == line.npos,
                   "what is drawn are numbers");
            demand(data || std::ranges::any_of(commands,
                                               [&](const char *word) { return line.starts_with(word); }),
                   "a script has only commands of ours");
            data = line.starts_with("$") || (data && line != "END");
        }
    }
}

} // namespace

void take_report(std::string_view input)
{
    report_data data;
    if (const auto added = data.add(input, "fuzz.json"); !added) {
        demand_usage(added.error());
        return;
    }
    for (const auto of : {instruction_plots, kill_plots, throughput_plots, memory_plots, storm_plots})
        demand_only_drawing(of(data));
}

void take_profile(std::string_view input)
{
    const auto options = parse_profile(std::string(input), "fuzz");
    if (!options) {
        // A byte order mark that an editor has written is a fault of the machine's.
        if (options.error().code != exit_code::machine)
            demand_usage(options.error());
        demand(!options.error().what.empty(), "a profile is refused with a reason");
        return;
    }
    for (const auto &[option, value] : *options)
        demand(!option.empty() && !value.empty() && option.find('=') == option.npos,
               "an option of a profile has a name and a value");
}

void take_command_line(std::string_view input)
{
    // Profiles are files, whose text has a target of its own.
    if (input.find("--profile") != input.npos)
        return;
    const auto parsed = parse_arguments(lines_of(input));
    if (const auto *nothing = std::get_if<nothing_to_run>(&parsed)) {
        if (nothing->code == exit_code::held)
            demand(!nothing->out.empty(), "help is text");
        else
            demand_usage(nothing->error);
        return;
    }
    static const table providers = *parse_table(
        "# provider saturates kill_contexts lives ends\n"
        "provider=rs_refcount saturates=1 kill_contexts=all lives=end ends=release\n"
        "provider=percpu_ref saturates=0 kill_contexts=task lives=end,reinit ends=grace,release\n",
        "providers");
    const auto &storm = std::get<arguments>(parsed).storm;
    const auto plan = make_plan(storm, sample_parameters(), providers, 4);
    if (!plan) {
        demand_usage(plan.error());
        return;
    }
    demand(!plan->storms.empty(), "a plan has storms");
    demand(plan->total_ms() <= hour_ms || storm.longer_than_an_hour,
           "more than an hour is said to be wanted");
    for (const storm_spec &spec : plan->storms) {
        demand(spec.ms >= RS_STORM_MS_MIN && spec.ms <= RS_STORM_MS_MAX, "a storm has a length that can be");
        demand(spec.workers >= 1 && spec.workers <= RS_WORKERS_MAX && spec.killers >= 1 &&
                   spec.killers <= RS_KILLERS_MAX,
               "a storm has threads, and not too many");
        demand(!control_command(spec).empty() &&
                   !repeat_command(record_of(spec), sample_parameters(), {}).empty(),
               "a storm can be asked for, and again");
    }
    demand(!load_announcement(*plan, 4).empty(), "a plan is announced");
}

void take_number(std::string_view input)
{
    const std::string text(input);
    if (const auto number = parse_unsigned(input)) {
        const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
        char *end = nullptr;
        errno = 0;
        demand(std::strtoull(text.c_str(), &end, hexadecimal ? 16 : 10) == *number && errno == 0 &&
                   end == text.c_str() + text.size(),
               "a number is what the C library reads, too");
    }
    if (const auto number = parse_fraction(input)) {
        char *end = nullptr;
        demand(std::strtod(text.c_str(), &end) == *number && end == text.c_str() + text.size(),
               "a fraction is what the C library reads, too");
        demand(std::isfinite(*number) && *number >= 0, "a fraction is a number from 0 on");
    }
}

} // namespace refstorm::fuzzing
