/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_sealed_ref: a reference count spread over the CPUs whose get and put need no RCU read-side
 * critical section, and whose kill needs no grace period.
 *
 * BEWARE: no grace period lies between kill and release(). Mainline documents none either, but
 * its per-CPU mode always has one, and code may rely on it unknowingly. An object that RCU
 * readers find, and take a reference to with tryget, must be freed with kfree_rcu() or after
 * synchronize_rcu(); or it uses rs_percpu_ref, which has the same functions.
 *
 * Each CPU has a slot, a signed number. Open, the slot is about 2^62; sealed, about -2^62. Get
 * and put add to the slot of the CPU that they run on, one instruction, and the sign that this
 * leaves says whether the addition counted. One instruction decides and counts, so nothing has
 * to keep the two together. What was added to a sealed slot is never read, and the reference is
 * counted in one word that all CPUs share.
 *
 * Kill has each CPU that has used the counter seal its own slot: an interrupt to each of them,
 * tens of microseconds. CPUs that are idle, or in user mode and nohz_full, are not interrupted:
 * their slots are sealed for them. docs/sealed-slot.md tells why that is right, and what it costs.
 * A CPU with interrupts off, or a virtual one that does not run, delays kills. Slots of a counter
 * that was ended are kept until every task has slept or left the kernel once.
 *
 * "While RCU is watching": the functions below must not be called on a CPU that RCU takes for
 * idle, as in the idle loop or at the entry from user mode before context tracking. There kill may
 * seal the slot while the CPU adds to it, and the reference is lost. A call that finds the slot
 * sealed warns once; a call that finds the slot open cannot tell.
 *
 * Flags and modes are those of <refstorm/percpu_common.h>. Each function does what its namesake
 * of <refstorm/percpu_ref.h> does, except where its comment says otherwise.
 *
 * RS_SEALED_REF_GENERIC, defined for a whole module before this header is included, selects the
 * implementation on 64-bit atomic operations, which needs no interrupts between CPUs. It is the
 * only one for machines other than x86-64.
 */
#ifndef _REFSTORM_SEALED_REF_H
#define _REFSTORM_SEALED_REF_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include <refstorm/compat.h>
#endif

#include <refstorm/percpu_common.h>

#if !defined(__x86_64__) && !defined(RS_SEALED_REF_GENERIC)
#define RS_SEALED_REF_GENERIC
#endif

struct rs_sealed_ref;

/**
 * typedef rs_sealed_ref_func_t - release and confirmation callbacks
 * @ref: the counter
 *
 * Context: softirq or the context of a put, in an RCU read-side critical section; must not
 * sleep. rsref.ko holds no lock.
 */
typedef void (rs_sealed_ref_func_t)(struct rs_sealed_ref *ref);

/**
 * struct rs_sealed_ref - per-CPU reference count
 * @slots: of this counter, or those of all counters that have none, which are
 *	always sealed; private
 * @data: what the fast path does not touch; private
 */
struct rs_sealed_ref {
	s64 __percpu		*slots;
	struct rs_percpu_data	data;
};

/**
 * struct rs_sealed_ref_rounds - what collection has cost the machine so far
 * @rounds: in which slots were sealed; many kills may share one
 * @interrupts: sent to other CPUs for them
 */
struct rs_sealed_ref_rounds {
	u64	rounds;
	u64	interrupts;
};

/*
 * More references than this in one call go to the shared word, so that no slot comes near the
 * other side of zero: that would take 2^54 calls in a row, all gets or all puts, on one CPU. A
 * counter as a whole counts to 2^59, since the shared word has no room for more.
 */
#define __RS_SEALED_REF_MAX_NR	256

enum __rs_sealed_ref_kind { __RS_SEALED_REF_BY_IPI, __RS_SEALED_REF_BY_SWAP };

int __must_check __rs_sealed_ref_init(struct rs_sealed_ref *ref,
				      rs_sealed_ref_func_t *release, unsigned int flags,
				      gfp_t gfp, enum __rs_sealed_ref_kind kind);
void rs_sealed_ref_read_rounds(struct rs_sealed_ref_rounds *rounds);

void __rs_sealed_ref_get_one_slow(struct rs_sealed_ref *ref);
void __rs_sealed_ref_put_one_slow(struct rs_sealed_ref *ref);
void __rs_sealed_ref_get_slow(struct rs_sealed_ref *ref, unsigned long nr);
void __rs_sealed_ref_put_slow(struct rs_sealed_ref *ref, unsigned long nr);
bool __rs_sealed_ref_tryget_slow(struct rs_sealed_ref *ref, unsigned long nr);
bool __rs_sealed_ref_tryget_live_slow(struct rs_sealed_ref *ref);

/*
 * Add @nr to the slot of this CPU. Return: true if the slot was open, so that the addition
 * counted. Ordering: the CPU that seals the slot later sees what the caller did before.
 *
 * Any interrupt, NMI or migration may come between the load of the pointer and the addition.
 * The slots stay allocated, and no other counter's, for as long as a task may be there. On x86-64
 * the addition is a single instruction, and not locked: only the CPU itself may write to its
 * slot while the slot is open.
 *
 * KASAN and KCSAN are not told of the addition, nor are they of the kernel's own this_cpu_add().
 * A counter that was freed is reported when its pointer is read here. KASAN knows per-CPU memory
 * by the chunk only, and would see nothing in slots that were freed; sealed_block.c looks for
 * additions to those. KCSAN would need the address of the slot, which may be another CPU's when
 * the addition is done; no plain access exists that could race with it.
 */
#ifdef RS_SEALED_REF_GENERIC
static __always_inline bool __rs_sealed_ref_add(struct rs_sealed_ref *ref, long nr)
{
	s64 __percpu *slots = READ_ONCE(ref->slots);

	/* The task may have moved to another CPU: only the sum of all slots counts. */
	return atomic64_add_return(nr, (atomic64_t *)raw_cpu_ptr(slots)) >= 0;
}

#define __RS_SEALED_REF_KIND	__RS_SEALED_REF_BY_SWAP
#else
static __always_inline bool __rs_sealed_ref_add(struct rs_sealed_ref *ref, long nr)
{
	s64 *slot = (s64 *)(unsigned long __force)READ_ONCE(ref->slots);
	bool counted;

	asm volatile("addq %[nr], " RS_PERCPU_PREFIX "%[slot]"
		     : [slot] "+m" (*slot), "=@ccns" (counted)
		     : [nr] "er" (nr)
		     : "memory");
	return counted;
}

#define __RS_SEALED_REF_KIND	__RS_SEALED_REF_BY_IPI
#endif

/**
 * rs_sealed_ref_init - begin a counter
 * @ref: the counter
 * @release: called when the last reference is dropped
 * @flags: of enum rs_percpu_ref_init_flags
 * @gfp: how to allocate
 *
 * As rs_percpu_ref_init().
 *
 * Context: as @gfp says.
 * Return: 0, -ENOMEM, or -EINVAL for unknown @flags or no @release.
 */
static inline int __must_check rs_sealed_ref_init(struct rs_sealed_ref *ref,
						  rs_sealed_ref_func_t *release,
						  unsigned int flags, gfp_t gfp)
{
	return __rs_sealed_ref_init(ref, release, flags, gfp, __RS_SEALED_REF_KIND);
}

/**
 * rs_sealed_ref_exit - end a counter and free its memory
 * @ref: the counter; zeroed, or seen by rs_sealed_ref_init() at least
 *
 * The memory of the slots is kept until no task can still be about to add to one, which is
 * tenths of a second, or longer if a task does not sleep.
 *
 * Context: as for rs_percpu_ref_exit().
 */
static inline void rs_sealed_ref_exit(struct rs_sealed_ref *ref)
{
	__rs_percpu_count_exit(&ref->data);
}

/**
 * rs_sealed_ref_cancel_init - end a counter that was never used
 * @ref: the counter; rs_sealed_ref_init() has returned, with whatever result
 *
 * Context: any but NMI.
 */
static inline void rs_sealed_ref_cancel_init(struct rs_sealed_ref *ref)
{
	__rs_percpu_count_cancel_init(&ref->data);
}

/**
 * rs_sealed_ref_kill_and_confirm - drop the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * Any number of callers may race: one gets true; the others get false and have
 * changed nothing, and their @confirm is not called. A counter in per-CPU mode has
 * the CPUs that used it seal their slots, and then @confirm and release() are called in
 * softirq, @confirm first; no grace period has passed. On a counter that was atomic
 * already, both may be called before this returns.
 *
 * Context: any but NMI, between init and exit; does not sleep, does not allocate.
 * Ordering: everything before a successful kill is visible to release().
 * Return: true for the first caller only; false also if the initial reference
 * was dropped by a put, and the count is zero.
 */
static inline bool rs_sealed_ref_kill_and_confirm(struct rs_sealed_ref *ref,
						  rs_sealed_ref_func_t *confirm)
{
	return __rs_percpu_count_kill(&ref->data, (struct __rs_percpu_callback *)confirm,
				      __RS_PERCPU_KILL_DROPS);
}

/**
 * rs_sealed_ref_kill - rs_sealed_ref_kill_and_confirm() without confirmation
 * @ref: the counter
 *
 * Context: any but NMI. Return: true for the first caller only.
 */
static inline bool rs_sealed_ref_kill(struct rs_sealed_ref *ref)
{
	return rs_sealed_ref_kill_and_confirm(ref, NULL);
}

/**
 * rs_sealed_ref_kill_two_stage - begin the end, and keep the initial reference
 * @ref: the counter
 * @confirm: called once no tryget_live can succeed any more, or NULL
 *
 * Context and ordering as for rs_sealed_ref_kill_and_confirm().
 * Return: true for the first caller only, which has to drop the initial reference.
 */
static inline bool rs_sealed_ref_kill_two_stage(struct rs_sealed_ref *ref,
						rs_sealed_ref_func_t *confirm)
{
	return __rs_percpu_count_kill(&ref->data, (struct __rs_percpu_callback *)confirm,
				      __RS_PERCPU_KILL_KEEPS);
}

/**
 * rs_sealed_ref_switch_to_atomic - count in the shared word until told otherwise
 * @ref: the counter
 * @confirm: called once no CPU uses its slot any more, or NULL
 *
 * Context: any but NMI if no switch is under way, else process; between init and exit.
 */
static inline void rs_sealed_ref_switch_to_atomic(struct rs_sealed_ref *ref,
						  rs_sealed_ref_func_t *confirm)
{
	__rs_percpu_count_switch_to_atomic(&ref->data, (struct __rs_percpu_callback *)confirm);
}

/**
 * rs_sealed_ref_switch_to_atomic_sync - the same, and wait until it is done
 * @ref: the counter
 *
 * Context: process, between init and exit.
 */
static inline void rs_sealed_ref_switch_to_atomic_sync(struct rs_sealed_ref *ref)
{
	__rs_percpu_count_switch_to_atomic_sync(&ref->data);
}

/**
 * rs_sealed_ref_switch_to_percpu - count in slots again
 * @ref: the counter
 *
 * No CPU is interrupted: each opens its slot when a get or put next finds the slot sealed.
 *
 * Context: any but NMI if no switch is under way, else process; between init and exit.
 * Return: 0, or -EINVAL if the counter was killed and may not be reinitialised.
 */
static inline int rs_sealed_ref_switch_to_percpu(struct rs_sealed_ref *ref)
{
	return __rs_percpu_count_switch_to_percpu(&ref->data);
}

/**
 * rs_sealed_ref_resurrect - take back a kill
 * @ref: the counter
 *
 * Context: any but NMI if no switch is under way, else process; between init and exit.
 * Return: 0, or -EINVAL, with a warning, as rs_percpu_ref_resurrect().
 */
static inline int rs_sealed_ref_resurrect(struct rs_sealed_ref *ref)
{
	return __rs_percpu_count_resurrect(&ref->data);
}

/**
 * rs_sealed_ref_reinit - begin anew after release()
 * @ref: the counter, dead and zero
 *
 * Context: any but NMI if no switch is under way, else process; between init and exit.
 * Return: 0, or -EINVAL, with a warning, as rs_percpu_ref_reinit().
 */
static inline int rs_sealed_ref_reinit(struct rs_sealed_ref *ref)
{
	return __rs_percpu_count_reinit(&ref->data);
}

/**
 * rs_sealed_ref_set_threshold - what is hot for this counter
 * @ref: a counter made with %RS_PERCPU_REF_DYNAMIC
 * @threshold: gets within a second that make it per-CPU
 *
 * Context: any, between init and exit.
 * Return: 0, or -EINVAL if the counter is not a dynamic one.
 */
static inline int rs_sealed_ref_set_threshold(struct rs_sealed_ref *ref, unsigned int threshold)
{
	return __rs_percpu_count_set_threshold(&ref->data, threshold);
}

/**
 * rs_sealed_ref_is_zero - are there no references?
 * @ref: the counter
 *
 * Context: any, after init. Ordering: ACQUIRE if true.
 * Return: true if the count is zero; always false in per-CPU mode.
 */
static inline bool rs_sealed_ref_is_zero(struct rs_sealed_ref *ref)
{
	return __rs_percpu_count_is_zero(&ref->data);
}

/**
 * rs_sealed_ref_is_dying - was the counter killed?
 * @ref: the counter
 *
 * Context: any, after init. Return: true once a kill has begun.
 */
static inline bool rs_sealed_ref_is_dying(struct rs_sealed_ref *ref)
{
	return __rs_percpu_count_is_dying(&ref->data);
}

/**
 * rs_sealed_ref_inspect - look at a counter, for people
 * @ref: the counter
 * @state: where to write what was seen, at one instant
 *
 * Context: any, after init.
 */
static inline void rs_sealed_ref_inspect(struct rs_sealed_ref *ref,
					 struct rs_percpu_ref_state *state)
{
	__rs_percpu_count_inspect(&ref->data, state);
}

/**
 * rs_sealed_ref_get_many - take references
 * @ref: the counter; the caller holds a reference, or knows that the initial
 *	one is held
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; with 0 nothing happens
 *
 * Context: any, NMI included, between init and exit, while RCU is watching.
 * Ordering: none.
 */
static __always_inline void rs_sealed_ref_get_many(struct rs_sealed_ref *ref,
						   unsigned long nr)
{
	if (unlikely(nr > __RS_SEALED_REF_MAX_NR || !__rs_sealed_ref_add(ref, nr)))
		__rs_sealed_ref_get_slow(ref, nr);
}

/**
 * rs_sealed_ref_get - take a reference
 * @ref: the counter; the caller holds a reference, or knows that the initial
 *	one is held
 *
 * Context and ordering as for rs_sealed_ref_get_many().
 */
static __always_inline void rs_sealed_ref_get(struct rs_sealed_ref *ref)
{
	if (unlikely(!__rs_sealed_ref_add(ref, 1)))
		__rs_sealed_ref_get_one_slow(ref);
}

/**
 * rs_sealed_ref_tryget_many - take references unless the count is zero
 * @ref: the counter; something else than a reference (a lock, an RCU read-side
 *	critical section) keeps its memory in place
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; with 0 only the answer is given
 *
 * Succeeds on a killed counter as long as a reference is held.
 *
 * Context: any, NMI included, between init and exit, while RCU is watching.
 * Ordering: ACQUIRE on success.
 * Return: true if the references were taken.
 */
static __always_inline bool rs_sealed_ref_tryget_many(struct rs_sealed_ref *ref,
						      unsigned long nr)
{
	if (likely(nr <= __RS_SEALED_REF_MAX_NR && __rs_sealed_ref_add(ref, nr)))
		return true;
	return __rs_sealed_ref_tryget_slow(ref, nr);
}

/**
 * rs_sealed_ref_tryget - take a reference unless the count is zero
 * @ref: the counter; something else than a reference keeps its memory in place
 *
 * Context, ordering and return value as for rs_sealed_ref_tryget_many().
 */
static __always_inline bool rs_sealed_ref_tryget(struct rs_sealed_ref *ref)
{
	return rs_sealed_ref_tryget_many(ref, 1);
}

/**
 * rs_sealed_ref_tryget_live - take a reference unless it was killed
 * @ref: the counter; something else than a reference keeps its memory in place
 *
 * May succeed for a while after kill has returned; never once the callback of
 * rs_sealed_ref_kill_and_confirm() has been called.
 *
 * Context: any, NMI included, between init and exit, while RCU is watching.
 * Ordering: ACQUIRE on success.
 * Return: true if the reference was taken.
 */
static __always_inline bool rs_sealed_ref_tryget_live(struct rs_sealed_ref *ref)
{
	if (likely(__rs_sealed_ref_add(ref, 1)))
		return true;
	return __rs_sealed_ref_tryget_live_slow(ref);
}

/**
 * rs_sealed_ref_tryget_live_rcu - take a reference unless it was killed
 * @ref: the counter
 *
 * rs_sealed_ref_tryget_live(), under the name of its like for rs_percpu_ref.
 *
 * Context: RCU read-side critical section, between init and exit.
 * Return: true if the reference was taken.
 */
static __always_inline bool rs_sealed_ref_tryget_live_rcu(struct rs_sealed_ref *ref)
{
	return rs_sealed_ref_tryget_live(ref);
}

/**
 * rs_sealed_ref_put_many - drop references
 * @ref: the counter
 * @nr: how many, at most %RS_PERCPU_REF_NR_MAX; the caller holds them; with 0 nothing
 *	happens
 *
 * If they were the last, release() is called here, in an RCU read-side critical
 * section. Otherwise @ref is not touched after the decrement.
 *
 * Context: any that release() can stand, between init and exit, while RCU is
 * watching.
 * Ordering: everything before the put is visible to release().
 */
static __always_inline void rs_sealed_ref_put_many(struct rs_sealed_ref *ref,
						   unsigned long nr)
{
	if (unlikely(nr > __RS_SEALED_REF_MAX_NR || !__rs_sealed_ref_add(ref, -nr)))
		__rs_sealed_ref_put_slow(ref, nr);
}

/**
 * rs_sealed_ref_put - drop a reference
 * @ref: the counter; the caller holds a reference
 *
 * Context and ordering as for rs_sealed_ref_put_many().
 */
static __always_inline void rs_sealed_ref_put(struct rs_sealed_ref *ref)
{
	if (unlikely(!__rs_sealed_ref_add(ref, -1)))
		__rs_sealed_ref_put_one_slow(ref);
}

#endif /* _REFSTORM_SEALED_REF_H */
