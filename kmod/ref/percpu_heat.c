// SPDX-License-Identifier: GPL-2.0
/*
 * Dynamic per-CPU counts: how gets ask for the work of percpu_dynamic.c.
 *
 * A get may come from any context: an NMI, the scheduler with a run queue's lock held. So a get
 * that crosses the threshold takes no lock, wakes no task, and only asks for a hard interrupt of
 * its own CPU (irq_work). That interrupt queues the work.
 *
 * exit must be possible where the caller may not sleep, and cannot wait for the interrupt or the
 * work. So each of them has a reference to the memory (users): the work for each time that it is
 * queued, the interrupt while it is asked for, a switch until its slots are collected. The user's
 * counter may be gone when they run: they find PERCPU_EXITED set, under the count's lock, and
 * leave the counter alone.
 */
#include <linux/jiffies.h>

#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "rsref.h"

/*
 * Have the work run @delay jiffies after percpu_dynamic_queue_wanted(). Queueing wakes a worker.
 * kill, which takes the count's lock, may be called with a lock of the scheduler held, so the
 * count's lock must not be held while a worker is woken. Caller holds the count's lock.
 */
void percpu_dynamic_want(struct percpu_dynamic *dynamic, unsigned long delay)
{
	if (percpu_count_is_exited(dynamic->count))
		return;
	dynamic->wanted = true;
	dynamic->delay = delay;
}

/**
 * percpu_dynamic_queue_wanted - release the count's lock, and queue the work if it is wanted
 * @count: a count, whose lock the caller holds; one that is not dynamic has no work
 * @flags: interrupt state to restore
 *
 * The work has a reference for each time that it is queued. The work drops that reference when
 * it has run, or exit does when it cancels the work.
 *
 *	here				exit
 *	----				----
 *	queue the work			set PERCPU_EXITED
 *	full barrier (A)		full barrier (B)
 *	look at PERCPU_EXITED		cancel the work
 *
 * A pairs with B: one of the two sides cancels a work that is not needed any more.
 *
 * Context: any but NMI; a reference to its memory, or an RCU read-side critical section,
 * keeps @count.
 */
void percpu_dynamic_queue_wanted(struct rs_percpu_count *count, unsigned long flags)
	__releases(&count->lock)
{
	struct percpu_dynamic *dynamic = percpu_dynamic_of(count);
	bool wanted = percpu_count_is_dynamic(count) && dynamic->wanted;
	unsigned long delay = 0;

	if (wanted) {
		dynamic->wanted = false;
		delay = dynamic->delay;
		percpu_dynamic_hold(count);
	}
	raw_spin_unlock_irqrestore(&count->lock, flags);
	if (!wanted)
		return;
	/* True if the work was queued already, and only its delay has changed. */
	if (mod_delayed_work(rsref_workqueue, &dynamic->work, delay))
		percpu_dynamic_drop(count);
	smp_mb();	/* A */
	if (unlikely(percpu_count_is_exited(count)) && cancel_delayed_work(&dynamic->work))
		percpu_dynamic_drop(count);
}

void percpu_dynamic_new_window(struct percpu_dynamic *dynamic)
{
	WRITE_ONCE(dynamic->window, jiffies);
	WRITE_ONCE(dynamic->gets, 0);
}

/* A get has crossed the threshold on this CPU. Context: hardirq, on PREEMPT_RT too. */
void percpu_dynamic_heat(struct irq_work *heat)
{
	struct percpu_dynamic *dynamic = container_of(heat, struct percpu_dynamic, heat);
	struct rs_percpu_count *count = dynamic->count;
	unsigned long flags;

	raw_spin_lock_irqsave(&count->lock, flags);
	if (dynamic->state == DYNAMIC_PROBING) {
		percpu_dynamic_want(dynamic, 0);
	} else if (dynamic->state == DYNAMIC_COLD && !dynamic->warming_up &&
		   !count->force_atomic && !count->tracked &&
		   !(atomic64_read(&count->word) & COUNT_DEAD)) {
		dynamic->warming_up = true;
		percpu_dynamic_want(dynamic, 0);
	}
	percpu_dynamic_queue_wanted(count, flags);
	percpu_dynamic_drop(count);
}

/**
 * percpu_dynamic_exit - the owner's end of percpu_dynamic_init()
 * @count: a dynamic count with PERCPU_EXITED set, so that the work is not wanted again
 *
 * The memory is freed when a work, an interrupt and a switch that are under way are over.
 *
 * Context: any but NMI.
 */
void percpu_dynamic_exit(struct rs_percpu_count *count)
{
	smp_mb();	/* B; see percpu_dynamic_queue_wanted() */
	/* True if the work was queued, and was taken off the queue. */
	if (cancel_delayed_work(&percpu_dynamic_of(count)->work))
		percpu_dynamic_drop(count);
	percpu_dynamic_drop(count);
}

/**
 * percpu_dynamic_got - references were taken in the word
 * @count: a dynamic count
 * @nr: how many
 *
 * The number of gets is a guess: of two CPUs at the same time one may overwrite the other's.
 * Where that happens often, there are enough gets all the same.
 *
 * Context: any, NMI and the scheduler included.
 */
void percpu_dynamic_got(struct rs_percpu_count *count, u64 nr)
{
	struct percpu_dynamic *dynamic = percpu_dynamic_of(count);
	u64 gets;

	if (time_after(jiffies, READ_ONCE(dynamic->window) + PERCPU_DYNAMIC_WINDOW))
		percpu_dynamic_new_window(dynamic);
	gets = READ_ONCE(dynamic->gets) + nr;
	WRITE_ONCE(dynamic->gets, gets);
	if (likely(gets <= READ_ONCE(dynamic->threshold) ||
		   gets - nr > READ_ONCE(dynamic->threshold)))
		return;

	/* This get crosses the threshold: one get in each window does. */
	if (!rs_refcount_inc_not_zero(&dynamic->users))
		return;
	/* The caller's reference keeps the owner from exit, so this is not the last user. */
	if (!irq_work_queue(&dynamic->heat))
		percpu_dynamic_drop(count);
}

/* A switch of a dynamic count has ended. Caller holds the count's lock. */
void percpu_dynamic_collected(struct rs_percpu_count *count)
{
	struct percpu_dynamic *dynamic = percpu_dynamic_of(count);

	if (dynamic->state == DYNAMIC_PROBING) {
		percpu_dynamic_new_window(dynamic);
		percpu_dynamic_want(dynamic, PERCPU_DYNAMIC_WINDOW);
	}
}
