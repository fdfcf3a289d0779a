/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_refcount_t: a reference count that saturates instead of wrapping.
 *
 * The representation is mainline's: the stored number is the count, and
 * zeroed memory is a count of zero.
 *
 * Saturation
 * ==========
 *
 *	INT_MIN		0xc0000000	0 1		INT_MAX
 *	  |		    |		| |		   |
 *	  +-----------------+-----------+-+----------------+
 *	  <----- bad: saturated ------->   <--- counting -->
 *
 * RS_REFCOUNT_SATURATED lies in the middle of the bad half. Every operation
 * is an unconditional add (or a compare-and-swap loop) that looks at the old value afterwards:
 * if the operation does not allow that value, the count is set back to the middle, and one
 * warning per kind of misuse is printed. Other CPUs may add or subtract in between. 2^30
 * operations before the correction would leave the bad half; since each of those corrects, too,
 * that takes 2^30 tasks preempted at that point. A saturated count is never released: its memory
 * leaks, and is not used after it was freed.
 *
 * Memory ordering
 * ===============
 *
 * As documented in Documentation/core-api/refcount-vs-atomic.rst:
 *
 *	1  set, read				none
 *	   set_release				RELEASE
 *	2  inc, add				none
 *	3  dec					RELEASE
 *	4  inc_not_zero, add_not_zero		control dependency on success
 *	   the same with _acquire		ACQUIRE on success
 *	5  sub_and_test, dec_and_test		RELEASE; ACQUIRE if it was the last
 *	6  dec_if_one, dec_not_one		RELEASE; control dependency on
 *						success
 *	7  dec_and_lock, dec_and_lock_irqsave,	RELEASE; control dependency and
 *	   dec_and_mutex_lock			the lock on success
 *
 * selftests/litmus/ has tests of each case, C1 to C7: what must hold, and what is
 * not promised. selftests/modules/ordering/expected has the arm64 instructions.
 *
 * inc and add need no ordering: the caller already holds a reference, which reached it with an
 * ordering of its own. *_not_zero assume that the ordering comes with the pointer to the object.
 *
 * Where mainline answers otherwise
 * ================================
 *
 *	operation			mainline		here
 *	*_not_zero_acquire past		false, silently, since	true and saturated, as plain
 *	RS_REFCOUNT_MAX			6.15			forms, and as both document
 *	*_limited_acquire when		true and saturated, or	true and saturated,
 *	saturated			false where limit - old	whatever the limit
 *					wraps around
 *	dec_not_one, dec_and_*lock	true or false, and	the same, and saturated
 *	of zero				still zero
 *	sub_and_test of 0 from zero	true before 6.11	false and saturated
 *
 * The oracle knows these as differences (docs/oracle.md), and no other.
 *
 * Names with two underscores
 * ==========================
 *
 * __rs_refcount_inc() and its like also write the count that they found to *@oldp, unless that
 * is NULL; all else is as without the underscores.
 */
#ifndef _REFSTORM_REFCOUNT_H
#define _REFSTORM_REFCOUNT_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/spinlock_types.h>

#include <refstorm/compat.h>
#endif

struct mutex;

/**
 * typedef rs_refcount_t - a saturating reference count
 * @refs: the count; private
 */
typedef struct rs_refcount_struct {
	atomic_t refs;
} rs_refcount_t;

#define RS_REFCOUNT_INIT(n)	{ .refs = ATOMIC_INIT(n), }
#define RS_REFCOUNT_MAX		INT_MAX
#define RS_REFCOUNT_SATURATED	(INT_MIN / 2)

/**
 * enum rs_refcount_saturation_type - the kinds of misuse
 * @RS_REFCOUNT_ADD_NOT_ZERO_OVF: *_not_zero went past RS_REFCOUNT_MAX
 * @RS_REFCOUNT_ADD_OVF: inc or add went past RS_REFCOUNT_MAX
 * @RS_REFCOUNT_ADD_UAF: inc or add on zero: use after free
 * @RS_REFCOUNT_SUB_UAF: *_and_test went below zero: use after free
 * @RS_REFCOUNT_DEC_LEAK: dec reached zero, where no caller would release the object
 * @RS_REFCOUNT_SATURATION_NR: how many there are
 */
enum rs_refcount_saturation_type {
	RS_REFCOUNT_ADD_NOT_ZERO_OVF,
	RS_REFCOUNT_ADD_OVF,
	RS_REFCOUNT_ADD_UAF,
	RS_REFCOUNT_SUB_UAF,
	RS_REFCOUNT_DEC_LEAK,
	RS_REFCOUNT_SATURATION_NR,
};

void __cold rs_refcount_warn_saturate(rs_refcount_t *r,
				      enum rs_refcount_saturation_type kind);

/**
 * rs_refcount_set - set a count
 * @r: the count
 * @n: its new value, 0 to RS_REFCOUNT_MAX
 *
 * For initialising: no other task may use @r yet. Context: any. Ordering: none.
 */
static inline void rs_refcount_set(rs_refcount_t *r, int n)
{
	atomic_set(&r->refs, n);
}

/**
 * rs_refcount_read - look at a count
 * @r: the count
 *
 * Context: any. Ordering: none.
 * Return: the count; a value above RS_REFCOUNT_MAX means saturated.
 */
static inline unsigned int rs_refcount_read(const rs_refcount_t *r)
{
	return atomic_read(&r->refs);
}

/**
 * rs_refcount_set_release - set a count, publishing what was written before
 * @r: the count
 * @n: its new value, 0 to RS_REFCOUNT_MAX
 *
 * For an object whose memory lookups may already see (SLAB_TYPESAFE_BY_RCU): a caller for which
 * rs_refcount_inc_not_zero_acquire() succeeds sees the object initialised.
 *
 * Context: any. Ordering: RELEASE. As in Linux 6.15.
 */
static inline void rs_refcount_set_release(rs_refcount_t *r, int n)
{
	atomic_set_release(&r->refs, n);
}

/*
 * Does adding @i to @old start or end in the bad half? If @i is a constant, that is one
 * unsigned comparison.
 */
static __always_inline bool __rs_refcount_overflows(int i, int old)
{
	if (__builtin_constant_p(i) && i > 0)
		return unlikely((unsigned int)old > (unsigned int)INT_MAX - i);
	return unlikely(old < 0 || (int)((unsigned int)old + i) < 0);
}

/* Does adding @i to @old start or end in the bad half, or is @old zero? */
static __always_inline bool __rs_refcount_misadds(int i, int old)
{
	if (__builtin_constant_p(i) && i > 0 && i < INT_MAX)
		return unlikely((unsigned int)old - 1 > (unsigned int)INT_MAX - 1 - i);
	return unlikely(!old) || __rs_refcount_overflows(i, old);
}

static inline void __rs_refcount_old(int *oldp, int old)
{
	if (oldp)
		*oldp = old;
}

static __always_inline __must_check bool __rs_refcount_add_not_zero(int i, rs_refcount_t *r,
								    int *oldp)
{
	int old = atomic_read(&r->refs);

	do {
		if (!old) {
			__rs_refcount_old(oldp, 0);
			return false;
		}
	} while (!atomic_try_cmpxchg_relaxed(&r->refs, &old, (unsigned int)old + i));

	__rs_refcount_old(oldp, old);
	if (__rs_refcount_overflows(i, old))
		rs_refcount_warn_saturate(r, RS_REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

/**
 * rs_refcount_add_not_zero - take references unless there are none
 * @i: how many, at least 1
 * @r: the count
 *
 * Past RS_REFCOUNT_MAX the count saturates, and the answer is still true.
 *
 * Context: any. Ordering: a control dependency on success (case 4).
 * Return: false if the count was zero, and is unchanged.
 */
static inline __must_check bool rs_refcount_add_not_zero(int i, rs_refcount_t *r)
{
	return __rs_refcount_add_not_zero(i, r, NULL);
}

static inline __must_check bool __rs_refcount_inc_not_zero(rs_refcount_t *r, int *oldp)
{
	return __rs_refcount_add_not_zero(1, r, oldp);
}

/**
 * rs_refcount_inc_not_zero - take a reference unless there is none
 * @r: the count
 *
 * Context: any. Ordering: a control dependency on success (case 4).
 * Return: false if the count was zero, and is unchanged.
 */
static inline __must_check bool rs_refcount_inc_not_zero(rs_refcount_t *r)
{
	return __rs_refcount_inc_not_zero(r, NULL);
}

static __always_inline __must_check bool
__rs_refcount_add_not_zero_acquire(int i, rs_refcount_t *r, int *oldp)
{
	int old = atomic_read(&r->refs);

	do {
		if (!old) {
			__rs_refcount_old(oldp, 0);
			return false;
		}
	} while (!atomic_try_cmpxchg_acquire(&r->refs, &old, (unsigned int)old + i));

	__rs_refcount_old(oldp, old);
	if (__rs_refcount_overflows(i, old))
		rs_refcount_warn_saturate(r, RS_REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

/**
 * rs_refcount_add_not_zero_acquire - take references unless there are none,
 * and see what the object's publisher wrote
 * @i: how many, at least 1
 * @r: the count
 *
 * At and past RS_REFCOUNT_MAX it answers as the plain form does: true, with a
 * warning.
 *
 * Context: any. Ordering: ACQUIRE on success; pairs with
 * rs_refcount_set_release().
 * Return: false if the count was zero, and is unchanged.
 */
static inline __must_check bool rs_refcount_add_not_zero_acquire(int i, rs_refcount_t *r)
{
	return __rs_refcount_add_not_zero_acquire(i, r, NULL);
}

static inline __must_check bool __rs_refcount_inc_not_zero_acquire(rs_refcount_t *r, int *oldp)
{
	return __rs_refcount_add_not_zero_acquire(1, r, oldp);
}

/**
 * rs_refcount_inc_not_zero_acquire - take a reference unless there is none, and
 * see what the object's publisher wrote
 * @r: the count
 *
 * Context: any. Ordering: ACQUIRE on success; pairs with
 * rs_refcount_set_release().
 * Return: false if the count was zero, and is unchanged.
 */
static inline __must_check bool rs_refcount_inc_not_zero_acquire(rs_refcount_t *r)
{
	return __rs_refcount_inc_not_zero_acquire(r, NULL);
}

/**
 * __rs_refcount_add_not_zero_limited_acquire - take references unless there are
 * none, or there would be too many
 * @i: how many, at least 1
 * @r: the count
 * @oldp: where to put the count that was seen, or NULL
 * @limit: largest count that may result, 0 to RS_REFCOUNT_MAX
 *
 * A saturated count answers as the plain form does, whatever the limit: true,
 * with a warning.
 *
 * Context: any. Ordering: ACQUIRE on success.
 * Return: false if the count was zero or would pass @limit, and is unchanged.
 */
static inline __must_check bool
__rs_refcount_add_not_zero_limited_acquire(int i, rs_refcount_t *r, int *oldp, int limit)
{
	int old = atomic_read(&r->refs);

	do {
		if (!old || (old > 0 && i > limit - old)) {
			__rs_refcount_old(oldp, old);
			return false;
		}
	} while (!atomic_try_cmpxchg_acquire(&r->refs, &old, (unsigned int)old + i));

	__rs_refcount_old(oldp, old);
	if (unlikely(old < 0))
		rs_refcount_warn_saturate(r, RS_REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

/**
 * __rs_refcount_inc_not_zero_limited_acquire - take a reference unless there is
 * none, or there would be too many
 * @r: the count
 * @oldp: where to put the count that was seen, or NULL
 * @limit: largest count that may result, 0 to RS_REFCOUNT_MAX
 *
 * Context, ordering and return value as for
 * __rs_refcount_add_not_zero_limited_acquire().
 */
static inline __must_check bool
__rs_refcount_inc_not_zero_limited_acquire(rs_refcount_t *r, int *oldp, int limit)
{
	return __rs_refcount_add_not_zero_limited_acquire(1, r, oldp, limit);
}

static __always_inline void __rs_refcount_add(int i, rs_refcount_t *r, int *oldp)
{
	int old = atomic_fetch_add_relaxed(i, &r->refs);

	__rs_refcount_old(oldp, old);
	if (__rs_refcount_misadds(i, old))
		rs_refcount_warn_saturate(r, old ? RS_REFCOUNT_ADD_OVF : RS_REFCOUNT_ADD_UAF);
}

/**
 * rs_refcount_add - take references
 * @i: how many, at least 1
 * @r: the count; the caller holds a reference
 *
 * On zero, and past RS_REFCOUNT_MAX, the count saturates with a warning.
 *
 * Context: any. Ordering: none (case 2).
 */
static inline void rs_refcount_add(int i, rs_refcount_t *r)
{
	__rs_refcount_add(i, r, NULL);
}

static inline void __rs_refcount_inc(rs_refcount_t *r, int *oldp)
{
	__rs_refcount_add(1, r, oldp);
}

/**
 * rs_refcount_inc - take a reference
 * @r: the count; the caller holds a reference
 *
 * On zero, and past RS_REFCOUNT_MAX, the count saturates with a warning.
 *
 * Context: any. Ordering: none (case 2).
 */
static inline void rs_refcount_inc(rs_refcount_t *r)
{
	__rs_refcount_inc(r, NULL);
}

static inline __must_check bool __rs_refcount_sub_and_test(int i, rs_refcount_t *r, int *oldp)
{
	int old = atomic_fetch_sub_release(i, &r->refs);

	__rs_refcount_old(oldp, old);
	if (old > 0 && old == i) {
		smp_acquire__after_ctrl_dep();
		return true;
	}
	if (unlikely(old <= 0 || old < i))
		rs_refcount_warn_saturate(r, RS_REFCOUNT_SUB_UAF);
	return false;
}

/**
 * rs_refcount_sub_and_test - drop references
 * @i: how many, at least 1
 * @r: the count; the caller holds that many
 *
 * Dropping more than there are saturates with a warning and answers false; so
 * does dropping any number, none included, of a count that is zero (mainline
 * before 6.11 answers true to none of zero).
 *
 * Context: any. Ordering: RELEASE; ACQUIRE if the answer is true (case 5).
 * Return: true if these were the last: the caller releases the object.
 */
static inline __must_check bool rs_refcount_sub_and_test(int i, rs_refcount_t *r)
{
	return __rs_refcount_sub_and_test(i, r, NULL);
}

static inline __must_check bool __rs_refcount_dec_and_test(rs_refcount_t *r, int *oldp)
{
	return __rs_refcount_sub_and_test(1, r, oldp);
}

static inline void __rs_refcount_dec(rs_refcount_t *r, int *oldp)
{
	int old = atomic_fetch_sub_release(1, &r->refs);

	__rs_refcount_old(oldp, old);
	if (unlikely(old <= 1))
		rs_refcount_warn_saturate(r, RS_REFCOUNT_DEC_LEAK);
}

/* x86 has decrements of its own; RS_REFCOUNT_GENERIC tests those of the other architectures. */
#if defined(__x86_64__) && !defined(RS_REFCOUNT_GENERIC)
#include <refstorm/refcount_x86.h>
#else
static inline bool __rs_refcount_arch_dec_and_test(rs_refcount_t *r)
{
	return __rs_refcount_dec_and_test(r, NULL);
}

static inline void __rs_refcount_arch_dec(rs_refcount_t *r)
{
	__rs_refcount_dec(r, NULL);
}
#endif

/**
 * rs_refcount_dec_and_test - drop a reference
 * @r: the count; the caller holds a reference
 *
 * Dropping one that is not there saturates with a warning and answers false.
 *
 * Context: any. Ordering: RELEASE; ACQUIRE if the answer is true (case 5).
 * Return: true if it was the last: the caller releases the object.
 */
static inline __must_check bool rs_refcount_dec_and_test(rs_refcount_t *r)
{
	return __rs_refcount_arch_dec_and_test(r);
}

/**
 * rs_refcount_dec - drop a reference that is not the last
 * @r: the count; the caller knows of another reference
 *
 * Reaching zero saturates with a warning, because no caller would release the object.
 *
 * Context: any. Ordering: RELEASE (case 3).
 */
static inline void rs_refcount_dec(rs_refcount_t *r)
{
	__rs_refcount_arch_dec(r);
}

__must_check bool rs_refcount_dec_if_one(rs_refcount_t *r);
__must_check bool rs_refcount_dec_not_one(rs_refcount_t *r);
__must_check
bool rs_refcount_dec_and_mutex_lock(rs_refcount_t *r, struct mutex *lock);
__must_check
bool rs_refcount_dec_and_lock(rs_refcount_t *r, spinlock_t *lock) __rs_cond_acquires(lock);
__must_check
bool rs_refcount_dec_and_lock_irqsave(rs_refcount_t *r, spinlock_t *lock,
				      unsigned long *flags) __rs_cond_acquires(lock);

#endif /* _REFSTORM_REFCOUNT_H */
