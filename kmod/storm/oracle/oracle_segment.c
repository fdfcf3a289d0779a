// SPDX-License-Identifier: GPL-2.0
/* Concurrent segments: drawing one, running it, its ledgers; oracle_segment.h tells the story. */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "oracle_segment.h"

#define REPEAT_BITS	11	/* a list is gone through 1 to 1024 times */
#define LIST_MAX	(SEGMENT_STEPS / ORACLE_THREADS)
#define SLOW_ONE_IN	32
#define LAST_PUTS	8	/* of those that end a list, done as the list does them */

static const struct oracle_op *op_of(const struct oracle_segment *segment, unsigned int n)
{
	return &segment->subject->ops[segment->steps[n]->op];
}

/* Is there a step with this operation? */
bool segment_has(const struct oracle_segment *segment, u8 op)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++)
		if (segment->steps[i]->op == op)
			return true;
	return false;
}

/* Give each thread its share of @all references. */
void segment_split(struct oracle_segment *segment, u64 all)
{
	unsigned int rest = hweight32(segment->threads), i;

	for (i = 0; i < ORACLE_THREADS; i++) {
		if (!(segment->threads & BIT(i)))
			continue;
		/* The first ones get more: there may be none for the others. */
		segment->share[i] = (all + rest - 1) / rest;
		all -= segment->share[i];
		rest--;
	}
}

/* Where the next segment goes; oracle_segments_full() says if there is room. */
static struct oracle_segment *next(struct oracle_run *run)
{
	struct oracle_batch *batch = oracle_team_batch(run->team);

	return &batch->segment[batch->nr];
}

static void begin(struct oracle_segment *segment, const struct oracle_subject *subject,
		  struct oracle_pair *pair, const struct oracle_step *first)
{
	memset(segment, 0, sizeof(*segment));
	memset(segment->inside, SEGMENT_OUTSIDE, sizeof(segment->inside));
	segment->subject = subject;
	segment->pair = pair;
	segment->state = subject->state(pair);
	segment->repeat = 1;
	if (first && first->when == WHEN_SEGMENT) {
		segment->repeat = first->nr ?: 1;
		segment->bits = first->limit;
	}
}

/* Return: whether the step can be a part of it. */
static bool fits(const struct oracle_segment *segment, const struct oracle_step *step)
{
	const struct oracle_subject *subject = segment->subject;

	return segment->nr < SEGMENT_STEPS && step->thread < ORACLE_THREADS &&
	       subject->ops[step->op].concurrent & BIT(segment->state) &&
	       (!subject->fits || subject->fits(segment, step));
}

static void add(struct oracle_segment *segment, const struct oracle_step *step)
{
	segment->steps[segment->nr++] = step;
	segment->threads |= BIT(step->thread);
}

static bool draw_step(const struct oracle_segment *segment, struct rs_sequence *seq,
		      struct oracle_step *step)
{
	const struct oracle_subject *subject = segment->subject;
	u32 choice[ORACLE_OPS_MAX], nr = 0;

	for (step->op = 0; step->op < subject->nr_ops; step->op++)
		if (fits(segment, step))
			choice[nr++] = step->op;
	if (!nr)
		return false;
	step->op = choice[rs_sequence_below(seq, nr)];
	step->nr = rs_sequence_below(seq, 9);
	step->limit = subject->limit ? subject->limit(segment->pair, seq) : 0;
	return true;
}

/**
 * oracle_segment_draw - record a segment, if the pair is to have one now
 * @run: the run
 * @pair: the pair; pair->unjudged says if it has
 *
 * Whether, how many threads and how many operations comes from the seed.
 */
void oracle_segment_draw(struct oracle_run *run, struct oracle_pair *pair)
{
	struct oracle_segment *segment = next(run);
	struct oracle_step step = { .when = WHEN_SEGMENT };
	unsigned int threads, length;

	if (rs_sequence_below(&run->seq, run->subject->segments) ||
	    (run->subject->rarely & BIT(run->subject->state(pair)) &&
	     rs_sequence_below(&run->seq, 4)))
		return;
	step.nr = 1 << rs_sequence_below(&run->seq, REPEAT_BITS);
	step.limit = rs_sequence_below(&run->seq, 2) ? SEGMENT_SPEND :
		     rs_sequence_below(&run->seq, 2) ? SEGMENT_KEEP : 0;
	if (!rs_sequence_below(&run->seq, SLOW_ONE_IN))
		step.limit |= SEGMENT_SLOW;
	/* Two more often than not: they meet on a machine with little to give, too. */
	threads = 2 + rs_sequence_below(&run->seq, 2) *
		      rs_sequence_below(&run->seq, ORACLE_THREADS - 1);

	begin(segment, run->subject, pair, &step);
	pair->segment_at = pair->nr_steps;
	if (!oracle_record(pair, &step))
		return;
	for (step.thread = 0; step.thread < threads; step.thread++) {
		length = 1 + rs_sequence_below(&run->seq, LIST_MAX);
		step.when = WHEN_CONCURRENT;
		while (length-- && draw_step(segment, &run->seq, &step))
			add(segment, oracle_record(pair, &step));
	}
	pair->unjudged = segment->nr;
	if (!segment->nr)
		pair->nr_steps--;
}

/* No answer that changes a ledger depends on who comes first. */
static bool is_fixed(const struct oracle_segment *segment)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++) {
		switch (op_of(segment, i)->role) {
		case ROLE_TRYGET_LIMIT:
			return false;
		case ROLE_TRYGET_LIVE:
			if (!segment->live)
				return false;
		}
	}
	return segment->safe;
}

static void count_cells(struct oracle_result *result, const struct oracle_segment *segment)
{
	unsigned int i;

	tally(result->segments, 1);
	if (!segment->overlapped[MAINLINE] || !segment->overlapped[OURS])
		return;
	tally(result->overlapped, 1);
	for (i = 0; i < segment->nr; i++)
		if (segment->done[MAINLINE][i] && segment->done[OURS][i])
			tally(result->concurrent[segment->steps[i]->op][segment->state], 1);
}

static void sum_up(struct oracle_segment *segment, enum oracle_side side)
{
	struct oracle_sum *sum = &segment->pair->sum[side];
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	if (segment->raw)
		return;
	for (i = 0; i < ORACLE_THREADS; i++) {
		struct oracle_ledger *ledger = &segment->ledger[side][i];

		sum->net += ledger->held - ledger->share;
		sum->won += ledger->won;
		sum->sure += ledger->sure;
	}
}

/**
 * oracle_segment_add - make a segment ready to run
 * @run: the run, which has room for it
 * @pair: the pair, which has no other in this batch
 * @steps: WHEN_SEGMENT if it is there, and what is WHEN_CONCURRENT after it
 * @nr: how many there may be
 * @skipped: gets bits of those that do not fit any more; or NULL
 *
 * Context: process.
 * Return: how many steps it has.
 */
unsigned int oracle_segment_add(struct oracle_run *run, struct oracle_pair *pair,
				const struct oracle_step *steps, unsigned int nr,
				unsigned long *skipped)
{
	struct oracle_segment *segment = next(run);
	unsigned int i = steps[0].when == WHEN_SEGMENT;

	begin(segment, run->subject, pair, &steps[0]);
	for (; i < nr && steps[i].when == WHEN_CONCURRENT; i++) {
		if (fits(segment, &steps[i]))
			add(segment, &steps[i]);
		else if (skipped)
			__set_bit(i, skipped);
	}
	run->subject->prepare(segment);
	segment->keep = segment->raw || (segment->bits & SEGMENT_KEEP && is_fixed(segment));
	pair->state = segment->state;
	pair->unjudged = true;
	oracle_team_batch(run->team)->nr++;
	return i;
}

bool oracle_segments_full(const struct oracle_run *run)
{
	return oracle_team_batch(run->team)->nr == SEGMENTS_MAX;
}

/**
 * oracle_segments_run - run what was made ready, on both sides
 * @run: the run; sums are in the pairs afterwards
 *
 * Context: process.
 */
void oracle_segments_run(struct oracle_run *run)
{
	struct oracle_batch *batch = oracle_team_batch(run->team);
	unsigned int i;

	if (!batch->nr)
		return;
	oracle_team_run(run->team);
	for (i = 0; i < batch->nr; i++) {
		sum_up(&batch->segment[i], MAINLINE);
		sum_up(&batch->segment[i], OURS);
		if (!run->replaying)
			count_cells(run->result, &batch->segment[i]);
	}
	batch->nr = 0;
}

/* Mainline's counter can have only one caller of these: the first in the list. */
static bool looks_on(const struct oracle_segment *segment, unsigned int n)
{
	while (n--)
		if (op_of(segment, n)->role == ROLE_EXCLUSIVE)
			return true;
	return false;
}

static bool may_do(const struct oracle_segment *segment, enum oracle_side side,
		   const struct oracle_ledger *ledger, unsigned int n, bool middle)
{
	switch (op_of(segment, n)->role) {
	case ROLE_GET:
		return ledger->held || segment->safe;
	case ROLE_PUT:
	case ROLE_PUT_IF_LAST:
	case ROLE_PUT_IF_NOT:
		return ledger->held;
	case ROLE_PUT_SPARE:
		return ledger->held > 1 || (ledger->held && segment->safe);
	case ROLE_SWITCH:
		return middle;
	case ROLE_EXCLUSIVE:
		return middle && !(side == MAINLINE && looks_on(segment, n));
	default:
		return true;
	}
}

static void enter(const struct oracle_segment *segment, struct oracle_ledger *ledger,
		  enum oracle_role role, s64 nr, bool yes)
{
	switch (role) {
	case ROLE_GET:
		ledger->held += nr;
		break;
	case ROLE_TRYGET:
		ledger->sure += yes && segment->safe;
		ledger->held += yes ? nr : 0;
		break;
	case ROLE_TRYGET_LIVE:
		ledger->sure += yes && segment->live;
		ledger->held += yes ? nr : 0;
		break;
	case ROLE_TRYGET_LIMIT:
		ledger->held += yes ? nr : 0;
		break;
	case ROLE_PUT:
		ledger->held -= nr;
		ledger->won += yes;
		break;
	case ROLE_PUT_SPARE:
		ledger->held -= nr;
		break;
	case ROLE_PUT_IF_LAST:
		ledger->won += yes;
		fallthrough;
	case ROLE_PUT_IF_NOT:
		ledger->held -= yes;
		break;
	case ROLE_EXCLUSIVE:
		ledger->won += yes;
		break;
	default:
		break;
	}
}

static void put(const struct oracle_segment *segment, enum oracle_side side,
		struct oracle_ledger *ledger, u8 op, s64 nr)
{
	struct oracle_step step = { .op = op, .when = WHEN_CONCURRENT, .nr = nr };
	bool yes = segment->subject->concurrent(segment->pair, side, &step);

	enter(segment, ledger, ROLE_PUT, segment->subject->ops[op].many ? nr : 1, yes);
}

static void do_step(struct oracle_segment *segment, enum oracle_side side,
		    struct oracle_ledger *ledger, unsigned int n, bool middle)
{
	const struct oracle_op *op = op_of(segment, n);
	const struct oracle_step *step = segment->steps[n];
	s64 nr = op->many ? step->nr : 1;

	if (!may_do(segment, side, ledger, n, middle))
		return;
	segment->done[side][n] = true;
	if (op->role == ROLE_PUT)
		put(segment, side, ledger, step->op, min(nr, ledger->held));
	else
		enter(segment, ledger, op->role, nr,
		      segment->subject->concurrent(segment->pair, side, step));
}

/* Drop what is held, the last of it in the way that the list does. */
static void drain(struct oracle_segment *segment, enum oracle_side side,
		  struct oracle_ledger *ledger, unsigned int thread)
{
	u8 last = segment->subject->put;
	unsigned int i;

	for (i = 0; i < segment->nr; i++)
		if (segment->steps[i]->thread == thread && op_of(segment, i)->role == ROLE_PUT)
			last = segment->steps[i]->op;
	if (ledger->held > LAST_PUTS)
		put(segment, side, ledger, segment->subject->put, ledger->held - LAST_PUTS);
	while (ledger->held > 0)
		put(segment, side, ledger, last, ledger->held);
}

static void go_through(struct oracle_segment *segment, enum oracle_side side,
		       unsigned int thread, bool middle)
{
	unsigned int n;

	for (n = 0; n < segment->nr; n++)
		if (segment->steps[n]->thread == thread)
			do_step(segment, side, &segment->ledger[side][thread], n, middle);
}

/**
 * oracle_segment_first_half - what one thread does before it meets the others
 * @segment: in it
 * @side: to this one's counter
 * @thread: number of it
 *
 * Context: process; others do the same.
 */
void oracle_segment_first_half(struct oracle_segment *segment, enum oracle_side side,
			       unsigned int thread)
{
	struct oracle_ledger *ledger = &segment->ledger[side][thread];
	unsigned int i;

	ledger->share = segment->share[thread];
	ledger->held = ledger->share;
	for (i = 0; i < segment->repeat / 2; i++)
		go_through(segment, side, thread, false);
}

/* And after it. What is done only once comes first: the others are at work. */
void oracle_segment_second_half(struct oracle_segment *segment, enum oracle_side side,
				unsigned int thread)
{
	unsigned int i;

	for (i = segment->repeat / 2; i < segment->repeat; i++)
		go_through(segment, side, thread, i == segment->repeat / 2);
	if (!segment->keep)
		drain(segment, side, &segment->ledger[side][thread], thread);
}
