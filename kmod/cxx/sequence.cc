// SPDX-License-Identifier: GPL-2.0
/*
 * sequence.cc - what a storm worker does, drawn from a seed; see refstorm/abi.h
 *
 * Bugs of reference counters show at zero, at the switch between modes, and where
 * gets and puts of the same object meet. So a worker stays with one slot for a burst of steps,
 * comes back to zero often, and sometimes takes or drops many references at once. The generator
 * keeps a ledger of the references that the steps so far leave in each slot, and draws the next
 * kind from one of three tables:
 *
 *   held      0                1 .. 8                   9 ..
 *   table     empty            holding                  heavy
 *   wants     to acquire       gets and puts, balanced  to put, many at a time
 *
 * A burst ends with probability 1/16 after each step; half of them end with a drain.
 */
#include <refstorm/abi.h>

#include "random.hpp"
#include "step_kinds.hpp"

namespace rs {
namespace {

/* The generator proper; its state is the caller's struct rs_sequence. */
class generator {
  public:
    explicit generator(rs_sequence &seq) : seq_(seq), random_(seq.state) {}

    void seed(u64 seed, u32 stream, u32 slots, u32 allowed)
    {
        seq_ = {};
        random_.seed(seed, stream);
        seq_.slots = slots < 1 ? 1 : slots > RS_SEQUENCE_SLOTS_MAX ? RS_SEQUENCE_SLOTS_MAX : slots;
        substitute_missing(allowed | always_allowed);
        choose_slot();
    }

    [[nodiscard]] rs_step next()
    {
        const u64 bits = random_.next();
        const bool burst_ends = (bits >> 8 & 15) == 0;
        const bool drain_first = (bits >> 12 & 1) != 0;

        if (burst_ends && drain_first && held() > 0) {
            const rs_step step = make(step_kind::drain);
            choose_slot();
            return step;
        }
        if (burst_ends) {
            choose_slot();
        }
        return make(table().at[bits & 255]);
    }

  private:
    [[nodiscard]] u32 &held() { return seq_.held[seq_.slot]; }

    [[nodiscard]] const kind_table &table()
    {
        if (held() == 0) {
            return empty_table;
        }
        return held() <= heavy_above ? holding_table : heavy_table;
    }

    void choose_slot() { seq_.slot = static_cast<u32>(random_.below(seq_.slots)); }

    void substitute_missing(u32 allowed)
    {
        if ((allowed & (bit(step_kind::put_many) | bit(step_kind::drain))) == 0) {
            allowed &= ~bit(step_kind::get_many); // one at a time they would never be put
        }
        for (u32 kind = 0; kind < kind_count; kind++) {
            seq_.kind_for[kind] = static_cast<u8>(kind);
        }
        for (const substitute &s : substitutes) {
            if ((allowed & bit(s.wanted)) == 0) {
                const step_kind chosen = (allowed & bit(s.first)) != 0 ? s.first : s.second;
                seq_.kind_for[index(s.wanted)] = static_cast<u8>(chosen);
            }
        }
    }

    [[nodiscard]] step_kind available(step_kind wanted) const
    {
        return static_cast<step_kind>(seq_.kind_for[index(wanted)]);
    }

    /* A step of the kind wanted, or of its substitute, entered in the ledger. */
    [[nodiscard]] rs_step make(step_kind wanted)
    {
        step_kind kind = available(wanted);
        u32 nr = 0;

        if (held() == 0 && (kind == step_kind::put || kind == step_kind::check)) {
            kind = available(step_kind::acquire); // only a substitute for IDLE gets here
        }
        if (kind == step_kind::put_many && held() < 2) {
            kind = step_kind::put;
        }

        switch (kind) {
        case step_kind::acquire:
        case step_kind::acquire_live:
        case step_kind::get:
        case step_kind::tryget:
            nr = 1;
            held() += nr;
            break;
        case step_kind::get_many:
            nr = random_.below(64) == 0 ? random_.between(65, RS_STEP_MANY_MAX) : random_.between(2, 64);
            held() += nr;
            break;
        case step_kind::put:
            nr = 1;
            held() -= nr;
            break;
        case step_kind::put_many:
            nr = how_many_to_put(wanted == step_kind::drain);
            held() -= nr;
            break;
        case step_kind::drain:
            held() = 0;
            break;
        case step_kind::check:
            break;
        case step_kind::idle:
            nr = how_long_to_idle();
            break;
        }
        return {static_cast<u8>(kind), static_cast<u8>(seq_.slot), 0, nr};
    }

    /* All, or half the time a part of it that is small more often than not. */
    [[nodiscard]] u32 how_many_to_put(bool all)
    {
        const u32 most = held() < RS_STEP_MANY_MAX ? held() : RS_STEP_MANY_MAX;
        if (all || random_.below(2) == 0) {
            return most;
        }
        return random_.between(2, most < 64 ? most : 64);
    }

    /* Every power of two is as likely, so that short pauses are not rare among long ones. */
    [[nodiscard]] u32 how_long_to_idle()
    {
        const u32 low = 1U << random_.between(6, 15);
        const u32 ns = random_.between(low, 2 * low - 1);
        return ns < RS_STEP_IDLE_MAX_NS ? ns : RS_STEP_IDLE_MAX_NS;
    }

    rs_sequence &seq_;
    random_view random_;
};

} // namespace
} // namespace rs

extern "C" {

const char *rs_step_name(u32 kind)
{
    return kind < rs::kind_count ? rs::names.of[kind] : "unknown";
}

void rs_sequence_seed(struct rs_sequence *seq, u64 seed, u32 stream, u32 slots, u32 allowed)
{
    rs::generator(*seq).seed(seed, stream, slots, allowed);
}

void rs_sequence_fill(struct rs_sequence *seq, struct rs_step *steps, u32 nr)
{
    rs::generator generator(*seq);
    for (u32 i = 0; i < nr; i++) {
        steps[i] = generator.next();
    }
}

u64 rs_sequence_random(struct rs_sequence *seq)
{
    return rs::random_view(seq->state).next();
}

u64 rs_sequence_below(struct rs_sequence *seq, u64 bound)
{
    return rs::random_view(seq->state).below(bound);
}

} // extern "C"
