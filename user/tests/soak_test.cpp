// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"
#include "json_output.hpp"
#include "soak.hpp"
#include "storm_ktap.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

using namespace std::chrono_literals;

/// A long run against a stand-in whose storms end at the second look.
class soaking : public testing::Test {
  protected:
    soaking()
    {
        place_.write("kmsg", "");
        where_.kernel_log = place_.path() / "kmsg";
        where_.debugfs = place_.path() / "refstorm";
        times_ = {.margin = 200ms, .breath = 1ms, .patience = 20ms};
        options_.total_ms = 300;
        options_.log = place_.path() / "soak";
        for (const char *provider : {"kref", "rs_kref"}) {
            plan_.storms.emplace_back();
            plan_.storms.back().provider = provider;
            plan_.storms.back().ms = 100;
        }
        module_.on_command = [this](const std::string &command) {
            if (command.starts_with("storm ")) {
                line_.id = ++id_;
                line_.provider = command.find("provider=rs_kref") == std::string::npos ? "kref" : "rs_kref";
                line_.state = "running";
                line_.verdict = "-";
                looks_ = 1;
            }
            return result<record, refusal>(
                *parse_record("command=storm storm=" + std::to_string(id_) + " result=done", "control"));
        };
        module_.files["storms"] = [this] {
            if (line_.state == "running" && looks_-- == 0) {
                line_.state = "done";
                line_.verdict = id_ == breaks_ ? "broken" : "held";
                allocations_ += id_ == leaks_ ? 1 : 0;
            }
            return storms_table({line_});
        };
        module_.files["status"] = [this] {
            return "version=1\nallocations=" + std::to_string(allocations_) + "\n";
        };
    }

    result<soak_outcome> run()
    {
        stop_signals stop;
        temporary_file shown_text;
        progress shown(shown_text.get(), 1);
        return soak(module_, stop, shown, where_, times_).run(plan_, options_);
    }
    std::vector<json> lines() const
    {
        std::vector<json> parsed;
        std::istringstream text(place_.read("soak"));
        for (std::string line; std::getline(text, line);)
            parsed.push_back(json::parse(line));
        return parsed;
    }

    temporary_directory place_;
    places where_;
    run_times times_;
    soak_options options_;
    storm_plan plan_;
    fake_module module_;
    storm_line line_;
    unsigned id_ = 0;
    unsigned looks_ = 0;
    unsigned breaks_ = 0;
    unsigned leaks_ = 0;
    unsigned allocations_ = 9;
};

TEST_F(soaking, storms_one_provider_after_the_other_until_the_time_is_over)
{
    const auto outcome = run();
    ASSERT_TRUE(outcome) << outcome.error().what;
    EXPECT_EQ(outcome->code(), exit_code::held);
    const auto rows = lines();
    // The stand-in says of each storm that it took 100 ms or more.
    ASSERT_GE(rows.size(), 3U);
    EXPECT_EQ(rows.front()["allocations"], 9);
    EXPECT_EQ(rows[1]["provider"], "kref");
    EXPECT_EQ(rows[1]["allocations"], 9);
    EXPECT_EQ(rows[1]["kernel_log"], "clean");
    EXPECT_TRUE(rows[1]["memory"].contains("Slab_kb"));
    EXPECT_EQ(rows.back()["overall"], "held");
    EXPECT_EQ(rows.back()["exit"], 0);
    EXPECT_EQ(rows.back()["slices"], rows.size() - 2);
}

TEST_F(soaking, ends_with_the_storm_that_breaks)
{
    breaks_ = 1;
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->code(), exit_code::broken);
    ASSERT_EQ(lines().size(), 3U);
    EXPECT_EQ(lines()[1]["verdict"], "broken");
    EXPECT_EQ(lines()[2]["overall"], "broken");
}

TEST_F(soaking, is_broken_by_memory_that_stays)
{
    leaks_ = 1;
    const auto outcome = run();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->code(), exit_code::broken);
    EXPECT_EQ(lines()[1]["invariant"], "memory-constant");
    EXPECT_EQ(lines()[1]["detail"], "allocations=10 after the slice, 9 before the first");
}

TEST_F(soaking, goes_on_where_the_last_driver_ended)
{
    options_.total_ms = 1'000'000'000;
    place_.write("soak", "{\"soak_ms\":1000000000,\"allocations\":9}\n"
                         "{\"slice\":0,\"ms\":999999950,\"verdict\":\"unproven\"}\n{\"slice\":1,\"ms\":5");
    options_.resume = true;
    const auto outcome = run();
    ASSERT_TRUE(outcome) << outcome.error().what;
    EXPECT_EQ(outcome->slices, 2U);
    EXPECT_EQ(outcome->worst, verdict::unproven);
    ASSERT_EQ(lines().size(), 4U);
    EXPECT_EQ(lines()[2]["provider"], "rs_kref");
    EXPECT_EQ(lines()[3]["overall"], "unproven");
    EXPECT_FALSE(run());
}

TEST_F(soaking, takes_up_the_storm_that_the_last_driver_left)
{
    options_.total_ms = 1'000'000'000;
    place_.write("soak", "{\"soak_ms\":1000000000,\"allocations\":9}\n"
                         "{\"slice\":0,\"ms\":999999990,\"verdict\":\"held\"}\n");
    options_.resume = true;
    line_.id = 7;
    line_.state = "running";
    looks_ = 2;
    const auto outcome = run();
    ASSERT_TRUE(outcome) << outcome.error().what;
    EXPECT_EQ(lines()[2]["storm"], 7);
    EXPECT_EQ(lines()[2]["kernel_log"], "unchecked");
    EXPECT_EQ(id_, 0U);
}

TEST_F(soaking, refuses_a_file_that_is_not_of_this_run)
{
    place_.write("soak", "something\n");
    EXPECT_FALSE(run());
    options_.resume = true;
    for (const char *text : {"something\n", "[]\n", "{}\n", "{\"soak_ms\":5,\"allocations\":9}\n",
                             "{\"soak_ms\":300,\"allocations\":9}\n{\"overall\":\"held\"}\n"}) {
        place_.write("soak", text);
        EXPECT_FALSE(run()) << text;
    }
    options_.log = place_.path() / "nothing";
    EXPECT_FALSE(run());
    EXPECT_EQ(id_, 0U);
}

TEST(ktap, has_a_result_for_each_storm_that_was_planned)
{
    const auto outcome_of = [](const storm_line &line) {
        return storm_outcome{*parse_storm(parse_table(storms_table({line}), "storms")->rows.at(0))};
    };
    run_outcome all;
    all.planned = 3;
    all.storms = {outcome_of({}),
                  outcome_of({.provider = "kref", .verdict = "broken", .invariant = "release-once"})};
    const std::string text = report_ktap(all);
    EXPECT_TRUE(text.starts_with("KTAP version 1\n1..3\n# verdict=held operations="));
    EXPECT_NE(text.find("\nok 1 storm of rs_kref\n"), std::string::npos);
    EXPECT_NE(text.find("# invariant=release-once\nnot ok 2 storm of kref\nok 3 storm # SKIP not begun\n"),
              std::string::npos);
    EXPECT_TRUE(text.ends_with("# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0\n"));
}

} // namespace
} // namespace refstorm
