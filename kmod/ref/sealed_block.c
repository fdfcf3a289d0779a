// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of rs_sealed_ref's slots; sealed_block.h draws the way of a block.
 *
 * Retired blocks gather in a list. One wait at a time is under way: it takes the whole list, and
 * blocks that are retired meanwhile are left to the next wait. So exit allocates nothing, and a
 * million exits share a grace period.
 *
 * Both kinds of RCU are needed. Tasks RCU waits until every task that was preempted has slept or
 * run in user space, but not for interrupts, nor for the idle task, which is never preempted. RCU
 * waits for all code with preemption off, interrupts and NMIs among it. A straggler is in one or
 * the other.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <refstorm/alloc.h>
#include <refstorm/compat.h>

#include "percpu_count.h"
#include "rsref.h"
#include "sealed_block.h"
#include "warn.h"

static unsigned int sealed_pool = 64;
module_param(sealed_pool, uint, 0644);
MODULE_PARM_DESC(sealed_pool, "blocks of slots kept for new sealed counters; 0 also ends the search for stray additions");

/* Blocks without stragglers, poisoned, the oldest first */
static struct {
	raw_spinlock_t		lock;
	struct llist_node	*first;
	struct llist_node	**end;
	unsigned int		nr;
} pool = {
	.lock	= __RAW_SPIN_LOCK_UNLOCKED(pool.lock),
	.end	= &pool.first,
};

/* Blocks that stragglers may still use */
static struct {
	struct llist_head	retired;
	struct llist_node	*batch;
	unsigned long		busy;
	struct rcu_head		rcu;
	struct work_struct	recycle;
	wait_queue_head_t	idle;
} waiting;

#define WAIT_BUSY	0

static void sealed_block_fill(const struct percpu_block *block, s64 value)
{
	int cpu;

	for_each_slot_cpu(cpu)
		WRITE_ONCE(*per_cpu_ptr(block->slots, cpu), value);
}

static void sealed_block_check_poison(const struct percpu_block *block)
{
	int cpu;

	for_each_slot_cpu(cpu) {
		s64 slot = READ_ONCE(*per_cpu_ptr(block->slots, cpu));

		if (likely(slot == SLOT_POISON) || !rsref_warn_first(WARN_SEALED_STRAY))
			continue;
		pr_err("rs_sealed_ref: a slot of CPU %d was given back, then changed by %lld\n",
		       cpu, slot - SLOT_POISON);
		WARN(1, "rs_sealed_ref: addition to slots that were given back.\n");
	}
}

/* Take the oldest block out of the pool if it has more than @keep. Return: the block, or NULL. */
static struct percpu_block *sealed_block_pool_pop(unsigned int keep)
{
	struct llist_node *node;
	unsigned long flags;

	raw_spin_lock_irqsave(&pool.lock, flags);
	node = pool.nr > keep ? pool.first : NULL;
	if (node) {
		pool.first = node->next;
		if (!pool.first)
			pool.end = &pool.first;
		pool.nr--;
	}
	raw_spin_unlock_irqrestore(&pool.lock, flags);
	if (!node)
		return NULL;
	sealed_block_check_poison(llist_entry(node, struct percpu_block, node));
	return llist_entry(node, struct percpu_block, node);
}

static void sealed_block_pool_push(struct percpu_block *block)
{
	unsigned long flags;

	sealed_block_fill(block, SLOT_POISON);
	block->node.next = NULL;
	raw_spin_lock_irqsave(&pool.lock, flags);
	*pool.end = &block->node;
	pool.end = &block->node.next;
	pool.nr++;
	raw_spin_unlock_irqrestore(&pool.lock, flags);
}

static void sealed_block_free(struct percpu_block *block)
{
	free_percpu(block->slots);
	kfree(block);
}

/**
 * sealed_block_alloc - get a block, all its slots sealed
 * @gfp: how to allocate
 *
 * Return: the block, or NULL.
 */
struct percpu_block *sealed_block_alloc(gfp_t gfp)
{
	struct rs_alloc_site *site = &rsref_sites[SITE_SEALED_SLOTS];
	struct percpu_block *block = NULL;

	if (rs_alloc_should_fail(site))
		goto out;
	block = sealed_block_pool_pop(0);
	if (!block) {
		/* The block outlives the counter in the pool, and so no cgroup pays for it. */
		gfp &= ~__GFP_ACCOUNT;
		block = kmalloc(struct_size(block, opened, BITS_TO_LONGS(nr_cpu_ids)), gfp);
		if (!block)
			goto out;
		block->slots = alloc_percpu_gfp(s64, gfp);
		if (!block->slots) {
			kfree(block);
			block = NULL;
			goto out;
		}
	}
	sealed_block_fill(block, SLOT_SEALED);
	bitmap_zero(block->opened, nr_cpu_ids);
out:
	rs_alloc_result(site, block);
	return block;
}

static void sealed_block_wait_for_preempted(struct rcu_head *rcu);

/* Begin to wait for the stragglers of retired blocks, unless a wait is under way. */
static void sealed_block_wait(void)
{
	while (!llist_empty(&waiting.retired) &&
	       !test_and_set_bit_lock(WAIT_BUSY, &waiting.busy)) {
		waiting.batch = llist_del_all(&waiting.retired);
		if (waiting.batch) {
			call_rcu_tasks(&waiting.rcu, sealed_block_wait_for_preempted);
			return;
		}
		clear_bit_unlock(WAIT_BUSY, &waiting.busy);
		/* Pairs with llist_add() in sealed_block_retire(): either side sees the other. */
		smp_mb__after_atomic();
	}
}

/* No straggler is left: the blocks of the batch may be used again. */
static void sealed_block_recycle(struct work_struct *work)
{
	struct llist_node *node, *next;
	struct percpu_block *block;

	llist_for_each_safe(node, next, waiting.batch) {
		sealed_block_pool_push(llist_entry(node, struct percpu_block, node));
		while ((block = sealed_block_pool_pop(READ_ONCE(sealed_pool))))
			sealed_block_free(block);
		cond_resched();
	}
	clear_bit_unlock(WAIT_BUSY, &waiting.busy);
	smp_mb__after_atomic();	/* as in sealed_block_wait() */
	sealed_block_wait();
	wake_up_all(&waiting.idle);
}

/* Called after a grace period of RCU, which followed one of Tasks RCU. */
static void sealed_block_wait_for_interrupted(struct rcu_head *rcu)
{
	/* There may be very many blocks: a work may take its time. */
	queue_work(rsref_workqueue, &waiting.recycle);
}

/* Called after a grace period of Tasks RCU. */
static void sealed_block_wait_for_preempted(struct rcu_head *rcu)
{
	rs_call_rcu_hurry(rcu, sealed_block_wait_for_interrupted);
}

/**
 * sealed_block_retire - give a block back
 * @block: a block that no counter points to any more; or NULL
 *
 * Context: any but NMI.
 */
void sealed_block_retire(struct percpu_block *block)
{
	if (!block)
		return;
	/*
	 * Without Tasks RCU a straggler is known to be gone only when the module whose code it
	 * ran is. So the block stays until rsref.ko is unloaded, and counts as not freed.
	 */
	if (!RS_HAVE_TASKS_RCU) {
		llist_add(&block->node, &waiting.retired);
		return;
	}
	rs_alloc_returned(&rsref_sites[SITE_SEALED_SLOTS]);
	llist_add(&block->node, &waiting.retired);
	sealed_block_wait();
}

void sealed_block_module_init(void)
{
	if (!RS_HAVE_TASKS_RCU)
		pr_notice("rsref: this kernel preempts and has no Tasks RCU: memory of rs_sealed_ref's slots is given back when rsref is unloaded, not before\n");
	INIT_WORK(&waiting.recycle, sealed_block_recycle);
	init_waitqueue_head(&waiting.idle);
}

/* Without Tasks RCU: the last module that could have a straggler is gone. */
static void sealed_block_free_retired(void)
{
	struct llist_node *node, *next;

	llist_for_each_safe(node, next, llist_del_all(&waiting.retired)) {
		rs_alloc_returned(&rsref_sites[SITE_SEALED_SLOTS]);
		sealed_block_free(llist_entry(node, struct percpu_block, node));
		cond_resched();
	}
}

/* All counters have ended. Waits for their stragglers. */
void sealed_block_module_exit(void)
{
	struct percpu_block *block;

	if (!RS_HAVE_TASKS_RCU)
		sealed_block_free_retired();
	wait_event_idle(waiting.idle, llist_empty(&waiting.retired) &&
			!test_bit(WAIT_BUSY, &waiting.busy));
	while ((block = sealed_block_pool_pop(0)))
		sealed_block_free(block);
}
