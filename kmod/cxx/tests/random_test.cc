// SPDX-License-Identifier: GPL-2.0
#include <array>
#include <set>

#include <gtest/gtest.h>

#include "random.hpp"

namespace {

TEST(random_numbers, below_stays_below_its_bound_and_reaches_every_value)
{
    u64 state[4];
    rs::random_view random(state);
    random.seed(1, 0);

    std::set<u64> seen;
    for (int i = 0; i < 10'000; i++) {
        const u64 value = random.below(7);
        ASSERT_LT(value, 7U);
        seen.insert(value);
    }
    EXPECT_EQ(seen.size(), 7U);
}

TEST(random_numbers, below_is_unbiased_where_a_product_alone_would_not_be)
{
    /* With a bound of 3 * 2^62 a plain multiplication makes every third value twice as likely. */
    constexpr u64 bound = u64{3} << 62;
    constexpr int draws = 90'000;
    u64 state[4];
    rs::random_view random(state);
    random.seed(2, 0);

    std::array<int, 3> residue{};
    for (int i = 0; i < draws; i++) {
        residue.at(random.below(bound) % 3)++;
    }
    for (const int n : residue) {
        EXPECT_NEAR(n, draws / 3, 1000); // 7 standard deviations
    }
}

TEST(random_numbers, below_accepts_the_bounds_at_both_ends)
{
    u64 state[4];
    rs::random_view random(state);
    random.seed(3, 0);

    EXPECT_EQ(random.below(0), 0U);
    EXPECT_EQ(random.below(1), 0U);
    for (int i = 0; i < 1000; i++) {
        EXPECT_LT(random.below(~u64{0}), ~u64{0});
        EXPECT_EQ(random.between(9, 9), 9U);
    }
    bool upper_half = false;
    for (int i = 0; i < 100; i++) {
        upper_half |= random.between(0, ~u32{0}) > ~u32{0} / 2;
    }
    EXPECT_TRUE(upper_half);
}

TEST(random_numbers, streams_of_neighbouring_seeds_share_nothing)
{
    std::set<u64> first_draws;
    for (u64 seed = 0; seed < 64; seed++) {
        for (u32 stream = 0; stream < 64; stream++) {
            u64 state[4];
            rs::random_view random(state);
            random.seed(seed, stream);
            first_draws.insert(random.next());
        }
    }
    EXPECT_EQ(first_draws.size(), 64U * 64U);
}

} // namespace
