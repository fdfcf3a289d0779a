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

#define SCENARIO_FN(name) void name(const struct scenario *s)

/* percpu_hurts.c: where mainline hurts */
SCENARIO_FN(release_from_kill);
SCENARIO_FN(one_release_holds_up_nobody);
SCENARIO_FN(second_kill);
SCENARIO_FN(atomic_without_reinit);
SCENARIO_FN(resurrect_without_reinit);
SCENARIO_FN(is_zero_then_exit);
SCENARIO_FN(exit_during_switch);
SCENARIO_FN(exit_twice);
SCENARIO_FN(exit_twice_nonzero);
SCENARIO_FN(cold_dynamic);
SCENARIO_FN(sync_leaves_nothing);
SCENARIO_FN(early_underflow);
SCENARIO_FN(get_on_zero);
SCENARIO_FN(too_many_at_once);
SCENARIO_FN(saturated_while_switching);
SCENARIO_FN(get_after_exit);
SCENARIO_FN(put_after_exit);
SCENARIO_FN(nothing);

/* percpu_api.c: the rest */
SCENARIO_FN(counts);
SCENARIO_FN(large_numbers);
SCENARIO_FN(lives_at_zero);
SCENARIO_FN(init_flags);
SCENARIO_FN(bad_init);
SCENARIO_FN(cancel_init);
SCENARIO_FN(cancel_init_used);
SCENARIO_FN(reinit);
SCENARIO_FN(reinit_during_switch);
SCENARIO_FN(reinit_not_zero);
SCENARIO_FN(resurrect_during_switch);
SCENARIO_FN(resurrect_alive);
SCENARIO_FN(to_percpu_during_switch);
SCENARIO_FN(to_percpu_while_dying);
SCENARIO_FN(kill_during_switch);
SCENARIO_FN(kill_two_stage);

/* percpu_race.c */
SCENARIO_FN(racing_kills);
SCENARIO_FN(confirm_then_dead);
SCENARIO_FN(counted_at_confirm);
SCENARIO_FN(opposed_switches);

/* percpu_track.c: tracking */
SCENARIO_FN(tracked_from_birth);
SCENARIO_FN(tracked_exactly);
SCENARIO_FN(held_and_moved);
SCENARIO_FN(tryget_held);
SCENARIO_FN(holder_twice);
SCENARIO_FN(exit_with_holder);
SCENARIO_FN(tracked_in_nmi);
SCENARIO_FN(tracked_by_turns);

/* percpu_track_window.c: as it begins and ends */
SCENARIO_FN(tracked_as_it_begins);
SCENARIO_FN(tracked_anew);

/* percpu_users.c: what users in the kernel tree do */
SCENARIO_FN(queue_is_frozen);
SCENARIO_FN(queue_sleeps);
SCENARIO_FN(release_kills_the_next);
SCENARIO_FN(confirmation_puts);
SCENARIO_FN(enabled_again_in_place);

/* percpu_mainline.c: mainline's, as far as the machine survives */
SCENARIO_FN(mainline_second_kill);
SCENARIO_FN(mainline_atomic_without_reinit);
SCENARIO_FN(mainline_release_holds_up_others);
SCENARIO_FN(mainline_opposed_switches);

#endif /* SELFTESTS_MODULES_PERCPU_H */
