// SPDX-License-Identifier: GPL-2.0
#include "sample_commands.hpp"
#include "storm_bisect.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

storm_spec large()
{
    return {.provider = "rs_kref",
            .ms = 1000,
            .seed = 7,
            .workers = 8,
            .killers = 4,
            .bound_ms = 2000,
            .duty = 100,
            .more = {{"contexts", "all"}, {"delay", "5"}, {"lives", "end"}},
            .adversaries = {"cpus", "memory"}};
}

TEST(bisection, reduces_one_thing_at_a_time)
{
    const auto smaller = reductions(large(), sample_parameters());
    EXPECT_EQ(std::ranges::count_if(smaller, [](const auto &s) { return s.adversaries.size() == 1; }), 2);
    EXPECT_EQ(std::ranges::count_if(smaller, [](const auto &s) { return s.workers < 8; }), 3);
    EXPECT_EQ(std::ranges::count_if(smaller, [](const auto &s) { return s.more.count("delay") == 0; }), 1);
    EXPECT_EQ(std::ranges::count_if(smaller, [](const auto &s) { return s.more.count("steps") != 0; }), 10);
    // A list of one word has nothing to lose.
    EXPECT_TRUE(std::ranges::all_of(smaller, [](const auto &s) { return s.more.at("lives") == "end"; }));
}

TEST(bisection, ends_with_what_cannot_be_reduced_any_more)
{
    // It takes two workers, one of them in hardirq, and puts of many.
    const auto breaks = [](const storm_spec &spec) {
        const auto steps = spec.more.find("steps");
        const bool puts = steps == spec.more.end() || steps->second.find("put_many") != std::string::npos;
        const std::string &contexts = spec.more.at("contexts");
        const bool hardirq = contexts == "all" || contexts.find("hardirq") != std::string::npos;
        return spec.workers >= 2 && hardirq && puts ? still::breaks : still::holds;
    };
    const bisection found = bisect(large(), sample_parameters(), breaks);
    EXPECT_EQ(found.smallest.workers, 2U);
    EXPECT_EQ(found.smallest.killers, 1U);
    EXPECT_TRUE(found.smallest.adversaries.empty());
    EXPECT_EQ(found.smallest.more.at("contexts"), "hardirq");
    EXPECT_EQ(found.smallest.more.at("steps"), "put_many");
    EXPECT_EQ(found.smallest.more.count("delay"), 0U);
    EXPECT_EQ(found.smallest.seed, 7U);
    EXPECT_LT(0U, found.runs);
}

TEST(bisection, tries_again_where_it_takes_luck)
{
    int tries = 0;
    const bisection found = bisect(large(), sample_parameters(), [&](const storm_spec &spec) {
        return spec.workers == 1 && tries++ % 2 ? still::breaks : still::holds;
    });
    EXPECT_EQ(found.smallest.workers, 1U);
}

TEST(bisection, keeps_what_it_has_when_it_is_interrupted)
{
    const bisection found =
        bisect(large(), sample_parameters(), [](const storm_spec &) { return still::interrupted; });
    EXPECT_TRUE(found.interrupted);
    EXPECT_EQ(found.runs, 1U);
    EXPECT_EQ(found.smallest.workers, 8U);
}

} // namespace
} // namespace refstorm
