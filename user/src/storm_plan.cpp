// SPDX-License-Identifier: GPL-2.0
#include "storm_plan.hpp"

#include "expected_warning.hpp"
#include "units.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

/// What the plan needs to know of a provider.
struct provider_row {
    std::string name;
    bool saturates = false;
};

result<std::vector<provider_row>> read_providers(const table &providers)
{
    std::vector<provider_row> rows;
    for (const record &row : providers.rows) {
        auto name = row.text("provider");
        if (!name)
            return name.error();
        auto saturates = row.number("saturates");
        if (!saturates)
            return saturates.error();
        rows.push_back({std::move(*name), *saturates != 0});
    }
    if (rows.empty())
        return problem{exit_code::machine, "the module has no providers"};
    return rows;
}

/// The providers that run: those that were named, else all that can.
result<std::vector<std::string>> choose_providers(const storm_options &options,
                                                  std::vector<provider_row> known)
{
    if (options.pattern == storm_pattern::saturate)
        std::erase_if(known, [](const provider_row &row) { return !row.saturates; });
    std::vector<std::string> accepted;
    std::ranges::transform(known, std::back_inserter(accepted), &provider_row::name);
    if (options.providers.empty())
        return accepted;
    for (const std::string &name : options.providers)
        if (std::ranges::find(accepted, name) == accepted.end())
            return problem{exit_code::usage,
                           fmt::format("--provider: no provider {}is called '{}'",
                                       options.pattern == storm_pattern::saturate ? "that saturates " : "",
                                       name),
                           fmt::format("accepted: {}", fmt::join(accepted, " "))};
    return options.providers;
}

/// The length of each storm, in milliseconds.
result<std::uint64_t> length_of_each(const storm_options &options, std::size_t storms)
{
    const std::uint64_t each =
        options.seconds_ms.value_or(options.total_ms.value_or(default_total_ms) / storms);
    if (each < RS_STORM_MS_MIN || each > RS_STORM_MS_MAX)
        return problem{exit_code::usage,
                       fmt::format("--{}: that is {} s for each of {} storms",
                                   options.seconds_ms ? "seconds" : "total", format_seconds(each), storms),
                       fmt::format("accepted: {} to {} s for each", format_seconds(RS_STORM_MS_MIN),
                                   format_seconds(RS_STORM_MS_MAX))};
    if (each * storms > hour_ms && !options.longer_than_an_hour)
        return problem{exit_code::usage,
                       fmt::format("{} storms of {} s load the machine for {}", storms, format_seconds(each),
                                   format_length(each * storms)),
                       "more than an hour needs --longer-than-an-hour"};
    return each;
}

/// A word for the shell: quoted if it has anything but plain characters.
std::string shell_word(const std::string &text)
{
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+:@%,=";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
        return text;
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::string counted(std::uint64_t count, std::string_view thing)
{
    return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

} // namespace

std::string_view pattern_name(storm_pattern p)
{
    return p == storm_pattern::saturate ? "saturate" : "lifecycle";
}

std::uint64_t storm_plan::total_ms() const
{
    return std::accumulate(storms.begin(), storms.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const storm_spec &spec) { return sum + spec.ms; });
}

result<storm_plan> make_plan(const storm_options &options, const table &providers, unsigned online_cpus)
{
    auto known = read_providers(providers);
    if (!known)
        return known.error();
    auto chosen = choose_providers(options, std::move(*known));
    if (!chosen)
        return chosen.error();
    if (chosen->empty())
        return problem{exit_code::usage, "the module has no provider that saturates"};
    auto each = length_of_each(options, chosen->size());
    if (!each)
        return each.error();

    storm_plan plan;
    for (const std::string &provider : *chosen) {
        if (options.pattern == storm_pattern::saturate && !saturation_warnings_of(provider))
            return problem{
                exit_code::usage,
                fmt::format("the driver does not know which warnings '{}' gives when it saturates", provider),
                "leave it out: --provider names others"};
        plan.storms.push_back({
            .provider = provider,
            .ms = *each,
            .seed = options.seed.value_or(0),
            .workers = options.workers.value_or(std::min<std::uint64_t>(online_cpus, RS_WORKERS_MAX)),
            .killers = options.killers.value_or(default_killers),
            .pattern = options.pattern,
            .bound_ms = options.bound_ms.value_or(RS_BOUND_MS_DEFAULT),
            .duty = options.duty.value_or(100),
        });
    }
    return plan;
}

std::string load_announcement(const storm_plan &plan, unsigned online_cpus)
{
    const storm_spec &spec = plan.storms.front();
    const std::string busy =
        spec.workers >= online_cpus
            ? (online_cpus == 1 ? std::string("the only CPU") : fmt::format("all {} CPUs", online_cpus))
            : fmt::format("{} of {} CPUs", spec.workers, online_cpus);
    const std::string threads =
        spec.pattern == storm_pattern::saturate
            ? counted(spec.workers, "worker")
            : fmt::format("{} and {}", counted(spec.workers, "worker"), counted(spec.killers, "killer"));
    return fmt::format("{}, {} busy at {}% for about {} ({}); Ctrl-C stops it; "
                       "cap with --workers, --duty, --seconds or --total",
                       threads, busy, spec.duty, format_length(plan.total_ms()),
                       counted(plan.storms.size(), "provider"));
}

std::string control_command(const storm_spec &spec)
{
    return fmt::format("storm provider={} ms={} seed={} workers={} killers={} pattern={} bound_ms={} duty={}",
                       spec.provider, spec.ms, spec.seed, spec.workers, spec.killers,
                       pattern_name(spec.pattern), spec.bound_ms, spec.duty);
}

std::string repeat_command(const storm_record &storm, const places &where)
{
    std::string text = fmt::format(
        "refstorm storm --provider {} --seconds {} --seed {} --workers {} --killers {} --pattern {} "
        "--bound-ms {} --duty {}",
        storm.provider, format_seconds(storm.ms), storm.seed, storm.workers, storm.killers, storm.pattern,
        storm.bound_ms, storm.duty);
    if (storm.ms > hour_ms)
        text += " --longer-than-an-hour";
    return text + place_options(where);
}

std::string place_options(const places &where)
{
    std::string text;
    if (where.module_directory)
        text += fmt::format(" --module-dir {}", shell_word(where.module_directory->native()));
    if (where.debugfs != places::default_debugfs)
        text += fmt::format(" --debugfs {}", shell_word(where.debugfs.native()));
    return text;
}

} // namespace refstorm
