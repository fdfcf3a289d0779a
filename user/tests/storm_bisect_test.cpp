// SPDX-License-Identifier: GPL-2.0
#include "sample_commands.hpp"
#include "storm_bisect.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

const std::vector<std::string> any_reference = {"acquire", "acquire_live"};

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
    const auto smaller = reductions(large(), sample_parameters(), any_reference);
    const auto number = [&](const auto &is) {
        return std::ranges::count_if(smaller, [&](const reduction &each) { return is(each.spec); });
    };
    EXPECT_EQ(number([](const storm_spec &s) { return s.adversaries.size() == 1; }), 2);
    EXPECT_EQ(number([](const storm_spec &s) { return s.workers < 8; }), 3);
    EXPECT_EQ(number([](const storm_spec &s) { return s.more.count("delay") == 0; }), 1);
    EXPECT_EQ(number([](const storm_spec &s) { return s.more.count("steps") != 0; }), 10);
    // A list of one word has nothing to lose.
    EXPECT_EQ(number([](const storm_spec &s) { return s.more.at("lives") != "end"; }), 0);
}

TEST(bisection, never_takes_away_what_nothing_runs_without)
{
    storm_spec spec = large();
    spec.more["steps"] = "acquire,get";
    const auto steps_left = [&](const std::vector<std::string> &needed) {
        std::vector<std::string> left;
        for (const reduction &each : reductions(spec, sample_parameters(), needed))
            if (each.spec.more.at("steps") != spec.more.at("steps"))
                left.push_back(each.spec.more.at("steps"));
        return left;
    };
    EXPECT_EQ(steps_left(any_reference), std::vector<std::string>{"acquire"});
    spec.more["steps"] = "acquire,acquire_live";
    EXPECT_EQ(steps_left(needed_steps("confirm-then-dead", true)), std::vector<std::string>{"acquire_live"});
    EXPECT_EQ(steps_left(needed_steps("no-lost-count", false)), std::vector<std::string>{"acquire"});
    EXPECT_EQ(steps_left(needed_steps("no-lost-count", true)).size(), 2U);
}

TEST(bisection, leaves_the_kills_of_cpu_hotplug_out_with_the_cpus_that_come_and_go)
{
    storm_spec spec = large();
    spec.more["hotplug"] = "1";
    for (const reduction &each : reductions(spec, sample_parameters(), any_reference))
        if (each.what.find("adversary") != std::string::npos)
            EXPECT_EQ(each.spec.more.count("hotplug"), each.what == "without adversary cpus" ? 0U : 1U)
                << each.what;
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
    const bisection found = bisect(large(), sample_parameters(), any_reference, {breaks});
    EXPECT_EQ(found.smallest.workers, 2U);
    EXPECT_EQ(found.smallest.killers, 1U);
    EXPECT_TRUE(found.smallest.adversaries.empty());
    EXPECT_EQ(found.smallest.more.at("contexts"), "hardirq");
    // The last of the steps that give a first reference stays.
    EXPECT_EQ(found.smallest.more.at("steps"), "acquire_live,put_many");
    EXPECT_EQ(found.smallest.more.count("delay"), 0U);
    EXPECT_EQ(found.smallest.seed, 7U);
    EXPECT_LT(0U, found.runs);
}

TEST(bisection, tries_again_where_it_takes_luck)
{
    int tries = 0;
    const auto attempt = [&](const storm_spec &spec) {
        return spec.workers == 1 && tries++ % 2 ? still::breaks : still::holds;
    };
    const bisection found = bisect(large(), sample_parameters(), any_reference, {attempt});
    EXPECT_EQ(found.smallest.workers, 1U);
}

TEST(bisection, keeps_what_it_has_when_it_is_interrupted)
{
    const bisection found = bisect(large(), sample_parameters(), any_reference,
                                   {[](const storm_spec &) { return still::interrupted; }});
    EXPECT_TRUE(found.interrupted);
    EXPECT_EQ(found.runs, 1U);
    EXPECT_EQ(found.smallest.workers, 8U);
}

TEST(bisection, ends_when_nothing_more_can_be_run)
{
    const bisection found = bisect(large(), sample_parameters(), any_reference,
                                   {[](const storm_spec &) { return still::impossible; }});
    EXPECT_TRUE(found.impossible);
    EXPECT_EQ(found.runs, 1U);
}

TEST(bisection, tries_nothing_twice_that_did_not_break_and_says_how_far_it_is)
{
    std::vector<std::string> tried;
    std::size_t last_count = 0;
    std::size_t last_number = 0;
    bisect_driver driver;
    driver.attempt = [](const storm_spec &spec) {
        return spec.killers == 4 && spec.adversaries.size() == 2 ? still::breaks : still::holds;
    };
    driver.tell = [&](const bisect_step &step) {
        EXPECT_EQ(std::ranges::find(tried, std::string(step.what)), tried.end()) << step.what;
        tried.emplace_back(step.what);
        EXPECT_EQ(step.number, last_number + 1);
        EXPECT_LE(step.number, step.count);
        EXPECT_EQ(step.runs_left, 2 * (step.count - step.number + 1));
        last_number = step.number;
        last_count = step.count;
    };
    const bisection found = bisect(large(), sample_parameters(), any_reference, driver);
    EXPECT_EQ(last_number, last_count);
    EXPECT_EQ(found.smallest.killers, 4U);
    EXPECT_EQ(found.smallest.workers, 1U);
}

} // namespace
} // namespace refstorm
