// SPDX-License-Identifier: GPL-2.0
/*
 * Tracking of per-CPU counts: how gets, puts and kills reach the tracker (track.c).
 *
 * Gets and puts in slots cannot be recorded. So a tracked count stays in its word, where a flag,
 * TRACKED, comes back to each get and put in the value that its atomic operation returns anyway:
 *
 *	track			some get or put		the word
 *	-----			---------------		--------
 *	tracked = true					BIAS + n
 *	collect the slots	in the word		n + SWITCHING
 *							n
 *				before: in n
 *	set TRACKED					n + TRACKED
 *				after: recorded
 *
 * Every reference is in the word when TRACKED is set, so what the word held is the number of
 * references that were taken before.
 */
#include "percpu_count.h"
#include "percpu_track.h"
#include "track.h"

static struct track_look percpu_track_look(const void *counter)
{
	const struct rs_percpu_count *count = counter;
	u64 word = atomic64_read(&count->word);

	return (struct track_look) {
		.count		= word & COUNT_REFS,
		.zero		= count_is_zero(word),
		.saturated	= count_is_saturated(word),
	};
}

static const struct track_kind percpu_track_kind = { .look = percpu_track_look, .anonymous = true };

/* Caller holds the count's lock, or has the count alone. */
static struct rs_tracker *percpu_track_tracker(struct rs_percpu_count *count)
{
	return rcu_dereference_protected(count->tracker, true);
}

void percpu_track_got(struct rs_percpu_count *count, u64 nr)
{
	struct rs_tracker *tracker;

	/* A get of rs_sealed_ref only has preemption off. */
	rcu_read_lock();
	tracker = rcu_dereference(count->tracker);
	if (tracker)
		track_got(tracker, nr);
	rcu_read_unlock();
}

void percpu_track_dropped(struct rs_percpu_count *count, u64 nr)
{
	struct rs_tracker *tracker = rcu_dereference_check(count->tracker,
							   rcu_read_lock_any_held());

	if (tracker)
		track_dropped(tracker, nr);
}

/*
 * The pointer tells whether the count is tracked. The flag in the word does not: a put too
 * many borrows from the flags for an instant.
 */
void percpu_track_killed(struct rs_percpu_count *count, u64 initial)
{
	struct rs_tracker *tracker = percpu_track_tracker(count);

	if (tracker)
		track_killed(tracker, initial);
}

void percpu_track_resurrected(struct rs_percpu_count *count)
{
	struct rs_tracker *tracker = percpu_track_tracker(count);

	if (tracker)
		track_resurrected(tracker);
}

struct rs_tracker *percpu_track_alloc(struct rs_percpu_count *count, const char *name,
				      unsigned int seconds, gfp_t gfp)
{
	struct rs_tracker *tracker = track_alloc(&percpu_track_kind, count->engine->name, name,
						 seconds, gfp);

	if (tracker)
		tracker->release = count->release;
	return tracker;
}

/* Set TRACKED. Return: the references that were taken before. */
static u64 percpu_track_start(const void *counter)
{
	struct rs_percpu_count *count = (struct rs_percpu_count *)counter;

	return atomic64_fetch_or(COUNT_TRACKED, &count->word) & COUNT_REFS;
}

/* Every reference is in the word. Caller holds the count's lock, or has the count alone. */
void percpu_track_begin(struct rs_percpu_count *count, struct rs_tracker *tracker)
{
	rcu_assign_pointer(count->tracker, tracker);
	track_begin(tracker, count, percpu_track_start);
	/* kill takes the lock, so it was before, and found no tracker. */
	if (atomic64_read(&count->word) & COUNT_DEAD)
		track_killed(tracker, 0);
}

/**
 * percpu_track_init - have a new count tracked from its first reference on
 * @count: the count, which the caller has alone, and which has no open slots yet
 * @gfp: how to allocate
 *
 * Return: 0 or -ENOMEM.
 */
int percpu_track_init(struct rs_percpu_count *count, gfp_t gfp)
{
	struct rs_tracker *tracker = percpu_track_alloc(count, NULL, 0, gfp);

	if (!tracker)
		return -ENOMEM;
	count->tracked = true;
	percpu_track_begin(count, tracker);
	return 0;
}

void percpu_track_exit(struct rs_percpu_count *count)
{
	struct rs_tracker *tracker;

	/* The owner alone changes the pointer now; RCU readers may find either value. */
	tracker = percpu_track_tracker(count);
	if (tracker) {
		RCU_INIT_POINTER(count->tracker, NULL);
		track_end(tracker);
	}
}

/* Clear TRACKED. Caller holds the count's lock. Return: the tracker, for track_end(). */
struct rs_tracker *percpu_track_end(struct rs_percpu_count *count)
{
	struct rs_tracker *tracker = percpu_track_tracker(count);

	atomic64_andnot(COUNT_TRACKED, &count->word);
	RCU_INIT_POINTER(count->tracker, NULL);
	count->tracked = false;
	count->tracked_before = true;
	return tracker;
}
