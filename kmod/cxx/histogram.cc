// SPDX-License-Identifier: GPL-2.0
/*
 * histogram.cc - log-linear histogram of times; see refstorm/abi.h
 *
 * Which bucket a value belongs to, with 16 buckets to a power of two:
 *
 *   value    0 1 2 ... 31 | 32 33 | 34 35 | ... | 62 63 | 64..67 | 68..71 | ...
 *   bucket   0 1 2 ... 31 |  32   |  33   | ... |  47   |   48   |   49   | ...
 *
 * A value keeps its top five bits; the number of bits that it was shifted by says which group of
 * 16 buckets it is in. The two functions that map there and back are checked against each other
 * at compile time, at every edge.
 */
#include <refstorm/abi.h>

namespace {

constexpr u32 sub_buckets = 1U << RS_HISTOGRAM_SUB_BITS;
constexpr u64 u64_max = ~u64{0};
constexpr u32 u32_max = ~u32{0};

constexpr u32 bucket_of(u64 value)
{
    if (value < u64{2} * sub_buckets) {
        return static_cast<u32>(value);
    }
    const u32 shift = 63 - __builtin_clzll(value) - RS_HISTOGRAM_SUB_BITS;
    return shift * sub_buckets + static_cast<u32>(value >> shift);
}

constexpr u32 shift_of(u32 bucket)
{
    return bucket < 2 * sub_buckets ? 0 : bucket / sub_buckets - 1;
}

constexpr u64 lowest_in(u32 bucket)
{
    const u32 shift = shift_of(bucket);
    return u64{bucket - shift * sub_buckets} << shift;
}

constexpr u64 middle_of(u32 bucket)
{
    return lowest_in(bucket) + ((u64{1} << shift_of(bucket)) >> 1);
}

constexpr bool buckets_tile_all_values()
{
    for (u32 bucket = 0; bucket < RS_HISTOGRAM_BUCKETS; bucket++) {
        const u64 lowest = lowest_in(bucket);
        const u64 width = u64{1} << shift_of(bucket);
        if (bucket_of(lowest) != bucket || bucket_of(lowest + (width - 1)) != bucket) {
            return false;
        }
        if (bucket_of(middle_of(bucket)) != bucket) {
            return false;
        }
        if (bucket > 0 && bucket_of(lowest - 1) != bucket - 1) {
            return false;
        }
        if (width > 1 && width > lowest / sub_buckets) {
            return false;
        }
    }
    return lowest_in(0) == 0 && bucket_of(u64_max) == RS_HISTOGRAM_BUCKETS - 1;
}

static_assert(buckets_tile_all_values());
static_assert(sizeof(rs_histogram) <= 4096);

template <typename T>
[[nodiscard]] constexpr T saturating_add(T a, T b)
{
    T sum{};
    return __builtin_add_overflow(a, b, &sum) ? static_cast<T>(~T{0}) : sum;
}

static_assert(saturating_add<u32>(u32_max - 1, 1) == u32_max);
static_assert(saturating_add<u32>(u32_max, 1) == u32_max);

/*
 * READ_ONCE() and WRITE_ONCE() of numbers that one thread changes while others merge them: each
 * number is whole, but the numbers need not be of the same moment.
 */
template <typename T>
[[nodiscard]] T read_once(const T &number)
{
    return static_cast<const volatile T &>(number);
}

template <typename T>
void write_once(T &number, T value)
{
    static_cast<volatile T &>(number) = value;
}

/* The rank, from 1, of the nearest-rank quantile: ceil(count * per_mille / 1000) in 64 bits. */
constexpr u64 rank_of(u64 count, u32 per_mille)
{
    return count / 1000 * per_mille + (count % 1000 * per_mille + 999) / 1000;
}

static_assert(rank_of(1, 1) == 1);
static_assert(rank_of(1000, 500) == 500 && rank_of(1001, 500) == 501);
static_assert(rank_of(u64_max, 1000) == u64_max);

} // namespace

extern "C" {

void rs_histogram_reset(struct rs_histogram *h)
{
    *h = {};
    h->min = u64_max;
}

void rs_histogram_record(struct rs_histogram *h, u64 ns)
{
    u32 &bucket = h->buckets[bucket_of(ns)];

    write_once(bucket, saturating_add<u32>(bucket, 1));
    if (ns < h->min) {
        write_once(h->min, ns);
    }
    if (ns > h->max) {
        write_once(h->max, ns);
    }
    write_once(h->sum, saturating_add(h->sum, ns));
    write_once(h->count, h->count + 1);
}

void rs_histogram_merge(struct rs_histogram *dst, const struct rs_histogram *src)
{
    for (u32 i = 0; i < RS_HISTOGRAM_BUCKETS; i++) {
        dst->buckets[i] = saturating_add(dst->buckets[i], read_once(src->buckets[i]));
    }
    dst->count += read_once(src->count);
    dst->sum = saturating_add(dst->sum, read_once(src->sum));
    const u64 min = read_once(src->min);
    const u64 max = read_once(src->max);
    if (min < dst->min) {
        dst->min = min;
    }
    if (max > dst->max) {
        dst->max = max;
    }
}

u64 rs_histogram_quantile(const struct rs_histogram *h, u32 per_mille)
{
    if (h->count == 0) {
        return 0;
    }
    if (per_mille == 0) {
        return h->min;
    }
    if (per_mille >= 1000) {
        return h->max;
    }

    const u64 rank = rank_of(h->count, per_mille);
    u64 seen = 0;
    for (u32 i = 0; i < RS_HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank) {
            const u64 middle = middle_of(i);
            return middle < h->min ? h->min : middle > h->max ? h->max : middle;
        }
    }
    return h->max; // a bucket has saturated and the rank lies beyond what was counted
}

} // extern "C"
