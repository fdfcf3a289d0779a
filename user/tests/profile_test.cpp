// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"
#include "profile.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

using words = std::vector<std::string>;

class profiles : public testing::Test {
  protected:
    void SetUp() override
    {
        place_.write("short", "# for tests\nguest.smp=2\nseconds=1\n\n kill_contexts = task,softirq \n");
    }

    words expanded(const words &from) const
    {
        auto to = with_profile(from, {place_.path()});
        if (!to) {
            ADD_FAILURE() << to.error().what;
            return {};
        }
        return *to;
    }

    problem refused(const words &from) const
    {
        auto to = with_profile(from, {place_.path()});
        return to ? problem{} : to.error();
    }

    temporary_directory place_;
};

TEST_F(profiles, become_options)
{
    EXPECT_EQ(expanded({"storm", "--profile", "short"}),
              (words{"storm", "--seconds=1", "--kill-contexts=task,softirq"}));
}

TEST_F(profiles, yield_to_the_command_line)
{
    EXPECT_EQ(expanded({"storm", "--profile=short", "--total", "9"}),
              (words{"storm", "--total", "9", "--kill-contexts=task,softirq"}));
    EXPECT_EQ(expanded({"storm", "--kill-contexts=task", "--profile=short"}),
              (words{"storm", "--kill-contexts=task", "--seconds=1"}));
}

TEST_F(profiles, of_a_total_leave_a_long_run_its_time)
{
    place_.write("long", "total=1800\nkillers=4\n");
    EXPECT_EQ(expanded({"storm", "--profile=long", "--hours", "24"}),
              (words{"storm", "--hours", "24", "--killers=4"}));
    EXPECT_EQ(expanded({"storm", "--profile=short", "--hours=1"}),
              (words{"storm", "--hours=1", "--seconds=1", "--kill-contexts=task,softirq"}));
}

TEST_F(profiles, with_a_byte_order_mark_are_refused_by_its_name)
{
    for (const char *mark : {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"}) {
        place_.write("bom", std::string(mark) + "seconds=1\n");
        const problem what = refused({"storm", "--profile", "bom"});
        EXPECT_EQ(what.code, exit_code::machine);
        EXPECT_NE(what.what.find("byte order mark"), std::string::npos) << what.what;
    }
}

TEST_F(profiles, can_be_files_anywhere)
{
    EXPECT_EQ(expanded({"storm", "--profile", (place_.path() / "short").native()}).size(), 3U);
}

TEST_F(profiles, that_are_unknown_are_refused_with_the_known_ones)
{
    EXPECT_EQ(refused({"storm", "--profile", "long"}).what, "--profile: there is no profile 'long'");
    EXPECT_EQ(refused({"storm", "--profile", "long"}).hint,
              "accepted: a path with a slash, or one of: short");
}

TEST_F(profiles, with_a_line_that_is_none_are_refused)
{
    place_.write("odd", "seconds=1\nkillers\n");
    EXPECT_EQ(refused({"storm", "--profile", "odd"}).what, "profile odd, line 2: 'killers'");
}

TEST_F(profiles, are_of_storms_only)
{
    EXPECT_EQ(expanded({"list", "--profile", "short"}), (words{"list", "--profile", "short"}));
}

} // namespace
} // namespace refstorm
