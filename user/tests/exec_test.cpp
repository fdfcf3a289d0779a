// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "debugfs_port.hpp"
#include "fake_module.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

namespace fs = std::filesystem;

class exec : public testing::Test {
  protected:
    exec()
    {
        module_.on_command = [](const std::string &command) -> result<record, refusal> {
            if (command.starts_with("bad"))
                return refusal{EINVAL, command, "unknown command 'bad'",
                               "[1.0] control: error: unknown command 'bad'"};
            if (command.starts_with("busy"))
                return refusal{EBUSY, command};
            if (command.starts_with("full"))
                return refusal{ENOSPC, command};
            return *parse_record(R"(command=tryget object=7 result=false detail="a \" b")", "control");
        };
    }
    exit_code run(const std::vector<std::string> &commands, bool as_json = false)
    {
        command_sequence sequence(module_, as_json, out_.get(), err_.get());
        for (const std::string &command : commands)
            if (!sequence.run(command))
                break;
        return sequence.finish();
    }

    fake_module module_;
    temporary_file out_;
    temporary_file err_;
};

TEST_F(exec, prints_the_result_line_as_the_module_wrote_it)
{
    EXPECT_EQ(run({"tryget 7"}), exit_code::held);
    EXPECT_EQ(out_.text(), "command=tryget object=7 result=false detail=\"a \\\" b\"\n");
    EXPECT_EQ(err_.text(), "");
}

TEST_F(exec, takes_a_result_of_false_for_an_answer_not_a_failure)
{
    EXPECT_EQ(run({"tryget a"}), exit_code::held);
}

TEST_F(exec, stops_at_the_first_refusal_and_shows_its_entry_in_the_error_log)
{
    EXPECT_EQ(run({"a", "bad", "b"}), exit_code::usage);
    EXPECT_EQ(module_.commands, (std::vector<std::string>{"a", "bad"}));
    EXPECT_EQ(err_.text(), "refstorm: 'bad' was refused: EINVAL: unknown command 'bad'\n"
                           "[1.0] control: error: unknown command 'bad'\n");
}

TEST_F(exec, explains_an_errno_itself_if_the_log_has_no_entry)
{
    EXPECT_EQ(run({"busy"}), exit_code::usage);
    EXPECT_EQ(err_.text(), "refstorm: 'busy' was refused: EBUSY: the object is not released yet\n");
}

TEST_F(exec, exits_with_3_at_a_limit)
{
    EXPECT_EQ(run({"full"}), exit_code::machine);
}

TEST_F(exec, prints_one_document_with_every_command_that_ran)
{
    EXPECT_EQ(run({"a", "bad", "b"}, true), exit_code::usage);
    const json document = json::parse(out_.text());
    EXPECT_EQ(document["exit"], 2);
    ASSERT_EQ(document["commands"].size(), 2U);
    EXPECT_EQ(document["commands"][0]["result"]["object"], "7");
    EXPECT_EQ(document["commands"][1]["ok"], false);
    EXPECT_EQ(document["commands"][1]["errno"], "EINVAL");
    EXPECT_EQ(document["commands"][1]["message"], "unknown command 'bad'");
}

TEST(exec_words, are_split_at_plus_signs)
{
    const auto commands = split_commands({"create", "a", "kref", "+", "get", "a", "2"});
    ASSERT_TRUE(commands);
    EXPECT_EQ(*commands, (std::vector<std::string>{"create a kref", "get a 2"}));
}

TEST(exec_words, must_not_leave_a_command_empty)
{
    for (const std::vector<std::string> &words :
         {std::vector<std::string>{"+"}, {"get", "+"}, {"+", "get"}, {"a", "+", "+", "b"}, {""}})
        EXPECT_FALSE(split_commands(words));
}

TEST(debugfs_port, writes_a_command_and_reads_its_result)
{
    const fake_debugfs module(
        [](const std::string &command) { return "command=get object=a echo=" + command; });
    auto port = debugfs_port::open(module.path());
    ASSERT_TRUE(port) << port.error().what;
    for (const char *command : {"one", "two"}) {
        const auto answer = (*port)->command(command);
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(*answer->text("echo"), command);
    }
}

TEST(debugfs_port, takes_an_answer_that_is_no_record_for_a_failure)
{
    const fake_debugfs module([](const std::string &) { return "what?"; });
    auto port = debugfs_port::open(module.path());
    ASSERT_TRUE(port);
    const auto answer = (*port)->command("get a");
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("control: line 1, column 5"), std::string::npos)
        << answer.error().message;
}

TEST(debugfs_port, finds_the_entry_in_the_error_log_for_a_refused_write)
{
    const temporary_directory place;
    fs::create_symlink("/dev/full", place.path() / "control");
    place.write("error_log", "[    1.000000] control: error: 8 storms are running already (errno 28)\n"
                             "  Command: storm provider=kref\n"
                             "[    2.000000] control: error: not this one (errno 2)\n"
                             "  Command: get a\n");
    auto port = debugfs_port::open(place.path());
    ASSERT_TRUE(port);
    const auto answer = (*port)->command("storm provider=kref");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().error_number, ENOSPC);
    EXPECT_EQ(answer.error().message, "8 storms are running already (errno 28)");
    EXPECT_EQ(answer.error().log_entry,
              "[    1.000000] control: error: 8 storms are running already (errno 28)\n"
              "  Command: storm provider=kref");
}

TEST(debugfs_port, reads_a_table_again_through_the_same_open_file)
{
    const fake_debugfs module([](const std::string &) { return "a=1"; });
    auto port = debugfs_port::open(module.path());
    ASSERT_TRUE(port);
    for (int i = 0; i < 2; ++i) {
        const auto storms = (*port)->read_table("storms");
        ASSERT_TRUE(storms);
        EXPECT_TRUE(storms->rows.empty());
    }
}

TEST(debugfs_port, lets_one_driver_at_a_time_provoke_warnings)
{
    const temporary_directory place;
    place.write("control", "");
    auto first = debugfs_port::open(place.path());
    auto second = debugfs_port::open(place.path());
    ASSERT_TRUE(first && second);
    EXPECT_TRUE((*first)->lock_warnings());
    EXPECT_TRUE((*first)->lock_warnings());
    EXPECT_FALSE((*second)->lock_warnings());
    first->reset();
    EXPECT_TRUE((*second)->lock_warnings());
}

} // namespace
} // namespace refstorm
