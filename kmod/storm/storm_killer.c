// SPDX-License-Identifier: GPL-2.0
/*
 * A killer: gives its slot one object after the other, and kills each.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/smp.h>

#include "storm_internal.h"

#define LIVE_US_MAX		2000	/* life before the kill */
#define DRAIN_US_MODELESS	200	/* from kill to drain, at most */
#define DRAIN_US_PERCPU		20000	/* a grace period or so */
#define CONFIRMED_US_MAX	1000	/* from confirmation to drain */
#define LINGER_NS		200	/* from the last ledger to the end of a switch */
#define UNBURIED_MAX		128

static void sleep_up_to(struct storm_slot *slot, u64 us)
{
	u64 pause = rs_sequence_below(&slot->seq, us + 1);

	if (pause)
		usleep_range(pause, pause + pause / 4 + 1);
}

static void kill(struct storm_slot *slot, struct storm_object *object)
{
	const struct rs_provider *provider = slot->storm->setup.provider;
	u64 dice = rs_sequence_random(&slot->seq);
	struct rs_counter_state state;
	bool first;

	object->confirm_wanted = provider->percpu && dice & 1;
	object->confirm_drains = dice & 4;
	object->linger_ns = rs_sequence_below(&slot->seq, LINGER_NS);

	migrate_disable();
	WRITE_ONCE(object->killer_cpu, raw_smp_processor_id());
	object->kill_ns = ktime_get_ns();
	/* The owner's reference counts as dropped from here on. */
	smp_store_release(&object->phase, PHASE_KILLING);
	first = provider->kill(&object->counter, object->confirm_wanted);
	migrate_enable();
	slot->kills++;

	if (!first)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object->generation,
				"slot %u: the only kill returned false", slot->index);
	if (provider->kill_once && dice & 2 &&
	    provider->kill(&object->counter, false))
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object->generation,
				"slot %u: a second kill returned true", slot->index);

	provider->inspect(&object->counter, &state);
	if (state.killable && !state.dying)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object->generation,
				"slot %u: killed, and not dying", slot->index);
}

/* Let traffic go on over the switch, and past its confirmation. */
static void let_it_rain(struct storm_slot *slot, struct storm_object *object)
{
	unsigned long deadline;

	if (!slot->storm->setup.provider->percpu) {
		sleep_up_to(slot, DRAIN_US_MODELESS);
		return;
	}
	if (!object->confirm_wanted || rs_sequence_below(&slot->seq, 4) == 0) {
		sleep_up_to(slot, DRAIN_US_PERCPU);
		return;
	}
	deadline = jiffies + msecs_to_jiffies(slot->storm->setup.bound_ms);
	while (!READ_ONCE(object->confirmed) && !READ_ONCE(slot->storm->abandon) &&
	       time_before(jiffies, deadline))
		usleep_range(100, 200);
	sleep_up_to(slot, CONFIRMED_US_MAX);
}

static bool settled(struct storm_slot *slot, struct storm_object *object)
{
	/* Pairs with the release in storm_object_released(). */
	return smp_load_acquire(&object->phase) == PHASE_RELEASED ||
	       READ_ONCE(slot->storm->abandon);
}

/*
 * Wait for release(). The bound runs from the moment when all ledgers were seen
 * at zero, and anew if a tryget_live that came before the switch shows up.
 */
static void wait_for_release(struct storm_slot *slot, struct storm_object *object)
{
	u64 bound_ns = slot->storm->setup.bound_ms * NSEC_PER_MSEC;
	u64 zero_since = 0;

	while (!wait_event_timeout(slot->wait, settled(slot, object),
				   usecs_to_jiffies(2000))) {
		u64 now = ktime_get_ns();

		if (storm_slot_held(slot, NULL))
			zero_since = 0;
		else if (!zero_since)
			zero_since = now;
		else if (now - zero_since > bound_ns)
			storm_violation(slot->storm, INVARIANT_NO_LOST_COUNT,
					object->generation,
					"slot %u: no release() %llu ms after the last put",
					slot->index, slot->storm->setup.bound_ms);
	}
}

static void check_released(struct storm_slot *slot, struct storm_object *object)
{
	struct rs_counter_state state;

	object->counter.provider->inspect(&object->counter, &state);
	if (state.countable && !state.zero)
		storm_violation(slot->storm, INVARIANT_MODE_LEGAL, object->generation,
				"slot %u: released with a count of %llu",
				slot->index, state.count);

	slot->releases++;
	slot->confirms += object->confirmed;
	slot->overlapped_kills += READ_ONCE(object->overlapped);
	rs_histogram_record(&slot->kill_to_release,
			    object->release_ns - object->kill_ns);
}

/* From birth to burial. */
static void one_object(struct storm_slot *slot)
{
	struct storm *storm = slot->storm;
	struct storm_object *object;

	object = storm_object_create(slot, 1);
	if (!object) {
		/* Memory may come back; a storm without kills is unproven. */
		usleep_range(1000, 2000);
		return;
	}
	rcu_assign_pointer(slot->object, object);
	sleep_up_to(slot, LIVE_US_MAX);
	kill(slot, object);
	let_it_rain(slot, object);
	WRITE_ONCE(object->drain, true);
	wait_for_release(slot, object);

	RCU_INIT_POINTER(slot->object, NULL);
	if (!READ_ONCE(storm->abandon))
		check_released(slot, object);
	storm_object_bury(object);

	if (atomic_read(&storm->unburied) > UNBURIED_MAX)
		rcu_barrier();
	storm_graveyard_trim(storm, GRAVEYARD_MAX);
}

/* Thread function of a killer, which kthread_stop() ends. */
int storm_killer_thread(void *arg)
{
	struct storm_slot *slot = arg;
	struct storm *storm = slot->storm;

	while (!READ_ONCE(storm->closing) && !READ_ONCE(storm->abandon))
		one_object(slot);
	storm_thread_wait_stop();
	return 0;
}
