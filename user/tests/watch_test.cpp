// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"
#include "text_table.hpp"
#include "watch_view.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace refstorm {
namespace {

storm_record storm_of(const std::string &words)
{
    auto parsed = parse_storm(*parse_record(words, "t"));
    if (!parsed) {
        ADD_FAILURE() << parsed.error().what;
        return {};
    }
    return *parsed;
}

std::string storm_words(unsigned id, const std::string &state, unsigned operations, const std::string &rest)
{
    return fmt::format(
        "storm={} provider=rs_percpu_ref_two_stage pattern=lifecycle state={} seed=7 workers=4 killers=2 "
        "ms=9000 bound_ms=2000 duty=100 elapsed_ms=2000 operations={} kills=40 overlap_operations=1 "
        "overlapped_kills=1 alive_ends=0 release_min_ns=1000 release_median_ns=2000000 "
        "release_p99_ns=3000000 release_max_ns=4000000 {}",
        id, state, operations, rest);
}

const std::string runs = "verdict=- invariant=- object=- detail=- release_buckets=1048576:1,2097152:8";

watch_frame frame_of(unsigned seconds, std::vector<storm_record> storms, std::uint64_t busy)
{
    return {std::chrono::steady_clock::time_point(std::chrono::seconds(seconds)),
            std::move(storms),
            {{0, busy, 100 * seconds}, {1, 0, 100 * seconds}}};
}

std::string text_of(const std::vector<watch_line> &lines)
{
    std::string text;
    for (const watch_line &line : lines) {
        for (const watch_span &span : line)
            text += span.text;
        text += "\n";
    }
    return text;
}

TEST(watch, shows_rates_between_two_looks_and_cpus_and_release_times)
{
    const auto before = frame_of(10, {storm_of(storm_words(3, "running", 1000, runs))}, 0);
    const auto now = frame_of(12, {storm_of(storm_words(3, "running", 5000, runs))}, 150);
    const std::string text = text_of(watch_lines(now, before, {120, 24, false}));
    EXPECT_NE(text.find("cpu0  ######..  75%"), std::string::npos) << text;
    EXPECT_NE(text.find("cpu1  ........   0%"), std::string::npos) << text;
    EXPECT_NE(text.find("rs_percpu_ref_two_stage     2000       0  2.00 ms"), std::string::npos) << text;
    EXPECT_NE(text.find(" .@ "), std::string::npos) << text;
    EXPECT_NE(text.find("2/9 s"), std::string::npos) << text;
    EXPECT_NE(text.find("no violation"), std::string::npos) << text;
}

TEST(watch, shows_what_broke)
{
    const auto now = frame_of(12,
                              {storm_of(storm_words(3, "done", 5000,
                                                    "verdict=broken invariant=release-once "
                                                    "object=3 detail=\"twice\""))},
                              0);
    const std::string text = text_of(watch_lines(now, {}, {120, 24, true}));
    EXPECT_NE(text.find("storm 3, rs_percpu_ref_two_stage: release-once: twice"), std::string::npos) << text;
    EXPECT_EQ(text.find("no violation"), std::string::npos) << text;
}

TEST(watch, is_within_the_terminal)
{
    std::vector<storm_record> storms;
    for (unsigned id = 1; id <= 50; id++)
        storms.push_back(storm_of(storm_words(
            id, id > 45 ? "running" : "done", 4'000'000'000,
            id > 45 ? runs
                    : "verdict=broken invariant=confirm-before-release object=3 detail=\"a long one\"")));
    const auto now = frame_of(12, storms, 0);
    for (const std::size_t columns : {20, 40, 63, 64, 80, 99, 100, 200})
        for (const std::size_t rows : {5, 24, 60})
            for (const bool unicode : {false, true}) {
                const auto lines = watch_lines(now, {}, {columns, rows, unicode});
                EXPECT_LE(lines.size(), rows + 4);
                for (const watch_line &line : lines)
                    EXPECT_LE(display_width(text_of({line})), columns + 1) << text_of({line});
            }
}

TEST(watch, says_plain_lines_of_what_runs_and_of_what_has_ended_since)
{
    const auto before = frame_of(10, {storm_of(storm_words(3, "running", 1000, runs))}, 0);
    const auto now = frame_of(
        12, {storm_of(storm_words(3, "done", 5000, "verdict=held invariant=- object=- detail=-"))}, 0);
    ASSERT_EQ(watch_report(now, before).size(), 1U);
    EXPECT_EQ(watch_report(now, before)[0],
              "storm 3 rs_percpu_ref_two_stage: held, 2500 operations/s, 20 kills/s, "
              "release median 2.00 ms, p99 3.00 ms");
    EXPECT_TRUE(watch_report(now, now).empty());
}

TEST(text_tables, fold_their_columns_where_the_terminal_is_narrow)
{
    text_table rows;
    rows.add_column("provider", align::left);
    for (const char *title : {"operations", "kills", "verdict"})
        rows.add_column(title, align::right);
    rows.add_row({"rs_kref", "12345", "7", "held"});
    EXPECT_EQ(rows.text(false, std::nullopt), rows.text(false, 80));
    EXPECT_EQ(rows.text(false, 22), "provider  operations\nrs_kref        12345\n\n"
                                    "provider  kills\nrs_kref       7\n\n"
                                    "provider  verdict\nrs_kref      held\n");
}

TEST(wrapped_text, goes_on_below_the_explanation)
{
    EXPECT_EQ(wrapped("a line\n  --seed N   repeats the storm that had this seed, step by step\n", 40),
              "a line\n  --seed N   repeats the storm that had\n             this seed, step by step\n");
    EXPECT_EQ(wrapped("  --seed N                   repeats the storm that had it\n", 30),
              "  --seed N\n      repeats the storm that\n      had it\n");
    EXPECT_EQ(wrapped("aword-that-has-no-place-to-break\n", 10), "aword-that-has-no-place-to-break\n");
}

} // namespace
} // namespace refstorm
