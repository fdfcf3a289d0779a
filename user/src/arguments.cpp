// SPDX-License-Identifier: GPL-2.0
#include "arguments.hpp"

#include "adversaries.hpp"
#include "manual.hpp"
#include "nearest.hpp"
#include "number.hpp"
#include "profile.hpp"
#include "text_table.hpp"
#include "units.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

const std::map<std::string, listing> listings = {
    {"providers", listing::providers}, {"objects", listing::objects}, {"storms", listing::storms},
    {"events", listing::events},       {"status", listing::status},   {"alloc", listing::alloc},
    {"errors", listing::errors},
};

const std::map<std::string, storm_pattern> patterns = {
    {std::string(pattern_name(storm_pattern::lifecycle)), storm_pattern::lifecycle},
    {std::string(pattern_name(storm_pattern::saturate)), storm_pattern::saturate},
    {std::string(pattern_name(storm_pattern::ends_alive)), storm_pattern::ends_alive},
};

/// The command line's parser, and what it fills.
struct command_line {
    arguments parsed = {};
    CLI::App app{"Storms the reference counters of the Linux kernel and says whether they held.", "refstorm"};
    accepted_words accepted = {};
};

/// Any number: the range is the module's, and is looked at when it is known.
constexpr std::uint64_t any_number = std::numeric_limits<std::uint64_t>::max();

/// An option with a whole number in a range; hexadecimal with 0x.
void add_number(CLI::App &app, const std::string &name, std::optional<std::uint64_t> &target,
                std::uint64_t least, std::uint64_t most, const std::string &help)
{
    app.add_option_function<std::string>(
           name,
           [=, &target](const std::string &text) {
               const auto value = parse_unsigned(text);
               if (!value || *value < least || *value > most)
                   throw CLI::ValidationError(
                       name, fmt::format("'{}' is not accepted; accepted: a number from {} to {}", text,
                                         least, most));
               target = value;
           },
           help)
        ->type_name("N");
}

/// An option with seconds, kept in milliseconds.
CLI::Option *add_seconds(CLI::App &app, const std::string &name, std::optional<std::uint64_t> &target,
                         std::uint64_t most_ms, const std::string &help)
{
    return app
        .add_option_function<std::string>(
            name,
            [=, &target](const std::string &text) {
                const auto value = parse_fraction(text);
                const double ms = value ? std::round(*value * 1000) : 0;
                if (ms < RS_STORM_MS_MIN || ms > static_cast<double>(most_ms))
                    throw CLI::ValidationError(
                        name, fmt::format("'{}' is not accepted; accepted: seconds from {} to {}", text,
                                          format_seconds(RS_STORM_MS_MIN), format_seconds(most_ms)));
                target = static_cast<std::uint64_t>(ms);
            },
            help)
        ->type_name("S");
}

/// One of the words of a table; CLI11's own message shows its enum values as well.
template <class T>
CLI::Option *add_choice(command_line &line, CLI::App &app, const std::string &name, T &target,
                        const std::map<std::string, T> &choices, const std::string &type,
                        const std::string &help)
{
    CLI::Option *option = app.add_option_function<std::string>(
                                 name,
                                 [=, &target](const std::string &text) {
                                     const auto found = choices.find(text);
                                     if (found == choices.end()) {
                                         std::string accepted;
                                         std::vector<std::string> words;
                                         for (const auto &[word, value] : choices) {
                                             accepted += " " + word;
                                             words.push_back(word);
                                         }
                                         throw CLI::ValidationError(
                                             name, fmt::format("'{}' is not accepted; accepted:{}{}", text,
                                                               accepted, did_you_mean(text, words)));
                                     }
                                     target = found->second;
                                 },
                                 help)
                              ->type_name(type);
    for (const auto &[word, value] : choices)
        line.accepted[option].push_back(word);
    return option;
}

void add_module_directory(CLI::App &app, places &where)
{
    app.add_option_function<std::string>(
           "--module-dir",
           [&where](const std::string &text) {
               std::error_code ignored;
               if (!std::filesystem::is_directory(text, ignored))
                   throw CLI::ValidationError(
                       "--module-dir",
                       fmt::format("'{}' is no directory; accepted: one that holds rsref.ko and "
                                   "refstorm.ko, or a build tree",
                                   text));
               where.module_directory = text;
           },
           "take rsref.ko and refstorm.ko from DIR instead of /lib/modules")
        ->type_name("DIR");
}

void add_load(CLI::App &app, arguments &parsed)
{
    CLI::App *load = app.add_subcommand("load", "load the modules");
    add_module_directory(*load, parsed.where);
    load->add_option("parameters", parsed.parameters, "module parameters: key=value or module.key=value")
        ->type_name("KEY=VALUE");
    load->callback([&parsed] { parsed.command = subcommand::load; });
}

void add_unload(CLI::App &app, arguments &parsed)
{
    app.add_subcommand("unload", "stop running storms and remove the modules")->callback([&parsed] {
        parsed.command = subcommand::unload;
    });
}

void add_list(command_line &line)
{
    auto &[parsed, app, accepted] = line;
    CLI::App *list = app.add_subcommand("list", "show what the module has");
    add_choice(line, *list, "what", parsed.what, listings, "WHAT",
               "providers (default), objects, storms, events, status, alloc or errors");
    list->callback([&parsed = line.parsed] { parsed.command = subcommand::list; });
}

void add_exec(CLI::App &app, arguments &parsed)
{
    CLI::App *exec =
        app.add_subcommand("exec", "run control commands, as `refstorm exec create a rs_kref + get a`");
    exec->add_option(
            "command", parsed.words,
            "words of a command; + separates commands; a single - reads commands from stdin, one a line; "
            "-- goes before words that begin with -")
        ->type_name("WORD")
        ->required();
    exec->callback([&parsed] { parsed.command = subcommand::exec; });
}

/// What those share that load the modules for a while and watch the kernel log.
void add_surroundings(CLI::App &sub, arguments &parsed)
{
    sub.add_flag("--keep", parsed.keep, "leave the modules loaded if this loads them");
    add_module_directory(sub, parsed.where);
    sub.add_option("--kernel-log", parsed.where.kernel_log,
                   "where the kernel log is read (default /dev/kmsg)")
        ->type_name("FILE");
}

std::vector<std::string> adversaries_of(const std::string &text)
{
    if (text == "all")
        return {adversary_names.begin(), adversary_names.begin() + adversaries_of_all};
    std::vector<std::string> names = split_list(text);
    for (const std::string &name : names)
        if (std::ranges::find(adversary_names, name) == adversary_names.end())
            throw CLI::ValidationError(
                "--adversaries", fmt::format("'{}' is not accepted; accepted: {}, or all (but hog, loops)",
                                             name, fmt::join(adversary_names, " ")));
    return names;
}

/// The options that the module has, if it is loaded.
std::string module_options_help(const places &where)
{
    const std::filesystem::path file = where.debugfs / "commands";
    const auto text = read_file(file);
    if (!text)
        return fmt::format("More options are parameters of the module, which is not loaded: {}: {}.\n"
                           "refstorm load, then this help lists them with ranges and defaults; so does\n"
                           "docs/debugfs.md. storm takes them in any case, as --contexts all.",
                           file.native(), std::strerror(text.error()));
    const auto commands = parse_table(*text, "commands");
    if (!commands)
        return fmt::format("{} cannot be read: {}", file.native(), commands.error().what);
    const auto parameters = storm_parameters::parse(*commands);
    if (!parameters)
        return parameters.error().what;
    return fmt::format("Options of the module, from {}:\n{}", file.native(), parameters->help());
}

/// "--seed" and so on: the options of a subcommand, and those of all.
std::vector<std::string> own_options(const CLI::App &app, const std::string &name)
{
    std::vector<std::string> names;
    const CLI::App *sub = name.empty() ? nullptr : app.get_subcommand_ptr(name).get();
    for (const CLI::App *each : {sub, &app})
        if (each != nullptr)
            for (const CLI::Option *option : each->get_options([](const CLI::Option *) { return true; }))
                for (const std::string &word : option->get_lnames())
                    names.push_back("--" + word);
    return names;
}

std::vector<std::string> subcommand_names(const CLI::App &app)
{
    std::vector<std::string> names;
    for (const CLI::App *sub : app.get_subcommands([](const CLI::App *) { return true; }))
        names.push_back(sub->get_name());
    names.emplace_back("help");
    return names;
}
/// Longest --hours: a year.
constexpr double most_soak_ms = 8760.0 * static_cast<double>(hour_ms);

/// Takes out of \p words what follows `storm` and is no option of the driver's: those are the module's, and
/// are looked at when the module can be asked. Each has a value.
result<done> take_module_options(CLI::App &app, std::vector<std::string> &words, module_values &more)
{
    const auto subcommands = app.get_subcommands(nullptr);
    const auto first = std::ranges::find_if(words, [&](const std::string &word) {
        return std::ranges::any_of(subcommands, [&](const CLI::App *sub) { return sub->get_name() == word; });
    });
    if (first == words.end() || *first != "storm")
        return done{};
    const CLI::App *storm = app.get_subcommand("storm");
    std::vector<std::string> left(words.begin(), first + 1);
    for (auto word = first + 1; word != words.end(); ++word) {
        const auto equals = word->find('=');
        const std::string flag = word->substr(0, equals);
        if (!flag.starts_with("--") || flag.size() == 2 || storm->get_option_no_throw(flag) != nullptr ||
            app.get_option_no_throw(flag) != nullptr) {
            left.push_back(*word);
            continue;
        }
        std::string value = equals == std::string::npos ? "" : word->substr(equals + 1);
        if (equals == std::string::npos && word + 1 != words.end() && !(word + 1)->starts_with("--"))
            value = *++word;
        // An option without a value is none of the module's.
        if (const std::string meant = did_you_mean(flag, own_options(app, "storm"));
            value.empty() && !meant.empty())
            return problem{exit_code::usage, fmt::format("no option of storm is called '{}'{}", flag, meant),
                           "see refstorm storm --help"};
        if (value.empty() || value.find_first_of(" \t\n") != std::string::npos)
            return problem{exit_code::usage, fmt::format("{}: it needs a value, of one word", flag),
                           "see refstorm storm --help"};
        std::string key = flag.substr(2);
        std::ranges::replace(key, '-', '_');
        if (!more.emplace(std::move(key), std::move(value)).second)
            return problem{exit_code::usage, fmt::format("{} stands twice", flag), "say it once"};
    }
    words = std::move(left);
    return done{};
}

void add_storm(command_line &line)
{
    auto &[parsed, app, accepted] = line;
    storm_options &storm = parsed.storm;
    CLI::App *sub = app.add_subcommand("storm", "storm counters and say whether every invariant held");
    sub->add_option("--provider", storm.providers, "counter to storm; may be repeated (default: all)")
        ->type_name("P")
        ->delimiter(',')
        ->allow_extra_args(false);
    auto *seconds = add_seconds(*sub, "--seconds", storm.seconds_ms, RS_STORM_MS_MAX,
                                "length of the storm of each provider");
    auto *total = add_seconds(
        *sub, "--total", storm.total_ms, std::uint64_t{64} * RS_STORM_MS_MAX,
        fmt::format("length of all storms together (default {})", format_seconds(default_total_ms)));
    total->excludes(seconds);
    sub->add_option_function<double>(
           "--hours",
           [&parsed = line.parsed](double hours) {
               const double ms = std::round(hours * static_cast<double>(hour_ms));
               if (!(ms >= static_cast<double>(soak_slice_ms) / 60 && ms <= most_soak_ms))
                   throw CLI::ValidationError("--hours", "accepted: hours from 0.0003 to 8760");
               parsed.soak.total_ms = static_cast<std::uint64_t>(ms);
           },
           fmt::format("storm all of them again and again, {} s each (or --seconds), for so long; writes a "
                       "JSON line for each to the file of --log",
                       format_seconds(soak_slice_ms)))
        ->type_name("H")
        ->excludes(total);
    sub->add_option("--log", parsed.soak.log,
                    fmt::format("the file of --hours (default {})", soak_options{}.log))
        ->type_name("FILE");
    sub->add_flag("--resume", parsed.soak.resume, "go on with the run of that file")
        ->needs(sub->get_option("--hours"));
    auto *ktap = sub->add_flag("--ktap", parsed.ktap, "print KTAP instead of text");
    add_number(*sub, "--seed", storm.seed, 0, any_number,
               "repeat the storm that had this seed (default: a new one)");
    add_number(*sub, "--workers", storm.workers, 0, any_number,
               "threads that get and put (default: one of each context on each online CPU)");
    add_number(*sub, "--killers", storm.killers, 0, any_number, "threads that kill");
    add_number(*sub, "--bound-ms", storm.bound_ms, 0, any_number,
               "release() must run within this time after the last put");
    add_number(*sub, "--duty", storm.duty, 0, any_number, "percent of the time that a worker is busy");
    add_choice(line, *sub, "--pattern", storm.pattern, patterns, "PATTERN",
               "lifecycle (default), saturate, which makes the kernel warn on purpose, or ends-alive, in "
               "which counters are ended that were never killed");
    sub->add_option("--profile", "take the options of a profile, a file or one of those installed")
        ->type_name("NAME");
    sub->add_option_function<std::string>(
           "--adversaries", [&storm](const std::string &text) { storm.adversaries = adversaries_of(text); },
           fmt::format("from user space: {}, or all (but hog, loops)", fmt::join(adversary_names, " ")))
        ->type_name("A,...");
    sub->add_option("--parameter", storm.parameters,
                    "parameter of rsref.ko while the storms run; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    auto *save =
        sub->add_option("--save", storm.save, "write the document of --json to FILE, too")->type_name("FILE");
    auto *trace =
        sub->add_option("--trace", storm.trace,
                        "record what happens, and write it to FILE for Perfetto (https://ui.perfetto.dev) or "
                        "chrome://tracing: "
                        "of the storm that broke first, or of the last")
            ->type_name("FILE");
    auto *bisect =
        sub->add_flag("--bisect", storm.bisect, "look for the smallest mix that still breaks what broke");
    // A long run has a file of its own, and goes on after a storm that broke.
    for (CLI::Option *each : {ktap, save, trace, bisect})
        each->excludes(sub->get_option("--hours"));
    sub->add_flag("--longer-than-an-hour", storm.longer_than_an_hour, "allow more than an hour in all");
    add_surroundings(*sub, parsed);
    accepted[sub->get_option("--adversaries")] = {adversary_names.begin(), adversary_names.end()};
    sub->footer(
        [&parsed = line.parsed] { return invariants_text() + "\n" + module_options_help(parsed.where); });
    sub->callback([&parsed = line.parsed] { parsed.command = subcommand::storm; });
}

void add_explain(CLI::App &app, arguments &parsed)
{
    explain_options &explain = parsed.explain;
    CLI::App *sub = app.add_subcommand("explain", "say why an invariant broke, and at which step");
    sub->add_option("what", explain.what,
                    "a file with the output of storm --json, or the name of an invariant (default: the last "
                    "violation that the loaded module knows)")
        ->type_name("FILE|INVARIANT");
    sub->add_flag("--no-oracle", explain.no_oracle, "do not run the oracle on the counter");
    sub->add_flag("--invariants", explain.invariants, "print all invariants, with their causes");
    add_surroundings(*sub, parsed);
    sub->callback([&parsed] { parsed.command = subcommand::explain; });
}

void add_oracle(CLI::App &app, arguments &parsed)
{
    oracle_options &oracle = parsed.oracle;
    CLI::App *sub = app.add_subcommand("oracle", "compare mainline's counters with ours, step by step");
    sub->add_option("--counter", oracle.counters,
                    "refcount, kref, percpu_ref or sealed_ref; may be repeated (default: all)")
        ->type_name("C")
        ->delimiter(',')
        ->allow_extra_args(false);
    add_number(*sub, "--steps", oracle.steps, 1, 1'000'000'000'000, "steps for each (default 1000000)");
    add_seconds(*sub, "--seconds", oracle.seconds_ms, RS_STORM_MS_MAX, "as many steps as this time allows");
    add_number(*sub, "--seed", oracle.seed, 0, std::numeric_limits<std::uint64_t>::max(),
               "repeat the run that had this seed (default: a new one)");
    sub->add_flag("--lockstep", oracle.lockstep, "without concurrent segments");
    sub->add_flag("--tables", oracle.tables,
                  "print how often each operation was compared in each state, too");
    sub->add_option("--unlist", oracle.unlist,
                    "take this difference for a disagreement, to see one found and shrunk")
        ->type_name("DIFFERENCE");
    add_surroundings(*sub, parsed);
    sub->callback([&parsed] { parsed.command = subcommand::oracle; });
}

void add_bench(CLI::App &app, arguments &parsed)
{
    bench_options &bench = parsed.bench;
    CLI::App *sub = app.add_subcommand("bench", "measure what operations cost, ours beside mainline's");
    sub->add_option("--provider", bench.providers, "counter to measure; may be repeated (default: all)")
        ->type_name("P")
        ->delimiter(',')
        ->allow_extra_args(false);
    sub->add_option("--operation", bench.operation, "measure only this operation, as pair")->type_name("O");
    sub->add_option("--clock", bench.clock,
                    "measure only by this clock, as ns (default: instructions and cycles, or what there is)")
        ->type_name("CLOCK");
    sub->add_option("--cpus", bench.cpus,
                    "CPUs that do it at once; may be repeated (default: 1 to all, none if emulated)")
        ->type_name("N")
        ->delimiter(',')
        ->check(CLI::Range(1, RS_WORKERS_MAX))
        ->allow_extra_args(false);
    add_number(*sub, "--ms", bench.ms, 1, RS_BENCH_MS_MAX, "how long they do it (default 100)");
    add_module_directory(*sub, parsed.where);
    sub->callback([&parsed] { parsed.command = subcommand::bench; });
}

void add_report(CLI::App &app, arguments &parsed)
{
    report_options &report = parsed.report;
    CLI::App *sub = app.add_subcommand("report", "one HTML file with plots of what bench and storm printed");
    sub->add_option("input", report.inputs, "files with the output of bench --json and storm --json")
        ->type_name("FILE")
        ->required();
    sub->add_option("--out", report.out, fmt::format("the page (default {})", report.out))->type_name("FILE");
    sub->add_option("--gnuplot", report.gnuplot, "the program that draws (default gnuplot)")
        ->type_name("PROGRAM");
    sub->callback([&parsed] { parsed.command = subcommand::report; });
}

void add_watch(CLI::App &app, arguments &parsed)
{
    constexpr std::uint64_t hour_ms_at_most = 3'600'000;
    CLI::App *sub =
        app.add_subcommand("watch", "a live view of the storms that run; without a terminal plain lines");
    add_seconds(*sub, "--interval", parsed.watch.interval_ms, hour_ms_at_most,
                "between two looks (default 1)");
    add_seconds(*sub, "--seconds", parsed.watch.seconds_ms, RS_STORM_MS_MAX,
                "how long (default: until q, Ctrl-C or a signal)");
    sub->callback([&parsed] { parsed.command = subcommand::watch; });
}

/// What CLI11 says of a wrong command line, with the words that were meant.
std::string explain(const CLI::ParseError &error, const CLI::App &app)
{
    const auto chosen = app.get_subcommands();
    const auto left = app.remaining(true);
    if (dynamic_cast<const CLI::RequiredError *>(&error) != nullptr && chosen.empty()) {
        const auto names = subcommand_names(app);
        if (left.empty())
            return fmt::format("a subcommand is missing; accepted: {}", fmt::join(names, " "));
        if (left.front().starts_with("-"))
            return fmt::format("no option is called '{}'{}", left.front(),
                               did_you_mean(left.front(), own_options(app, "")));
        return fmt::format("no subcommand is called '{}'{}; accepted: {}", left.front(),
                           did_you_mean(left.front(), names), fmt::join(names, " "));
    }
    if (dynamic_cast<const CLI::ExtrasError *>(&error) != nullptr && !left.empty() && !chosen.empty()) {
        const std::string name = chosen.front()->get_name();
        const std::string word = left.front().substr(0, left.front().find('='));
        if (word.starts_with("-"))
            return fmt::format("no option of {} is called '{}'{}", name, word,
                               did_you_mean(word, own_options(app, name)));
        return fmt::format("{} takes no word '{}' there", name, word);
    }
    return error.what();
}

void fill(command_line &line)
{
    auto &[parsed, app, accepted] = line;
    app.set_version_flag("--version", "refstorm " RS_VERSION);
    app.add_flag("--json", parsed.json, "print one JSON document instead of text");
    app.add_option("--debugfs", parsed.where.debugfs,
                   fmt::format("the module's directory (default {})", places::default_debugfs))
        ->type_name("DIR");
    app.require_subcommand(1);
    app.fallthrough();
    add_load(app, parsed);
    add_unload(app, parsed);
    add_list(line);
    add_exec(app, parsed);
    add_storm(line);
    add_explain(app, parsed);
    add_oracle(app, parsed);
    add_bench(app, parsed);
    add_report(app, parsed);
    add_watch(app, parsed);
    for (CLI::App *sub : app.get_subcommands([](const CLI::App *) { return true; }))
        sub->footer(exit_codes_text());
    app.footer(invariants_text() + "\n" + exit_codes_text() +
               "\nhelp SUBCOMMAND, or SUBCOMMAND --help, has its options");
}

/// `--generate man`, `--generate man-storm`, `--generate bash-completion`: for scripts/install.
std::variant<arguments, nothing_to_run> generated(const command_line &line, const std::string &what)
{
    std::string text;
    if (what == "bash-completion")
        text = bash_completion(line.app, line.accepted);
    else if (what == "man" || what.starts_with("man-"))
        text = manual_page(line.app, what == "man" ? "" : what.substr(4));
    if (text.empty())
        return nothing_to_run{exit_code::usage,
                              {},
                              {exit_code::usage,
                               fmt::format("--generate: '{}' is not accepted; accepted: man, man-SUBCOMMAND, "
                                           "bash-completion",
                                           what),
                               "see refstorm --help"}};
    return nothing_to_run{exit_code::held, text, {}};
}

} // namespace

std::vector<std::string> option_names(const std::string &name)
{
    command_line line;
    fill(line);
    return own_options(line.app, name);
}

std::variant<arguments, nothing_to_run> parse_arguments(const std::vector<std::string> &words)
{
    command_line line;
    fill(line);
    auto &[parsed, app, accepted] = line;
    if (words.size() == 2 && words.front() == "--generate")
        return generated(line, words.back());

    auto all_words = with_profile(words, profile_directories());
    if (!all_words)
        return nothing_to_run{exit_code::usage, {}, all_words.error()};
    // `help storm` is `storm --help`.
    if (!all_words->empty() && all_words->front() == "help") {
        all_words->erase(all_words->begin());
        all_words->emplace_back("--help");
    }
    if (const auto taken = take_module_options(app, *all_words, parsed.storm.more); !taken)
        return nothing_to_run{exit_code::usage, {}, taken.error()};
    try {
        std::vector<std::string> reversed(all_words->rbegin(), all_words->rend());
        app.parse(reversed);
    } catch (const CLI::ParseError &error) {
        std::ostringstream out;
        std::ostringstream unused;
        if (app.exit(error, out, unused) == 0)
            return nothing_to_run{exit_code::held, wrapped(out.str(), columns_of(stdout).value_or(100)), {}};
        const auto chosen = app.get_subcommands();
        return nothing_to_run{exit_code::usage,
                              {},
                              {exit_code::usage, explain(error, app),
                               chosen.empty()
                                   ? "see refstorm --help"
                                   : fmt::format("see refstorm {} --help", chosen.front()->get_name())}};
    }
    return std::move(parsed);
}

} // namespace refstorm
