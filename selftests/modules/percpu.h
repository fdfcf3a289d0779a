/* SPDX-License-Identifier: GPL-2.0 */
/* What the scenarios of per-CPU counts share. */
#ifndef SELFTESTS_MODULES_PERCPU_H
#define SELFTESTS_MODULES_PERCPU_H

#include <linux/atomic.h>
#include <linux/percpu-refcount.h>
#include <linux/sched.h>

#include <refstorm/track.h>

#include "scenario.h"

/*
 * The scenarios are those of any per-CPU counter of ours. They are for rs_percpu_ref,
 * and, where a file of another module includes them, for rs_sealed_ref.
 */
#ifndef REF_NAME
#define REF_NAME	"rs_percpu_ref"
#define REF_TYPE	struct rs_percpu_ref
#define REF(name)	rs_percpu_ref_##name
#define REF_SLOTS_SITE	"percpu_ref_slots"
#define REF_MODULE	"percpu_ref_api"
#define REF_BESIDE_MAINLINE
/* A switch takes a grace period, and can be looked at. */
#define under_way(cond)	check(cond)
#endif

/**
 * struct counted - a counter, and what its callbacks did
 * @ref: the counter
 * @released: how often release() was called
 * @confirmed: how often a confirmation came
 * @early: a confirmation came after release(), or release() with a reference held
 * @held: references that the scenario holds beside the initial one
 * @in_stack_of: the task in kill or put, to see from whose stack release() is called
 * @in_own_stack: release() was called from that
 * @none: 0
 */
struct counted {
	REF_TYPE		ref;
	atomic_t		released;
	atomic_t		confirmed;
	atomic_t		early;
	atomic_long_t		held;
	struct task_struct	*in_stack_of;
	bool			in_own_stack;
	unsigned long		none;
};

/* Begin with these flags; false is a failure that was reported. */
bool counted_init(struct counted *c, unsigned int flags);
/* Wait for release(), end the counter, and check that each callback ran once, in order. */
void counted_end(struct counted *c);
/* The same without waiting for a release: there must be none. */
void counted_end_unreleased(struct counted *c);

void count_release(REF_TYPE *ref);
void count_confirm(REF_TYPE *ref);

static inline struct counted *to_counted(REF_TYPE *ref)
{
	return container_of(ref, struct counted, ref);
}

static inline int released(struct counted *c)
{
	return atomic_read(&c->released);
}

static inline int confirmed(struct counted *c)
{
	return atomic_read(&c->confirmed);
}

/* A snapshot of a counter. */
static inline struct rs_percpu_ref_state look(struct counted *c)
{
	struct rs_percpu_ref_state state;

	REF(inspect)(&c->ref, &state);
	return state;
}

/**
 * struct opposed - two tasks that request opposite switches while a switch is in progress
 * @ref: the counter, in per-CPU mode
 * @to_atomic: begins the switch that they wait for
 * @to_atomic_confirm: the first task's request, with a confirmation
 * @to_percpu: the second task's request, made when the first task waits
 * @asks: the tasks, once they make their request
 * @done: the request returned
 * @reading: a reader is in its section
 */
struct opposed {
	void			*ref;
	void			(*to_atomic)(void *ref);
	void			(*to_atomic_confirm)(void *ref);
	void			(*to_percpu)(void *ref);
	struct task_struct	*asks[2];
	bool			done[2];
	bool			reading;
};

/* A reader delays the first switch until both tasks wait, if they do. Needs three CPUs. */
void switch_both_ways(struct opposed *opposed);

/* Outstanding allocations of rsref.ko at a site, or at all sites if NULL. */
long outstanding(const char *site);

/* What rs_track_for_each() said last, and have it say so of the counter tracked as @name. */
extern struct rs_track_view seen;
bool see(const char *name);
/* Every reference is accounted for: nothing is under way. */
bool adds_up(void);

/* The scenarios; percpu_main.c has a table of the same rows. */
#define OURS(_run, ...) void _run(const struct scenario *s);
#define MISUSE OURS
#define MAINLINE OURS
#include "percpu_scenarios.h"
#undef OURS
#undef MISUSE
#undef MAINLINE

#endif /* SELFTESTS_MODULES_PERCPU_H */
