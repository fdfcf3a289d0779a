/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_percpu_ref: a reference count spread over the CPUs until it is killed.
 *
 * While a counter lives nobody has to know whether it is zero, because its
 * owner holds the initial reference. So get and put only add to a slot of
 * the CPU that they run on. The owner ends that with rs_percpu_ref_kill():
 * the counter goes over to one shared word, the slots are collected into it,
 * the initial reference is dropped, and from then on whoever drops the last
 * one calls release().
 *
 * This is the RCU engine: get and put are RCU read-side critical sections, a few
 * instructions with preemption disabled, and the slots are collected after a grace
 * period, when no CPU can still be about to add to one. As in mainline, users must
 * not rely on a grace period between kill and release: there is none if the counter
 * was atomic before.
 *
 * The interface is that of <linux/percpu-refcount.h>, with these differences:
 * kill returns whether it was the first; exit may be called twice, and waits
 * for a collection that is still under way; after exit the counter answers
 * as one that is dead and zero; misuse that can be seen saturates the counter.
 *
 * A counter may sit at zero between init and exit without being killed, as md's
 * writes_pending does, and references may be taken from there. As in mainline release() is
 * called each time that the shared word comes to zero. A get at zero is reported as misuse
 * only once the counter was killed.
 *
 * Where the comments of functions below say "if a switch is under way", a switch is meant
 * that the user has asked for: by kill, switch_to_atomic or track. A dynamic counter
 * switches by itself, too. No function sleeps for that, and its memory may be given back a
 * little after exit.
 */
#ifndef _REFSTORM_PERCPU_REF_H
#define _REFSTORM_PERCPU_REF_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include <refstorm/compat.h>
#endif

struct rs_percpu_ref;
struct rs_percpu_count;

/**
 * typedef rs_percpu_ref_func_t - release and confirmation callbacks
 * @ref: the counter
 *
 * Context: softirq or the context of a put, in an RCU read-side critical
 * section; must not sleep. No lock of ours is held.
 */
typedef void (rs_percpu_ref_func_t)(struct rs_percpu_ref *ref);

/* In the low bits of percpu_count_ptr */
#define __RS_PERCPU_REF_ATOMIC	1UL

/**
 * enum rs_percpu_ref_init_flags - how a counter begins
 * @RS_PERCPU_REF_INIT_ATOMIC: in atomic mode, and stay there until
 *	rs_percpu_ref_switch_to_percpu(); implies ALLOW_REINIT
 * @RS_PERCPU_REF_INIT_DEAD: as if killed and released, until
 *	rs_percpu_ref_reinit(); implies ALLOW_REINIT
 * @RS_PERCPU_REF_ALLOW_REINIT: may be resurrected; slots are kept for that
 * @RS_PERCPU_REF_DYNAMIC: without slots, until there are so many gets that
 *	they are worth their memory, and again when there are not
 * @RS_PERCPU_REF_INIT_TRACKED: tracked from its first reference on, until
 *	rs_percpu_ref_untrack(); see <refstorm/track.h>
 */
enum rs_percpu_ref_init_flags {
	RS_PERCPU_REF_INIT_ATOMIC	= BIT(0),
	RS_PERCPU_REF_INIT_DEAD		= BIT(1),
	RS_PERCPU_REF_ALLOW_REINIT	= BIT(2),
	RS_PERCPU_REF_DYNAMIC		= BIT(3),
	RS_PERCPU_REF_INIT_TRACKED	= BIT(4),
};

/**
 * struct rs_percpu_ref - per-CPU reference count
 * @percpu_count_ptr: the slots, or __RS_PERCPU_REF_ATOMIC; private
 * @data: the rest, which the fast path does not touch; private
 */
struct rs_percpu_ref {
	unsigned long				percpu_count_ptr;
	struct rs_percpu_count __rcu		*data;
};

/**
 * enum rs_percpu_ref_mode - how a counter counts
 * @RS_PERCPU_REF_PERCPU: in the slots
 * @RS_PERCPU_REF_SWITCHING: in the shared word; slots not collected yet
 * @RS_PERCPU_REF_ATOMIC: in the shared word
 */
enum rs_percpu_ref_mode {
	RS_PERCPU_REF_PERCPU,
	RS_PERCPU_REF_SWITCHING,
	RS_PERCPU_REF_ATOMIC,
};

/**
 * struct rs_percpu_ref_state - what rs_percpu_ref_inspect() saw
 * @mode: how the counter counts
 * @count: references, meaningful in %RS_PERCPU_REF_ATOMIC only
 * @dying: it was killed
 * @saturated: misuse was seen; it will never be released
 */
struct rs_percpu_ref_state {
	enum rs_percpu_ref_mode	mode;
	u64			count;
	bool			dying;
	bool			saturated;
};

int __must_check rs_percpu_ref_init(struct rs_percpu_ref *ref,
				    rs_percpu_ref_func_t *release,
				    unsigned int flags, gfp_t gfp);
void rs_percpu_ref_exit(struct rs_percpu_ref *ref);
void rs_percpu_ref_cancel_init(struct rs_percpu_ref *ref);
bool rs_percpu_ref_kill_and_confirm(struct rs_percpu_ref *ref,
				    rs_percpu_ref_func_t *confirm);
bool rs_percpu_ref_kill_two_stage(struct rs_percpu_ref *ref,
				  rs_percpu_ref_func_t *confirm);
void rs_percpu_ref_switch_to_atomic(struct rs_percpu_ref *ref,
				    rs_percpu_ref_func_t *confirm);
void rs_percpu_ref_switch_to_atomic_sync(struct rs_percpu_ref *ref);
int rs_percpu_ref_switch_to_percpu(struct rs_percpu_ref *ref);
int rs_percpu_ref_resurrect(struct rs_percpu_ref *ref);
int rs_percpu_ref_reinit(struct rs_percpu_ref *ref);
int rs_percpu_ref_set_threshold(struct rs_percpu_ref *ref, unsigned int threshold);
bool rs_percpu_ref_is_zero(struct rs_percpu_ref *ref);
bool rs_percpu_ref_is_dying(struct rs_percpu_ref *ref);
void rs_percpu_ref_inspect(struct rs_percpu_ref *ref,
			   struct rs_percpu_ref_state *state);

/*
 * What a counter can count to, and the most references that one call may take or drop. More
 * in one call is misuse: one warning, and the counter saturates.
 */
#define RS_PERCPU_REF_NR_MAX	((1ULL << 59) - 1)

unsigned long __rs_percpu_ref_misused_nr(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_get_slow(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_put_slow(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_slow(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_live_slow(struct rs_percpu_ref *ref);

/**
 * rs_percpu_ref_kill - drop the initial reference
 * @ref: the counter
 *
 * rs_percpu_ref_kill_and_confirm() without confirmation.
 *
 * Context: any but NMI. Return: true for the first caller only.
 */
static inline bool rs_percpu_ref_kill(struct rs_percpu_ref *ref)
{
	return rs_percpu_ref_kill_and_confirm(ref, NULL);
}

/*
 * For C++, which cannot inline what follows: an RCU read-side critical section is not
 * the same instructions in each kernel. Defined in kmod/ref/cxx_calls.c.
 */
void __rs_percpu_ref_get_call(struct rs_percpu_ref *ref, unsigned long nr);
void __rs_percpu_ref_put_call(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_call(struct rs_percpu_ref *ref, unsigned long nr);
bool __rs_percpu_ref_tryget_live_call(struct rs_percpu_ref *ref);

#ifndef __cplusplus
/*
 * The RCU read-side critical sections here are those of disabled preemption, for
 * which every grace period waits, too: two instructions, where rcu_read_lock() and
 * rcu_read_unlock() are calls if the kernel is preemptible. They are as long as an
 * addition. Whatever takes longer, release() above all, goes over to the other kind.
 */

/*
 * True, and the slots, if the counter is in per-CPU mode. The pointer is read
 * once: ATOMIC may be set at any time, and a second read could see it.
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

/* For the shared word. Nothing is left of this where @nr is a constant. */
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
 * Succeeds on a killed counter as long as somebody holds a reference.
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
