// SPDX-License-Identifier: GPL-2.0
/* rs_sealed_ref: rounds with CPUs that come back, that are isolated, or that a task keeps busy. */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "sealed.h"

/* How far a scenario is; each thread waits for its stage. */
enum stage { SEALED_BEGUN, SEALED_AWAKE, SEALED_MAY_REPORT, SEALED_OVER };

static struct {
	struct rs_sealed_ref	ref;
	struct rs_sealed_ref	next;
	enum stage		stage;
	atomic_t		ready;
	bool			disturbed;	/* release() on an isolated CPU */
} back;

static void back_set(enum stage stage)
{
	/* Pairs with the acquire in back_wait(). */
	smp_store_release(&back.stage, stage);
}

/* With interrupts off */
static void back_wait(enum stage stage)
{
	u64 since = ktime_get_mono_fast_ns();

	/* Pairs with the release in back_set(). */
	while (smp_load_acquire(&back.stage) < stage && !sealed_expired(since))
		cpu_relax();
}

static u64 back_interrupts(void)
{
	struct rs_sealed_ref_rounds rounds;

	rs_sealed_ref_read_rounds(&rounds);
	return rounds.interrupts;
}

static void back_use(void)
{
	rs_sealed_ref_get(&back.ref);
	rs_sealed_ref_put(&back.ref);
}

/* Its slot is open, and its report is late. */
static void back_report_late(enum stage stage)
{
	back_use();
	local_irq_disable();
	atomic_inc(&back.ready);
	back_wait(stage);
	local_irq_enable();
}

/* Idle when the round begins, and awake, with interrupts off, before the round is over */
static void back_doze(void)
{
	back_use();
	local_irq_disable();
	doze_enter();
	atomic_inc(&back.ready);
	back_wait(SEALED_AWAKE);
	doze_exit();
	atomic_inc(&back.ready);
	back_wait(SEALED_OVER);
	local_irq_enable();
}

/*
 *	CPU 0			CPU 1			CPUs 2 and 3
 *	-----			-----			------------
 *				no interrupts		idle
 *	a round: interrupts 1
 *							awake, no interrupts
 *				reports: interrupts 2
 *				  and 3, though 2 has
 *				  not reported yet
 */
static void back_side_by_side(unsigned int nr, void *unused)
{
	u64 before;

	if (nr == 1)
		back_report_late(SEALED_MAY_REPORT);
	else if (nr)
		back_doze();
	if (nr)
		return;
	check(becomes_true(atomic_read(&back.ready) == 3));
	before = back_interrupts();
	rs_sealed_ref_switch_to_atomic(&back.ref, NULL);
	check(back_interrupts() - before == 1);
	back_set(SEALED_AWAKE);
	check(becomes_true(atomic_read(&back.ready) == 5));
	back_set(SEALED_MAY_REPORT);
	check(becomes_true(back_interrupts() - before == 3));
	back_set(SEALED_OVER);
	rs_sealed_ref_switch_to_atomic_sync(&back.ref);
}

void woken_side_by_side(const struct scenario *s)
{
	struct rs_percpu_ref_state state;

	if (num_online_cpus() < 4) {
		skipped("needs 4 CPUs");
		return;
	}
	if (!HAVE_DOZE) {
		skipped("this kernel checks that only the idle task says that it is idle");
		return;
	}
	forget();
	memset(&back, 0, sizeof(back));
	if (!begin(&back.ref, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	crowd_run(4, back_side_by_side, NULL);
	rs_sealed_ref_inspect(&back.ref, &state);
	check(state.count == 1);
	end(&back.ref);
}

/* An isolated CPU beside the first, which is not isolated; or 0 */
static unsigned int isolated_cpu(void)
{
	unsigned int cpu;

	if (!housekeeping_test_cpu(cpumask_first(cpu_online_mask), HK_TYPE_TIMER))
		return 0;
	for_each_online_cpu(cpu)
		if (!housekeeping_test_cpu(cpu, HK_TYPE_TIMER))
			return cpu;
	return 0;
}

static void back_release(struct rs_sealed_ref *ref)
{
	if (!housekeeping_test_cpu(raw_smp_processor_id(), HK_TYPE_TIMER))
		WRITE_ONCE(back.disturbed, true);
	atomic_inc(&releases);
}

static void back_report_late_csd(void *unused)
{
	atomic_inc(&back.ready);
	back_wait(SEALED_MAY_REPORT);
}

static void back_use_csd(void *unused)
{
	back_use();
}

/*
 * The isolated CPU has used the first counter. While it is kept from reporting, another counter is
 * killed, whose round has to wait.
 */
static void isolated_kill_both(unsigned int isolated)
{
	u64 before;

	check(!smp_call_function_single(isolated, back_use_csd, NULL, true));
	check(!smp_call_function_single(isolated, back_report_late_csd, NULL, false));
	check(becomes_true(atomic_read(&back.ready) == 1));
	before = back_interrupts();
	check(rs_sealed_ref_kill(&back.ref));
	check(rs_sealed_ref_kill(&back.next));
	check(back_interrupts() - before == 1);
	back_set(SEALED_MAY_REPORT);
	check(becomes_true(atomic_read(&releases) == 2));
	/* One more, by which the isolated CPU hands over. */
	check(back_interrupts() - before == 2);
	check(!READ_ONCE(back.disturbed));
}

void isolated_cpu_reports_last(const struct scenario *s)
{
	unsigned int isolated = isolated_cpu();
	cpumask_var_t allowed;

	if (!isolated) {
		skipped("no CPU is isolated");
		return;
	}
	if (!check(alloc_cpumask_var(&allowed, GFP_KERNEL)))
		return;
	cpumask_copy(allowed, current->cpus_ptr);
	check(!set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask))));
	forget();
	memset(&back, 0, sizeof(back));
	check(!rs_sealed_ref_init(&back.ref, back_release, 0, GFP_KERNEL));
	check(!rs_sealed_ref_init(&back.next, back_release, 0, GFP_KERNEL));
	isolated_kill_both(isolated);
	if (check(atomic_read(&releases) == 2)) {
		rs_sealed_ref_exit(&back.ref);
		rs_sealed_ref_exit(&back.next);
		synchronize_rcu();
	}
	set_cpus_allowed_ptr(current, allowed);
	free_cpumask_var(allowed);
}

/* More counters than a CPU seals in one interrupt, which a busy CPU has used */
static struct {
	struct rs_sealed_ref	*refs;
	unsigned int		nr;
	bool			busy;
	bool			over;
} hogged;

static void hogged_use(void)
{
	unsigned int i;

	for (i = 0; i < hogged.nr; i++) {
		rs_sealed_ref_get(&hogged.refs[i]);
		rs_sealed_ref_put(&hogged.refs[i]);
	}
}

/* Nothing takes its CPU from this task but hard interrupts and, at their end, softirqs. */
static void hogged_spin(void)
{
	u64 since = ktime_get_mono_fast_ns();

	sched_set_fifo(current);
	preempt_disable();
	hogged_use();
	WRITE_ONCE(hogged.busy, true);
	while (!READ_ONCE(hogged.over) && !sealed_expired(since))
		cpu_relax();
	preempt_enable();
	sched_set_normal(current, 0);
}

static void hogged_kill_or_spin(unsigned int nr, void *unused)
{
	unsigned int i;

	if (nr) {
		hogged_spin();
		return;
	}
	check(becomes_true(READ_ONCE(hogged.busy)));
	for (i = 0; i < hogged.nr; i++)
		check(rs_sealed_ref_kill(&hogged.refs[i]));
	check(becomes_true(atomic_read(&releases) == hogged.nr));
	WRITE_ONCE(hogged.over, true);
}

void busy_cpu_delays_no_kill(const struct scenario *s)
{
	unsigned int i;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	forget();
	memset(&hogged, 0, sizeof(hogged));
	hogged.refs = kcalloc(MANY, sizeof(*hogged.refs), GFP_KERNEL);
	if (!check(hogged.refs))
		return;
	while (hogged.nr < MANY && begin(&hogged.refs[hogged.nr], 0))
		hogged.nr++;
	crowd_run(2, hogged_kill_or_spin, NULL);
	/* exit would wait for counters that are not released. */
	if (!check(becomes_true(atomic_read(&releases) == hogged.nr)))
		return;
	for (i = 0; i < hogged.nr; i++)
		rs_sealed_ref_exit(&hogged.refs[i]);
	synchronize_rcu();
	kfree(hogged.refs);
}
