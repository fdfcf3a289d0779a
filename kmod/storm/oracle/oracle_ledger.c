// SPDX-License-Identifier: GPL-2.0
/* What one thread of a segment does to one side's counter, and its ledger. */
#include <linux/minmax.h>

#include "oracle_segment.h"

#define LAST_PUTS	8	/* references that a thread drops one by one in the end */

/* Is there an exclusive step before step @n? Mainline's counter then skips step @n. */
static bool oracle_ledger_has_earlier_exclusive(const struct oracle_segment *segment,
						unsigned int n)
{
	while (n--)
		if (oracle_segment_op(segment, n)->role == ROLE_EXCLUSIVE)
			return true;
	return false;
}

static bool oracle_ledger_may_do(const struct oracle_segment *segment, enum oracle_side side,
				 const struct oracle_ledger *ledger, unsigned int n,
				 bool middle)
{
	switch (oracle_segment_op(segment, n)->role) {
	case ROLE_GET:
		return ledger->held || segment->referenced;
	case ROLE_PUT:
	case ROLE_PUT_IF_LAST:
	case ROLE_PUT_IF_NOT:
		return ledger->held;
	case ROLE_PUT_SPARE:
		return ledger->held > 1 || (ledger->held && segment->referenced);
	case ROLE_SWITCH:
		return middle;
	case ROLE_EXCLUSIVE:
		return middle && !(side == MAINLINE &&
				   oracle_ledger_has_earlier_exclusive(segment, n));
	default:
		return true;
	}
}

/* Enter an operation with @nr references that returned @ret. */
static void oracle_ledger_enter(const struct oracle_segment *segment,
				struct oracle_ledger *ledger, enum oracle_role role, s64 nr,
				bool ret)
{
	switch (role) {
	case ROLE_GET:
		ledger->held += nr;
		break;
	case ROLE_TRYGET:
		ledger->certain += ret && segment->referenced;
		ledger->held += ret ? nr : 0;
		break;
	case ROLE_TRYGET_LIVE:
		ledger->certain += ret && segment->live_certain;
		ledger->held += ret ? nr : 0;
		break;
	case ROLE_TRYGET_LIMIT:
		ledger->held += ret ? nr : 0;
		break;
	case ROLE_PUT:
		ledger->held -= nr;
		ledger->won += ret;
		break;
	case ROLE_PUT_SPARE:
		ledger->held -= nr;
		break;
	case ROLE_PUT_IF_LAST:
		ledger->won += ret;
		fallthrough;
	case ROLE_PUT_IF_NOT:
		ledger->held -= ret;
		break;
	case ROLE_EXCLUSIVE:
		ledger->won += ret;
		break;
	default:
		break;
	}
}

static void oracle_ledger_put(const struct oracle_segment *segment, enum oracle_side side,
			      struct oracle_ledger *ledger, u8 op, s64 nr)
{
	struct oracle_step step = { .op = op, .when = WHEN_CONCURRENT, .nr = nr };
	bool ret = segment->subject->segment_step(segment->pair, side, &step);

	oracle_ledger_enter(segment, ledger, ROLE_PUT,
			    segment->subject->ops[op].many ? nr : 1, ret);
}

static void oracle_ledger_step(struct oracle_segment *segment, enum oracle_side side,
			       struct oracle_ledger *ledger, unsigned int n, bool middle)
{
	const struct oracle_op *op = oracle_segment_op(segment, n);
	const struct oracle_step *step = segment->steps[n];
	s64 nr = op->many ? step->nr : 1;

	if (!oracle_ledger_may_do(segment, side, ledger, n, middle))
		return;
	segment->done[side][n] = true;
	if (op->role == ROLE_PUT)
		oracle_ledger_put(segment, side, ledger, step->op, min(nr, ledger->held));
	else
		oracle_ledger_enter(segment, ledger, op->role, nr,
				    segment->subject->segment_step(segment->pair, side, step));
}

/* Drop what the thread holds, the last references with the last put of its list. */
static void oracle_ledger_drain(struct oracle_segment *segment, enum oracle_side side,
				struct oracle_ledger *ledger, unsigned int thread)
{
	u8 last = segment->subject->put_op;
	unsigned int i;

	for (i = 0; i < segment->nr; i++)
		if (segment->steps[i]->thread == thread &&
		    oracle_segment_op(segment, i)->role == ROLE_PUT)
			last = segment->steps[i]->op;
	if (ledger->held > LAST_PUTS)
		oracle_ledger_put(segment, side, ledger, segment->subject->put_op,
				  ledger->held - LAST_PUTS);
	while (ledger->held > 0)
		oracle_ledger_put(segment, side, ledger, last, ledger->held);
}

static void oracle_ledger_list(struct oracle_segment *segment, enum oracle_side side,
			       unsigned int thread, bool middle)
{
	unsigned int n;

	for (n = 0; n < segment->nr; n++)
		if (segment->steps[n]->thread == thread)
			oracle_ledger_step(segment, side, &segment->ledger[side][thread], n,
					   middle);
}

/**
 * oracle_ledger_first_half - what a thread does before it meets the others half-way
 * @segment: the segment
 * @side: the counter
 * @thread: number of the thread
 *
 * Context: process; the other threads of the segment call it at the same time.
 */
void oracle_ledger_first_half(struct oracle_segment *segment, enum oracle_side side,
			      unsigned int thread)
{
	struct oracle_ledger *ledger = &segment->ledger[side][thread];
	unsigned int i;

	ledger->share = segment->share[thread];
	ledger->held = ledger->share;
	for (i = 0; i < segment->repeat / 2; i++)
		oracle_ledger_list(segment, side, thread, false);
}

/* What the thread does after that. Steps that are done once come first. */
void oracle_ledger_second_half(struct oracle_segment *segment, enum oracle_side side,
			       unsigned int thread)
{
	unsigned int i;

	for (i = segment->repeat / 2; i < segment->repeat; i++)
		oracle_ledger_list(segment, side, thread, i == segment->repeat / 2);
	if (!segment->keep)
		oracle_ledger_drain(segment, side, &segment->ledger[side][thread], thread);
}
