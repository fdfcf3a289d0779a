// SPDX-License-Identifier: GPL-2.0
/*
 * rs_sealed_ref below its interface: slots, blocks, rounds, and the context of callbacks.
 * sealed_ref_api.c has the interface that it shares with rs_percpu_ref.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/rcupdate.h>

#include <refstorm/alloc.h>

#include "scenario_frame.h"
#include "sealed.h"
#include "window_frame.h"

atomic_t releases, confirmations, misplaced;

/* Only softirq will do: not a hard interrupt, nor the stack of kill. */
static void note(atomic_t *times)
{
	if (in_hardirq() || !in_serving_softirq())
		atomic_inc(&misplaced);
	atomic_inc(times);
}

static void note_release(struct rs_sealed_ref *ref)
{
	note(&releases);
}

void note_confirm(struct rs_sealed_ref *ref)
{
	if (atomic_read(&releases))
		atomic_inc(&misplaced);
	note(&confirmations);
}

void forget(void)
{
	atomic_set(&releases, 0);
	atomic_set(&confirmations, 0);
	atomic_set(&misplaced, 0);
}

bool begin(struct rs_sealed_ref *ref, unsigned int flags)
{
	return check(!rs_sealed_ref_init(ref, note_release, flags, GFP_KERNEL));
}

s64 __percpu *end(struct rs_sealed_ref *ref)
{
	s64 __percpu *slots = READ_ONCE(ref->slots);
	int before = atomic_read(&releases);

	check(rs_sealed_ref_kill(ref));
	check(becomes_true(atomic_read(&releases) == before + 1));
	rs_sealed_ref_exit(ref);
	return slots;
}

static int is_open(s64 __percpu *slots)
{
	int cpu, open = 0;

	for_each_possible_cpu(cpu)
		open += slot_of(slots, cpu) >= 0;
	return open;
}

static void opens_on_demand(const struct scenario *s)
{
	struct rs_sealed_ref ref;
	int here;

	if (!begin(&ref, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	check(is_open(ref.slots) == 0);
	here = get_cpu();
	rs_sealed_ref_get(&ref);
	check(slot_of(ref.slots, here) == 1LL << 62);
	rs_sealed_ref_get(&ref);
	check(slot_of(ref.slots, here) == (1LL << 62) + 1);
	put_cpu();
	check(is_open(ref.slots) == 1);

	rs_sealed_ref_switch_to_atomic_sync(&ref);
	check(is_open(ref.slots) == 0);
	rs_sealed_ref_put(&ref);
	check(is_open(ref.slots) == 0);
	check(!rs_sealed_ref_switch_to_percpu(&ref));
	check(is_open(ref.slots) == 0);
	rs_sealed_ref_put(&ref);
	check(is_open(ref.slots) == 1);
	end(&ref);
}

static void sealed_counts_nothing(const struct scenario *s)
{
	struct rs_percpu_ref_state state;
	struct rs_sealed_ref ref;
	unsigned int i;

	if (!begin(&ref, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	rs_sealed_ref_switch_to_atomic_sync(&ref);
	/* These go to the word, and leave their traces in the sealed slot, too. */
	for (i = 0; i < 7; i++)
		rs_sealed_ref_get(&ref);
	check(!rs_sealed_ref_switch_to_percpu(&ref));
	rs_sealed_ref_switch_to_atomic_sync(&ref);
	rs_sealed_ref_inspect(&ref, &state);
	check(state.count == 8);
	rs_sealed_ref_put_many(&ref, 7);
	end(&ref);
}

struct straggler {
	s64 __percpu	*slots;
	bool		there;
	bool		go;
	bool		give_up;
	bool		counted;
};

/*
 * A get with a long delay between its load and its addition. It can be preempted, as a get can: a
 * loop that is not would keep the thread that calls back from this CPU, in a kernel that preempts
 * where it is asked to only. To Tasks RCU cond_resched() is no quiescent state then. Without
 * preemption it would be one to RCU.
 */
static void straggle(unsigned int nr, void *arg)
{
	struct straggler *straggler = arg;
	unsigned long end = jiffies + 60 * HZ;

	WRITE_ONCE(straggler->there, true);
	while (!READ_ONCE(straggler->go) && time_before(jiffies, end)) {
		if (IS_ENABLED(CONFIG_PREEMPTION))
			cond_resched();
		cpu_relax();
	}
	check(READ_ONCE(straggler->go));
	if (!straggler->give_up)
		straggler->counted = this_cpu_add_return(*straggler->slots, 1) >= 0;
}

static void straggler(const struct scenario *s)
{
	struct straggler straggler = { };
	unsigned long until = jiffies + 3 * HZ / 2;
	struct rs_sealed_ref *refs;
	struct crowd *crowd;
	unsigned int i;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	refs = kcalloc(MANY, sizeof(*refs), GFP_KERNEL);
	if (!check(refs) || !begin(&refs[0], 0))
		goto out;
	rs_sealed_ref_get(&refs[0]);
	rs_sealed_ref_put(&refs[0]);
	straggler.slots = refs[0].slots;
	crowd = crowd_start(1, straggle, &straggler);
	if (!crowd)
		goto out;
	check(becomes_true(READ_ONCE(straggler.there)));
	end(&refs[0]);

	/* RCU has many grace periods in this time. */
	do {
		unsigned int nr = 0;

		while (nr < MANY && !rs_sealed_ref_init(&refs[nr], note_release, 0, GFP_KERNEL)) {
			/* After a free the memory could belong to another user by now. */
			if (!check(refs[nr].slots != straggler.slots))
				straggler.give_up = true;
			nr++;
		}
		check(nr == MANY);
		for (i = 0; i < nr; i++)
			rs_sealed_ref_cancel_init(&refs[i]);
		msleep(20);
	} while (time_before(jiffies, until));

	WRITE_ONCE(straggler.go, true);
	crowd_join(crowd);
	check(!straggler.counted);
out:
	kfree(refs);
}

static void stray_addition(const struct scenario *s)
{
	s64 __percpu *slots, *found = NULL;
	struct rs_sealed_ref *refs;
	unsigned int nr = 0, last = cpumask_last(cpu_possible_mask), i;

	refs = kcalloc(MANY, sizeof(*refs), GFP_KERNEL);
	/*
	 * A retired block lies poisoned in the pool. Twice, since blocks that were retired
	 * before the first may still enter the pool after it and push it out.
	 */
	for (i = 0; i < 2; i++) {
		if (!check(refs) || !begin(&refs[0], 0))
			goto out;
		slots = end(&refs[0]);
		if (!check(becomes_true(slot_of(slots, last) < -(1LL << 62))))
			goto out;
	}
	this_cpu_add(*slots, 1);
	while (nr < MANY && !found && begin(&refs[nr], 0)) {
		if (refs[nr++].slots == slots)
			found = slots;
	}
	check(found);
	while (nr--)
		rs_sealed_ref_cancel_init(&refs[nr]);
	caught("an addition to memory that was given back");
out:
	kfree(refs);
}

static struct rs_sealed_ref victim;

static void kill_victim(void)
{
	check(rs_sealed_ref_kill_and_confirm(&victim, note_confirm));
}

static void kill_in_irq_work(struct irq_work *work)
{
	check(in_hardirq());
	kill_victim();
}

static void kill_in_tasklet(struct tasklet_struct *tasklet)
{
	kill_victim();
}

static void from_task(void)
{
	kill_victim();
}

static void from_irqs_off(void)
{
	unsigned long flags;

	local_irq_save(flags);
	kill_victim();
	local_irq_restore(flags);
}

static void from_bh_off(void)
{
	local_bh_disable();
	kill_victim();
	local_bh_enable();
}

static void from_hardirq(void)
{
	struct irq_work work = IRQ_WORK_INIT_HARD(kill_in_irq_work);

	irq_work_queue(&work);
	irq_work_sync(&work);
}

static void from_softirq(void)
{
	static struct tasklet_struct tasklet;

	tasklet_setup(&tasklet, kill_in_tasklet);
	tasklet_schedule(&tasklet);
	check(becomes_true(atomic_read(&releases)));
	tasklet_kill(&tasklet);
}

static void callbacks_in_softirq(const struct scenario *s)
{
	static void (* const from[])(void) = {
		from_task, from_irqs_off, from_bh_off, from_hardirq, from_softirq,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		forget();
		if (!begin(&victim, 0))
			return;
		rs_sealed_ref_get(&victim);
		rs_sealed_ref_put(&victim);
		from[i]();
		check(becomes_true(atomic_read(&releases)));
		rs_sealed_ref_exit(&victim);
		synchronize_rcu();
		check(atomic_read(&confirmations) == 1);
		check(atomic_read(&releases) == 1);
		check(!atomic_read(&misplaced));
	}
}

static long allocations;

static void add_allocations(const struct module *owner, const struct rs_alloc_site *site,
			    void *arg)
{
	allocations += atomic64_read(&site->allocated) + atomic64_read(&site->failed);
}

static void kill_allocates_nothing(const struct scenario *s)
{
	struct rs_sealed_ref ref;
	long before;

	if (!begin(&ref, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	rs_sealed_ref_get(&ref);
	allocations = 0;
	rs_alloc_for_each(add_allocations, NULL);
	before = allocations;
	check(rs_sealed_ref_kill(&ref));
	rs_sealed_ref_put(&ref);
	check(!rs_sealed_ref_reinit(&ref));
	end(&ref);
	allocations = 0;
	rs_alloc_for_each(add_allocations, NULL);
	check(allocations == before);
}

static void large_calls(const struct scenario *s)
{
	struct rs_sealed_ref dead, live;
	unsigned int i;

	if (!begin(&dead, 0))
		return;
	end(&dead);
	if (!begin(&live, 0))
		return;
	for (i = 0; i < 3; i++) {
		check(!rs_sealed_ref_tryget_many(&dead, 1UL << 62));
		check(!rs_sealed_ref_tryget_live(&dead));
	}
	rs_sealed_ref_get_many(&live, 1UL << 40);
	rs_sealed_ref_put_many(&live, (1UL << 40) - 1);
	rs_sealed_ref_switch_to_atomic_sync(&live);
	rs_sealed_ref_put(&live);
	end(&live);
}

static void drift(const struct scenario *s)
{
	static const s64 far[] = { -5, -(1LL << 62) - (1LL << 61) - 1000 };
	struct rs_sealed_ref dead;
	unsigned int i;
	s64 slot;

	if (!begin(&dead, 0))
		return;
	end(&dead);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		preempt_disable();
		this_cpu_write(*dead.slots, far[i]);
		check(!rs_sealed_ref_tryget_many(&dead, 2));
		slot = this_cpu_read(*dead.slots);
		preempt_enable();
		check(slot == -(1LL << 62));
	}
}

#define SCENARIO(_run, _title) { .name = #_run, .title = (_title), .run = (_run) }

static const struct scenario list[] = {
	SCENARIO(opens_on_demand,
		 "a CPU opens its own slot, when it is used, in per-CPU mode only"),
	SCENARIO(sealed_counts_nothing, "what was added to a sealed slot is not counted"),
	SCENARIO(kill_in_hotplug, "a counter is killed and waited for while a CPU goes and comes"),
	SCENARIO(cpu_comes_up,
		 "an addition of a CPU that comes up while its slot is sealed is counted once"),
	SCENARIO(interrupts_of_a_round,
		 "a round interrupts CPUs that have used the counter, and are not idle"),
	SCENARIO(cpu_wakes_up,
		 "an addition of an idle CPU that wakes while its slot is sealed is counted once"),
	SCENARIO(cpu_wakes_and_rests,
		 "what an idle CPU has counted stands if it wakes while its slot is sealed"),
	SCENARIO(woken_side_by_side,
		 "CPUs that wake up before a round is over are interrupted side by side"),
	SCENARIO(isolated_cpu_reports_last,
		 "an isolated CPU that reports last begins no round and calls nobody back"),
	SCENARIO(busy_cpu_delays_no_kill,
		 "a realtime task that never leaves its CPU delays no kill"),
	{ .name = "opened_where_rcu_does_not_look", .run = opened_where_rcu_does_not_look,
	  .wrong = true, .warnings = 1,
	  .title = "a get on a CPU that RCU does not watch is reported, and opens no slot",
	  .text = "rs_sealed_ref: get or put on a CPU that RCU does not watch." },
	SCENARIO(opened_too_late,
		 "a CPU that finds another block than the one it was to open opens neither"),
	SCENARIO(straggler,
		 "slots that a task is about to add to are nobody else's, however long it takes"),
	{ .name = "stray_addition", .run = stray_addition, .wrong = true, .warnings = 1,
	  .title = "an addition to slots that were given back is reported",
	  .text = "rs_sealed_ref: addition to slots that were given back." },
	SCENARIO(callbacks_in_softirq,
		 "wherever the kill, its callbacks come in softirq, once, in order"),
	SCENARIO(kills_share_rounds, "a thousand kills interrupt each CPU twice"),
	SCENARIO(kill_allocates_nothing, "kill, release and reinit allocate nothing"),
	SCENARIO(large_calls, "no large call opens a sealed slot"),
	SCENARIO(drift, "a sealed slot that has drifted is put back"),
};

SCENARIOS_MODULE(list, "rs_sealed_ref below its interface");
