// SPDX-License-Identifier: GPL-2.0
/*
 * The state machine of per-CPU counts; percpu_count.h draws it.
 *
 * While a count lives, a get on one CPU and its put on another leave +1 and -1
 * in two slots. Only their sum means something, and only when nobody adds any
 * more. Three things make the collection right:
 *
 * The bias. As soon as users count in the shared word, what they took earlier
 * still lies in the slots. The word may go far below zero in that time, and
 * must not look like zero. So it starts 2^60 higher, and loses that in the same
 * addition that brings in the slots.
 *
 * The engine's collection, after which no CPU can still be about to add.
 *
 * The switch's own reference, COUNT_SWITCHING: it keeps release() away until the
 * confirmation was delivered, and the counter's memory in place until our last
 * access to it.
 *
 * After Kent Overstreet's design (commit 215e262f2aeb, "percpu: implement
 * generic percpu refcounting") and Tejun Heo's modes (Linux 3.18).
 */
#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "percpu_track.h"
#include "warn.h"

/*
 * Misuse was seen: make sure that the counter is never released (again). DEAD
 * and SWITCHING keep their meaning. Callers may be in any context, so nobody is woken:
 * percpu_count_wait() looks again by itself.
 */
static void percpu_count_saturate(struct rs_percpu_count *count)
{
	s64 old = atomic64_read(&count->word);

	do {
		if (count_is_saturated(old))
			break;
	} while (!atomic64_try_cmpxchg(&count->word, &old,
			(old & COUNT_FLAGS) | COUNT_SATURATED));
}

static_assert(COUNT_NR_MAX == COUNT_REFS);

static noinline __cold void percpu_count_misused_get(struct rs_percpu_count *count)
{
	rsref_warn_once(WARN_PERCPU_REF_GET, "%s: get on 0 (%ps); use-after-free.\n",
			count->engine->name, count->release);
	if (!percpu_count_is_exited(count))
		percpu_count_saturate(count);
}

/* The word had fewer than @nr references, which were subtracted. Context: any. */
noinline __cold void percpu_count_misused_put(struct rs_percpu_count *count, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_PUT, "%s: more puts than gets (%ps).\n",
			count->engine->name, count->release);
	if (percpu_count_is_exited(count))
		return;
	/* The subtraction borrowed from the flags. */
	atomic64_add(nr, &count->word);
	percpu_count_saturate(count);
}

/**
 * percpu_count_misused_nr - more references in one call than the word has room for
 * @count: the count
 * @nr: how many, more than %COUNT_NR_MAX
 *
 * Context: any; RCU read-side critical section, or the caller's reference keeps @count.
 */
noinline __cold void percpu_count_misused_nr(struct rs_percpu_count *count, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_NR, "%s: %llu references in one call (%ps).\n",
			count->engine->name, nr, count->release);
	if (!percpu_count_is_exited(count))
		percpu_count_saturate(count);
}

/* A user counts in the word, and could do so in a slot. */
static void percpu_count_reopen_slot(struct rs_percpu_count *count, u64 word)
{
	if (count->engine->reopen_slot && count_is_percpu(word))
		count->engine->reopen_slot(count);
}

/* The atomic operation of percpu_count_take() for a count that is special. Context: any. */
u64 percpu_count_take_special(struct rs_percpu_count *count, u64 nr)
{
	if (unlikely(percpu_count_is_exited(count)))
		return COUNT_DEAD;
	return atomic64_fetch_add_relaxed(nr, &count->word);
}

/* percpu_count_get() of a count that is special. Context: as that. */
void percpu_count_get_special(struct rs_percpu_count *count, u64 nr)
{
	u64 old = COUNT_DEAD;

	if (likely(!percpu_count_is_exited(count))) {
		old = atomic64_fetch_add_relaxed(nr, &count->word);
		if (likely(count_is_plain(old))) {
			percpu_dynamic_got(count, nr);
			return;
		}
	}
	percpu_count_got(count, old, nr);
}

/**
 * percpu_count_got - the rest of percpu_count_get()
 * @count: the count
 * @old: the word before
 * @nr: how many references were taken
 *
 * A live count may sit at zero between init and exit, as mainline's may: md's
 * writes_pending does, and takes references from there. So a get at zero is misuse
 * only if the count was killed.
 *
 * Context: any, NMI included; wakes nobody.
 */
void percpu_count_got(struct rs_percpu_count *count, u64 old, u64 nr)
{
	if (unlikely(!nr))
		return;
	if (unlikely(old & COUNT_DEAD && count_is_zero(old)))
		percpu_count_misused_get(count);
	if (unlikely(old & COUNT_TRACKED))
		percpu_track_got(count, nr);
	percpu_count_reopen_slot(count, old);
	if (percpu_count_is_dynamic(count))
		percpu_dynamic_got(count, nr);
}

/**
 * percpu_count_dropped - the rest of percpu_count_put()
 * @count: the count
 * @old: the word before
 * @nr: how many references were dropped
 *
 * Context: any that release() can stand; wakes nobody. RCU read-side critical section.
 */
void percpu_count_dropped(struct rs_percpu_count *count, u64 old, u64 nr)
{
	if (unlikely(!nr))
		return;
	if (unlikely(old & COUNT_TRACKED))
		percpu_track_dropped(count, nr);
	if (count_is_zero(old - nr)) {
		smp_acquire__after_ctrl_dep();
		percpu_count_release(count);
	} else if (unlikely(count_has_fewer(old, nr))) {
		percpu_count_misused_put(count, nr);
	} else {
		percpu_count_reopen_slot(count, old);
	}
}

/**
 * percpu_count_tryget - take references in the word unless there are none
 * @count: the count
 * @nr: how many
 * @live: fail if it was killed, too
 *
 * Context: RCU read-side critical section.
 */
bool percpu_count_tryget(struct rs_percpu_count *count, u64 nr, bool live)
{
	u64 old;

	if (!percpu_count_try_take(count, nr, live, &old))
		return false;
	if (unlikely(!count_is_plain(old) || percpu_count_is_dynamic(count)))
		percpu_count_got(count, old, nr);
	return true;
}

/* The same for any number; more than %COUNT_NR_MAX are misuse if they could be taken. */
bool percpu_count_tryget_many(struct rs_percpu_count *count, u64 nr)
{
	if (likely(nr <= COUNT_NR_MAX))
		return percpu_count_tryget(count, nr, false);
	if (!percpu_count_tryget(count, 0, false))
		return false;
	percpu_count_misused_nr(count, nr);
	return true;
}

/* The same without the rest; @old is the word before. */
bool percpu_count_try_take(struct rs_percpu_count *count, u64 nr, bool live, u64 *old)
{
	s64 word = atomic64_read(&count->word);

	do {
		if (count_is_zero(word) || (live && word & COUNT_DEAD) ||
		    unlikely(percpu_count_is_exited(count)))
			return false;
	} while (!atomic64_try_cmpxchg_acquire(&count->word, &word, word + nr));

	*old = word;
	return true;
}
