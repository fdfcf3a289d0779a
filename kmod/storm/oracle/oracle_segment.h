/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Concurrent segments: several threads, each on a CPU of its own, run lists of
 * operations at the same time; first on mainline's counter, then the same lists on
 * ours. The lists come from the seed. What is compared is the state that the threads
 * leave, so the lists are such that every interleaving leaves the same state.
 *
 * Each thread has a ledger (struct oracle_ledger) of the references that it may use: its
 * share of those that the pair held before the segment, and those that the thread took.
 * The thread puts no reference that it lacks, and gets only while somebody holds one.
 * In the end the thread drops all its references, except in segments with SEGMENT_KEEP,
 * in which the result of no operation can depend on other threads. So the net of all
 * ledgers is known, and the count must be the old count plus that net.
 *
 * A thread repeats its list. Half-way it waits for the others, so that no thread has
 * ended before another begins. Operations that can be done only once (kills, switches,
 * resurrect, reinit) are done after that wait. Of several kills of our counter exactly
 * one must return true; mainline's counter may be killed once, so there only the first
 * kill of the lists is done.
 */
#ifndef _REFSTORM_ORACLE_SEGMENT_H
#define _REFSTORM_ORACLE_SEGMENT_H

#include <linux/atomic.h>
#include <linux/bitops.h>

#include "oracle_internal.h"

#define SEGMENT_STEPS	24	/* of all threads of a segment */
#define SEGMENT_REPEAT_MAX	1024	/* how often a thread runs its list */
#define SEGMENT_AMOUNT_MAX	8	/* what a step adds or subtracts */
/* More than a segment adds to a count */
#define SEGMENT_REACH	(SEGMENT_STEPS * SEGMENT_REPEAT_MAX * SEGMENT_AMOUNT_MAX)
#define SEGMENTS_MAX	32	/* segments that the threads run before they sleep */
#define SEGMENT_OUTSIDE	(-1)

/* Bits of the limit of the step that begins a segment. */
#define SEGMENT_DROP_ALL BIT(0)	/* the threads share what the pair holds, and drop it */
#define SEGMENT_KEEP	BIT(1)	/* the threads keep what they hold in the end */
#define SEGMENT_SLOW	BIT(2)	/* threads may wait for one another's switches */

/**
 * struct oracle_ledger - references of a thread, to one side's counter
 * @held: references that the thread may use
 * @share: references that the thread began with
 * @won: see struct oracle_sum
 * @certain: see struct oracle_sum
 */
struct oracle_ledger {
	s64	held;
	s64	share;
	u32	won;
	u32	certain;
};

/**
 * struct oracle_segment - a segment that is run
 * @subject: the kind of counter
 * @pair: the pair
 * @state: state of @pair before the segment
 * @bits: SEGMENT_DROP_ALL and the like
 * @repeat: how often each thread runs its list
 * @threads: bits of the threads that have a step
 * @nr: number of @steps
 * @steps: the lists of all threads, in the order in which they were drawn
 * @referenced: set by the subject: there is a reference that no thread drops
 * @live_certain: set by the subject: tryget_live() returns the same to every thread
 * @misused: set by the subject: the count is misused, every interleaving leaves the same
 *	count, and the ledgers mean nothing
 * @keep: the threads keep what they hold
 * @share: set by the subject: references that each thread begins with
 * @ledger: the threads' ledgers
 * @done: which steps were done at least once
 * @arrived: threads that are half-way
 * @inside: CPU on which each thread is at work, or SEGMENT_OUTSIDE
 * @overlapped: two threads were at work at the same time, on different CPUs
 */
struct oracle_segment {
	const struct oracle_subject	*subject;
	struct oracle_pair		*pair;
	unsigned int			state;
	u32				bits;
	u32				repeat;
	u32				threads;
	unsigned int			nr;
	const struct oracle_step	*steps[SEGMENT_STEPS];
	bool				referenced;
	bool				live_certain;
	bool				misused;
	bool				keep;
	s64				share[ORACLE_THREADS];
	struct oracle_ledger		ledger[SIDES][ORACLE_THREADS];
	u8				done[SIDES][SEGMENT_STEPS];
	atomic_t			arrived[SIDES];
	int				inside[SIDES][ORACLE_THREADS];
	bool				overlapped[SIDES];
};

/**
 * struct oracle_batch - segments that are run one after the other
 * @nr: number of @segment in use
 * @segment: segments of different pairs
 */
struct oracle_batch {
	unsigned int		nr;
	struct oracle_segment	segment[SEGMENTS_MAX];
};

static inline const struct oracle_op *oracle_segment_op(const struct oracle_segment *segment,
							unsigned int n)
{
	return &segment->subject->ops[segment->steps[n]->op];
}

/* Does any thread have the operation @op? */
static inline bool oracle_segment_has(const struct oracle_segment *segment, u8 op)
{
	unsigned int i;

	for (i = 0; i < segment->nr; i++)
		if (segment->steps[i]->op == op)
			return true;
	return false;
}

/* Divide @all references among the threads; the first ones get what remains. */
static inline void oracle_segment_share(struct oracle_segment *segment, u64 all)
{
	unsigned int threads = hweight32(segment->threads), i;

	for (i = 0; i < ORACLE_THREADS; i++) {
		if (!(segment->threads & BIT(i)))
			continue;
		segment->share[i] = (all + threads - 1) / threads;
		all -= segment->share[i];
		threads--;
	}
}

/* oracle_segment.c */
void oracle_segment_draw(struct oracle_run *run, struct oracle_pair *pair);
unsigned int oracle_segment_add(struct oracle_run *run, struct oracle_pair *pair,
				const struct oracle_step *steps, unsigned int nr,
				unsigned long *skipped);
bool oracle_segments_full(const struct oracle_run *run);
void oracle_segments_run(struct oracle_run *run);

/* oracle_team.c */
struct oracle_team *oracle_team_create(u32 run);
void oracle_team_destroy(struct oracle_team *team);
struct oracle_batch *oracle_team_batch(struct oracle_team *team);
void oracle_team_run(struct oracle_team *team);

/* oracle_ledger.c */
void oracle_ledger_first_half(struct oracle_segment *segment, enum oracle_side side,
			      unsigned int thread);
void oracle_ledger_second_half(struct oracle_segment *segment, enum oracle_side side,
			       unsigned int thread);

#endif /* _REFSTORM_ORACLE_SEGMENT_H */
