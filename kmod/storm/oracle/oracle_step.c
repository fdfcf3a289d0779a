// SPDX-License-Identifier: GPL-2.0
/* One step of a pair, or the end of a segment, and the comparison of the answers. */
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "oracle_internal.h"

/* Append @step to the pair's sequence. Return: the copy, or NULL if there is no room. */
struct oracle_step *oracle_record(struct oracle_pair *pair, const struct oracle_step *step)
{
	if (WARN_ON_ONCE(pair->nr_steps == ORACLE_STEPS_MAX))
		return NULL;
	pair->steps[pair->nr_steps] = *step;
	return &pair->steps[pair->nr_steps++];
}

/**
 * oracle_compare - compare the answers to a step
 * @run: the run
 * @pair: the pair
 * @step: the step
 * @state: state before @step
 * @answers: answers of both counters
 * @mismatch: filled in if the return value is false
 *
 * Return: whether the answers are equal, or differ as a listed difference explains.
 */
bool oracle_compare(struct oracle_run *run, struct oracle_pair *pair,
		    const struct oracle_step *step, unsigned int state,
		    const struct oracle_answer *answers, struct oracle_mismatch *mismatch)
{
	const struct oracle_subject *subject = run->subject;
	unsigned int i;

	if (oracle_agree_but(answers, 0))
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

void oracle_count_step(struct oracle_run *run, const struct oracle_step *step,
		       unsigned int state)
{
	if (run->replaying)
		return;
	tally(run->result->cells[step->op][state], 1);
	tally(run->result->steps, 1);
}

/* Do @step to both counters, and count it. Return: as oracle_compare(). */
bool oracle_do_step(struct oracle_run *run, struct oracle_pair *pair,
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
	subject->inspect(pair, answers);
	oracle_count_step(run, step, state);
	return oracle_compare(run, pair, step, state, answers, mismatch);
}

/* Do a step that waits for a switch; pair->state and pair->answers are for oracle_compare(). */
void oracle_do_tail(struct oracle_pair *pair, const struct oracle_step *step)
{
	const struct oracle_subject *subject = pair->run->subject;

	pair->state = subject->state(pair);
	memset(pair->answers, 0, sizeof(pair->answers));
	subject->perform(pair, step, pair->answers);
}

/**
 * oracle_wait - wait until no switch is under way
 * @run: the run, whose subject has switches
 * @first: index of the first pair
 * @nr: number of pairs from there on
 *
 * Context: process.
 */
void oracle_wait(struct oracle_run *run, unsigned int first, unsigned int nr)
{
	unsigned int i;

	rcu_barrier();
	if (!run->subject->wait)
		return;
	for (i = first; i < first + nr; i++)
		run->subject->wait(oracle_pair(run, i));
	/* The callbacks of a switch that is over may still run; they are RCU readers. */
	synchronize_rcu();
}

/* Put the sum of a segment into the answers; the count is compared without its net. */
static void oracle_step_answer_sum(const struct oracle_sum *sum, struct oracle_answer *answer)
{
	answer->field[FIELD_RET] = sum->won;
	answer->field[FIELD_OLD] = sum->certain;
	answer->field[FIELD_COUNT] = (u32)(answer->field[FIELD_COUNT] - sum->net);
}

/**
 * oracle_settle - compare the counters after a segment, or when no switch is under way
 * @run: the run; if its subject has switches, oracle_wait() was called
 * @pair: the pair
 * @mismatch: filled in if the return value is false
 *
 * Return: as oracle_compare().
 */
bool oracle_settle(struct oracle_run *run, struct oracle_pair *pair,
		   struct oracle_mismatch *mismatch)
{
	bool segment = pair->segment_pending;
	struct oracle_step step = { .when = segment ? WHEN_SEGMENT : WHEN_SETTLE };
	const struct oracle_subject *subject = run->subject;
	unsigned int state = segment ? pair->state : subject->state(pair), side;
	struct oracle_answer answers[SIDES] = {};

	if (subject->settled)
		subject->settled(pair);
	if (segment && subject->segment_end)
		subject->segment_end(pair);
	subject->inspect(pair, answers);
	for (side = 0; side < SIDES && segment; side++)
		oracle_step_answer_sum(&pair->sum[side], &answers[side]);
	pair->segment_pending = false;
	return oracle_compare(run, pair, &step, state, answers, mismatch);
}
