/* SPDX-License-Identifier: GPL-2.0 */
/* One interface to all refcounts, so that one table of expectations serves all. */
#ifndef SELFTESTS_MODULES_ABUSE_H
#define SELFTESTS_MODULES_ABUSE_H

#include <linux/types.h>

enum op {
	OP_READ, OP_SET_RELEASE, OP_INC, OP_ADD, OP_DEC,
	OP_INC_NOT_ZERO, OP_ADD_NOT_ZERO, OP_INC_NOT_ZERO_ACQUIRE, OP_ADD_NOT_ZERO_ACQUIRE,
	OP_INC_LIMITED, OP_ADD_LIMITED, OP_DEC_AND_TEST, OP_SUB_AND_TEST, OP_DEC_IF_ONE,
	OP_DEC_NOT_ONE, OP_DEC_AND_MUTEX_LOCK, OP_DEC_AND_LOCK, OP_DEC_AND_LOCK_IRQSAVE,
	OP_NR,
};

/* The answer of an operation without a return value, and of one that this kernel lacks. */
#define NOTHING		(-1)
#define MISSING		(-2)

/* The limit of the two _limited operations. */
#define LIMIT		8

/**
 * abuse_rs() - do one operation on a count of ours
 * @op: which
 * @count: the value to start from, and the value that it leaves
 * @i: for the operations that take a number
 *
 * Return: what the operation answers, or %NOTHING; %MISSING if there is none. A lock that it
 * takes is released again; an answer that does not go with the lock is 2.
 */
int abuse_rs(enum op op, int *count, int i);
/* The same for rs_refcount_t in generic C. */
int abuse_generic(enum op op, int *count, int i);
/* The same for mainline's refcount_t. */
int abuse_mainline(enum op op, int *count, int i);

#endif /* SELFTESTS_MODULES_ABUSE_H */
