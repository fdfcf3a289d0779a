// SPDX-License-Identifier: GPL-2.0
#include "grammar.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>

namespace fuzz {

namespace {

// In a rule: {a|b|c} is one of them, [x] may be there or not, NAME PROVIDER N MS and so on are below.
struct rule {
    std::string_view verb;
    std::string_view form;
    unsigned weight;
};

constexpr std::array rules = {
    rule{"create", "create NAME PROVIDER", 600},
    rule{"create",
         "create NAME PROVIDER[ count=N][ unguarded=FLAG][ mode={percpu|atomic|dead}][ reinit=FLAG][ "
         "track=FLAG]",
         600},
    rule{"create", "create NAME {percpu_ref|rs_percpu_ref|rs_sealed_ref|rs_sealed_ref_dynamic} reinit=1",
         600},
    rule{"get", "get NAME[ N]", 400},
    rule{"put", "put NAME[ N]", 800},
    rule{"tryget", "tryget NAME[ FEW]", 300},
    rule{"tryget_live", "tryget_live NAME", 300},
    rule{"kill", "kill NAME[ confirm=FLAG]", 500},
    rule{"wait", "wait NAME ms={0|1}", 100},
    rule{"switch_to_atomic", "switch_to_atomic NAME", 40},
    rule{"switch_to_percpu", "switch_to_percpu NAME", 200},
    rule{"reinit", "reinit NAME", 300},
    rule{"resurrect", "resurrect NAME", 200},
    rule{"destroy", "destroy NAME", 1000},
    rule{"track", "track NAME[ seconds=FEW]", 100},
    rule{"untrack", "untrack NAME", 100},
    rule{"pass", "pass NAME {a|b|control} {a|b|control}", 50},
    // What takes its time is rare.
    rule{"storm",
         "storm provider=PROVIDER ms=SHORT[ seed=N][ workers=FEW][ killers=FEW][ bound_ms=20000][ duty=FEW]"
         "[ contexts=CONTEXTS][ kill_contexts=KILLS][ delay=FEW][ steps=STEPS][ objects=FEW][ life_us=N]"
         "[ lives=LIVES][ ends=ENDS][ memory={kept|freed}][ switchers=FLAG][ gust_ms=SHORT][ track=FLAG]",
         20},
    rule{"storm", "storm provider=PROVIDER ms=SHORT {kprobes|hotplug}=1", 1},
    rule{"storm", "storm provider=PROVIDER pattern=saturate ms=SHORT", 4},
    rule{"storm", "storm provider=PROVIDER pattern=ends-alive ms=SHORT[ life_us=N][ memory={kept|freed}]", 4},
    rule{"stop", "stop {all|N}", 40},
    rule{"oracle", "oracle counter={refcount|kref|percpu_ref} steps=FEW[ seed=N][ concurrent=FLAG]", 4},
    rule{"oracle",
         "oracle counter=percpu_ref steps=2000 unlist={second_kill|looks_dead|second_exit|put_none}", 1},
    rule{"oracle", "oracle counter={refcount|kref} steps=2000 unlist=dec_not_one_of_zero", 1},
    rule{"oracle", "oracle stop", 10},
    rule{"bench",
         "bench provider=PROVIDER operation={pair|init_exit|tryget_pair|kill} clock={ns|auto}[ cpus=FLAG] "
         "ms=SHORT",
         2},
    rule{"bench_kill",
         "bench_kill provider=PROVIDER refs=FEW batches=FLAG[ load={none|users|busy}][ from={one|all}]", 2},
};

constexpr std::array alloc_rules = {
    rule{"fail", "fail site=SITE nth=FEW", 2},
    rule{"clear", "clear", 3},
};

constexpr std::array providers = {
    "atomic",
    "refcount",
    "kref",
    "percpu_ref",
    "rs_refcount",
    "rs_kref",
    "rs_percpu_ref",
    "rs_percpu_ref_dynamic",
    "rs_percpu_ref_two_stage",
    "rs_sealed_ref",
    "rs_sealed_ref_dynamic",
    "rs_sealed_ref_generic",
    "cxx_refcount",
    "cxx_kref",
    "cxx_sealed_ref",
};
constexpr std::array sites = {
    "any",          "percpu_ref_data", "percpu_ref_slots", "sealed_slots",
    "workqueue",    "callback_thread", "events_reader",    "control",
    "object",       "storm",           "storm_slots",      "storm_workers",
    "storm_thread", "storm_object",    "storm_objects",    "storm_history",
    "storm_probes", "oracle",          "oracle_thread",    "bench",
    "bench_thread",
};
constexpr std::array numbers = {
    "0",
    "1",
    "2",
    "3",
    "7",
    "100",
    "1000",
    "65535",
    "65536",
    "65537",
    "2147483647",
    "2147483648",
    "4294967296",
    "0x10",
    "0xffffffffffffffff",
    "18446744073709551615",
    "18446744073709551616",
    "-1",
    "+1",
    "01",
    "1 ",
    "",
};
constexpr std::array contexts = {"pinned",          "roaming", "nice", "realtime",
                                 "softirq",         "hardirq", "all",  "pinned,softirq,hardirq",
                                 "softirq,softirq", ","};
constexpr std::array kills = {"task", "irqs_off", "softirq", "hardirq", "all", "task,hardirq"};
constexpr std::array steps = {"all", "acquire", "acquire_live,put", "get,put,tryget", "check,drain,idle"};
constexpr std::array lives = {"end", "reinit", "resurrect", "all", "end,reinit"};
constexpr std::array ends = {"grace", "release", "zero", "alive", "grace,alive", "all"};

template <std::size_t N>
std::string_view one_of(random_source &random, const std::array<const char *, N> &words)
{
    return words[below(random, N)];
}

std::string terminal(random_source &random, std::string_view name)
{
    if (name == "NAME")
        return "f" + std::to_string(below(random, 40));
    if (name == "PROVIDER")
        return std::string(one_of(random, providers));
    if (name == "N")
        return below(random, 2) ? std::to_string(below(random, 5)) : std::string(one_of(random, numbers));
    if (name == "FLAG")
        return std::to_string(below(random, 8) ? below(random, 2) : 2);
    if (name == "FEW")
        return std::to_string(below(random, 5));
    if (name == "SHORT")
        return std::to_string(below(random, 40));
    if (name == "SITE")
        return std::string(one_of(random, sites));
    if (name == "CONTEXTS")
        return std::string(one_of(random, contexts));
    if (name == "KILLS")
        return std::string(one_of(random, kills));
    if (name == "STEPS")
        return std::string(one_of(random, steps));
    if (name == "LIVES")
        return std::string(one_of(random, lives));
    return std::string(one_of(random, ends));
}

std::string expand(random_source &random, std::string_view form)
{
    std::string text;
    while (!form.empty()) {
        const char first = form.front();
        const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
        if (first == '[') {
            const auto end = form.find(']');
            if (below(random, 3) == 0)
                text += expand(random, form.substr(1, end - 1));
            form.remove_prefix(end + 1);
        } else if (first == '{') {
            const auto end = form.find('}');
            std::string_view choices = form.substr(1, end - 1);
            for (auto skip = below(random, std::ranges::count(choices, '|') + 1); skip; skip--)
                choices.remove_prefix(choices.find('|') + 1);
            text += expand(random, choices.substr(0, choices.find('|')));
            form.remove_prefix(end + 1);
        } else if (upper(first)) {
            const auto end = std::ranges::find_if_not(form, upper) - form.begin();
            text += terminal(random, form.substr(0, end));
            form.remove_prefix(end);
        } else {
            text += first;
            form.remove_prefix(1);
        }
    }
    return text;
}

template <std::size_t N>
const rule &weighted(random_source &random, const std::array<rule, N> &from)
{
    unsigned sum = 0;
    for (const rule &each : from)
        sum += each.weight;
    auto at = below(random, sum);
    for (const rule &each : from) {
        if (at < each.weight)
            return each;
        at -= each.weight;
    }
    return from.front();
}

// A command broken in one place.
void break_it(random_source &random, std::string &text)
{
    const auto at = below(random, text.size() + 1);
    switch (below(random, 9)) {
    case 0:
        text.resize(at);
        break;
    case 1:
        text.insert(at, 1, static_cast<char>(below(random, 256)));
        break;
    case 2:
        if (at < text.size())
            text[at] = static_cast<char>(below(random, 256));
        break;
    case 3:
        text.insert(at, text.substr(at / 2));
        break;
    case 4:
        text += " " + text;
        break;
    case 5:
        text.insert(at, one_of(random, numbers));
        break;
    case 6:
        // Around the longest write that is read at all.
        text.resize(509 + below(random, 5), 'x');
        break;
    case 7:
        text.insert(at, below(random, 2) ? "=" : " \t ");
        break;
    default:
        if (at < text.size())
            text.erase(at, 1 + below(random, 4));
        break;
    }
}

std::string noise(random_source &random)
{
    std::string text(below(random, 700), '\0');
    for (char &c : text)
        c = static_cast<char>(below(random, 256));
    return text;
}

} // namespace

attempt next(random_source &random)
{
    const auto kind = below(random, 100);
    if (kind < 2) {
        constexpr std::array<const char *, 10> read_only = {"holders", "README", "providers", "objects",
                                                            "storms",  "events", "history",   "oracle",
                                                            "bench",   "status"};
        return {one_of(random, read_only), noise(random), {}};
    }
    if (kind < 4)
        return {"error_log", noise(random), {}};
    const bool alloc = kind < 8;
    attempt made{alloc ? "alloc" : "control", {}, {}};
    if (kind == 99) {
        made.text = noise(random);
        return made;
    }
    const rule &chosen = alloc ? weighted(random, alloc_rules) : weighted(random, rules);
    made.text = expand(random, chosen.form);
    if (below(random, 4) == 0)
        break_it(random, made.text);
    else
        made.verb = chosen.verb;
    if (below(random, 2))
        made.text += '\n';
    return made;
}

bool is_out_of_bounds(std::string_view text)
{
    // A number as the kernel reads it, behind KEY=.
    const auto number_of = [&](std::string_view key) {
        const auto at = text.rfind(key);
        if (at == std::string_view::npos)
            return 0ULL;
        return std::strtoull(std::string(text.substr(at + key.size())).c_str(), nullptr, 0);
    };
    const bool waits =
        text.find("wait") != text.npos || text.find("storm") != text.npos || text.find("bench") != text.npos;
    const bool told = text.find(" ms=") != text.npos;
    if (waits && (!told || number_of(" ms=") > 100) && text.find("bench_kill") == text.npos)
        return true;
    if (text.find("oracle") != text.npos && text.find("stop") == text.npos &&
        (text.find(" steps=") == text.npos || number_of(" steps=") > 100))
        return true;
    return number_of(" refs=") > 100 || number_of(" batches=") > 10 || number_of(" workers=") > 16 ||
           number_of("gust_ms=") > 100;
}

} // namespace fuzz
