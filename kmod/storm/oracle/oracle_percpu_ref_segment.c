// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subject percpu_ref: what may be done at once, and what can be
 * relied on meanwhile.
 *
 * Two that wait for each other's switch take a grace period, so most segments
 * have no more than one that begins one; where that is no matter (SEGMENT_SLOW)
 * kills and switches race in each combination. If switches go both ways, the last
 * decides, whichever that was: both counters are then switched to per-CPU mode
 * when all has settled.
 */
#include "oracle_percpu_ref.h"

static bool to_atomic(u8 op)
{
	return op == OP_SWITCH_TO_ATOMIC || op == OP_SWITCH_TO_ATOMIC_CONFIRM ||
	       op == OP_SWITCH_TO_ATOMIC_SYNC;
}

static bool has_to_atomic(const struct oracle_segment *segment)
{
	return oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC) ||
	       oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM) ||
	       oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_SYNC);
}

/* All of a segment that are for one caller are the same. */
static bool other_exclusive(const struct oracle_segment *segment, u8 op)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++) {
		u8 other = segment->steps[i]->op;

		if (segment->subject->ops[other].role == ROLE_EXCLUSIVE && other != op)
			return true;
	}
	return false;
}

static bool exclusive_fits(const struct oracle_segment *segment, u8 op)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool slow = segment->bits & SEGMENT_SLOW;

	if (other_exclusive(segment, op))
		return false;
	/* Ours alone is told, and does not wait. */
	if (op == OP_SECOND_KILL)
		return true;
	/* The second one of these would warn. */
	if (op == OP_RESURRECT && (!pair->held || !pair->reinit || oracle_segment_has(segment, op)))
		return false;
	if (op == OP_REINIT && (!pair->reinit || oracle_segment_has(segment, op)))
		return false;
	if (oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM))
		return false;
	return slow || !(pair->switching || has_to_atomic(segment) ||
			 oracle_segment_has(segment, OP_SWITCH_TO_PERCPU));
}

static bool switch_fits(const struct oracle_segment *segment, u8 op)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool exclusive = other_exclusive(segment, OP_NR);

	if (!pair->reinit)
		return false;
	/* Its confirmation and that of a kill, or release, come in either order. */
	if (op == OP_SWITCH_TO_ATOMIC_CONFIRM && exclusive)
		return false;
	/* Mainline forgets the confirmation if a switch back is asked for while it waits. */
	if ((op == OP_SWITCH_TO_ATOMIC_CONFIRM && oracle_segment_has(segment, OP_SWITCH_TO_PERCPU)) ||
	    (op == OP_SWITCH_TO_PERCPU && oracle_segment_has(segment, OP_SWITCH_TO_ATOMIC_CONFIRM)))
		return false;
	if (segment->bits & SEGMENT_SLOW)
		return true;
	if (pair->switching || exclusive || op == OP_SWITCH_TO_ATOMIC_SYNC)
		return false;
	return to_atomic(op) ? !has_to_atomic(segment) &&
			       !oracle_segment_has(segment, OP_SWITCH_TO_PERCPU) :
			       !has_to_atomic(segment);
}

/**
 * oracle_percpu_ref_fits - may a step go into a segment?
 * @segment: what is collected of it
 * @step: the step, which can be done in the state
 *
 * Any part of a segment can be one, too: the shrinker leaves steps out.
 */
bool oracle_percpu_ref_fits(const struct oracle_segment *segment,
			    const struct oracle_step *step)
{
	struct percpu_pair *pair = to_pair(segment->pair);

	if (!pair->alive || pair->spoilt)
		return false;
	/* At zero release() comes as often as a switch ends there, or a put does. */
	if (pair->bare && (segment->subject->ops[step->op].role == ROLE_EXCLUSIVE ||
			   segment->subject->ops[step->op].role == ROLE_SWITCH))
		return false;
	switch (segment->subject->ops[step->op].role) {
	case ROLE_EXCLUSIVE:
		return exclusive_fits(segment, step->op);
	case ROLE_SWITCH:
		return switch_fits(segment, step->op);
	default:
		return true;
	}
}

/**
 * oracle_percpu_ref_prepare - what can be relied on in a segment
 * @segment: with all its steps
 */
void oracle_percpu_ref_prepare(struct oracle_segment *segment)
{
	struct percpu_pair *pair = to_pair(segment->pair);
	bool kill = oracle_segment_has(segment, OP_KILL) || oracle_segment_has(segment, OP_KILL_CONFIRM);
	bool revive = oracle_segment_has(segment, OP_RESURRECT) || oracle_segment_has(segment, OP_REINIT);
	bool owner = !pair->killed && !kill && !pair->bare;

	pair->opposed = has_to_atomic(segment) && oracle_segment_has(segment, OP_SWITCH_TO_PERCPU);
	pair->kill = kill;
	pair->revive = revive;
	segment->live_certain = owner || (pair->killed && !revive);
	if (segment->bits & SEGMENT_DROP_ALL && !revive) {
		segment->referenced = owner;
		oracle_segment_share(segment, pair->held);
	} else {
		segment->referenced = owner || pair->held;
	}
}

/**
 * oracle_percpu_ref_joined - what a correct user knows after a segment
 * @base: the pair, settled
 *
 * What mainline's threads hold ours do, or the count tells.
 */
void oracle_percpu_ref_joined(struct oracle_pair *base)
{
	struct percpu_pair *pair = to_pair(base);

	pair->held += base->sum[MAINLINE].net;
	pair->killed = (pair->killed || pair->kill) && !pair->revive;
	if (pair->opposed) {
		percpu_ref_switch_to_percpu(&pair->mainline);
		rs_percpu_ref_switch_to_percpu(&pair->ours);
	}
}
