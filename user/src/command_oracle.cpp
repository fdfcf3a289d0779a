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
#include <fmt/ranges.h>

namespace refstorm {

namespace {

constexpr std::array counters = {"refcount", "kref", "percpu_ref", "sealed_ref"};
constexpr auto glance = std::chrono::milliseconds(200);
/// The module's, if neither steps nor a time are given.
constexpr std::uint64_t default_steps = 1'000'000;

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
    provoked{"percpu_ref sealed_ref", 1,
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

bool is_true(const std::string &text)
{
    return text != "0";
}

/// What one side answered, after "mainline" or "ours".
std::string answer_words(std::string_view what, const std::string &op, const std::string &text)
{
    static constexpr std::array modes = {"in per-CPU mode", "switching", "in atomic mode"};
    if (what == "ret")
        return op.starts_with("try") || op.starts_with("is_") || op.find("test") != std::string::npos ||
                       op.find("not_") != std::string::npos || op.find("kill") != std::string::npos
                   ? fmt::format("says {}", is_true(text) ? "yes" : "no")
                   : fmt::format("returns {}", text);
    if (what == "count")
        return fmt::format("counts {}", text);
    if (what == "dying")
        return is_true(text) ? "is dying" : "is alive";
    if (what == "zero")
        return is_true(text) ? "is zero" : "is not zero";
    if (what == "mode")
        return fmt::format("is {}", text.size() == 1 && text[0] >= '0' && text[0] < '3'
                                        ? modes.at(text[0] - '0')
                                        : "saturated");
    if (what == "released" || what == "confirmed")
        return fmt::format("has called {} {} {}", what == "released" ? "release()" : "the confirmation", text,
                           text == "1" ? "time" : "times");
    if (what == "order")
        return "calls back in another order";
    return fmt::format("has {} {}", what, text);
}

/// "get_many 3", "tryget".
std::string step_words(const record &step)
{
    const std::string op = value(step, "op");
    if (op == "settle")
        return "the end of the switch";
    if (op == "segment")
        return "at once";
    const std::string nr = value(step, "nr");
    std::string words = nr == "0" || nr.empty() ? op : fmt::format("{} {}", op, nr);
    if (const std::string thread = value(step, "thread"); !thread.empty() && thread != "-")
        words += fmt::format(" (thread {})", thread);
    return words;
}

std::vector<std::string> sequence_of(const std::string &counter, const std::vector<record> &lines)
{
    std::vector<std::string> words;
    for (const record &line : lines)
        if (kind(line) == "step" && value(line, "counter") == counter)
            words.push_back(step_words(line));
    return words;
}

/// "after kill and tryget_live_rcu mainline says no, ours says yes"
std::string difference_words(const record &shrunk, const std::vector<record> &lines)
{
    auto steps = sequence_of(value(shrunk, "counter"), lines);
    std::string text = "after ";
    if (steps.size() > 1) {
        const std::string last = steps.back();
        steps.pop_back();
        text += fmt::format("{} and {}", fmt::join(steps, ", "), last);
    } else {
        text += steps.empty() ? value(shrunk, "op") : steps.front();
    }
    std::vector<std::string> answers;
    for (const field &each : shrunk.fields()) {
        if (!each.key.starts_with("mainline_"))
            continue;
        const std::string what = each.key.substr(std::string_view("mainline_").size());
        // The order of callbacks says nothing that their numbers do not say.
        if (what == "order" && !answers.empty())
            continue;
        answers.push_back(
            fmt::format("mainline {}, ours {}", answer_words(what, value(shrunk, "op"), each.text),
                        answer_words(what, value(shrunk, "op"), value(shrunk, "ours_" + what))));
    }
    return fmt::format("{} {}", text, fmt::join(answers, "; "));
}

const record *shrunk_of(const std::string &counter, const std::vector<record> &lines)
{
    const auto found = std::ranges::find_if(lines, [&](const record &line) {
        return kind(line) == "shrunk" && value(line, "counter") == counter;
    });
    return found == lines.end() ? nullptr : &*found;
}

std::string count_of(const record &line, std::string_view key)
{
    const auto number = line.number_or_absent(key);
    return number && *number ? format_count(**number) : "0";
}

/// The verdict of a run, in a sentence.
std::string run_sentence(const record &run, const std::vector<record> &lines)
{
    const std::string counter = value(run, "counter");
    const std::string verdict = value(run, "verdict");
    std::string text = fmt::format("{}: {}", counter, verdict);
    const record *shrunk = shrunk_of(counter, lines);
    if (verdict == "differs" && shrunk != nullptr)
        text += ": " + difference_words(*shrunk, lines);
    else if (const std::string detail = value(run, "detail"); !detail.empty() && detail != "-")
        text += ": " + detail;
    else if (verdict != "differs")
        text += ": no difference but those listed";
    text += fmt::format(" ({} steps", count_of(run, "steps"));
    if (value(run, "segments") != "0")
        text += fmt::format(", {} concurrent segments", count_of(run, "segments"));
    return text + ")";
}

/// All of a run but its cells.
std::string run_text(const record &run, const std::vector<record> &lines)
{
    const std::string counter = value(run, "counter");
    std::string text = fmt::format("\n{}\n", counter);
    if (const record *shrunk = shrunk_of(counter, lines)) {
        text += fmt::format("  the shortest sequence that differs, in {} of its runs:\n",
                            value(*shrunk, "again"));
        std::size_t number = 0;
        for (const std::string &step : sequence_of(counter, lines))
            text += fmt::format("    {}. {}\n", ++number, step);
    }
    for (const record &line : lines)
        if (kind(line) == "difference" && value(line, "counter") == counter && value(line, "holds") == "1")
            text += fmt::format("  {} difference {}, seen {} times: mainline: {}\n",
                                value(line, "listed") == "1" ? "listed" : "unlisted",
                                value(line, "difference"), value(line, "seen"), value(line, "row"));
    text += fmt::format("  seed: {}\n  repeat: {}\n", value(run, "seed"), value(run, "repeat"));
    return text;
}

/// How often each operation was compared in each state.
std::string cells_text(const std::vector<record> &lines)
{
    std::string all;
    std::string counter;
    text_table cells;
    for (const record &line : lines) {
        if (!is_cells(line))
            continue;
        const auto &fields = line.fields();
        const std::string title =
            kind(line) == "cell" ? value(line, "counter") : value(line, "counter") + " concurrently";
        if (counter != title) {
            all += counter.empty() ? "\n" : cells.text(false);
            cells = {};
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
    return counter.empty() ? all : all + cells.text(false);
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

bool oracle_outcome::differs() const
{
    return std::ranges::any_of(
        lines, [](const record &line) { return kind(line) == "run" && value(line, "verdict") == "differs"; });
}

std::string oracle_outcome::sentences() const
{
    std::vector<std::string> all;
    for (const record &line : lines)
        if (kind(line) == "run")
            all.push_back(run_sentence(line, lines));
    return fmt::format("{}", fmt::join(all, "; "));
}

std::string oracle_outcome::text(bool tables) const
{
    std::string all;
    for (const record &line : lines)
        if (kind(line) == "run")
            all += fmt::format("{}\n", run_sentence(line, lines));
    for (const auto &[during, text] : complaints)
        all += fmt::format("kernel log during {}: {}\n", during, text);
    if (complaints.empty())
        all += log_unchecked.empty() ? "kernel log: clean\n"
                                     : fmt::format("kernel log: unchecked ({})\n", log_unchecked);
    for (const record &line : lines)
        if (kind(line) == "run")
            all += run_text(line, lines);
    if (tables)
        all += cells_text(lines);
    else if (std::ranges::any_of(lines, is_cells))
        all += "--tables shows how often each operation was compared in each state\n";
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
        auto lines = watch(counter, options, outcome);
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

result<std::vector<record>> oracle_runner::watch(const std::string &counter, const oracle_options &options,
                                                 oracle_outcome &outcome)
{
    const auto begun = std::chrono::steady_clock::now();
    bool limited = false;
    const auto longer_than = [&](std::uint64_t times) {
        return options.limit_ms && std::chrono::steady_clock::now() - begun >
                                       std::chrono::milliseconds(times * *options.limit_ms);
    };
    for (;;) {
        auto lines = lines_of(counter);
        if (!lines)
            return lines.error();
        if (std::ranges::none_of(*lines, is_running)) {
            if (shown_ != nullptr)
                shown_->clear();
            return lines;
        }
        show(*lines, options);
        if (!limited && longer_than(1)) {
            limited = true;
            (void)port_.command("oracle stop");
        } else if (longer_than(2)) {
            if (shown_ != nullptr)
                shown_->clear();
            return problem{
                exit_code::broken,
                fmt::format("{}: the oracle does not come to an end, so a switch of ours does not: the "
                            "oracle waits for each",
                            counter),
                "its thread stays, and so do the modules"};
        }
        if (port_.wait(stop_.fd(), glance, false) != wake::stop_asked)
            continue;
        while (stop_.take()) {
        }
        outcome.interrupted = true;
        (void)port_.command("oracle stop");
    }
}

/// "oracle, percpu_ref: 210 k steps, 3.1 of 60 s"
void oracle_runner::show(const std::vector<record> &lines, const oracle_options &options)
{
    if (shown_ == nullptr)
        return;
    const auto run = std::ranges::find_if(lines, is_running);
    const auto steps = run->number_or_absent("steps");
    const auto elapsed = run->number_or_absent("elapsed_ms");
    std::string line = fmt::format("oracle, {}: {} steps", value(*run, "counter"),
                                   format_count(steps && *steps ? **steps : 0));
    if (!options.seconds_ms)
        line += fmt::format(" of {}", format_count(options.steps.value_or(default_steps)));
    line += fmt::format(", {:.1f}", static_cast<double>(elapsed && *elapsed ? **elapsed : 0) / 1000);
    if (options.seconds_ms)
        line += fmt::format(" of {}", format_seconds(*options.seconds_ms));
    shown_->show(line + " s");
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
    progress shown(stderr, 1);
    auto outcome = oracle_runner(*port, stop, args.where, &shown).run(args.oracle);
    if (!outcome)
        return outcome.error();
    fmt::print("{}", args.json ? document_text(outcome->document()) : outcome->text(args.oracle.tables));
    return outcome->code();
}

} // namespace refstorm
