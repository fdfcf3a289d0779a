// SPDX-License-Identifier: GPL-2.0
#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <refstorm/abi.h>

bool operator==(const rs_step &a, const rs_step &b)
{
    return std::memcmp(&a, &b, sizeof a) == 0;
}

void PrintTo(const rs_step &step, std::ostream *out)
{
    *out << rs_step_name(step.kind) << " slot " << int{step.slot} << " nr " << step.nr;
}

namespace {

std::vector<rs_step> program(u64 seed, u32 stream, u32 slots, u32 allowed, u32 nr)
{
    rs_sequence seq;
    std::memset(&seq, 0xa5, sizeof seq);
    rs_sequence_seed(&seq, seed, stream, slots, allowed);
    std::vector<rs_step> steps(nr);
    rs_sequence_fill(&seq, steps.data(), nr);
    return steps;
}

/* What a worker holds after each step if all succeed; checks that each step is legal on the way. */
class ledger {
  public:
    explicit ledger(u32 slots) : held_(slots) {}

    void apply(const rs_step &step)
    {
        ASSERT_LT(step.slot, held_.size());
        ASSERT_EQ(step.reserved, 0);
        u64 &held = held_[step.slot];
        switch (step.kind) {
        case RS_STEP_ACQUIRE:
        case RS_STEP_ACQUIRE_LIVE:
            ASSERT_EQ(step.nr, 1U);
            take(held, 1);
            break;
        case RS_STEP_GET:
        case RS_STEP_TRYGET:
            ASSERT_EQ(step.nr, 1U);
            ASSERT_TRUE(held > 0 || get_may_begin) << "get on a slot that holds nothing";
            take(held, 1);
            break;
        case RS_STEP_GET_MANY:
            ASSERT_GT(held, 0U);
            ASSERT_GE(step.nr, 2U);
            ASSERT_LE(step.nr, u32{RS_STEP_MANY_MAX});
            take(held, step.nr);
            break;
        case RS_STEP_PUT:
            ASSERT_EQ(step.nr, 1U);
            ASSERT_GE(held, 1U);
            drop(held, 1);
            break;
        case RS_STEP_PUT_MANY:
            ASSERT_GE(step.nr, 2U);
            ASSERT_LE(step.nr, u32{RS_STEP_MANY_MAX});
            ASSERT_GE(held, step.nr);
            drop(held, step.nr);
            break;
        case RS_STEP_CHECK:
            ASSERT_EQ(step.nr, 0U);
            ASSERT_GT(held, 0U);
            break;
        case RS_STEP_DRAIN:
            ASSERT_EQ(step.nr, 0U);
            ASSERT_GT(held, 0U);
            drop(held, held);
            break;
        case RS_STEP_IDLE:
            ASSERT_GE(step.nr, 64U);
            ASSERT_LE(step.nr, u32{RS_STEP_IDLE_MAX_NS});
            break;
        default:
            FAIL() << "kind " << int{step.kind};
        }
    }

    [[nodiscard]] u64 held(u32 slot) const { return held_[slot]; }

    bool get_may_begin = false;
    u64 taken = 0;
    u64 dropped = 0;

  private:
    void take(u64 &held, u64 nr) { held += nr, taken += nr; }
    void drop(u64 &held, u64 nr) { held -= nr, dropped += nr; }

    std::vector<u64> held_;
};

TEST(sequence, the_first_steps_of_a_seed_are_known)
{
    /* If this fails, seeds that people wrote down no longer bring their storm back. */
    const std::vector<rs_step> golden = {
        // clang-format off
        {RS_STEP_ACQUIRE_LIVE, 1, 0, 1},
        {RS_STEP_PUT, 1, 0, 1},
        {RS_STEP_ACQUIRE_LIVE, 1, 0, 1},
        {RS_STEP_TRYGET, 1, 0, 1},
        {RS_STEP_PUT, 1, 0, 1},
        {RS_STEP_PUT, 1, 0, 1},
        {RS_STEP_ACQUIRE_LIVE, 1, 0, 1},
        {RS_STEP_ACQUIRE_LIVE, 0, 0, 1},
        {RS_STEP_GET, 0, 0, 1},
        {RS_STEP_ACQUIRE, 0, 0, 1},
        {RS_STEP_PUT, 0, 0, 1},
        {RS_STEP_GET_MANY, 0, 0, 38},
        {RS_STEP_PUT, 0, 0, 1},
        {RS_STEP_CHECK, 0, 0, 0},
        {RS_STEP_DRAIN, 0, 0, 0},
        {RS_STEP_ACQUIRE_LIVE, 0, 0, 1},
        {RS_STEP_PUT, 0, 0, 1},
        {RS_STEP_ACQUIRE_LIVE, 0, 0, 1},
        {RS_STEP_PUT, 0, 0, 1},
        {RS_STEP_ACQUIRE_LIVE, 0, 0, 1},
        {RS_STEP_PUT, 0, 0, 1},
        {RS_STEP_ACQUIRE, 0, 0, 1},
        {RS_STEP_GET, 0, 0, 1},
        {RS_STEP_TRYGET, 0, 0, 1},
        // clang-format on
    };
    const auto steps = program(7, 0, 4, RS_STEP_ALL, golden.size());
    EXPECT_EQ(steps, golden);
}

TEST(sequence, the_hundred_thousand_first_steps_of_a_seed_are_known_by_their_hash)
{
    u64 hash = 0xcbf29ce484222325; // FNV-1a
    for (const rs_step &step : program(7, 1, 16, RS_STEP_ALL, 100'000)) {
        for (const u64 part : {u64{step.kind}, u64{step.slot}, u64{step.nr}}) {
            hash = (hash ^ part) * 0x100000001b3;
        }
    }
    EXPECT_EQ(hash, 17540092122394250410U);
}

TEST(sequence, the_same_arguments_give_the_same_steps_in_any_portions)
{
    const auto whole = program(99, 3, 5, RS_STEP_ALL, 10'000);
    EXPECT_EQ(whole, program(99, 3, 5, RS_STEP_ALL, 10'000));

    rs_sequence seq;
    rs_sequence_seed(&seq, 99, 3, 5, RS_STEP_ALL);
    std::vector<rs_step> portions(whole.size());
    u32 done = 0;
    for (u32 portion = 0; done < portions.size(); portion = (portion + 1) % 40) {
        const u32 nr = std::min<u32>(portion, portions.size() - done);
        rs_sequence_fill(&seq, portions.data() + done, nr);
        done += nr;
    }
    EXPECT_EQ(whole, portions);
}

TEST(sequence, another_seed_or_stream_gives_other_steps)
{
    const auto steps = program(99, 3, 5, RS_STEP_ALL, 100);
    EXPECT_NE(steps, program(100, 3, 5, RS_STEP_ALL, 100));
    EXPECT_NE(steps, program(99, 4, 5, RS_STEP_ALL, 100));
    EXPECT_NE(steps, program(100, 2, 5, RS_STEP_ALL, 100));
    EXPECT_NE(program(0, 0, 5, RS_STEP_ALL, 100), program(0, 1, 5, RS_STEP_ALL, 100));
}

TEST(sequence, every_step_is_legal_for_a_worker_whose_trygets_succeed)
{
    for (u32 slots = 1; slots <= RS_SEQUENCE_SLOTS_MAX; slots++) {
        ledger l(slots);
        for (const rs_step &step : program(slots, 0, slots, RS_STEP_ALL, 50'000)) {
            ASSERT_NO_FATAL_FAILURE(l.apply(step));
        }
    }
}

TEST(sequence, all_kinds_occur_and_pauses_are_rare)
{
    constexpr u32 nr = 200'000;
    std::array<u32, RS_STEP_KIND_COUNT> seen{};
    u64 idle_ns = 0;
    for (const rs_step &step : program(1, 0, 4, RS_STEP_ALL, nr)) {
        seen.at(step.kind)++;
        idle_ns += step.kind == RS_STEP_IDLE ? step.nr : 0;
    }
    for (u32 kind = 0; kind < RS_STEP_KIND_COUNT; kind++) {
        EXPECT_GT(seen.at(kind), nr / 1000) << rs_step_name(kind);
    }
    EXPECT_LT(seen[RS_STEP_IDLE], nr / 100);
    EXPECT_LT(idle_ns / nr, 100U) << "nanoseconds of pause for each step";
    EXPECT_GT(seen[RS_STEP_GET], nr / 20);
    EXPECT_GT(seen[RS_STEP_PUT], nr / 5);
}

TEST(sequence, workers_hold_few_references_and_come_back_to_zero_often)
{
    constexpr u32 nr = 200'000;
    for (const u32 slots : {1U, 4U, 16U}) {
        ledger l(slots);
        u32 few = 0;
        u32 to_zero = 0;
        for (const rs_step &step : program(2, slots, slots, RS_STEP_ALL, nr)) {
            const u64 before = l.held(step.slot);
            ASSERT_NO_FATAL_FAILURE(l.apply(step));
            few += l.held(step.slot) <= 8 ? 1 : 0;
            to_zero += before > 0 && l.held(step.slot) == 0 ? 1 : 0;
        }
        EXPECT_GT(few, nr / 10 * 8);
        EXPECT_GT(to_zero, nr / 10);
        EXPECT_LT(l.taken - l.dropped, slots * u64{100}) << "gets and puts balance";
    }
}

TEST(sequence, many_is_small_mostly_and_thousands_at_times)
{
    u32 small = 0;
    u32 large = 0;
    u32 most = 0;
    for (const rs_step &step : program(3, 0, 4, RS_STEP_ALL, 500'000)) {
        if (step.kind == RS_STEP_GET_MANY) {
            (step.nr <= 64 ? small : large)++;
            most = std::max(most, step.nr);
        }
    }
    EXPECT_GT(small, 20 * large);
    EXPECT_GT(large, 10U);
    EXPECT_GT(most, 3000U);
}

TEST(sequence, a_burst_stays_with_one_slot_and_all_slots_get_their_share)
{
    constexpr u32 nr = 100'000;
    constexpr u32 slots = 8;
    std::array<u32, slots> seen{};
    u32 changes = 0;
    int before = -1;
    for (const rs_step &step : program(4, 0, slots, RS_STEP_ALL, nr)) {
        changes += step.slot != before ? 1 : 0;
        before = step.slot;
        seen.at(step.slot)++;
    }
    EXPECT_NEAR(nr / changes, 18, 3); // 16, less those that choose the same slot again
    for (const u32 n : seen) {
        EXPECT_NEAR(n, nr / slots, nr / slots / 5);
    }
}

TEST(sequence, only_allowed_kinds_occur_whatever_the_mask)
{
    constexpr u32 always = RS_STEP_BIT(RS_STEP_GET) | RS_STEP_BIT(RS_STEP_PUT);
    for (u32 allowed = 0; allowed <= RS_STEP_ALL; allowed++) {
        ledger l(2);
        l.get_may_begin = (allowed & (RS_STEP_BIT(RS_STEP_ACQUIRE) | RS_STEP_BIT(RS_STEP_ACQUIRE_LIVE))) == 0;
        for (const rs_step &step : program(5, 0, 2, allowed, 2000)) {
            ASSERT_NE((allowed | always) & RS_STEP_BIT(step.kind), 0U)
                << rs_step_name(step.kind) << " with mask " << allowed;
            ASSERT_NO_FATAL_FAILURE(l.apply(step)) << "mask " << allowed;
        }
        ASSERT_LT(l.held(0) + l.held(1), 20'000U) << "mask " << allowed;
    }
}

TEST(sequence, a_missing_kind_is_replaced_as_the_header_says)
{
    const auto stands_in = [](u32 missing, u32 kind) {
        rs_sequence seq;
        rs_sequence_seed(&seq, 0, 0, 1, RS_STEP_ALL & ~missing);
        return u32{seq.kind_for[kind]};
    };
    constexpr u32 acquire = RS_STEP_BIT(RS_STEP_ACQUIRE);
    constexpr u32 acquire_live = RS_STEP_BIT(RS_STEP_ACQUIRE_LIVE);
    constexpr u32 get_many = RS_STEP_BIT(RS_STEP_GET_MANY);
    constexpr u32 put_many = RS_STEP_BIT(RS_STEP_PUT_MANY);
    constexpr u32 drain = RS_STEP_BIT(RS_STEP_DRAIN);
    constexpr u32 check = RS_STEP_BIT(RS_STEP_CHECK);
    constexpr u32 idle = RS_STEP_BIT(RS_STEP_IDLE);

    for (u32 kind = 0; kind < RS_STEP_KIND_COUNT; kind++) {
        EXPECT_EQ(stands_in(0, kind), kind);
    }
    EXPECT_EQ(stands_in(acquire, RS_STEP_ACQUIRE), RS_STEP_ACQUIRE_LIVE);
    EXPECT_EQ(stands_in(acquire_live, RS_STEP_ACQUIRE_LIVE), RS_STEP_ACQUIRE);
    EXPECT_EQ(stands_in(acquire | acquire_live, RS_STEP_ACQUIRE), RS_STEP_GET);
    EXPECT_EQ(stands_in(acquire | acquire_live, RS_STEP_ACQUIRE_LIVE), RS_STEP_GET);
    EXPECT_EQ(stands_in(get_many, RS_STEP_GET_MANY), RS_STEP_GET);
    EXPECT_EQ(stands_in(put_many | drain, RS_STEP_GET_MANY), RS_STEP_GET) << "they would never all be put";
    EXPECT_EQ(stands_in(put_many, RS_STEP_GET_MANY), RS_STEP_GET_MANY);
    EXPECT_EQ(stands_in(put_many, RS_STEP_PUT_MANY), RS_STEP_PUT);
    EXPECT_EQ(stands_in(RS_STEP_BIT(RS_STEP_TRYGET), RS_STEP_TRYGET), RS_STEP_GET);
    EXPECT_EQ(stands_in(drain, RS_STEP_DRAIN), RS_STEP_PUT_MANY);
    EXPECT_EQ(stands_in(drain | put_many, RS_STEP_DRAIN), RS_STEP_PUT);
    EXPECT_EQ(stands_in(check, RS_STEP_CHECK), RS_STEP_IDLE);
    EXPECT_EQ(stands_in(idle, RS_STEP_IDLE), RS_STEP_CHECK);
    EXPECT_EQ(stands_in(check | idle, RS_STEP_IDLE), RS_STEP_PUT);
}

TEST(sequence, without_many_and_drain_workers_still_come_back_to_zero)
{
    constexpr u32 nr = 50'000;
    constexpr u32 single =
        RS_STEP_BIT(RS_STEP_ACQUIRE) | RS_STEP_BIT(RS_STEP_TRYGET) | RS_STEP_BIT(RS_STEP_CHECK);
    ledger l(1);
    u32 at_zero = 0;
    for (const rs_step &step : program(6, 0, 1, single, nr)) {
        ASSERT_NO_FATAL_FAILURE(l.apply(step));
        at_zero += l.held(0) == 0 ? 1 : 0;
    }
    EXPECT_GT(at_zero, nr / 10);
}

TEST(sequence, slots_out_of_range_are_brought_into_it)
{
    EXPECT_EQ(program(8, 0, 0, RS_STEP_ALL, 1000), program(8, 0, 1, RS_STEP_ALL, 1000));
    EXPECT_EQ(program(8, 0, ~u32{0}, RS_STEP_ALL, 1000),
              program(8, 0, RS_SEQUENCE_SLOTS_MAX, RS_STEP_ALL, 1000));
}

TEST(sequence, every_kind_has_a_name_of_its_own)
{
    std::set<std::string> names = {"unknown"};
    for (u32 kind = 0; kind < RS_STEP_KIND_COUNT; kind++) {
        EXPECT_TRUE(names.insert(rs_step_name(kind)).second) << rs_step_name(kind);
    }
    EXPECT_STREQ(rs_step_name(RS_STEP_ACQUIRE_LIVE), "acquire_live");
    EXPECT_STREQ(rs_step_name(RS_STEP_KIND_COUNT), "unknown");
    EXPECT_STREQ(rs_step_name(~u32{0}), "unknown");
}

TEST(sequence, extreme_seeds_and_streams_work)
{
    for (const u64 seed : {u64{0}, ~u64{0}}) {
        for (const u32 stream : {u32{0}, ~u32{0}}) {
            ledger l(16);
            for (const rs_step &step : program(seed, stream, 16, ~u32{0}, 5000)) {
                ASSERT_NO_FATAL_FAILURE(l.apply(step));
            }
        }
    }
}

TEST(sequence, random_numbers_can_be_drawn_beside_the_steps)
{
    rs_sequence one;
    rs_sequence two;
    rs_sequence_seed(&one, 11, 1, 1, RS_STEP_ALL);
    rs_sequence_seed(&two, 11, 1, 1, RS_STEP_ALL);
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(rs_sequence_random(&one), rs_sequence_random(&two));
        EXPECT_EQ(rs_sequence_below(&one, 1000), rs_sequence_below(&two, 1000));
        EXPECT_LT(rs_sequence_below(&one, 3), 3U);
        EXPECT_LT(rs_sequence_below(&two, 3), 3U);
    }
    EXPECT_EQ(rs_sequence_below(&one, 0), 0U);
}

} // namespace
