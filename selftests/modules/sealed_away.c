// SPDX-License-Identifier: GPL-2.0
/* rs_sealed_ref: which CPUs a round interrupts, and what CPUs do that it leaves alone. */
#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/kallsyms.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>

#include "sealed.h"
#include "window.h"

#define OPEN	((s64)BIT_ULL(62))

enum order { NOTHING, USE, DOZE, WAKE, STOP };
/* What the second CPU does beside: is idle; wakes while its slot is sealed; and adds then */
enum sleep { NO_SLEEP, DOZES, WAKES, WAKES_AND_ADDS };

/* The second CPU, and what its thread is told to do */
static struct {
	struct rs_sealed_ref	ref;
	s64 __percpu		*slots;
	unsigned int		cpu;
	enum order		order;
	enum sleep		sleep;
	bool			used;
	bool			opened;
	bool			cooled;
} away;

static void have(enum order order)
{
	u64 since = ktime_get_mono_fast_ns();

	/* Pairs with the acquire of the second CPU. */
	smp_store_release(&away.order, order);
	/* Pairs with its release. */
	while (smp_load_acquire(&away.order) != NOTHING)
		if (!check(!sealed_expired(since)))
			return;
}

static void obeyed(void)
{
	/* Pairs with the acquire in have(). */
	smp_store_release(&away.order, NOTHING);
}

/*
 * Once the round has sealed the slot of the CPU from afar, and before it looks again at the CPU:
 * the CPU wakes, may add, and is idle again. An addition that the exchange overtakes has read the
 * slot before. The round cannot tell that this one has not.
 */
static void straddle(s64 before)
{
	s64 *slot = per_cpu_ptr(away.slots, away.cpu);
	u64 since = ktime_get_mono_fast_ns();

	while (!window_is_entered() && !sealed_expired(since))
		cpu_relax();
	doze_exit();
	if (away.sleep == WAKES_AND_ADDS)
		WRITE_ONCE(*slot, before + 1);
	doze_enter();
	window_leave();
}

static void doze(void)
{
	u64 since = ktime_get_mono_fast_ns();
	s64 before;

	local_irq_disable();
	before = READ_ONCE(*per_cpu_ptr(away.slots, away.cpu));
	doze_enter();
	obeyed();
	if (away.sleep >= WAKES)
		straddle(before);
	/* Pairs with the release in have(). */
	while (smp_load_acquire(&away.order) != WAKE && !sealed_expired(since))
		cpu_relax();
	doze_exit();
	obeyed();
	local_irq_enable();
}

/* On the second CPU, which is busy in the kernel while it is told nothing. */
static void obey(void)
{
	for (;;) {
		/* Pairs with the release in have(). */
		switch (smp_load_acquire(&away.order)) {
		case USE:
			rs_sealed_ref_get(&away.ref);
			rs_sealed_ref_put(&away.ref);
			obeyed();
			break;
		case DOZE:
			doze();
			break;
		case STOP:
			obeyed();
			return;
		default:
			cond_resched();
			cpu_relax();
		}
	}
}

/* Interrupts for a switch to atomic mode, after which the counter is in per-CPU mode again */
static u64 interrupts_of_switch(void)
{
	struct rs_sealed_ref_rounds before, after;
	struct rs_percpu_ref_state state;

	rs_sealed_ref_read_rounds(&before);
	rs_sealed_ref_switch_to_atomic_sync(&away.ref);
	rs_sealed_ref_read_rounds(&after);
	rs_sealed_ref_inspect(&away.ref, &state);
	check(state.count == 1);
	check(after.rounds - before.rounds == 1);
	check(!rs_sealed_ref_switch_to_percpu(&away.ref));
	return after.interrupts - before.interrupts;
}

static void count_interrupts(void)
{
	/* The second CPU is busy, and has not used the counter. */
	check(interrupts_of_switch() == 0);
	have(USE);
	check(interrupts_of_switch() == 1);
	/* Its slot was sealed, and has not been opened since. */
	check(interrupts_of_switch() == 0);
	have(USE);
	check(slot_of(away.slots, away.cpu) == OPEN - 1);
	if (HAVE_DOZE) {
		have(DOZE);
		check(interrupts_of_switch() == 0);
		have(WAKE);
		/* What was sealed from afar is sealed. */
		check(slot_of(away.slots, away.cpu) < 0);
		check(interrupts_of_switch() == 0);
		have(USE);
	}
	check(interrupts_of_switch() == 1);
	have(STOP);
}

static void first_or_second(unsigned int nr, void *first)
{
	if (nr)
		obey();
	else
		((void (*)(void))first)();
}

/* Two threads, on the first two CPUs: the first has the second do what it says. */
static void with_second_cpu(void (*first)(void), enum sleep sleep)
{
	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	if (sleep != NO_SLEEP && !HAVE_DOZE) {
		skipped("this kernel checks that only the idle task says that it is idle");
		return;
	}
	forget();
	memset(&away, 0, sizeof(away));
	away.sleep = sleep;
	away.cpu = cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
	if (!begin(&away.ref, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	away.slots = away.ref.slots;
	crowd_run(2, first_or_second, first);
	end(&away.ref);
}

void interrupts_of_a_round(const struct scenario *s)
{
	with_second_cpu(count_interrupts, NO_SLEEP);
}

/* The round has just sealed the slot of the second CPU from afar. */
static bool is_sealed_from_afar(struct pt_regs *regs, void *unused)
{
	char where[KSYM_SYMBOL_LEN];

	if (smp_processor_id() == away.cpu || slot_of(away.slots, away.cpu) >= 0)
		return false;
	sprint_symbol(where, instruction_pointer(regs));
	return strstr(where, "[rsref]");
}

/*
 *	first CPU				second CPU
 *	---------				----------
 *						reads its slot
 *	is it idle? yes
 *						wakes
 *	seals the slot
 *						writes what it has read, plus one
 *						is idle again
 *	is it idle as before? interrupts it
 *						finds its slot open, with all that was counted
 *
 * Or it writes nothing, and finds its slot sealed: what was taken from afar stands.
 */
static void seal_while_it_wakes(void)
{
	struct rs_sealed_ref_rounds before, after;
	struct rs_percpu_ref_state state;

	have(USE);
	if (!window_open(per_cpu_ptr(away.slots, away.cpu), HW_BREAKPOINT_W, is_sealed_from_afar,
			 NULL))
		goto stop;
	rs_sealed_ref_read_rounds(&before);
	have(DOZE);
	rs_sealed_ref_switch_to_atomic(&away.ref, NULL);
	/* Once this CPU gets here, the round is past its second look. */
	window_entered();
	rs_sealed_ref_read_rounds(&after);
	have(WAKE);
	rs_sealed_ref_switch_to_atomic_sync(&away.ref);
	window_close();
	check(after.interrupts - before.interrupts == 1);
	check(slot_of(away.slots, away.cpu) < 0);
	rs_sealed_ref_inspect(&away.ref, &state);
	/* USE has left the count as it was, but its put is in the slot. */
	check(state.count == 1 + (away.sleep == WAKES_AND_ADDS));
	if (state.count == 2)
		rs_sealed_ref_put(&away.ref);
stop:
	have(STOP);
}

void cpu_wakes_up(const struct scenario *s)
{
	with_second_cpu(seal_while_it_wakes, WAKES_AND_ADDS);
}

void cpu_wakes_and_rests(const struct scenario *s)
{
	with_second_cpu(seal_while_it_wakes, WAKES);
}

static void get_where_rcu_does_not_look(void)
{
	bool opened, watched;

	local_irq_disable();
	doze_enter();
	watched = rcu_is_watching();
	rs_sealed_ref_get(&away.ref);
	opened = this_cpu_read(*away.slots) >= 0;
	doze_exit();
	local_irq_enable();
	check(!watched);
	check(!opened);
	/* The reference was counted, in the word. */
	rs_sealed_ref_put(&away.ref);
	check(interrupts_of_switch() == 0);
	have(STOP);
	caught("a get on a CPU that RCU does not watch");
}

void opened_where_rcu_does_not_look(const struct scenario *s)
{
	with_second_cpu(get_where_rcu_does_not_look, DOZES);
}

/* The second CPU has read the word and the block, and is about to open its slot. */
static bool is_about_to_open(struct pt_regs *regs, void *unused)
{
	char where[KSYM_SYMBOL_LEN];

	if (smp_processor_id() != away.cpu)
		return false;
	sprint_symbol(where, instruction_pointer(regs));
	return strstr(where, "[rsref]");
}

static void get_late(void)
{
	local_irq_disable();
	rs_sealed_ref_get(&away.ref);
	/* RCU waits for this CPU, so nobody has poisoned the block yet. */
	away.opened = this_cpu_read(*away.slots) >= 0;
	local_irq_enable();
	rs_sealed_ref_put(&away.ref);
	WRITE_ONCE(away.used, true);
}

static bool becomes_hot(const s64 __percpu *cold)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		rs_sealed_ref_get(&away.ref);
		rs_sealed_ref_put(&away.ref);
	}
	return check(becomes_true(READ_ONCE(away.ref.slots) != cold));
}

/*
 *	first CPU				second CPU
 *	---------				----------
 *						get: the slot is sealed, the count per-CPU
 *						reads which block the count has
 *	the count becomes cold: a round, without
 *	  the second CPU, and the block is retired
 *	the count becomes hot, with another block
 *						per-CPU: opens its slot of the first?
 */
static void open_late(unsigned int nr, void *cold)
{
	if (nr) {
		get_late();
		return;
	}
	if (becomes_true(window_is_entered())) {
		away.cooled = becomes_true(READ_ONCE(away.ref.slots) == (s64 __percpu *)cold);
		if (away.cooled) {
			becomes_hot((s64 __percpu *)cold);
			check(away.ref.slots != away.slots);
			check(!READ_ONCE(away.used));
		}
	}
	window_leave();
}

static void heat_and_open_late(void)
{
	s64 __percpu *cold = away.ref.slots;

	check(!rs_sealed_ref_set_threshold(&away.ref, 10));
	if (!becomes_hot(cold))
		return;
	away.slots = away.ref.slots;
	if (window_open(per_cpu_ptr(away.slots, away.cpu), HW_BREAKPOINT_RW, is_about_to_open,
			NULL)) {
		crowd_run(2, open_late, (void __force *)cold);
		window_close();
	}
	/* If the count has stayed hot, the block is still its own. */
	check(!away.cooled || !away.opened);
}

#define OPEN_LATE_TRIES 10

void opened_too_late(const struct scenario *s)
{
	cpumask_var_t allowed;
	unsigned int hot_ms, tries;

	if (num_online_cpus() < 2) {
		skipped("needs 2 CPUs");
		return;
	}
	if (!check(alloc_cpumask_var(&allowed, GFP_KERNEL)))
		return;
	/* This task must not open the slot of the second CPU. */
	cpumask_copy(allowed, current->cpus_ptr);
	check(!set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask))));

	hot_ms = set_parameter("dynamic_hot_ms", 1000);
	/*
	 * Once more if the count has not become cold meanwhile: the timer that asks whether it is
	 * still hot may be one of the second CPU, which takes no interrupt while the window is
	 * open. Or if the second CPU has come to its get too late.
	 */
	for (tries = 0; tries < OPEN_LATE_TRIES; tries++) {
		forget();
		memset(&away, 0, sizeof(away));
		away.cpu = cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
		if (!begin(&away.ref, RS_PERCPU_REF_DYNAMIC))
			break;
		heat_and_open_late();
		end(&away.ref);
		if (away.cooled)
			break;
	}
	check(away.cooled);
	set_parameter("dynamic_hot_ms", hot_ms);
	set_cpus_allowed_ptr(current, allowed);
	free_cpumask_var(allowed);
}
