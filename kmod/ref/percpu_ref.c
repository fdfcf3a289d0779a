// SPDX-License-Identifier: GPL-2.0
/*
 * rs_percpu_ref: init, and what its inline functions call when they cannot use a slot. See
 * <refstorm/percpu_ref.h>; percpu_count.c tells how per-CPU counts work, rcu_engine.c how their
 * slots are collected for this counter.
 */
#include <linux/export.h>

#include <refstorm/percpu_ref.h>

#include "percpu_dynamic.h"
#include "percpu_data.h"
#include "rcu_engine.h"

/*
 * percpu_count_dropped() may call release(), so it runs in a read-side critical section that can
 * be preempted. The two sections overlap, since @count has to stay.
 */
static noinline void percpu_ref_dropped(struct rs_percpu_count *count, u64 old, u64 nr)
	__must_hold(RCU_SCHED)
{
	rcu_read_lock();
	rcu_read_unlock_sched();
	percpu_count_dropped(count, old, nr);
	rcu_read_lock_sched();
	rcu_read_unlock();
}

/**
 * __rs_percpu_ref_misused_nr - more references in one call than the word has room for
 * @ref: the counter, not in per-CPU mode
 * @nr: how many, more than %RS_PERCPU_REF_NR_MAX
 *
 * Context: any; RCU read-side critical section.
 * Return: 0, which the caller takes or drops instead.
 */
unsigned long __rs_percpu_ref_misused_nr(struct rs_percpu_ref *ref, unsigned long nr)
{
	percpu_count_misused_nr(percpu_data_count(&ref->data), nr);
	return 0;
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_misused_nr);

/**
 * __rs_percpu_ref_get_slow - take references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_get_many(). Calls no callback.
 *
 * Context: rcu_read_lock_sched().
 */
void __rs_percpu_ref_get_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	percpu_count_get(percpu_data_count(&ref->data), nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_get_slow);

/**
 * __rs_percpu_ref_put_slow - drop references from the shared word
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_put_many(); may call release().
 *
 * Context: rcu_read_lock_sched(), which it may leave for a while.
 */
void __rs_percpu_ref_put_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	struct rs_percpu_count *count = percpu_data_count(&ref->data);
	u64 old;

	if (percpu_count_drop(count, nr, &old))
		percpu_ref_dropped(count, old, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_put_slow);

/**
 * __rs_percpu_ref_tryget_slow - take references unless the shared word is zero
 * @ref: the counter, not in per-CPU mode
 * @nr: how many
 *
 * The rest of rs_percpu_ref_tryget_many().
 *
 * Context: RCU read-side critical section.
 * Return: true if they were taken.
 */
bool __rs_percpu_ref_tryget_slow(struct rs_percpu_ref *ref, unsigned long nr)
{
	return percpu_count_tryget_many(percpu_data_count(&ref->data), nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_slow);

/**
 * __rs_percpu_ref_tryget_live_slow - take a reference unless DEAD or zero
 * @ref: the counter, not in per-CPU mode
 *
 * The rest of rs_percpu_ref_tryget_live_rcu().
 *
 * Context: RCU read-side critical section.
 * Return: true if it was taken.
 */
bool __rs_percpu_ref_tryget_live_slow(struct rs_percpu_ref *ref)
{
	return percpu_count_tryget(percpu_data_count(&ref->data), 1, true);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_live_slow);

/**
 * rs_percpu_ref_init - begin a counter
 * @ref: the counter
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 *
 * Unless @flags say otherwise the counter begins in per-CPU mode, with one reference, which is
 * the owner's. On error @ref is as after rs_percpu_ref_exit().
 *
 * Context: as @gfp says.
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release.
 */
int rs_percpu_ref_init(struct rs_percpu_ref *ref, rs_percpu_ref_func_t *release,
		       unsigned int flags, gfp_t gfp)
{
	ref->percpu_count_ptr = __RS_PERCPU_REF_ATOMIC;
	return percpu_data_init(&ref->data, &rcu_engine, ref,
				(struct __rs_percpu_callback *)release, flags, gfp);
}
EXPORT_SYMBOL_GPL(rs_percpu_ref_init);
