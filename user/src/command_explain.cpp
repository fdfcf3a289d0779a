// SPDX-License-Identifier: GPL-2.0
#include "command_explain.hpp"

#include "command_oracle.hpp"
#include "commands.hpp"
#include "descriptor.hpp"
#include "invariants.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "storm_plan.hpp"
#include "storm_report.hpp"
#include "terminal.hpp"
#include "units.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

/// Together with the start and the end of each run well under 15 s.
constexpr std::uint64_t oracle_ms = 2000;
constexpr std::uint64_t oracle_limit_ms = 5000;

/// A violation, and what is known of its storm.
struct broken_storm {
    violation what;
    std::string seed;
    std::string repeat;
};

record record_of_json(const json &object)
{
    record row;
    for (const auto &[key, value] : object.items())
        if (value.is_null())
            row.set(key, "-");
        else if (value.is_boolean())
            row.set(key, value.get<bool>() ? "1" : "0");
        else if (value.is_array()) {
            std::vector<std::string> words;
            for (const json &each : value)
                words.push_back(each.is_string() ? each.get<std::string>() : each.dump());
            row.set(key, words.empty() ? "-" : fmt::format("{}", fmt::join(words, ",")));
        } else
            row.set(key, value.is_string() ? value.get<std::string>() : value.dump());
    return row;
}

std::string text_or_empty(const json &object, const char *key)
{
    const auto found = object.find(key);
    if (found == object.end() || found->is_null())
        return {};
    return found->is_string() ? found->get<std::string>() : found->dump();
}

broken_storm broken_of_json(const json &storm)
{
    broken_storm broken{
        {text_or_empty(storm, "provider"), text_or_empty(storm, "invariant"), text_or_empty(storm, "detail")},
        text_or_empty(storm, "seed"),
        text_or_empty(storm, "repeat")};
    if (const auto account = storm.find("account"); account != storm.end() && account->is_object())
        broken.what.account = record_of_json(*account);
    const auto history = storm.find("history");
    if (history == storm.end() || !history->is_array())
        return broken;
    for (const json &each : *history) {
        if (each.is_object()) {
            broken.what.history.push_back(record_of_json(each));
            continue;
        }
        if (auto row = parse_record(each.is_string() ? each.get<std::string>() : "", "history"))
            broken.what.history.push_back(std::move(*row));
    }
    return broken;
}

problem no_violation(std::string what, std::string hint)
{
    return {exit_code::usage, std::move(what), std::move(hint)};
}

/// The last record of `storms` whose verdict is broken, from the loaded module.
result<broken_storm> last_of_module(module_port &port, const places &where)
{
    auto storms = read_storms(port);
    if (!storms)
        return storms.error();
    const auto found = std::find_if(storms->rbegin(), storms->rend(), [](const storm_record &storm) {
        return storm.outcome == verdict::broken;
    });
    if (found == storms->rend())
        return no_violation(
            "no storm that the module remembers broke an invariant",
            "refstorm storm --keep leaves the module loaded after a violation; or name a file "
            "with the output of refstorm storm --json");
    auto known = storm_parameters::read(port);
    if (!known)
        return known.error();
    broken_storm broken{{found->provider, found->invariant, found->detail},
                        fmt::format("{}", found->seed),
                        repeat_command(*found, *known, where)};
    // Files of another storm say nothing of this one.
    const auto mine = [&](const record &row) {
        return row.number("storm") && *row.number("storm") == found->id;
    };
    if (auto account = port.read_table("account"))
        for (record &row : account->rows)
            if (mine(row))
                broken.what.account = std::move(row);
    if (auto history = port.read_table("history"))
        for (record &row : history->rows)
            if (mine(row))
                broken.what.history.push_back(std::move(row));
    return broken;
}

/// All storms of a file that broke.
result<std::vector<broken_storm>> all_of_file(const std::string &name)
{
    const auto text = read_file(name);
    if (!text)
        return no_violation(fmt::format("'{}' is no invariant, and as a file it cannot be read: {}", name,
                                        std::strerror(text.error())),
                            fmt::format("invariants: {}", fmt::join(invariant_names(), " ")));
    const json document = json::parse(*text, nullptr, false);
    const auto storms = document.is_object() ? document.find("storms") : document.end();
    if (document.is_discarded() || storms == document.end() || !storms->is_array())
        return no_violation(fmt::format("{}: this is not the output of refstorm storm --json", name), "");
    std::vector<broken_storm> all;
    for (const json &storm : *storms)
        if (storm.is_object() && text_or_empty(storm, "verdict") == "broken")
            all.push_back(broken_of_json(storm));
    if (all.empty())
        return no_violation(fmt::format("{}: no storm in it broke an invariant", name), "");
    return all;
}

std::string broken_text(const broken_storm &broken)
{
    std::string text = fmt::format("{}: broken: {}\n", broken.what.provider, broken.what.invariant);
    if (!broken.what.detail.empty())
        text += fmt::format("  {}\n", broken.what.detail);
    text += explanation_text(broken.what, columns_of(stdout));
    if (!broken.seed.empty())
        text += fmt::format("  seed: {}\n", broken.seed);
    if (!broken.repeat.empty())
        text += fmt::format("  repeat: {}\n", broken.repeat);
    return text;
}

/// Runs the oracle on the loaded module, or says why not; never fails.
std::string oracle_of_module(const arguments &args, const std::string &provider)
{
    if (args.explain.no_oracle)
        return {};
    if (oracle_counter_of(provider).empty())
        return oracle_line_without_run(provider);
    auto ready = make_ready(args.where, {});
    if (!ready)
        return fmt::format("not run: {}", ready.error().what);
    const loaded_meanwhile loaded(args.where, args.keep ? std::vector<std::string>{} : ready->report.loaded);
    const std::unique_ptr<debugfs_port> port = std::move(ready->port);
    stop_signals stop;
    return oracle_line(*port, stop, args.where, provider);
}

/// The invariant \p name, or all.
json invariants_json(std::string_view name)
{
    json document = new_document();
    document["invariants"] = json::array();
    for (const std::string_view each : invariant_names())
        if (name.empty() || each == name)
            document["invariants"].push_back({{"invariant", each},
                                              {"meaning", invariant_meaning(each)},
                                              {"causes", invariant_causes(each)}});
    return document;
}

result<exit_code> explain_all(const arguments &args, const std::vector<broken_storm> &all)
{
    if (args.json) {
        json document = new_document();
        document["explanations"] = json::array();
        for (const broken_storm &each : all) {
            json one = explanation_json(each.what);
            one["provider"] = each.what.provider;
            one["invariant"] = each.what.invariant;
            one["detail"] = each.what.detail;
            one["repeat"] = each.repeat;
            document["explanations"].push_back(std::move(one));
        }
        document["oracle"] = oracle_of_module(args, all.front().what.provider);
        fmt::print("{}", document_text(document));
        return exit_code::held;
    }
    for (const broken_storm &each : all)
        fmt::print("{}", broken_text(each));
    std::fflush(stdout);
    if (const std::string line = oracle_of_module(args, all.front().what.provider); !line.empty())
        fmt::print("  oracle: {}\n", line);
    fmt::print("{}", where_to_read_on());
    return exit_code::held;
}

} // namespace

std::string where_to_read_on()
{
    return "  read on: docs/invariants.md (each invariant), docs/driver.md (explain), "
           "docs/oracle.md\n";
}

std::string oracle_line_without_run(std::string_view provider)
{
    return fmt::format("nothing to run: the oracle has no pair of counters for {}", provider);
}

std::string oracle_line(module_port &port, stop_signals &stop, const places &where, std::string_view provider)
{
    const std::string_view counter = oracle_counter_of(provider);
    if (counter.empty())
        return oracle_line_without_run(provider);
    if (auto allowed = may_warn(machine{}, "the oracle, which begins with misuse,"); !allowed)
        return fmt::format("not run: {}", allowed.error().what);
    std::uint64_t steps = 0;
    // In lockstep a difference shrinks to a few steps at once. Some need two CPUs.
    for (const bool lockstep : {true, false}) {
        oracle_options options;
        options.counters = {std::string(counter)};
        options.seconds_ms = oracle_ms;
        options.limit_ms = oracle_limit_ms;
        options.lockstep = lockstep;
        progress shown(stderr, 1);
        const auto outcome = oracle_runner(port, stop, where, &shown).run(options);
        if (!outcome)
            return outcome.error().what;
        if (outcome->differs() || outcome->interrupted)
            return outcome->sentences();
        for (const record &line : outcome->lines)
            if (const auto done = line.number_or_absent("steps"); done && *done)
                steps += **done;
    }
    return fmt::format("{}: in {} steps mainline's counter and ours answered the same, but for the listed "
                       "differences; refstorm oracle --counter {} compares longer",
                       counter, format_count(steps), counter);
}

result<exit_code> command_explain(const arguments &args)
{
    const std::string &what = args.explain.what;
    if (args.explain.invariants || !invariant_meaning(what).empty()) {
        if (args.json)
            fmt::print("{}", document_text(invariants_json(args.explain.invariants ? "" : what)));
        else
            fmt::print("{}", args.explain.invariants ? invariants_page() : invariant_text(what));
        return exit_code::held;
    }
    if (!what.empty()) {
        auto all = all_of_file(what);
        return all ? explain_all(args, *all) : all.error();
    }
    auto port = open_loaded(args.where);
    if (!port)
        return port.error();
    auto last = last_of_module(**port, args.where);
    if (!last)
        return last.error();
    port->reset();
    return explain_all(args, {*last});
}

} // namespace refstorm
