// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds: how all CPUs are got to seal their slots, by an interrupt to each.
 *
 * A slot that is open may be written by its own CPU only, because the addition of
 * get and put is not locked: it may have read the slot before somebody else's
 * write, and write its own result after. So each CPU seals its slots itself, in
 * an interrupt, and reports. The last one that does has the sums brought into the
 * words, in softirq, where users can be called back.
 *
 *	kill			each CPU			last to report
 *	----			--------			--------------
 *	SWITCHING
 *	list the count
 *	owner of the round:
 *	  take up to 128
 *	  interrupt all   --->	harvest = xchg(slot, SEALED)
 *				report			 --->	softirq: add up
 *								next round
 *								percpu_count_collected()
 *
 * Whoever lists a count while a round is under way leaves it to the next one: any
 * number of kills share rounds. A round allocates nothing, takes no lock and waits
 * for nobody, so it may begin in any context but NMI, in a hotplug callback and
 * under memory reclaim too. At most 128 counts a round bound the time that it keeps
 * interrupts off; and only so many rounds begin in a jiffy.
 *
 * CPUs that come and go. With preemption off none can go. Slots of CPUs that are not
 * online are sealed from here: they run nothing that counts. One may come up
 * meanwhile, hence the second look at the mask, after a full barrier: a CPU that is
 * not seen even then is online later than our writes, and finds its slots sealed.
 * One that is seen is interrupted like the others. If it finds a slot open, an
 * addition of its own was under way while we sealed, and has undone that: what it
 * finds replaces what we had. If it finds the slot sealed, what we had stands.
 *
 * Order. The addition of a put comes after all that the CPU did before; the interrupt
 * and its xchg() after that, then the report, a full barrier; the last report
 * before release().
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/timer.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_engine.h"
#include "softirq_kick.h"

#define ROUND_COUNTS	128

static unsigned int sealed_rounds_per_jiffy = 256;
module_param(sealed_rounds_per_jiffy, uint, 0644);
MODULE_PARM_DESC(sealed_rounds_per_jiffy, "how many rounds of interrupts may begin within a jiffy");

static unsigned long sealed_rounds;
module_param(sealed_rounds, ulong, 0444);
MODULE_PARM_DESC(sealed_rounds, "rounds so far");

static unsigned long sealed_interrupts;
module_param(sealed_interrupts, ulong, 0444);
MODULE_PARM_DESC(sealed_interrupts, "interrupts sent to other CPUs for rounds so far");

/**
 * struct round_cpu - what a round has for each CPU
 * @csd: to interrupt it
 * @finish: the end of a round whose last report it was
 * @sealed_remotely: its slots were sealed from another CPU
 * @harvest: what its slots held
 */
struct round_cpu {
	call_single_data_t	csd;
	struct softirq_kick	finish;
	bool			sealed_remotely;
	s64			harvest[ROUND_COUNTS];
};

static DEFINE_PER_CPU(struct round_cpu, round_cpus);

/*
 * The round. All but @pending belongs to whoever has set @busy.
 *
 * pending: counts that want a round
 * backlog: counts that were taken from there, and wait for their turn
 * jiffy, begun: how many rounds have begun in that jiffy
 * nr, counts, slots: those of this round
 * unreported: CPUs that have not sealed yet, and one for who begins the round
 */
static struct {
	struct llist_head	pending;
	unsigned long		busy;
	struct llist_node	*backlog;
	unsigned long		jiffy;
	unsigned int		begun;
	unsigned int		nr;
	struct rs_percpu_count	*counts[ROUND_COUNTS];
	s64 __percpu		*slots[ROUND_COUNTS];
	atomic_t		unreported;
	struct timer_list	next_jiffy;
} sealed_round;

#define ROUND_BUSY	0

/* This CPU has sealed its slots. The last one has the round finished. */
static void sealed_round_report(void)
{
	if (atomic_dec_and_test(&sealed_round.unreported))
		softirq_kick(this_cpu_ptr(&round_cpus.finish));
}

/* Seal the slots of this CPU. Interrupts are off. */
static void sealed_round_seal_here(void)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);
	unsigned int i;

	for (i = 0; i < sealed_round.nr; i++) {
		s64 slot = this_cpu_xchg(*sealed_round.slots[i], SLOT_SEALED);

		if (slot >= 0)
			here->harvest[i] = slot - SLOT_OPEN;
		else if (!here->sealed_remotely)
			here->harvest[i] = 0;
	}
}

/* On every CPU that is online, interrupted by whoever begins the round. */
static void sealed_round_ipi(void *unused)
{
	sealed_round_seal_here();
	sealed_round_report();
}

/* Return: false if @cpu is not online. */
static bool sealed_round_interrupt(int cpu)
{
	atomic_inc(&sealed_round.unreported);
	if (!smp_call_function_single_async(cpu, &per_cpu(round_cpus, cpu).csd)) {
		WRITE_ONCE(sealed_interrupts, sealed_interrupts + 1);
		return true;
	}
	atomic_dec(&sealed_round.unreported);
	return false;
}

/* Seal the slots of a CPU that is not online. */
static void sealed_round_seal_remotely(int cpu)
{
	struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);
	unsigned int i;

	for (i = 0; i < sealed_round.nr; i++) {
		s64 slot = xchg(per_cpu_ptr(sealed_round.slots[i], cpu), SLOT_SEALED);

		there->harvest[i] = slot >= 0 ? slot - SLOT_OPEN : 0;
	}
	there->sealed_remotely = true;
}

/* Begin the round. The caller has it, and interrupts off. */
static void sealed_round_begin(void)
{
	int here = smp_processor_id(), cpu;

	WRITE_ONCE(sealed_rounds, sealed_rounds + 1);
	atomic_set(&sealed_round.unreported, 1);
	for_each_possible_cpu(cpu) {
		per_cpu(round_cpus, cpu).sealed_remotely = false;
		if (cpu != here && !sealed_round_interrupt(cpu))
			sealed_round_seal_remotely(cpu);
	}
	sealed_round_seal_here();

	/* Pairs with the barriers of a CPU between set_cpu_online() and its first user. */
	smp_mb();
	for_each_online_cpu(cpu)
		if (per_cpu(round_cpus, cpu).sealed_remotely)
			sealed_round_interrupt(cpu);
	sealed_round_report();
}

/* Choose the counts of the next round. Return: false if there is none. */
static bool sealed_round_choose(void)
{
	struct rs_percpu_count *count;

	sealed_round.nr = 0;
	while (sealed_round.nr < ROUND_COUNTS) {
		if (!sealed_round.backlog)
			sealed_round.backlog =
				llist_reverse_order(llist_del_all(&sealed_round.pending));
		if (!sealed_round.backlog)
			break;
		count = llist_entry(sealed_round.backlog, struct rs_percpu_count, node);
		sealed_round.backlog = sealed_round.backlog->next;
		sealed_round.slots[sealed_round.nr] = count->block->slots;
		sealed_round.counts[sealed_round.nr++] = count;
	}
	return sealed_round.nr;
}

/* Return: whether another round may begin now; if not, one will in the next jiffy. */
static bool sealed_round_is_allowed(void)
{
	if (time_after(jiffies, sealed_round.jiffy)) {
		sealed_round.jiffy = jiffies;
		sealed_round.begun = 0;
	}
	if (sealed_round.begun < max(READ_ONCE(sealed_rounds_per_jiffy), 1U)) {
		sealed_round.begun++;
		return true;
	}
	mod_timer(&sealed_round.next_jiffy, jiffies + 1);
	return false;
}

/* Begin the next round, or let go of it. The caller has it, and interrupts off. */
static void sealed_round_next(void)
{
	do {
		if (sealed_round.backlog || !llist_empty(&sealed_round.pending)) {
			if (sealed_round_is_allowed() && sealed_round_choose())
				sealed_round_begin();
			return;
		}
		clear_bit_unlock(ROUND_BUSY, &sealed_round.busy);
		/* Pairs with llist_add() in sealed_round_collect(): one of us sees the other. */
		smp_mb__after_atomic();
	} while (!llist_empty(&sealed_round.pending) &&
		 !test_and_set_bit_lock(ROUND_BUSY, &sealed_round.busy));
}

static void sealed_round_next_jiffy(struct timer_list *timer)
{
	unsigned long flags;

	local_irq_save(flags);
	sealed_round_next();
	local_irq_restore(flags);
}

/* All CPUs have sealed their slots. */
static void sealed_round_finish(struct tasklet_struct *tasklet)
{
	struct rs_percpu_count *count, *next;
	struct llist_node *collected = NULL;
	unsigned long flags;
	unsigned int i;
	int cpu;

	for (i = sealed_round.nr; i--; ) {
		count = sealed_round.counts[i];
		count->sum = 0;
		for_each_slot_cpu(cpu)
			count->sum += per_cpu(round_cpus, cpu).harvest[i];
		count->node.next = collected;
		collected = &count->node;
	}

	/* Before users are called back, who may take their time. */
	local_irq_save(flags);
	sealed_round_next();
	local_irq_restore(flags);

	llist_for_each_entry_safe(count, next, collected, node)
		percpu_count_collected(count, count->sum);
}

/**
 * sealed_round_collect - have all CPUs seal their slots of a count
 * @count: the count
 *
 * Context: any but NMI, interrupts off.
 */
void sealed_round_collect(struct rs_percpu_count *count)
{
	llist_add(&count->node, &sealed_round.pending);
	if (!test_and_set_bit_lock(ROUND_BUSY, &sealed_round.busy))
		sealed_round_next();
}

void sealed_round_read(struct rs_sealed_ref_rounds *rounds)
{
	rounds->rounds = READ_ONCE(sealed_rounds);
	rounds->interrupts = READ_ONCE(sealed_interrupts);
}

void sealed_round_module_init(void)
{
	int cpu;

	sealed_round.jiffy = jiffies;
	timer_setup(&sealed_round.next_jiffy, sealed_round_next_jiffy, 0);
	for_each_possible_cpu(cpu) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		INIT_CSD(&there->csd, sealed_round_ipi, NULL);
		softirq_kick_init(&there->finish, sealed_round_finish);
	}
}

/* All counters have ended, and no round is wanted; the last may not have returned. */
void sealed_round_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		softirq_kick_end(&per_cpu(round_cpus, cpu).finish);
	del_timer_sync(&sealed_round.next_jiffy);
}
