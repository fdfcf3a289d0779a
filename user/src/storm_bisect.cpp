// SPDX-License-Identifier: GPL-2.0
#include "storm_bisect.hpp"

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

void reduce_lists(const storm_spec &spec, const storm_parameters &parameters,
                  std::vector<storm_spec> &smaller)
{
    for (const storm_parameter *parameter : parameters.passed_on()) {
        if (!parameter->is_list())
            continue;
        const auto told = spec.more.find(parameter->key);
        const std::string &value = told == spec.more.end() ? parameter->usual : told->second;
        for (const auto &words : without_one(value == "all" ? parameter->names : split_list(value))) {
            smaller.push_back(spec);
            smaller.back().more[parameter->key] = fmt::format("{}", fmt::join(words, ","));
        }
    }
}

/// What is no list is better not there at all.
void reduce_options(const storm_spec &spec, const storm_parameters &parameters,
                    std::vector<storm_spec> &smaller)
{
    for (const storm_parameter *parameter : parameters.passed_on())
        if (!parameter->is_list() && spec.more.contains(parameter->key)) {
            smaller.push_back(spec);
            smaller.back().more.erase(parameter->key);
        }
}

} // namespace

std::vector<storm_spec> reductions(const storm_spec &spec, const storm_parameters &parameters)
{
    std::vector<storm_spec> smaller;
    for (std::size_t i = 0; i < spec.adversaries.size(); ++i) {
        smaller.push_back(spec);
        auto &left = smaller.back().adversaries;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(i));
    }
    reduce_options(spec, parameters, smaller);
    reduce_numbers(spec, smaller);
    reduce_lists(spec, parameters, smaller);
    return smaller;
}

bisection bisect(const storm_spec &spec, const storm_parameters &parameters,
                 const std::function<still(const storm_spec &)> &attempt, unsigned tries)
{
    bisection found{spec};
    for (bool shrunk = true; shrunk;) {
        shrunk = false;
        for (const storm_spec &candidate : reductions(found.smallest, parameters)) {
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
