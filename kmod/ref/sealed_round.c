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
 *				report			 --->	slots of absent CPUs
 *								next round
 *								sealed_callback.c
 *
 * Whoever lists a count while a round is under way leaves it to the next one: any
 * number of kills share a round, and each CPU is interrupted once for all of them.
 * An interrupt does SEAL_COUNTS slots; what is left is done by the same CPU in further
 * interrupts, for which it asks itself, so no stretch with interrupts off grows with the
 * number of counts. A round allocates nothing and waits for nobody, so it may begin in any
 * context but NMI, in a hotplug callback and under memory reclaim too. Only so many
 * begin in a jiffy.
 *
 * All of a round is hard interrupts. Neither a task nor a softirq is needed anywhere, so a
 * realtime task that has a CPU for itself delays nobody's kill. How users are
 * called back then is the affair of sealed_callback.c.
 *
 * CPUs that come and go. The slots of a CPU that is not online are sealed by the last
 * to report: it runs nothing that counts. It may come up meanwhile, hence the second
 * look at the mask, after a full barrier: a CPU that is not seen even then is online
 * later than our writes, and finds its slots sealed. One that is seen is interrupted
 * after all. If it finds a slot open, an addition of its own was under way while we
 * sealed, and has undone that: what it finds replaces what we had. If it finds the slot
 * sealed, what we had stands.
 *
 * A CPU that goes down runs the interrupts that were asked for before it is gone, not
 * online any more. It can ask itself for no further ones then: it reports, and leaves its
 * other slots to the last to report; if that is itself, it asks another CPU to go on.
 *
 * Order. The addition of a put comes after all that the CPU did before; the interrupt
 * and its xchg() after that, then the report, a full barrier; the last report
 * before release().
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/smp.h>

#include <refstorm/compat.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_callback.h"
#include "sealed_engine.h"

/* How many slots are sealed in an interrupt */
#define SEAL_COUNTS	128
/* Rounds in a second, if a machine is that fast */
#define ROUNDS_PER_SECOND	16000

static unsigned int sealed_rounds_per_jiffy = ROUNDS_PER_SECOND / HZ;
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
 * @nr_sealed_remotely: how many from @next on were, and it has come up since
 * @next_jiffy: begins the round for which it was too early; this CPU alone starts it
 * @leaving: this CPU goes down, or has not come up wholly: it starts no timer
 */
struct round_cpu {
	int			cpu;
	call_single_data_t	csd;
	struct irq_work		more;
	struct llist_node	*next;
	unsigned int		nr_sealed_remotely;
	struct hrtimer		next_jiffy;
	bool			leaving;
};

static DEFINE_PER_CPU(struct round_cpu, round_cpus);

/*
 * The round. All but @pending belongs to whoever has set @busy.
 *
 * pending: counts that want a round
 * counts, oldest: those of this round, newest first
 * unreported: CPUs that have not sealed yet, and one for who begins the round
 * finish, finish_csd: what is left when all have reported, on this CPU or another
 * absent: the CPU whose slots are looked at then
 * remote_sum: what the slots of an absent CPU held, from its @next on
 * jiffy, begun: how many rounds have begun in that jiffy
 */
static struct {
	struct llist_head	pending;
	unsigned long		busy;
	struct llist_node	*counts;
	struct llist_node	*oldest;
	atomic_t		unreported;
	struct irq_work		finish;
	call_single_data_t	finish_csd;
	int			absent;
	s64			remote_sum[SEAL_COUNTS];
	unsigned long		jiffy;
	unsigned int		begun;
} sealed_round;

#define ROUND_BUSY	0

static void sealed_round_finish(void);

static struct rs_percpu_count *sealed_round_count(struct llist_node *node)
{
	return llist_entry(node, struct rs_percpu_count, node);
}

static void sealed_round_add_sum(struct llist_node *node, s64 sum)
{
	if (sum)
		atomic_long_add(sum, &sealed_round_count(node)->sum);
}

/*
 * This CPU has nothing left to do, or leaves it to the last.
 *
 * Return: true if all have reported. What the others added is seen: the decrement is a
 * full barrier.
 */
static bool sealed_round_report(void)
{
	return atomic_dec_and_test(&sealed_round.unreported);
}

/* Whoever comes to the end of the list says what is there. */
static void sealed_round_note_oldest(struct llist_node *node)
{
	if (!node->next)
		WRITE_ONCE(sealed_round.oldest, node);
}

/* Seal the next slots of this CPU. Interrupts are off. */
static void sealed_round_seal_here(struct round_cpu *here)
{
	struct llist_node *node = here->next;
	unsigned int i;

	for (i = 0; node && i < SEAL_COUNTS; i++, node = node->next) {
		s64 slot = this_cpu_xchg(*sealed_round_count(node)->block->slots, SLOT_SEALED);

		if (slot >= 0)
			sealed_round_add_sum(node, slot - SLOT_OPEN);
		else if (i < here->nr_sealed_remotely)
			sealed_round_add_sum(node, sealed_round.remote_sum[i]);
		sealed_round_note_oldest(node);
	}
	here->next = node;
	here->nr_sealed_remotely = 0;
}

/* The first part of what each CPU does. Return: true if it was the last to report. */
static bool sealed_round_seal_first(void)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);

	sealed_round_seal_here(here);
	if (!here->next || !cpu_online(here->cpu))
		return sealed_round_report();
	irq_work_queue(&here->more);
	return false;
}

/* On every CPU that is online, interrupted by whoever begins the round. */
static void sealed_round_ipi(void *unused)
{
	if (sealed_round_seal_first())
		sealed_round_finish();
}

/* What the interrupt has left. A CPU that is not online any more gets no further interrupt. */
static void sealed_round_more(struct irq_work *more)
{
	struct round_cpu *here = container_of(more, struct round_cpu, more);

	if (cpu_online(here->cpu))
		sealed_round_seal_here(here);
	if (here->next && cpu_online(here->cpu))
		irq_work_queue(&here->more);
	else if (sealed_round_report())
		sealed_round_finish();
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

/* Have the round finished by an interrupt: of this CPU, or, if it gets none any more, another. */
static void sealed_round_finish_soon(void)
{
	if (cpu_online(smp_processor_id()))
		irq_work_queue(&sealed_round.finish);
	else
		smp_call_function_single_async(cpumask_any(cpu_online_mask),
					       &sealed_round.finish_csd);
}

/* Begin the round. The caller has it, and interrupts off. */
static void sealed_round_begin(void)
{
	int here = smp_processor_id(), cpu;

	WRITE_ONCE(sealed_rounds, sealed_rounds + 1);
	sealed_round.counts = llist_del_all(&sealed_round.pending);
	sealed_round.absent = 0;
	atomic_set(&sealed_round.unreported, 1);
	for_each_possible_cpu(cpu) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		there->next = sealed_round.counts;
		if (cpu != here)
			sealed_round_interrupt(there);
	}
	/* Not from here: this may be the end of the last round. */
	if (sealed_round_seal_first())
		sealed_round_finish_soon();
}

/*
 * Return: whether another round may begin now; if not, one will in the next jiffy. The
 * timer is this CPU's, and fires in a hard interrupt. A CPU that goes down might take the
 * timer with it, so it keeps no limit.
 */
static bool sealed_round_is_allowed(void)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);

	if (time_after(jiffies, sealed_round.jiffy)) {
		sealed_round.jiffy = jiffies;
		sealed_round.begun = 0;
	}
	if (sealed_round.begun < max(READ_ONCE(sealed_rounds_per_jiffy), 1U) || here->leaving) {
		sealed_round.begun++;
		return true;
	}
	hrtimer_start(&here->next_jiffy, ns_to_ktime(TICK_NSEC), HRTIMER_MODE_REL_PINNED_HARD);
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

/* The round that waits begins now, whatever jiffies says: an idle machine updates it late. */
static void sealed_round_begin_late(void)
{
	sealed_round.jiffy = jiffies;
	sealed_round.begun = 0;
	sealed_round_next();
}

static enum hrtimer_restart sealed_round_next_jiffy(struct hrtimer *timer)
{
	sealed_round_begin_late();
	return HRTIMER_NORESTART;
}

static int sealed_round_cpu_comes(unsigned int cpu)
{
	per_cpu(round_cpus, cpu).leaving = false;
	return 0;
}

/* Called on the CPU, which still gets interrupts. */
static int sealed_round_cpu_goes(unsigned int cpu)
{
	struct round_cpu *here = per_cpu_ptr(&round_cpus, cpu);
	unsigned long flags;

	local_irq_save(flags);
	here->leaving = true;
	/* This CPU alone starts the timer, and does not run its function now. */
	if (hrtimer_try_to_cancel(&here->next_jiffy) == 1)
		sealed_round_begin_late();
	local_irq_restore(flags);
	return 0;
}

/*
 * Seal the next slots of a CPU that is not online, @room of them at most.
 *
 * Return: how many; or -1 if it is online, and has been interrupted to do that itself.
 */
static int sealed_round_seal_remotely(struct round_cpu *there, int room)
{
	struct llist_node *node = there->next;
	int nr = 0, i;

	if (!cpu_online(there->cpu)) {
		for (; node && nr < room; nr++, node = node->next) {
			s64 __percpu *slots = sealed_round_count(node)->block->slots;
			s64 slot = xchg(per_cpu_ptr(slots, there->cpu), SLOT_SEALED);

			sealed_round.remote_sum[nr] = slot >= 0 ? slot - SLOT_OPEN : 0;
		}
		there->nr_sealed_remotely = nr;
		/* Pairs with the barriers of a CPU between set_cpu_online() and its first user. */
		smp_mb();
	}
	if (cpu_online(there->cpu) && sealed_round_interrupt(there))
		return -1;

	for (i = 0, node = there->next; i < nr; i++, node = node->next) {
		sealed_round_add_sum(node, sealed_round.remote_sum[i]);
		sealed_round_note_oldest(node);
	}
	there->next = node;
	there->nr_sealed_remotely = 0;
	return nr;
}

/*
 * Seal what no CPU has, SEAL_COUNTS slots at most.
 *
 * Return: whether nothing is left; if not, another report will come, or another turn.
 */
static bool sealed_round_is_over(void)
{
	int room = SEAL_COUNTS;

	for (; sealed_round.absent < nr_cpu_ids; sealed_round.absent++) {
		struct round_cpu *there;

		if (!cpu_possible(sealed_round.absent))
			continue;
		there = per_cpu_ptr(&round_cpus, sealed_round.absent);
		while (there->next) {
			int nr;

			if (!room) {
				sealed_round_finish_soon();
				return false;
			}
			nr = sealed_round_seal_remotely(there, room);
			if (nr < 0)
				return false;
			room -= nr;
		}
	}
	return true;
}

/*
 * All CPUs have reported. Interrupts are off: in a hard interrupt, or where a CPU that
 * is idle or going down runs what interrupts have left to it.
 */
static void sealed_round_finish(void)
{
	if (!sealed_round_is_over())
		return;
	sealed_callback_add(sealed_round.counts, sealed_round.oldest);
	sealed_round_next();
	sealed_callback_kick_in_irq();
}

static void sealed_round_finish_irq(struct irq_work *finish)
{
	sealed_round_finish();
}

static void sealed_round_finish_csd(void *unused)
{
	sealed_round_finish();
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

static int hotplug_state;

int sealed_round_module_init(void)
{
	int cpu;

	sealed_round.jiffy = jiffies;
	sealed_round.finish = IRQ_WORK_INIT_HARD(sealed_round_finish_irq);
	INIT_CSD(&sealed_round.finish_csd, sealed_round_finish_csd, NULL);
	for_each_possible_cpu(cpu) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		there->cpu = cpu;
		there->leaving = !cpu_online(cpu);
		INIT_CSD(&there->csd, sealed_round_ipi, NULL);
		there->more = IRQ_WORK_INIT_HARD(sealed_round_more);
		rs_hrtimer_setup(&there->next_jiffy, sealed_round_next_jiffy, CLOCK_MONOTONIC,
				 HRTIMER_MODE_REL_PINNED_HARD);
	}
	hotplug_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "rsref:round",
						  sealed_round_cpu_comes, sealed_round_cpu_goes);
	return min(hotplug_state, 0);
}

/* All counters have ended, and no round is wanted; the last may not have returned. */
void sealed_round_module_exit(void)
{
	int cpu;

	cpuhp_remove_state_nocalls(hotplug_state);
	irq_work_sync(&sealed_round.finish);
	for_each_possible_cpu(cpu) {
		irq_work_sync(&per_cpu(round_cpus, cpu).more);
		hrtimer_cancel(&per_cpu(round_cpus, cpu).next_jiffy);
	}
}
