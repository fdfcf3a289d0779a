// SPDX-License-Identifier: GPL-2.0
/*
 * A disagreement with as few steps as it takes.
 *
 * Candidates leave out half of the steps, then quarters, and so on down to
 * single steps, from the end to the beginning, until none can be left out. A
 * candidate is run on a fresh pair; any disagreement will do, and what comes
 * after it is cut off, as are steps that have become illegal. Arguments are then
 * made smaller in the same way.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/minmax.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "oracle_internal.h"

#define TRIES_MAX 600

struct candidate {
	unsigned int		nr;
	struct oracle_step	steps[ORACLE_STEPS_MAX];
};

static bool is_middle(const struct candidate *c, unsigned int i)
{
	return i < c->nr && c->steps[i].when == WHEN_MIDDLE;
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
		if (switches && is_middle(c, i)) {
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
};

/* Run what was prepared; keep it if it still disagrees. */
static bool keep_try(struct shrinking *s)
{
	struct oracle_mismatch mismatch = {};

	if (s->run->result->tries >= TRIES_MAX || READ_ONCE(s->run->stop) ||
	    !disagrees(s->run, s->pair, &s->try, &mismatch))
		return false;
	s->best = s->try;
	s->mismatch = mismatch;
	cond_resched();
	return true;
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
	run->replaying = true;

	/* First as it was: does it come again? */
	s->try = s->best;
	if (keep_try(s)) {
		for (size = max(s->best.nr / 2, 1U); size; size /= 2)
			drop(s, size);
		while (drop(s, 1))
			;
		smaller_arguments(s);
	}
	run->replaying = false;
	result->shrunk = s->mismatch;
	result->nr_shrunk = s->best.nr;
	memcpy(result->shrunk_steps, s->best.steps, sizeof(result->shrunk_steps));
}

size_t oracle_shrink_scratch(void)
{
	return sizeof(struct shrinking);
}
