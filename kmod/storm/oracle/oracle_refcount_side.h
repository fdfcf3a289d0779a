/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of one side: mainline's or ours. The including file defines SIDE(name)
 * for the functions here, FN(name), OLDP(name) and KREF(name) for the counter's, TYPE and
 * KREF_TYPE for its types, KREF_SET for its initializer, WHICH, the enum oracle_side, and
 * MEMBER of struct refcount_pair.
 */

static void SIDE(plain)(struct TYPE *r, const struct oracle_step *step, s64 *ret)
{
	switch (step->op) {
	case OP_READ:
		*ret = FN(read)(r);
		break;
	case OP_SET:
		FN(set)(r, step->nr);
		break;
	case OP_SET_RELEASE:
		FN(set_release)(r, step->nr);
		break;
	case OP_INC:
		FN(inc)(r);
		break;
	case OP_ADD:
		FN(add)(step->nr, r);
		break;
	case OP_DEC:
		FN(dec)(r);
		break;
	case OP_INC_NOT_ZERO:
		*ret = FN(inc_not_zero)(r);
		break;
	case OP_ADD_NOT_ZERO:
		*ret = FN(add_not_zero)(step->nr, r);
		break;
	case OP_INC_NOT_ZERO_ACQUIRE:
		*ret = FN(inc_not_zero_acquire)(r);
		break;
	case OP_ADD_NOT_ZERO_ACQUIRE:
		*ret = FN(add_not_zero_acquire)(step->nr, r);
		break;
	case OP_SUB_AND_TEST:
		*ret = FN(sub_and_test)(step->nr, r);
		break;
	case OP_DEC_AND_TEST:
		*ret = FN(dec_and_test)(r);
		break;
	case OP_DEC_IF_ONE:
		*ret = FN(dec_if_one)(r);
		break;
	case OP_DEC_NOT_ONE:
		*ret = FN(dec_not_one)(r);
		break;
	}
}

/* The functions that also write the old count to *oldp. */
static void SIDE(with_oldp)(struct TYPE *r, const struct oracle_step *step, s64 *ret,
			    s64 *oldp)
{
	int old = -1;

	switch (step->op) {
	case OP_INC_OLD:
		OLDP(inc)(r, &old);
		break;
	case OP_ADD_OLD:
		OLDP(add)(step->nr, r, &old);
		break;
	case OP_DEC_OLD:
		OLDP(dec)(r, &old);
		break;
	case OP_INC_NOT_ZERO_OLD:
		*ret = OLDP(inc_not_zero)(r, &old);
		break;
	case OP_ADD_NOT_ZERO_OLD:
		*ret = OLDP(add_not_zero)(step->nr, r, &old);
		break;
	case OP_INC_NOT_ZERO_ACQUIRE_OLD:
		*ret = OLDP(inc_not_zero_acquire)(r, &old);
		break;
	case OP_ADD_NOT_ZERO_ACQUIRE_OLD:
		*ret = OLDP(add_not_zero_acquire)(step->nr, r, &old);
		break;
	case OP_INC_LIMITED:
		*ret = OLDP(inc_not_zero_limited_acquire)(r, &old, step->limit);
		break;
	case OP_ADD_LIMITED:
		*ret = OLDP(add_not_zero_limited_acquire)(step->nr, r, &old, step->limit);
		break;
	case OP_SUB_AND_TEST_OLD:
		*ret = OLDP(sub_and_test)(step->nr, r, &old);
		break;
	case OP_DEC_AND_TEST_OLD:
		*ret = OLDP(dec_and_test)(r, &old);
		break;
	}
	*oldp = old;
}

/* The functions that return true with a lock held. */
static void SIDE(locks)(struct TYPE *r, const struct oracle_step *step, s64 *ret,
			s64 *locked)
{
	unsigned long flags;

	switch (step->op) {
	case OP_DEC_AND_MUTEX_LOCK:
		*ret = FN(dec_and_mutex_lock)(r, &the_mutex);
		/* In a segment other threads lock it, too: *ret tells whether this one does. */
		*locked = step->when == WHEN_CONCURRENT ? *ret : mutex_is_locked(&the_mutex);
		if (*locked)
			mutex_unlock(&the_mutex);
		break;
	case OP_DEC_AND_LOCK:
		*ret = FN(dec_and_lock)(r, &the_spinlock);
		*locked = *ret;
		if (*ret) {
			__acquire(&the_spinlock);	/* for sparse */
			spin_unlock(&the_spinlock);
		}
		*locked += 2 * oracle_refcount_ops_spinlock_is_held();
		break;
	case OP_DEC_AND_LOCK_IRQSAVE:
		*ret = FN(dec_and_lock_irqsave)(r, &the_spinlock, &flags);
		*locked = irqs_disabled();
		if (*ret) {
			__acquire(&the_spinlock);	/* for sparse */
			spin_unlock_irqrestore(&the_spinlock, flags);
		}
		*locked += 2 * oracle_refcount_ops_spinlock_is_held() + 4 * irqs_disabled();
		break;
	}
}

static void SIDE(refcount)(struct refcount_pair *pair, const struct oracle_step *step,
			   struct oracle_answer *answer)
{
	struct TYPE *r = &pair->MEMBER.refcount;
	s64 *field = answer->field;

	SIDE(plain)(r, step, &field[FIELD_RET]);
	SIDE(with_oldp)(r, step, &field[FIELD_RET], &field[FIELD_OLD]);
	SIDE(locks)(r, step, &field[FIELD_RET], &field[FIELD_LOCKED]);
}

static void SIDE(released)(struct KREF_TYPE *kref, bool locked)
{
	struct refcount_pair *pair = container_of(kref, struct refcount_pair, MEMBER);

	atomic_inc(&pair->released[WHICH]);
	WRITE_ONCE(pair->locked[WHICH], locked);
}

static void SIDE(release)(struct KREF_TYPE *kref)
{
	SIDE(released)(kref, false);
}

static void SIDE(release_mutex)(struct KREF_TYPE *kref)
{
	SIDE(released)(kref, mutex_is_locked(&the_mutex));
	mutex_unlock(&the_mutex);
}

static void SIDE(release_lock)(struct KREF_TYPE *kref)
	__releases(&the_spinlock)
{
	SIDE(released)(kref, true);
	spin_unlock(&the_spinlock);
}

static void SIDE(kref)(struct refcount_pair *pair, const struct oracle_step *step,
		       struct oracle_answer *answer)
{
	s64 *ret = &answer->field[FIELD_RET];
	struct KREF_TYPE *kref = &pair->MEMBER;

	WRITE_ONCE(pair->locked[WHICH], false);
	switch (step->op) {
	case OP_KREF_READ:
		*ret = KREF(read)(kref);
		break;
	case OP_KREF_SET:
		*kref = (struct KREF_TYPE)KREF_SET(step->nr);
		break;
	case OP_KREF_INIT:
		KREF(init)(kref);
		break;
	case OP_KREF_GET:
		KREF(get)(kref);
		break;
	case OP_KREF_GET_UNLESS_ZERO:
		*ret = KREF(get_unless_zero)(kref);
		break;
	case OP_KREF_PUT:
		*ret = KREF(put)(kref, SIDE(release));
		break;
	case OP_KREF_PUT_MUTEX:
		*ret = KREF(put_mutex)(kref, SIDE(release_mutex), &the_mutex);
		break;
	case OP_KREF_PUT_LOCK:
		*ret = KREF(put_lock)(kref, SIDE(release_lock), &the_spinlock);
		break;
	}
	answer->field[FIELD_LOCKED] = READ_ONCE(pair->locked[WHICH]) +
		2 * mutex_is_locked(&the_mutex) + 4 * oracle_refcount_ops_spinlock_is_held();
}

/* Misuse a counter once in each way that it warns of. */
static void SIDE(provoke)(void)
{
	unsigned long flags;
	struct TYPE r;
	bool ignored;

	FN(set)(&r, INT_MAX);
	ignored = FN(inc_not_zero)(&r);
	FN(set)(&r, INT_MAX);
	FN(inc)(&r);
	FN(set)(&r, 0);
	FN(inc)(&r);
	FN(set)(&r, 0);
	ignored = FN(dec_and_test)(&r);
	FN(set)(&r, 1);
	FN(dec)(&r);
	FN(set)(&r, 0);
	ignored = FN(dec_not_one)(&r);
	/* Later kernels warn once in each function into which dec_not_one is inlined. */
	FN(set)(&r, 0);
	ignored = FN(dec_and_mutex_lock)(&r, &the_mutex);
	FN(set)(&r, 0);
	ignored = FN(dec_and_lock)(&r, &the_spinlock);
	FN(set)(&r, 0);
	ignored = FN(dec_and_lock_irqsave)(&r, &the_spinlock, &flags);
	(void)ignored;
}
