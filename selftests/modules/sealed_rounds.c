// SPDX-License-Identifier: GPL-2.0
/* rs_sealed_ref: rounds that kills share, and during which CPUs go offline and online. */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "sealed.h"
#include "window.h"

/* Kill a counter and wait for its release while a CPU goes offline or online. */
static int kill_and_wait(unsigned int cpu)
{
	struct rs_sealed_ref ref;

	if (!begin(&ref, 0))
		return 0;
	rs_sealed_ref_get(&ref);
	rs_sealed_ref_put(&ref);
	end(&ref);
	synchronize_rcu();
	return 0;
}

void kill_in_hotplug(const struct scenario *s)
{
	unsigned int cpu = cpumask_last(cpu_online_mask), before;
	int state;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "sealed_slot", kill_and_wait,
					  kill_and_wait);
	if (!check(state > 0))
		return;
	before = atomic_read(&releases);
	check(!remove_cpu(cpu));
	check(!add_cpu(cpu));
	check(atomic_read(&releases) == before + 2);
	cpuhp_remove_state_nocalls(state);
}

/* A CPU that is kept from reporting to a round */
struct held_cpu {
	bool	holds;
	bool	go_on;
};

static void hold_cpu(void *held)
{
	struct held_cpu *cpu = held;

	/* Pairs with the acquire of the task that waits for @holds. */
	smp_store_release(&cpu->holds, true);
	/* Pairs with the release that sets @go_on. */
	while (!smp_load_acquire(&cpu->go_on))
		cpu_relax();
}

/*
 * A CPU comes up while its slot is sealed remotely. The last CPU to report is stopped between
 * its look at the mask and its exchange. The addition is one instruction on x86-64, but a read
 * and a write for the other CPUs; it is delayed between the two.
 *
 *	last to report			the CPU that comes up
 *	--------------			---------------------
 *	is it online? no
 *					is online, reads its slot: open
 *	seals the slot
 *					writes what it has read, plus one
 *	is it online? interrupts it
 *					finds its slot open, with all that was counted
 *
 * The CPU is coming up already when the kill begins. Before that it may need the other CPUs, to
 * stop the machine while it sets itself up.
 */
static struct comer {
	struct rs_sealed_ref	ref;
	s64 __percpu		*slots;
	struct held_cpu		held;
	unsigned int		cpu;
	unsigned int		last;
	bool			starting;
	bool			finishing;
	bool			straddled;
} comer;

/* A state of the same section whose owner is not on this architecture */
#define STARTING	CPUHP_AP_ARM64_ISNDEP_STARTING

static void get_two(void *unused)
{
	/* The first opens the slot. */
	rs_sealed_ref_get(&comer.ref);
	rs_sealed_ref_get(&comer.ref);
}

static void get_and_put(void *unused)
{
	rs_sealed_ref_get(&comer.ref);
	rs_sealed_ref_put(&comer.ref);
}

static void nothing(void *unused)
{
}

static void kill_meanwhile(void)
{
	unsigned int other;

	/* Pairs with the release in hold_cpu(). */
	check(becomes_true(smp_load_acquire(&comer.held.holds)));
	check(rs_sealed_ref_kill_and_confirm(&comer.ref, note_confirm));
	/* A CPU handles calls in order: when it answers this one, it has reported. */
	for_each_online_cpu(other)
		if (other != comer.last)
			smp_call_function_single(other, nothing, NULL, true);
	WRITE_ONCE(comer.finishing, true);
	/* Pairs with the acquire in hold_cpu(). */
	smp_store_release(&comer.held.go_on, true);
}

/*
 * On the first CPU and on the second, which is the last to report. It is threads that are
 * there, since the scheduler takes a CPU that has nothing but interrupts for idle, and
 * would have others wait for it.
 */
static void kill_or_report_last(unsigned int nr, void *unused)
{
	check(becomes_true(READ_ONCE(comer.starting)));
	if (!nr) {
		kill_meanwhile();
		return;
	}
	local_irq_disable();
	hold_cpu(&comer.held);
	local_irq_enable();
}

/* On the CPU that comes up, which is not online yet. */
static int wait_for_the_look(unsigned int cpu)
{
	u64 since = ktime_get_mono_fast_ns();

	WRITE_ONCE(comer.starting, true);
	while (!window_is_entered() && !sealed_expired(since))
		cpu_relax();
	return 0;
}

/* rsref.ko has just read the mask, without the CPU. */
static bool finds_it_absent(struct pt_regs *regs, void *unused)
{
	char where[KSYM_SYMBOL_LEN];

	if (!READ_ONCE(comer.finishing) || smp_processor_id() != comer.last ||
	    cpu_online(comer.cpu))
		return false;
	sprint_symbol(where, instruction_pointer(regs));
	return strstr(where, "[rsref]");
}

/* On the CPU that has come up. */
static int add_while_it_is_sealed(unsigned int cpu)
{
	s64 *slot = per_cpu_ptr(comer.slots, cpu), before;
	u64 since = ktime_get_mono_fast_ns();
	unsigned long flags;

	local_irq_save(flags);
	before = READ_ONCE(*slot);
	window_leave();
	if (check(before >= 0)) {
		while (READ_ONCE(*slot) == before && !sealed_expired(since))
			cpu_relax();
		comer.straddled = READ_ONCE(*slot) != before;
		WRITE_ONCE(*slot, before + 1);
	}
	local_irq_restore(flags);
	return 0;
}

static void bring_it_up(void)
{
	struct crowd *crowd;
	int online;

	check(!cpuhp_setup_state_nocalls(STARTING, "sealed_slot:starting", wait_for_the_look,
					 NULL));
	online = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "sealed_slot:online",
					   add_while_it_is_sealed, NULL);
	check(online > 0);
	crowd = crowd_start(2, kill_or_report_last, NULL);
	check(!add_cpu(comer.cpu));
	crowd_join(crowd);
	if (online > 0)
		cpuhp_remove_state_nocalls(online);
	cpuhp_remove_state_nocalls(STARTING);
}

void cpu_comes_up(const struct scenario *s)
{
	struct rs_percpu_ref_state state;
	cpumask_var_t allowed;

	if (num_online_cpus() < 3) {
		skipped("needs 3 CPUs");
		return;
	}
	if (!check(alloc_cpumask_var(&allowed, GFP_KERNEL)))
		return;
	/* The task that brings the CPU up must not run on the CPU that is stopped. */
	cpumask_copy(allowed, current->cpus_ptr);
	check(!set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask))));

	forget();
	memset(&comer, 0, sizeof(comer));
	comer.last = cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
	comer.cpu = cpumask_last(cpu_online_mask);
	if (begin(&comer.ref, 0)) {
		comer.slots = comer.ref.slots;
		smp_call_function_single(comer.cpu, get_two, NULL, true);
		/* A CPU that has not used the counter does not report. */
		smp_call_function_single(comer.last, get_and_put, NULL, true);
		check(slot_of(comer.slots, comer.cpu) == (1LL << 62) + 1);
		check(!remove_cpu(comer.cpu));
		if (window_open(cpumask_bits(cpu_online_mask) + BIT_WORD(comer.cpu),
				HW_BREAKPOINT_RW, finds_it_absent, NULL))
			bring_it_up();
		else
			check(!add_cpu(comer.cpu));
		window_close();
		check(comer.straddled);
		check(becomes_true(atomic_read(&confirmations) == 1));
		rs_sealed_ref_inspect(&comer.ref, &state);
		check(state.count == 3);
		rs_sealed_ref_put_many(&comer.ref, state.count);
		check(atomic_read(&releases) == 1);
		rs_sealed_ref_exit(&comer.ref);
		synchronize_rcu();
	}
	set_cpus_allowed_ptr(current, allowed);
	free_cpumask_var(allowed);
}

static void get_twice(void *ref)
{
	/* The first opens the slot. */
	rs_sealed_ref_get(ref);
	rs_sealed_ref_get(ref);
}

/*
 * CPUs that have references in their slots of counts that the second round comes to last: one that
 * is held, and one that is idle, if there is another.
 */
static unsigned int get_elsewhere(struct rs_sealed_ref *refs, unsigned int held)
{
	unsigned int cpu, nr = 0;

	check(!smp_call_function_single(held, get_twice, &refs[++nr], true));
	for_each_online_cpu(cpu) {
		if (cpu == held || cpu == smp_processor_id())
			continue;
		check(!smp_call_function_single(cpu, get_twice, &refs[++nr], true));
		break;
	}
	return nr;
}

static void put_from_elsewhere(struct rs_sealed_ref *refs, unsigned int nr)
{
	struct rs_percpu_ref_state state;

	for (; nr; nr--) {
		rs_sealed_ref_inspect(&refs[nr], &state);
		check(state.count == 2);
		rs_sealed_ref_put_many(&refs[nr], state.count);
	}
}

void kills_share_rounds(const struct scenario *s)
{
	struct held_cpu held = { };
	struct rs_sealed_ref_rounds before, after;
	struct rs_sealed_ref *refs;
	unsigned int nr = 0, elsewhere = 0, other, i;
	unsigned long flags;

	refs = kcalloc(MANY, sizeof(*refs), GFP_KERNEL);
	if (!check(refs))
		return;
	forget();
	while (nr < MANY && begin(&refs[nr], 0))
		nr++;
	rs_sealed_ref_read_rounds(&before);
	migrate_disable();
	/* Each get counts in the word and opens the slot; its put counts in the slot. */
	for (i = 0; i < nr; i++) {
		rs_sealed_ref_get(&refs[i]);
		rs_sealed_ref_put(&refs[i]);
	}
	/* The round of the first kill cannot end before the last, and other CPUs report last. */
	other = cpumask_any_but(cpu_online_mask, smp_processor_id());
	if (other < nr_cpu_ids && nr == MANY)
		elsewhere = get_elsewhere(refs, other);
	if (other < nr_cpu_ids && !smp_call_function_single(other, hold_cpu, &held, false))
		/* Pairs with the release in hold_cpu(). */
		while (!smp_load_acquire(&held.holds))
			cpu_relax();
	local_irq_save(flags);
	for (i = 0; i < nr; i++)
		rs_sealed_ref_kill(&refs[i]);
	local_irq_restore(flags);
	/* Pairs with the acquire in hold_cpu(): the kills come first. */
	smp_store_release(&held.go_on, true);
	migrate_enable();
	check(becomes_true(atomic_read(&releases) == nr - elsewhere));
	put_from_elsewhere(refs, elsewhere);
	/* exit would wait for counters that are not released. */
	if (!check(becomes_true(atomic_read(&releases) == nr)))
		return;
	rs_sealed_ref_read_rounds(&after);
	for (i = 0; i < nr; i++)
		rs_sealed_ref_exit(&refs[i]);
	synchronize_rcu();
	kfree(refs);

	/* The first has none to share with yet. */
	check(after.rounds - before.rounds == 2);
	check(after.interrupts - before.interrupts <=
	      (after.rounds - before.rounds) * (num_possible_cpus() - 1));
}
