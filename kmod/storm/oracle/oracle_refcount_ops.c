// SPDX-License-Identifier: GPL-2.0
/*
 * The oracle's subjects refcount and kref: doing an operation to one side's counter.
 *
 * Where this kernel lacks an operation of a later one, our operation is compared with what
 * it is documented to equal: the acquire forms with the plain ones, set_release with set,
 * the limited forms with a few lines here.
 */
#include <linux/container_of.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include <refstorm/refcount.h>

#include "oracle_refcount.h"

static DEFINE_MUTEX(the_mutex);
static DEFINE_SPINLOCK(the_spinlock);

static bool oracle_refcount_ops_spinlock_is_held(void)
{
	bool is_free = spin_trylock(&the_spinlock);

	if (is_free)
		spin_unlock(&the_spinlock);
	return !is_free;
}

#if !RS_HAVE_REFCOUNT_LIMITED
/* The function of Linux 6.15, with an int that wraps around. */
static bool oracle_refcount_ops_add_limited(int i, refcount_t *r, int *oldp, int limit)
{
	int old = refcount_read(r);

	do {
		*oldp = old;
		if (!old || i > limit - old)
			return false;
	} while (!atomic_try_cmpxchg_acquire(&r->refs, &old, old + i));
	if (old < 0 || old + i < 0)
		refcount_warn_saturate(r, REFCOUNT_ADD_NOT_ZERO_OVF);
	return true;
}

#define __refcount_add_not_zero_limited_acquire	oracle_refcount_ops_add_limited
#define __refcount_inc_not_zero_limited_acquire(r, oldp, limit)	\
	oracle_refcount_ops_add_limited(1, r, oldp, limit)
#endif

#if !RS_HAVE_REFCOUNT_ACQUIRE
#define refcount_set_release			refcount_set
#define refcount_inc_not_zero_acquire		refcount_inc_not_zero
#define refcount_add_not_zero_acquire		refcount_add_not_zero
#define __refcount_inc_not_zero_acquire		__refcount_inc_not_zero
#define __refcount_add_not_zero_acquire		__refcount_add_not_zero
#endif

#define SIDE(name)	oracle_refcount_mainline_##name
#define TYPE		refcount_struct
#define KREF_TYPE	kref
#define FN(name)	refcount_##name
#define OLDP(name)	__refcount_##name
#define KREF(name)	kref_##name
#define KREF_SET	KREF_INIT
#define WHICH		MAINLINE
#define MEMBER		mainline
#include "oracle_refcount_side.h"
#undef SIDE
#undef TYPE
#undef KREF_TYPE
#undef FN
#undef OLDP
#undef KREF
#undef KREF_SET
#undef WHICH
#undef MEMBER

#define SIDE(name)	oracle_refcount_ours_##name
#define TYPE		rs_refcount_struct
#define KREF_TYPE	rs_kref
#define FN(name)	rs_refcount_##name
#define OLDP(name)	__rs_refcount_##name
#define KREF(name)	rs_kref_##name
#define KREF_SET	RS_KREF_INIT
#define WHICH		OURS
#define MEMBER		ours
#include "oracle_refcount_side.h"

/* Do a step of subject refcount to the counter of @side. */
void oracle_refcount_do(struct refcount_pair *pair, enum oracle_side side,
			const struct oracle_step *step, struct oracle_answer *answer)
{
	if (side == MAINLINE)
		oracle_refcount_mainline_refcount(pair, step, answer);
	else
		oracle_refcount_ours_refcount(pair, step, answer);
}

/* Do a step of subject kref to the counter of @side. */
void oracle_kref_do(struct refcount_pair *pair, enum oracle_side side,
		    const struct oracle_step *step, struct oracle_answer *answer)
{
	if (side == MAINLINE)
		oracle_refcount_mainline_kref(pair, step, answer);
	else
		oracle_refcount_ours_kref(pair, step, answer);
}

/* In a fixed order, on one CPU: docs/oracle.md says what the kernel log then has. */
void oracle_refcount_provoke(void)
{
	oracle_refcount_mainline_provoke();
	oracle_refcount_ours_provoke();
}

bool oracle_refcount_sub_none_is_true(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	return refcount_sub_and_test(0, &r);
}

bool oracle_refcount_dec_not_one_leaves_zero(void)
{
	refcount_t r = REFCOUNT_INIT(0);

	return refcount_dec_not_one(&r) && !refcount_read(&r);
}

bool oracle_refcount_acquire_does_not_saturate(void)
{
	refcount_t r = REFCOUNT_INIT(REFCOUNT_SATURATED);

	return !refcount_inc_not_zero_acquire(&r);
}
