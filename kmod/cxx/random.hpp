/* SPDX-License-Identifier: GPL-2.0 */
/*
 * random.hpp - random numbers that are the same on every machine
 *
 * A storm that found a bug must be able to find it again, so the generator is part of the
 * interface: the numbers that it yields never change.
 *
 * xoshiro256** 1.0 and splitmix64 are by David Blackman and Sebastiano Vigna, who
 * dedicated them to the public domain (https://prng.di.unimi.it/xoshiro256starstar.c
 * and splitmix64.c there). The static_asserts at the end hold them to values that
 * the reference code yields.
 */
#pragma once

#include <refstorm/abi.h>

namespace rs {

/* One step of splitmix64: spreads the bits of @state over 64 bits. */
constexpr u64 splitmix64(u64 &state)
{
    u64 z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

/*
 * xoshiro256** over four words that the caller owns, so that its state can be in a struct of
 * the ABI header.
 */
class random_view {
  public:
    constexpr explicit random_view(u64 (&state)[4]) : s_(state) {}

    /*
     * The four words come from splitmix64, as the authors advise: it never yields
     * the all-zero state, and hides how alike two seeds are. The stream goes in
     * between two applications, so that (seed, stream) and (seed + 1, stream - 1)
     * have nothing in common.
     */
    constexpr void seed(u64 seed, u32 stream)
    {
        u64 x = seed;
        x = splitmix64(x) ^ stream;
        for (u64 &word : s_) {
            word = splitmix64(x);
        }
    }

    [[nodiscard]] constexpr u64 next()
    {
        const u64 result = rotate_left(s_[1] * 5, 7) * 9;
        const u64 t = s_[1] << 17;

        s_[2] ^= s_[0];
        s_[3] ^= s_[1];
        s_[1] ^= s_[2];
        s_[0] ^= s_[3];
        s_[2] ^= t;
        s_[3] = rotate_left(s_[3], 45);
        return result;
    }

    /*
     * Below @bound without bias: the upper half of a product, redrawn in the rare
     * case that falls into the remainder. Daniel Lemire, "Fast Random Integer
     * Generation in an Interval", ACM TOMACS 29(1), 2019, arXiv:1805.10941.
     */
    [[nodiscard]] constexpr u64 below(u64 bound)
    {
        if (bound == 0) {
            return 0;
        }
        wide product = wide{next()} * bound;
        if (static_cast<u64>(product) < bound) {
            const u64 remainder = -bound % bound;
            while (static_cast<u64>(product) < remainder) {
                product = wide{next()} * bound;
            }
        }
        return static_cast<u64>(product >> 64);
    }

    /* From @low to @high, both possible. */
    [[nodiscard]] constexpr u32 between(u32 low, u32 high)
    {
        return low + static_cast<u32>(below(u64{high} - low + 1));
    }

  private:
    __extension__ using wide = unsigned __int128;

    static constexpr u64 rotate_left(u64 x, int k) { return (x << k) | (x >> (64 - k)); }

    u64 (&s_)[4];
};

namespace selftest {

constexpr u64 splitmix64_at(u64 seed, int n)
{
    u64 value = 0;
    while (n-- > 0) {
        value = splitmix64(seed);
    }
    return value;
}

constexpr u64 xoshiro_at(int n)
{
    u64 state[4] = {1, 2, 3, 4};
    random_view random(state);
    u64 value = 0;
    while (n-- > 0) {
        value = random.next();
    }
    return value;
}

static_assert(splitmix64_at(1234567, 1) == 6457827717110365317U);
static_assert(splitmix64_at(1234567, 2) == 3203168211198807973U);
static_assert(xoshiro_at(1) == 11520);
static_assert(xoshiro_at(2) == 0);
static_assert(xoshiro_at(3) == 1509978240);
static_assert(xoshiro_at(4) == 1215971899390074240U);

} // namespace selftest
} // namespace rs
