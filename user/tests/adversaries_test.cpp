// SPDX-License-Identifier: GPL-2.0
#include "adversaries.hpp"
#include "fake_module.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

using namespace std::chrono_literals;

/// A machine with four CPUs, of which the first cannot go.
class adversary : public testing::Test {
  protected:
    void SetUp() override
    {
        where_.cpus = place_.path() / "cpu";
        where_.debugfs = place_.path();
        for (int cpu = 0; cpu < 4; ++cpu) {
            std::filesystem::create_directories(where_.cpus / ("cpu" + std::to_string(cpu)));
            if (cpu > 0)
                place_.write("cpu/cpu" + std::to_string(cpu) + "/online", "1\n");
        }
        place_.write("alloc", "# site module\nsite=percpu_ref_data module=rsref\n");
    }

    std::string cpu(int n) const { return place_.read("cpu/cpu" + std::to_string(n) + "/online"); }
    bool all_online() const
    {
        for (int n = 1; n < 4; ++n)
            if (!cpu(n).starts_with('1'))
                return false;
        return true;
    }
    bool some_offline() const { return !all_online(); }

    /// Looks until it is so, for two minutes at most, which only a hang takes.
    template <class T>
    static bool becomes(T condition)
    {
        for (int i = 0; i < 120'000; ++i) {
            if (condition())
                return true;
            std::this_thread::sleep_for(1ms);
        }
        return false;
    }

    temporary_directory place_;
    places where_;
};

TEST_F(adversary, cpus_go_and_are_all_back_in_the_end)
{
    adversary_crew crew({"cpus"}, where_, 1);
    EXPECT_TRUE(becomes([&] { return some_offline(); }));
    const auto reports = crew.stop();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name, "cpus");
    EXPECT_EQ(reports[0].problem, "");
    EXPECT_TRUE(all_online());
}

TEST_F(adversary, cpus_are_back_though_the_driver_was_killed)
{
    const pid_t driver = ::fork();
    if (driver == 0) {
        const adversary_crew crew({"cpus"}, where_, 1);
        ::pause();
        ::_exit(0);
    }
    EXPECT_TRUE(becomes([&] { return some_offline(); }));
    ::kill(driver, SIGKILL);
    ::waitpid(driver, nullptr, 0);
    EXPECT_TRUE(becomes([&] { return all_online(); }));
    std::this_thread::sleep_for(20ms);
    EXPECT_TRUE(all_online());
}

TEST_F(adversary, cpus_that_were_offline_stay_so)
{
    place_.write("cpu/cpu2/online", "0\n");
    {
        adversary_crew crew({"cpus"}, where_, 1);
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_EQ(cpu(2), "0\n");
    EXPECT_TRUE(cpu(1).starts_with('1') && cpu(3).starts_with('1'));
}

TEST_F(adversary, without_a_cpu_that_can_go_says_so)
{
    std::filesystem::remove_all(where_.cpus);
    adversary_crew crew({"cpus"}, where_, 1);
    EXPECT_EQ(crew.stop()[0].problem, "no CPU can go offline here");
}

TEST_F(adversary, hog_without_an_isolated_cpu_says_what_it_needs)
{
    for (const char *isolated : {"", "\n"}) {
        place_.write("cpu/isolated", isolated);
        adversary_crew crew({"hog"}, where_, 1);
        const auto reports = crew.stop();
        EXPECT_TRUE(reports[0].problem.starts_with("no CPU is isolated: boot with isolcpus="));
        EXPECT_EQ(reports[0].rounds, 0U);
    }
}

TEST_F(adversary, hog_has_realtime_tasks_run_without_a_limit_until_the_end)
{
    // A CPU that no machine has: the hog stops there and disturbs nothing on this machine.
    place_.write("cpu/isolated", "2-3,1023\n");
    place_.write("runtime", "950000\n");
    where_.realtime_runtime = place_.path() / "runtime";
    adversary_crew crew({"hog"}, where_, 1);
    EXPECT_TRUE(becomes([&] { return place_.read("runtime").starts_with("-1"); }));
    const auto reports = crew.stop();
    EXPECT_TRUE(reports[0].problem.starts_with("CPU 1023: "));
    EXPECT_EQ(place_.read("runtime"), "950000\n");
}

TEST_F(adversary, loops_without_a_tracked_cpu_say_what_they_need)
{
    place_.write("cpu/isolated", "2-3\n");
    for (const char *tracked : {"", "(null)\n", "2-3\n"}) {
        place_.write("cpu/nohz_full", tracked);
        adversary_crew crew({"loops"}, where_, 1);
        const auto reports = crew.stop();
        EXPECT_TRUE(reports[0].problem.starts_with("no CPU has its user mode tracked: boot with nohz_full="));
        EXPECT_EQ(reports[0].rounds, 0U);
    }
}

TEST_F(adversary, loops_run_on_tracked_cpus_that_are_not_isolated)
{
    place_.write("cpu/isolated", "5\n");
    place_.write("cpu/nohz_full", "5,1022-1023\n");
    adversary_crew crew({"loops"}, where_, 1);
    // CPUs that no machine has.
    EXPECT_TRUE(crew.stop()[0].problem.starts_with("CPU 102"));
}

TEST_F(adversary, allocations_fail_until_the_end)
{
    adversary_crew crew({"allocations"}, where_, 1);
    EXPECT_TRUE(becomes([&] { return place_.read("alloc").starts_with("fail site="); }));
    crew.stop();
    EXPECT_TRUE(place_.read("alloc").starts_with("clear"));
}

} // namespace
} // namespace refstorm
