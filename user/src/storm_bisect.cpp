// SPDX-License-Identifier: GPL-2.0
#include "storm_bisect.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

/// Options that are lists, with all their words.
struct list_option {
    std::string_view key;
    std::string_view all;
};

constexpr std::array list_options = {
    list_option{"contexts", "pinned,roaming,nice,realtime,softirq,hardirq"},
    list_option{"kill_contexts", "task,irqs_off,softirq,hardirq"},
    list_option{"lives", "end,reinit,resurrect"},
    list_option{"ends", "grace,release,zero,alive"},
    list_option{"steps", "acquire,acquire_live,get,get_many,put,put_many,tryget,check,drain,idle"},
};

/// Options that are better not there at all.
constexpr std::array<std::string_view, 8> plain_options = {"kprobes", "hotplug", "gust_ms",   "delay",
                                                           "track",   "objects", "switchers", "memory"};

/// Copies of \p words that lack one each, but no empty one.
std::vector<std::vector<std::string>> without_one(const std::vector<std::string> &words)
{
    std::vector<std::vector<std::string>> lists;
    if (words.size() < 2)
        return lists;
    for (std::size_t i = 0; i < words.size(); ++i) {
        lists.push_back(words);
        lists.back().erase(lists.back().begin() + static_cast<std::ptrdiff_t>(i));
    }
    return lists;
}

void reduce_numbers(const storm_spec &spec, std::vector<storm_spec> &smaller)
{
    for (const auto member : {&storm_spec::workers, &storm_spec::killers})
        for (const std::uint64_t fewer : {std::uint64_t{1}, spec.*member / 2, spec.*member - 1}) {
            if (fewer == 0 || fewer >= spec.*member)
                continue;
            smaller.push_back(spec);
            smaller.back().*member = fewer;
        }
}

void reduce_lists(const storm_spec &spec, std::vector<storm_spec> &smaller)
{
    for (const list_option &option : list_options) {
        const auto value = spec.more.find(option.key);
        // Without the option `steps`, workers do all steps.
        if (value == spec.more.end() && option.key != "steps")
            continue;
        const bool all = value == spec.more.end() || value->second == "all";
        for (const auto &words :
             without_one(split_list(all ? option.all : std::string_view(value->second)))) {
            smaller.push_back(spec);
            smaller.back().more[std::string(option.key)] = fmt::format("{}", fmt::join(words, ","));
        }
    }
}

} // namespace

std::vector<storm_spec> reductions(const storm_spec &spec)
{
    std::vector<storm_spec> smaller;
    for (std::size_t i = 0; i < spec.adversaries.size(); ++i) {
        smaller.push_back(spec);
        auto &left = smaller.back().adversaries;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const std::string_view key : plain_options)
        if (spec.more.find(key) != spec.more.end()) {
            smaller.push_back(spec);
            smaller.back().more.erase(std::string(key));
        }
    reduce_numbers(spec, smaller);
    reduce_lists(spec, smaller);
    return smaller;
}

bisection bisect(const storm_spec &spec, const std::function<still(const storm_spec &)> &attempt,
                 unsigned tries)
{
    bisection found{spec};
    for (bool shrunk = true; shrunk;) {
        shrunk = false;
        for (const storm_spec &candidate : reductions(found.smallest)) {
            still answer = still::holds;
            for (unsigned i = 0; i < tries && answer == still::holds; ++i) {
                ++found.runs;
                answer = attempt(candidate);
            }
            if (answer == still::interrupted) {
                found.interrupted = true;
                return found;
            }
            if (answer == still::breaks) {
                found.smallest = candidate;
                shrunk = true;
                break;
            }
        }
    }
    return found;
}

} // namespace refstorm
