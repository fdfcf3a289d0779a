// SPDX-License-Identifier: GPL-2.0
/*
 * Changes of mode of per-CPU counts, kill and exit among them; percpu_count.c tells why they
 * are right.
 *
 *	          percpu_count_try_open()
 *	  ATOMIC -------------------------> PERCPU
 *	    ^                                  |
 *	    | percpu_count_collected()         | percpu_count_begin_switch()
 *	    +----------- SWITCHING <-----------+
 *
 * A count is to be per-CPU unless it is DEAD, was told to stay atomic (force_atomic), or is
 * tracked. kill never waits: if a switch is under way, the end of that switch confirms the
 * kill, too. The other functions, which may sleep, wait for the end of a switch first.
 *
 * A switch that the user did not ask for (percpu_dynamic.c probes whether a count is still hot)
 * must not make a user's function sleep: kill and switch_to_atomic make that switch their own,
 * and exit leaves the memory to the end of the switch.
 *
 * A lock of each count orders all this: every decision about the mode, and exit, look at the
 * word under that lock. No callback is called under it, and neither get nor put takes it.
 */
#include <linux/export.h>
#include <linux/wait_bit.h>

#include "percpu_count.h"
#include "percpu_data.h"
#include "percpu_dynamic.h"
#include "percpu_track.h"
#include "warn.h"

/* Give a count its slots, which gets and puts do not use yet. */
void percpu_count_attach(struct rs_percpu_count *count, struct percpu_block *block)
{
	WRITE_ONCE(count->block, block);
	count->engine->publish(count, block);
}

/* Take the slots away, in which no CPU counts any more. Return: the block, or NULL. */
struct percpu_block *percpu_count_detach(struct rs_percpu_count *count)
{
	struct percpu_block *block = count->block;

	WRITE_ONCE(count->block, NULL);
	/* After exit the user's counter may be gone, and points to no block of its own. */
	if (!percpu_count_is_exited(count))
		count->engine->publish(count, NULL);
	return block;
}

/* Switches that are under way, of all counts, also of those that were ended meanwhile */
static atomic_t switches;

/* From PERCPU to SWITCHING. */
void percpu_count_begin_switch(struct rs_percpu_count *count, enum percpu_switch why)
{
	atomic_inc(&switches);
	atomic64_add(COUNT_SWITCHING, &count->word);
	count->collecting = true;
	count->unasked = why == SWITCH_UNASKED;
	if (percpu_count_is_dynamic(count))
		percpu_dynamic_hold(count);
	count->engine->collect(count);
}

/* The switch that is under way, if any, becomes one that the user has asked for. */
void percpu_count_ask_for_switch(struct rs_percpu_count *count)
{
	count->unasked = false;
}

/* From ATOMIC to PERCPU, if the count is to be per-CPU and has slots. */
bool percpu_count_try_open(struct rs_percpu_count *count)
{
	u64 word = atomic64_read(&count->word);

	if (count->force_atomic || count->tracked || percpu_count_is_exited(count) ||
	    word & (COUNT_FLAGS | COUNT_ZONE) || !count->block)
		return false;
	/* The bias goes in before any CPU can use its slot. */
	atomic64_add(COUNT_BIAS, &count->word);
	count->engine->open(count);
	return true;
}

/*
 * Add @sum, what the slots hold, to the word and take the bias off, in one step. With two
 * steps, or slot by slot, a put that is added before the get that it belongs to could make
 * the word pass through zero. A word that misuse has saturated stays so, without another
 * warning.
 */
static void percpu_switch_add_sum(struct rs_percpu_count *count, unsigned long sum)
{
	s64 old = atomic64_read(&count->word);
	bool negative;
	u64 flags, refs;

	do {
		if (unlikely(count_is_saturated(old)))
			return;
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
 * Drop the switch's own reference. Unless that was the last, the user's counter may be gone at
 * once, and @count stays only because the caller is an RCU reader.
 */
static void percpu_switch_end(struct rs_percpu_count *count)
{
	u64 old = atomic64_fetch_sub(COUNT_SWITCHING, &count->word);

	wake_up_var(&count->word);
	if (count_is_zero(old - COUNT_SWITCHING))
		percpu_count_release(count);
}

/*
 * Drop the reference of a switch that the user did not ask for, with the lock held: once the
 * lock is free, exit may find a count that is not switching, and the user's counter may go.
 *
 * Return: false, with the reference still held, if dropping it makes the count zero, so that
 * release() has to be called. exit waits for that as for a switch that was asked for.
 */
static bool percpu_switch_end_unasked(struct rs_percpu_count *count)
{
	s64 old = atomic64_read(&count->word);

	do {
		if (count_is_zero(old - COUNT_SWITCHING) && !percpu_count_is_exited(count))
			return false;
	} while (!atomic64_try_cmpxchg(&count->word, &old, old - COUNT_SWITCHING));
	return true;
}

/**
 * percpu_count_collected - no CPU uses a slot of the count any more
 * @count: the count
 * @sum: of all slots
 *
 * Ends the switch: calls confirmations, and release() if the count is zero.
 *
 * Context: softirq, or a thread with bottom halves off; interrupts enabled.
 */
void percpu_count_collected(struct rs_percpu_count *count, unsigned long sum)
{
	const struct percpu_engine *engine = count->engine;
	struct __rs_percpu_callback *confirm_switch, *confirm_kill;
	bool dynamic = percpu_count_is_dynamic(count);
	struct percpu_block *block = NULL;
	unsigned long flags;
	bool ended;

	/* exit, if it is called meanwhile, frees the count after a grace period. */
	rcu_read_lock();
	percpu_switch_add_sum(count, sum);

	raw_spin_lock_irqsave(&count->lock, flags);
	confirm_switch = count->confirm_switch;
	confirm_kill = count->confirm_kill;
	count->confirm_switch = NULL;
	count->confirm_kill = NULL;
	count->collecting = false;
	/* Slots that are not needed again do not wait for exit. */
	if (percpu_count_is_exited(count) ||
	    (atomic64_read(&count->word) & COUNT_DEAD && !count->allow_reinit))
		block = percpu_count_detach(count);
	if (dynamic)
		percpu_dynamic_collected(count);
	ended = count->unasked && percpu_switch_end_unasked(count);
	count->unasked = false;
	percpu_dynamic_queue_wanted(count, flags);
	engine->discard(block);

	if (ended) {
		wake_up_var(&count->word);
	} else {
		if (confirm_switch)
			engine->call(confirm_switch, count->ref);
		if (confirm_kill)
			engine->call(confirm_kill, count->ref);
		percpu_switch_end(count);
	}
	if (dynamic)
		percpu_dynamic_drop(count);
	if (atomic_dec_and_test(&switches))
		wake_up_var(&switches);
	rcu_read_unlock();
}

/* All counters have ended. Waits for the switches that no user asked for. */
void percpu_count_module_exit(void)
{
	wait_var_event(&switches, !atomic_read(&switches));
}

/**
 * percpu_count_wait - wait for the end of a switch
 * @count: the count
 *
 * A put too many borrows from the flags for an instant, and a waiter that is woken just
 * then sleeps on. Misuse wakes no waiter, since its context may be any; so waiters look
 * again from time to time.
 *
 * Context: process if a switch is under way, else any.
 */
void percpu_count_wait(struct rs_percpu_count *count)
{
	while (percpu_count_is_switching(count))
		wait_var_event_timeout(&count->word, !percpu_count_is_switching(count),
				       HZ / 10);
}

/*
 * Take the lock while no switch that the user asked for is under way. One that the user did
 * not ask for may be. Context: process if the caller may have to wait, else any but NMI.
 */
unsigned long percpu_count_lock_settled(struct rs_percpu_count *count)
	__acquires(&count->lock)
{
	unsigned long flags;

	for (;;) {
		raw_spin_lock_irqsave(&count->lock, flags);
		if (count->unasked || !percpu_count_is_switching(count))
			return flags;
		raw_spin_unlock_irqrestore(&count->lock, flags);
		percpu_count_wait(count);
	}
}

/* Mark a count DEAD and begin its end. Context: RCU read-side critical section. */
static bool percpu_switch_kill(struct rs_percpu_count *count,
			       struct __rs_percpu_callback *confirm, enum __rs_percpu_kill how)
{
	u64 initial = how == __RS_PERCPU_KILL_DROPS, word, old;
	bool missing = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	word = atomic64_read(&count->word);
	if (word & COUNT_DEAD || count_is_zero(word) || percpu_count_is_exited(count)) {
		raw_spin_unlock_irqrestore(&count->lock, flags);
		return false;
	}
	atomic64_or(COUNT_DEAD, &count->word);
	percpu_track_killed(count, initial);

	if (percpu_count_is_percpu(count))
		percpu_count_begin_switch(count, SWITCH_ASKED);
	if (count->collecting) {
		percpu_count_ask_for_switch(count);
		/* SWITCHING keeps the word from zero until it was confirmed. */
		count->confirm_kill = confirm;
		missing = count_has_fewer(atomic64_fetch_sub(initial, &count->word),
					  initial);
		raw_spin_unlock_irqrestore(&count->lock, flags);
		if (unlikely(missing))
			percpu_count_misused_put(count, initial);
		return true;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	/* Every get and put is in the word, and sees DEAD there. */
	if (confirm)
		count->engine->call(confirm, count->ref);
	/* This is no user's put, so the tracker does not record it as one. */
	if (initial && percpu_count_drop(count, initial, &old))
		percpu_count_dropped(count, old & ~COUNT_TRACKED, initial);
	return true;
}

/**
 * __rs_percpu_count_kill - both kills of either counter
 * @data: of the counter
 * @confirm: called when no tryget_live can succeed any more, or NULL
 * @how: whether the initial reference is dropped here
 *
 * Context, ordering and return value as for rs_percpu_ref_kill_and_confirm() and
 * rs_percpu_ref_kill_two_stage(). Of a counter that was ended the return value is false.
 */
bool __rs_percpu_count_kill(struct rs_percpu_data *data, struct __rs_percpu_callback *confirm,
			    enum __rs_percpu_kill how)
{
	bool first;

	rcu_read_lock();
	first = percpu_switch_kill(percpu_data_count(data), confirm, how);
	rcu_read_unlock();
	return first;
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_kill);

/**
 * __rs_percpu_count_switch_to_atomic - rs_percpu_ref_switch_to_atomic() of either counter
 * @data: of the counter
 * @confirm: called when no CPU uses a slot any more, or NULL
 *
 * Context: as for that.
 */
void __rs_percpu_count_switch_to_atomic(struct rs_percpu_data *data,
					struct __rs_percpu_callback *confirm)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	unsigned long flags = percpu_count_lock_settled(count);

	/* All ended counters share one count, which has nothing to switch. */
	if (percpu_count_is_exited(count))
		confirm = NULL;
	else
		count->force_atomic = true;
	if (percpu_count_is_percpu(count))
		percpu_count_begin_switch(count, SWITCH_ASKED);
	if (count->collecting) {
		percpu_count_ask_for_switch(count);
		count->confirm_switch = confirm;
		confirm = NULL;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	if (confirm) {
		rcu_read_lock();
		count->engine->call(confirm, count->ref);
		rcu_read_unlock();
	}
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_switch_to_atomic);

/**
 * __rs_percpu_count_switch_to_atomic_sync - rs_percpu_ref_switch_to_atomic_sync() of either
 * counter
 * @data: of the counter
 *
 * Context: as for that.
 */
void __rs_percpu_count_switch_to_atomic_sync(struct rs_percpu_data *data)
{
	__rs_percpu_count_switch_to_atomic(data, NULL);
	percpu_count_wait(percpu_data_owner_count(data));
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_switch_to_atomic_sync);

/**
 * __rs_percpu_count_switch_to_percpu - rs_percpu_ref_switch_to_percpu() of either counter
 * @data: of the counter; while a dynamic count is asked whether it is hot, the answer decides
 *
 * Context and return value as for that.
 */
int __rs_percpu_count_switch_to_percpu(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
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
EXPORT_SYMBOL_GPL(__rs_percpu_count_switch_to_percpu);

/**
 * percpu_count_resurrect - take back a kill
 * @count: the count
 * @nonzero: NULL, or where to say whether the count was not zero, which fails then
 *
 * The owner has the initial reference again, and the count the mode that was wanted before.
 *
 * Context: any but NMI if no switch that was asked for is under way, else process.
 * Return: 0, or -EINVAL if the count was not killed, may not be reinitialised, or fails as
 * @nonzero says; nothing has changed then.
 */
int percpu_count_resurrect(struct rs_percpu_count *count, bool *nonzero)
{
	unsigned long flags = percpu_count_lock_settled(count);
	u64 word = atomic64_read_acquire(&count->word);
	int ret = -EINVAL;

	if (nonzero)
		*nonzero = !count_is_zero(word);
	if (word & COUNT_DEAD && count->allow_reinit && !(nonzero && *nonzero)) {
		/* One step: with DEAD gone first, the count could be zero and live. */
		atomic64_add(1 - COUNT_DEAD, &count->word);
		percpu_track_resurrected(count);
		percpu_count_try_open(count);
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);
	return ret;
}

/**
 * __rs_percpu_count_exit - rs_percpu_ref_exit() of either counter
 * @data: of the counter
 *
 * A switch that the user asked for ends first. A switch that the user did not ask for may
 * still be under way when exit returns: the end of that switch gives back the slots and its
 * share of the memory, and does not touch the user's counter. If such a switch finds a live
 * count at zero, so that it calls release(), exit waits for it, too.
 *
 * Context: as for rs_percpu_ref_exit().
 */
void __rs_percpu_count_exit(struct rs_percpu_data *data)
{
	struct rs_percpu_count *count = percpu_data_owner_count(data);
	const struct percpu_engine *engine;
	struct percpu_block *block = NULL;
	unsigned long flags;

	if (!count || count == count->engine->exited)
		return;
	engine = count->engine;
	flags = percpu_count_lock_settled(count);
	engine->publish(count, NULL);
	WRITE_ONCE(count->special, count->special | PERCPU_EXITED);
	rcu_assign_pointer(data->count, engine->exited);
	if (!percpu_count_is_switching(count) && !engine->discard_sleeps) {
		block = count->block;
		WRITE_ONCE(count->block, NULL);
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	percpu_track_exit(count);
	engine->discard(block);
	if (percpu_count_is_dynamic(count))
		percpu_dynamic_exit(count);
	else
		percpu_count_free(count);
}
EXPORT_SYMBOL_GPL(__rs_percpu_count_exit);
