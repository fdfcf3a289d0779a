// SPDX-License-Identifier: GPL-2.0
#include "grammar.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <sstream>

namespace fuzz {

namespace {

// How often a command is drawn: usual_weight unless it is here.
struct weight {
    std::string_view verb;
    unsigned weight;
    bool rare = false;
    bool lucky = false;
};

constexpr unsigned usual_weight = 300;
constexpr std::array weights = {
    weight{"create", 1800},
    weight{"get", 400},
    weight{"put", 800},
    weight{"kill", 500},
    weight{"destroy", 1000},
    weight{"wait", 100, true},
    weight{"switch_to_atomic", 40},
    weight{"switch_to_percpu", 200},
    weight{"resurrect", 200},
    weight{"track", 100},
    weight{"untrack", 100},
    weight{"pass", 100, true},
    // What takes its time is rare.
    weight{"storm", 30, true},
    weight{"stop", 40},
    weight{"oracle", 6, true},
    weight{"oracle stop", 10},
    weight{"bench", 2, true},
    weight{"bench_kill", 2, true},
    weight{"bench_memory", 1, true, true},
    weight{"fail", 2},
    weight{"clear", 3},
};

// Values of keys whose range has more than a fuzzer can wait for, or than a slow kernel stands. A key that is
// "always" there would take too long without.
struct limit {
    std::string_view verb; // empty: of any
    std::string_view key;
    std::uint64_t from, to;
    bool always = false;
};

constexpr std::array limits = {
    limit{"wait", "ms", 0, 1, true},         limit{"", "ms", 0, 39, true},
    limit{"storm", "seconds", 0, 1, true},   limit{"storm", "bound_ms", 20000, 20000, true},
    limit{"storm", "hard_bound", 0, 0},      limit{"storm", "gust_ms", 0, 39},
    limit{"oracle", "steps", 0, 4, true},    limit{"bench_memory", "refs", 999, 1000, true},
    limit{"bench_kill", "refs", 0, 4, true}, limit{"bench_kill", "batches", 0, 2, true},
};

const limit *limit_of(const rule &command, const word &key)
{
    const auto *found = std::ranges::find_if(limits, [&](const limit &each) {
        return (each.verb.empty() || each.verb == command.verb) && each.key == key.name;
    });
    return found == limits.end() ? nullptr : found;
}

// Keys that make a storm a long or another one: 1 of so many has them.
struct seldom {
    std::string_view key;
    unsigned one_of;
};

constexpr std::array seldom_keys = {seldom{"kprobes", 30}, seldom{"hotplug", 30}, seldom{"pattern", 6}};

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
constexpr std::array operations = {"pair", "init_exit", "tryget_pair", "kill"};
constexpr std::array differences = {"second_kill", "looks_dead", "second_exit", "put_none",
                                    "dec_not_one_of_zero"};

template <class List>
std::string one_of(random_source &random, const List &words)
{
    return std::string(words[below(random, words.size())]);
}

std::vector<std::string> split(const std::string &list, char separator)
{
    std::vector<std::string> parts;
    std::istringstream in(list);
    for (std::string part; std::getline(in, part, separator);)
        parts.push_back(part);
    return parts;
}

// The value of a key in a row of a table, without its quotes.
std::string value_in(const std::string &row, const std::string &key)
{
    const std::string padded = " " + row;
    const auto at = padded.find(" " + key + "=");
    if (at == std::string::npos)
        return {};
    const auto begin = at + key.size() + 2;
    if (padded[begin] == '"')
        return padded.substr(begin + 1, padded.find('"', begin + 1) - begin - 1);
    return padded.substr(begin, padded.find(' ', begin) - begin);
}

std::vector<std::string> column(const std::string &table, const std::string &key)
{
    std::vector<std::string> values;
    for (const std::string &row : split(table, '\n'))
        if (!row.starts_with('#'))
            values.push_back(value_in(row, key));
    return values;
}

// Several of the names, one twice now and then.
std::string several_of(random_source &random, const std::vector<std::string> &names)
{
    std::string list = one_of(random, names);
    for (auto more = below(random, 4); more; more--)
        if (below(random, 2))
            list += "," + one_of(random, names);
    return below(random, 5) ? list : below(random, 4) ? "all" : ",";
}

std::string number_of(random_source &random, const word &key)
{
    if (below(random, 8) == 0)
        return one_of(random, numbers);
    // The range and what is just beside it, where there is anything.
    const std::uint64_t width = std::min<std::uint64_t>(5, key.max - key.min + 2);
    return std::to_string(key.min + below(random, width));
}

const rule &weighted(random_source &random, const std::vector<rule> &from, std::string_view file)
{
    unsigned sum = 0;
    for (const rule &each : from)
        sum += each.file == file ? each.weight : 0;
    auto at = below(random, sum);
    for (const rule &each : from) {
        if (each.file != file)
            continue;
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

grammar::grammar(const std::string &commands, const std::string &providers, const std::string &alloc)
    : providers_(column(providers, "provider")), sites_(column(alloc, "site"))
{
    sites_.emplace_back("any");
    for (const std::string &row : split(commands, '\n')) {
        if (row.starts_with('#'))
            continue;
        const std::string verb = value_in(row, "command");
        if (value_in(row, "key") == "-") {
            const auto *known = std::ranges::find(weights, std::string_view(verb), &weight::verb);
            const weight drawn = known == weights.end() ? weight{verb, usual_weight} : *known;
            rules_.push_back({value_in(row, "file"), verb, {}, drawn.weight, drawn.rare, drawn.lucky});
            continue;
        }
        word key;
        key.name = value_in(row, "key");
        key.kind = value_in(row, "kind");
        key.operand = value_in(row, "place") == "operand";
        key.needed = value_in(row, "needed") == "1";
        key.instead = value_in(row, "instead") == "1";
        key.min = std::strtoull(value_in(row, "min").c_str(), nullptr, 10);
        key.max = std::strtoull(value_in(row, "max").c_str(), nullptr, 10);
        if (value_in(row, "names") != "-")
            key.names = split(value_in(row, "names"), ',');
        rules_.back().words.push_back(std::move(key));
    }
}

std::string grammar::text_of(random_source &random, const word &key) const
{
    if (key.name == "NAME")
        return "f" + std::to_string(below(random, 40));
    if (key.name == "PROVIDER" || key.kind == "provider")
        return one_of(random, providers_);
    if (key.name == "site")
        return one_of(random, sites_);
    if (key.name == "operation")
        return one_of(random, operations);
    if (key.name == "unlist")
        return one_of(random, differences);
    return one_of(random, holders);
}

std::string grammar::value_of(random_source &random, const rule &command, const word &key) const
{
    if (const limit *within = limit_of(command, key))
        return std::to_string(within->from + below(random, within->to - within->from + 1));
    if (key.kind == "number")
        return number_of(random, key);
    if (key.kind == "choice")
        return one_of(random, key.names);
    if (key.kind == "several")
        return several_of(random, key.names);
    return text_of(random, key);
}

std::string grammar::expand(random_source &random, const rule &command) const
{
    std::string text = command.verb;
    for (auto key = command.words.begin(); key != command.words.end(); ++key) {
        const limit *within = limit_of(command, *key);
        const auto *seldom_key = std::ranges::find(seldom_keys, std::string_view(key->name), &seldom::key);
        const auto one_in = seldom_key == seldom_keys.end() ? 3 : seldom_key->one_of;
        const bool there = key->needed || (within && within->always) || below(random, one_in) == 0;
        auto chosen = key;
        // One of the row and of those that may stand instead of it.
        for (; key + 1 != command.words.end() && (key + 1)->instead; ++key)
            if (below(random, 2))
                chosen = key + 1;
        if (!there)
            continue;
        text += " ";
        if (chosen->kind == "word")
            text += chosen->name;
        else
            text += (chosen->operand ? "" : chosen->name + "=") + value_of(random, command, *chosen);
    }
    return text;
}

attempt grammar::next(random_source &random) const
{
    const auto kind = below(random, 100);
    if (kind < 2) {
        constexpr std::array<const char *, 12> read_only = {"commands", "holders", "README", "providers",
                                                            "peers",    "objects", "storms", "events",
                                                            "history",  "oracle",  "bench",  "status"};
        return {read_only[below(random, read_only.size())], noise(random), {}};
    }
    if (kind < 4)
        return {"error_log", noise(random), {}};
    attempt made{kind < 8 ? "alloc" : "control", {}, {}};
    if (kind == 99) {
        made.text = noise(random);
        return made;
    }
    const rule &chosen = weighted(random, rules_, made.file);
    made.text = expand(random, chosen);
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
    const bool told = text.find(" ms=") != text.npos || text.find(" seconds=") != text.npos;
    if (number_of(" seconds=") > 1)
        return true;
    if (waits && (!told || number_of(" ms=") > 100) && text.find("bench_kill") == text.npos)
        return true;
    if (text.find("oracle") != text.npos && text.find("stop") == text.npos &&
        (text.find(" steps=") == text.npos || number_of(" steps=") > 100))
        return true;
    const bool memory = text.find("bench_memory") != text.npos;
    return number_of(" refs=") > (memory ? 1000 : 100) || (memory && number_of(" refs=") == 0) ||
           number_of(" batches=") > 10 || number_of(" workers=") > 16 || number_of("gust_ms=") > 100;
}

} // namespace fuzz
