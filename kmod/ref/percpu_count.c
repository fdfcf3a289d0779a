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
#include <linux/wait_bit.h>

#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "percpu_track.h"
#include "rsref.h"
#include "warn.h"

/*
 * Misuse was seen: make sure that the counter is never released (again). DEAD
 * and SWITCHING keep their meaning; who saw them borrowed from is woken.
 */
static void saturate(struct rs_percpu_count *count)
{
	s64 old = atomic64_read(&count->word);

	do {
		if (count_is_saturated(old))
			break;
	} while (!atomic64_try_cmpxchg(&count->word, &old,
			(old & COUNT_FLAGS) | COUNT_SATURATED));
	wake_up_var(&count->word);
}

static noinline __cold void misused_get(struct rs_percpu_count *count, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_GET, "%s: get on 0 (%ps); use-after-free.\n",
			count->engine->name, count->release);
	/* The count that stands for all that were ended must stay as it is. */
	if (count->exited)
		atomic64_sub(nr, &count->word);
	else
		saturate(count);
}

static noinline __cold void misused_put(struct rs_percpu_count *count, u64 nr)
{
	rsref_warn_once(WARN_PERCPU_REF_PUT, "%s: more puts than gets (%ps).\n",
			count->engine->name, count->release);
	/* The subtraction borrowed from the flags. */
	atomic64_add(nr, &count->word);
	if (!count->exited)
		saturate(count);
}

static void call_release(struct rs_percpu_count *count)
{
	count->engine->call(count->release, count->ref);
}

/**
 * percpu_count_alloc - memory for the part of a count that is not its fast path
 * @engine: whose it is
 * @dynamic: it is a dynamic count
 * @gfp: how to allocate
 *
 * Return: zeroed but for @engine, the lock, and what a dynamic count has beside;
 * or NULL.
 */
struct rs_percpu_count *percpu_count_alloc(const struct percpu_engine *engine,
					   bool dynamic, gfp_t gfp)
{
	struct percpu_dynamic_count *both;

	both = rs_zalloc(&rsref_sites[SITE_PERCPU_REF_DATA],
			 dynamic ? sizeof(*both) : sizeof(both->count), gfp);
	if (!both)
		return NULL;
	both->count.engine = engine;
	raw_spin_lock_init(&both->count.lock);
	if (dynamic)
		percpu_dynamic_init(&both->count);
	return &both->count;
}

/**
 * percpu_count_free - give the memory back, after a grace period
 * @count: a count that was ended, or never began
 *
 * Context: any but NMI.
 */
void percpu_count_free(struct rs_percpu_count *count)
{
	rs_free_rcu(&rsref_sites[SITE_PERCPU_REF_DATA], count, rcu);
}

/* Have slots, not in use yet. */
void percpu_count_attach(struct rs_percpu_count *count, struct percpu_block *block)
{
	count->block = block;
	count->engine->publish(count);
}

/* Take away slots that nobody counts in any more; there may be none. */
struct percpu_block *percpu_count_detach(struct rs_percpu_count *count)
{
	struct percpu_block *block = count->block;

	count->block = NULL;
	count->engine->publish(count);
	return block;
}

/**
 * percpu_count_exit - end a count
 * @count: the count, which the user's counter does not point to any more
 *
 * Context: any but NMI; no switch is under way.
 */
void percpu_count_exit(struct rs_percpu_count *count)
{
	struct percpu_block *block;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	count->exited = true;
	block = percpu_count_detach(count);
	raw_spin_unlock_irqrestore(&count->lock, flags);

	percpu_track_exit(count);
	count->engine->discard(block);
	if (count->dynamic)
		percpu_dynamic_exit(count);
	else
		percpu_count_free(count);
}

/* A user counts in the word, and could do so in a slot. */
static void tend_slot(struct rs_percpu_count *count, u64 word)
{
	if (count->engine->tend && count_is_percpu(word))
		count->engine->tend(count);
}

/**
 * percpu_count_got - the rest of percpu_count_get()
 * @count: the count
 * @old: the word before
 * @nr: how many references were taken
 */
void percpu_count_got(struct rs_percpu_count *count, u64 old, u64 nr)
{
	if (unlikely(count_is_zero(old)))
		misused_get(count, nr);
	if (unlikely(old & COUNT_TRACKED))
		percpu_track_got(count, nr);
	tend_slot(count, old);
	if (count->dynamic)
		percpu_dynamic_got(count, nr);
}

/**
 * percpu_count_dropped - the rest of percpu_count_put()
 * @count: the count
 * @old: the word before
 * @nr: how many references were dropped
 */
void percpu_count_dropped(struct rs_percpu_count *count, u64 old, u64 nr)
{
	if (unlikely(old & COUNT_TRACKED))
		percpu_track_dropped(count, nr);
	if (count_is_zero(old - nr)) {
		smp_acquire__after_ctrl_dep();
		call_release(count);
	} else if (unlikely(count_has_fewer(old, nr))) {
		misused_put(count, nr);
	} else {
		tend_slot(count, old);
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
	if (unlikely(!count_is_plain(old) || count->dynamic))
		percpu_count_got(count, old, nr);
	return true;
}

/* The same without the rest; @old is the word before. */
bool percpu_count_try_take(struct rs_percpu_count *count, u64 nr, bool live, u64 *old)
{
	s64 word = atomic64_read(&count->word);

	do {
		if (count_is_zero(word) || (live && word & COUNT_DEAD))
			return false;
	} while (!atomic64_try_cmpxchg_acquire(&count->word, &word, word + nr));

	*old = word;
	return true;
}

/* Is it per-CPU, and not on its way out of that? */
bool percpu_count_is_percpu(const struct rs_percpu_count *count)
{
	return count_is_percpu(atomic64_read(&count->word));
}

/* From PERCPU to SWITCHING. */
void percpu_count_begin_switch(struct rs_percpu_count *count)
{
	atomic64_add(COUNT_SWITCHING, &count->word);
	count->collecting = true;
	count->engine->collect(count);
}

/* From ATOMIC to PERCPU, if that is what is wanted, and there are slots. */
bool percpu_count_try_open(struct rs_percpu_count *count)
{
	u64 word = atomic64_read(&count->word);

	if (count->force_atomic || count->tracked || count->exited ||
	    word & (COUNT_FLAGS | COUNT_ZONE) || !count->block)
		return false;
	/* The bias goes in before anybody can use a slot. */
	atomic64_add(COUNT_BIAS, &count->word);
	count->engine->open(count);
	return true;
}

/*
 * Bring @sum, what the slots hold, into the word and take the bias off, in one
 * step: in two, or slot by slot, a put collected before the get that it belongs
 * to could make the word pass through zero.
 */
static void add_sum(struct rs_percpu_count *count, unsigned long sum)
{
	s64 old = atomic64_read(&count->word);
	bool negative;
	u64 flags, refs;

	do {
		flags = old & COUNT_FLAGS;
		refs = (old & ~flags) + sum - COUNT_BIAS;
		negative = refs & ~COUNT_REFS;
		if (unlikely(negative))
			refs = COUNT_SATURATED;
	} while (!atomic64_try_cmpxchg(&count->word, &old, flags | refs));

	if (unlikely(negative))
		rsref_warn_once(WARN_PERCPU_REF_SUM, "%s: more puts than gets (%ps).\n",
				count->engine->name, count->release);
}

/*
 * Drop the switch's own reference. Unless that was the last, the counter may be
 * gone at once, and @count is there for as long as the caller is an RCU reader.
 */
static void end_switch(struct rs_percpu_count *count)
{
	u64 old = atomic64_fetch_sub(COUNT_SWITCHING, &count->word);

	wake_up_var(&count->word);
	if (count_is_zero(old - COUNT_SWITCHING))
		call_release(count);
}

/**
 * percpu_count_collected - the engine has got all CPUs to stop
 * @count: the count
 * @sum: of all slots
 *
 * Ends the switch: confirms, and may release.
 *
 * Context: softirq or process, interrupts enabled.
 */
void percpu_count_collected(struct rs_percpu_count *count, unsigned long sum)
{
	const struct percpu_engine *engine = count->engine;
	percpu_callback_t *confirm_switch, *confirm_kill;
	struct percpu_block *block = NULL;
	unsigned long flags;

	add_sum(count, sum);

	raw_spin_lock_irqsave(&count->lock, flags);
	confirm_switch = count->confirm_switch;
	confirm_kill = count->confirm_kill;
	count->confirm_switch = NULL;
	count->confirm_kill = NULL;
	count->collecting = false;
	/* Do not keep until exit what is not needed again. */
	if (atomic64_read(&count->word) & COUNT_DEAD && !count->allow_reinit)
		block = percpu_count_detach(count);
	if (count->dynamic)
		percpu_dynamic_collected(count);
	raw_spin_unlock_irqrestore(&count->lock, flags);
	engine->discard(block);

	rcu_read_lock();
	if (confirm_switch)
		engine->call(confirm_switch, count->ref);
	if (confirm_kill)
		engine->call(confirm_kill, count->ref);
	end_switch(count);
	rcu_read_unlock();
}

/**
 * percpu_count_kill - mark a count DEAD and begin its end
 * @count: the count
 * @confirm: called when no tryget_live can succeed any more, or NULL
 * @how: whether the initial reference is dropped here
 *
 * Context: any but NMI; RCU read-side critical section. Does not sleep.
 * Return: true for the first caller; false for others, and if the count is
 * zero, and nothing has changed.
 */
bool percpu_count_kill(struct rs_percpu_count *count, percpu_callback_t *confirm,
		       enum percpu_kill how)
{
	u64 initial = how == KILL_DROPS, word, old;
	bool missing = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	word = atomic64_read(&count->word);
	if (word & COUNT_DEAD || count_is_zero(word)) {
		raw_spin_unlock_irqrestore(&count->lock, flags);
		return false;
	}
	atomic64_or(COUNT_DEAD, &count->word);
	if (word & COUNT_TRACKED)
		percpu_track_killed(count, initial);

	if (percpu_count_is_percpu(count))
		percpu_count_begin_switch(count);
	if (count->collecting) {
		/* SWITCHING keeps the word from zero until it was confirmed. */
		count->confirm_kill = confirm;
		missing = count_has_fewer(atomic64_fetch_sub(initial, &count->word),
					  initial);
		raw_spin_unlock_irqrestore(&count->lock, flags);
		if (unlikely(missing))
			misused_put(count, initial);
		return true;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	/* Everybody counts in the word, and sees DEAD there. */
	if (confirm)
		count->engine->call(confirm, count->ref);
	/* No put of a user's, so it is not recorded as one. */
	if (initial && percpu_count_drop(count, initial, &old))
		percpu_count_dropped(count, old & ~COUNT_TRACKED, initial);
	return true;
}

/**
 * percpu_count_wait - wait for the end of a switch
 * @count: the count
 *
 * Context: process if a switch is under way, else any.
 */
void percpu_count_wait(struct rs_percpu_count *count)
{
	if (percpu_count_is_switching(count))
		wait_var_event(&count->word, !percpu_count_is_switching(count));
}

/* Take the lock while no switch is under way. Context: as percpu_count_wait(). */
unsigned long percpu_count_lock_settled(struct rs_percpu_count *count)
	__acquires(&count->lock)
{
	unsigned long flags;

	for (;;) {
		percpu_count_wait(count);
		raw_spin_lock_irqsave(&count->lock, flags);
		if (!percpu_count_is_switching(count))
			return flags;
		raw_spin_unlock_irqrestore(&count->lock, flags);
	}
}

/**
 * percpu_count_switch_to_atomic - count in the word until told otherwise
 * @count: the count
 * @confirm: called when no CPU uses a slot any more, or NULL
 *
 * Context: any but NMI if no switch is under way, else process.
 */
void percpu_count_switch_to_atomic(struct rs_percpu_count *count,
				   percpu_callback_t *confirm)
{
	unsigned long flags = percpu_count_lock_settled(count);

	/* One that was ended stands for all of those: there is nothing to switch. */
	if (count->exited)
		confirm = NULL;
	else
		count->force_atomic = true;
	if (percpu_count_is_percpu(count)) {
		count->confirm_switch = confirm;
		percpu_count_begin_switch(count);
		confirm = NULL;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	if (confirm) {
		rcu_read_lock();
		count->engine->call(confirm, count->ref);
		rcu_read_unlock();
	}
}

/* The same, and wait until it is done. Context: process. */
void percpu_count_switch_to_atomic_sync(struct rs_percpu_count *count)
{
	percpu_count_switch_to_atomic(count, NULL);
	percpu_count_wait(count);
}

/**
 * percpu_count_switch_to_percpu - count in slots again
 * @count: the count; if it is dying, resurrection will do it
 *
 * Context: any but NMI if no switch is under way, else process.
 * Return: 0, or -EINVAL if it was killed and may not be reinitialised.
 */
int percpu_count_switch_to_percpu(struct rs_percpu_count *count)
{
	unsigned long flags = percpu_count_lock_settled(count);
	int ret = -EINVAL;

	if (!(atomic64_read(&count->word) & COUNT_DEAD) || count->allow_reinit) {
		count->force_atomic = false;
		percpu_count_try_open(count);
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);
	return ret;
}

/**
 * percpu_count_resurrect - take back a kill
 * @count: the count
 *
 * The initial reference is there again, and the mode that was wanted before.
 *
 * Context: any but NMI if no switch is under way, else process.
 * Return: 0, or -EINVAL if it was not killed, or may not be reinitialised;
 * nothing has changed then.
 */
int percpu_count_resurrect(struct rs_percpu_count *count)
{
	unsigned long flags = percpu_count_lock_settled(count);
	int ret = -EINVAL;

	if (atomic64_read(&count->word) & COUNT_DEAD && count->allow_reinit) {
		/* One step: with DEAD gone first, the count could be zero and live. */
		if (atomic64_fetch_add(1 - COUNT_DEAD, &count->word) & COUNT_TRACKED)
			percpu_track_resurrected(count);
		percpu_count_try_open(count);
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);
	return ret;
}
