/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One refcount, whose names begin with what COUNTER() puts before them; included by
 * abuse_rs.c and abuse_mainline.c, with FUNCTION and TYPE.
 */
#include <linux/mutex.h>
#include <linux/spinlock.h>

static DEFINE_MUTEX(mutex);
static DEFINE_SPINLOCK(lock);

/* Held if, and only if, the answer is true; and given back. */
static int after_mutex(bool answer)
{
	if (mutex_is_locked(&mutex) != answer)
		return 2;
	if (answer)
		mutex_unlock(&mutex);
	return answer;
}

static int after_lock(bool answer)
{
	if (spin_is_locked(&lock) != answer)
		return 2;
	if (answer) {
		__acquire(&lock);	/* for sparse: held if true */
		spin_unlock(&lock);
	}
	return answer;
}

static int after_lock_irqsave(bool answer, bool off, unsigned long flags)
{
	bool locked = spin_is_locked(&lock);

	if (answer) {
		__acquire(&lock);	/* for sparse: held if true */
		spin_unlock_irqrestore(&lock, flags);
	}
	return locked != answer || (off != answer && !IS_ENABLED(CONFIG_PREEMPT_RT)) ? 2 : answer;
}

int FUNCTION(enum op op, int *count, int i)
{
	TYPE r = { .refs = ATOMIC_INIT(*count) };
	unsigned long flags = 0;
	int answer = NOTHING;
	bool is_last;

	switch (op) {
	case OP_READ:
		break;
	case OP_SET_RELEASE:
#if HAVE_SET_RELEASE
		COUNTER(set_release)(&r, i);
#else
		answer = MISSING;
#endif
		break;
	case OP_INC:
		COUNTER(inc)(&r);
		break;
	case OP_ADD:
		COUNTER(add)(i, &r);
		break;
	case OP_DEC:
		COUNTER(dec)(&r);
		break;
	case OP_INC_NOT_ZERO:
		answer = COUNTER(inc_not_zero)(&r);
		break;
	case OP_ADD_NOT_ZERO:
		answer = COUNTER(add_not_zero)(i, &r);
		break;
#if HAVE_ACQUIRE
	case OP_INC_NOT_ZERO_ACQUIRE:
		answer = COUNTER(inc_not_zero_acquire)(&r);
		break;
	case OP_ADD_NOT_ZERO_ACQUIRE:
		answer = COUNTER(add_not_zero_acquire)(i, &r);
		break;
#endif
#if HAVE_LIMITED
	case OP_INC_LIMITED:
		answer = WITH_OLD(inc_not_zero_limited_acquire)(&r, NULL, LIMIT);
		break;
	case OP_ADD_LIMITED:
		answer = WITH_OLD(add_not_zero_limited_acquire)(i, &r, NULL, LIMIT);
		break;
#endif
	case OP_DEC_AND_TEST:
		answer = COUNTER(dec_and_test)(&r);
		break;
	case OP_SUB_AND_TEST:
		answer = COUNTER(sub_and_test)(i, &r);
		break;
	case OP_DEC_IF_ONE:
		answer = COUNTER(dec_if_one)(&r);
		break;
	case OP_DEC_NOT_ONE:
		answer = COUNTER(dec_not_one)(&r);
		break;
	case OP_DEC_AND_MUTEX_LOCK:
		answer = after_mutex(COUNTER(dec_and_mutex_lock)(&r, &mutex));
		break;
	case OP_DEC_AND_LOCK:
		answer = after_lock(COUNTER(dec_and_lock)(&r, &lock));
		break;
	case OP_DEC_AND_LOCK_IRQSAVE:
		is_last = COUNTER(dec_and_lock_irqsave)(&r, &lock, &flags);
		answer = after_lock_irqsave(is_last, irqs_disabled(), flags);
		break;
	default:
		answer = MISSING;
	}
	*count = atomic_read(&r.refs);
	return answer;
}
