// SPDX-License-Identifier: GPL-2.0
/*
 * A disagreement with as few steps as it takes.
 *
 * Candidates leave out half of the steps, then quarters, and so on down to
 * single steps, from the end to the beginning, until none can be left out. A
 * candidate is run on a fresh pair; any disagreement will do, and what comes
 * after it is cut off, as are steps that have become illegal. Arguments are then
 * made smaller in the same way.
 *
 * Concurrent segments come first: whole segments are left out, then threads. A
 * candidate with a segment may agree by luck, so it is run up to REPEATS times
 * before that is believed; for these there is a limit of time, too.
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

struct candidate {
	unsigned int		nr;
	struct oracle_step	steps[ORACLE_STEPS_MAX];
};

static bool is_middle(const struct candidate *c, unsigned int i)
{
	return i < c->nr && c->steps[i].when == WHEN_MIDDLE;
}

static bool in_segment(const struct candidate *c, unsigned int i)
{
	return i < c->nr && (c->steps[i].when == WHEN_SEGMENT ||
			     c->steps[i].when == WHEN_CONCURRENT);
}

static bool has_segment(const struct candidate *c)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		if (in_segment(c, i))
			return true;
	return false;
}

/* What @skipped has bits of is not needed. */
static void compact(struct candidate *c, const unsigned long *skipped)
{
	unsigned int i, kept = 0;

	for (i = 0; i < c->nr; i++)
		if (!test_bit(i, skipped))
			c->steps[kept++] = c->steps[i];
	c->nr = kept;
}

/* Return: false if they disagree. */
static bool one_step(struct oracle_run *run, struct oracle_pair *pair,
		     const struct oracle_step *step, struct oracle_mismatch *mismatch,
		     bool *skipped)
{
	*skipped = false;
	if (step->when == WHEN_SETTLE) {
		rcu_barrier();
		return oracle_settle_one(run, pair, mismatch);
	}
	if (!run->subject->legal(pair, step)) {
		*skipped = true;
		return true;
	}
	if (step->when != WHEN_TAIL)
		return oracle_one(run, pair, step, mismatch);

	/* Its answers come when all is settled, as they did before. */
	pair->state = run->subject->state(pair);
	memset(pair->answers, 0, sizeof(pair->answers));
	run->subject->perform(pair, step, pair->answers);
	return oracle_judge(run, pair, step, pair->state, pair->answers, mismatch);
}

/* A segment from the @first on, which is moved past it. Return: false if they disagree. */
static bool one_segment(struct oracle_run *run, struct oracle_pair *pair,
			const struct candidate *c, unsigned int *first,
			struct oracle_mismatch *mismatch, unsigned long *skipped)
{
	DECLARE_BITMAP(here, ORACLE_STEPS_MAX) = {};
	unsigned int nr;

	nr = oracle_segment_add(run, pair, &c->steps[*first], c->nr - *first, here);
	oracle_segments_run(run);
	bitmap_shift_left(here, here, *first, ORACLE_STEPS_MAX);
	bitmap_or(skipped, skipped, here, ORACLE_STEPS_MAX);
	*first += nr;
	/* As the settling that follows it always would. */
	if (run->subject->switches)
		rcu_barrier();
	return oracle_settle_one(run, pair, mismatch);
}

/*
 * Steps from the @first on, all of the middle or one of another kind; @first is
 * moved past them. Return: false if the last of them disagreed.
 */
static bool some_steps(struct oracle_run *run, struct oracle_pair *pair,
		       const struct candidate *c, unsigned int *first,
		       struct oracle_mismatch *mismatch, unsigned long *skipped)
{
	bool middle = is_middle(c, *first), agreed, skip;
	unsigned int i = *first;

	do {
		agreed = one_step(run, pair, &c->steps[i], mismatch, &skip);
		if (skip)
			__set_bit(i, skipped);
		i++;
	} while (agreed && middle && is_middle(c, i));
	*first = i;
	return agreed;
}

/* Return: true if it disagrees; @c is then cut off after that. */
static bool disagrees(struct oracle_run *run, struct oracle_pair *pair,
		      struct candidate *c, struct oracle_mismatch *mismatch)
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
		if (in_segment(c, i)) {
			agreed = one_segment(run, pair, c, &i, mismatch, skipped);
		} else if (switches && is_middle(c, i)) {
			rcu_read_lock();
			agreed = some_steps(run, pair, c, &i, mismatch, skipped);
			rcu_read_unlock();
		} else {
			agreed = some_steps(run, pair, c, &i, mismatch, skipped);
		}
	}
	if (switches) {
		/* Nothing may be under way when it ends. */
		rcu_barrier();
		if (agreed) {
			agreed = oracle_settle_one(run, pair, mismatch);
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
	compact(c, skipped);
	mismatch->step = c->nr - 1;
	return true;
}

struct shrinking {
	struct oracle_run	*run;
	struct oracle_pair	*pair;
	struct candidate	best;
	struct candidate	try;
	struct oracle_mismatch	mismatch;
	u64			end_ns;
};

static bool enough(const struct shrinking *s)
{
	return s->run->result->tries >= TRIES_MAX || READ_ONCE(s->run->stop) ||
	       ktime_get_ns() > s->end_ns;
}

/* Run what was prepared; keep it if it still disagrees. */
static bool keep_try(struct shrinking *s)
{
	unsigned int repeats = has_segment(&s->try) ? REPEATS : 1;
	struct oracle_mismatch mismatch = {};

	s->run->result->repeats = max(s->run->result->repeats, repeats);
	while (repeats-- && !enough(s)) {
		cond_resched_tasks_rcu_qs();
		if (!disagrees(s->run, s->pair, &s->try, &mismatch))
			continue;
		s->best = s->try;
		s->mismatch = mismatch;
		return true;
	}
	return false;
}

/* How often does what is left disagree? */
static unsigned int again(struct shrinking *s)
{
	struct oracle_mismatch mismatch = {};
	unsigned int i, nr = 0;

	for (i = 0; i < ORACLE_AGAIN && !READ_ONCE(s->run->stop); i++) {
		s->try = s->best;
		nr += disagrees(s->run, s->pair, &s->try, &mismatch);
	}
	return nr;
}

/* Leave out the @thread of segment @n, or all of it. Return: false if there is no such. */
static bool drop_thread(struct shrinking *s, unsigned int n, int thread)
{
	DECLARE_BITMAP(left_out, ORACLE_STEPS_MAX) = {};
	unsigned int i, seen = 0;
	bool inside = false;

	for (i = 0; i < s->best.nr; i++) {
		bool begins = s->best.steps[i].when == WHEN_SEGMENT ||
			      (in_segment(&s->best, i) && !inside);

		seen += begins;
		inside = in_segment(&s->best, i);
		if (inside && seen == n + 1 &&
		    (thread < 0 || (s->best.steps[i].when == WHEN_CONCURRENT &&
				    s->best.steps[i].thread == thread)))
			__set_bit(i, left_out);
	}
	if (seen > n && !bitmap_empty(left_out, ORACLE_STEPS_MAX)) {
		s->try = s->best;
		compact(&s->try, left_out);
		keep_try(s);
	}
	return seen > n;
}

static void drop_segments(struct shrinking *s)
{
	int segments = 0, thread;

	while (drop_thread(s, segments, ORACLE_THREADS))
		segments++;
	while (segments--) {
		drop_thread(s, segments, -1);
		for (thread = 0; thread < ORACLE_THREADS; thread++)
			drop_thread(s, segments, thread);
	}
}

/* Leave out @size steps at a time, the last first: others need the earlier ones. */
static bool drop(struct shrinking *s, unsigned int size)
{
	unsigned int before = s->best.nr, rest = before;

	while (rest) {
		unsigned int at = rest > size ? rest - size : 0;

		s->try = s->best;
		memmove(&s->try.steps[at], &s->best.steps[rest],
			(s->best.nr - rest) * sizeof(*s->try.steps));
		s->try.nr -= rest - at;
		keep_try(s);
		rest = min(at, s->best.nr);
	}
	/* The settling at the end comes back where it is needed. */
	return s->best.nr < before;
}

static void smaller_arguments(struct shrinking *s)
{
	unsigned int i;

	for (i = 0; i < s->best.nr; i++) {
		u32 nr = s->best.steps[i].nr;

		while (nr > 1) {
			s->try = s->best;
			s->try.steps[i].nr = nr == 2 ? 1 : nr / 2;
			if (!keep_try(s))
				break;
			nr = i < s->best.nr ? s->best.steps[i].nr : 0;
		}
	}
}

/* The memory is that of the batch, whose pairs have ended. */
void oracle_shrink(struct oracle_run *run, const struct oracle_pair *found)
{
	struct oracle_result *result = run->result;
	struct shrinking *s = run->scratch;
	unsigned int size;

	if (!found)
		return;
	memset(s, 0, sizeof(*s));
	s->run = run;
	s->best.nr = found->nr_steps;
	memcpy(s->best.steps, found->steps, sizeof(s->best.steps));
	s->mismatch = result->mismatch;
	s->pair = oracle_pair(run, 0);
	s->end_ns = ktime_get_ns() + SHRINK_NS;
	run->replaying = true;

	/* First as it was: does it come again? */
	s->try = s->best;
	if (keep_try(s)) {
		drop_segments(s);
		for (size = max(s->best.nr / 2, 1U); size; size /= 2)
			drop(s, size);
		while (drop(s, 1))
			;
		smaller_arguments(s);
	}
	result->again = again(s);
	run->replaying = false;
	result->shrunk = s->mismatch;
	result->nr_shrunk = s->best.nr;
	memcpy(result->shrunk_steps, s->best.steps, sizeof(result->shrunk_steps));
}

size_t oracle_shrink_scratch(void)
{
	return sizeof(struct shrinking);
}
