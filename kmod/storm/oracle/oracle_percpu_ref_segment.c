// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subject percpu_ref: which operations may be in one segment, and what its
 * threads can rely on.
 *
 * A switch that waits for another one takes a grace period. So most segments have at most
 * one operation that begins a switch. With SEGMENT_SLOW, kills and switches race in each
 * combination. If a segment switches both ways, the last switch decides the mode, and
 * which one is last depends on the interleaving: oracle_percpu_segment_end() then
 * switches both counters to per-CPU mode.
 */
#include "oracle_percpu_ref.h"

static bool oracle_percpu_is_to_atomic(u8 op)
{
	return op == OP_SWITCH_TO_ATOMIC || op == OP_SWITCH_TO_ATOMIC_CONFIRM ||
	       op == OP_SWITCH_TO_ATOMIC_SYNC;
}

static bool oracle_percpu_has_to_atomic(const struct oracle_segment *segment)
{
	return oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC) ||
	       oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM) ||
	       oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_SYNC);
}

/* Has the segment an exclusive operation other than @op? */
static bool oracle_percpu_other_exclusive(const struct oracle_segment *segment, u8 op)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++) {
		u8 other = segment->steps[i]->op;

		if (segment->subject->ops[other].role == ROLE_EXCLUSIVE && other != op)
			return true;
	}
	return false;
}

static bool oracle_percpu_exclusive_fits(const struct oracle_segment *segment, u8 op)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool slow = segment->bits & SEGMENT_SLOW;

	if (oracle_percpu_other_exclusive(segment, op))
		return false;
	/* Only our counter is killed again, and that does not wait. */
	if (op == OP_SECOND_KILL)
		return true;
	/* A second resurrect or reinit would warn. */
	if (op == OP_RESURRECT &&
	    (!pair->held || !pair->allow_reinit || oracle_segment_has(segment, op)))
		return false;
	if (op == OP_REINIT && (!pair->allow_reinit || oracle_segment_has(segment, op)))
		return false;
	if (oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM))
		return false;
	return slow || !(pair->switching || oracle_percpu_has_to_atomic(segment) ||
			 oracle_segment_has(segment, OP_SWITCH_TO_PERCPU));
}

static bool oracle_percpu_switch_fits(const struct oracle_segment *segment, u8 op)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool exclusive = oracle_percpu_other_exclusive(segment, OP_NR);

	if (!pair->allow_reinit)
		return false;
	/* The confirmations of switch and kill, and release(), come in any order. */
	if (op == OP_SWITCH_TO_ATOMIC_CONFIRM && exclusive)
		return false;
	/*
	 * Mainline forgets the confirmation if another thread asks for per-CPU mode while
	 * the first switch waits.
	 */
	if (op == OP_SWITCH_TO_ATOMIC_CONFIRM &&
	    oracle_segment_has(segment, OP_SWITCH_TO_PERCPU))
		return false;
	if (op == OP_SWITCH_TO_PERCPU &&
	    oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM))
		return false;
	if (segment->bits & SEGMENT_SLOW)
		return true;
	if (pair->switching || exclusive || op == OP_SWITCH_TO_ATOMIC_SYNC)
		return false;
	return oracle_percpu_is_to_atomic(op) ? !oracle_percpu_has_to_atomic(segment) &&
			       !oracle_segment_has(segment, OP_SWITCH_TO_PERCPU) :
			       !oracle_percpu_has_to_atomic(segment);
}

/**
 * oracle_percpu_segment_fits - may a step be in a segment?
 * @segment: the steps that were collected so far
 * @step: the step, whose operation can be in a segment that begins in this state
 *
 * A segment that fits also fits without any of its steps: the shrinker leaves them out.
 */
bool oracle_percpu_segment_fits(const struct oracle_segment *segment,
				const struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(segment->pair);

	if (!pair->alive || pair->looks_dead)
		return false;
	/* Ours may be at zero and released, while mainline's switch keeps it from zero. */
	if (oracle_percpu_is_ahead(pair) && !oracle_percpu_kept(pair))
		return false;
	/* At zero, each put and each end of a switch calls release(). */
	if (pair->initial_put && (segment->subject->ops[step->op].role == ROLE_EXCLUSIVE ||
				  segment->subject->ops[step->op].role == ROLE_SWITCH))
		return false;
	switch (segment->subject->ops[step->op].role) {
	case ROLE_EXCLUSIVE:
		return oracle_percpu_exclusive_fits(segment, step->op);
	case ROLE_SWITCH:
		return oracle_percpu_switch_fits(segment, step->op);
	default:
		return true;
	}
}

/**
 * oracle_percpu_segment_prepare - set what the threads of a segment can rely on
 * @segment: the segment, with all its steps
 */
void oracle_percpu_segment_prepare(struct oracle_segment *segment)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool kill = oracle_segment_has(segment, OP_KILL) ||
		    oracle_segment_has(segment, OP_KILL_CONFIRM);
	bool revive = oracle_segment_has(segment, OP_RESURRECT) ||
		      oracle_segment_has(segment, OP_REINIT);
	bool owner = !pair->killed && !kill && !pair->initial_put;

	pair->opposed_switches = oracle_percpu_has_to_atomic(segment) &&
				 oracle_segment_has(segment, OP_SWITCH_TO_PERCPU);
	pair->segment_kills = kill;
	pair->segment_revives = revive;
	segment->live_certain = owner || (pair->killed && !revive &&
					  !oracle_percpu_is_ahead(pair));
	if (segment->bits & SEGMENT_DROP_ALL && !revive) {
		segment->referenced = owner;
		oracle_segment_share(segment, pair->held);
	} else {
		segment->referenced = owner || pair->held;
	}
}

/**
 * oracle_percpu_segment_end - update what a correct user knows after a segment
 * @base: the pair, settled
 *
 * The net of mainline's threads is taken. If that of ours differs, the counts differ, too.
 */
void oracle_percpu_segment_end(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	pair->held += base->sum[MAINLINE].net;
	pair->killed = (pair->killed || pair->segment_kills) && !pair->segment_revives;
	if (pair->opposed_switches) {
		percpu_ref_switch_to_percpu(&pair->mainline);
		pair->calls_ours->switch_to_percpu(pair);
	}
}
