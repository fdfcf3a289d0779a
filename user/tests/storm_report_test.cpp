// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "fake_module.hpp"
#include "schema.hpp"
#include "storm_report.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

storm_outcome outcome_of(const storm_line &line, log_state log = log_state::clean)
{
    const auto parsed = parse_table(storms_table({line}), "storms");
    return {*parse_storm(parsed->rows.at(0)), log};
}

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

TEST(report, shows_counts_and_times_that_a_person_can_read)
{
    run_outcome all;
    all.planned = 1;
    all.storms = {outcome_of({})};
    EXPECT_EQ(report_text(all, {}, false), "provider  operations   ops/s  kills  overlapped  overlap ops  "
                                           "release min   median      p99     max  verdict\n"
                                           "rs_kref        123 k  1.23 M     20          18          500     "
                                           "  850 ns  12.3 µs  4.50 ms  1.25 s  held\n"
                                           "verdict: held (1 of 1 storms held; no-lost-count: release() at "
                                           "most 2 s after the last put; kernel log: "
                                           "clean)\n");
}

TEST(report, has_a_dash_where_a_value_does_not_apply)
{
    auto outcome = outcome_of({});
    outcome.storm.release_min_ns.reset();
    EXPECT_TRUE(has(storms_text({outcome.storm}, false, false), "          500            -  12.3 µs"));
}

TEST(report, has_a_dash_for_a_rate_that_no_number_holds)
{
    auto outcome = outcome_of({});
    outcome.storm.operations = ~std::uint64_t{0};
    outcome.storm.elapsed_ms = 1;
    EXPECT_EQ(outcome.storm.operations_per_second(), std::nullopt);
}

TEST(report, tells_of_a_broken_storm_what_broke_and_how_to_repeat_it)
{
    run_outcome all;
    all.planned = 2;
    all.storms = {outcome_of({}), outcome_of({.verdict = "broken",
                                              .invariant = "no-lost-count",
                                              .detail = "release() did not run",
                                              .object = "17"})};
    all.storms[1].events = {"seq=3 event=violation"};
    const std::string text = report_text(all, {}, false);
    EXPECT_TRUE(has(text, "verdict: broken (1 of 2 storms held"));
    EXPECT_TRUE(has(text, "\nrs_kref: broken: no-lost-count\n  release() did not run\n  object: 17\n"
                          "  event: seq=3 event=violation\n  what must hold: "));
    EXPECT_TRUE(has(text, "\n  seed: 7\n  repeat: refstorm storm --provider rs_kref "));
}

TEST(report, explains_a_violation_from_the_account_and_the_history)
{
    run_outcome all;
    all.storms = {outcome_of({.verdict = "broken", .invariant = "release-once", .object = "17"})};
    all.storms[0].history = {"storm=3 time_ns=1000 cpu=0 context=task actor=killer:0 slot=0 object=17 life=1 "
                             "event=kill nr=1 result=0 "
                             "held=2 owned=1 moving=0 mode=- dying=- count=3 times=-",
                             "storm=3 time_ns=3500 cpu=1 context=hardirq actor=worker:2 slot=0 object=17 "
                             "life=1 event=put nr=3 result=1 "
                             "held=0 owned=- moving=- mode=- dying=- count=- times=-"};
    all.storms[0].account =
        "storm=3 object=17 slot=0 life=1 confirm=unasked released=2 kill_ns=2500 put_ns=- mode=- "
        "dying=- count=0 owned=0 held=0 moving=0 slots=- slots_sum=- holders=-";
    const std::string text = report_text(all, {}, false);
    EXPECT_TRUE(has(text, "  what must hold: release() runs exactly once for each object\n"));
    EXPECT_TRUE(has(text, "    object 17 of slot 0, life 1: the counter counts 0; it should count 0"))
        << text;
    EXPECT_TRUE(has(text, "  where it went wrong:\n"));
    EXPECT_TRUE(has(text, "      -2.500    0  killer 0: kill: counts 3\n")) << text;
    EXPECT_TRUE(has(text, "       0.000    1  worker 2 (hardirq): put 3: holds 3 -> 0\n"));
    EXPECT_TRUE(has(text, "  likely causes of release-once:\n"));
    const json document = report_json(all, {});
    EXPECT_EQ(document["storms"][0]["history"].size(), 2U);
    EXPECT_EQ(document["storms"][0]["account"]["count"], 0);
    EXPECT_FALSE(document["storms"][0]["explanation"]["findings"].empty());
}

TEST(report, explains_nothing_of_a_storm_that_held)
{
    run_outcome all;
    all.storms = {outcome_of({})};
    const json document = report_json(all, {});
    EXPECT_TRUE(document["storms"][0]["account"].is_null());
    EXPECT_TRUE(document["storms"][0]["explanation"].is_null());
}

TEST(report, says_why_an_unproven_storm_proves_nothing)
{
    run_outcome all;
    all.storms = {outcome_of({.verdict = "unproven"})};
    EXPECT_TRUE(has(report_text(all, {}, false), "no operation overlapped a kill"));
}

TEST(report, says_whether_the_kernel_log_was_checked)
{
    run_outcome all;
    all.storms = {outcome_of({}, log_state::unchecked)};
    all.log_unchecked = "/dev/kmsg: Permission denied";
    EXPECT_TRUE(has(report_text(all, {}, false), "kernel log: unchecked (/dev/kmsg: Permission denied)"));
    EXPECT_EQ(report_json(all, {})["storms"][0]["kernel_log"], "unchecked");
    EXPECT_EQ(report_json(all, {})["kernel_log"], "/dev/kmsg: Permission denied");
}

TEST(report, lists_every_complaint)
{
    run_outcome all;
    all.storms = {outcome_of({}, log_state::complained)};
    all.storms[0].complaints = {"BUG: a", "BUG: b"};
    all.storms[0].storm.judge(verdict::broken, "kernel-log-clean", "BUG: a");
    const std::string text = report_text(all, {}, false);
    EXPECT_TRUE(has(text, "  kernel log: BUG: a\n  kernel log: BUG: b\n"));
}

TEST(report, has_colours_only_when_told)
{
    run_outcome all;
    all.planned = 1;
    all.storms = {outcome_of({})};
    EXPECT_FALSE(has(report_text(all, {}, false), "\033["));
    EXPECT_TRUE(has(report_text(all, {}, true), "\033[32mheld\033[0m"));
}

TEST(report, of_a_run_without_storms_has_no_table)
{
    run_outcome all;
    all.planned = 7;
    all.interrupted = true;
    EXPECT_TRUE(report_text(all, {}, false).starts_with("verdict: stopped (0 of 7 storms held"));
}

TEST(report, explains_a_storm_that_somebody_else_stopped_and_not_one_that_the_user_did)
{
    run_outcome all;
    all.planned = 1;
    all.storms = {outcome_of({.verdict = "stopped"})};
    EXPECT_TRUE(has(report_text(all, {}, false), "it was stopped before its time"));
    all.interrupted = true;
    EXPECT_FALSE(has(report_text(all, {}, false), "it was stopped before its time"));
}

TEST(json_report, has_all_keys_of_the_table_with_their_types)
{
    run_outcome all;
    all.planned = 1;
    all.storms = {outcome_of({})};
    const json document = report_json(all, {});
    EXPECT_EQ(document["schema"], json_schema);
    EXPECT_EQ(schema_complaints(document_text(document), source_path(json_schema_file)), "");
    EXPECT_TRUE(document["kernel"].is_string());
    EXPECT_EQ(document["verdict"], "held");
    EXPECT_EQ(document["exit"], 0);
    const json &storm = document["storms"][0];
    EXPECT_EQ(storm["operations"], 123456);
    EXPECT_EQ(storm["provider"], "rs_kref");
    EXPECT_TRUE(storm["invariant"].is_null());
    EXPECT_TRUE(storm["detail"].is_null());
    EXPECT_EQ(storm["release_p99_ns"], 4500000);
    EXPECT_TRUE(storm["repeat"].is_string());
    for (const field &each : all.storms[0].storm.raw.fields())
        EXPECT_TRUE(storm.contains(each.key)) << each.key;
}

TEST(json_report, keeps_a_64_bit_seed_in_readers_that_keep_numbers_as_doubles)
{
    auto parsed = parse_record("seed=18446744073709551615", "t");
    EXPECT_EQ(to_json(*parsed).dump(), R"({"seed":"18446744073709551615"})");
}

TEST(json_report, has_history_and_events_as_objects)
{
    run_outcome all;
    all.planned = 1;
    all.storms = {outcome_of({.verdict = "broken", .invariant = "release-once"})};
    all.storms[0].events = {"seq=1 time_ns=5 cpu=0 context=task subject=storm:1 event=start seed=7"};
    all.storms[0].history = {"storm=1 time_ns=5 cpu=0 context=task actor=worker:0 slot=0 object=3 life=1 "
                             "event=get nr=1 result=1"};
    const json document = report_json(all, {});
    EXPECT_EQ(document["storms"][0]["last_events"][0]["seed"], "7");
    EXPECT_EQ(document["storms"][0]["history"][0]["event"], "get");
    EXPECT_EQ(document["storms"][0]["history"][0]["time_ns"], 5);
    EXPECT_EQ(schema_complaints(document_text(document), source_path(json_schema_file)), "");
}

TEST(json_values, are_true_or_false_and_lists_where_they_are_that)
{
    const auto parsed =
        parse_record("kprobes=0 track=1 result=true zero=- contexts=pinned,nice steps=12", "t");
    EXPECT_EQ(
        to_json(*parsed).dump(),
        R"({"kprobes":false,"track":true,"result":true,"zero":null,"contexts":["pinned","nice"],"steps":12})");
    const auto cells = parse_record("cell=get counter=kref zero=1 dying=0", "t");
    EXPECT_EQ(to_json(*cells).dump(), R"({"cell":"get","counter":"kref","zero":1,"dying":0})");
}

TEST(json_schema, refuses_a_document_with_one_key_more_or_one_less_or_another_type)
{
    const run_outcome nothing;
    json document = report_json(nothing, {});
    EXPECT_EQ(schema_complaints(document.dump(), source_path(json_schema_file)), "");
    for (const auto &[key, value] : document.items()) {
        json without = document;
        without.erase(key);
        EXPECT_NE(schema_complaints(without.dump(), source_path(json_schema_file)), "") << key;
        json wrong = document;
        wrong[key] = json::object({{"a", 1}});
        EXPECT_NE(schema_complaints(wrong.dump(), source_path(json_schema_file)), "") << key;
    }
    document["surplus"] = 1;
    EXPECT_NE(schema_complaints(document.dump(), source_path(json_schema_file)), "");
}

TEST(json_values, are_text_for_names_that_look_like_numbers)
{
    const auto parsed = parse_record("object=7 count=-3 detail=\"12\" mode=- nr=12 version=1", "t");
    EXPECT_EQ(to_json(*parsed).dump(),
              R"({"object":"7","count":-3,"detail":"12","mode":null,"nr":12,"version":"1"})");
}

TEST(json_values, survive_bytes_that_are_no_text)
{
    json document = new_document();
    document["detail"] = "a\xff";
    EXPECT_NO_THROW((void)document_text(document));
}

} // namespace
} // namespace refstorm
