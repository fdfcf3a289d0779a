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
 *	  take the list
 *	  interrupt all   --->	for each count:
 *				  sum += xchg(slot, SEALED)
 *				report			 --->	softirq: slots of absent CPUs
 *								next round
 *								percpu_count_collected()
 *
 * Whoever lists a count while a round is under way leaves it to the next one: any
 * number of kills share a round, and each CPU is interrupted once for all of them.
 * The interrupt does the first SEAL_COUNTS; what is left is done by the same CPU in
 * softirq, so no stretch with interrupts off grows with the number of counts. A round
 * allocates nothing, takes no lock and waits for nobody, so it may begin in any
 * context but NMI, in a hotplug callback and under memory reclaim too. Only so many
 * begin in a jiffy.
 *
 * CPUs that come and go. The slots of a CPU that is not online are sealed by the last
 * to report: it runs nothing that counts. It may come up meanwhile, hence the second
 * look at the mask, after a full barrier: a CPU that is not seen even then is online
 * later than our writes, and finds its slots sealed. One that is seen is interrupted
 * after all. If it finds a slot open, an addition of its own was under way while we
 * sealed, and has undone that: what it finds replaces what we had. If it finds the slot
 * sealed, what we had stands. A CPU that goes down with counts left to do has its
 * softirq run elsewhere, which reports, and leaves them to the last to report.
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

/* How many slots are sealed with interrupts off, or preemption */
#define SEAL_COUNTS	128
/* How many times that, and how many users are called back, before other softirqs get a turn */
#define SEAL_TURNS	16
#define CALL_COUNTS	128

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
 * @cpu: which
 * @csd: to interrupt it
 * @more: the counts that the interrupt left
 * @next: the first count whose slot is not sealed; NULL if all are
 * @sealed_remotely: those of the next SEAL_COUNTS were, and it has come up since
 * @finish: what the last to report has to do
 * @was_last: and that it was
 * @collected: counts whose users wait for their callbacks, the first killed first
 * @collected_end: where the next one goes
 */
struct round_cpu {
	int			cpu;
	call_single_data_t	csd;
	struct softirq_kick	more;
	struct llist_node	*next;
	bool			sealed_remotely;
	struct softirq_kick	finish;
	bool			was_last;
	struct llist_node	*collected;
	struct llist_node	**collected_end;
};

static DEFINE_PER_CPU(struct round_cpu, round_cpus);

/*
 * The round. All but @pending belongs to whoever has set @busy.
 *
 * pending: counts that want a round
 * counts: those of this round
 * unreported: CPUs that have not sealed yet, and one for who begins the round
 * harvest: what the slots of an absent CPU held, from its @next on
 * jiffy, begun: how many rounds have begun in that jiffy
 */
static struct {
	struct llist_head	pending;
	unsigned long		busy;
	struct llist_node	*counts;
	atomic_t		unreported;
	s64			harvest[SEAL_COUNTS];
	unsigned long		jiffy;
	unsigned int		begun;
	struct timer_list	next_jiffy;
} sealed_round;

#define ROUND_BUSY	0

static struct rs_percpu_count *count_of(struct llist_node *node)
{
	return llist_entry(node, struct rs_percpu_count, node);
}

static void add_harvest(struct llist_node *node, s64 harvest)
{
	if (harvest)
		atomic_long_add(harvest, &count_of(node)->sum);
}

/* This CPU has nothing left to do. The last one has the round finished. */
static void sealed_round_report(void)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);

	if (!atomic_dec_and_test(&sealed_round.unreported))
		return;
	/* With the full barrier above, for what the others added. */
	WRITE_ONCE(here->was_last, true);
	softirq_kick(&here->finish);
}

/* Seal the next slots of this CPU. Preemption is off. */
static void sealed_round_seal_here(struct round_cpu *here)
{
	struct llist_node *node = here->next;
	unsigned int i;

	for (i = 0; node && i < SEAL_COUNTS; i++, node = node->next) {
		s64 slot = this_cpu_xchg(*count_of(node)->block->slots, SLOT_SEALED);

		if (slot >= 0)
			add_harvest(node, slot - SLOT_OPEN);
		else if (here->sealed_remotely)
			add_harvest(node, sealed_round.harvest[i]);
	}
	here->next = node;
	here->sealed_remotely = false;
}

/* On every CPU that is online, interrupted by whoever begins the round. */
static void sealed_round_ipi(void *unused)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);

	sealed_round_seal_here(here);
	if (here->next)
		softirq_kick(&here->more);
	else
		sealed_round_report();
}

/* What the interrupt has left. */
static void sealed_round_more(struct tasklet_struct *tasklet)
{
	struct round_cpu *there = container_of(tasklet, struct round_cpu, more.tasklet);
	unsigned int turn;

	for (turn = 0; turn < SEAL_TURNS; turn++) {
		preempt_disable();
		if (there->cpu == smp_processor_id())
			sealed_round_seal_here(there);
		if (!there->next || there->cpu != smp_processor_id()) {
			sealed_round_report();
			preempt_enable();
			return;
		}
		preempt_enable();
	}
	tasklet_schedule(tasklet);
}

/* Have a CPU seal its slots. Return: false if it is not online. */
static bool sealed_round_interrupt(struct round_cpu *there)
{
	atomic_inc(&sealed_round.unreported);
	if (!smp_call_function_single_async(there->cpu, &there->csd)) {
		WRITE_ONCE(sealed_interrupts, sealed_interrupts + 1);
		return true;
	}
	atomic_dec(&sealed_round.unreported);
	return false;
}

/* Begin the round. The caller has it, and interrupts off. */
static void sealed_round_begin(void)
{
	int here = smp_processor_id(), cpu;

	WRITE_ONCE(sealed_rounds, sealed_rounds + 1);
	sealed_round.counts = llist_del_all(&sealed_round.pending);
	atomic_set(&sealed_round.unreported, 1);
	for_each_possible_cpu(cpu) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		there->next = sealed_round.counts;
		if (cpu != here)
			sealed_round_interrupt(there);
	}
	sealed_round_ipi(NULL);
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
		if (!llist_empty(&sealed_round.pending)) {
			if (sealed_round_is_allowed())
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

/*
 * Seal the next slots of a CPU that is not online. Preemption is off.
 *
 * Return: false if it is online, and has been interrupted to do that itself.
 */
static bool sealed_round_seal_remotely(struct round_cpu *there)
{
	struct llist_node *node = there->next;
	unsigned int nr = 0, i;

	if (!cpu_online(there->cpu)) {
		for (; node && nr < SEAL_COUNTS; nr++, node = node->next) {
			s64 slot = xchg(per_cpu_ptr(count_of(node)->block->slots, there->cpu),
					SLOT_SEALED);

			sealed_round.harvest[nr] = slot >= 0 ? slot - SLOT_OPEN : 0;
		}
		there->sealed_remotely = true;
		/* Pairs with the barriers of a CPU between set_cpu_online() and its first user. */
		smp_mb();
	}
	if (cpu_online(there->cpu) && sealed_round_interrupt(there))
		return false;

	for (i = 0, node = there->next; i < nr; i++, node = node->next)
		add_harvest(node, sealed_round.harvest[i]);
	there->next = node;
	there->sealed_remotely = false;
	return true;
}

/*
 * Seal what no CPU has.
 *
 * Return: whether nothing is left; if not, another report will come, or another turn.
 */
static bool sealed_round_is_over(struct round_cpu *here)
{
	unsigned int turn = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);
		bool absent = true;

		while (there->next && absent) {
			if (turn++ == SEAL_TURNS) {
				WRITE_ONCE(here->was_last, true);
				tasklet_schedule(&here->finish.tasklet);
				return false;
			}
			preempt_disable();
			absent = sealed_round_seal_remotely(there);
			preempt_enable();
		}
		if (!absent)
			return false;
	}
	return true;
}

/* No CPU has a slot left to seal: the counts are @here's, and the next round may begin. */
static void sealed_round_end(struct round_cpu *here)
{
	struct llist_node *last = sealed_round.counts;
	unsigned long flags;

	*here->collected_end = llist_reverse_order(sealed_round.counts);
	here->collected_end = &last->next;

	local_irq_save(flags);
	sealed_round_next();
	local_irq_restore(flags);
}

static struct rs_percpu_count *collected_pop(struct round_cpu *here)
{
	struct llist_node *node = here->collected;

	if (!node)
		return NULL;
	here->collected = node->next;
	if (!here->collected)
		here->collected_end = &here->collected;
	return count_of(node);
}

static void sealed_round_finish(struct tasklet_struct *tasklet)
{
	struct round_cpu *here = container_of(tasklet, struct round_cpu, finish.tasklet);
	struct rs_percpu_count *count;
	unsigned int i;

	if (READ_ONCE(here->was_last)) {
		WRITE_ONCE(here->was_last, false);
		if (sealed_round_is_over(here))
			sealed_round_end(here);
	}
	for (i = 0; i < CALL_COUNTS && (count = collected_pop(here)); i++)
		percpu_count_collected(count, atomic_long_read(&count->sum));
	if (here->collected)
		tasklet_schedule(tasklet);
}

/**
 * sealed_round_collect - have all CPUs seal their slots of a count
 * @count: the count
 *
 * Context: any but NMI, interrupts off.
 */
void sealed_round_collect(struct rs_percpu_count *count)
{
	atomic_long_set(&count->sum, 0);
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

		there->cpu = cpu;
		there->collected_end = &there->collected;
		INIT_CSD(&there->csd, sealed_round_ipi, NULL);
		softirq_kick_init(&there->more, sealed_round_more);
		softirq_kick_init(&there->finish, sealed_round_finish);
	}
}

/* All counters have ended, and no round is wanted; the last may not have returned. */
void sealed_round_module_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		softirq_kick_end(&per_cpu(round_cpus, cpu).more);
		softirq_kick_end(&per_cpu(round_cpus, cpu).finish);
	}
	del_timer_sync(&sealed_round.next_jiffy);
}
