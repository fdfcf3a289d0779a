// SPDX-License-Identifier: GPL-2.0
#include "trace.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *recorded =
    "# tracer: nop\n"
    "#                              | |         |   |||||     |         |\n"
    "  refstorm/3-200     [003] .....   100.000010: refstorm_note: storm=1 slot=0 object=7 life=1 "
    "actor=65534 event=publish nr=1 result=1\n"
    "  refstorm/3-200     [003] .....   100.000020: refstorm_note: storm=1 slot=0 object=7 life=1 actor=2 "
    "event=get_many nr=3 result=1\n"
    "          <idle>-0   [001] d.h..   100.000030: call_function_entry: vector=251\n"
    "          <idle>-0   [001] d.h..   100.000034: call_function_exit: vector=251\n"
    "  refstorm/0-201     [000] .....   100.000040: refstorm_note: storm=1 slot=0 object=7 life=1 "
    "actor=65534 event=kill nr=1 result=1\n"
    " refstorm[x]-201     [000] ..s..   100.000055: refstorm_note: storm=1 slot=0 object=7 life=1 "
    "actor=65535 event=violation nr=0 result=0\n"
    "CPU:1 [LOST 5 EVENTS]\n"
    "no line of a trace\n";

storm_record storm_that_broke()
{
    storm_record storm;
    storm.provider = "rs_kref";
    storm.outcome = verdict::broken;
    storm.invariant = "release-once";
    storm.detail = "twice";
    storm.seed = 18446744073709551615U;
    return storm;
}

std::vector<json> events_with(const json &trace, const char *key, const json &value)
{
    std::vector<json> found;
    for (const json &event : trace["traceEvents"])
        if (event.contains(key) && event[key] == value)
            found.push_back(event);
    return found;
}

TEST(trace, has_a_lane_for_each_cpu_and_each_object)
{
    const json trace = trace_json(recorded, storm_that_broke());
    std::vector<std::string> names;
    for (const json &event : events_with(trace, "name", "thread_name"))
        names.push_back(event["args"]["name"]);
    EXPECT_EQ(names, (std::vector<std::string>{"CPU 0", "CPU 1", "CPU 3", "object 7 of killer 0"}));
}

TEST(trace, has_operations_interrupts_and_states_with_their_times)
{
    const json trace = trace_json(recorded, storm_that_broke());
    const auto gets = events_with(trace, "name", "get_many 3");
    ASSERT_EQ(gets.size(), 2U); // on the CPU's lane and on the object's
    EXPECT_NEAR(gets[0]["ts"].get<double>(), 10, 0.01);
    EXPECT_EQ(gets[0]["args"]["actor"], "2");
    const auto interrupts = events_with(trace, "name", "interrupt call_function");
    ASSERT_EQ(interrupts.size(), 1U);
    EXPECT_EQ(interrupts[0]["tid"], 1);
    EXPECT_NEAR(interrupts[0]["dur"].get<double>(), 4, 0.01);
    const auto alive = events_with(trace, "name", "alive");
    ASSERT_EQ(alive.size(), 1U);
    EXPECT_NEAR(alive[0]["dur"].get<double>(), 30, 0.01);
    EXPECT_NEAR(events_with(trace, "name", "killed").at(0)["dur"].get<double>(), 15, 0.01);
    double last = 0;
    for (const json &event : trace["traceEvents"]) {
        EXPECT_GE(event.value("ts", last), last);
        last = event.value("ts", last);
    }
}

TEST(trace, marks_the_violation_everywhere)
{
    const json trace = trace_json(recorded, storm_that_broke());
    const auto marks = events_with(trace, "cat", "violation");
    ASSERT_EQ(marks.size(), 2U);
    EXPECT_EQ(marks[0]["name"], "VIOLATION release-once");
    EXPECT_EQ(marks[0]["s"], "g");
    EXPECT_EQ(marks[0]["args"]["detail"], "twice");
    EXPECT_EQ(trace["otherData"]["seed"], "18446744073709551615");
}

TEST(trace, is_a_trace_without_events_if_there_were_none)
{
    const json trace = trace_json("# tracer: nop\n", storm_that_broke());
    EXPECT_EQ(trace["traceEvents"].size(), 2U);
}

TEST(trace_recorder, says_what_is_missing_where_there_is_no_tracefs)
{
    const auto recorder = trace_recorder::begin("/nowhere");
    ASSERT_FALSE(recorder);
    EXPECT_EQ(recorder.error().code, exit_code::machine);
    EXPECT_NE(recorder.error().hint.find("tracefs"), std::string::npos);
}

} // namespace
} // namespace refstorm
