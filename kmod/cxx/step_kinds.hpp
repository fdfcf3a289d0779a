/* SPDX-License-Identifier: GPL-2.0 */
/*
 * step_kinds.hpp - kinds of steps of workers: names, likelihoods, substitutes
 *
 * A kind without a name, or without a substitute for providers that lack it, does not
 * compile; nor do weights that add up to something else than 256.
 */
#pragma once

#include <refstorm/abi.h>

namespace rs {

enum class step_kind : u8 {
    acquire = RS_STEP_ACQUIRE,
    acquire_live = RS_STEP_ACQUIRE_LIVE,
    get = RS_STEP_GET,
    get_many = RS_STEP_GET_MANY,
    put = RS_STEP_PUT,
    put_many = RS_STEP_PUT_MANY,
    tryget = RS_STEP_TRYGET,
    check = RS_STEP_CHECK,
    drain = RS_STEP_DRAIN,
    idle = RS_STEP_IDLE,
};

constexpr u32 kind_count = RS_STEP_KIND_COUNT;
static_assert(kind_count <= RS_SEQUENCE_KINDS_MAX);

constexpr u32 index(step_kind kind)
{
    return static_cast<u32>(kind);
}
constexpr u32 bit(step_kind kind)
{
    return RS_STEP_BIT(index(kind));
}

struct name_table {
    const char *of[kind_count];
};

consteval name_table name_kinds()
{
    name_table names{};
    names.of[index(step_kind::acquire)] = "acquire";
    names.of[index(step_kind::acquire_live)] = "acquire_live";
    names.of[index(step_kind::get)] = "get";
    names.of[index(step_kind::get_many)] = "get_many";
    names.of[index(step_kind::put)] = "put";
    names.of[index(step_kind::put_many)] = "put_many";
    names.of[index(step_kind::tryget)] = "tryget";
    names.of[index(step_kind::check)] = "check";
    names.of[index(step_kind::drain)] = "drain";
    names.of[index(step_kind::idle)] = "idle";
    for (const char *name : names.of) {
        if (name == nullptr) {
            __builtin_unreachable(); // a kind without a name does not compile
        }
    }
    return names;
}

constexpr name_table names = name_kinds();

/* How likely each kind is, in 256ths. */
struct weight {
    step_kind kind;
    u32 of_256;
};

// clang-format off
constexpr weight empty_weights[] = {
    {step_kind::acquire, 151},
    {step_kind::acquire_live, 104},
    {step_kind::idle, 1},
};

constexpr weight holding_weights[] = {
    {step_kind::acquire, 10},
    {step_kind::acquire_live, 6},
    {step_kind::get, 46},
    {step_kind::get_many, 6},
    {step_kind::put, 106},
    {step_kind::put_many, 10},
    {step_kind::tryget, 34},
    {step_kind::check, 28},
    {step_kind::drain, 9},
    {step_kind::idle, 1},
};

constexpr weight heavy_weights[] = {
    {step_kind::get, 20},
    {step_kind::put, 60},
    {step_kind::put_many, 112},
    {step_kind::tryget, 12},
    {step_kind::check, 15},
    {step_kind::drain, 36},
    {step_kind::idle, 1},
};
// clang-format on

/* Weights spread out, so that a random byte picks a kind with one load. */
struct kind_table {
    step_kind at[256];
};

template <const auto &weights>
consteval kind_table spread()
{
    kind_table table{};
    u32 end = 0;
    for (const weight &w : weights) {
        for (u32 i = 0; i < w.of_256; i++) {
            table.at[end++] = w.kind; // more than 256 in all does not compile
        }
    }
    if (end < 256) {
        __builtin_unreachable(); // nor does less
    }
    return table;
}

constexpr kind_table empty_table = spread<empty_weights>();
constexpr kind_table holding_table = spread<holding_weights>();
constexpr kind_table heavy_table = spread<heavy_weights>();
constexpr u32 heavy_above = 8;

/* Substitutes for a kind that the provider lacks: the first of these that the provider has. */
struct substitute {
    step_kind wanted;
    step_kind first;
    step_kind second;
};

constexpr substitute substitutes[] = {
    {step_kind::acquire, step_kind::acquire_live, step_kind::get},
    {step_kind::acquire_live, step_kind::acquire, step_kind::get},
    {step_kind::get_many, step_kind::get, step_kind::get},
    {step_kind::put_many, step_kind::put, step_kind::put},
    {step_kind::tryget, step_kind::get, step_kind::get},
    {step_kind::check, step_kind::idle, step_kind::put},
    {step_kind::drain, step_kind::put_many, step_kind::put},
    {step_kind::idle, step_kind::check, step_kind::put},
};

constexpr u32 always_allowed = bit(step_kind::get) | bit(step_kind::put);

consteval bool every_kind_has_a_substitute()
{
    u32 covered = always_allowed;
    for (const substitute &s : substitutes) {
        if ((bit(s.second) & always_allowed) == 0) {
            return false;
        }
        covered |= bit(s.wanted);
    }
    return covered == RS_STEP_ALL;
}
static_assert(every_kind_has_a_substitute());

} // namespace rs
