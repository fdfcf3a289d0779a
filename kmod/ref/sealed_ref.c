// SPDX-License-Identifier: GPL-2.0
/*
 * rs_sealed_ref: init, and what its inline functions call when they cannot use a slot. See
 * <refstorm/sealed_ref.h>; percpu_count.c tells how per-CPU counts work, sealed_engine.c how their
 * slots are collected for this counter.
 */
#include <linux/export.h>

#include <refstorm/sealed_ref.h>

#include "percpu_data.h"
#include "sealed_engine.h"

/* The count of a counter whose slot could not be used. */
static __always_inline struct rs_percpu_count *sealed_ref_count(struct rs_sealed_ref *ref)
{
	/* RCU or the caller's reference keeps the count. */
	return rcu_dereference_check(ref->data.count, true);
}

/* The count, for @nr references. Return: false if no call may take or drop so many. */
static __always_inline bool sealed_ref_count_many(struct rs_sealed_ref *ref, unsigned long nr,
						  struct rs_percpu_count **count)
{
	sealed_engine_recentre(READ_ONCE(ref->slots));
	*count = sealed_ref_count(ref);
	if (likely(nr <= COUNT_NR_MAX))
		return true;
	percpu_count_misused_nr(*count, nr);
	return false;
}

/**
 * __rs_sealed_ref_get_one_slow - take a reference from the shared word
 * @ref: the counter
 *
 * The rest of rs_sealed_ref_get(). The caller's reference keeps the count in place.
 * Preemption is off so that percpu_holder.c can wait for a get that has counted and has not
 * recorded itself.
 *
 * Context: any.
 */
void __rs_sealed_ref_get_one_slow(struct rs_sealed_ref *ref)
{
	preempt_disable();
	percpu_count_get(sealed_ref_count(ref), 1);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_get_one_slow);

/**
 * __rs_sealed_ref_put_one_slow - drop a reference from the shared word
 * @ref: the counter
 *
 * The rest of rs_sealed_ref_put(). The decrement and the release() that may follow are in one
 * RCU read-side critical section: users rely on that, and it keeps the count in place if the
 * last other holder ends the counter meanwhile.
 *
 * Context: any that release() can stand.
 */
void __rs_sealed_ref_put_one_slow(struct rs_sealed_ref *ref)
{
	rcu_read_lock();
	percpu_count_put(sealed_ref_count(ref), 1);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_put_one_slow);

/**
 * __rs_sealed_ref_get_slow - take references from the shared word
 * @ref: the counter
 * @nr: how many
 *
 * The rest of rs_sealed_ref_get_many().
 *
 * Context: any.
 */
void __rs_sealed_ref_get_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
	struct rs_percpu_count *count;

	preempt_disable();
	if (sealed_ref_count_many(ref, nr, &count))
		percpu_count_get(count, nr);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_get_slow);

/**
 * __rs_sealed_ref_put_slow - drop references from the shared word
 * @ref: the counter
 * @nr: how many
 *
 * The rest of rs_sealed_ref_put_many().
 *
 * Context: any that release() can stand.
 */
void __rs_sealed_ref_put_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
	struct rs_percpu_count *count;

	rcu_read_lock();
	if (sealed_ref_count_many(ref, nr, &count))
		percpu_count_put(count, nr);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_put_slow);

/**
 * __rs_sealed_ref_tryget_slow - take references unless the shared word is zero
 * @ref: the counter
 * @nr: how many
 *
 * The rest of rs_sealed_ref_tryget_many().
 *
 * Context: any. Return: true if they were taken.
 */
bool __rs_sealed_ref_tryget_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
	bool ret;

	rcu_read_lock();
	sealed_engine_recentre(READ_ONCE(ref->slots));
	ret = percpu_count_tryget_many(sealed_ref_count(ref), nr);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_tryget_slow);

/**
 * __rs_sealed_ref_tryget_live_slow - take a reference unless DEAD or zero
 * @ref: the counter
 *
 * The rest of rs_sealed_ref_tryget_live().
 *
 * Context: any. Return: true if it was taken.
 */
bool __rs_sealed_ref_tryget_live_slow(struct rs_sealed_ref *ref)
{
	bool ret;

	rcu_read_lock();
	ret = percpu_count_tryget(sealed_ref_count(ref), 1, true);
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_tryget_live_slow);

/**
 * __rs_sealed_ref_init - begin a counter
 * @ref: the counter
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 * @kind: which of the engines the caller's inline functions are for
 *
 * rs_sealed_ref_init().
 *
 * Context: as @gfp says.
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release.
 */
int __rs_sealed_ref_init(struct rs_sealed_ref *ref, rs_sealed_ref_func_t *release,
			 unsigned int flags, gfp_t gfp, enum __rs_sealed_ref_kind kind)
{
	static const struct percpu_engine * const engines[] = {
#ifdef CONFIG_X86_64
		[__RS_SEALED_REF_BY_IPI]	= &sealed_ipi_engine,
#endif
		[__RS_SEALED_REF_BY_SWAP]	= &sealed_swap_engine,
	};

	ref->slots = &sealed_forever;
	return percpu_data_init(&ref->data, engines[kind], ref,
				(struct __rs_percpu_callback *)release, flags, gfp);
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_init);

/**
 * rs_sealed_ref_read_rounds - what collection has cost the machine so far
 * @rounds: where to write it; all zero on machines that are not interrupted
 *
 * Of all counters together, since rsref.ko was loaded.
 *
 * Context: any. Ordering: none.
 */
void rs_sealed_ref_read_rounds(struct rs_sealed_ref_rounds *rounds)
{
	*rounds = (struct rs_sealed_ref_rounds) { };
	if (IS_ENABLED(CONFIG_X86_64))
		sealed_round_read(rounds);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_read_rounds);
