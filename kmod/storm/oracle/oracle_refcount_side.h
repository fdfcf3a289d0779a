/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One side of a pair of refcounts: the including file defines SIDE(name) for our
 * names, TYPE, FN(name) and TWIN(name) for the counter's, ACQUIRING(name) for the
 * operations with acquire and release ordering, and LIMITED.
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
		ACQUIRING(set_release)(r, step->nr);
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
		*ret = ACQUIRING(inc_not_zero_acquire)(r);
		break;
	case OP_ADD_NOT_ZERO_ACQUIRE:
		*ret = ACQUIRING(add_not_zero_acquire)(step->nr, r);
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

/* Those that also say what they found. */
static void SIDE(twin)(struct TYPE *r, const struct oracle_step *step, s64 *ret, s64 *found)
{
	int old = -1;

	switch (step->op) {
	case OP_INC_OLD:
		TWIN(inc)(r, &old);
		break;
	case OP_ADD_OLD:
		TWIN(add)(step->nr, r, &old);
		break;
	case OP_DEC_OLD:
		TWIN(dec)(r, &old);
		break;
	case OP_INC_NOT_ZERO_OLD:
		*ret = TWIN(inc_not_zero)(r, &old);
		break;
	case OP_ADD_NOT_ZERO_OLD:
		*ret = TWIN(add_not_zero)(step->nr, r, &old);
		break;
	case OP_INC_NOT_ZERO_ACQUIRE_OLD:
		*ret = TWIN_ACQUIRING(inc_not_zero_acquire)(r, &old);
		break;
	case OP_ADD_NOT_ZERO_ACQUIRE_OLD:
		*ret = TWIN_ACQUIRING(add_not_zero_acquire)(step->nr, r, &old);
		break;
	case OP_INC_LIMITED:
		*ret = LIMITED(inc_not_zero_limited_acquire)(r, &old, step->limit);
		break;
	case OP_ADD_LIMITED:
		*ret = LIMITED(add_not_zero_limited_acquire)(step->nr, r, &old, step->limit);
		break;
	case OP_SUB_AND_TEST_OLD:
		*ret = TWIN(sub_and_test)(step->nr, r, &old);
		break;
	case OP_DEC_AND_TEST_OLD:
		*ret = TWIN(dec_and_test)(r, &old);
		break;
	}
	*found = old;
}

/* Those that answer true with a lock held. */
static void SIDE(locks)(struct TYPE *r, const struct oracle_step *step, s64 *ret, s64 *locked)
{
	unsigned long flags;

	switch (step->op) {
	case OP_DEC_AND_MUTEX_LOCK:
		*ret = FN(dec_and_mutex_lock)(r, &the_mutex);
		/* In a segment others lock it, too: then only the answer tells. */
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
		*locked += 2 * spinlock_is_held();
		break;
	case OP_DEC_AND_LOCK_IRQSAVE:
		*ret = FN(dec_and_lock_irqsave)(r, &the_spinlock, &flags);
		*locked = irqs_disabled();
		if (*ret) {
			__acquire(&the_spinlock);	/* for sparse */
			spin_unlock_irqrestore(&the_spinlock, flags);
		}
		*locked += 2 * spinlock_is_held() + 4 * irqs_disabled();
		break;
	}
}

static void SIDE(perform)(struct TYPE *r, const struct oracle_step *step,
			  struct oracle_answer *answer)
{
	s64 *field = answer->field;

	SIDE(plain)(r, step, &field[FIELD_RET]);
	SIDE(twin)(r, step, &field[FIELD_RET], &field[FIELD_OLD]);
	SIDE(locks)(r, step, &field[FIELD_RET], &field[FIELD_LOCKED]);
}

/* Each kind of misuse that is warned of, once. */
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
	/* Later kernels warn once for each function that dec_not_one is inlined into. */
	FN(set)(&r, 0);
	ignored = FN(dec_and_mutex_lock)(&r, &the_mutex);
	FN(set)(&r, 0);
	ignored = FN(dec_and_lock)(&r, &the_spinlock);
	FN(set)(&r, 0);
	ignored = FN(dec_and_lock_irqsave)(&r, &the_spinlock, &flags);
	(void)ignored;
}
