// SPDX-License-Identifier: GPL-2.0
/*
 * Per-CPU counts: what rs_percpu_ref and rs_sealed_ref have behind their slots.
 *
 * While a counter lives, its owner holds the initial reference, so no put is the last one and
 * no put has to look. get and put add to a slot of their CPU. A get on one CPU and its put on
 * another leave +1 and -1 in two slots: only the sum of all slots means something, and only
 * once no CPU adds to its slot any more.
 *
 * kill, like every change to atomic mode, is a switch. Gets and puts go to one shared word
 * (count_word.h) from then on, the engine stops all CPUs from using their slots and sums the
 * slots, and percpu_count_collected() brings that sum into the word. The put that takes the
 * word to zero calls release(). Three things make a switch right:
 *
 * The bias. References that were taken in slots are dropped in the word before the sum of the
 * slots is there, so the word may go far below zero, and must not look like zero. It begins
 * 2^60 higher, and percpu_switch_add_sum() takes those off in the operation that adds the sum.
 *
 * The engine's collection, after which no CPU can be about to add to a slot: rcu_engine.c waits
 * for a grace period, sealed_round.c interrupts each CPU, sealed_swap.c exchanges each slot.
 *
 * SWITCHING, a reference of the switch's own. It keeps the word from zero, and so the user's
 * counter in place, until the switch has called the confirmation and is over.
 *
 * After Kent Overstreet's design (commit 215e262f2aeb, "percpu: implement generic percpu
 * refcounting") and Tejun Heo's modes (Linux 3.18).
 */
#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "percpu_track.h"
#include "warn.h"

/*
 * After misuse: the counter is never released (again). DEAD and SWITCHING keep their meaning.
 * Callers may be in any context, so no waiter is woken: percpu_count_wait() looks again by
 * itself.
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

/* The word had fewer than the @nr references that were subtracted. Context: any. */
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

/* A get or put used the word: if the count is in per-CPU mode, open this CPU's slot. */
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
 * Context: any, NMI included; wakes no task.
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
 * Context: any that release() can stand, RCU read-side critical section; wakes no task.
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
 * @live: fail if the count was killed, too
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

/* percpu_count_tryget() of any number; over %COUNT_NR_MAX it is misuse if the count is not 0. */
bool percpu_count_tryget_many(struct rs_percpu_count *count, u64 nr)
{
	if (likely(nr <= COUNT_NR_MAX))
		return percpu_count_tryget(count, nr, false);
	if (!percpu_count_tryget(count, 0, false))
		return false;
	percpu_count_misused_nr(count, nr);
	return true;
}

/* percpu_count_tryget() without percpu_count_got(). @old: the word before. */
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
