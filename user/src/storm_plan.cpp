// SPDX-License-Identifier: GPL-2.0
#include "storm_plan.hpp"

#include "arguments.hpp"
#include "expected_warning.hpp"
#include "nearest.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

/// Options whose values depend on the provider: `providers` has a column for each.
constexpr std::array<std::string_view, 3> limited_options = {"kill_contexts", "lives", "ends"};

/// What the plan needs to know of a provider.
struct provider_row {
    std::string name;
    bool saturates = false;
    module_values stands; ///< which values of some options it takes on this kernel

    bool can(std::string_view key, std::string_view value) const;
};

bool provider_row::can(std::string_view key, std::string_view value) const
{
    const auto allowed = stands.find(key);
    if (allowed == stands.end())
        return false;
    const std::vector<std::string> values = split_list(allowed->second);
    return allowed->second == "all" || std::ranges::find(values, value) != values.end();
}

/// A pattern: which providers it is for, and in words.
struct pattern_row {
    std::string_view name;
    bool (*is_for)(const provider_row &row);
    std::string_view of_those; ///< "that saturates", or nothing
    bool has_killers;
};

/// In the order of storm_pattern.
constexpr std::array patterns = {
    pattern_row{"lifecycle", [](const provider_row & /*row*/) { return true; }, "", true},
    pattern_row{"saturate", [](const provider_row &row) { return row.saturates; }, "that saturates", false},
    pattern_row{"ends-alive", [](const provider_row &row) { return row.can("ends", "alive"); },
                "that can be ended alive", false},
};

const pattern_row &row_of(storm_pattern pattern)
{
    return patterns[static_cast<std::size_t>(pattern)];
}

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
        module_values stands;
        for (const std::string_view key : limited_options)
            if (const auto values = row.text(key))
                stands.emplace(key, *values);
        rows.push_back({std::move(*name), *saturates != 0, std::move(stands)});
    }
    if (rows.empty())
        return problem{exit_code::machine, "the module has no providers"};
    return rows;
}

/// Leaves in \p spec only what its provider supports on this kernel. If an option would be empty it stays
/// as it is, and the module explains the refusal.
void leave_what_it_stands(storm_plan &plan, storm_spec &spec, const module_values &stands)
{
    for (const auto &[key, allowed] : stands) {
        const auto wanted = spec.more.find(key);
        if (wanted == spec.more.end() || allowed == "all")
            continue;
        const std::vector<std::string> possible = split_list(allowed);
        std::vector<std::string> left = wanted->second == "all" ? possible : split_list(wanted->second);
        std::erase_if(left, [&](const std::string &name) {
            return std::ranges::find(possible, name) == possible.end();
        });
        const std::string text = fmt::format("{}", fmt::join(left, ","));
        if (left.empty() || text == wanted->second)
            continue;
        plan.remarks.push_back(fmt::format("{}: {} {}, not {}: this counter stands no more here",
                                           spec.provider, key, text, wanted->second));
        wanted->second = text;
    }
    // A counter of one life has no modes. Alone they are the module's to refuse.
    const auto lives = stands.find("lives");
    if (lives != stands.end() && lives->second == "end" && spec.more.size() > 1 &&
        spec.more.erase("switchers") != 0)
        plan.remarks.push_back(fmt::format("{}: no switchers: it has no modes", spec.provider));
}

/// Where CPUs come and go, callbacks kill, too.
void move_cpus(storm_plan &plan, storm_spec &spec, unsigned online_cpus)
{
    const auto cpus = std::ranges::find(spec.adversaries, "cpus");
    if (cpus == spec.adversaries.end())
        return;
    if (online_cpus > 1) {
        spec.more.emplace("hotplug", "1");
        return;
    }
    spec.adversaries.erase(cpus);
    plan.remarks.push_back(fmt::format("{}: the only CPU stays online", spec.provider));
}

/// The providers that run: those that were named, else all that can.
result<std::vector<std::string>> choose_providers(const storm_options &options,
                                                  const std::vector<provider_row> &rows)
{
    std::vector<provider_row> known = rows;
    const pattern_row &pattern = row_of(options.pattern);
    std::erase_if(known, [&](const provider_row &row) { return !pattern.is_for(row); });
    std::vector<std::string> accepted;
    std::ranges::transform(known, std::back_inserter(accepted), &provider_row::name);
    if (options.providers.empty())
        return accepted;
    for (const std::string &name : options.providers)
        if (std::ranges::find(accepted, name) == accepted.end())
            return problem{exit_code::usage,
                           fmt::format("--provider: no provider {}{}is called '{}'", pattern.of_those,
                                       pattern.of_those.empty() ? "" : " ", name),
                           fmt::format("accepted: {}", fmt::join(accepted, " "))};
    return options.providers;
}

/// How many kinds of workers there are, each of which shall be on every CPU.
std::size_t contexts_of(const module_values &more, const storm_parameters &parameters)
{
    const storm_parameter *known = parameters.find("contexts");
    const auto told = more.find("contexts");
    const std::string contexts = told != more.end() ? told->second : known != nullptr ? known->usual : "";
    return contexts == "all" && known != nullptr ? known->names.size() : split_list(contexts).size();
}

/// Every option that is passed on is one of the module's.
result<done> check_passed_on(const module_values &more, const storm_parameters &parameters)
{
    std::vector<std::string> accepted;
    for (const storm_parameter *parameter : parameters.passed_on())
        accepted.push_back(parameter->flag());
    for (const auto &[key, value] : more) {
        const std::string flag = storm_parameter{.key = key}.flag();
        if (std::ranges::find(accepted, flag) != accepted.end())
            continue;
        std::vector<std::string> flags = option_names("storm");
        flags.insert(flags.end(), accepted.begin(), accepted.end());
        return problem{exit_code::usage,
                       fmt::format("no option of storm is called '{}', here or in the module{}", flag,
                                   did_you_mean(flag, flags)),
                       fmt::format("the module has: {}", fmt::join(accepted, " "))};
    }
    return done{};
}

/// A number that an option of the driver has, or else what the module takes as usual. \p fallback is for one
/// that the module would decide.
result<std::uint64_t> number_of(const std::optional<std::uint64_t> &told, const storm_parameters &parameters,
                                std::string_view key, std::uint64_t fallback = 0)
{
    const auto known = parameters.number(key);
    if (!known)
        return known.error();
    const storm_parameter &parameter = **known;
    if (!told)
        return parameter.usual.empty() ? std::min(fallback, parameter.max) : parameter.usual_number();
    if (*told < parameter.min || *told > parameter.max)
        return problem{exit_code::usage, fmt::format("{}: '{}' is not accepted; accepted: a number from {} "
                                                     "to {}",
                                                     parameter.flag(), *told, parameter.min, parameter.max)};
    return *told;
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
    return row_of(p).name;
}

std::uint64_t storm_plan::total_ms() const
{
    return std::accumulate(storms.begin(), storms.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const storm_spec &spec) { return sum + spec.ms; });
}

result<storm_plan> make_plan(const storm_options &options, const storm_parameters &parameters,
                             const table &providers, unsigned online_cpus)
{
    auto known = read_providers(providers);
    if (!known)
        return known.error();
    if (auto passed = check_passed_on(options.more, parameters); !passed)
        return passed.error();
    auto chosen = choose_providers(options, *known);
    if (!chosen)
        return chosen.error();
    if (chosen->empty())
        return problem{exit_code::usage,
                       fmt::format("the module has no provider {}", row_of(options.pattern).of_those)};
    auto each = length_of_each(options, chosen->size());
    if (!each)
        return each.error();

    storm_spec common;
    common.ms = *each;
    common.seed = options.seed.value_or(0);
    common.pattern = options.pattern;
    common.more = options.more;
    common.adversaries = options.adversaries;
    common.parameters = options.parameters;
    const std::uint64_t one_of_each = std::uint64_t{online_cpus} * contexts_of(options.more, parameters);
    for (const auto &[told, key, member] : {std::tuple{options.workers, "workers", &storm_spec::workers},
                                            std::tuple{options.killers, "killers", &storm_spec::killers},
                                            std::tuple{options.bound_ms, "bound_ms", &storm_spec::bound_ms},
                                            std::tuple{options.duty, "duty", &storm_spec::duty}}) {
        const auto number = number_of(told, parameters, key, one_of_each);
        if (!number)
            return number.error();
        common.*member = *number;
    }

    storm_plan plan;
    plan.parameters = parameters;
    for (const std::string &provider : *chosen) {
        if (options.pattern == storm_pattern::saturate && !saturation_warnings_of(provider))
            return problem{
                exit_code::usage,
                fmt::format("the driver does not know which warnings '{}' gives when it saturates", provider),
                "leave it out: --provider names others"};
        plan.storms.push_back(common);
        plan.storms.back().provider = provider;
        move_cpus(plan, plan.storms.back(), online_cpus);
        leave_what_it_stands(plan, plan.storms.back(),
                             std::ranges::find(*known, provider, &provider_row::name)->stands);
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
        row_of(spec.pattern).has_killers
            ? fmt::format("{} and {}", counted(spec.workers, "worker"), counted(spec.killers, "killer"))
            : counted(spec.workers, "worker");
    return fmt::format("{}, {} busy at {}% for about {} ({}); Ctrl-C stops it; "
                       "cap with --workers, --duty, --seconds or --total",
                       threads, busy, spec.duty, format_length(plan.total_ms()),
                       counted(plan.storms.size(), "provider"));
}

std::string control_command(const storm_spec &spec)
{
    std::string text = fmt::format(
        "storm provider={} ms={} seed={} workers={} killers={} pattern={} bound_ms={} duty={}", spec.provider,
        spec.ms, spec.seed, spec.workers, spec.killers, pattern_name(spec.pattern), spec.bound_ms, spec.duty);
    for (const auto &[key, value] : spec.more)
        text += fmt::format(" {}={}", key, value);
    return text;
}

std::string repeat_command(const storm_record &storm, const storm_parameters &parameters, const places &where)
{
    std::string text = fmt::format(
        "refstorm storm --provider {} --seconds {} --seed {} --workers {} --killers {} --pattern {} "
        "--bound-ms {} --duty {}",
        storm.provider, format_seconds(storm.ms), storm.seed, storm.workers, storm.killers, storm.pattern,
        storm.bound_ms, storm.duty);
    for (const storm_parameter *parameter : parameters.passed_on()) {
        const auto value = storm.raw.text(parameter->key);
        if (value && *value != parameter->usual)
            text += fmt::format(" {} {}", parameter->flag(), *value);
    }
    if (!storm.adversaries.empty())
        text += fmt::format(" --adversaries {}", fmt::join(storm.adversaries, ","));
    for (const std::string &parameter : storm.parameters)
        text += fmt::format(" --parameter {}", shell_word(parameter));
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

storm_record record_of(const storm_spec &spec)
{
    storm_record storm;
    storm.provider = spec.provider;
    storm.pattern = pattern_name(spec.pattern);
    storm.seed = spec.seed;
    storm.workers = spec.workers;
    storm.killers = spec.killers;
    storm.ms = spec.ms;
    storm.bound_ms = spec.bound_ms;
    storm.duty = spec.duty;
    storm.adversaries = spec.adversaries;
    storm.parameters = spec.parameters;
    for (const auto &[key, value] : spec.more)
        storm.raw.set(key, value);
    return storm;
}

} // namespace refstorm
