// SPDX-License-Identifier: GPL-2.0
/* A batch of pairs, round by round; oracle_internal.h explains the parts of a round. */
#include <linux/bitmap.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "oracle_segment.h"

#define TAILS 64	/* pairs of a batch that have a tail in each round */

static void oracle_run_mismatch(struct oracle_run *run, struct oracle_pair *pair,
				struct oracle_mismatch *mismatch)
{
	struct oracle_result *result = run->result;

	pair->broken = true;
	if (run->found)
		return;
	run->found = pair;
	mismatch->step = pair->nr_steps - 1;
	result->mismatch = *mismatch;
	result->sequence = result->sequences +
		((void *)pair - run->pairs) / run->subject->pair_size;
	result->verdict = "differs";
}

/* Draw a step, record it, and do it. */
static void oracle_run_step(struct oracle_run *run, struct oracle_pair *pair,
			    enum oracle_when when)
{
	struct oracle_mismatch mismatch = {};
	struct oracle_step step = { .when = when };

	if (!run->subject->draw(pair, when, &run->seq, &step) || !oracle_record(pair, &step))
		return;
	if (!oracle_do_step(run, pair, &step, &mismatch))
		oracle_run_mismatch(run, pair, &mismatch);
}

static void oracle_run_middle(struct oracle_run *run, struct oracle_pair *pair)
{
	unsigned int i;

	for (i = 0; i < run->subject->round_steps && !pair->broken && !run->failed; i++)
		oracle_run_step(run, pair, WHEN_MIDDLE);
}

/* The steps of a round that do not wait for a switch. */
static void oracle_run_begin_and_middle(struct oracle_run *run, struct oracle_pair *pair)
{
	oracle_run_step(run, pair, WHEN_BEGIN);
	if (!run->subject->switches) {
		oracle_run_middle(run, pair);
		return;
	}
	rcu_read_lock();
	oracle_run_middle(run, pair);
	rcu_read_unlock();
}

static void oracle_run_tail_work(struct work_struct *work)
{
	struct oracle_pair *pair = container_of(work, struct oracle_pair, work);

	oracle_do_tail(pair, &pair->steps[pair->nr_steps - 1]);
}

/* Return: whether the pair has a tail in this round. */
static bool oracle_run_queue_tail(struct oracle_run *run, struct oracle_pair *pair)
{
	struct oracle_step step = { .when = WHEN_TAIL };

	if (pair->broken || !run->subject->draw(pair, WHEN_TAIL, &run->seq, &step) ||
	    !oracle_record(pair, &step))
		return false;
	INIT_WORK(&pair->work, oracle_run_tail_work);
	queue_work(system_unbound_wq, &pair->work);
	return true;
}

static void oracle_run_tails(struct oracle_run *run)
{
	struct oracle_mismatch mismatch = {};
	DECLARE_BITMAP(queued, TAILS) = {};
	unsigned int i;

	for (i = 0; i < TAILS; i++)
		if (oracle_run_queue_tail(run, oracle_pair(run, i)))
			__set_bit(i, queued);
	for_each_set_bit(i, queued, TAILS) {
		struct oracle_pair *pair = oracle_pair(run, i);
		const struct oracle_step *step = &pair->steps[pair->nr_steps - 1];

		flush_work(&pair->work);
		oracle_count_step(run, step, pair->state);
		if (!oracle_compare(run, pair, step, pair->state, pair->answers, &mismatch))
			oracle_run_mismatch(run, pair, &mismatch);
	}
}

/* Run the drawn segments of one kind: those with SEGMENT_SLOW, or those without it. */
static void oracle_run_drawn_segments(struct oracle_run *run, bool slow)
{
	unsigned int i;

	for (i = 0; i < ORACLE_PAIRS; i++) {
		struct oracle_pair *pair = oracle_pair(run, i);
		struct oracle_step *steps = &pair->steps[pair->segment_at];

		if (!pair->segment_pending || !!(steps->limit & SEGMENT_SLOW) != slow)
			continue;
		oracle_segment_add(run, pair, steps, pair->nr_steps - pair->segment_at, NULL);
		if (oracle_segments_full(run))
			oracle_segments_run(run);
	}
	oracle_segments_run(run);
}

/* Segments run one after the other, so that the threads of each have the CPUs. */
static void oracle_run_segments(struct oracle_run *run)
{
	struct oracle_mismatch mismatch = {};
	struct oracle_pair *pair;
	unsigned int i;

	for (i = 0; i < ORACLE_PAIRS && !oracle_ending(run); i++)
		if (!oracle_pair(run, i)->broken)
			oracle_segment_draw(run, oracle_pair(run, i));
	oracle_run_drawn_segments(run, false);
	oracle_run_drawn_segments(run, true);
	if (run->subject->switches)
		return;		/* oracle_run_settle() compares them */
	for (i = 0; i < ORACLE_PAIRS; i++) {
		pair = oracle_pair(run, i);
		if (pair->segment_pending && !oracle_settle(run, pair, &mismatch))
			oracle_run_mismatch(run, pair, &mismatch);
	}
}

static void oracle_run_settle(struct oracle_run *run)
{
	static const struct oracle_step step = { .when = WHEN_SETTLE };
	struct oracle_mismatch mismatch = {};
	unsigned int i;

	oracle_wait(run, 0, ORACLE_PAIRS);
	for (i = 0; i < ORACLE_PAIRS; i++) {
		struct oracle_pair *pair = oracle_pair(run, i);

		if (pair->broken) {
			run->subject->settled(pair);
			continue;
		}
		if (oracle_record(pair, &step) && !oracle_settle(run, pair, &mismatch))
			oracle_run_mismatch(run, pair, &mismatch);
	}
}

/* Move to the next CPU, so that references of one CPU's slot are put in another's. */
static void oracle_run_next_cpu(void)
{
	int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static void oracle_run_round(struct oracle_run *run)
{
	unsigned int i;

	oracle_run_next_cpu();
	for (i = 0; i < ORACLE_PAIRS && !oracle_ending(run); i++) {
		struct oracle_pair *pair = oracle_pair(run, i);

		if (!pair->broken)
			oracle_run_begin_and_middle(run, pair);
		cond_resched_tasks_rcu_qs();
	}
	if (run->subject->switches && !oracle_ending(run))
		oracle_run_tails(run);
	if (!run->result->lockstep)
		oracle_run_segments(run);
	if (run->subject->switches)
		oracle_run_settle(run);
}

/**
 * oracle_batch - run ORACLE_PAIRS pairs from init to exit
 * @run: the run; run->found is set if a pair's counters differ
 *
 * Context: process.
 */
void oracle_batch(struct oracle_run *run)
{
	const struct oracle_subject *subject = run->subject;
	unsigned int pairs, i;

	for (pairs = 0; pairs < ORACLE_PAIRS; pairs++) {
		struct oracle_pair *pair = oracle_pair(run, pairs);

		memset(pair, 0, subject->pair_size);
		pair->run = run;
		run->failed = subject->init(pair);
		if (run->failed)
			break;
	}
	for (i = 0; i < subject->rounds && !oracle_ending(run) && !run->found; i++)
		oracle_run_round(run);
	for (i = 0; i < pairs; i++)
		subject->exit(oracle_pair(run, i));
	tally(run->result->sequences, pairs);
}
