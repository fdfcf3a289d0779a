/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_percpu_ref: a reference count spread over the CPUs until it is killed.
 *
 * While a counter lives, its owner holds the initial reference, so the count cannot be zero, and
 * get and put only add to a slot of the CPU that they run on. The owner ends that with
 * rs_percpu_ref_kill(): the counter goes over to one shared word, the slots are collected into
 * it, the initial reference is dropped, and from then on the put that drops the last reference
 * calls release(). kmod/ref/percpu_count.c tells why that is right.
 *
 * This is the RCU engine: get and put are RCU read-side critical sections, a few instructions
 * with preemption disabled, and the slots are collected after a grace period, when no CPU can
 * still be about to add to one. As in mainline, users must not rely on a grace period between
 * kill and release: there is none if the counter was atomic before.
 *
 * The interface is that of <linux/percpu-refcount.h>, with these differences: kill returns
 * whether it was the first; exit may be called twice, and waits for a collection that is still
 * under way; after exit the counter answers as one that is dead and zero; misuse that can be seen
 * saturates the counter.
 *
 * A counter may sit at zero between init and exit without being killed, as md's writes_pending
 * does, and references may be taken from there. As in mainline release() is called each time
 * that the shared word comes to zero. A get at zero is reported as misuse only once the counter
 * was killed.
 *
 * "If a switch is under way" means below: a switch that the user has asked for, by kill,
 * switch_to_atomic or track. A dynamic counter switches by itself, too. No function sleeps for
 * that, and its memory may be freed a little after exit.
 */
#ifndef _REFSTORM_PERCPU_REF_H
#define _REFSTORM_PERCPU_REF_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <refstorm/compat.h>
#endif

#include <refstorm/percpu_common.h>

struct rs_percpu_ref;

/**
 * typedef rs_percpu_ref_func_t - release and confirmation callbacks
 * @ref: the counter
 *
 * Context: softirq or the context of a put, in an RCU read-side critical section; must not
 * sleep. rsref.ko holds no lock.
 */
typedef void (rs_percpu_ref_func_t)(struct rs_percpu_ref *ref);

/* In the low bits of percpu_count_ptr */
#define __RS_PERCPU_REF_ATOMIC	1UL

/**
 * struct rs_percpu_ref - per-CPU reference count
 * @percpu_count_ptr: the slots, or __RS_PERCPU_REF_ATOMIC; private
 * @data: what the fast path does not touch; private
 */
struct rs_percpu_ref {
	unsigned long		percpu_count_ptr;
	struct rs_percpu_data	data;
};

int __must_check rs_percpu_ref_init(struct rs_percpu_ref *ref, rs_percpu_ref_func_t *release,
				    unsigned int flags, gfp_t gfp);

unsigned long __rs_percpu_ref_misused_nr(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_get_slow(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_put_slow(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_slow(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_live_slow(struct rs_percpu_ref *ref);

/**
 * rs_percpu_ref_exit - end a counter and free its memory
 * @ref: the counter; zeroed, or seen by rs_percpu_ref_init() at least
 *
 * The usual place is release(), or later. Elsewhere exit waits for a switch that is under
 * way, and for its confirmation. It does not wait for release(): a caller that has seen
 * rs_percpu_ref_is_zero() may still have release() running, or about to run, on another CPU,
 * and lets a grace period pass before it frees the object. Afterwards @ref answers as a
 * counter that is dead and zero, and its memory may be freed as soon as its last reader is
 * gone. A second exit does nothing.
 *
 * Context: any but NMI, without locks of the scheduler or of the timers; may sleep if a
 * switch is under way, which cannot be the case in release(). No user may be in get, put or
 * tryget unless release() was called.
 */
static inline void rs_percpu_ref_exit(struct rs_percpu_ref *ref)
{
	__rs_percpu_count_exit(&ref->data);
}

/**
 * rs_percpu_ref_cancel_init - end a counter that was never used
 * @ref: the counter; rs_percpu_ref_init() has returned, with whatever result
 *
 * For error paths of an object that was half constructed: release() is not called, and
 * cancel_init does not wait. It warns once if the counter was used. Linux 3.11 to 3.16 had it.
 *
 * Context: any but NMI.
 */
static inline void rs_percpu_ref_cancel_init(struct rs_percpu_ref *ref)
{
	__rs_percpu_count_cancel_init(&ref->data);
}

/**
 * rs_percpu_ref_kill_and_confirm - drop the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * Any number of callers may race: one gets true; the others get false and have
 * changed nothing, and their @confirm is not called. A counter in per-CPU mode
 * goes over to the shared word, and @confirm and release() are called no
 * sooner than a grace period from now, @confirm first. On a counter that was
 * atomic already, both may be called before this returns.
 *
 * Context: any but NMI, between init and exit; does not sleep.
 * Ordering: everything before a successful kill is visible to release().
 * Return: true for the first caller only; false also if the initial reference
 * was dropped by a put, and the count is zero.
 */
static inline bool rs_percpu_ref_kill_and_confirm(struct rs_percpu_ref *ref,
						  rs_percpu_ref_func_t *confirm)
{
	return __rs_percpu_count_kill(&ref->data, (struct __rs_percpu_callback *)confirm,
				      __RS_PERCPU_KILL_DROPS);
}

/**
 * rs_percpu_ref_kill - rs_percpu_ref_kill_and_confirm() without confirmation
 * @ref: the counter
 *
 * Context: any but NMI. Return: true for the first caller only.
 */
static inline bool rs_percpu_ref_kill(struct rs_percpu_ref *ref)
{
	return rs_percpu_ref_kill_and_confirm(ref, NULL);
}

/**
 * rs_percpu_ref_kill_two_stage - begin the end, and keep the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * The first stage of a shutdown in two: no tryget_live succeeds a grace period from now, and
 * zero is noticed. The second stage is rs_percpu_ref_put() of the initial reference by the
 * caller that got true, at any time. Per-CPU reference counts began like that (December
 * 2012); kill, which does both, is the modern form.
 *
 * Context and ordering as for rs_percpu_ref_kill_and_confirm().
 * Return: true for the first caller only, which has to drop the initial
 * reference.
 */
static inline bool rs_percpu_ref_kill_two_stage(struct rs_percpu_ref *ref,
						rs_percpu_ref_func_t *confirm)
{
	return __rs_percpu_count_kill(&ref->data, (struct __rs_percpu_callback *)confirm,
				      __RS_PERCPU_KILL_KEEPS);
}

/**
 * rs_percpu_ref_switch_to_atomic - count in the shared word until told otherwise
 * @ref: the counter
 * @confirm: called once no CPU uses its slot any more, or NULL
 *
 * The counter stays alive, and stays atomic, through kill and resurrection too,
 * until rs_percpu_ref_switch_to_percpu(). It need not allow to be reinitialised.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 */
static inline void rs_percpu_ref_switch_to_atomic(struct rs_percpu_ref *ref,
						  rs_percpu_ref_func_t *confirm)
{
	__rs_percpu_count_switch_to_atomic(&ref->data, (struct __rs_percpu_callback *)confirm);
}

/**
 * rs_percpu_ref_switch_to_atomic_sync - the same, and wait until it is done
 * @ref: the counter
 *
 * Afterwards the switch holds no reference, so rs_percpu_ref_is_zero() can be true.
 *
 * Context: process, between init and exit.
 */
static inline void rs_percpu_ref_switch_to_atomic_sync(struct rs_percpu_ref *ref)
{
	__rs_percpu_count_switch_to_atomic_sync(&ref->data);
}

/**
 * rs_percpu_ref_switch_to_percpu - count in slots again
 * @ref: the counter
 *
 * Takes back rs_percpu_ref_switch_to_atomic() and %RS_PERCPU_REF_INIT_ATOMIC. A counter that
 * is dying follows when it is resurrected, a dynamic one that is cold when it is hot, a tracked
 * one when its tracking ends.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL if it was killed and may not be reinitialised.
 */
static inline int rs_percpu_ref_switch_to_percpu(struct rs_percpu_ref *ref)
{
	return __rs_percpu_count_switch_to_percpu(&ref->data);
}

/**
 * rs_percpu_ref_resurrect - take back a kill
 * @ref: the counter
 *
 * The owner has the initial reference again. The caller makes sure that release() is not
 * called meanwhile, by a reference of its own, or because release() was called before.
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter was not killed, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then.
 */
static inline int rs_percpu_ref_resurrect(struct rs_percpu_ref *ref)
{
	return __rs_percpu_count_resurrect(&ref->data);
}

/**
 * rs_percpu_ref_reinit - begin anew after release()
 * @ref: the counter, dead and zero
 *
 * Context: any but NMI if no switch is under way, else process; between init
 * and exit.
 * Return: 0, or -EINVAL, with a warning, if the counter is not dead and zero, or
 * began without %RS_PERCPU_REF_ALLOW_REINIT; nothing has changed then. (Mainline
 * warns of a count that is not zero, and goes on.)
 */
static inline int rs_percpu_ref_reinit(struct rs_percpu_ref *ref)
{
	return __rs_percpu_count_reinit(&ref->data);
}

/**
 * rs_percpu_ref_set_threshold - what is hot for this counter
 * @ref: a counter made with %RS_PERCPU_REF_DYNAMIC
 * @threshold: gets within a second that make it per-CPU
 *
 * Instead of rsref.ko's parameter dynamic_threshold.
 *
 * Context: any, between init and exit.
 * Return: 0, or -EINVAL if the counter is not a dynamic one.
 */
static inline int rs_percpu_ref_set_threshold(struct rs_percpu_ref *ref, unsigned int threshold)
{
	return __rs_percpu_count_set_threshold(&ref->data, threshold);
}

/**
 * rs_percpu_ref_is_zero - are there no references?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: ACQUIRE if true.
 * Return: true if the count is zero; always false in per-CPU mode.
 */
static inline bool rs_percpu_ref_is_zero(struct rs_percpu_ref *ref)
{
	return __rs_percpu_count_is_zero(&ref->data);
}

/**
 * rs_percpu_ref_is_dying - was the counter killed?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: none.
 * Return: true once a kill has begun.
 */
static inline bool rs_percpu_ref_is_dying(struct rs_percpu_ref *ref)
{
	return __rs_percpu_count_is_dying(&ref->data);
}

/**
 * rs_percpu_ref_inspect - look at a counter, for people
 * @ref: the counter
 * @state: where to write what was seen, at one instant
 *
 * Context: any, after init. Ordering: none.
 */
static inline void rs_percpu_ref_inspect(struct rs_percpu_ref *ref,
					 struct rs_percpu_ref_state *state)
{
	__rs_percpu_count_inspect(&ref->data, state);
}

/*
 * For C++, which cannot inline the functions below: an RCU read-side critical section is not
 * the same instructions in each kernel. Defined in kmod/ref/cxx_calls.c.
 */
void __rs_percpu_ref_get_call(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_put_call(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_call(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_live_call(struct rs_percpu_ref *ref);

#ifndef __cplusplus
/*
 * The RCU read-side critical sections here disable preemption, for which every grace period
 * waits, too: two instructions, where rcu_read_lock() and rcu_read_unlock() are calls if the
 * kernel is preemptible. They are as long as an addition. What takes longer, release() above
 * all, is done in the other kind (percpu_ref_dropped()).
 */

/*
 * Return: true, with the slots, if the counter is in per-CPU mode. The pointer is read once:
 * ATOMIC may be set at any time, and a second read could see it.
 */
static inline bool __rs_percpu_ref_slots(const struct rs_percpu_ref *ref,
					 unsigned long __percpu **slots)
{
	unsigned long ptr = READ_ONCE(ref->percpu_count_ptr);

	if (unlikely(ptr & __RS_PERCPU_REF_ATOMIC))
		return false;
	*slots = (unsigned long __percpu *)ptr;
	return true;
}

/* @nr for the shared word, or 0 if it has no room. No code where @nr is a constant. */
static __always_inline unsigned long __rs_percpu_ref_nr(struct rs_percpu_ref *ref,
							unsigned long nr)
{
	return unlikely(nr > RS_PERCPU_REF_NR_MAX) ? __rs_percpu_ref_misused_nr(ref, nr) : nr;
}

/**
 * rs_percpu_ref_get_many - take references
 * @ref: the counter; the caller holds a reference, or knows that the initial
 *	one is held; or the counter sits at zero and was not killed, as mainline's may
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; with 0 nothing happens
 *
 * Context: any, between init and exit. Ordering: none.
 */
static inline void rs_percpu_ref_get_many(struct rs_percpu_ref *ref,
					  unsigned long nr)
{
	unsigned long __percpu *slots;

	rcu_read_lock_sched();
	if (likely(__rs_percpu_ref_slots(ref, &slots)))
		this_cpu_add(*slots, nr);
	else
		__rs_percpu_ref_get_slow(ref, __rs_percpu_ref_nr(ref, nr));
	rcu_read_unlock_sched();
}

/**
 * rs_percpu_ref_get - take a reference
 * @ref: the counter; the caller holds a reference, or knows that the initial
 *	one is held
 *
 * Context: any, between init and exit. Ordering: none.
 */
static inline void rs_percpu_ref_get(struct rs_percpu_ref *ref)
{
	rs_percpu_ref_get_many(ref, 1);
}

/**
 * rs_percpu_ref_tryget_many - take references unless the count is zero
 * @ref: the counter
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; with 0 only the answer is given
 *
 * Succeeds on a killed counter as long as a reference is held.
 *
 * Context: any, between init and exit. Ordering: ACQUIRE on success once the
 * counter is atomic, none in per-CPU mode.
 * Return: true if the references were taken.
 */
static inline bool rs_percpu_ref_tryget_many(struct rs_percpu_ref *ref,
					     unsigned long nr)
{
	unsigned long __percpu *slots;
	bool ret = true;

	rcu_read_lock_sched();
	if (likely(__rs_percpu_ref_slots(ref, &slots)))
		this_cpu_add(*slots, nr);
	else
		ret = __rs_percpu_ref_tryget_slow(ref, nr);
	rcu_read_unlock_sched();

	return ret;
}

/**
 * rs_percpu_ref_tryget - take a reference unless the count is zero
 * @ref: the counter
 *
 * Context, ordering and return value as for rs_percpu_ref_tryget_many().
 */
static inline bool rs_percpu_ref_tryget(struct rs_percpu_ref *ref)
{
	return rs_percpu_ref_tryget_many(ref, 1);
}

/**
 * rs_percpu_ref_tryget_live_rcu - take a reference unless it was killed
 * @ref: the counter
 *
 * rs_percpu_ref_tryget_live() for a caller that is an RCU reader already.
 *
 * Context: RCU read-side critical section, between init and exit.
 * Return: true if the reference was taken.
 */
static inline bool rs_percpu_ref_tryget_live_rcu(struct rs_percpu_ref *ref)
{
	unsigned long __percpu *slots;

	RCU_LOCKDEP_WARN(!rcu_read_lock_any_held(),
			 "rs_percpu_ref_tryget_live_rcu() needs an RCU read-side critical section");

	if (likely(__rs_percpu_ref_slots(ref, &slots))) {
		this_cpu_inc(*slots);
		return true;
	}
	return __rs_percpu_ref_tryget_live_slow(ref);
}

/**
 * rs_percpu_ref_tryget_live - take a reference unless it was killed
 * @ref: the counter
 *
 * May succeed for a while after kill has returned; never once the callback of
 * rs_percpu_ref_kill_and_confirm() has been called.
 *
 * Context: any, between init and exit.
 * Return: true if the reference was taken.
 */
static inline bool rs_percpu_ref_tryget_live(struct rs_percpu_ref *ref)
{
	bool ret;

	rcu_read_lock_sched();
	ret = rs_percpu_ref_tryget_live_rcu(ref);
	rcu_read_unlock_sched();

	return ret;
}

/**
 * rs_percpu_ref_put_many - drop references
 * @ref: the counter
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; the caller holds them; with 0 nothing
 *	happens
 *
 * If they were the last, release() is called here, still in the RCU read-side
 * critical section. Otherwise @ref is not touched after the decrement.
 *
 * Context: any that release() can stand, between init and exit.
 * Ordering: everything before the put is visible to release().
 */
static inline void rs_percpu_ref_put_many(struct rs_percpu_ref *ref,
					  unsigned long nr)
{
	unsigned long __percpu *slots;

	rcu_read_lock_sched();
	if (likely(__rs_percpu_ref_slots(ref, &slots)))
		this_cpu_sub(*slots, nr);
	else
		__rs_percpu_ref_put_slow(ref, __rs_percpu_ref_nr(ref, nr));
	rcu_read_unlock_sched();
}

/**
 * rs_percpu_ref_put - drop a reference
 * @ref: the counter; the caller holds a reference
 *
 * Context and ordering as for rs_percpu_ref_put_many().
 */
static inline void rs_percpu_ref_put(struct rs_percpu_ref *ref)
{
	rs_percpu_ref_put_many(ref, 1);
}
#endif /* __cplusplus */

#endif /* _REFSTORM_PERCPU_REF_H */
