// SPDX-License-Identifier: GPL-2.0
#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <refstorm/abi.h>

namespace {

constexpr u64 u64_max = ~u64{0};

struct histogram : rs_histogram {
    histogram()
    {
        std::memset(static_cast<rs_histogram *>(this), 0xa5, sizeof(rs_histogram));
        rs_histogram_reset(this);
    }
    void record(u64 ns) { rs_histogram_record(this, ns); }
    [[nodiscard]] u64 quantile(u32 per_mille) const { return rs_histogram_quantile(this, per_mille); }
};

/* Written differently on purpose: the smallest value such that enough are no larger. */
u64 nearest_rank(const std::vector<u64> &sorted, u32 per_mille)
{
    for (size_t i = 0; i < sorted.size(); i++) {
        if ((i + 1) * 1000 >= static_cast<unsigned __int128>(sorted.size()) * per_mille) {
            return sorted[i];
        }
    }
    return sorted.back();
}

void expect_close(u64 got, u64 want, u32 per_mille)
{
    const u64 off = got > want ? got - want : want - got;
    EXPECT_LE(off, want / 16) << "per_mille " << per_mille << ": " << got << " for " << want;
}

TEST(histogram, empty_answers_zero)
{
    const histogram h;
    EXPECT_EQ(h.count, 0U);
    EXPECT_EQ(h.min, u64_max);
    EXPECT_EQ(h.max, 0U);
    for (const u32 per_mille : {0U, 1U, 500U, 1000U, 5000U}) {
        EXPECT_EQ(h.quantile(per_mille), 0U);
    }
}

TEST(histogram, a_single_value_is_every_quantile)
{
    for (const u64 value : {u64{0}, u64{1}, u64{31}, u64{32}, u64{12'345}, u64{1} << 63, u64_max}) {
        histogram h;
        h.record(value);
        for (const u32 per_mille : {0U, 1U, 500U, 999U, 1000U}) {
            EXPECT_EQ(h.quantile(per_mille), value);
        }
    }
}

TEST(histogram, small_values_are_exact)
{
    histogram h;
    for (u64 value = 0; value < 32; value++) {
        h.record(value);
    }
    EXPECT_EQ(h.quantile(500), 15U);
    EXPECT_EQ(h.quantile(250), 7U);
    EXPECT_EQ(h.quantile(1), 0U);
    EXPECT_EQ(h.quantile(999), 31U);
}

TEST(histogram, quantiles_agree_with_a_sorted_vector_within_a_sixteenth)
{
    std::mt19937_64 random(42);
    for (int round = 0; round < 40; round++) {
        const auto h = std::make_unique<histogram>();
        std::vector<u64> values(1 + random() % 5000);
        for (u64 &value : values) {
            value = random() >> (random() % 64); // every magnitude
            h->record(value);
        }
        std::sort(values.begin(), values.end());

        EXPECT_EQ(h->count, values.size());
        EXPECT_EQ(h->min, values.front());
        EXPECT_EQ(h->max, values.back());
        EXPECT_EQ(h->quantile(0), values.front());
        EXPECT_EQ(h->quantile(1000), values.back());
        for (u32 per_mille = 1; per_mille < 1000; per_mille++) {
            expect_close(h->quantile(per_mille), nearest_rank(values, per_mille), per_mille);
        }
    }
}

TEST(histogram, quantiles_rise_with_the_share_and_stay_between_min_and_max)
{
    std::mt19937_64 random(43);
    std::lognormal_distribution<double> microseconds(10, 1.5);
    histogram h;
    for (int i = 0; i < 10'000; i++) {
        h.record(static_cast<u64>(microseconds(random)));
    }
    u64 before = h.min;
    for (u32 per_mille = 0; per_mille <= 1000; per_mille++) {
        const u64 now = h.quantile(per_mille);
        EXPECT_GE(now, before);
        before = now;
    }
    EXPECT_EQ(before, h.max);
}

TEST(histogram, merging_is_recording_everything_in_one)
{
    std::mt19937_64 random(44);
    histogram odd;
    histogram even;
    histogram both;
    for (int i = 0; i < 2000; i++) {
        const u64 value = random() % 1'000'000'000;
        (i % 2 != 0 ? odd : even).record(value);
        both.record(value);
    }
    rs_histogram_merge(&odd, &even);
    EXPECT_EQ(std::memcmp(&odd, &both, sizeof(rs_histogram)), 0);
}

TEST(histogram, merging_an_empty_one_changes_nothing_in_either_direction)
{
    histogram some;
    histogram none;
    some.record(17);
    some.record(1'000'000);
    const histogram before = some;

    rs_histogram_merge(&some, &none);
    EXPECT_EQ(std::memcmp(&some, &before, sizeof(rs_histogram)), 0);
    rs_histogram_merge(&none, &some);
    EXPECT_EQ(std::memcmp(&none, &before, sizeof(rs_histogram)), 0);
}

TEST(histogram, merging_with_itself_doubles)
{
    histogram h;
    h.record(5);
    h.record(7);
    rs_histogram_merge(&h, &h);
    EXPECT_EQ(h.count, 4U);
    EXPECT_EQ(h.sum, 24U);
    EXPECT_EQ(h.quantile(500), 5U);
    EXPECT_EQ(h.quantile(501), 7U);
}

TEST(histogram, sum_stays_at_the_end_instead_of_wrapping)
{
    histogram h;
    h.record(u64_max);
    h.record(0);
    EXPECT_EQ(h.sum, u64_max);
    h.record(1);
    EXPECT_EQ(h.sum, u64_max);
    EXPECT_EQ(h.count, 3U);
    EXPECT_EQ(h.min, 0U);
    EXPECT_EQ(h.max, u64_max);
    EXPECT_EQ(h.quantile(500), 1U);
}

TEST(histogram, a_full_bucket_stays_full_and_quantiles_stay_in_range)
{
    histogram h;
    h.record(100);
    u32 &bucket = *std::find(std::begin(h.buckets), std::end(h.buckets), 1U);
    bucket = ~u32{0};
    h.count = bucket;
    h.record(100);
    EXPECT_EQ(bucket, ~u32{0});
    EXPECT_EQ(h.count, (u64{1} << 32));

    histogram twice = h;
    rs_histogram_merge(&twice, &h);
    EXPECT_EQ(twice.count, u64{1} << 33);
    EXPECT_EQ(twice.quantile(999), 100U);
}

TEST(histogram, resetting_forgets_everything)
{
    histogram h;
    h.record(1);
    h.record(u64_max);
    rs_histogram_reset(&h);
    const histogram fresh;
    EXPECT_EQ(std::memcmp(&h, &fresh, sizeof(rs_histogram)), 0);
}

TEST(histogram, fits_into_a_page)
{
    EXPECT_LE(sizeof(rs_histogram), 4096U);
}

} // namespace
