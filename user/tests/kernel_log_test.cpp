// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "fake_module.hpp"
#include "kernel_log.hpp"
#include "kernel_report.hpp"
#include "kmsg_file.hpp"

#include <algorithm>
#include <fstream>
#include <regex>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *saturated = "refcount_t: saturated; leaking memory.";
constexpr const char *header =
    "WARNING: CPU: 1 PID: 42 at lib/refcount.c:22 refcount_warn_saturate+0x51/0x110";

class scanner : public testing::Test {
  protected:
    void kernel(const std::string &text) { log_.feed({0, ++sequence_, 0, text}); }
    void user(const std::string &text) { log_.feed({1, ++sequence_, 0, text}); }

    /// A whole warning, as WARN prints it.
    void warning(const std::string &text)
    {
        kernel("------------[ cut here ]------------");
        if (!text.empty())
            kernel(text);
        kernel(header);
        kernel("Modules linked in: refstorm(OE) rsref(OE)");
        kernel("---[ end trace 0000000000000000 ]---");
    }

    std::vector<std::string> unannounced()
    {
        std::vector<std::string> texts;
        for (const complaint &each : log_.take().unannounced)
            texts.push_back(each.text);
        return texts;
    }

    using texts = std::vector<std::string>;
    log_scanner log_;
    std::uint64_t sequence_ = 0;
};

TEST_F(scanner, finds_nothing_in_ordinary_lines)
{
    for (const char *line : {"refstorm: loaded", "rcu: Hierarchical RCU implementation.", "e1000: link up",
                             "", "refstorm: storm 3 ended: held", "installing rcu_tasks callbacks"})
        kernel(line);
    EXPECT_EQ(unannounced(), texts{});
}

TEST_F(scanner, finds_every_kind_of_complaint)
{
    for (const char *line :
         {"BUG: kernel NULL pointer dereference, address: 0000000000000000", "Oops: 0000 [#1] PREEMPT SMP",
          "rcu: INFO: rcu_preempt self-detected stall on CPU",
          "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
          "watchdog: BUG: soft lockup - CPU#1 stuck for 22s!",
          "INFO: task a:1 blocked for more than 120 seconds.",
          "WARNING: possible circular locking dependency detected", "Kernel panic - not syncing: x",
          "refcount_t: underflow; use-after-free.", "rs_refcount_t: addition on 0; use-after-free.",
          "general protection fault, probably for non-canonical address",
          "INFO: rcu_tasks detected stalls on tasks:"}) {
        kernel(line);
        EXPECT_EQ(unannounced(), texts{line});
    }
}

/// "clean", "unchecked", or "complained" for any other class.
std::string judged(const log_findings &found)
{
    if (!found.unannounced.empty())
        return "complained";
    return found.unknown.empty() ? "clean" : "unchecked";
}

std::string wanted(const std::string &cls)
{
    return cls == "clean" || cls == "unchecked" ? cls : "complained";
}

TEST_F(scanner, judges_every_line_of_the_corpus)
{
    std::size_t seen = 0;
    for (const auto &entry : std::filesystem::directory_iterator(source_path("scripts/tests/kernel-logs"))) {
        if (entry.path().extension() != ".lines")
            continue;
        const std::string cls = entry.path().stem().native();
        std::ifstream lines(entry.path());
        for (std::string line; std::getline(lines, line); ++seen) {
            const auto found = classify(line);
            EXPECT_EQ(found ? report_class_name(*found) : "clean", cls) << line;
            kernel(line);
            EXPECT_EQ(judged(log_.take()), wanted(cls)) << line;
        }
    }
    EXPECT_GT(seen, 190U);
}

/// Logs as the console has them; /dev/kmsg has no stamps, colours or prefixes.
TEST_F(scanner, judges_every_log_of_the_corpus)
{
    const std::regex before(".*\\[ *[0-9]+\\.[0-9]+\\](\\[ *[TC][0-9]+\\])? ?|.* kernel: |\x1b\\[[0-9;]*m");
    std::size_t seen = 0;
    for (const auto &entry :
         std::filesystem::recursive_directory_iterator(source_path("scripts/tests/kernel-logs"))) {
        if (entry.path().extension() != ".log")
            continue;
        std::ifstream lines(entry.path());
        for (std::string line; std::getline(lines, line);) {
            line = std::regex_replace(line, before, "");
            if (line.starts_with(log_scanner::announcement))
                user(line);
            else
                kernel(line);
        }
        EXPECT_EQ(judged(log_.take()), wanted(entry.path().parent_path().filename())) << entry.path();
        ++seen;
    }
    EXPECT_GT(seen, 8U);
}

TEST_F(scanner, takes_the_rest_of_a_report_for_a_part_of_it)
{
    kernel("divide error: 0000 [#1] PREEMPT SMP PTI");
    kernel("CPU: 1 PID: 77 Comm: refstorm Tainted: G           OE");
    kernel("Call Trace:");
    const log_findings found = log_.take();
    EXPECT_EQ(found.unannounced.size(), 1U);
    EXPECT_TRUE(found.unknown.empty());
    kernel("Call Trace:");
    EXPECT_EQ(log_.take().unknown.size(), 1U);
}

TEST_F(scanner, reports_a_warning_once_by_its_first_line)
{
    warning(saturated);
    EXPECT_EQ(unannounced(), texts{saturated});
}

TEST_F(scanner, reports_a_warning_without_a_message_by_its_place)
{
    warning("");
    EXPECT_EQ(unannounced(), texts{header});
}

TEST_F(scanner, ignores_what_user_space_writes)
{
    user("WARNING: not the kernel's");
    user("BUG: neither");
    EXPECT_EQ(unannounced(), texts{});
}

TEST_F(scanner, counts_an_announced_warning)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    warning(saturated);
    user("refstorm-expect: end");
    const log_findings found = log_.take();
    EXPECT_TRUE(found.unannounced.empty());
    ASSERT_EQ(found.ended.size(), 1U);
    EXPECT_EQ(found.ended[0].seen, 1U);
    EXPECT_TRUE(found.ended[0].fulfilled());
}

TEST_F(scanner, tells_an_announced_warning_that_did_not_come)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    user("refstorm-expect: end");
    const log_findings found = log_.take();
    ASSERT_EQ(found.ended.size(), 1U);
    EXPECT_FALSE(found.ended[0].fulfilled());
}

TEST_F(scanner, allows_a_range_of_warnings)
{
    user(std::string("refstorm-expect: begin 0..1 ") + saturated);
    user("refstorm-expect: end");
    EXPECT_TRUE(log_.take().ended.at(0).fulfilled());
}

TEST_F(scanner, does_not_excuse_a_second_warning_or_another_one)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    warning(saturated);
    warning(saturated);
    warning("refcount_t: underflow; use-after-free.");
    user("refstorm-expect: end");
    EXPECT_EQ(unannounced(), (texts{saturated, "refcount_t: underflow; use-after-free."}));
}

TEST_F(scanner, does_not_excuse_a_warning_after_the_end)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    user("refstorm-expect: end");
    warning(saturated);
    EXPECT_EQ(unannounced(), texts{saturated});
}

TEST_F(scanner, finds_the_announced_line_between_those_of_another_cpu)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    kernel("------------[ cut here ]------------");
    kernel("usb 1-1: new high-speed USB device");
    kernel(saturated);
    kernel(header);
    EXPECT_EQ(unannounced(), texts{});
}

TEST_F(scanner, tells_two_warnings_apart_that_are_printed_at_once)
{
    user(std::string("refstorm-expect: begin 1 ") + saturated);
    kernel("------------[ cut here ]------------");
    kernel("------------[ cut here ]------------");
    kernel("refcount_t: underflow; use-after-free.");
    kernel(saturated);
    kernel(header);
    kernel(header);
    EXPECT_EQ(unannounced(), texts{"refcount_t: underflow; use-after-free."});
}

TEST_F(scanner, counts_a_warning_that_was_cut_off)
{
    kernel("------------[ cut here ]------------");
    EXPECT_EQ(unannounced().size(), 1U);
}

TEST_F(scanner, looks_into_all_lines_of_a_record)
{
    kernel("first line\nBUG: second line");
    EXPECT_EQ(unannounced(), texts{"BUG: second line"});
}

TEST_F(scanner, closes_the_announcement_that_was_opened_last)
{
    user("refstorm-expect: begin 1 outer");
    user("refstorm-expect: begin 0..2 inner");
    user("refstorm-expect: end");
    const log_findings found = log_.take();
    ASSERT_EQ(found.ended.size(), 1U);
    EXPECT_EQ(found.ended[0].text, "inner");
    EXPECT_EQ(found.ended[0].range(), "0..2");
    ASSERT_EQ(log_.open().size(), 1U);
    EXPECT_EQ(log_.open()[0].text, "outer");
}

TEST_F(scanner, takes_no_malformed_announcement)
{
    for (const char *line :
         {"refstorm-expect: begin", "refstorm-expect: begin x text", "refstorm-expect: begin 1",
          "refstorm-expect: begin 1..x text", "refstorm-expect: begun 1 text"})
        user(line);
    EXPECT_TRUE(log_.open().empty());
}

TEST(log_record_parser, reads_the_prefix_and_undoes_escapes)
{
    const auto parsed = parse_log_record("12,339,5140900,-,caller=T1;a\\x0ab\\x5c;c");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->facility, 1U);
    EXPECT_EQ(parsed->sequence, 339U);
    EXPECT_EQ(parsed->time_us, 5140900U);
    EXPECT_EQ(parsed->text, "a\nb\\;c");
}

TEST(log_record_parser, refuses_what_is_no_record)
{
    for (const char *line : {"", "text", "6,1;x", "6,1,x,-;y", "a,1,2,-;y"})
        EXPECT_FALSE(parse_log_record(line)) << line;
}

TEST(kmsg_file, leaves_out_complaints_from_before_and_keeps_announcements)
{
    const temporary_directory place;
    place.write("kmsg", "6,1,1,-;WARNING: old\n12,2,2,-;refstorm-expect: begin 1 BUG: x\n SUBSYSTEM=y\n");
    auto file = kmsg_file::open(place.path() / "kmsg");
    ASSERT_TRUE(file);
    log_scanner log;
    EXPECT_TRUE(file->feed(log));
    (void)log.take();

    std::ofstream(place.path() / "kmsg", std::ios::app) << "6,3,3,-;BUG: x\n6,4,4,-;BUG: y\n";
    EXPECT_TRUE(file->feed(log));
    const log_findings found = log.take();
    ASSERT_EQ(found.unannounced.size(), 1U);
    EXPECT_EQ(found.unannounced[0].text, "BUG: y");
    EXPECT_EQ(found.unannounced[0].sequence, 4U);
}

TEST(kmsg_file, cannot_be_opened_where_there_is_none)
{
    const temporary_directory place;
    const auto file = kmsg_file::open(place.path() / "kmsg");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error(), ENOENT);
}

} // namespace
} // namespace refstorm
