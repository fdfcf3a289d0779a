// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic per-CPU counts: no slots until they are worth their memory.
 *
 * Most counters are cold. A dynamic one begins as a single word, and gets are
 * counted in it as they come. More than a threshold within a second, and a
 * work item allocates slots and opens them. It later closes them for a second
 * and counts again, because slots do not tell: balanced traffic leaves them as
 * they were. A count that turns out to be hot still gets its slots back, and is
 * asked half as often; a cold one gives them back.
 *
 *	        gets > threshold                 time to ask
 *	 COLD ------------------> HOT (slots) ----------------> PROBING
 *	  ^                        ^                             |   |
 *	  |                        +------- still hot -----------+   |
 *	  +---------------- a second without: slots freed -----------+
 *
 * After Kent Overstreet's first version of per-CPU reference counts (2012). That
 * one allocated in the caller's stead, sleeping, and let go of the caller's RCU
 * read-side critical section for it. Here nobody but the work item allocates, so
 * there is no race of two allocators either; if memory runs out, the count stays
 * as it is, and may ask again a second later. Slots are only freed when they have
 * been collected: nobody can be about to add to one.
 *
 * The work item has a reference to the memory of its own, because exit must be
 * possible where nothing may sleep, and cannot wait for it. The user's counter
 * may be gone when it runs: engines are not called once exited is set.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>

#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "rsref.h"

static unsigned int dynamic_threshold = 4096;
module_param(dynamic_threshold, uint, 0644);
MODULE_PARM_DESC(dynamic_threshold, "gets within a second that make a dynamic count per-CPU");

static unsigned int dynamic_hot_ms = 10000;
module_param(dynamic_hot_ms, uint, 0644);
MODULE_PARM_DESC(dynamic_hot_ms, "time before a hot dynamic count is first asked whether it still is");

#define WINDOW		HZ
#define BACKOFF_MAX	32U	/* times dynamic_hot_ms */

static void drop_user(struct percpu_dynamic *dynamic)
{
	if (rs_refcount_dec_and_test(&dynamic->users))
		percpu_count_free(dynamic->count);
}

/* Have the work run after @delay jiffies. Caller holds the count's lock. */
static void queue(struct percpu_dynamic *dynamic, unsigned long delay)
{
	if (dynamic->count->exited)
		return;
	if (!dynamic->queued) {
		dynamic->queued = true;
		rs_refcount_inc(&dynamic->users);
	}
	mod_delayed_work(rsref_workqueue, &dynamic->work, delay);
}

static void new_window(struct percpu_dynamic *dynamic)
{
	WRITE_ONCE(dynamic->window, jiffies);
	WRITE_ONCE(dynamic->gets, 0);
}

/* It counts in slots: ask later whether it still needs them. */
static void rest(struct percpu_dynamic *dynamic)
{
	dynamic->state = DYNAMIC_HOT;
	queue(dynamic, dynamic->backoff * msecs_to_jiffies(READ_ONCE(dynamic_hot_ms)));
}

/* Slots could be of use: get them, and open them if they still are then. */
static void warm_up(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;
	struct percpu_block *block = count->engine->alloc(GFP_KERNEL);

	if (!block)
		return;

	raw_spin_lock_irq(&count->lock);
	if (!count->exited) {
		percpu_count_attach(count, block);
		block = NULL;
		if (percpu_count_try_open(count))
			rest(dynamic);
		else	/* killed, or told to stay atomic meanwhile */
			block = percpu_count_detach(count);
	}
	raw_spin_unlock_irq(&count->lock);
	count->engine->discard(block);
}

/* Hot for a while: count gets in the word again, for a window. */
static void probe(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;

	raw_spin_lock_irq(&count->lock);
	dynamic->state = DYNAMIC_PROBING;
	if (!count->exited && percpu_count_is_percpu(count))
		percpu_count_begin_switch(count);
	else
		queue(dynamic, WINDOW);
	raw_spin_unlock_irq(&count->lock);
}

/* A window after the slots were closed, or sooner if it proves hot before. */
static void judge(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;
	struct percpu_block *block = NULL;

	raw_spin_lock_irq(&count->lock);
	if (count->exited)
		goto unlock;
	if (percpu_count_is_switching(count)) {
		queue(dynamic, 1);
		goto unlock;
	}
	if (READ_ONCE(dynamic->gets) > READ_ONCE(dynamic->threshold)) {
		dynamic->backoff = min(2 * dynamic->backoff, BACKOFF_MAX);
		percpu_count_try_open(count);
	}
	/* The user may have opened the slots meanwhile, too. */
	if (percpu_count_is_percpu(count)) {
		rest(dynamic);
	} else {
		dynamic->state = DYNAMIC_COLD;
		dynamic->backoff = 1;
		block = percpu_count_detach(count);
		new_window(dynamic);
	}
unlock:
	raw_spin_unlock_irq(&count->lock);
	count->engine->discard(block);
}

static void percpu_dynamic_work(struct work_struct *work)
{
	static void (* const step[])(struct percpu_dynamic *dynamic) = {
		[DYNAMIC_COLD]		= warm_up,
		[DYNAMIC_HOT]		= probe,
		[DYNAMIC_PROBING]	= judge,
	};
	struct percpu_dynamic *dynamic =
		container_of(to_delayed_work(work), struct percpu_dynamic, work);
	struct rs_percpu_count *count = dynamic->count;
	bool last = false;

	raw_spin_lock_irq(&count->lock);
	dynamic->running = true;
	raw_spin_unlock_irq(&count->lock);

	step[dynamic->state](dynamic);

	raw_spin_lock_irq(&count->lock);
	dynamic->running = false;
	if (!delayed_work_pending(&dynamic->work)) {
		dynamic->queued = false;
		last = true;
	}
	raw_spin_unlock_irq(&count->lock);
	if (last)
		drop_user(dynamic);
}

/**
 * percpu_dynamic_init - make a new count a dynamic one
 * @count: the count, without slots; in the same allocation as its struct percpu_dynamic
 */
void percpu_dynamic_init(struct rs_percpu_count *count)
{
	struct percpu_dynamic *dynamic = dynamic_of(count);

	INIT_DELAYED_WORK(&dynamic->work, percpu_dynamic_work);
	dynamic->count = count;
	rs_refcount_set(&dynamic->users, 1);
	dynamic->threshold = READ_ONCE(dynamic_threshold);
	dynamic->backoff = 1;
	new_window(dynamic);
	count->dynamic = true;
}

/**
 * percpu_dynamic_exit - the owner's end of percpu_dynamic_init()
 * @count: a dynamic count; exited is set
 *
 * Context: any but NMI. The memory is freed when the work is through, too.
 */
void percpu_dynamic_exit(struct rs_percpu_count *count)
{
	struct percpu_dynamic *dynamic = dynamic_of(count);
	bool cancelled = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	if (cancel_delayed_work(&dynamic->work) && !dynamic->running) {
		dynamic->queued = false;
		cancelled = true;
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);

	if (cancelled)
		drop_user(dynamic);
	drop_user(dynamic);
}

/**
 * percpu_dynamic_got - references were taken in the word
 * @count: a dynamic count
 * @nr: how many
 *
 * The numbers are a guess: two CPUs may lose each other's. Where that happens
 * often there are gets enough.
 *
 * Context: any; in NMI the guess is all that changes.
 */
void percpu_dynamic_got(struct rs_percpu_count *count, u64 nr)
{
	struct percpu_dynamic *dynamic = dynamic_of(count);
	unsigned long flags;
	u64 gets;

	if (time_after(jiffies, READ_ONCE(dynamic->window) + WINDOW))
		new_window(dynamic);
	gets = READ_ONCE(dynamic->gets) + nr;
	WRITE_ONCE(dynamic->gets, gets);
	if (likely(gets <= READ_ONCE(dynamic->threshold) ||
		   gets - nr > READ_ONCE(dynamic->threshold)) || in_nmi())
		return;

	/* It crosses the threshold now, once a window. */
	raw_spin_lock_irqsave(&count->lock, flags);
	if (dynamic->state == DYNAMIC_PROBING ||
	    (dynamic->state == DYNAMIC_COLD && !dynamic->queued &&
	     !count->force_atomic && !count->tracked &&
	     !(atomic64_read(&count->word) & COUNT_DEAD)))
		queue(dynamic, 0);
	raw_spin_unlock_irqrestore(&count->lock, flags);
}

/* A switch of a dynamic count has ended. Caller holds the count's lock. */
void percpu_dynamic_collected(struct rs_percpu_count *count)
{
	struct percpu_dynamic *dynamic = dynamic_of(count);

	if (dynamic->state == DYNAMIC_PROBING) {
		new_window(dynamic);
		queue(dynamic, WINDOW);
	}
}

/**
 * percpu_dynamic_set_threshold - what is hot for this count
 * @count: a dynamic count
 * @threshold: gets within a second
 */
void percpu_dynamic_set_threshold(struct rs_percpu_count *count, unsigned int threshold)
{
	WRITE_ONCE(dynamic_of(count)->threshold, threshold);
}
