// SPDX-License-Identifier: GPL-2.0
/*
 * A function for each operation on a refcount; scripts/check/ordering reads its arm64 object code.
 * Compiled and never run; Kbuild compiles it under several names: ours, mainline's, and copies
 * of ours that are broken on purpose.
 *
 * Calls mark the events: which answer was acted on, and where a lock was taken.
 */
#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "probes.h"

#ifdef NO_RELEASE
#define atomic_set_release		atomic_set
#define atomic_fetch_sub_release	atomic_fetch_sub_relaxed
#define atomic_try_cmpxchg_release	atomic_try_cmpxchg_relaxed
#endif

#ifdef NO_ACQUIRE
#define atomic_try_cmpxchg_acquire	atomic_try_cmpxchg_relaxed
#undef smp_acquire__after_ctrl_dep
#define smp_acquire__after_ctrl_dep()	do { } while (0)
#endif

#ifdef TOO_STRONG
#define atomic_fetch_add_relaxed	atomic_fetch_add
#define atomic_try_cmpxchg_relaxed	atomic_try_cmpxchg
#endif

/* Misuse ends a path, so its function stays out of line. */
#ifdef MAINLINE
#define count_t		refcount_t
#define COUNTER(name)	refcount_##name
#define WITH_OLD(name)	__refcount_##name
noinline void refcount_warn_saturate(refcount_t *r, enum refcount_saturation_type kind);
#else
#include <refstorm/refcount.h>
#define count_t		rs_refcount_t
#define COUNTER(name)	rs_refcount_##name
#define WITH_OLD(name)	__rs_refcount_##name
noinline void rs_refcount_warn_saturate(rs_refcount_t *r, enum rs_refcount_saturation_type kind);
#undef HAVE_ACQUIRE
#undef HAVE_LIMITED
#undef HAVE_SET_RELEASE
#define HAVE_ACQUIRE		1
#define HAVE_LIMITED		1
#define HAVE_SET_RELEASE	1
#endif

#define mutex_lock(lock)			lock_taken(lock)
#define mutex_unlock(lock)			lock_dropped(lock)
#define spin_lock(lock)				lock_taken(lock)
#define spin_unlock(lock)			lock_dropped(lock)
#undef spin_lock_irqsave
#define spin_lock_irqsave(lock, flags)		({ (flags) = 0; lock_taken(lock); })
#define spin_unlock_irqrestore(lock, flags)	lock_dropped(lock)

/* The out-of-line part, which the probes are to contain. */
#include SOURCE

static inline __always_inline void act_on(bool answer)
{
#ifdef NO_CONTROL
	answer_true();
#else
	if (answer)
		answer_true();
	else
		answer_false();
#endif
}

/* A probe and what it does; it may use any of the arguments. */
#define PROBE(name, what)							\
__flatten void probe_##name(count_t *r, int i, int limit, struct mutex *mutex,	\
			    spinlock_t *lock, unsigned long *flags)		\
{										\
	what;									\
}

PROBE(read, act_on(COUNTER(read)(r)))
PROBE(set, COUNTER(set)(r, i))
PROBE(inc, COUNTER(inc)(r))
PROBE(add, COUNTER(add)(i, r))
PROBE(dec, COUNTER(dec)(r))
PROBE(inc_not_zero, act_on(COUNTER(inc_not_zero)(r)))
PROBE(add_not_zero, act_on(COUNTER(add_not_zero)(i, r)))
PROBE(sub_and_test, act_on(COUNTER(sub_and_test)(i, r)))
PROBE(dec_and_test, act_on(COUNTER(dec_and_test)(r)))
PROBE(dec_if_one, act_on(COUNTER(dec_if_one)(r)))
PROBE(dec_not_one, act_on(COUNTER(dec_not_one)(r)))
PROBE(dec_and_mutex_lock, act_on(COUNTER(dec_and_mutex_lock)(r, mutex)))
PROBE(dec_and_lock, act_on(COUNTER(dec_and_lock)(r, lock)))
PROBE(dec_and_lock_irqsave, act_on(COUNTER(dec_and_lock_irqsave)(r, lock, flags)))
#if HAVE_SET_RELEASE
PROBE(set_release, COUNTER(set_release)(r, i))
#endif
#if HAVE_ACQUIRE
PROBE(inc_not_zero_acquire, act_on(COUNTER(inc_not_zero_acquire)(r)))
PROBE(add_not_zero_acquire, act_on(COUNTER(add_not_zero_acquire)(i, r)))
#endif
#if HAVE_LIMITED
PROBE(inc_limited_acquire, act_on(WITH_OLD(inc_not_zero_limited_acquire)(r, NULL, limit)))
PROBE(add_limited_acquire, act_on(WITH_OLD(add_not_zero_limited_acquire)(i, r, NULL, limit)))
#endif
