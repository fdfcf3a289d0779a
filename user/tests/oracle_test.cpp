// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "command_oracle.hpp"
#include "fake_module.hpp"
#include "schema.hpp"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *cells =
    "difference=second_kill counter=percpu_ref holds=1 listed=1 seen=5 row=\"a second kill\"\n"
    "cell=get counter=percpu_ref percpu=120 zero=-\n"
    "cell=tryget counter=percpu_ref percpu=7 zero=101\n"
    "concurrent=tryget counter=percpu_ref percpu=3 zero=0\n";

class oracle : public testing::Test {
  protected:
    oracle()
    {
        place_.write("kmsg", "");
        where_.kernel_log = place_.path() / "kmsg";
        where_.debugfs = place_.path() / "refstorm";
        module_.on_command = [this](const std::string &) {
            if (on_start_)
                on_start_();
            return result<record, refusal>(record(std::vector<field>{{"command", "oracle"}}));
        };
        module_.files["oracle"] = [this] {
            return "run=1 counter=percpu_ref state=done seed=9 verdict=" + verdict_ + " detail=-\n" + cells;
        };
    }

    oracle_outcome run(const oracle_options &options)
    {
        stop_signals stop;
        auto outcome = oracle_runner(module_, stop, where_).run(options);
        EXPECT_TRUE(outcome);
        return outcome ? *outcome : oracle_outcome{};
    }

    void kernel_says(const std::string &line) const
    {
        std::ofstream(where_.kernel_log, std::ios::app) << "4,1,1,-;" << line << "\n";
    }

    temporary_directory place_;
    places where_;
    std::function<void()> on_start_;
    std::string verdict_ = "agreed";
    fake_module module_;
};

TEST_F(oracle, asks_for_what_was_asked_for)
{
    run({{"percpu_ref"}, 5, std::nullopt, 7});
    EXPECT_EQ(module_.commands, std::vector<std::string>{"oracle counter=percpu_ref steps=5 seed=7"});
}

TEST_F(oracle, asks_for_lockstep_alone_if_told)
{
    run({.counters = {"kref"}, .lockstep = true});
    EXPECT_EQ(module_.commands, std::vector<std::string>{"oracle counter=kref concurrent=0"});
}

TEST_F(oracle, asks_that_a_difference_be_a_disagreement_and_repeats_that)
{
    const json document = run({.counters = {"percpu_ref"}, .unlist = "looks_dead"}).document();
    EXPECT_EQ(module_.commands, std::vector<std::string>{"oracle counter=percpu_ref unlist=looks_dead"});
    EXPECT_EQ(document["runs"][0]["repeat"],
              "refstorm oracle --counter percpu_ref --seed 9 --unlist looks_dead --debugfs " +
                  where_.debugfs.native());
}

TEST_F(oracle, announces_what_the_start_provokes_and_ends_each)
{
    run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_EQ(place_.read("kmsg"),
              "refstorm-expect: begin 0..1 percpu_ref_kill_and_confirm called more than once on "
              "oracle_percpu_mainline_release [refstorm]!\nrefstorm-expect: end\n");
}

TEST_F(oracle, what_the_start_provokes_is_no_complaint)
{
    on_start_ = [this] {
        kernel_says("percpu_ref_kill_and_confirm called more than once on "
                    "oracle_percpu_mainline_release [refstorm]!");
    };
    const oracle_outcome outcome = run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_TRUE(outcome.complaints.empty());
    EXPECT_EQ(outcome.code(), exit_code::held);
    EXPECT_NE(outcome.text().find("kernel log: clean\n"), std::string::npos);
    EXPECT_EQ(outcome.document()["runs"][0]["kernel_log"], "clean");
}

TEST_F(oracle, another_complaint_of_the_kernel_breaks_a_run_that_agreed)
{
    on_start_ = [this] { kernel_says("BUG: unable to handle page fault"); };
    const oracle_outcome outcome = run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_EQ(outcome.code(), exit_code::broken);
    EXPECT_NE(outcome.text().find("kernel log during percpu_ref: BUG: unable to handle page fault\n"),
              std::string::npos);
    EXPECT_EQ(outcome.document()["complaints"][0]["counter"], "percpu_ref");
    EXPECT_EQ(outcome.document()["runs"][0]["kernel_log"], "complained");
}

TEST_F(oracle, a_report_that_is_not_known_leaves_the_log_unchecked)
{
    on_start_ = [this] { kernel_says("Call trace:"); };
    const oracle_outcome outcome = run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_EQ(outcome.code(), exit_code::broken);
    EXPECT_NE(outcome.text().find("kernel log: unchecked (a part of a report"), std::string::npos);
    EXPECT_EQ(outcome.document()["runs"][0]["kernel_log"], "unchecked");
}

TEST_F(oracle, says_if_the_kernel_log_cannot_be_read)
{
    where_.kernel_log = place_.path() / "missing";
    const oracle_outcome outcome = run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_EQ(outcome.code(), exit_code::held);
    EXPECT_NE(outcome.text().find("kernel log: unchecked"), std::string::npos);
}

TEST_F(oracle, tells_the_command_that_repeats_a_run)
{
    const json document = run({.counters = {"percpu_ref"}, .steps = 5, .lockstep = true}).document();
    EXPECT_EQ(document["runs"][0]["repeat"],
              "refstorm oracle --counter percpu_ref --seed 9 --steps 5 --lockstep --debugfs " +
                  where_.debugfs.native());
}

TEST_F(oracle, asks_for_all_counters_if_none_was_named)
{
    run({});
    EXPECT_EQ(module_.commands.size(), 4U);
}

TEST_F(oracle, exits_by_the_worst_verdict)
{
    const std::vector<std::pair<std::string, exit_code>> all = {
        {"agreed", exit_code::held},         {"differs", exit_code::broken}, {"unproven", exit_code::broken},
        {"stopped", exit_code::interrupted}, {"error", exit_code::machine},
    };
    for (const auto &[verdict, code] : all) {
        verdict_ = verdict;
        EXPECT_EQ(run({{"percpu_ref"}, {}, {}, {}}).code(), code) << verdict;
    }
}

TEST_F(oracle, shows_cells_as_a_table)
{
    EXPECT_NE(run({{"percpu_ref"}, {}, {}, {}})
                  .text(true)
                  .find("percpu_ref  percpu  zero\n"
                        "get            120     -\n"
                        "tryget           7   101\n"
                        "percpu_ref concurrently  percpu  zero\n"
                        "tryget                        3     0\n"),
              std::string::npos);
}

TEST_F(oracle, says_the_verdict_first_and_shows_tables_only_when_asked)
{
    const std::string text = run({{"percpu_ref"}, {}, {}, {}}).text();
    EXPECT_TRUE(text.starts_with("percpu_ref: agreed: no difference but those listed (")) << text;
    EXPECT_EQ(text.find("get  "), std::string::npos);
    EXPECT_NE(text.find("--tables shows"), std::string::npos);
    EXPECT_NE(text.find("  listed difference second_kill, seen 5 times: mainline: a second kill\n"),
              std::string::npos);
}

TEST_F(oracle, says_a_difference_in_a_sentence)
{
    verdict_ = "differs";
    const auto plain = module_.files["oracle"];
    module_.files["oracle"] = [plain] {
        return plain() + "shrunk=1 counter=percpu_ref seed=9 again=10/10 step=1 op=tryget_live_rcu nr=0 "
                         "limit=0 state=dead "
                         "mainline_ret=0 ours_ret=1 mainline_count=3 ours_count=4\n"
                         "step=0 counter=percpu_ref op=kill when=middle nr=0 limit=0 thread=-\n"
                         "step=1 counter=percpu_ref op=tryget_live_rcu when=middle nr=0 limit=0 thread=-\n";
    };
    const oracle_outcome outcome = run({{"percpu_ref"}, {}, {}, {}});
    EXPECT_TRUE(outcome.differs());
    EXPECT_TRUE(outcome.sentences().starts_with("percpu_ref: differs: after kill and tryget_live_rcu "
                                                "mainline says no, ours says yes; mainline counts 3, "
                                                "ours counts 4 ("))
        << outcome.sentences();
    EXPECT_NE(outcome.text().find("    1. kill\n    2. tryget_live_rcu\n"), std::string::npos);
}

TEST_F(oracle, ends_a_run_that_takes_longer_than_its_limit)
{
    bool stopped = false;
    module_.on_command = [&](const std::string &command) {
        stopped |= command == "oracle stop";
        return result<record, refusal>(record(std::vector<field>{{"command", "oracle"}}));
    };
    module_.files["oracle"] = [&] {
        return fmt::format("run=1 counter=percpu_ref state={} seed=9 verdict={} detail=-\n",
                           stopped ? "done" : "running", stopped ? "stopped" : "-");
    };
    const oracle_outcome outcome = run({.counters = {"percpu_ref"}, .limit_ms = 20});
    EXPECT_TRUE(stopped);
    EXPECT_FALSE(outcome.interrupted);
}

TEST_F(oracle, gives_a_run_up_that_does_not_end_after_its_limit)
{
    module_.files["oracle"] = [] {
        return "run=1 counter=sealed_ref state=running seed=9 verdict=- detail=-\n";
    };
    stop_signals stop;
    const auto outcome =
        oracle_runner(module_, stop, where_).run({.counters = {"sealed_ref"}, .limit_ms = 20});
    ASSERT_FALSE(outcome);
    EXPECT_NE(outcome.error().what.find("sealed_ref: the oracle does not come to an end"), std::string::npos);
    EXPECT_EQ(module_.commands.back(), "oracle stop");
}

TEST_F(oracle, gives_json_by_kind)
{
    const json document = run({{"percpu_ref"}, {}, {}, {}}).document();
    EXPECT_EQ(schema_complaints(document.dump(), source_path(json_schema_file)), "");
    EXPECT_EQ(document["exit"], 0);
    EXPECT_EQ(document["cells"][1]["zero"], 101);
    EXPECT_EQ(document["concurrent"][0]["percpu"], 3);
    EXPECT_EQ(document["differences"][0]["seen"], 5);
    EXPECT_TRUE(document["shrunk"].empty());
}

} // namespace
} // namespace refstorm
