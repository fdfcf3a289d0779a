// SPDX-License-Identifier: GPL-2.0
#include "storm_bisect.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

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

bool has_one_of(const std::vector<std::string> &words, const std::vector<std::string> &wanted)
{
    return std::ranges::any_of(
        wanted, [&](const std::string &word) { return std::ranges::find(words, word) != words.end(); });
}

void reduce_numbers(const storm_spec &spec, std::vector<reduction> &smaller)
{
    struct counted_threads {
        std::uint64_t storm_spec::*member;
        std::string_view name;
    };
    for (const auto &[member, name] :
         {counted_threads{&storm_spec::workers, "worker"}, counted_threads{&storm_spec::killers, "killer"}})
        for (const std::uint64_t fewer : {std::uint64_t{1}, spec.*member / 2, spec.*member - 1}) {
            if (fewer == 0 || fewer >= spec.*member)
                continue;
            smaller.push_back({fmt::format("{} {}{}", fewer, name, fewer == 1 ? "" : "s"), spec});
            smaller.back().spec.*member = fewer;
        }
}

void reduce_lists(const storm_spec &spec, const storm_parameters &parameters,
                  const std::vector<std::string> &needed, std::vector<reduction> &smaller)
{
    for (const storm_parameter *parameter : parameters.passed_on()) {
        if (!parameter->is_list())
            continue;
        const auto told = spec.more.find(parameter->key);
        const std::string &value = told == spec.more.end() ? parameter->usual : told->second;
        const auto words = value == "all" ? parameter->names : split_list(value);
        for (const auto &fewer : without_one(words)) {
            if (parameter->key == "steps" && !has_one_of(fewer, needed))
                continue;
            const auto [gone, unused] = std::ranges::mismatch(words, fewer);
            smaller.push_back({fmt::format("{} without {}", parameter->key, *gone), spec});
            smaller.back().spec.more[parameter->key] = fmt::format("{}", fmt::join(fewer, ","));
        }
    }
}

/// What is no list is better not there at all.
void reduce_options(const storm_spec &spec, const storm_parameters &parameters,
                    std::vector<reduction> &smaller)
{
    for (const storm_parameter *parameter : parameters.passed_on())
        if (!parameter->is_list() && spec.more.contains(parameter->key)) {
            smaller.push_back({fmt::format("without {}", parameter->flag()), spec});
            smaller.back().spec.more.erase(parameter->key);
        }
}

void reduce_adversaries(const storm_spec &spec, std::vector<reduction> &smaller)
{
    for (const std::string &name : spec.adversaries) {
        smaller.push_back({fmt::format("without adversary {}", name), spec});
        storm_spec &fewer = smaller.back().spec;
        std::erase(fewer.adversaries, name);
        // The callbacks of CPU hotplug kill only while CPUs come and go.
        if (name == "cpus")
            fewer.more.erase("hotplug");
    }
}

} // namespace

std::vector<std::string> needed_steps(std::string_view invariant, bool has_tryget_live)
{
    if (invariant == "confirm-then-dead")
        return {"acquire_live"};
    // A worker gets its first reference by one of these.
    return has_tryget_live ? std::vector<std::string>{"acquire", "acquire_live"}
                           : std::vector<std::string>{"acquire"};
}

std::vector<reduction> reductions(const storm_spec &spec, const storm_parameters &parameters,
                                  const std::vector<std::string> &needed)
{
    std::vector<reduction> smaller;
    reduce_adversaries(spec, smaller);
    reduce_options(spec, parameters, smaller);
    reduce_numbers(spec, smaller);
    reduce_lists(spec, parameters, needed, smaller);
    return smaller;
}

bisection bisect(const storm_spec &spec, const storm_parameters &parameters,
                 const std::vector<std::string> &needed, const bisect_driver &driver, unsigned tries)
{
    bisection found{spec};
    std::set<std::string> in_vain;
    std::size_t done = 0;
    for (;;) {
        auto candidates = reductions(found.smallest, parameters, needed);
        std::erase_if(candidates, [&](const reduction &each) { return in_vain.contains(each.what); });
        if (candidates.empty())
            return found;
        const reduction &candidate = candidates.front();
        ++done;
        driver.tell({done, done - 1 + candidates.size(), candidate.what, candidates.size() * tries});
        still answer = still::holds;
        for (unsigned i = 0; i < tries && answer == still::holds; ++i) {
            ++found.runs;
            answer = driver.attempt(candidate.spec);
        }
        switch (answer) {
        case still::breaks:
            found.smallest = candidate.spec;
            break;
        case still::holds:
            in_vain.insert(candidate.what);
            break;
        case still::interrupted:
            found.interrupted = true;
            return found;
        case still::impossible:
            found.impossible = true;
            return found;
        }
    }
}

} // namespace refstorm
