/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle's subjects refcount and kref. A kref is a refcount_t with other functions,
 * so both subjects have the same pairs, states and segments. They differ in their
 * operations.
 */
#ifndef _REFSTORM_ORACLE_REFCOUNT_H
#define _REFSTORM_ORACLE_REFCOUNT_H

#include <linux/atomic.h>
#include <linux/kref.h>

#include <refstorm/kref.h>

#include "oracle_segment.h"

enum {
	STATE_ZERO, STATE_ONE, STATE_SOME, STATE_NEAR_MAX, STATE_MAX, STATE_SATURATED,
	STATE_NR
};

/*
 * States in which a segment with an operation can begin. COUNTS: the count is what the
 * users hold. In the other states the count is misused. All the same every interleaving
 * leaves the same count: each operation on a saturated count sets it to the middle again,
 * and additions lead from near_max and max past the end or not, whatever their order.
 * The acquire forms of some kernels do not saturate, and which of them comes before the saturation
 * depends on the interleaving, so these need COUNTS.
 */
#define STATES_ALL	(BIT(STATE_NR) - 1)
#define COUNTS		(BIT(STATE_ONE) | BIT(STATE_SOME))
#define DROPS		(COUNTS | BIT(STATE_SATURATED))

/* Name, role in segments, whether it takes a number, states in which a segment begins. */
#define REFCOUNT_OPS(X)								\
	X(READ, "read", READ, false, STATES_ALL)				\
	X(SET, "set", NONE, true, 0)						\
	X(SET_RELEASE, "set_release", NONE, true, 0)				\
	X(INC, "inc", GET, false, STATES_ALL)					\
	X(ADD, "add", GET, true, STATES_ALL)					\
	X(DEC, "dec", PUT_SPARE, false, DROPS)					\
	X(INC_NOT_ZERO, "inc_not_zero", TRYGET, false, STATES_ALL)		\
	X(ADD_NOT_ZERO, "add_not_zero", TRYGET, true, STATES_ALL)		\
	X(INC_NOT_ZERO_ACQUIRE, "inc_not_zero_acquire", TRYGET, false, COUNTS)	\
	X(ADD_NOT_ZERO_ACQUIRE, "add_not_zero_acquire", TRYGET, true, COUNTS)	\
	X(SUB_AND_TEST, "sub_and_test", PUT, true, DROPS)			\
	X(DEC_AND_TEST, "dec_and_test", PUT, false, DROPS)			\
	X(DEC_IF_ONE, "dec_if_one", PUT_IF_LAST, false, DROPS)			\
	X(DEC_NOT_ONE, "dec_not_one", PUT_IF_NOT, false, DROPS)			\
	X(INC_OLD, "__inc", GET, false, STATES_ALL)				\
	X(ADD_OLD, "__add", GET, true, STATES_ALL)				\
	X(DEC_OLD, "__dec", PUT_SPARE, false, DROPS)				\
	X(INC_NOT_ZERO_OLD, "__inc_not_zero", TRYGET, false, STATES_ALL)	\
	X(ADD_NOT_ZERO_OLD, "__add_not_zero", TRYGET, true, STATES_ALL)		\
	X(INC_NOT_ZERO_ACQUIRE_OLD, "__inc_not_zero_acquire", TRYGET, false, COUNTS) \
	X(ADD_NOT_ZERO_ACQUIRE_OLD, "__add_not_zero_acquire", TRYGET, true, COUNTS) \
	X(INC_LIMITED, "__inc_not_zero_limited_acquire", TRYGET_LIMIT, false, COUNTS) \
	X(ADD_LIMITED, "__add_not_zero_limited_acquire", TRYGET_LIMIT, true, COUNTS) \
	X(SUB_AND_TEST_OLD, "__sub_and_test", PUT, true, DROPS)			\
	X(DEC_AND_TEST_OLD, "__dec_and_test", PUT, false, DROPS)		\
	X(DEC_AND_MUTEX_LOCK, "dec_and_mutex_lock", PUT, false, DROPS)		\
	X(DEC_AND_LOCK, "dec_and_lock", PUT, false, DROPS)			\
	X(DEC_AND_LOCK_IRQSAVE, "dec_and_lock_irqsave", PUT, false, DROPS)

#define KREF_OPS(X)								\
	X(KREF_READ, "read", READ, false, STATES_ALL)				\
	X(KREF_SET, "KREF_INIT", NONE, true, 0)					\
	X(KREF_INIT, "init", NONE, false, 0)					\
	X(KREF_GET, "get", GET, false, STATES_ALL)				\
	X(KREF_GET_UNLESS_ZERO, "get_unless_zero", TRYGET, false, STATES_ALL)	\
	X(KREF_PUT, "put", PUT, false, DROPS)					\
	X(KREF_PUT_MUTEX, "put_mutex", PUT, false, DROPS)			\
	X(KREF_PUT_LOCK, "put_lock", PUT, false, DROPS)

#define OP_ENUM(id, op_name, op_role, is_many, in_states) OP_##id,
enum { REFCOUNT_OPS(OP_ENUM) OP_NR };
enum { KREF_OPS(OP_ENUM) OP_KREF_NR };

struct refcount_pair {
	struct oracle_pair	base;
	struct kref		mainline;
	struct rs_kref		ours;
	atomic_t		released[SIDES];
	/* The last release() was called with its lock held. Not compared in segments. */
	bool			locked[SIDES];
};

/* oracle_refcount_ops.c */
void oracle_refcount_do(struct refcount_pair *pair, enum oracle_side side,
			const struct oracle_step *step, struct oracle_answer *answer);
void oracle_kref_do(struct refcount_pair *pair, enum oracle_side side,
		    const struct oracle_step *step, struct oracle_answer *answer);
void oracle_refcount_provoke(void);
bool oracle_refcount_sub_none_is_true(void);
bool oracle_refcount_dec_not_one_leaves_zero(void);
bool oracle_refcount_acquire_does_not_saturate(void);

#endif /* _REFSTORM_ORACLE_REFCOUNT_H */
