/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One side of a pair of krefs: the including file defines SIDE(name) for our
 * names, TYPE and FN(name) for the counter's, SET(kref, n) and WHICH, the
 * enum oracle_side.
 */

static struct kref_pair *SIDE(pair)(struct TYPE *kref)
{
	return container_of(kref, struct kref_pair, WHICH_MEMBER);
}

static void SIDE(release)(struct TYPE *kref)
{
	atomic_inc(&SIDE(pair)(kref)->released[WHICH]);
}

static void SIDE(release_mutex)(struct TYPE *kref)
{
	atomic_inc(&SIDE(pair)(kref)->released[WHICH]);
	WRITE_ONCE(SIDE(pair)(kref)->locked[WHICH], mutex_is_locked(&the_mutex));
	mutex_unlock(&the_mutex);
}

static void SIDE(release_lock)(struct TYPE *kref)
	__releases(&the_spinlock)
{
	atomic_inc(&SIDE(pair)(kref)->released[WHICH]);
	WRITE_ONCE(SIDE(pair)(kref)->locked[WHICH], true);
	spin_unlock(&the_spinlock);
}

static void SIDE(perform)(struct TYPE *kref, const struct oracle_step *step,
			  struct oracle_answer *answer)
{
	s64 *ret = &answer->field[FIELD_RET];

	WRITE_ONCE(SIDE(pair)(kref)->locked[WHICH], false);
	switch (step->op) {
	case OP_SET:
		SET(kref, step->nr);
		break;
	case OP_INIT:
		FN(init)(kref);
		break;
	case OP_READ:
		*ret = FN(read)(kref);
		break;
	case OP_GET:
		FN(get)(kref);
		break;
	case OP_GET_UNLESS_ZERO:
		*ret = FN(get_unless_zero)(kref);
		break;
	case OP_PUT:
		*ret = FN(put)(kref, SIDE(release));
		break;
	case OP_PUT_MUTEX:
		*ret = FN(put_mutex)(kref, SIDE(release_mutex), &the_mutex);
		break;
	case OP_PUT_LOCK:
		*ret = FN(put_lock)(kref, SIDE(release_lock), &the_spinlock);
		break;
	}
	answer->field[FIELD_LOCKED] = READ_ONCE(SIDE(pair)(kref)->locked[WHICH]) +
		2 * mutex_is_locked(&the_mutex) + 4 * spinlock_is_held();
}
