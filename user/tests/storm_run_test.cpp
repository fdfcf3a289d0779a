// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"
#include "storm_run.hpp"

#include <csignal>
#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

using namespace std::chrono_literals;

/// Storms against a stand-in. A storm runs until `storms` was looked at `looks` times.
class storm_running : public testing::Test {
  protected:
    storm_running()
    {
        place_.write("kmsg", "");
        std::filesystem::create_directory(place_.path() / "parameters");
        where_.rsref_parameters = place_.path() / "parameters";
        where_.kernel_log = place_.path() / "kmsg";
        where_.debugfs = place_.path() / "refstorm";
        times_.margin = 200ms;
        times_.breath = 1ms;
        module_.on_command = [this](const std::string &command) { return answer(command); };
        module_.files["storms"] = [this] {
            if (line_.state == "running" && left_-- == 0)
                end();
            return storms_table({{.id = 90, .state = "running", .verdict = "-"}, line_});
        };
        module_.files["events"] = [] {
            return "seq=1 subject=storm:3 event=start\nseq=2 subject=storm:33 event=start\n"
                   "seq=3 subject=storm:3 event=violation\n";
        };
    }
    result<record, refusal> answer(const std::string &command)
    {
        if (refuse_with_ != 0)
            return refusal{refuse_with_, command, refuse_words_};
        if (command.starts_with("storm ")) {
            line_.state = "running";
            line_.verdict = "-";
            left_ = looks_;
            if (on_start_)
                on_start_();
            return *parse_record("command=storm storm=3 result=done", "control");
        }
        if (command == "stop 3" && !deaf_) {
            final_ = "stopped";
            left_ = 0;
        }
        return *parse_record("command=stop storm=3 result=done", "control");
    }

    void end()
    {
        line_.state = "done";
        line_.verdict = final_;
        if (final_ == "broken") {
            line_.invariant = "no-lost-count";
            line_.detail = "release() did not run within 2000 ms";
            line_.object = "17";
        }
        if (on_end_)
            on_end_();
    }

    void kernel_says(const std::string &line) const
    {
        std::ofstream(where_.kernel_log, std::ios::app) << "4,1,1,-;" << line << "\n";
    }

    /// What the start of a saturating storm makes the kernel say.
    void saturate() const
    {
        kernel_says("rs_refcount_t: saturated; leaking memory.");
        kernel_says("rs_refcount_t: saturated; leaking memory.");
        kernel_says("rs_refcount_t: underflow; use-after-free.");
    }

    std::string kernel_log() const { return place_.read("kmsg"); }

    run_outcome run(const std::vector<storm_spec> &storms)
    {
        stop_signals stop;
        progress shown(progress_file_.get(), storms.size());
        return storm_runner(module_, stop, shown, where_, times_).run({.storms = storms});
    }

    static storm_spec spec(storm_pattern pattern = storm_pattern::lifecycle)
    {
        return {.provider = "rs_kref",
                .ms = 10,
                .workers = 2,
                .killers = 2,
                .pattern = pattern,
                .bound_ms = 10,
                .duty = 100};
    }

    temporary_directory place_;
    places where_;
    run_times times_;
    fake_module module_;
    storm_line line_ = {.id = 3};
    int looks_ = 2;
    int left_ = 0;
    std::string final_ = "held";
    int refuse_with_ = 0;
    std::string refuse_words_;
    bool deaf_ = false;
    std::function<void()> on_start_;
    std::function<void()> on_end_;
    temporary_file progress_file_;
};

TEST_F(storm_running, reports_the_verdict_of_its_own_storm)
{
    const run_outcome all = run({spec(), spec()});
    ASSERT_EQ(all.storms.size(), 2U);
    EXPECT_EQ(all.storms[0].storm.id, 3U);
    EXPECT_EQ(all.storms[0].storm.outcome, verdict::held);
    EXPECT_EQ(all.storms[0].log, log_state::clean);
    EXPECT_EQ(all.code(), exit_code::held);
    EXPECT_EQ(module_.commands.at(0), control_command(spec()));
}

TEST_F(storm_running, passes_on_what_broke_with_the_events_of_that_storm)
{
    final_ = "broken";
    const run_outcome all = run({spec()});
    EXPECT_EQ(all.code(), exit_code::broken);
    ASSERT_EQ(all.storms.size(), 1U);
    EXPECT_EQ(all.storms[0].storm.invariant, "no-lost-count");
    EXPECT_EQ(all.storms[0].events, (std::vector<std::string>{"seq=1 subject=storm:3 event=start",
                                                              "seq=3 subject=storm:3 event=violation"}));
}

TEST_F(storm_running, goes_on_with_the_next_provider_after_one_that_broke)
{
    final_ = "broken";
    EXPECT_EQ(run({spec(), spec()}).storms.size(), 2U);
}

TEST_F(storm_running, breaks_the_clean_log_if_the_kernel_warned)
{
    on_start_ = [this] { kernel_says("BUG: sleeping function called from invalid context"); };
    const run_outcome all = run({spec()});
    ASSERT_EQ(all.storms.size(), 1U);
    EXPECT_EQ(all.storms[0].storm.outcome, verdict::broken);
    EXPECT_EQ(all.storms[0].storm.invariant, "kernel-log-clean");
    EXPECT_EQ(all.storms[0].storm.raw.find("verdict")->text, "broken");
    EXPECT_EQ(all.storms[0].storm.raw.find("invariant")->text, "kernel-log-clean");
    EXPECT_EQ(all.code(), exit_code::broken);
}

TEST_F(storm_running, does_not_answer_for_warnings_from_before)
{
    kernel_says("BUG: old");
    EXPECT_EQ(run({spec()}).code(), exit_code::held);
}

TEST_F(storm_running, keeps_the_modules_invariant_beside_complaints)
{
    final_ = "broken";
    on_start_ = [this] { kernel_says("BUG: x"); };
    const run_outcome all = run({spec()});
    EXPECT_EQ(all.storms.at(0).storm.invariant, "no-lost-count");
    EXPECT_EQ(all.storms.at(0).complaints, std::vector<std::string>{"BUG: x"});
}

TEST_F(storm_running, says_that_the_log_is_unchecked_if_it_cannot_be_read)
{
    where_.kernel_log = place_.path() / "missing";
    const run_outcome all = run({spec()});
    EXPECT_EQ(all.storms.at(0).log, log_state::unchecked);
    EXPECT_NE(all.log_unchecked.find("missing"), std::string::npos);
    EXPECT_EQ(all.code(), exit_code::held);
}

TEST_F(storm_running, proves_nothing_beside_a_report_that_is_not_known)
{
    on_start_ = [this] { kernel_says("Call trace:"); };
    const run_outcome first = run({spec()});
    EXPECT_EQ(first.storms.at(0).log, log_state::unchecked);
    EXPECT_EQ(first.storms.at(0).storm.outcome, verdict::unproven);
    EXPECT_NE(first.log_unchecked.find("Call trace:"), std::string::npos);
    EXPECT_EQ(first.code(), exit_code::broken);
    on_start_ = nullptr;
    const run_outcome next = run({spec()});
    EXPECT_EQ(next.storms.at(0).log, log_state::clean);
    EXPECT_EQ(next.code(), exit_code::held);
}

TEST_F(storm_running, announces_the_warnings_that_saturation_provokes)
{
    place_.write("parameters/clear_warn_once", "");
    on_start_ = [this] { saturate(); };
    const run_outcome all = run({spec(storm_pattern::saturate)});
    EXPECT_EQ(all.code(), exit_code::held);
    EXPECT_EQ(place_.read("parameters/clear_warn_once"), "1");
    EXPECT_EQ(kernel_log(), "refstorm-expect: begin 2 rs_refcount_t: saturated; leaking memory.\n"
                            "refstorm-expect: begin 1 rs_refcount_t: underflow; use-after-free.\n"
                            "4,1,1,-;rs_refcount_t: saturated; leaking memory.\n"
                            "4,1,1,-;rs_refcount_t: saturated; leaking memory.\n"
                            "4,1,1,-;rs_refcount_t: underflow; use-after-free.\n"
                            "refstorm-expect: end\n"
                            "refstorm-expect: end\n");
}

TEST_F(storm_running, arms_mainlines_warnings_at_mainlines_file)
{
    place_.write("parameters/clear_warn_once", "");
    place_.write("clear_warn_once", "");
    storm_spec mainline = spec(storm_pattern::saturate);
    mainline.provider = "kref";
    (void)run({mainline});
    EXPECT_EQ(place_.read("clear_warn_once"), "1");
    EXPECT_EQ(place_.read("parameters/clear_warn_once"), "");
}

TEST_F(storm_running, breaks_if_saturation_did_not_warn)
{
    place_.write("parameters/clear_warn_once", "");
    const run_outcome all = run({spec(storm_pattern::saturate)});
    EXPECT_EQ(all.storms.at(0).storm.invariant, "kernel-log-clean");
    EXPECT_EQ(all.storms.at(0).complaints,
              (std::vector<std::string>{
                  "announced 2 times, came 0 times: rs_refcount_t: saturated; leaking memory.",
                  "announced 1 times, came 0 times: rs_refcount_t: underflow; use-after-free."}));
}

TEST_F(storm_running, allows_missing_warnings_if_they_cannot_be_armed_again)
{
    const run_outcome all = run({spec(storm_pattern::saturate)});
    EXPECT_EQ(all.code(), exit_code::held);
    EXPECT_TRUE(kernel_log().starts_with("refstorm-expect: begin 0..2 "));
}

TEST_F(storm_running, breaks_if_saturation_warned_too_often_or_of_something_else)
{
    on_start_ = [this] {
        saturate();
        kernel_says("rs_refcount_t: saturated; leaking memory.");
    };
    EXPECT_EQ(run({spec(storm_pattern::saturate)}).code(), exit_code::broken);
    on_start_ = [this] { kernel_says("refcount_t: saturated; leaking memory."); };
    EXPECT_EQ(run({spec(storm_pattern::saturate)}).code(), exit_code::broken);
}

TEST_F(storm_running, does_not_excuse_the_announced_warning_once_the_storm_has_started)
{
    on_end_ = [this] { kernel_says("rs_refcount_t: saturated; leaking memory."); };
    EXPECT_EQ(run({spec(storm_pattern::saturate)}).code(), exit_code::broken);
}

TEST_F(storm_running, leaves_the_provoking_of_warnings_to_one_driver_at_a_time)
{
    module_.warnings_locked_by_others = true;
    const run_outcome all = run({spec(storm_pattern::saturate)});
    ASSERT_TRUE(all.failure);
    EXPECT_EQ(all.code(), exit_code::machine);
    EXPECT_TRUE(module_.commands.empty());
    EXPECT_EQ(run({spec()}).code(), exit_code::held);
}

TEST_F(storm_running, explains_that_a_limit_is_reached)
{
    refuse_with_ = ENOSPC;
    refuse_words_ = "8 storms are running already";
    const run_outcome all = run({spec(), spec()});
    ASSERT_TRUE(all.failure);
    EXPECT_NE(all.failure->what.find("ENOSPC: 8 storms are running already"), std::string::npos)
        << all.failure->what;
    EXPECT_NE(all.failure->hint.find("stop ID"), std::string::npos);
    EXPECT_EQ(all.code(), exit_code::machine);
    EXPECT_EQ(module_.commands.size(), 1U);
}

TEST_F(storm_running, closes_its_announcement_when_the_storm_is_refused)
{
    refuse_with_ = ENOMEM;
    EXPECT_TRUE(run({spec(storm_pattern::saturate)}).failure);
    EXPECT_TRUE(kernel_log().ends_with("refstorm-expect: end\n"));
}

TEST_F(storm_running, stops_its_storm_on_a_signal_and_still_has_the_verdict)
{
    looks_ = 1000000;
    on_start_ = [] { ::kill(::getpid(), SIGINT); };
    const run_outcome all = run({spec(), spec()});
    EXPECT_TRUE(all.interrupted);
    ASSERT_EQ(all.storms.size(), 1U);
    EXPECT_EQ(all.storms[0].storm.outcome, verdict::stopped);
    EXPECT_EQ(all.code(), exit_code::interrupted);
    EXPECT_EQ(module_.commands.back(), "stop 3");
}

TEST_F(storm_running, starts_nothing_after_a_signal)
{
    on_end_ = [] { ::kill(::getpid(), SIGTERM); };
    const run_outcome all = run({spec(), spec(), spec()});
    EXPECT_EQ(all.storms.size(), 1U);
    EXPECT_EQ(all.storms[0].storm.outcome, verdict::held);
    EXPECT_EQ(all.code(), exit_code::interrupted);
}

TEST_F(storm_running, tells_an_invariant_that_broke_before_the_signal)
{
    looks_ = 1000000;
    on_start_ = [this] {
        kernel_says("BUG: x");
        ::kill(::getpid(), SIGINT);
    };
    EXPECT_EQ(run({spec()}).code(), exit_code::broken);
}

TEST_F(storm_running, fails_if_a_storm_does_not_end)
{
    looks_ = 1000000;
    deaf_ = true;
    const run_outcome all = run({spec()});
    ASSERT_EQ(all.storms.size(), 1U);
    EXPECT_NE(all.storms[0].storm.detail.find("has not ended"), std::string::npos);
    EXPECT_EQ(all.code(), exit_code::broken);
    EXPECT_EQ(module_.commands.back(), "stop 3");
}

TEST_F(storm_running, sleeps_between_looks_even_if_the_table_changes_all_the_time)
{
    looks_ = 1000000;
    deaf_ = true;
    times_.breath = 50ms;
    module_.idle = wake::storms_changed;
    (void)run({spec()});
    // 220 ms in breaths of 50, two waits to each, and some slack
    EXPECT_LE(module_.waits, 14U);
}

TEST_F(storm_running, fails_if_the_storm_is_not_in_the_table)
{
    module_.files["storms"] = [] { return storms_table({}); };
    const run_outcome all = run({spec()});
    ASSERT_TRUE(all.failure);
    EXPECT_NE(all.failure->what.find("storm 3"), std::string::npos);
    EXPECT_NE(all.code(), exit_code::held);
}

TEST_F(storm_running, fails_if_the_table_cannot_be_understood)
{
    module_.files["storms"] = [] { return "# storm\nstorm=3 verdict\n"; };
    const run_outcome all = run({spec()});
    ASSERT_TRUE(all.failure);
    EXPECT_NE(all.failure->what.find("storms: line 2, column 16"), std::string::npos) << all.failure->what;
}

TEST(storm_line_types, refuse_a_verdict_or_a_state_that_is_not_known)
{
    for (const storm_line &line : {storm_line{.verdict = "fine"}, storm_line{.state = "asleep"}}) {
        const auto parsed = parse_table(storms_table({line}), "storms");
        ASSERT_TRUE(parsed);
        EXPECT_FALSE(parse_storm(parsed->rows.at(0)));
    }
}

} // namespace
} // namespace refstorm
