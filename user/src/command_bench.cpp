// SPDX-License-Identifier: GPL-2.0
#include "command_bench.hpp"

#include "commands.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "rsref_parameters.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

constexpr unsigned each_up_to = 8;

/// Which kills are measured.
constexpr std::array kill_words = {
    "refs=1 batches=200",
    "refs=1 batches=200 load=users",
    "refs=1 batches=200 load=busy",
    "refs=10000 batches=3 from=one",
    "refs=10000 batches=3 from=all",
    "refs=10000 batches=3 load=busy from=all",
};

/// Errors of one measurement that do not affect the others: /proc/meminfo lacks the lines, other programs
/// allocate too much, or counters did not stay in their mode.
constexpr std::array lost = {ENODEV, EUCLEAN, EAGAIN};

void say_on_stderr(std::string_view what)
{
    fmt::print(stderr, "refstorm: {}\n", what);
}

/// The command of one counter, with the operation if one was asked for.
std::string words_of(const bench_provider &provider, const bench_options &options)
{
    std::string words = "bench provider=" + provider.name;
    if (!options.operation.empty())
        words += " operation=" + options.operation;
    return words;
}

} // namespace

std::vector<std::uint64_t> cpu_counts(unsigned online)
{
    std::vector<std::uint64_t> counts;
    for (std::uint64_t n = 1; n < online; n = online <= each_up_to ? n + 1 : n * 2)
        counts.push_back(n);
    counts.push_back(online);
    return counts;
}

result<bench_results> bench_runner::run(const bench_options &options)
{
    bench_results all;
    if (auto chosen = choose(options); !chosen)
        return chosen.error();
    if (auto measured = costs(options, all); !measured)
        return measured.error();
    if (auto measured = throughput(options, all); !measured)
        return measured.error();
    if (auto measured = kills(options, all); !measured)
        return measured.error();
    if (auto measured = memory(options, all); !measured)
        return measured.error();
    if (all.results.empty())
        return problem{exit_code::usage,
                       fmt::format("--operation: no counter has an operation '{}'", options.operation)};
    return all;
}

result<done> bench_runner::choose(const bench_options &options)
{
    result<std::vector<bench_provider>> known = std::vector<bench_provider>{};
    for (const char *file : {"providers", "peers"}) {
        auto rows = port_.read_table(file);
        if (!rows)
            return rows.error();
        auto some = read_bench_providers(*rows);
        if (!some)
            return some.error();
        known->insert(known->end(), some->begin(), some->end());
    }
    for (const std::string &name : options.providers)
        if (std::ranges::find(*known, name, &bench_provider::name) == known->end()) {
            std::vector<std::string> accepted;
            std::ranges::transform(*known, std::back_inserter(accepted), &bench_provider::name);
            return problem{exit_code::usage, fmt::format("--provider: no provider is called '{}'", name),
                           fmt::format("accepted: {}", fmt::join(accepted, " "))};
        }
    if (!options.providers.empty())
        std::erase_if(*known, [&](const bench_provider &each) {
            return std::ranges::find(options.providers, each.name) == options.providers.end();
        });
    providers_ = std::move(*known);
    return done{};
}

/// The clocks to use: the requested one, else instructions where they can be counted, and, unless the
/// guest counts instructions, cycles or time, too.
result<std::vector<std::string>> bench_runner::clocks(const bench_options &options)
{
    std::vector<std::string> usable;
    for (const char *clock : {"instructions", "cycles", "ns"}) {
        const auto tried = port_.command(fmt::format("bench provider=atomic operation=pair clock={}", clock));
        if (!tried && tried.error().error_number == EOPNOTSUPP)
            continue;
        if (!tried)
            return tried.error().as_problem();
        usable.emplace_back(clock);
        const auto said = port_.read("bench");
        if (!said)
            return said.error();
        timeless_ = said->find("source=icount") != std::string::npos;
        if (usable.back() != "instructions" || timeless_)
            break;
    }
    if (!options.clock.empty())
        return std::vector{options.clock};
    return usable;
}

result<done> bench_runner::costs(const bench_options &options, bench_results &all)
{
    const auto use = clocks(options);
    if (!use)
        return use.error();
    for (const std::string &clock : *use)
        for (const bench_provider &provider : providers_) {
            say_(fmt::format("{}: {}", provider.name, clock));
            const std::string words = words_of(provider, options) + " clock=" + clock;
            if (auto measured = measure(words, all); !measured)
                return measured.error();
            // With cold caches an operation takes the same instructions, but another time.
            if (clock == "instructions")
                continue;
            if (auto measured = measure(words + " cold=1", all); !measured)
                return measured.error();
        }
    return done{};
}

result<done> bench_runner::throughput(const bench_options &options, bench_results &all)
{
    std::vector<std::uint64_t> cpus = options.cpus;
    if (cpus.empty() && !timeless_)
        cpus = cpu_counts(online_cpus_);
    for (const bench_provider &provider : providers_)
        for (const std::uint64_t n : cpus) {
            std::string words = fmt::format("{} cpus={}", words_of(provider, options), n);
            if (options.ms)
                words += fmt::format(" ms={}", *options.ms);
            say_(fmt::format("{}: {} CPUs", provider.name, n));
            if (auto measured = measure(words, all); !measured)
                return measured.error();
        }
    return done{};
}

/// Kills are no operation of a loop, and are measured as time, which a guest that counts instructions lacks.
result<done> bench_runner::kills(const bench_options &options, bench_results &all)
{
    if (timeless_ || !options.operation.empty())
        return done{};
    for (const char *words : kill_words)
        for (const bench_provider &provider : providers_) {
            if (!provider.percpu)
                continue;
            say_(fmt::format("{}: kills, {}", provider.name, words));
            if (auto measured = measure(fmt::format("bench_kill provider={} {}", provider.name, words), all);
                !measured)
                return measured.error();
        }
    return done{};
}

/// The memory that counters take. The parameters make dynamic counters, which begin cold, hot soon and for
/// long. On a machine that is too busy the measurement is left out with a message, and the rest stands.
result<done> bench_runner::memory(const bench_options &options, bench_results &all)
{
    if (timeless_ || !options.operation.empty())
        return done{};
    parameters_of_rsref parameters(parameters_);
    if (auto set = parameters.set({"dynamic_threshold=16", "dynamic_hot_ms=600000"}); !set)
        return set.error();
    for (const bench_provider &provider : providers_) {
        say_(fmt::format("{}: memory", provider.name));
        const std::string words = fmt::format("bench_memory provider={}", provider.name);
        if (auto measured = measure(words, all); !measured)
            return measured.error();
    }
    return done{};
}

/// One run of the module. A counter without this operation is no error: another may have it.
result<done> bench_runner::measure(const std::string &words, bench_results &all)
{
    const auto answer = port_.command(words);
    if (!answer && answer.error().error_number == EOPNOTSUPP &&
        answer.error().message.find("has no operation") != std::string::npos)
        return done{};
    if (!answer && std::ranges::find(lost, answer.error().error_number) != lost.end()) {
        say_(fmt::format("left out: {}: {}", words, answer.error().message));
        return done{};
    }
    if (!answer)
        return answer.error().as_problem();
    const auto run = answer->number("run");
    if (!run)
        return run.error();
    const auto text = port_.read("bench");
    if (!text)
        return text.error();
    return all.add_run(*text, *run);
}

result<exit_code> command_bench(const arguments &args)
{
    auto ready = make_ready(args.where, {});
    if (!ready)
        return ready.error();
    bench_runner runner(*ready->port, machine::online_cpus(), say_on_stderr, args.where.rsref_parameters);
    const auto all = runner.run(args.bench);
    if (!all)
        return all.error();
    fmt::print("{}", args.json ? document_text(all->document()) : all->text(runner.providers()));
    return exit_code::held;
}

} // namespace refstorm
