// SPDX-License-Identifier: GPL-2.0
#include "command_oracle.hpp"

#include "commands.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "storm_plan.hpp"
#include "text_table.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr std::array counters = {"refcount", "kref", "percpu_ref"};
constexpr auto glance = std::chrono::milliseconds(200);

/// A warning that a start provokes if it is armed, and how often at most.
struct provoked {
    std::string_view counter; ///< a part of the counter's name that identifies it
    unsigned most;
    std::string_view text;
};

constexpr std::array provoked_warnings = {
    provoked{"refcount kref", 2, "refcount_t: saturated; leaking memory."},
    provoked{"refcount kref", 1, "refcount_t: addition on 0; use-after-free."},
    provoked{"refcount kref", 5, "refcount_t: underflow; use-after-free."},
    provoked{"refcount kref", 1, "refcount_t: decrement hit 0; leaking memory."},
    provoked{"refcount kref", 2, "rs_refcount_t: saturated; leaking memory."},
    provoked{"refcount kref", 1, "rs_refcount_t: addition on 0; use-after-free."},
    provoked{"refcount kref", 1, "rs_refcount_t: underflow; use-after-free."},
    provoked{"refcount kref", 1, "rs_refcount_t: decrement hit 0; leaking memory."},
    provoked{"percpu_ref", 1,
             "percpu_ref_kill_and_confirm called more than once on "
             "oracle_percpu_mainline_release [refstorm]!"},
};

/// A kind of line, and its key in JSON.
struct kind_key {
    std::string_view kind;
    const char *key;
};

constexpr std::array kind_keys = {
    kind_key{"run", "runs"},
    kind_key{"difference", "differences"},
    kind_key{"cell", "cells"},
    kind_key{"concurrent", "concurrent"},
    kind_key{"mismatch", "mismatches"},
    kind_key{"shrunk", "shrunk"},
    kind_key{"step", "steps"},
};

std::string value(const record &line, std::string_view key)
{
    const field *found = line.find(key);
    return found ? found->text : "";
}

const std::string &kind(const record &line)
{
    return line.fields().front().key;
}

bool is_running(const record &line)
{
    return kind(line) == "run" && value(line, "state") == "running";
}

exit_code code_of(const record &line)
{
    const std::string verdict = value(line, "verdict");
    if (verdict == "agreed")
        return exit_code::held;
    if (verdict == "stopped")
        return exit_code::interrupted;
    return verdict == "error" ? exit_code::machine : exit_code::broken;
}

bool is_cells(const record &line)
{
    return kind(line) == "cell" || kind(line) == "concurrent";
}

/// The warnings that the start of a run with \p counter provokes, if they are armed.
std::vector<expectation> expected_of(std::string_view counter)
{
    std::vector<expectation> expected;
    for (const provoked &each : provoked_warnings)
        if (each.counter.find(counter) != std::string_view::npos)
            expected.push_back({0, each.most, std::string(each.text), 0});
    return expected;
}

/// The command line that repeats a run, with the seed that it had.
std::string repeat_command(const record &run, const oracle_options &options, const places &where)
{
    std::string text =
        fmt::format("refstorm oracle --counter {} --seed {}", value(run, "counter"), value(run, "seed"));
    if (options.steps)
        text += fmt::format(" --steps {}", *options.steps);
    if (options.seconds_ms)
        text += fmt::format(" --seconds {}", format_seconds(*options.seconds_ms));
    if (options.lockstep)
        text += " --lockstep";
    if (!options.unlist.empty())
        text += " --unlist " + options.unlist;
    return text + place_options(where);
}

} // namespace

exit_code oracle_outcome::code() const
{
    exit_code code = interrupted ? exit_code::interrupted : exit_code::held;
    for (const record &line : lines)
        if (kind(line) == "run")
            code = worse(code, code_of(line));
    return complaints.empty() && !unknown_report ? code : worse(code, exit_code::broken);
}

json oracle_outcome::document() const
{
    json document = new_document();
    document["exit"] = static_cast<int>(code());
    document["interrupted"] = interrupted;
    document["kernel_log"] = log_unchecked.empty() ? json("checked") : json(log_unchecked);
    document["complaints"] = json::array();
    for (const auto &[counter, text] : complaints)
        document["complaints"].push_back({{"counter", counter}, {"text", text}});
    for (const kind_key &each : kind_keys)
        document[each.key] = json::array();
    for (const record &line : lines) {
        const auto *found = std::ranges::find(kind_keys, kind(line), &kind_key::kind);
        if (found != kind_keys.end())
            document[found->key].push_back(to_json(line));
    }
    return document;
}

std::string oracle_outcome::text() const
{
    std::string all;
    std::string counter;
    text_table cells;
    const auto flush = [&] {
        if (!counter.empty())
            all += cells.text(false);
        cells = {};
        counter.clear();
    };
    for (const record &line : lines) {
        const auto &fields = line.fields();
        if (!is_cells(line)) {
            flush();
            std::string words;
            for (const field &each : fields)
                words += fmt::format("{}{}={}", words.empty() ? "" : " ", each.key,
                                     each.quoted ? fmt::format("\"{}\"", each.text) : each.text);
            all += words + "\n";
            continue;
        }
        const std::string title =
            kind(line) == "cell" ? value(line, "counter") : value(line, "counter") + " concurrently";
        if (counter != title) {
            flush();
            counter = title;
            cells.add_column(counter, align::left);
            for (std::size_t i = 2; i < fields.size(); ++i)
                cells.add_column(fields[i].key, align::right);
        }
        std::vector<std::string> row = {fields[0].text};
        for (std::size_t i = 2; i < fields.size(); ++i)
            row.push_back(fields[i].text);
        cells.add_row(std::move(row));
    }
    flush();
    for (const auto &[during, text] : complaints)
        all += fmt::format("kernel log during {}: {}\n", during, text);
    if (complaints.empty())
        all += log_unchecked.empty() ? "kernel log: clean\n"
                                     : fmt::format("kernel log: unchecked ({})\n", log_unchecked);
    return all;
}

result<oracle_outcome> oracle_runner::run(const oracle_options &options)
{
    oracle_outcome outcome;
    std::vector<std::string> wanted = options.counters;
    if (wanted.empty())
        wanted.assign(counters.begin(), counters.end());
    log_watch log(where_.kernel_log);
    for (const std::string &counter : wanted) {
        auto started = start(counter, options, log);
        if (!started)
            return started.error();
        auto lines = watch(counter, outcome);
        if (!lines)
            return lines.error();
        const log_judgement judgement = log.judge();
        for (const std::string &text : judgement.complaints)
            outcome.complaints.emplace_back(counter, text);
        outcome.unknown_report |= !judgement.unknown.empty();
        for (record &line : *lines) {
            if (kind(line) == "run") {
                line.set("kernel_log", std::string(log_state_name(judgement.state)));
                line.set("repeat", repeat_command(line, options, where_), true);
            }
            outcome.lines.push_back(std::move(line));
        }
        if (outcome.interrupted)
            break;
    }
    outcome.log_unchecked = log.unchecked();
    return outcome;
}

/// Starts a run. Its warnings come before the command returns, unless they came earlier.
result<done> oracle_runner::start(const std::string &counter, const oracle_options &options, log_watch &log)
{
    std::string command = "oracle counter=" + counter;
    if (options.steps)
        command += fmt::format(" steps={}", *options.steps);
    if (options.seconds_ms)
        command += fmt::format(" ms={}", *options.seconds_ms);
    if (options.seed)
        command += fmt::format(" seed={}", *options.seed);
    if (options.lockstep)
        command += " concurrent=0";
    if (!options.unlist.empty())
        command += " unlist=" + options.unlist;

    log.begin_expecting(expected_of(counter));
    const auto started = port_.command(command);
    log.end_expecting();
    if (!started)
        return started.error().as_problem();
    return done{};
}

result<std::vector<record>> oracle_runner::watch(const std::string &counter, oracle_outcome &outcome)
{
    for (;;) {
        auto lines = lines_of(counter);
        if (!lines)
            return lines.error();
        if (std::ranges::none_of(*lines, is_running))
            return lines;
        if (port_.wait(stop_.fd(), glance, false) != wake::stop_asked)
            continue;
        while (stop_.take()) {
        }
        outcome.interrupted = true;
        (void)port_.command("oracle stop");
    }
}

result<std::vector<record>> oracle_runner::lines_of(const std::string &counter)
{
    auto text = port_.read("oracle");
    if (!text)
        return text.error();
    auto all = parse_records(*text, "oracle");
    if (!all)
        return all.error();
    std::vector<record> lines;
    for (record &line : all->rows)
        if (value(line, "counter") == counter)
            lines.push_back(std::move(line));
    return lines;
}

result<exit_code> command_oracle(const arguments &args)
{
    if (auto allowed = may_warn(machine{}, "the oracle, which begins with misuse,"); !allowed)
        return allowed.error();
    auto ready = make_ready(args.where, {});
    if (!ready)
        return ready.error();
    const loaded_meanwhile loaded(args.where, args.keep ? std::vector<std::string>{} : ready->report.loaded);
    // Closed before the modules are removed: open files would keep them.
    const std::unique_ptr<debugfs_port> port = std::move(ready->port);
    stop_signals stop;
    auto outcome = oracle_runner(*port, stop, args.where).run(args.oracle);
    if (!outcome)
        return outcome.error();
    fmt::print("{}", args.json ? document_text(outcome->document()) : outcome->text());
    return outcome->code();
}

} // namespace refstorm
