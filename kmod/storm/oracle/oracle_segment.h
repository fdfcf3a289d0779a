/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Concurrent segments: a seeded list of operations, split over threads on CPUs
 * of their own, which go through their lists at the same time; first on
 * mainline's counter, then, with the same lists, on ours. What is compared is the
 * state that they leave, so lists are such that it is the same in whatever order
 * the threads come.
 *
 * Each thread keeps a ledger of what it holds: its share of what the pair held
 * before, and what it took. It puts nothing that it lacks, and gets only while
 * somebody holds a reference. Its last act is to drop all that it holds, but for
 * segments with SEGMENT_KEEP, in which no answer can depend on the others. So
 * the net of all threads is known, and the count is the old one and that.
 *
 * A thread runs through its list again and again. Half-way it waits for the others,
 * so that none has ended when another begins; what can be done once only, kill,
 * switches and their like, comes after that. Of racing kills
 * one is told true; mainline's counter can have only one caller, which is the
 * first in the list, and the others look on.
 */
#ifndef _REFSTORM_ORACLE_SEGMENT_H
#define _REFSTORM_ORACLE_SEGMENT_H

#include <linux/atomic.h>

#include "oracle_internal.h"

#define SEGMENT_STEPS	24	/* of all its threads */
#define SEGMENTS_MAX	32	/* run one after the other before the threads rest */
#define SEGMENT_OUTSIDE	(-1)

/* Bits of the limit of the step that begins a segment. */
#define SEGMENT_SPEND	BIT(0)	/* what the pair holds is split among the threads, and dropped */
#define SEGMENT_KEEP	BIT(1)	/* threads keep what they hold in the end */
#define SEGMENT_SLOW	BIT(2)	/* threads may wait for one another's switches */

/**
 * struct oracle_ledger - a thread's, for one side
 * @held: references that it may use
 * @share: of these, what it began with
 * @won: see struct oracle_sum
 * @sure: see struct oracle_sum
 */
struct oracle_ledger {
	s64	held;
	s64	share;
	u32	won;
	u32	sure;
};

/**
 * struct oracle_segment - a segment that is run
 * @subject: whose
 * @pair: on which
 * @state: that the pair is in before it
 * @bits: SEGMENT_SPEND and the like
 * @repeat: how often each thread goes through its list
 * @threads: bits of those that have a step
 * @nr: of steps
 * @steps: in the order in which they were drawn
 * @safe: said by the subject: there is a reference that nobody drops
 * @live: tryget_live answers the same to all
 * @keep: threads keep what they hold
 * @raw: misuse: every order ends in the same count, and the ledgers mean nothing
 * @share: what each thread has to begin with
 * @ledger: of each
 * @done: steps that were done at least once
 * @arrived: threads that are half-way
 * @inside: on which CPU each thread is at work, or SEGMENT_OUTSIDE
 * @overlapped: two were inside at the same time
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
	bool				safe;
	bool				live;
	bool				keep;
	bool				raw;
	s64				share[ORACLE_THREADS];
	struct oracle_ledger		ledger[SIDES][ORACLE_THREADS];
	u8				done[SIDES][SEGMENT_STEPS];
	atomic_t			arrived[SIDES];
	int				inside[SIDES][ORACLE_THREADS];
	bool				overlapped[SIDES];
};

bool segment_has(const struct oracle_segment *segment, u8 op);
void segment_split(struct oracle_segment *segment, u64 all);

void oracle_segment_draw(struct oracle_run *run, struct oracle_pair *pair);
unsigned int oracle_segment_add(struct oracle_run *run, struct oracle_pair *pair,
				const struct oracle_step *steps, unsigned int nr,
				unsigned long *skipped);
bool oracle_segments_full(const struct oracle_run *run);
void oracle_segments_run(struct oracle_run *run);
void oracle_segment_first_half(struct oracle_segment *segment, enum oracle_side side,
			       unsigned int thread);
void oracle_segment_second_half(struct oracle_segment *segment, enum oracle_side side,
				unsigned int thread);

/**
 * struct oracle_batch - segments that are run one after the other
 * @nr: how many
 * @segment: each of a pair of its own
 */
struct oracle_batch {
	unsigned int		nr;
	struct oracle_segment	segment[SEGMENTS_MAX];
};

/* oracle_team.c */
struct oracle_team *oracle_team_create(u32 run);
void oracle_team_destroy(struct oracle_team *team);
struct oracle_batch *oracle_team_batch(struct oracle_team *team);
void oracle_team_run(struct oracle_team *team);

#endif /* _REFSTORM_ORACLE_SEGMENT_H */
