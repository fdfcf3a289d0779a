// SPDX-License-Identifier: GPL-2.0
#include "command_oracle.hpp"
#include "fake_module.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *cells =
    "difference=second_kill counter=percpu_ref holds=1 seen=5 row=\"a second kill\"\n"
    "cell=get counter=percpu_ref percpu=120 zero=-\n"
    "cell=tryget counter=percpu_ref percpu=7 zero=101\n";

class oracle : public testing::Test {
  protected:
    oracle()
    {
        module_.on_command = [](const std::string &) {
            return result<record, refusal>(record(std::vector<field>{{"command", "oracle"}}));
        };
        module_.files["oracle"] = [this] {
            return "run=1 counter=percpu_ref state=done verdict=" + verdict_ + " detail=-\n" + cells;
        };
    }

    oracle_outcome run(const oracle_options &options)
    {
        stop_signals stop;
        auto outcome = oracle_runner(module_, stop, hear, this).run(options);
        EXPECT_TRUE(outcome);
        return outcome ? *outcome : oracle_outcome{};
    }

    static void hear(void *context, std::string_view line)
    {
        static_cast<oracle *>(context)->announced_.emplace_back(line);
    }

    std::string verdict_ = "agreed";
    std::vector<std::string> announced_;
    fake_module module_;
};

TEST_F(oracle, asks_for_what_was_asked_for)
{
    run({{"percpu_ref"}, 5, std::nullopt, 7});
    EXPECT_EQ(module_.commands, std::vector<std::string>{"oracle counter=percpu_ref steps=5 seed=7"});
}

TEST_F(oracle, announces_what_the_start_provokes_and_ends_each)
{
    run({{"percpu_ref"}, {}, {}, {}});
    ASSERT_EQ(announced_.size(), 2U);
    EXPECT_EQ(announced_[0],
              "refstorm-expect: begin 0..1 percpu_ref_kill_and_confirm called more than once on "
              "mainline_release [refstorm]!");
    EXPECT_EQ(announced_[1], "refstorm-expect: end");
}

TEST_F(oracle, asks_for_all_counters_if_none_was_named)
{
    run({});
    EXPECT_EQ(module_.commands.size(), 3U);
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
                  .text()
                  .find("percpu_ref  percpu  zero\n"
                        "get            120     -\n"
                        "tryget           7   101\n"),
              std::string::npos);
}

TEST_F(oracle, gives_json_by_kind)
{
    const json document = run({{"percpu_ref"}, {}, {}, {}}).document();
    EXPECT_EQ(document["exit"], 0);
    EXPECT_EQ(document["cells"][1]["zero"], 101);
    EXPECT_EQ(document["differences"][0]["seen"], 5);
    EXPECT_TRUE(document["shrunk"].empty());
}

} // namespace
} // namespace refstorm
