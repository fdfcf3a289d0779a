// SPDX-License-Identifier: GPL-2.0
/*
 * Uses that mainline's percpu_ref gets wrong and the machine survives. deaths.c has the uses
 * that it does not survive.
 */
#include <linux/percpu-refcount.h>
#include <linux/slab.h>

#include "percpu.h"

static atomic_t nr_released;

static void mainline_release(struct percpu_ref *ref)
{
	atomic_inc(&nr_released);
}

void mainline_second_kill(const struct scenario *s)
{
	struct percpu_ref ref;
	bool lost;

	atomic_set(&nr_released, 0);
	if (!check(!percpu_ref_init(&ref, mainline_release, PERCPU_REF_INIT_ATOMIC, GFP_KERNEL)))
		return;
	percpu_ref_get_many(&ref, 2);
	percpu_ref_kill(&ref);
	percpu_ref_kill(&ref);
	/* One of two references is left. */
	percpu_ref_put(&ref);
	lost = atomic_read(&nr_released) == 1;
	if (!lost)
		percpu_ref_put(&ref);
	check(percpu_ref_is_zero(&ref));
	percpu_ref_exit(&ref);
	if (lost)
		caught("second kill: it dropped a reference that it did not own");
	else
		fail("mainline has changed: a second kill drops nothing");
}

void mainline_atomic_without_reinit(const struct scenario *s)
{
	struct percpu_ref ref;
	bool looks_dead;

	atomic_set(&nr_released, 0);
	if (!check(!percpu_ref_init(&ref, mainline_release, 0, GFP_KERNEL)))
		return;
	percpu_ref_switch_to_atomic_sync(&ref);
	looks_dead = percpu_ref_is_dying(&ref) && !percpu_ref_tryget_live(&ref);
	/* The initial reference is still held, but the counter looks killed already. */
	check(percpu_ref_tryget(&ref));
	percpu_ref_put(&ref);
	percpu_ref_kill(&ref);
	check(becomes_true(atomic_read(&nr_released) == 1));
	percpu_ref_exit(&ref);
	if (looks_dead)
		caught("switch_to_atomic without ALLOW_REINIT: a counter that lives looks dead");
	else
		fail("mainline has changed: the counter looks alive");
}

/*
 * release() is called under percpu_ref_switch_lock. It waits a moment for a task that calls
 * is_zero of another counter. is_zero takes the same lock, so the wait times out.
 */
static struct percpu_ref holder, other;
static bool in_release, answered, answered_in_time;

static void release_waiting(struct percpu_ref *ref)
{
	unsigned int i;

	WRITE_ONCE(in_release, true);
	for (i = 0; i < 100 && !READ_ONCE(answered); i++)
		mdelay(1);
	answered_in_time = READ_ONCE(answered);
}

static void kill_or_ask(unsigned int nr, void *unused)
{
	if (!nr) {
		percpu_ref_kill(&holder);
		return;
	}
	check(becomes_true(READ_ONCE(in_release)));
	check(!percpu_ref_is_zero(&other));
	WRITE_ONCE(answered, true);
}

void mainline_release_holds_up_others(const struct scenario *s)
{
	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	in_release = false;
	answered = false;
	if (!check(!percpu_ref_init(&holder, release_waiting, PERCPU_REF_INIT_ATOMIC, GFP_KERNEL)))
		return;
	if (!check(!percpu_ref_init(&other, mainline_release, PERCPU_REF_INIT_ATOMIC,
				    GFP_KERNEL))) {
		percpu_ref_exit(&holder);
		return;
	}
	crowd_run(2, kill_or_ask, NULL);
	percpu_ref_exit(&holder);
	percpu_ref_kill(&other);
	percpu_ref_exit(&other);
	if (answered_in_time)
		fail("mainline has changed: release() is not called under the global lock");
	else
		caught("release under the global lock: another counter had to wait for it");
}

/*
 * Mainline keeps the request in a flag, which the later caller overwrites while both wait for
 * the switch in progress. Then both do what the flag says.
 */
static atomic_t nr_confirmed;

static void mainline_confirm(struct percpu_ref *ref)
{
	atomic_inc(&nr_confirmed);
}

static void mainline_to_atomic(void *ref)
{
	percpu_ref_switch_to_atomic(ref, NULL);
}

static void mainline_to_atomic_confirm(void *ref)
{
	percpu_ref_switch_to_atomic(ref, mainline_confirm);
}

static void mainline_to_percpu(void *ref)
{
	percpu_ref_switch_to_percpu(ref);
}

void mainline_opposed_switches(const struct scenario *s)
{
	struct percpu_ref ref;
	struct opposed o = {
		.ref = &ref,
		.to_atomic = mainline_to_atomic,
		.to_atomic_confirm = mainline_to_atomic_confirm,
		.to_percpu = mainline_to_percpu,
	};

	if (num_online_cpus() < 3) {
		skipped("needs 3 CPUs");
		return;
	}
	atomic_set(&nr_released, 0);
	atomic_set(&nr_confirmed, 0);
	if (!check(!percpu_ref_init(&ref, mainline_release, PERCPU_REF_ALLOW_REINIT, GFP_KERNEL)))
		return;
	switch_both_ways(&o);
	percpu_ref_kill(&ref);
	check(becomes_true(atomic_read(&nr_released) == 1));
	percpu_ref_exit(&ref);
	if (atomic_read(&nr_confirmed))
		fail("mainline has changed: the switch is confirmed");
	else
		caught("opposed switches: a confirmation never came");
}
