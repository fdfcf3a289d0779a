// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "explanation.hpp"
#include "invariants.hpp"

#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace refstorm {
namespace {

/// A look at the counter, as `history` and `account` have it.
struct look {
    std::string mode = "percpu";
    std::string dying = "0";
    std::string count = "-";
    int owned = 1;
    int held = 0;
    int moving = 0;
};

record row_of(const std::string &text)
{
    const auto row = parse_record(text, "test");
    EXPECT_TRUE(row) << text;
    return row ? *row : record{};
}

/// An event of the object's life, \p us microseconds after the first.
record life(int us, const std::string &event, const look &seen, int cpu = 0,
            const std::string &context = "task")
{
    return row_of(
        fmt::format("storm=1 time_ns={} cpu={} context={} actor={} slot=0 object=3 life=1 event={} nr=1 "
                    "result=1 held={} owned={} moving={} mode={} dying={} count={} times=-",
                    1000 * us, cpu, context,
                    event == "confirm" || event == "release" || event == "violation" ? "counter" : "killer:0",
                    event, seen.held, seen.owned, seen.moving, seen.mode, seen.dying, seen.count));
}

record use(int us, const std::string &event, int nr, int held, int cpu = 1, bool result = true, int times = 0)
{
    return row_of(fmt::format(
        "storm=1 time_ns={} cpu={} context=task actor=worker:{} slot=0 object=3 life=1 event={} "
        "nr={} result={} held={} owned=- moving=- mode=- dying=- count=- times={}",
        1000 * us, cpu, cpu, event, nr, result ? 1 : 0, held, times ? std::to_string(times) : "-"));
}

record account(const std::string &invariant, const look &seen, const look &settled,
               const std::string &more = "")
{
    return row_of(fmt::format(
        "storm=1 provider=rs_percpu_ref invariant={} slot=0 object=3 time_ns=9000000 life=1 phase=killed "
        "confirm=came released=0 kill_ns=57000000 put_ns=2001000000 mode={} dying={} count={} whole=1 "
        "owned={} "
        "held={} moving={} steady=1 slots=5,-2,0,0 slots_sum=3 holders=worker:1:2 settled_mode={} "
        "settled_dying={} settled_count={} settled_whole=1 settled_owned={} settled_held={} "
        "settled_moving={} "
        "settled_steady=1{}",
        invariant, seen.mode, seen.dying, seen.count, seen.owned, seen.held, seen.moving, settled.mode,
        settled.dying, settled.count, settled.owned, settled.held, settled.moving, more));
}

std::string joined(const std::vector<std::string> &lines)
{
    std::string text;
    for (const std::string &line : lines)
        text += line + "\n";
    return text;
}

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

look live(int count, int held)
{
    return {"percpu", "0", std::to_string(count), 1, held};
}

look dead(int count, int held, int moving = 0)
{
    return {"atomic", "1", std::to_string(count), 0, held, moving};
}

TEST(explanation, knows_each_invariant_and_its_causes)
{
    EXPECT_EQ(invariant_names().size(), 11U);
    for (const std::string_view name : invariant_names()) {
        EXPECT_FALSE(invariant_meaning(name).empty()) << name;
        EXPECT_FALSE(invariant_causes(name).empty()) << name;
        EXPECT_HAS(invariant_text(name), std::string(invariant_causes(name).front()));
    }
    EXPECT_EQ(invariant_meaning("no-such-invariant"), "");
    EXPECT_TRUE(invariant_causes("no-such-invariant").empty());
}

TEST(explanation, is_the_source_of_the_page_about_invariants)
{
    std::ostringstream page;
    page << std::ifstream(source_path("docs/invariants.md")).rdbuf();
    EXPECT_EQ(page.str(), invariants_page()) << "refstorm explain --invariants >docs/invariants.md";
}

TEST(explanation, gives_the_account_in_sentences)
{
    const violation what{"rs_percpu_ref", "no-lost-count", "",
                         account("no-lost-count", dead(3, 0), dead(3, 0))};
    const std::string text = joined(account_lines(what));
    EXPECT_HAS(
        text,
        "object 3 of slot 0, life 1: the counter is dying, atomic, counts 3; it should count 0: ledgers 0, "
        "owner 0\n");
    EXPECT_HAS(
        text,
        "the confirmation came; kill 57.000 ms ago, last put 2.001 s ago; release() was called 0 times\n");
    EXPECT_HAS(text, "held by: worker:1:2\n");
    EXPECT_HAS(text, "slots by CPU, as the collection left them: 5, -2, 0, 0; sum 3\n");
}

TEST(explanation, of_a_count_that_went_wrong_in_the_switch_names_the_collection)
{
    const violation what{"rs_percpu_ref",
                         "no-lost-count",
                         "",
                         account("no-lost-count", dead(2, 0), dead(2, 0)),
                         {life(0, "publish", live(1, 0)), life(100, "kill", live(6, 5)),
                          life(110, "killed", {"switching", "1", "5", 0, 5}),
                          life(900, "confirm", {"switching", "1", "7", 0, 5}),
                          life(1000, "violation", dead(2, 0))}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text, "the faulty step: the collection of the slots at the end of the switch to atomic mode");
    EXPECT_HAS(text, "a grace period is to pass");
    EXPECT_HAS(text,
               "The count was right when kill had returned (890.000 µs before) (5), and 2 too many at the "
               "confirmation (100.000 µs before) (7 instead of 5)");
}

TEST(explanation, tells_a_kill_that_drops_too_much_from_a_collection_that_begins_wrong)
{
    const auto at_kill = [](int killed, int end) {
        return joined(findings({"rs_percpu_ref",
                                "no-early-release",
                                "",
                                account("no-early-release", dead(end, 5), dead(end, 5)),
                                {life(100, "kill", live(6, 5)),
                                 life(110, "killed", {"switching", "1", std::to_string(killed), 0, 5}),
                                 life(1000, "violation", dead(end, 5))}}));
    };
    EXPECT_HAS(at_kill(4, 4), "the faulty step: the kill itself");
    EXPECT_HAS(at_kill(2, 4), "the faulty step: the kill, or the collection of the slots that it begins");
}

TEST(explanation, of_a_count_not_known_at_the_kill_names_the_collection_that_it_begins)
{
    const std::string text = joined(findings(
        {"rs_percpu_ref",
         "no-lost-count",
         "",
         account("no-lost-count", dead(3, 0), dead(3, 0)),
         {life(0, "publish", {"percpu", "0", "1", 1, 0}), life(110, "killed", {"switching", "1", "3", 0, 1}),
          life(1000, "violation", dead(3, 0))}}));
    EXPECT_HAS(text, "the kill, or the collection of the slots that it begins");
}

TEST(explanation, of_a_sealed_counter_tells_how_that_is_collected)
{
    const violation what{"rs_sealed_ref",
                         "no-early-release",
                         "",
                         account("no-early-release", dead(0, 3), dead(0, 3)),
                         {life(100, "kill", live(6, 5)), life(900, "drain", dead(2, 5)),
                          life(950, "release", dead(0, 3), 2, "softirq"),
                          life(1000, "violation", dead(0, 3))}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text, "the collection of the slots");
    EXPECT_HAS(text, "only when the last CPU has done so");
    EXPECT_HAS(text, "Gets that were counted in a slot are missing");
    EXPECT_HAS(text, "release() was called on CPU 2 in softirq");
}

TEST(explanation, does_not_take_an_operation_under_way_for_an_error)
{
    const violation what{"rs_percpu_ref",
                         "no-early-release",
                         "",
                         account("no-early-release", dead(4, 4), dead(4, 4)),
                         {life(100, "kill", live(6, 5)), life(900, "confirm", dead(7, 5, 2), 2, "softirq"),
                          life(966, "release", dead(4, 4), 2, "softirq"),
                          life(1000, "violation", dead(4, 4), 2, "softirq")}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text, "the count itself is right");
    EXPECT_HAS(
        text,
        "release() was called on CPU 2 in softirq, 66.000 µs after the confirmation there: by the end of "
        "the switch");
    EXPECT_HAS(text, "the faulty step: the call of release(). The counter counted 4");
    EXPECT_LACKS(text, "collection");
}

TEST(explanation, of_a_saturated_count_looks_back_to_what_proves_that_it_was_right)
{
    const look gone = {"atomic", "1", "-288230376151711743", 0, 0};
    const violation what{"rs_percpu_ref",
                         "no-lost-count",
                         "",
                         account("no-lost-count", gone, gone),
                         {life(0, "publish", live(1, 0)), life(100, "kill", live(5, 4)),
                          life(110, "killed", {"switching", "1", "0", 0, 2, 19}),
                          life(900, "confirm", {"switching", "1", "1", 0, 19, 19}, 2, "softirq"),
                          life(1000, "drain", gone), life(2000, "violation", gone)}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text, "the faulty step: the collection of the slots");
    EXPECT_HAS(text, "The count was right right before the kill");
    EXPECT_HAS(text, "saturated, since misuse was seen, when the workers were told to drain");
    EXPECT_HAS(joined(account_lines(what)), "the counter is dying, atomic, saturated; it should count 0");
}

TEST(explanation, tells_a_tryget_live_that_ignores_dying_from_one_whose_slot_stayed_open)
{
    violation what{"rs_percpu_ref",
                   "confirm-then-dead",
                   "",
                   account("confirm-then-dead", dead(4, 4), dead(4, 4)),
                   {life(100, "kill", live(4, 3)), life(900, "confirm", dead(3, 3)),
                    use(990, "acquire_live", 1, 1), life(1000, "violation", dead(4, 4))}};
    std::string text = joined(findings(what));
    EXPECT_HAS(text, "tryget_live returned true to worker 1 on CPU 1, 90.000 µs after the confirmation");
    EXPECT_HAS(text, "the faulty step: tryget_live in the shared word");

    what.account = account("confirm-then-dead", dead(3, 4), dead(3, 4));
    what.history.back() = life(1000, "violation", dead(3, 4));
    text = joined(findings(what));
    EXPECT_HAS(text, "tryget_live counted it in a slot, after the slots were collected");
    EXPECT_LACKS(text, "tryget_live does not look");
}

TEST(explanation, of_a_switch_that_does_not_end_says_what_of_it_is_missing)
{
    look switching = dead(0, 0);
    switching.mode = "switching";
    violation what{"rs_sealed_ref",
                   "no-lost-count",
                   "",
                   account("no-lost-count", switching, switching),
                   {life(100, "kill", live(6, 5))}};
    EXPECT_HAS(joined(findings(what)),
               "the faulty step: the end of the switch. The switch that the kill began is not "
               "over 57.000 ms after the kill, though the slots were collected");
    what.account->set("whole", "0");
    what.account->set("slots", "5,,,7");
    EXPECT_HAS(joined(findings(what)),
               "the faulty step: the collection of the slots, which has not come to its end");
    EXPECT_HAS(joined(findings(what)), "the slot of CPU 0, 3 is still open");
}

TEST(explanation, of_a_counter_without_modes_names_gets_and_puts_and_those_that_met)
{
    look count{"-", "-", "1", 1, 0};
    look wrong{"-", "-", "2", 0, 0};
    const violation what{"rs_kref",
                         "no-lost-count",
                         "",
                         account("no-lost-count", wrong, wrong),
                         {life(0, "publish", count), use(100, "put", 1, 0, 1), use(103, "put", 1, 0, 2),
                          life(1000, "violation", wrong)}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text,
               "the faulty step: get, tryget and put: a put was not counted, or a get was counted twice");
    EXPECT_HAS(text, "put by worker 1 on CPU 1 and put by worker 2 on CPU 2: 3.000 µs apart");
}

TEST(explanation, of_a_reference_from_zero_names_the_operation)
{
    const violation what{"rs_refcount",
                         "release-once",
                         "",
                         account("release-once", {"-", "-", "0", 0, 0}, {"-", "-", "0", 0, 0}),
                         {use(90, "put", 1, 0, 0), life(100, "release", {"-", "-", "0", 0, 0}),
                          use(200, "acquire", 1, 1, 2), use(300, "put", 1, 0, 2),
                          life(301, "violation", {"-", "-", "0", 0, 0}, 2)}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text,
               "first, release() was called on CPU 0 in task, 10.000 µs after a put of 1 by worker 0 there");
    EXPECT_HAS(text,
               "then release() was called on CPU 2 in task, 1.000 µs after a put of 1 by worker 2 there");
    EXPECT_HAS(text,
               "the faulty step: tryget, which took a reference of a counter at zero: worker 2 on CPU 2");
}

TEST(explanation, of_an_illegal_mode_names_the_call_and_what_it_left)
{
    const violation what{"rs_percpu_ref",
                         "mode-legal",
                         "slot 0: resurrected, but dying",
                         account("mode-legal", dead(4, 4), dead(4, 4)),
                         {life(100, "resurrect", dead(4, 4)), life(110, "resurrected", dead(4, 4)),
                          life(120, "violation", dead(4, 4))}};
    const std::string text = joined(findings(what));
    EXPECT_HAS(text, "the faulty step: resurrect\n");
    EXPECT_HAS(
        text,
        "the last event before was resurrected on CPU 0, after which the counter is dying, atomic, counts 4");
}

TEST(explanation, names_the_cpu_whose_sealed_slot_is_open)
{
    violation what{"rs_sealed_ref", "no-lost-count", "", account("no-lost-count", dead(0, 3), dead(0, 3))};
    what.account->set("slots", ",,7,");
    EXPECT_HAS(joined(findings(what)), "the slot of CPU 2 is open though the switch is over");
    what.account->set("slots", ",,,");
    EXPECT_LACKS(joined(findings(what)), "is open though");
    what.provider = "rs_percpu_ref";
    what.account->set("slots", "5,-2,0,0");
    EXPECT_LACKS(joined(findings(what)), "is open though");
}

TEST(explanation, of_a_complaint_of_the_kernel_is_that_complaint)
{
    EXPECT_HAS(joined(findings({"rs_kref", "kernel-log-clean", "BUG: KASAN: use-after-free in rs_kref_put"})),
               "names the place: BUG: KASAN: use-after-free in rs_kref_put");
}

violation with_changes()
{
    return {"rs_percpu_ref",
            "no-lost-count",
            "",
            account("no-lost-count", dead(3, 0), dead(3, 0)),
            {life(0, "publish", live(1, 0)), use(10, "get", 3, 4), life(50, "kill", live(6, 5)),
             life(51, "killed", {"switching", "1", "5", 0, 5}), use(60, "put", 4, 0),
             use(70, "acquire_live", 1, 0, 2, false, 31), life(1000, "violation", dead(3, 0), 3)}};
}

TEST(explanation, shows_the_last_changes_with_times_before_the_violation_and_states_in_words)
{
    const std::string text = joined(change_lines(with_changes(), std::nullopt));
    EXPECT_HAS(text, "   -1000.000    0  killer 0: publish: alive, per-CPU, counts 1\n");
    EXPECT_HAS(text, "    -990.000    1  worker 1: get 3: holds 1 -> 4\n");
    EXPECT_HAS(text, "killed (true): alive, per-CPU, counts 6 -> dying, switching, counts 5\n");
    EXPECT_HAS(text, "worker 1: put 4: holds 4 -> 0\n");
    EXPECT_HAS(text, "    -930.000    2  worker 2: tryget_live refused, 31 times\n");
    EXPECT_HAS(
        text, "       0.000    3  counter: violation: dying, switching, counts 5 -> dying, atomic, counts 3, "
              "should be 0\n");
}

TEST(explanation, has_a_lane_for_each_cpu_where_the_terminal_is_wide_enough)
{
    const auto narrow = change_lines(with_changes(), 80);
    EXPECT_HAS(narrow.front(), "cpu");
    const std::string text = joined(change_lines(with_changes(), 150));
    EXPECT_HAS(text, "CPU 0                         CPU 1                         CPU 2 ");
    EXPECT_HAS(text, "    -990.000  .                             worker 1: get 3: holds 1 -> 4\n");
    for (const std::string &line : change_lines(with_changes(), 150))
        EXPECT_LE(line.size(), 151U) << line;
}

TEST(explanation, leaves_earlier_uses_out_but_no_event_of_the_life)
{
    violation what = with_changes();
    for (int i = 0; i < 50; ++i)
        what.history.insert(what.history.begin() + 2, use(20, "get", 1, 2));
    const std::string text = joined(change_lines(what, std::nullopt));
    EXPECT_HAS(text, "earlier gets and puts: the file history)\n");
    EXPECT_HAS(text, "publish");
    EXPECT_LT(change_lines(what, std::nullopt).size(), 40U);
}

TEST(explanation, is_the_same_for_a_program)
{
    const json document = explanation_json(with_changes());
    EXPECT_EQ(document["meaning"], "release() runs within the bound after the last put");
    EXPECT_FALSE(document["findings"].empty());
    EXPECT_FALSE(document["causes"].empty());
}

TEST(explanation, knows_the_oracles_counter_of_each_provider)
{
    EXPECT_EQ(oracle_counter_of("rs_percpu_ref_two_stage"), "percpu_ref");
    EXPECT_EQ(oracle_counter_of("rs_kref"), "kref");
    EXPECT_EQ(oracle_counter_of("cxx_refcount"), "refcount");
    EXPECT_EQ(oracle_counter_of("rs_sealed_ref_generic"), "sealed_ref");
    EXPECT_EQ(oracle_counter_of("percpu_ref"), "");
    EXPECT_EQ(oracle_counter_of("atomic"), "");
}

} // namespace
} // namespace refstorm
