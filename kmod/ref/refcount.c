// SPDX-License-Identifier: GPL-2.0
/*
 * The out-of-line part of rs_refcount_t: warnings, and operations that loop or take a lock.
 * <refstorm/refcount.h> says what saturation and memory ordering are.
 */
#include <linux/export.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <refstorm/refcount.h>

#include "warn.h"

static const struct {
	enum rsref_warning	kind;
	const char		*text;
} warnings[RS_REFCOUNT_SATURATION_NR] = {
	[RS_REFCOUNT_ADD_NOT_ZERO_OVF] = {
		WARN_REFCOUNT_ADD_NOT_ZERO_OVF, "saturated; leaking memory"
	},
	[RS_REFCOUNT_ADD_OVF] = {
		WARN_REFCOUNT_ADD_OVF, "saturated; leaking memory"
	},
	[RS_REFCOUNT_ADD_UAF] = {
		WARN_REFCOUNT_ADD_UAF, "addition on 0; use-after-free"
	},
	[RS_REFCOUNT_SUB_UAF] = {
		WARN_REFCOUNT_SUB_UAF, "underflow; use-after-free"
	},
	[RS_REFCOUNT_DEC_LEAK] = {
		WARN_REFCOUNT_DEC_LEAK, "decrement hit 0; leaking memory"
	},
};

/**
 * rs_refcount_warn_saturate - saturate a count after misuse
 * @r: the count
 * @kind: of misuse
 *
 * Called by the inline operations. Warns once of each @kind.
 *
 * Context: any.
 */
void rs_refcount_warn_saturate(rs_refcount_t *r, enum rs_refcount_saturation_type kind)
{
	rs_refcount_set(r, RS_REFCOUNT_SATURATED);

	if (kind < RS_REFCOUNT_SATURATION_NR)
		rsref_warn_once(warnings[kind].kind, "rs_refcount_t: %s.\n",
				warnings[kind].text);
}
EXPORT_SYMBOL_GPL(rs_refcount_warn_saturate);

/**
 * rs_refcount_dec_if_one - drop the last reference, if it is the last
 * @r: the count; the caller holds a reference
 *
 * Context: any. Ordering: RELEASE; a control dependency on success (case 6).
 * Return: true if the count went from 1 to 0.
 */
bool rs_refcount_dec_if_one(rs_refcount_t *r)
{
	int one = 1;

	return atomic_try_cmpxchg_release(&r->refs, &one, 0);
}
EXPORT_SYMBOL_GPL(rs_refcount_dec_if_one);

/* Also inlined into the operations that take a lock. */
static __always_inline bool __rs_refcount_dec_not_one(rs_refcount_t *r)
{
	int old = atomic_read(&r->refs);

	do {
		/* Neither saturated, nor zero, nor one? */
		if (unlikely((unsigned int)old - 2 > INT_MAX - 2)) {
			if (!old)
				rs_refcount_warn_saturate(r, RS_REFCOUNT_SUB_UAF);
			return old != 1;
		}
	} while (!atomic_try_cmpxchg_release(&r->refs, &old, old - 1));

	return true;
}

/**
 * rs_refcount_dec_not_one - drop a reference unless it is the last
 * @r: the count; the caller holds a reference
 *
 * A saturated count stays as it is. A count of zero saturates with a warning
 * (mainline's warns and leaves it at zero).
 *
 * Context: any. Ordering: RELEASE; a control dependency on success (case 6).
 * Return: false if the count was 1, and is unchanged.
 */
bool rs_refcount_dec_not_one(rs_refcount_t *r)
{
	return __rs_refcount_dec_not_one(r);
}
EXPORT_SYMBOL_GPL(rs_refcount_dec_not_one);

/*
 * The operations with a lock take it only if the reference may be the last, and test again with
 * the lock held: a lookup may have taken a reference meanwhile.
 */

/**
 * rs_refcount_dec_and_mutex_lock - drop a reference, locked if it is the last
 * @r: the count; the caller holds a reference
 * @lock: the mutex that protects lookups
 *
 * Context: process, may sleep.
 * Ordering: RELEASE; a control dependency and @lock on success (case 7).
 * Return: true, with @lock held, if it was the last.
 */
bool rs_refcount_dec_and_mutex_lock(rs_refcount_t *r, struct mutex *lock)
{
	if (__rs_refcount_dec_not_one(r))
		return false;

	mutex_lock(lock);
	if (!rs_refcount_dec_and_test(r)) {
		mutex_unlock(lock);
		return false;
	}
	return true;
}
EXPORT_SYMBOL_GPL(rs_refcount_dec_and_mutex_lock);

/**
 * rs_refcount_dec_and_lock - drop a reference, locked if it is the last
 * @r: the count; the caller holds a reference
 * @lock: the spinlock that protects lookups
 *
 * Context: where spin_lock(@lock) may be called.
 * Ordering: RELEASE; a control dependency and @lock on success (case 7).
 * Return: true, with @lock held, if it was the last.
 */
bool rs_refcount_dec_and_lock(rs_refcount_t *r, spinlock_t *lock)
{
	if (__rs_refcount_dec_not_one(r))
		return false;

	spin_lock(lock);
	if (!rs_refcount_dec_and_test(r)) {
		spin_unlock(lock);
		return false;
	}
	__release(lock);	/* for sparse: held if true */
	return true;
}
EXPORT_SYMBOL_GPL(rs_refcount_dec_and_lock);

/**
 * rs_refcount_dec_and_lock_irqsave - the same with interrupts disabled
 * @r: the count; the caller holds a reference
 * @lock: the spinlock that protects lookups
 * @flags: where to save the interrupt state
 *
 * Context: where spin_lock_irqsave(@lock) may be called.
 * Ordering: RELEASE; a control dependency and @lock on success (case 7).
 * Return: true, with @lock held and interrupts off, if it was the last.
 */
bool rs_refcount_dec_and_lock_irqsave(rs_refcount_t *r, spinlock_t *lock,
				      unsigned long *flags)
{
	if (__rs_refcount_dec_not_one(r))
		return false;

	spin_lock_irqsave(lock, *flags);
	if (!rs_refcount_dec_and_test(r)) {
		spin_unlock_irqrestore(lock, *flags);
		return false;
	}
	__release(lock);	/* for sparse: held if true */
	return true;
}
EXPORT_SYMBOL_GPL(rs_refcount_dec_and_lock_irqsave);
