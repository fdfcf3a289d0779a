// SPDX-License-Identifier: GPL-2.0
/*
 * Abuse of refcounts: LKDTM's seventeen (drivers/misc/lkdtm/refcount.c), and those of the
 * operations that LKDTM leaves out. One table serves both forms of rs_refcount_t and mainline's
 * refcount_t. Each abuse begins with a good use, which must cause no warning.
 */
#include <linux/init.h>

#include <refstorm/refcount.h>

#include "abuse.h"
#include "scenario_frame.h"

#define TOP	RS_REFCOUNT_MAX
#define SAT	RS_REFCOUNT_SATURATED

enum warns { SILENT, SATURATED, FROM_ZERO, UNDERFLOW, LEAK };

static const char * const texts[][2] = {
	[SATURATED] = { "rs_refcount_t: saturated; leaking memory.",
			"refcount_t: saturated; leaking memory." },
	[FROM_ZERO] = { "rs_refcount_t: addition on 0; use-after-free.",
			"refcount_t: addition on 0; use-after-free." },
	[UNDERFLOW] = { "rs_refcount_t: underflow; use-after-free.",
			"refcount_t: underflow; use-after-free." },
	[LEAK]	    = { "rs_refcount_t: decrement hit 0; leaking memory.",
			"refcount_t: decrement hit 0; leaking memory." },
};

/**
 * struct use - one operation
 * @op: which
 * @i: its number
 * @before: the count
 * @answer: 0, 1 or %NOTHING
 * @after: the count then
 */
struct use {
	enum op	op;
	int	i;
	int	before;
	int	answer;
	int	after;
};

/**
 * struct abuse - a good use of a refcount, and the abuse
 * @name: LKDTM's name, or one like it
 * @title: what the abuse shows
 * @good: the good use, which comes first
 * @bad: the abuse, which must be refused or saturate the counter
 * @warns: the warning of @bad
 * @differs: mainline's counter of this kernel behaves as the next three fields say
 * @answer: mainline's answer to @bad
 * @after: mainline's count after @bad
 * @mainline_warns: mainline's warning
 */
struct abuse {
	const char	*name;
	const char	*title;
	struct use	good;
	struct use	bad;
	enum warns	warns;
	bool		differs;
	int		answer;
	int		after;
	enum warns	mainline_warns;
};

#define N NOTHING

static const struct abuse table[] = {
	/* lkdtm's */
	{ "INC_OVERFLOW", "inc past the maximum saturates",
	  { OP_INC, 0, TOP - 1, N, TOP }, { OP_INC, 0, TOP, N, SAT }, SATURATED },
	{ "ADD_OVERFLOW", "add past the maximum saturates",
	  { OP_ADD, 4, TOP - 4, N, TOP }, { OP_ADD, 4, TOP - 1, N, SAT }, SATURATED },
	{ "INC_NOT_ZERO_OVERFLOW", "inc_not_zero past the maximum is true and saturates",
	  { OP_INC_NOT_ZERO, 0, TOP - 1, 1, TOP }, { OP_INC_NOT_ZERO, 0, TOP, 1, SAT }, SATURATED },
	{ "ADD_NOT_ZERO_OVERFLOW", "add_not_zero past the maximum is true and saturates",
	  { OP_ADD_NOT_ZERO, 6, TOP - 6, 1, TOP }, { OP_ADD_NOT_ZERO, 6, TOP, 1, SAT }, SATURATED },
	{ "DEC_ZERO", "dec to zero saturates",
	  { OP_DEC, 0, 2, N, 1 }, { OP_DEC, 0, 1, N, SAT }, LEAK },
	{ "DEC_NEGATIVE", "dec below zero saturates",
	  { OP_DEC, 0, 3, N, 2 }, { OP_DEC, 0, 0, N, SAT }, LEAK },
	{ "DEC_AND_TEST_NEGATIVE", "dec_and_test below zero is false and saturates",
	  { OP_DEC_AND_TEST, 0, 1, 1, 0 }, { OP_DEC_AND_TEST, 0, 0, 0, SAT }, UNDERFLOW },
	{ "SUB_AND_TEST_NEGATIVE", "sub_and_test below zero is false and saturates",
	  { OP_SUB_AND_TEST, 5, 5, 1, 0 }, { OP_SUB_AND_TEST, 5, 3, 0, SAT }, UNDERFLOW },
	{ "INC_ZERO", "inc_not_zero stays at zero, where inc saturates",
	  { OP_INC_NOT_ZERO, 0, 0, 0, 0 }, { OP_INC, 0, 0, N, SAT }, FROM_ZERO },
	{ "ADD_ZERO", "add_not_zero stays at zero, where add saturates",
	  { OP_ADD_NOT_ZERO, 3, 0, 0, 0 }, { OP_ADD, 3, 0, N, SAT }, FROM_ZERO },
	{ "INC_SATURATED", "inc leaves a saturated count saturated",
	  { OP_INC, 0, 1, N, 2 }, { OP_INC, 0, SAT, N, SAT }, SATURATED },
	{ "DEC_SATURATED", "dec leaves a saturated count saturated",
	  { OP_DEC, 0, TOP, N, TOP - 1 }, { OP_DEC, 0, SAT, N, SAT }, LEAK },
	{ "ADD_SATURATED", "add leaves a saturated count saturated",
	  { OP_ADD, 8, 1, N, 9 }, { OP_ADD, 8, SAT, N, SAT }, SATURATED },
	{ "INC_NOT_ZERO_SATURATED", "inc_not_zero of a saturated count is true",
	  { OP_INC_NOT_ZERO, 0, 1, 1, 2 }, { OP_INC_NOT_ZERO, 0, SAT, 1, SAT }, SATURATED },
	{ "ADD_NOT_ZERO_SATURATED", "add_not_zero of a saturated count is true",
	  { OP_ADD_NOT_ZERO, 7, 1, 1, 8 }, { OP_ADD_NOT_ZERO, 7, SAT, 1, SAT }, SATURATED },
	{ "DEC_AND_TEST_SATURATED", "dec_and_test of a saturated count is false",
	  { OP_DEC_AND_TEST, 0, 2, 0, 1 }, { OP_DEC_AND_TEST, 0, SAT, 0, SAT }, UNDERFLOW },
	{ "SUB_AND_TEST_SATURATED", "sub_and_test of a saturated count is false",
	  { OP_SUB_AND_TEST, 8, 9, 0, 1 }, { OP_SUB_AND_TEST, 8, SAT, 0, SAT }, UNDERFLOW },

	/* Operations that LKDTM leaves out */
	{ "SUB_AND_TEST_NOTHING", "sub_and_test of nothing from zero is false and saturates",
	  { OP_SUB_AND_TEST, 0, 1, 0, 1 }, { OP_SUB_AND_TEST, 0, 0, 0, SAT }, UNDERFLOW,
	  !HAVE_SUB_ZERO_CHECK, 1, 0, SILENT },
	{ "DEC_IF_ONE_ZERO", "dec_if_one leaves zero alone",
	  { OP_DEC_IF_ONE, 0, 1, 1, 0 }, { OP_DEC_IF_ONE, 0, 0, 0, 0 }, SILENT },
	{ "DEC_IF_ONE_TWO", "dec_if_one leaves two alone",
	  { OP_DEC_IF_ONE, 0, 1, 1, 0 }, { OP_DEC_IF_ONE, 0, 2, 0, 2 }, SILENT },
	{ "DEC_IF_ONE_SATURATED", "dec_if_one leaves a saturated count alone",
	  { OP_DEC_IF_ONE, 0, 1, 1, 0 }, { OP_DEC_IF_ONE, 0, SAT, 0, SAT }, SILENT },
	{ "DEC_NOT_ONE_ONE", "dec_not_one leaves one alone",
	  { OP_DEC_NOT_ONE, 0, 2, 1, 1 }, { OP_DEC_NOT_ONE, 0, 1, 0, 1 }, SILENT },
	{ "DEC_NOT_ONE_ZERO", "dec_not_one of zero is true and saturates, mainline's stays at zero",
	  { OP_DEC_NOT_ONE, 0, 2, 1, 1 }, { OP_DEC_NOT_ONE, 0, 0, 1, SAT }, UNDERFLOW,
	  true, 1, 0, UNDERFLOW },
	{ "DEC_NOT_ONE_SATURATED", "dec_not_one leaves a saturated count alone, and is true",
	  { OP_DEC_NOT_ONE, 0, 2, 1, 1 }, { OP_DEC_NOT_ONE, 0, SAT, 1, SAT }, SILENT },
	{ "MUTEX_LOCK_ZERO", "dec_and_mutex_lock of zero is false, without the mutex",
	  { OP_DEC_AND_MUTEX_LOCK, 0, 1, 1, 0 }, { OP_DEC_AND_MUTEX_LOCK, 0, 0, 0, SAT }, UNDERFLOW,
	  true, 0, 0, UNDERFLOW },
	{ "MUTEX_LOCK_SATURATED", "dec_and_mutex_lock of a saturated count is false",
	  { OP_DEC_AND_MUTEX_LOCK, 0, 2, 0, 1 },
	  { OP_DEC_AND_MUTEX_LOCK, 0, SAT, 0, SAT }, SILENT },
	{ "LOCK_ZERO", "dec_and_lock of zero is false, without the lock",
	  { OP_DEC_AND_LOCK, 0, 1, 1, 0 }, { OP_DEC_AND_LOCK, 0, 0, 0, SAT }, UNDERFLOW,
	  true, 0, 0, UNDERFLOW },
	{ "LOCK_SATURATED", "dec_and_lock of a saturated count is false",
	  { OP_DEC_AND_LOCK, 0, 2, 0, 1 }, { OP_DEC_AND_LOCK, 0, SAT, 0, SAT }, SILENT },
	{ "LOCK_IRQSAVE_ZERO", "dec_and_lock_irqsave of zero is false, with interrupts on",
	  { OP_DEC_AND_LOCK_IRQSAVE, 0, 1, 1, 0 }, { OP_DEC_AND_LOCK_IRQSAVE, 0, 0, 0, SAT },
	  UNDERFLOW, true, 0, 0, UNDERFLOW },
	{ "LOCK_IRQSAVE_SATURATED", "dec_and_lock_irqsave of a saturated count is false",
	  { OP_DEC_AND_LOCK_IRQSAVE, 0, 2, 0, 1 }, { OP_DEC_AND_LOCK_IRQSAVE, 0, SAT, 0, SAT },
	  SILENT },
	{ "SET_RELEASE_BELOW_ZERO", "a negative count that was set is saturated by the next inc",
	  { OP_SET_RELEASE, 3, 0, N, 3 }, { OP_INC, 0, -5, N, SAT }, SATURATED },
	{ "INC_NOT_ZERO_ACQUIRE_ZERO", "inc_not_zero_acquire stays at zero",
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, 1, 1, 2 },
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, 0, 0, 0 }, SILENT },
	{ "INC_NOT_ZERO_ACQUIRE_OVERFLOW",
	  "inc_not_zero_acquire past the maximum is the plain form",
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, TOP - 1, 1, TOP },
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, TOP, 1, SAT }, SATURATED, HAVE_LIMITED, 0, TOP, SILENT },
	{ "INC_NOT_ZERO_ACQUIRE_SATURATED", "inc_not_zero_acquire when saturated is the plain form",
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, 1, 1, 2 },
	  { OP_INC_NOT_ZERO_ACQUIRE, 0, SAT, 1, SAT }, SATURATED, HAVE_LIMITED, 0, SAT, SILENT },
	{ "ADD_NOT_ZERO_ACQUIRE_ZERO", "add_not_zero_acquire stays at zero",
	  { OP_ADD_NOT_ZERO_ACQUIRE, 5, 1, 1, 6 },
	  { OP_ADD_NOT_ZERO_ACQUIRE, 5, 0, 0, 0 }, SILENT },
	{ "ADD_NOT_ZERO_ACQUIRE_OVERFLOW",
	  "add_not_zero_acquire past the maximum is the plain form",
	  { OP_ADD_NOT_ZERO_ACQUIRE, 6, TOP - 6, 1, TOP },
	  { OP_ADD_NOT_ZERO_ACQUIRE, 6, TOP, 1, SAT }, SATURATED, HAVE_LIMITED, 0, TOP, SILENT },
	{ "ADD_NOT_ZERO_ACQUIRE_SATURATED", "add_not_zero_acquire when saturated is the plain form",
	  { OP_ADD_NOT_ZERO_ACQUIRE, 7, 1, 1, 8 },
	  { OP_ADD_NOT_ZERO_ACQUIRE, 7, SAT, 1, SAT }, SATURATED, HAVE_LIMITED, 0, SAT, SILENT },
	{ "INC_LOWEST", "inc on the lowest number", { OP_INC, 0, 1, NOTHING, 2 },
	  { OP_INC, 0, INT_MIN, NOTHING, SAT }, SATURATED },
	{ "INC_FROM_MINUS_ONE", "inc to zero", { OP_INC, 0, 1, NOTHING, 2 },
	  { OP_INC, 0, -1, NOTHING, SAT }, SATURATED },
	{ "INC_NOT_ZERO_FROM_MINUS_ONE", "inc_not_zero to zero", { OP_INC_NOT_ZERO, 0, 1, 1, 2 },
	  { OP_INC_NOT_ZERO, 0, -1, 1, SAT }, SATURATED },
	{ "DEC_LOWEST", "dec of the lowest number, past the highest",
	  { OP_DEC, 0, TOP, NOTHING, TOP - 1 }, { OP_DEC, 0, INT_MIN, NOTHING, SAT }, LEAK },
	{ "DEC_AND_TEST_LOWEST", "dec_and_test of the lowest number, past the highest",
	  { OP_DEC_AND_TEST, 0, TOP, 0, TOP - 1 },
	  { OP_DEC_AND_TEST, 0, INT_MIN, 0, SAT }, UNDERFLOW },
	{ "INC_LIMITED_OVER", "inc_not_zero_limited_acquire refuses at its limit, silently",
	  { OP_INC_LIMITED, 0, LIMIT - 1, 1, LIMIT },
	  { OP_INC_LIMITED, 0, LIMIT, 0, LIMIT }, SILENT },
	{ "INC_LIMITED_ZERO", "inc_not_zero_limited_acquire stays at zero",
	  { OP_INC_LIMITED, 0, 1, 1, 2 }, { OP_INC_LIMITED, 0, 0, 0, 0 }, SILENT },
	{ "INC_LIMITED_SATURATED", "inc_not_zero_limited_acquire when saturated is the plain form",
	  { OP_INC_LIMITED, 0, 1, 1, 2 }, { OP_INC_LIMITED, 0, SAT, 1, SAT }, SATURATED },
	{ "ADD_LIMITED_OVER", "add_not_zero_limited_acquire refuses past its limit, silently",
	  { OP_ADD_LIMITED, 3, LIMIT - 3, 1, LIMIT },
	  { OP_ADD_LIMITED, 3, LIMIT - 2, 0, LIMIT - 2 },
	  SILENT },
	{ "ADD_LIMITED_SATURATED", "add_not_zero_limited_acquire when saturated is the plain form",
	  { OP_ADD_LIMITED, 3, 1, 1, 4 }, { OP_ADD_LIMITED, 3, SAT, 1, SAT }, SATURATED },
	{ "ADD_LIMITED_ZERO", "add_not_zero_limited_acquire stays at zero",
	  { OP_ADD_LIMITED, 3, 1, 1, 4 }, { OP_ADD_LIMITED, 3, 0, 0, 0 }, SILENT },
};

/* Does this kernel's refcount_t lack the operation of the good use? */
static bool is_missing(const struct abuse *abuse)
{
	switch (abuse->good.op) {
	case OP_SET_RELEASE:
		return !HAVE_SET_RELEASE;
	case OP_INC_NOT_ZERO_ACQUIRE:
	case OP_ADD_NOT_ZERO_ACQUIRE:
		return !HAVE_ACQUIRE;
	case OP_INC_LIMITED:
	case OP_ADD_LIMITED:
		return !HAVE_LIMITED;
	default:
		return false;
	}
}

/* The refcounts, in the order of the rows that one abuse makes. */
static const struct form {
	const char *name;
	const char *type;
	int (*perform)(enum op op, int *count, int i);
	bool mainline;
} forms[] = {
	{ "rs", "rs_refcount_t", abuse_rs },
	{ "mainline", "refcount_t", abuse_mainline, true },
	{ "generic", "rs_refcount_t in C", abuse_generic },
};

static void judge(const struct form *form, const struct use *use, const char *which)
{
	int count = use->before, answer;

	answer = form->perform(use->op, &count, use->i);
	if (answer != use->answer || count != use->after)
		fail("the %s use: answer %d, expected %d; count %d, expected %d", which, answer,
		     use->answer, count, use->after);
}

static struct scenario rows[ARRAY_SIZE(forms) * ARRAY_SIZE(table)];

static void run(const struct scenario *s)
{
	const struct form *form = &forms[(s - rows) % ARRAY_SIZE(forms)];
	const struct abuse *abuse = s->arg;
	struct use bad = abuse->bad;

	if (form->mainline && abuse->differs) {
		bad.answer = abuse->answer;
		bad.after = abuse->after;
	}
	if (form->mainline && is_missing(abuse)) {
		skipped("this kernel's refcount_t has no such operation");
		return;
	}
	judge(form, &abuse->good, "good");
	judge(form, &bad, "bad");
	caught(abuse->name);
}

static char names[ARRAY_SIZE(rows)][48], titles[ARRAY_SIZE(rows)][96];

static int __init refcount_abuse_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct form *form = &forms[i % ARRAY_SIZE(forms)];
		const struct abuse *abuse = &table[i / ARRAY_SIZE(forms)];
		enum warns warns = form->mainline && abuse->differs ? abuse->mainline_warns :
								abuse->warns;

		snprintf(names[i], sizeof(names[i]), "%s_%s", form->name, abuse->name);
		snprintf(titles[i], sizeof(titles[i]), "%s: %s", form->type, abuse->title);
		if (form->mainline && is_missing(abuse))
			warns = SILENT;
		rows[i] = (struct scenario) {
			.name		= names[i],
			.title		= titles[i],
			.run		= run,
			.wrong		= true,
			.warnings	= warns != SILENT,
			.text		= texts[warns][form->mainline],
			.arg		= abuse,
		};
	}
	scenarios_begin(rows, ARRAY_SIZE(rows));
	return 0;
}

static void __exit refcount_abuse_exit(void)
{
	scenarios_end();
}

module_init(refcount_abuse_init);
module_exit(refcount_abuse_exit);

MODULE_AUTHOR("The refstorm authors");
MODULE_DESCRIPTION("Abuse of refcounts, ours and mainline's");
MODULE_LICENSE("GPL");
