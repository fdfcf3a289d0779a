// SPDX-License-Identifier: GPL-2.0
// The driver as a whole, run as a user runs it, against a stand-in for the module's directory.
#include "build_places.hpp"
#include "fake_module.hpp"
#include "json_output.hpp"
#include "schema.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace refstorm {
namespace {

namespace fs = std::filesystem;

/// How a run of the driver ended.
struct ending {
    int code = -1;
    std::string out;
    std::string err;
};

class driver : public testing::Test {
  protected:
    /// Starts the driver; its output goes to files.
    pid_t start(std::vector<std::string> words) const
    {
        words.insert(words.begin(), built_driver());
        const std::string out = out_.empty() ? (place_.path() / "out").native() : out_;
        const std::string err = place_.path() / "err";
        const pid_t child = ::fork();
        if (child != 0)
            return child;
        std::vector<char *> raw;
        raw.reserve(words.size() + 1);
        for (std::string &word : words)
            raw.push_back(word.data());
        raw.push_back(nullptr);
        ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
        ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
        ::dup2(::open((place_.path() / "in").c_str(), O_RDONLY), 0);
        ::execv(raw[0], raw.data());
        ::_exit(99);
    }

    ending wait_for(pid_t child) const
    {
        int status = 0;
        ::waitpid(child, &status, 0);
        if (const std::string out = place_.read("out"); out.starts_with("{")) {
            EXPECT_EQ(schema_complaints(out, source_path(json_schema_file)), "") << out;
        }
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), place_.read("out"),
                place_.read("err")};
    }

    ending run(const std::vector<std::string> &words) const { return wait_for(start(words)); }

    /// The same against the stand-in.
    ending run_on(const fake_debugfs &module, std::vector<std::string> words) const
    {
        words.insert(words.end(), {"--debugfs", module.path().native()});
        return run(words);
    }

    static bool has(const std::string &text, const std::string &part)
    {
        return text.find(part) != std::string::npos;
    }

    temporary_directory place_;
    /// Where stdout goes instead of a file that is read afterwards.
    std::string out_;
};

std::string answer(const std::string &command)
{
    if (command.starts_with("storm "))
        return "command=storm storm=1 result=done";
    return "command=get object=a result=done";
}

TEST_F(driver, lists_as_text_and_as_json)
{
    const fake_debugfs module(answer);
    const ending text = run_on(module, {"list"});
    EXPECT_EQ(text.code, 0) << text.err;
    EXPECT_TRUE(text.out.starts_with("provider"));
    const ending document = run_on(module, {"list", "--json"});
    EXPECT_EQ(document.code, 0);
    EXPECT_EQ(json::parse(document.out)["providers"].size(), 3U);
}

TEST_F(driver, runs_commands_from_the_command_line_and_from_stdin)
{
    const fake_debugfs module([](const std::string &command) { return fmt::format("echo=\"{}\"", command); });
    EXPECT_EQ(run_on(module, {"exec", "get", "a", "+", "put", "a"}).out, "echo=\"get a\"\necho=\"put a\"\n");
    place_.write("in", "get a\n\n# a comment\n  put a\n");
    EXPECT_EQ(run_on(module, {"exec", "-"}).out, "echo=\"get a\"\necho=\"  put a\"\n");
}

TEST_F(driver, prints_a_refusal_with_the_modules_words_and_exits_by_errno)
{
    place_.write("error_log",
                 "[    1.000000] control: error: 1024 objects exist (errno 28)\n  Command: create a kref\n");
    fs::create_symlink("/dev/full", place_.path() / "control");
    const ending refused = run({"exec", "create", "a", "kref", "--debugfs", place_.path().native()});
    EXPECT_EQ(refused.code, 3);
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(has(refused.err, "ENOSPC: 1024 objects exist")) << refused.err;
    EXPECT_TRUE(has(refused.err, "  Command: create a kref")) << refused.err;
}

TEST_F(driver, storms_and_exits_with_the_verdict)
{
    const fake_debugfs module(answer);
    module.write("storms", storms_table({{.id = 1}}));
    const ending held = run_on(module, {"storm", "--provider", "rs_kref", "--kernel-log", "/dev/null"});
    EXPECT_EQ(held.code, 0) << held.err;
    EXPECT_TRUE(has(held.out, "verdict: held (1 of 1 storms held")) << held.out;
    EXPECT_TRUE(has(held.err, "Ctrl-C stops it")) << held.err;

    module.write(
        "storms",
        storms_table({{.id = 1, .verdict = "broken", .invariant = "release-once", .detail = "twice"}}));
    const ending broken = run_on(module, {"storm", "--provider", "rs_kref", "--kernel-log", "/dev/null"});
    EXPECT_EQ(broken.code, 1);
    EXPECT_TRUE(has(broken.out, "release-once"));
    EXPECT_TRUE(has(broken.out, "repeat: refstorm storm --provider rs_kref"));
}

TEST_F(driver, prints_nothing_but_one_document_on_stdout)
{
    const fake_debugfs module(answer);
    module.write("storms", storms_table({{.id = 1, .verdict = "unproven"}}));
    const ending run =
        run_on(module, {"storm", "--json", "--provider", "rs_kref", "--kernel-log", "/dev/null"});
    EXPECT_EQ(run.code, 1);
    const json document = json::parse(run.out);
    EXPECT_EQ(document["verdict"], "unproven");
    EXPECT_EQ(document["storms"].size(), 1U);
}

TEST_F(driver, stops_its_storm_on_a_signal_and_prints_the_verdict)
{
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        std::atomic<bool> started = false;
        const fake_debugfs *files = nullptr;
        const fake_debugfs module([&](const std::string &command) -> std::string {
            if (command == "stop 1")
                files->write("storms", storms_table({{.id = 1, .verdict = "stopped"}}));
            started = true;
            return answer(command);
        });
        files = &module;
        module.write("storms", storms_table({{.id = 1, .state = "running", .verdict = "-"}}));
        const pid_t child = start(
            {"storm", "--provider", "rs_kref", "--kernel-log", "/dev/null", "--debugfs", module.path()});
        while (!started)
            ::usleep(1000);
        ::kill(child, signal);
        const ending stopped = wait_for(child);
        EXPECT_EQ(stopped.code, 130) << stopped.err;
        EXPECT_TRUE(has(stopped.out, "verdict: stopped (0 of 1 storms held")) << stopped.out;
    }
}

TEST_F(driver, exits_with_3_and_the_reason_where_the_module_is_not)
{
    const std::string nowhere = place_.path() / "refstorm";
    for (const std::vector<std::string> &words : {std::vector<std::string>{"list"},
                                                  {"exec", "get", "a"},
                                                  {"storm", "--module-dir", place_.path()},
                                                  {"load", "--module-dir", place_.path()}}) {
        auto all = words;
        all.insert(all.end(), {"--debugfs", nowhere});
        const ending failed = run(all);
        EXPECT_EQ(failed.code, 3) << words[0];
        EXPECT_EQ(failed.out, "") << words[0];
        EXPECT_FALSE(failed.err.empty()) << words[0];
    }
}

TEST_F(driver, reports_failures_as_json_too)
{
    const ending failed = run({"list", "--json", "--debugfs", place_.path() / "refstorm"});
    EXPECT_EQ(json::parse(failed.out)["error"]["exit"], 3);
    const ending wrong = run({"storm", "--json", "--workers", "many"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_EQ(json::parse(wrong.out)["error"]["exit"], 2);
}

TEST_F(driver, exits_with_2_for_a_wrong_command_line)
{
    EXPECT_EQ(run({"storm", "--workers", "many"}).code, 2);
    const fake_debugfs module(answer);
    const ending wrong = run_on(module, {"storm", "--workers", "0"});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_TRUE(has(wrong.err, "--workers: '0' is not accepted; accepted: a number from 1 to 256"))
        << wrong.err;
    const ending unknown = run_on(module, {"storm", "--context", "all"});
    EXPECT_EQ(unknown.code, 2);
    EXPECT_TRUE(has(unknown.err, "'--context'") && has(unknown.err, "--contexts")) << unknown.err;
}

TEST_F(driver, exits_with_3_if_the_module_does_not_list_its_parameters)
{
    const fake_debugfs module(answer);
    fs::remove(module.path() / "commands");
    const ending older = run_on(module, {"storm", "--seconds", "0.1"});
    EXPECT_EQ(older.code, 3);
    EXPECT_TRUE(has(older.err, "another version")) << older.err;
}

TEST_F(driver, does_not_take_output_that_cannot_be_written_for_a_success)
{
    const fake_debugfs module(answer);
    out_ = "/dev/full";
    const ending failed = run_on(module, {"list"});
    EXPECT_EQ(failed.code, 3);
    EXPECT_TRUE(has(failed.err, "cannot write the output")) << failed.err;
}

} // namespace
} // namespace refstorm
