// SPDX-License-Identifier: GPL-2.0
/*
 * A batch of pairs, round by round; oracle_internal.h tells the story.
 */
#include <linux/bitmap.h>
#include <linux/container_of.h>
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "oracle_segment.h"

#define TAILS 64	/* pairs of a batch that have a tail in each round */

bool oracle_agree_but(const struct oracle_answer *answers, u32 but)
{
	unsigned int i;

	for (i = 0; i < FIELD_NR; i++)
		if (!(but & BIT(i)) &&
		    answers[MAINLINE].field[i] != answers[OURS].field[i])
			return false;
	return true;
}

/**
 * oracle_judge - compare the answers to a step
 * @run: the run
 * @pair: the pair
 * @step: the step
 * @state: before it
 * @answers: of both
 * @mismatch: filled in if they disagree and should not
 *
 * Return: false if they disagree and should not.
 */
bool oracle_judge(struct oracle_run *run, struct oracle_pair *pair,
		  const struct oracle_step *step, unsigned int state,
		  const struct oracle_answer *answers, struct oracle_mismatch *mismatch)
{
	const struct oracle_subject *subject = run->subject;
	unsigned int i;

	if (!memcmp(&answers[MAINLINE], &answers[OURS], sizeof(answers[OURS])))
		return true;
	for (i = 0; i < subject->nr_differences; i++) {
		if (!(run->result->listed & BIT(i)) ||
		    !subject->differences[i].explains(pair, step, state, answers))
			continue;
		if (!run->replaying)
			tally(run->result->differences[i], 1);
		if (subject->resync)
			subject->resync(pair);
		return true;
	}
	mismatch->last = *step;
	mismatch->state = state;
	memcpy(mismatch->answers, answers, sizeof(mismatch->answers));
	return false;
}

static void count_cell(struct oracle_run *run, const struct oracle_step *step,
		       unsigned int state)
{
	if (run->replaying)
		return;
	tally(run->result->cells[step->op][state], 1);
	tally(run->result->steps, 1);
}

/* Do a step, and judge. Return: false if they disagree and should not. */
bool oracle_one(struct oracle_run *run, struct oracle_pair *pair,
		const struct oracle_step *step, struct oracle_mismatch *mismatch)
{
	const struct oracle_subject *subject = run->subject;
	unsigned int state = subject->state(pair);
	struct oracle_answer answers[SIDES] = {};
	int ret;

	ret = subject->perform(pair, step, answers);
	if (ret) {
		run->failed = ret;
		return true;
	}
	subject->look(pair, answers);
	count_cell(run, step, state);
	return oracle_judge(run, pair, step, state, answers, mismatch);
}

/* What the threads of a segment say, and the count without what they hold. */
static void answer_sum(const struct oracle_sum *sum, struct oracle_answer *answer)
{
	answer->field[FIELD_RET] = sum->won;
	answer->field[FIELD_OLD] = sum->sure;
	answer->field[FIELD_COUNT] = (u32)(answer->field[FIELD_COUNT] - sum->net);
}

/*
 * After rcu_barrier(), or a segment of a subject that has no switches.
 * Return: false if they disagree and should not.
 */
bool oracle_settle_one(struct oracle_run *run, struct oracle_pair *pair,
		       struct oracle_mismatch *mismatch)
{
	struct oracle_step step = { .when = pair->unjudged ? WHEN_SEGMENT : WHEN_SETTLE };
	const struct oracle_subject *subject = run->subject;
	struct oracle_answer answers[SIDES] = {};
	unsigned int state = pair->unjudged ? pair->state : subject->state(pair), side;

	subject->settled(pair);
	if (pair->unjudged && subject->joined)
		subject->joined(pair);
	subject->look(pair, answers);
	for (side = 0; side < SIDES && pair->unjudged; side++)
		answer_sum(&pair->sum[side], &answers[side]);
	pair->unjudged = false;
	return oracle_judge(run, pair, &step, state, answers, mismatch);
}

static void found(struct oracle_run *run, struct oracle_pair *pair,
		  struct oracle_mismatch *mismatch)
{
	struct oracle_result *result = run->result;

	pair->broken = true;
	if (result->verdict)
		return;
	result->verdict = "differs";
	mismatch->step = pair->nr_steps - 1;
	result->mismatch = *mismatch;
	result->sequence = result->sequences +
		((void *)pair - run->pairs) / run->subject->pair_size;
}

/* Add to what is run again if they disagree. */
struct oracle_step *oracle_record(struct oracle_pair *pair, const struct oracle_step *step)
{
	if (WARN_ON_ONCE(pair->nr_steps == ORACLE_STEPS_MAX))
		return NULL;
	pair->steps[pair->nr_steps] = *step;
	return &pair->steps[pair->nr_steps++];
}

static void draw_and_do(struct oracle_run *run, struct oracle_pair *pair,
			enum oracle_when when)
{
	struct oracle_mismatch mismatch = {};
	struct oracle_step step = { .when = when };

	if (!run->subject->draw(pair, when, &run->seq, &step) || !oracle_record(pair, &step))
		return;
	if (!oracle_one(run, pair, &step, &mismatch))
		found(run, pair, &mismatch);
}

static void middle(struct oracle_run *run, struct oracle_pair *pair)
{
	unsigned int i;

	for (i = 0; i < run->subject->round_steps && !pair->broken && !run->failed; i++)
		draw_and_do(run, pair, WHEN_MIDDLE);
}

/* The steps of a round that do not wait for a switch. */
static void advance(struct oracle_run *run, struct oracle_pair *pair)
{
	draw_and_do(run, pair, WHEN_BEGIN);
	if (!run->subject->switches) {
		middle(run, pair);
		return;
	}
	rcu_read_lock();
	middle(run, pair);
	rcu_read_unlock();
}

static void tail_work(struct work_struct *work)
{
	struct oracle_pair *pair = container_of(work, struct oracle_pair, work);
	const struct oracle_subject *subject = pair->run->subject;

	subject->perform(pair, &pair->steps[pair->nr_steps - 1], pair->answers);
}

/* Return: whether there is one. */
static bool begin_tail(struct oracle_run *run, struct oracle_pair *pair)
{
	struct oracle_step step = { .when = WHEN_TAIL };

	if (pair->broken || !run->subject->draw(pair, WHEN_TAIL, &run->seq, &step) ||
	    !oracle_record(pair, &step))
		return false;
	pair->state = run->subject->state(pair);
	memset(pair->answers, 0, sizeof(pair->answers));
	INIT_WORK(&pair->work, tail_work);
	queue_work(system_unbound_wq, &pair->work);
	return true;
}

static void tails(struct oracle_run *run)
{
	struct oracle_mismatch mismatch = {};
	DECLARE_BITMAP(begun, TAILS) = {};
	unsigned int i;

	for (i = 0; i < TAILS; i++)
		if (begin_tail(run, oracle_pair(run, i)))
			__set_bit(i, begun);
	for_each_set_bit(i, begun, TAILS) {
		struct oracle_pair *pair = oracle_pair(run, i);
		const struct oracle_step *step = &pair->steps[pair->nr_steps - 1];

		flush_work(&pair->work);
		count_cell(run, step, pair->state);
		if (!oracle_judge(run, pair, step, pair->state, pair->answers, &mismatch))
			found(run, pair, &mismatch);
	}
}

/* Run the segments that were drawn, of one kind: those that may wait for switches, or not. */
static void run_segments(struct oracle_run *run, bool slow)
{
	unsigned int i;

	for (i = 0; i < ORACLE_PAIRS; i++) {
		struct oracle_pair *pair = oracle_pair(run, i);
		struct oracle_step *steps = &pair->steps[pair->segment_at];

		if (!pair->unjudged || !!(steps->limit & SEGMENT_SLOW) != slow)
			continue;
		oracle_segment_add(run, pair, steps, pair->nr_steps - pair->segment_at, NULL);
		if (oracle_segments_full(run))
			oracle_segments_run(run);
	}
	oracle_segments_run(run);
}

/* Without switches there is no settling later. */
static void judge_segments(struct oracle_run *run)
{
	struct oracle_mismatch mismatch = {};
	unsigned int i;

	for (i = 0; i < ORACLE_PAIRS; i++) {
		struct oracle_pair *pair = oracle_pair(run, i);

		if (pair->unjudged && !oracle_settle_one(run, pair, &mismatch))
			found(run, pair, &mismatch);
	}
}

/* One after the other: each is to have the CPUs for itself. */
static void segments(struct oracle_run *run)
{
	unsigned int i;

	for (i = 0; i < ORACLE_PAIRS && !oracle_ending(run); i++)
		if (!oracle_pair(run, i)->broken)
			oracle_segment_draw(run, oracle_pair(run, i));
	run_segments(run, false);
	run_segments(run, true);
	if (!run->subject->switches)
		judge_segments(run);
}

/* All pairs at once. */
static void settle(struct oracle_run *run)
{
	static const struct oracle_step step = { .when = WHEN_SETTLE };
	struct oracle_mismatch mismatch = {};
	unsigned int i;

	rcu_barrier();
	for (i = 0; i < ORACLE_PAIRS; i++) {
		struct oracle_pair *pair = oracle_pair(run, i);

		if (pair->broken) {
			run->subject->settled(pair);
			continue;
		}
		if (oracle_record(pair, &step) && !oracle_settle_one(run, pair, &mismatch))
			found(run, pair, &mismatch);
	}
}

/* What one CPU gets another puts. */
static void move_on(void)
{
	int cpu = cpumask_next(raw_smp_processor_id(), cpu_online_mask);

	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static void one_round(struct oracle_run *run)
{
	unsigned int i;

	move_on();
	for (i = 0; i < ORACLE_PAIRS && !oracle_ending(run); i++) {
		struct oracle_pair *pair = oracle_pair(run, i);

		if (!pair->broken)
			advance(run, pair);
		cond_resched_tasks_rcu_qs();
	}
	if (run->subject->switches && !oracle_ending(run))
		tails(run);
	if (!run->result->lockstep)
		segments(run);
	if (run->subject->switches)
		settle(run);
}

static const struct oracle_pair *first_broken(struct oracle_run *run, unsigned int born)
{
	u64 n = run->result->sequence - run->result->sequences;

	return n < born ? oracle_pair(run, n) : NULL;
}

/**
 * oracle_batch - the lives of ORACLE_PAIRS pairs
 * @run: the run; a disagreement is in its result afterwards
 *
 * Context: process.
 */
void oracle_batch(struct oracle_run *run)
{
	const struct oracle_subject *subject = run->subject;
	unsigned int born, i;

	for (born = 0; born < ORACLE_PAIRS && !run->failed; born++) {
		struct oracle_pair *pair = oracle_pair(run, born);

		memset(pair, 0, subject->pair_size);
		pair->run = run;
		run->failed = subject->init(pair);
		if (run->failed)
			break;
	}
	for (i = 0; i < subject->rounds && !oracle_ending(run) && !run->result->verdict; i++)
		one_round(run);
	for (i = 0; i < born; i++)
		subject->exit(oracle_pair(run, i));
	if (run->result->verdict)
		oracle_shrink(run, first_broken(run, born));
	tally(run->result->sequences, born);
}
