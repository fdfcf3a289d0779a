// SPDX-License-Identifier: GPL-2.0
/* The oracle's subjects percpu_ref and sealed_ref: which steps are legal, and drawing one. */
#include <linux/bits.h>
#include <linux/minmax.h>

#include "oracle_percpu_ref.h"

static_assert(OP_NR <= ORACLE_OPS_MAX);

#define HELD_MAX	BIT(31)

const struct oracle_op oracle_percpu_ops[OP_NR] = {
#define X(id, op_name, in, does, is_many, at_once) {			\
		.name = op_name, .states = in,				\
		.concurrent = at_once, .role = ROLE_##does, .many = is_many,	\
	},
	OPS(X)
#undef X
};

/* Until the slots are sealed, tryget_live of a killed counter may succeed or fail. */
const struct oracle_op oracle_sealed_ops[OP_NR] = {
#define X(id, op_name, in, does, is_many, at_once) {			\
		.name = op_name,						\
		.states = (in) & ~(ROLE_##does == ROLE_TRYGET_LIVE ? Y : 0),	\
		.concurrent = at_once, .role = ROLE_##does, .many = is_many,	\
	},
	OPS(X)
#undef X
};

unsigned int oracle_percpu_state(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	if (pair->switching)
		return pair->killed ? STATE_DYING : STATE_SWITCHING;
	if (!pair->alive || is_percpu(pair))
		return STATE_PERCPU;
	if (!pair->held && pair->killed)
		return STATE_ZERO;
	return pair->killed ? STATE_DEAD : STATE_ATOMIC;
}

/*
 * An operation that waits for a switch is a tail. An operation that allocates, or is
 * declared to sleep, is in the begin part.
 */
static bool oracle_percpu_timing_fits(struct percpu_pair *pair, const struct oracle_step *step)
{
	switch (step->op) {
	case OP_KILL:
	case OP_KILL_CONFIRM:
	case OP_SWITCH_TO_ATOMIC:
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
	case OP_SWITCH_TO_PERCPU:
	case OP_RESURRECT:
		return step->when == (pair->switching ? WHEN_TAIL : WHEN_MIDDLE);
	case OP_SWITCH_TO_ATOMIC_SYNC:
		return step->when == (pair->switching || is_percpu(pair) ? WHEN_TAIL :
				      WHEN_BEGIN);
	case OP_EXIT_INIT:
		return step->when == WHEN_BEGIN;
	default:
		return step->when == WHEN_MIDDLE;
	}
}

/* How many references the pair may still take: steps and segments count with 32 bits. */
static u32 oracle_percpu_room(const struct percpu_pair *pair)
{
	return HELD_MAX - min_t(u64, pair->held, HELD_MAX);
}

/* Is the step legal, if it is so by state and timing? */
static bool oracle_percpu_argument_fits(struct percpu_pair *pair, const struct oracle_step *step,
					unsigned int state)
{
	switch (step->op) {
	case OP_GET:
		return pair->held || !pair->killed;
	case OP_GET_MANY:
		return (pair->held || !pair->killed || !step->nr) &&
		       step->nr <= oracle_percpu_room(pair);
	case OP_TRYGET_MANY:
		return step->nr <= oracle_percpu_room(pair);
	case OP_PUT:
		return pair->held;
	case OP_PUT_MANY:
		return step->nr <= pair->held;
	case OP_PUT_INITIAL:
		return !pair->initial_put;
	case OP_GET_INITIAL:
		return pair->initial_put;
	case OP_KILL:
	case OP_KILL_CONFIRM:
		return !pair->looks_dead && !pair->initial_put;
	case OP_TRYGET_LIVE:
	case OP_TRYGET_LIVE_RCU:
	case OP_SWITCH_TO_PERCPU:
		return !pair->looks_dead;
	case OP_SWITCH_TO_ATOMIC_SYNC:
		return !pair->looks_dead && (pair->allow_reinit || state != STATE_PERCPU);
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
		/* Without references, release() may come before or after this confirmation. */
		return state != STATE_DYING || pair->held;
	case OP_RESURRECT:
		/* release() must not be pending. */
		return pair->allow_reinit && (state != STATE_DYING || pair->held);
	case OP_REINIT:
		return pair->allow_reinit;
	default:
		return true;
	}
}

/* Does the answer to the step not depend on whether our switch is over? */
static bool oracle_percpu_is_certain(const struct percpu_pair *pair, const struct oracle_step *step)
{
	u64 kept = oracle_percpu_kept(pair);

	if (!oracle_percpu_is_ahead(pair))
		return true;
	switch (step->op) {
	case OP_PUT:
	case OP_PUT_INITIAL:
		return kept > 1;
	case OP_PUT_MANY:
		return kept > step->nr;
	case OP_TRYGET_LIVE:
	case OP_TRYGET_LIVE_RCU:
		return kept && !pair->killed;
	case OP_IS_DYING:
	case OP_SECOND_KILL:
		return true;
	default:
		return kept;
	}
}

bool oracle_percpu_legal(struct oracle_pair *base, const struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(base);
	unsigned int state = oracle_percpu_state(base);

	return pair->alive && oracle_percpu_ops[step->op].states & BIT(state) &&
	       !(step->when == WHEN_TAIL && pair->looks_dead) &&
	       oracle_percpu_timing_fits(pair, step) && oracle_percpu_is_certain(pair, step) &&
	       oracle_percpu_argument_fits(pair, step, state);
}

/* A number of references, often at the end of a range: a slot takes 256 at once. */
static u32 oracle_percpu_draw_number(struct percpu_pair *pair, struct rs_sequence *seq)
{
	static const u32 numbers[] = { 0, 1, 255, 256, 257, 1 << 16, HELD_MAX };
	u32 nr;

	if (rs_sequence_below(seq, 2))
		nr = 1 + rs_sequence_below(seq, rs_sequence_below(seq, 4) ? 8 : 65536);
	else
		nr = numbers[rs_sequence_below(seq, ARRAY_SIZE(numbers))];
	return min(nr, oracle_percpu_room(pair));
}

static u32 oracle_percpu_draw_put(struct percpu_pair *pair, struct rs_sequence *seq)
{
	u64 most = pair->held;

	if (oracle_percpu_is_ahead(pair))
		most = min(most, oracle_percpu_kept(pair) - 1);
	if (rs_sequence_below(seq, 2))
		return rs_sequence_below(seq, most + 1);
	if (rs_sequence_below(seq, 2))
		return min_t(u64, oracle_percpu_draw_number(pair, seq), most);
	return most;
}

static void oracle_percpu_draw_argument(struct percpu_pair *pair, struct rs_sequence *seq,
					struct oracle_step *step)
{
	switch (step->op) {
	case OP_GET_MANY:
		/* A killed counter at zero can be got no references. */
		step->nr = pair->held || !pair->killed ? oracle_percpu_draw_number(pair, seq) : 0;
		break;
	case OP_TRYGET_MANY:
		step->nr = oracle_percpu_draw_number(pair, seq);
		break;
	case OP_PUT_MANY:
		step->nr = oracle_percpu_draw_put(pair, seq);
		break;
	case OP_EXIT_INIT:
		step->nr = rs_sequence_below(seq, 8);
		break;
	}
}

/*
 * Does a begin step come? Always first, for the flags of init; often if there is little
 * else that the counter can do; else now and then.
 */
static bool oracle_percpu_draws_begin(struct percpu_pair *pair, struct rs_sequence *seq)
{
	bool stuck = !pair->allow_reinit && (pair->killed || pair->looks_dead);

	return !pair->base.nr_steps || rs_sequence_below(seq, stuck ? 2 : 6) == 0;
}

bool oracle_percpu_draw(struct oracle_pair *base, enum oracle_when when,
			struct rs_sequence *seq, struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(base);
	u32 choice[OP_NR], nr = 0;

	if (when == WHEN_BEGIN && !oracle_percpu_draws_begin(pair, seq))
		return false;
	for (step->op = 0; step->op < OP_NR; step->op++) {
		step->nr = 0;	/* the number that is always legal */
		if (oracle_percpu_legal(base, step))
			choice[nr++] = step->op;
	}
	if (!nr)
		return false;
	step->op = choice[rs_sequence_below(seq, nr)];
	step->nr = 0;
	oracle_percpu_draw_argument(pair, seq, step);
	if (when == WHEN_TAIL)
		step->limit = rs_sequence_below(seq, 2);	/* our counter is first */
	return true;
}

/* Update what a correct user knows after a step. */
void oracle_percpu_performed(struct percpu_pair *pair, const struct oracle_step *step,
			     bool was_percpu, bool ret)
{
	switch (step->op) {
	case OP_GET:
		pair->held++;
		break;
	case OP_GET_MANY:
		pair->held += step->nr;
		break;
	case OP_PUT:
		pair->held--;
		break;
	case OP_PUT_MANY:
		pair->held -= step->nr;
		break;
	case OP_PUT_INITIAL:
	case OP_GET_INITIAL:
		pair->initial_put = step->op == OP_PUT_INITIAL;
		break;
	case OP_TRYGET:
	case OP_TRYGET_LIVE:
	case OP_TRYGET_LIVE_RCU:
		pair->held += ret;
		break;
	case OP_TRYGET_MANY:
		pair->held += ret ? step->nr : 0;
		break;
	case OP_KILL:
	case OP_KILL_CONFIRM:
		pair->killed = true;
		pair->switching |= was_percpu;
		break;
	case OP_SWITCH_TO_ATOMIC:
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
		pair->switching |= was_percpu;
		pair->looks_dead |= was_percpu && !pair->allow_reinit;
		break;
	case OP_RESURRECT:
	case OP_REINIT:
		pair->killed = false;
		break;
	}
}
