// SPDX-License-Identifier: GPL-2.0
/*
 * rs_sealed_ref: the functions of <refstorm/sealed_ref.h>.
 *
 * The state machine is in percpu_count.c, how CPUs count and are collected in
 * sealed_engine.c; what it shares with rs_percpu_ref, in percpu_handle.c.
 */
#include <linux/export.h>

#include <refstorm/sealed_ref.h>

#include "percpu_handle.h"
#include "sealed_engine.h"

/* The count of a counter whose slot could not be used for one reference. */
static __always_inline struct rs_percpu_count *slow_count(struct rs_sealed_ref *ref)
{
	/* Protected by RCU, or by the caller's reference. */
	return rcu_dereference_check(ref->data, true);
}

/* The same for @nr references. Return: false if no call may take or drop so many. */
static __always_inline bool slow_count_many(struct rs_sealed_ref *ref, unsigned long nr,
					    struct rs_percpu_count **count)
{
	sealed_engine_recentre(READ_ONCE(ref->slots));
	*count = slow_count(ref);
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
 * Preemption is off so that tracking can wait for a get that has counted and has not
 * recorded itself (percpu_track.c).
 *
 * Context: any.
 */
void __rs_sealed_ref_get_one_slow(struct rs_sealed_ref *ref)
{
	preempt_disable();
	percpu_count_get(slow_count(ref), 1);
	preempt_enable();
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_get_one_slow);

/**
 * __rs_sealed_ref_put_one_slow - drop a reference from the shared word
 * @ref: the counter
 *
 * The rest of rs_sealed_ref_put(). The decrement and the release() that it may lead
 * to share a read-side critical section: users rely on that, and the count
 * outlives what the last other holder does then.
 *
 * Context: any that release() can stand.
 */
void __rs_sealed_ref_put_one_slow(struct rs_sealed_ref *ref)
{
	rcu_read_lock();
	percpu_count_put(slow_count(ref), 1);
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
	if (slow_count_many(ref, nr, &count))
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
	if (slow_count_many(ref, nr, &count))
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
	ret = percpu_count_tryget_many(slow_count(ref), nr);
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
	ret = percpu_count_tryget(slow_count(ref), 1, true);
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
	return percpu_handle_init(&ref->data, engines[kind], ref,
				  (struct percpu_callback *)release, flags, gfp);
}
EXPORT_SYMBOL_GPL(__rs_sealed_ref_init);

/**
 * rs_sealed_ref_exit - end a counter and free its memory
 * @ref: the counter; zeroed, or seen by rs_sealed_ref_init() at least
 *
 * As rs_percpu_ref_exit(). The memory of the slots is kept until no task can
 * still be about to add to one, which is tenths of a second, or longer if a task
 * does not sleep.
 *
 * Context: any but NMI, without locks of the scheduler's or of the timers'; may sleep
 * if a switch is under way, which cannot be the case in release(). No user may be in get,
 * put or tryget unless release() was called.
 */
void rs_sealed_ref_exit(struct rs_sealed_ref *ref)
{
	percpu_handle_exit(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_exit);

/**
 * rs_sealed_ref_cancel_init - end a counter that was never used
 * @ref: the counter; rs_sealed_ref_init() has returned, with whatever result
 *
 * As rs_percpu_ref_cancel_init().
 *
 * Context: any but NMI.
 */
void rs_sealed_ref_cancel_init(struct rs_sealed_ref *ref)
{
	percpu_handle_cancel_init(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_cancel_init);

/**
 * rs_sealed_ref_kill_and_confirm - drop the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * Any number of callers may race: one gets true; the others get false and have
 * changed nothing, and their @confirm is not called. A counter in per-CPU mode has
 * every CPU seal its slot, and then @confirm and release() are called in
 * softirq, @confirm first; no grace period has passed. On a counter that was atomic
 * already, both may be called before this returns.
 *
 * Context: any but NMI, between init and exit; does not sleep, does not allocate.
 * Ordering: everything before a successful kill is visible to release().
 * Return: true for the first caller only; false also if the initial reference
 * was dropped by a put, and the count is zero.
 */
bool rs_sealed_ref_kill_and_confirm(struct rs_sealed_ref *ref,
				    rs_sealed_ref_func_t *confirm)
{
	return percpu_handle_kill(&ref->data, (struct percpu_callback *)confirm, KILL_DROPS);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_kill_and_confirm);

/**
 * rs_sealed_ref_kill_two_stage - begin the end, and keep the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * As rs_percpu_ref_kill_two_stage().
 *
 * Context and ordering as for rs_sealed_ref_kill_and_confirm().
 * Return: true for the first caller only, who has to drop the initial
 * reference.
 */
bool rs_sealed_ref_kill_two_stage(struct rs_sealed_ref *ref,
				  rs_sealed_ref_func_t *confirm)
{
	return percpu_handle_kill(&ref->data, (struct percpu_callback *)confirm, KILL_KEEPS);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_kill_two_stage);

/**
 * rs_sealed_ref_switch_to_atomic - count in the shared word until told otherwise
 * @ref: the counter
 * @confirm: called once no CPU uses its slot any more, or NULL
 *
 * As rs_percpu_ref_switch_to_atomic().
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 */
void rs_sealed_ref_switch_to_atomic(struct rs_sealed_ref *ref,
				    rs_sealed_ref_func_t *confirm)
{
	percpu_count_switch_to_atomic(own_count(&ref->data), (struct percpu_callback *)confirm);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_switch_to_atomic);

/**
 * rs_sealed_ref_switch_to_atomic_sync - the same, and wait until it is done
 * @ref: the counter
 *
 * When it returns, the switch holds no reference any more.
 *
 * Context: process, between init and exit.
 */
void rs_sealed_ref_switch_to_atomic_sync(struct rs_sealed_ref *ref)
{
	percpu_count_switch_to_atomic_sync(own_count(&ref->data));
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_switch_to_atomic_sync);

/**
 * rs_sealed_ref_switch_to_percpu - count in slots again
 * @ref: the counter
 *
 * As rs_percpu_ref_switch_to_percpu(). Interrupts nobody: each CPU opens its
 * slot when it next finds it sealed.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL if it was killed and may not be reinitialised.
 */
int rs_sealed_ref_switch_to_percpu(struct rs_sealed_ref *ref)
{
	return percpu_count_switch_to_percpu(own_count(&ref->data));
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_switch_to_percpu);

/**
 * rs_sealed_ref_resurrect - take back a kill
 * @ref: the counter
 *
 * As rs_percpu_ref_resurrect().
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter was not killed, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then.
 */
int rs_sealed_ref_resurrect(struct rs_sealed_ref *ref)
{
	return percpu_handle_resurrect(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_resurrect);

/**
 * rs_sealed_ref_reinit - begin anew after release()
 * @ref: the counter, dead and zero
 *
 * As rs_percpu_ref_reinit().
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter is not dead and zero, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then.
 */
int rs_sealed_ref_reinit(struct rs_sealed_ref *ref)
{
	return percpu_handle_reinit(&ref->data);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_reinit);

/**
 * rs_sealed_ref_set_threshold - what is hot for this counter
 * @ref: a counter made with %RS_PERCPU_REF_DYNAMIC
 * @threshold: gets within a second that make it per-CPU
 *
 * Instead of rsref.ko's parameter dynamic_threshold.
 *
 * Context: any, between init and exit.
 * Return: 0, or -EINVAL if the counter is not a dynamic one.
 */
int rs_sealed_ref_set_threshold(struct rs_sealed_ref *ref, unsigned int threshold)
{
	return percpu_handle_set_threshold(&ref->data, threshold);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_set_threshold);

/**
 * rs_sealed_ref_is_zero - are there no references?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: ACQUIRE if true.
 * Return: true if the count is zero; always false in per-CPU mode.
 */
bool rs_sealed_ref_is_zero(struct rs_sealed_ref *ref)
{
	return count_is_zero(percpu_handle_read(&ref->data));
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_is_zero);

/**
 * rs_sealed_ref_is_dying - was the counter killed?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: none.
 * Return: true once a kill has begun.
 */
bool rs_sealed_ref_is_dying(struct rs_sealed_ref *ref)
{
	return percpu_handle_read(&ref->data) & COUNT_DEAD;
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_is_dying);

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

/**
 * rs_sealed_ref_inspect - look at a counter, for people
 * @ref: the counter
 * @state: where to write what was seen, at one instant
 *
 * Context: any, after init. Ordering: none.
 */
void rs_sealed_ref_inspect(struct rs_sealed_ref *ref, struct rs_percpu_ref_state *state)
{
	percpu_handle_inspect(&ref->data, state);
}
EXPORT_SYMBOL_GPL(rs_sealed_ref_inspect);
