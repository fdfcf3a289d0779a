// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic per-CPU counts: no slots until they are worth their memory.
 *
 * Most counters are cold. A dynamic count begins as a word, and the gets that come to the word
 * are numbered (percpu_heat.c). If more than a threshold come within a second, a work allocates
 * slots and opens them. Slots do not show whether a count is still hot, since balanced traffic
 * leaves them as they were. So the work later closes the slots for a second, and gets are
 * numbered again. A count that is still hot has its slots opened again, and is probed half as
 * often; those of a cold one are freed.
 *
 *	        gets > threshold                 time to probe
 *	 COLD ------------------> HOT (slots) ----------------> PROBING
 *	  ^                        ^                             |   |
 *	  |                        +------- still hot -----------+   |
 *	  +---------------- a second without: slots freed -----------+
 *
 * After Kent Overstreet's first version of per-CPU reference counts (2012), which allocated in
 * the get, sleeping, and left the caller's RCU read-side critical section for that. Here only the
 * work allocates, so no two allocations race. If memory runs out, the count stays as it is, and
 * may ask again a second later. Slots are freed only when they have been collected, so no CPU
 * can be about to add to one.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>

#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "rsref.h"

static unsigned int dynamic_threshold = 4096;
module_param(dynamic_threshold, uint, 0644);
MODULE_PARM_DESC(dynamic_threshold, "gets within a second that make a dynamic count per-CPU");

static unsigned int dynamic_hot_ms = 10000;
module_param(dynamic_hot_ms, uint, 0644);
MODULE_PARM_DESC(dynamic_hot_ms, "time before a hot dynamic count is first asked whether it still is");

#define BACKOFF_MAX	32U	/* times dynamic_hot_ms */

/* The count uses slots: probe later whether it still needs them. */
static void percpu_dynamic_probe_later(struct percpu_dynamic *dynamic)
{
	dynamic->state = DYNAMIC_HOT;
	percpu_dynamic_want(dynamic,
			    dynamic->backoff * msecs_to_jiffies(READ_ONCE(dynamic_hot_ms)));
}

/* The count is hot: allocate slots, and open them unless the count was killed meanwhile. */
static void percpu_dynamic_warm_up(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;
	struct percpu_block *block = count->engine->alloc(GFP_KERNEL);
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	dynamic->warming_up = false;
	if (block && !percpu_count_is_exited(count)) {
		percpu_count_attach(count, block);
		block = NULL;
		if (percpu_count_try_open(count))
			percpu_dynamic_probe_later(dynamic);
		else	/* killed, or told to stay atomic meanwhile */
			block = percpu_count_detach(count);
	}
	percpu_dynamic_queue_wanted(count, flags);
	count->engine->discard(block);
}

/* The count was hot for a while: have gets come to the word again, for a window. */
static void percpu_dynamic_probe(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	dynamic->state = DYNAMIC_PROBING;
	if (!percpu_count_is_exited(count) && percpu_count_is_percpu(count))
		percpu_count_begin_switch(count, SWITCH_UNASKED);
	else
		percpu_dynamic_want(dynamic, PERCPU_DYNAMIC_WINDOW);
	percpu_dynamic_queue_wanted(count, flags);
}

/* A window after the slots were closed, or sooner if the count proves hot before. */
static void percpu_dynamic_reopen_or_free(struct percpu_dynamic *dynamic)
{
	struct rs_percpu_count *count = dynamic->count;
	struct percpu_block *block = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	if (percpu_count_is_exited(count))
		goto unlock;
	if (percpu_count_is_switching(count)) {
		percpu_dynamic_want(dynamic, 1);
		goto unlock;
	}
	if (READ_ONCE(dynamic->gets) > READ_ONCE(dynamic->threshold)) {
		dynamic->backoff = min(2 * dynamic->backoff, BACKOFF_MAX);
		percpu_count_try_open(count);
	}
	/* switch_to_percpu may have opened the slots, too. */
	if (percpu_count_is_percpu(count)) {
		percpu_dynamic_probe_later(dynamic);
	} else {
		dynamic->state = DYNAMIC_COLD;
		dynamic->backoff = 1;
		block = percpu_count_detach(count);
		percpu_dynamic_new_window(dynamic);
	}
unlock:
	percpu_dynamic_queue_wanted(count, flags);
	count->engine->discard(block);
}

static void percpu_dynamic_work(struct work_struct *work)
{
	static void (* const step[])(struct percpu_dynamic *dynamic) = {
		[DYNAMIC_COLD]		= percpu_dynamic_warm_up,
		[DYNAMIC_HOT]		= percpu_dynamic_probe,
		[DYNAMIC_PROBING]	= percpu_dynamic_reopen_or_free,
	};
	struct percpu_dynamic *dynamic =
		container_of(to_delayed_work(work), struct percpu_dynamic, work);

	step[dynamic->state](dynamic);
	percpu_dynamic_drop(dynamic->count);
}

/**
 * percpu_dynamic_init - make a new count a dynamic one
 * @count: the count, without slots; in the same allocation as its struct percpu_dynamic
 */
void percpu_dynamic_init(struct rs_percpu_count *count)
{
	struct percpu_dynamic *dynamic = percpu_dynamic_of(count);

	INIT_DELAYED_WORK(&dynamic->work, percpu_dynamic_work);
	dynamic->heat = IRQ_WORK_INIT_HARD(percpu_dynamic_heat);
	dynamic->count = count;
	rs_refcount_set(&dynamic->users, 1);
	dynamic->threshold = READ_ONCE(dynamic_threshold);
	dynamic->backoff = 1;
	percpu_dynamic_new_window(dynamic);
	count->special = PERCPU_DYNAMIC;
}

/**
 * percpu_dynamic_set_threshold - what is hot for this count
 * @count: a dynamic count
 * @threshold: gets within a second
 *
 * A new second begins: gets that are over the new threshold already would not cross it.
 */
void percpu_dynamic_set_threshold(struct rs_percpu_count *count, unsigned int threshold)
{
	struct percpu_dynamic *dynamic = percpu_dynamic_of(count);

	WRITE_ONCE(dynamic->threshold, threshold);
	percpu_dynamic_new_window(dynamic);
}
