/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The frame of a module of scenarios: /sys/kernel/debug/MODULE/scenarios lists them,
 * a name written to .../run runs one, and a read of run says how it went:
 *
 *	scenario=NAME result=held|caught|failed|skipped named="..."
 *
 * A right use must hold. A wrong use must be caught, by evidence that the scenario checks, and
 * is named. scenario_frame.h has the functions.
 */
#ifndef SELFTESTS_MODULES_SCENARIO_H
#define SELFTESTS_MODULES_SCENARIO_H

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/**
 * struct scenario - one use of a counter, right or wrong
 * @name: a word
 * @title: what it shows, a sentence
 * @run: the use; it held if @run called neither fail() nor caught()
 * @wrong: @run must call caught()
 * @dies: the machine must crash or hang
 * @warnings: how many warnings the kernel log gets
 * @text: the text of each warning
 * @arg: for @run
 */
struct scenario {
	const char	*name;
	const char	*title;
	void		(*run)(const struct scenario *scenario);
	bool		wrong;
	bool		dies;
	unsigned int	warnings;
	const char	*text;
	const void	*arg;
};

/* Report a failure; only the first one is kept. Context: any but NMI. */
__printf(1, 2)
void fail(const char *fmt, ...);
/* The misuse had its effect; @name is the name to report. Context: process. */
void caught(const char *name);
void skipped(const char *why);
/* Set a parameter of rsref.ko, a number. Return: what it was. Context: process. */
unsigned int set_parameter(const char *name, unsigned int value);

#define check(cond) ({							\
	bool __ok = (cond);						\
									\
	if (!__ok)							\
		fail("line %d: not so: %s", __LINE__, #cond);		\
	__ok;								\
})

/* Wait for something that must come true soon; false if it does not. */
#define becomes_true(cond) ({						\
	unsigned long __end = jiffies + 5 * HZ;				\
	bool __last, __ok;						\
									\
	for (;;) {							\
		__last = time_after(jiffies, __end);			\
		__ok = (cond);						\
		if (__ok || __last)					\
			break;						\
		usleep_range(100, 200);					\
	}								\
	__ok;								\
})

/*
 * Threads, spread over the CPUs in turn. They begin when all of them exist.
 */
#define CROWD_MAX	16

struct crowd;

/*
 * Run @fn in @nr threads; crowd_run() from beginning to end. NULL is a failure that was reported.
 */
struct crowd *crowd_start(unsigned int nr, void (*fn)(unsigned int nr, void *arg), void *arg);
void crowd_join(struct crowd *crowd);
void crowd_run(unsigned int nr, void (*fn)(unsigned int nr, void *arg), void *arg);

#endif /* SELFTESTS_MODULES_SCENARIO_H */
