// SPDX-License-Identifier: GPL-2.0
#include "error_log.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *two_entries =
    "[   12.345678] control: error: no provider is called 'x'; accepted: kref\n"
    "  Command: create a x\n"
    "                    ^\n"
    "[   13.000000] alloc: error: no site: error: here (errno 2)\n"
    "  Command: fail site=q nth=1\n";

TEST(error_log_parser, reads_time_file_message_command_and_caret)
{
    const auto log = parse_error_log(two_entries);
    ASSERT_TRUE(log) << log.error().what;
    ASSERT_EQ(log->size(), 2U);
    EXPECT_EQ((*log)[0].time, "12.345678");
    EXPECT_EQ((*log)[0].file, "control");
    EXPECT_EQ((*log)[0].message, "no provider is called 'x'; accepted: kref");
    EXPECT_EQ((*log)[0].command, "create a x");
    EXPECT_EQ((*log)[0].column, 10U);
    EXPECT_EQ((*log)[1].message, "no site: error: here (errno 2)");
    EXPECT_EQ((*log)[1].column, std::nullopt);
}

TEST(error_log_parser, keeps_the_text_of_each_entry)
{
    const auto log = parse_error_log(two_entries);
    ASSERT_TRUE(log);
    EXPECT_EQ((*log)[1].text, "[   13.000000] alloc: error: no site: error: here (errno 2)\n"
                              "  Command: fail site=q nth=1");
}

TEST(error_log_parser, takes_an_empty_log)
{
    const auto log = parse_error_log("");
    ASSERT_TRUE(log);
    EXPECT_TRUE(log->empty());
}

TEST(error_log_parser, names_the_line_that_is_wrong)
{
    const std::pair<const char *, const char *> cases[] = {
        {"nonsense\n", "error_log: line 1,"},
        {"[1.0] control: error: x", "error_log: line 1,"},
        {"[1.0] control: x\n", "error_log: line 1,"},
        {"[1.0] control: error: x\nnonsense\n", "error_log: line 2,"},
        {"[1.0] control: error: x\n  Command: a\n   ^\n", "error_log: line 3,"},
    };
    for (const auto &[text, where] : cases) {
        const auto log = parse_error_log(text);
        ASSERT_FALSE(log) << text;
        EXPECT_TRUE(log.error().what.starts_with(where)) << log.error().what;
    }
}

std::string entry(const std::string &file, const std::string &message, const std::string &command)
{
    return "[    1.000000] " + file + ": error: " + message + "\n  Command: " + command + "\n";
}

TEST(newest_entry, is_the_last_one_about_the_very_command)
{
    const auto log =
        parse_error_log(entry("control", "old", "get a") + entry("control", "new", "get a") +
                        entry("alloc", "elsewhere", "get a") + entry("control", "other", "get ab"));
    ASSERT_TRUE(log);
    EXPECT_EQ(newest_for_command(*log, "get a")->message, "new");
    EXPECT_EQ(newest_for_command(*log, "get a\n")->message, "new");
    EXPECT_EQ(newest_for_command(*log, "get"), nullptr);
    EXPECT_EQ(newest_for_command(*log, "get abc"), nullptr);
}

TEST(newest_entry, is_found_for_a_command_that_the_log_cannot_show_as_it_was)
{
    const std::string shown(511, 'x');
    const auto log = parse_error_log(entry("control", "too long", shown) + entry("control", "bad", "get ?"));
    ASSERT_TRUE(log);
    EXPECT_EQ(newest_for_command(*log, shown + "yyy")->message, "too long");
    EXPECT_EQ(newest_for_command(*log, "get \x01")->message, "bad");
    EXPECT_EQ(newest_for_command(*log, "get a"), nullptr);

    const auto with_tab = parse_error_log(entry("control", "tab", "get a"));
    EXPECT_EQ(newest_for_command(*with_tab, "get\ta")->message, "tab");
    EXPECT_EQ(newest_for_command(*with_tab, "get_a"), nullptr);
}

} // namespace
} // namespace refstorm
