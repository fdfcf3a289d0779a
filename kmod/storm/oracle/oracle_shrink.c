// SPDX-License-Identifier: GPL-2.0
/*
 * Shrinking: the shortest sequence after which the counters still differ.
 *
 * A candidate leaves out half of the steps, then a quarter, and so on down to single
 * steps, from the end to the beginning, until no step can be left out. Each candidate is
 * run on a fresh pair. Any difference will do; the steps after it are cut off, as are
 * steps that have become illegal. Then arguments are made smaller in the same way.
 *
 * Concurrent segments are left out first, then threads of them. A candidate with a
 * segment may show no difference by chance, so it is run up to REPEATS times; SHRINK_NS
 * limits the time of all candidates.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "oracle_segment.h"

#define TRIES_MAX	600
#define REPEATS		6
#define SHRINK_NS	(8 * NSEC_PER_SEC)

struct oracle_candidate {
	unsigned int		nr;
	struct oracle_step	steps[ORACLE_STEPS_MAX];
};

static bool oracle_shrink_is_middle(const struct oracle_candidate *c, unsigned int i)
{
	return i < c->nr && c->steps[i].when == WHEN_MIDDLE;
}

static bool oracle_shrink_in_segment(const struct oracle_candidate *c, unsigned int i)
{
	return i < c->nr && (c->steps[i].when == WHEN_SEGMENT ||
			     c->steps[i].when == WHEN_CONCURRENT);
}

static bool oracle_shrink_has_segment(const struct oracle_candidate *c)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (oracle_shrink_in_segment(c, i))
			return true;
	return false;
}

/* Remove the steps whose bits are in @skipped. */
static void oracle_shrink_remove(struct oracle_candidate *c, const unsigned long *skipped)
{
	unsigned int i, kept = 0;

	for (i = 0; i < c->nr; i++)
		if (!test_bit(i, skipped))
			c->steps[kept++] = c->steps[i];
	c->nr = kept;
}

/* Return: whether the answers are equal. */
static bool oracle_shrink_step(struct oracle_run *run, struct oracle_pair *pair,
			       const struct oracle_step *step, struct oracle_mismatch *mismatch,
			       bool *skipped)
{
	*skipped = false;
	if (step->when == WHEN_SETTLE) {
		oracle_wait(run, 0, 1);
		return oracle_settle(run, pair, mismatch);
	}
	if (!run->subject->legal(pair, step)) {
		*skipped = true;
		return true;
	}
	if (step->when != WHEN_TAIL)
		return oracle_do_step(run, pair, step, mismatch);

	/* The step that settles inspects the counters, as in oracle_run_tails(). */
	oracle_do_tail(pair, step);
	return oracle_compare(run, pair, step, pair->state, pair->answers, mismatch);
}

/*
 * Run the segment that begins at step @first, and move @first past it.
 * Return: whether the answers are equal.
 */
static bool oracle_shrink_segment(struct oracle_run *run, struct oracle_pair *pair,
				  const struct oracle_candidate *c, unsigned int *first,
				  struct oracle_mismatch *mismatch, unsigned long *skipped)
{
	DECLARE_BITMAP(here, ORACLE_STEPS_MAX) = {};
	unsigned int nr;

	nr = oracle_segment_add(run, pair, &c->steps[*first], c->nr - *first, here);
	oracle_segments_run(run);
	bitmap_shift_left(here, here, *first, ORACLE_STEPS_MAX);
	bitmap_or(skipped, skipped, here, ORACLE_STEPS_MAX);
	*first += nr;
	/* A segment is always followed by WHEN_SETTLE, which may have been left out. */
	if (run->subject->switches)
		oracle_wait(run, 0, 1);
	return oracle_settle(run, pair, mismatch);
}

/*
 * Run steps from @first on, all adjacent middle steps or one of another kind, and move
 * @first past them. Return: whether the answers to the last of them are equal.
 */
static bool oracle_shrink_steps(struct oracle_run *run, struct oracle_pair *pair,
				const struct oracle_candidate *c, unsigned int *first,
				struct oracle_mismatch *mismatch, unsigned long *skipped)
{
	bool middle = oracle_shrink_is_middle(c, *first), agreed, skip;
	unsigned int i = *first;

	do {
		agreed = oracle_shrink_step(run, pair, &c->steps[i], mismatch, &skip);
		if (skip)
			__set_bit(i, skipped);
		i++;
	} while (agreed && middle && oracle_shrink_is_middle(c, i));
	*first = i;
	return agreed;
}

/* Return: whether the answers to @c differ; @c then ends with the step after which they do. */
static bool oracle_shrink_differs(struct oracle_run *run, struct oracle_pair *pair,
				  struct oracle_candidate *c, struct oracle_mismatch *mismatch)
{
	static const struct oracle_step settle = { .when = WHEN_SETTLE };
	DECLARE_BITMAP(skipped, ORACLE_STEPS_MAX) = {};
	bool switches = run->subject->switches, agreed = true;
	unsigned int i = 0;

	run->result->tries++;
	memset(pair, 0, run->subject->pair_size);
	pair->run = run;
	if (run->subject->init(pair))
		return false;
	while (i < c->nr && agreed) {
		if (oracle_shrink_in_segment(c, i)) {
			agreed = oracle_shrink_segment(run, pair, c, &i, mismatch, skipped);
		} else if (switches && oracle_shrink_is_middle(c, i)) {
			rcu_read_lock();
			agreed = oracle_shrink_steps(run, pair, c, &i, mismatch, skipped);
			rcu_read_unlock();
		} else {
			agreed = oracle_shrink_steps(run, pair, c, &i, mismatch, skipped);
		}
	}
	if (switches) {
		/* No switch may be under way when the counters end. */
		oracle_wait(run, 0, 1);
		if (agreed) {
			agreed = oracle_settle(run, pair, mismatch);
			if (!agreed && i < ORACLE_STEPS_MAX)
				c->steps[i++] = settle;
		} else {
			run->subject->settled(pair);
		}
	}
	run->subject->exit(pair);
	if (agreed)
		return false;
	c->nr = i;
	oracle_shrink_remove(c, skipped);
	mismatch->step = c->nr - 1;
	return true;
}

struct oracle_shrinking {
	struct oracle_run	*run;
	struct oracle_pair	*pair;
	struct oracle_candidate	best;
	struct oracle_candidate	try;
	struct oracle_mismatch	mismatch;
	u64			deadline_ns;
};

static bool oracle_shrink_is_over(const struct oracle_shrinking *s)
{
	return s->run->result->tries >= TRIES_MAX || READ_ONCE(s->run->stop) ||
	       ktime_get_ns() > s->deadline_ns;
}

/* Run s->try; it becomes s->best if its answers still differ. */
static bool oracle_shrink_try(struct oracle_shrinking *s)
{
	unsigned int repeats = oracle_shrink_has_segment(&s->try) ? REPEATS : 1;
	struct oracle_mismatch mismatch = {};

	s->run->result->repeats = max(s->run->result->repeats, repeats);
	while (repeats-- && !oracle_shrink_is_over(s)) {
		cond_resched_tasks_rcu_qs();
		if (!oracle_shrink_differs(s->run, s->pair, &s->try, &mismatch))
			continue;
		s->best = s->try;
		s->mismatch = mismatch;
		return true;
	}
	return false;
}

/* Return: in how many of ORACLE_AGAIN runs the answers to s->best differ. */
static unsigned int oracle_shrink_again(struct oracle_shrinking *s)
{
	struct oracle_mismatch mismatch = {};
	unsigned int i, nr = 0;

	for (i = 0; i < ORACLE_AGAIN && !READ_ONCE(s->run->stop); i++) {
		s->try = s->best;
		nr += oracle_shrink_differs(s->run, s->pair, &s->try, &mismatch);
	}
	return nr;
}

/*
 * Leave out one thread of segment @n, or all of it if @thread is negative.
 * Return: whether there is a segment @n.
 */
static bool oracle_shrink_drop_thread(struct oracle_shrinking *s, unsigned int n, int thread)
{
	DECLARE_BITMAP(left_out, ORACLE_STEPS_MAX) = {};
	unsigned int i, seen = 0;
	bool inside = false;

	for (i = 0; i < s->best.nr; i++) {
		bool begins = s->best.steps[i].when == WHEN_SEGMENT ||
			      (oracle_shrink_in_segment(&s->best, i) && !inside);

		seen += begins;
		inside = oracle_shrink_in_segment(&s->best, i);
		if (inside && seen == n + 1 &&
		    (thread < 0 || (s->best.steps[i].when == WHEN_CONCURRENT &&
				    s->best.steps[i].thread == thread)))
			__set_bit(i, left_out);
	}
	if (seen > n && !bitmap_empty(left_out, ORACLE_STEPS_MAX)) {
		s->try = s->best;
		oracle_shrink_remove(&s->try, left_out);
		oracle_shrink_try(s);
	}
	return seen > n;
}

static void oracle_shrink_drop_segments(struct oracle_shrinking *s)
{
	int segments = 0, thread;

	while (oracle_shrink_drop_thread(s, segments, ORACLE_THREADS))
		segments++;
	while (segments--) {
		oracle_shrink_drop_thread(s, segments, -1);
		for (thread = 0; thread < ORACLE_THREADS; thread++)
			oracle_shrink_drop_thread(s, segments, thread);
	}
}

/*
 * Leave out @size steps at a time, the last ones first: later steps depend on earlier
 * ones. Return: whether s->best is shorter now.
 */
static bool oracle_shrink_drop(struct oracle_shrinking *s, unsigned int size)
{
	unsigned int before = s->best.nr, rest = before;

	while (rest) {
		unsigned int at = rest > size ? rest - size : 0;

		s->try = s->best;
		memmove(&s->try.steps[at], &s->best.steps[rest],
			(s->best.nr - rest) * sizeof(*s->try.steps));
		s->try.nr -= rest - at;
		oracle_shrink_try(s);
		rest = min(at, s->best.nr);
	}
	/* oracle_shrink_differs() adds WHEN_SETTLE again where it is needed. */
	return s->best.nr < before;
}

static void oracle_shrink_arguments(struct oracle_shrinking *s)
{
	unsigned int i;

	for (i = 0; i < s->best.nr; i++) {
		u32 nr = s->best.steps[i].nr;

		while (nr > 1) {
			s->try = s->best;
			s->try.steps[i].nr = nr == 2 ? 1 : nr / 2;
			if (!oracle_shrink_try(s))
				break;
			nr = i < s->best.nr ? s->best.steps[i].nr : 0;
		}
	}
}

/**
 * oracle_shrink - shrink the sequence of run->found
 * @run: the run, between two batches: the pairs' memory is used for candidates
 *
 * Context: process. The shrunk sequence goes to run->result.
 */
void oracle_shrink(struct oracle_run *run)
{
	const struct oracle_pair *found = run->found;
	struct oracle_result *result = run->result;
	struct oracle_shrinking *s = run->scratch;
	unsigned int size;

	memset(s, 0, sizeof(*s));
	s->run = run;
	s->best.nr = found->nr_steps;
	memcpy(s->best.steps, found->steps, sizeof(s->best.steps));
	s->mismatch = result->mismatch;
	s->pair = oracle_pair(run, 0);
	s->deadline_ns = ktime_get_ns() + SHRINK_NS;
	run->replaying = true;

	/* Does the whole sequence differ again? */
	s->try = s->best;
	if (oracle_shrink_try(s)) {
		oracle_shrink_drop_segments(s);
		for (size = max(s->best.nr / 2, 1U); size; size /= 2)
			oracle_shrink_drop(s, size);
		while (oracle_shrink_drop(s, 1))
			;
		oracle_shrink_arguments(s);
	}
	result->again = oracle_shrink_again(s);
	run->replaying = false;
	result->shrunk = s->mismatch;
	result->nr_shrunk = s->best.nr;
	memcpy(result->shrunk_steps, s->best.steps, sizeof(result->shrunk_steps));
}

size_t oracle_shrink_scratch(void)
{
	return sizeof(struct oracle_shrinking);
}
