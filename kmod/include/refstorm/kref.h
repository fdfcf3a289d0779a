/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rs_kref: a reference count with a release function, for objects that embed
 * it. Documentation/core-api/kref.rst has the three rules of its use:
 *
 *  1. Code that makes a lasting copy of a pointer takes a reference first.
 *  2. Code that does not need a pointer any more drops the reference.
 *  3. Code that takes a reference without holding one needs a lock that the last put also
 *     takes, or RCU and rs_kref_get_unless_zero().
 *
 * Ordering and saturation are those of <refstorm/refcount.h>.
 */
#ifndef _REFSTORM_KREF_H
#define _REFSTORM_KREF_H

#include <refstorm/refcount.h>

/**
 * struct rs_kref - embedded reference count
 * @refcount: private
 */
struct rs_kref {
	rs_refcount_t refcount;
};

#define RS_KREF_INIT(n)	{ .refcount = RS_REFCOUNT_INIT(n), }

/**
 * rs_kref_init - begin with one reference, the caller's
 * @kref: the count
 *
 * Context: any. Ordering: none.
 */
static inline void rs_kref_init(struct rs_kref *kref)
{
	rs_refcount_set(&kref->refcount, 1);
}

/**
 * rs_kref_read - look at a count
 * @kref: the count
 *
 * Context: any. Ordering: none.
 * Return: the count; a value above RS_REFCOUNT_MAX means saturated.
 */
static inline unsigned int rs_kref_read(const struct rs_kref *kref)
{
	return rs_refcount_read(&kref->refcount);
}

/**
 * rs_kref_get - take a reference
 * @kref: the count; the caller holds a reference
 *
 * Context: any. Ordering: none (case 2).
 */
static inline void rs_kref_get(struct rs_kref *kref)
{
	rs_refcount_inc(&kref->refcount);
}

/**
 * rs_kref_put - drop a reference, releasing the object if it is the last
 * @kref: the count; the caller holds a reference
 * @release: called with @kref if it was the last, in the caller's context
 *
 * Context: any that @release can stand.
 * Ordering: RELEASE; ACQUIRE before @release (case 5).
 * Return: 1 if @release was called. @kref must not be touched afterwards in either case.
 */
static inline int rs_kref_put(struct rs_kref *kref,
			      void (*release)(struct rs_kref *kref))
{
	if (rs_refcount_dec_and_test(&kref->refcount)) {
		release(kref);
		return 1;
	}
	return 0;
}

/**
 * rs_kref_put_mutex - drop a reference, releasing under a mutex
 * @kref: the count; the caller holds a reference
 * @release: called with @lock held if it was the last; must unlock it
 * @lock: the mutex that protects lookups
 *
 * Context: process, may sleep. Ordering: case 7.
 * Return: 1 if @release was called.
 */
static inline int rs_kref_put_mutex(struct rs_kref *kref,
				    void (*release)(struct rs_kref *kref),
				    struct mutex *lock)
{
	if (rs_refcount_dec_and_mutex_lock(&kref->refcount, lock)) {
		release(kref);
		return 1;
	}
	return 0;
}

/**
 * rs_kref_put_lock - drop a reference, releasing under a spinlock
 * @kref: the count; the caller holds a reference
 * @release: called with @lock held if it was the last; must unlock it
 * @lock: the spinlock that protects lookups
 *
 * Context: where spin_lock(@lock) may be called. Ordering: case 7.
 * Return: 1 if @release was called.
 */
static inline int rs_kref_put_lock(struct rs_kref *kref,
				   void (*release)(struct rs_kref *kref),
				   spinlock_t *lock)
{
	if (rs_refcount_dec_and_lock(&kref->refcount, lock)) {
		release(kref);
		return 1;
	}
	return 0;
}

/**
 * rs_kref_get_unless_zero - take a reference unless there is none
 * @kref: the count, whose memory the caller keeps alive by a lock or RCU
 *
 * Context: any. Ordering: a control dependency on success (case 4).
 * Return: nonzero if the reference was taken.
 */
static inline int __must_check rs_kref_get_unless_zero(struct rs_kref *kref)
{
	return rs_refcount_inc_not_zero(&kref->refcount);
}

#endif /* _REFSTORM_KREF_H */
