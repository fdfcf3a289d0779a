// SPDX-License-Identifier: GPL-2.0
/* Concurrent segments: drawing, starting, counting; oracle_segment.h explains them. */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "oracle_segment.h"

#define LIST_MAX	(SEGMENT_STEPS / ORACLE_THREADS)
#define SLOW_ONE_IN	32

/* The first unused segment; oracle_segments_full() says whether there is one. */
static struct oracle_segment *oracle_segment_next(struct oracle_run *run)
{
	struct oracle_batch *batch = oracle_team_batch(run->team);

	return &batch->segment[batch->nr];
}

static void oracle_segment_init(struct oracle_segment *segment,
				const struct oracle_subject *subject,
				struct oracle_pair *pair, const struct oracle_step *first)
{
	memset(segment, 0, sizeof(*segment));
	memset(segment->inside, SEGMENT_OUTSIDE, sizeof(segment->inside));
	segment->subject = subject;
	segment->pair = pair;
	segment->state = subject->state(pair);
	segment->repeat = 1;
	if (first->when == WHEN_SEGMENT) {
		segment->repeat = first->nr ?: 1;
		segment->bits = first->limit;
	}
}

static bool oracle_segment_fits(const struct oracle_segment *segment,
				const struct oracle_step *step)
{
	const struct oracle_subject *subject = segment->subject;

	return segment->nr < SEGMENT_STEPS && step->thread < ORACLE_THREADS &&
	       subject->ops[step->op].concurrent & BIT(segment->state) &&
	       (!subject->segment_fits || subject->segment_fits(segment, step));
}

static void oracle_segment_append(struct oracle_segment *segment,
				  const struct oracle_step *step)
{
	segment->steps[segment->nr++] = step;
	segment->threads |= BIT(step->thread);
}

static bool oracle_segment_draw_step(const struct oracle_segment *segment,
				     struct rs_sequence *seq, struct oracle_step *step)
{
	const struct oracle_subject *subject = segment->subject;
	u32 choice[ORACLE_OPS_MAX], nr = 0;

	for (step->op = 0; step->op < subject->nr_ops; step->op++)
		if (oracle_segment_fits(segment, step))
			choice[nr++] = step->op;
	if (!nr)
		return false;
	step->op = choice[rs_sequence_below(seq, nr)];
	step->nr = rs_sequence_below(seq, SEGMENT_AMOUNT_MAX + 1);
	step->limit = subject->draw_limit ? subject->draw_limit(segment->pair, seq) : 0;
	return true;
}

/**
 * oracle_segment_draw - record a segment, if the pair is to have one in this round
 * @run: the run; its seed decides, and gives the number of threads and their lists
 * @pair: the pair; pair->segment_pending says whether it has a segment
 */
void oracle_segment_draw(struct oracle_run *run, struct oracle_pair *pair)
{
	struct oracle_segment *segment = oracle_segment_next(run);
	struct oracle_step step = { .when = WHEN_SEGMENT };
	unsigned int threads, length;

	if (rs_sequence_below(&run->seq, run->subject->segment_one_in) ||
	    (run->subject->rare_states & BIT(run->subject->state(pair)) &&
	     rs_sequence_below(&run->seq, 4)))
		return;
	step.nr = 1 << rs_sequence_below(&run->seq, ilog2(SEGMENT_REPEAT_MAX) + 1);
	step.limit = rs_sequence_below(&run->seq, 2) ? SEGMENT_DROP_ALL :
		     rs_sequence_below(&run->seq, 2) ? SEGMENT_KEEP : 0;
	if (!rs_sequence_below(&run->seq, SLOW_ONE_IN))
		step.limit |= SEGMENT_SLOW;
	/* Two threads are the most likely: they overlap on a busy machine, too. */
	threads = 2 + rs_sequence_below(&run->seq, 2) *
		      rs_sequence_below(&run->seq, ORACLE_THREADS - 1);

	oracle_segment_init(segment, run->subject, pair, &step);
	pair->segment_at = pair->nr_steps;
	if (!oracle_record(pair, &step))
		return;
	for (step.thread = 0; step.thread < threads; step.thread++) {
		length = 1 + rs_sequence_below(&run->seq, LIST_MAX);
		step.when = WHEN_CONCURRENT;
		while (length-- && oracle_segment_draw_step(segment, &run->seq, &step))
			oracle_segment_append(segment, oracle_record(pair, &step));
	}
	pair->segment_pending = segment->nr;
	if (!segment->nr)
		pair->nr_steps--;
}

/* Is the result of every operation that changes a ledger independent of other threads? */
static bool oracle_segment_is_certain(const struct oracle_segment *segment)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++) {
		switch (oracle_segment_op(segment, i)->role) {
		case ROLE_TRYGET_LIMIT:
			return false;
		case ROLE_TRYGET_LIVE:
			if (!segment->live_certain)
				return false;
		}
	}
	return segment->referenced;
}

/**
 * oracle_segment_add - prepare a segment for oracle_segments_run()
 * @run: the run; oracle_segments_full() is false
 * @pair: the pair, which has no other prepared segment
 * @steps: WHEN_SEGMENT if it was not left out, and the WHEN_CONCURRENT after it
 * @nr: end of the pair's sequence, from @steps on
 * @skipped: gets bits of the steps that do not fit any more; or NULL
 *
 * Context: process.
 * Return: the number of steps that belong to the segment.
 */
unsigned int oracle_segment_add(struct oracle_run *run, struct oracle_pair *pair,
				const struct oracle_step *steps, unsigned int nr,
				unsigned long *skipped)
{
	struct oracle_segment *segment = oracle_segment_next(run);
	unsigned int i = steps[0].when == WHEN_SEGMENT;

	oracle_segment_init(segment, run->subject, pair, &steps[0]);
	for (; i < nr && steps[i].when == WHEN_CONCURRENT; i++) {
		if (oracle_segment_fits(segment, &steps[i]))
			oracle_segment_append(segment, &steps[i]);
		else if (skipped)
			__set_bit(i, skipped);
	}
	run->subject->segment_prepare(segment);
	segment->keep = segment->misused ||
			(segment->bits & SEGMENT_KEEP && oracle_segment_is_certain(segment));
	pair->state = segment->state;
	pair->segment_pending = true;
	oracle_team_batch(run->team)->nr++;
	return i;
}

bool oracle_segments_full(const struct oracle_run *run)
{
	return oracle_team_batch(run->team)->nr == SEGMENTS_MAX;
}

static void oracle_segment_count(struct oracle_result *result,
				 const struct oracle_segment *segment)
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

static void oracle_segment_sum(struct oracle_segment *segment, enum oracle_side side)
{
	struct oracle_sum *sum = &segment->pair->sum[side];
	unsigned int i;

	memset(sum, 0, sizeof(*sum));
	if (segment->misused)
		return;
	for (i = 0; i < ORACLE_THREADS; i++) {
		struct oracle_ledger *ledger = &segment->ledger[side][i];

		sum->net += ledger->held - ledger->share;
		sum->won += ledger->won;
		sum->certain += ledger->certain;
	}
}

/**
 * oracle_segments_run - run the prepared segments on both sides
 * @run: the run; afterwards its pairs have the sums of their segments
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
		oracle_segment_sum(&batch->segment[i], MAINLINE);
		oracle_segment_sum(&batch->segment[i], OURS);
		if (!run->replaying)
			oracle_segment_count(run->result, &batch->segment[i]);
	}
	batch->nr = 0;
}
