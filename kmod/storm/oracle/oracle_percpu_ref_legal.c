// SPDX-License-Identifier: GPL-2.0
/* The oracle's subject percpu_ref: which steps are legal, and choosing one. */
#include <linux/bits.h>
#include <linux/minmax.h>

#include "oracle_percpu_ref.h"

static_assert(OP_NR <= ORACLE_OPS_MAX);

#define HELD_MAX	BIT(31)

const struct oracle_op oracle_percpu_ref_ops[OP_NR] = {
#define X(id, op_name, in, does, is_many, at_once) {			\
		.name = op_name, .states = in,				\
		.concurrent = at_once, .role = ROLE_##does, .many = is_many,	\
	},
	OPS(X)
#undef X
};

unsigned int oracle_percpu_ref_state(struct oracle_pair *base)
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
 * What waits for a switch goes into the tail, and what allocates or is declared
 * to sleep, into the beginning.
 */
static bool in_its_place(struct percpu_pair *pair, const struct oracle_step *step)
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

/* How many references a pair may take yet: steps and segments have 32 bits for all. */
static u32 room(const struct percpu_pair *pair)
{
	return HELD_MAX - min_t(u64, pair->held, HELD_MAX);
}

/* But for the state and the place. */
static bool allowed(struct percpu_pair *pair, const struct oracle_step *step,
		    unsigned int state)
{
	switch (step->op) {
	case OP_GET:
		return pair->held || !pair->killed;
	case OP_GET_MANY:
		return (pair->held || !pair->killed || !step->nr) && step->nr <= room(pair);
	case OP_TRYGET_MANY:
		return step->nr <= room(pair);
	case OP_PUT:
		return pair->held;
	case OP_PUT_MANY:
		return step->nr <= pair->held;
	case OP_PUT_INITIAL:
		return !pair->bare;
	case OP_GET_INITIAL:
		return pair->bare;
	case OP_KILL:
	case OP_KILL_CONFIRM:
		return !pair->spoilt && !pair->bare;
	case OP_TRYGET_LIVE:
	case OP_TRYGET_LIVE_RCU:
	case OP_SWITCH_TO_PERCPU:
		return !pair->spoilt;
	case OP_SWITCH_TO_ATOMIC_SYNC:
		return !pair->spoilt && (pair->reinit || state != STATE_PERCPU);
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
		/* Else release and this confirmation come in either order. */
		return state != STATE_DYING || pair->held;
	case OP_RESURRECT:
		/* Release must not be on its way. */
		return pair->reinit && (state != STATE_DYING || pair->held);
	case OP_REINIT:
		return pair->reinit;
	default:
		return true;
	}
}

bool oracle_percpu_ref_legal(struct oracle_pair *base, const struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(base);
	unsigned int state = oracle_percpu_ref_state(base);

	return pair->alive && oracle_percpu_ref_ops[step->op].states & BIT(state) &&
	       !(step->when == WHEN_TAIL && pair->spoilt) &&
	       in_its_place(pair, step) && allowed(pair, step, state);
}

/* About the ends of everything: a slot takes 256 at once. */
static u32 draw_number(struct percpu_pair *pair, struct rs_sequence *seq)
{
	static const u32 numbers[] = { 0, 1, 255, 256, 257, 1 << 16, HELD_MAX };
	u32 nr;

	if (rs_sequence_below(seq, 2))
		nr = 1 + rs_sequence_below(seq, rs_sequence_below(seq, 4) ? 8 : 65536);
	else
		nr = numbers[rs_sequence_below(seq, ARRAY_SIZE(numbers))];
	return min(nr, room(pair));
}

static void draw_argument(struct percpu_pair *pair, struct rs_sequence *seq,
			  struct oracle_step *step)
{
	switch (step->op) {
	case OP_GET_MANY:
		/* From zero there is nothing to get when it was killed. */
		step->nr = pair->held || !pair->killed ? draw_number(pair, seq) : 0;
		break;
	case OP_TRYGET_MANY:
		step->nr = draw_number(pair, seq);
		break;
	case OP_PUT_MANY:
		if (rs_sequence_below(seq, 2))
			step->nr = rs_sequence_below(seq, pair->held + 1);
		else if (rs_sequence_below(seq, 2))
			step->nr = min_t(u64, draw_number(pair, seq), pair->held);
		else
			step->nr = pair->held;
		break;
	case OP_EXIT_INIT:
		step->nr = rs_sequence_below(seq, 8);
		break;
	}
}

/* For flags to begin with, where nothing else goes on, and for variety. */
static bool wants_beginning(struct percpu_pair *pair, struct rs_sequence *seq)
{
	bool stuck = !pair->reinit && (pair->killed || pair->spoilt);

	return !pair->base.nr_steps || rs_sequence_below(seq, stuck ? 2 : 6) == 0;
}

bool oracle_percpu_ref_draw(struct oracle_pair *base, enum oracle_when when,
			    struct rs_sequence *seq, struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(base);
	u32 choice[OP_NR], nr = 0;

	if (when == WHEN_BEGIN && !wants_beginning(pair, seq))
		return false;
	for (step->op = 0; step->op < OP_NR; step->op++) {
		step->nr = 0;	/* which is a number, too */
		if (oracle_percpu_ref_legal(base, step))
			choice[nr++] = step->op;
	}
	if (!nr)
		return false;
	step->op = choice[rs_sequence_below(seq, nr)];
	step->nr = 0;
	draw_argument(pair, seq, step);
	if (when == WHEN_TAIL)
		step->limit = rs_sequence_below(seq, 2);	/* ours comes first */
	return true;
}

/* What a correct user knows afterwards. */
void oracle_percpu_ref_enter(struct percpu_pair *pair, const struct oracle_step *step,
			     bool was_percpu, bool taken)
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
		pair->bare = step->op == OP_PUT_INITIAL;
		break;
	case OP_TRYGET:
	case OP_TRYGET_LIVE:
	case OP_TRYGET_LIVE_RCU:
		pair->held += taken;
		break;
	case OP_TRYGET_MANY:
		pair->held += taken ? step->nr : 0;
		break;
	case OP_KILL:
	case OP_KILL_CONFIRM:
		pair->killed = true;
		pair->switching |= was_percpu;
		break;
	case OP_SWITCH_TO_ATOMIC:
	case OP_SWITCH_TO_ATOMIC_CONFIRM:
		pair->switching |= was_percpu;
		pair->spoilt |= was_percpu && !pair->reinit;
		break;
	case OP_RESURRECT:
	case OP_REINIT:
		pair->killed = false;
		break;
	}
}
