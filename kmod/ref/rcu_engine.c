// SPDX-License-Identifier: GPL-2.0
/*
 * The RCU engine: how CPUs count for rs_percpu_ref, and how their slots are collected.
 *
 * A task that read the slot pointer before ATOMIC was set in the pointer may add to its slot
 * later, but until then the task is an RCU reader. An RCU callback sums the slots, so every
 * addition to a slot is in the sum; every later get or put has seen ATOMIC.
 *
 *	putter			switch			RCU callback
 *	------			------			------------
 *	rcu_read_lock()
 *	read pointer
 *				set ATOMIC
 *				call_rcu()
 *	slot -= 1
 *	rcu_read_unlock()
 *				  (grace period)
 *							sum slots: -1 is in
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include <refstorm/alloc.h>
#include <refstorm/percpu_ref.h>

#include "percpu_count.h"
#include "rcu_engine.h"
#include "rsref.h"

static struct rs_percpu_ref *rcu_engine_ref(const struct rs_percpu_count *count)
{
	return count->ref;
}

/* The block is a pointer to the slots, and nothing else. */
static unsigned long __percpu *rcu_engine_slots(const struct percpu_block *block)
{
	return (unsigned long __percpu __force *)(unsigned long)block;
}

static struct percpu_block *rcu_engine_alloc(gfp_t gfp)
{
	return (struct percpu_block *)(unsigned long __force)
		rs_alloc_percpu(&rsref_sites[SITE_PERCPU_REF_SLOTS], unsigned long, gfp);
}

static void rcu_engine_discard(struct percpu_block *block)
{
	rs_free_percpu(&rsref_sites[SITE_PERCPU_REF_SLOTS], rcu_engine_slots(block));
}

static void rcu_engine_publish(struct rs_percpu_count *count, struct percpu_block *block)
{
	WRITE_ONCE(rcu_engine_ref(count)->percpu_count_ptr,
		   (unsigned long)block | __RS_PERCPU_REF_ATOMIC);
}

static void rcu_engine_open(struct rs_percpu_count *count)
{
	unsigned long __percpu *slots = rcu_engine_slots(count->block);
	int cpu;

	for_each_slot_cpu(cpu)
		WRITE_ONCE(*per_cpu_ptr(slots, cpu), 0);
	/* Pairs with the address dependency of readers of the pointer: they find the slots zero. */
	smp_store_release(&rcu_engine_ref(count)->percpu_count_ptr, (unsigned long)slots);
}

/* A grace period after ATOMIC was set, no task can still add to a slot. */
static void rcu_engine_collect_rcu(struct rcu_head *rcu)
{
	struct rs_percpu_count *count = container_of(rcu, struct rs_percpu_count, rcu);
	unsigned long __percpu *slots = rcu_engine_slots(count->block);
	unsigned long sum = 0;
	int cpu;

	for_each_slot_cpu(cpu)
		sum += *per_cpu_ptr(slots, cpu);
	percpu_count_collected(count, sum);
}

static void rcu_engine_collect(struct rs_percpu_count *count)
{
	struct rs_percpu_ref *ref = rcu_engine_ref(count);

	WRITE_ONCE(ref->percpu_count_ptr, ref->percpu_count_ptr | __RS_PERCPU_REF_ATOMIC);
	rs_call_rcu_hurry(&count->rcu, rcu_engine_collect_rcu);
}

/* A get and its put on another CPU leave two slots that are not zero. */
static bool rcu_engine_used(const struct rs_percpu_count *count)
{
	unsigned long __percpu *slots = rcu_engine_slots(count->block);
	unsigned long used = 0;
	int cpu;

	if (slots) {
		for_each_slot_cpu(cpu)
			used |= READ_ONCE(*per_cpu_ptr(slots, cpu));
	}
	return used;
}

static void rcu_engine_call(struct __rs_percpu_callback *callback, void *ref)
{
	((rs_percpu_ref_func_t *)callback)(ref);
}

static struct rs_percpu_ref exited_ref = {
	.percpu_count_ptr = __RS_PERCPU_REF_ATOMIC,
};

static struct rs_percpu_count exited =
	PERCPU_COUNT_EXITED(exited, &rcu_engine, &exited_ref);

const struct percpu_engine rcu_engine = {
	.name		= "rs_percpu_ref",
	.exited		= &exited,
	.alloc		= rcu_engine_alloc,
	.discard	= rcu_engine_discard,
	.publish	= rcu_engine_publish,
	.open		= rcu_engine_open,
	.collect	= rcu_engine_collect,
	.used		= rcu_engine_used,
	.call		= rcu_engine_call,
	/* On PREEMPT_RT free_percpu() takes a lock that sleeps. */
	.discard_sleeps	= IS_ENABLED(CONFIG_PREEMPT_RT),
};
