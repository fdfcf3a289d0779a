// SPDX-License-Identifier: GPL-2.0
/*
 * Rounds: the CPUs that may have open slots seal these, each in an interrupt.
 *
 * Only its own CPU may write to an open slot, because the addition of get and put is not locked:
 * it may read the slot before another CPU's write, and write its own result after. So each CPU
 * seals its slots itself, in an interrupt, and reports. After the last report the sums are
 * brought into the words, in softirq, where users can be called back.
 *
 *	kill			each CPU			last to report
 *	----			--------			--------------
 *	SWITCHING
 *	list the count
 *	owner of the round:
 *	  take the list
 *	  read the masks
 *	  interrupt  ------->	for each count:
 *				  sum += xchg(slot, SEALED)
 *				  clear the CPU's bit
 *				report			 --->	slots of CPUs that are away
 *								next round
 *								sealed_callback.c
 *
 * A count that is listed while a round is under way is left to the next round. So any number of
 * kills share a round, and a CPU is interrupted once for all of them. An interrupt seals
 * SEAL_COUNTS slots; the CPU seals further ones in further interrupts, for which it asks itself,
 * so no stretch with interrupts off grows with the number of counts. A round allocates nothing
 * and waits for nothing, so it may begin in any context but NMI, hotplug callbacks and memory
 * reclaim included. The number of rounds that begin in a jiffy is limited.
 *
 * A round is made of hard interrupts. It needs no task and no softirq, so a realtime task that
 * keeps a CPU busy delays no kill. sealed_callback.c calls users back.
 *
 * CPUs without an open slot. A CPU sets its bit in the mask of the block before it opens its slot
 * (sealed_engine_open_slot()). The round reads the masks once, after SWITCHING. A CPU without a
 * bit is not visited: its slots are sealed, and it sees SWITCHING before it opens one.
 *
 * CPUs that are away: not online, or not watched by RCU. The latter are idle, or run a user's task
 * that RCU does not watch (nohz_full), or a guest. Such a CPU runs nothing that counts, and is not
 * interrupted. The last CPU to report seals its slots from afar. The CPU may come back meanwhile.
 * So after the writes there is a full barrier and a second look: at the mask of CPUs that are
 * online; or at the state of the CPU as RCU counts it, which changes to a number of its own each
 * time that the CPU comes back or goes away. A CPU in the same state as before comes back later
 * than the writes, and finds its slots sealed. Another CPU is interrupted after all. If it finds a
 * slot open, an addition of its own was under way during the remote write and has undone that:
 * what the CPU finds replaces the remote sum. If it finds the slot sealed, the remote sum stands.
 *
 * The second look must not ask only whether RCU watches the CPU. An idle CPU may have woken, read
 * its slot, been overtaken by the remote write, written the slot, and become idle again.
 *
 * CPUs that came back before their slots were sealed from afar are interrupted side by side. In a
 * round of more than SEAL_COUNTS counts, so are idle CPUs with an open slot: one interrupt for so
 * many kills is cheap, and a CPU that sealed all slots of all others would have its timers wait.
 *
 * CPUs that are isolated (nohz_full) begin no round of other CPUs' kills, and call no users back.
 * Such a CPU that reports last hands the next round over to another CPU.
 *
 * A CPU that goes down runs the interrupts that were asked for, no longer in the mask of CPUs
 * that are online. It can ask itself for no further ones then: it reports, and leaves its other
 * slots to the last to report. If it is the last itself, it asks another CPU to go on.
 *
 * Order. The addition of a put comes after all that its CPU did before; the interrupt with its
 * xchg() after the addition; then the report, a full barrier; then, after the last report,
 * release().
 */
#include <linux/bitops.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/moduleparam.h>
#include <linux/percpu.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include <refstorm/compat.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_callback.h"
#include "sealed_engine.h"

/* So many slots are sealed in an interrupt */
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
 * @cpu: its number
 * @csd: to interrupt it
 * @more: seals the slots that the interrupt left
 * @next: the first count whose slot is not sealed; NULL if all are
 * @nr_sealed_remotely: so many from @next on were sealed remotely, and the CPU has come up since
 * @next_jiffy: begins the round for which it was too early; this CPU alone starts the timer
 * @leaving: this CPU goes down, or has not come up wholly, and starts no timer
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
 * The round. All but @pending belongs to the CPU that has set @busy.
 *
 * pending: counts that want a round
 * counts, oldest: those of this round, newest first
 * unreported: CPUs that have not sealed yet, and one for the CPU that begins the round
 * finish, finish_csd: do what is left when all have reported, on this CPU or another
 * next_csd: begins the next round on another CPU
 * beginner: the CPU that begins the round
 * opened: @beginner, and the CPUs that may have an open slot of a count of the round
 * many: the round has more than SEAL_COUNTS counts. @opened has every CPU at first, and what
 *       @beginner finds in @used at the end
 * used: as @opened; @beginner reads the masks of many counts as it seals its own slots
 * away: the CPU whose slots are looked at then
 * remote_sum: what the slots of a CPU that is away held, from its @next on
 * jiffy, begun: @begun rounds have begun in @jiffy
 */
static struct {
	struct llist_head	pending;
	unsigned long		busy;
	struct llist_node	*counts;
	struct llist_node	*oldest;
	atomic_t		unreported;
	struct irq_work		finish;
	call_single_data_t	finish_csd;
	call_single_data_t	next_csd;
	int			beginner;
	struct cpumask		opened;
	bool			many;
	struct cpumask		used;
	unsigned int		away;
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
 * This CPU has sealed its slots, or leaves the rest to the last to report.
 *
 * Return: true if all have reported. The decrement is a full barrier, so the sums of the other
 * CPUs are seen then.
 */
static bool sealed_round_report(void)
{
	return atomic_dec_and_test(&sealed_round.unreported);
}

/* If @node is the end of the list, it is the oldest count. */
static void sealed_round_note_oldest(struct llist_node *node)
{
	if (!node->next)
		WRITE_ONCE(sealed_round.oldest, node);
}

/* Add the CPUs that may have an open slot of @node to @cpus. */
static void sealed_round_add_opened(struct llist_node *node, struct cpumask *cpus)
{
	unsigned long *words = cpumask_bits(cpus);
	unsigned int word;

	for (word = 0; word < BITS_TO_LONGS(nr_cpu_ids); word++)
		words[word] |= READ_ONCE(sealed_round_count(node)->block->opened[word]);
}

/* Seal the next slots of this CPU. Interrupts are off. */
static void sealed_round_seal_here(struct round_cpu *here)
{
	struct llist_node *node = here->next;
	unsigned int i;

	for (i = 0; node && i < SEAL_COUNTS; i++, node = node->next) {
		struct percpu_block *block = sealed_round_count(node)->block;
		bool from_afar = i < here->nr_sealed_remotely;
		s64 slot;

		sealed_round_note_oldest(node);
		if (sealed_round.many && here->cpu == sealed_round.beginner)
			sealed_round_add_opened(node, &sealed_round.used);
		if (!from_afar && !test_bit(here->cpu, block->opened))
			continue;
		slot = this_cpu_xchg(*block->slots, SLOT_SEALED);
		clear_bit(here->cpu, block->opened);
		if (slot >= 0)
			sealed_round_add_sum(node, slot - SLOT_OPEN);
		else if (from_afar)
			sealed_round_add_sum(node, sealed_round.remote_sum[i]);
	}
	here->next = node;
	here->nr_sealed_remotely = 0;
}

/* This CPU reports. One that leaves slots to the last to report has not read the masks of these. */
static bool sealed_round_report_here(struct round_cpu *here)
{
	if (here->next && here->cpu == sealed_round.beginner)
		cpumask_copy(&sealed_round.used, cpu_possible_mask);
	return sealed_round_report();
}

/* The first part of what each CPU does. Return: true if it was the last to report. */
static bool sealed_round_seal_first(void)
{
	struct round_cpu *here = this_cpu_ptr(&round_cpus);

	sealed_round_seal_here(here);
	if (!here->next || !cpu_online(here->cpu))
		return sealed_round_report_here(here);
	irq_work_queue(&here->more);
	return false;
}

/* On every CPU that is online: the interrupt from the CPU that begins the round. */
static void sealed_round_ipi(void *unused)
{
	if (sealed_round_seal_first())
		sealed_round_finish();
}

/* Seal more slots of this CPU. If it is not online any more, it gets no further interrupt. */
static void sealed_round_more(struct irq_work *more)
{
	struct round_cpu *here = container_of(more, struct round_cpu, more);

	if (cpu_online(here->cpu))
		sealed_round_seal_here(here);
	if (here->next && cpu_online(here->cpu))
		irq_work_queue(&here->more);
	else if (sealed_round_report_here(here))
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

/* Finish the round in an interrupt of this CPU; or, if it gets none any more, of another. */
static void sealed_round_finish_soon(void)
{
	if (cpu_online(smp_processor_id()))
		irq_work_queue(&sealed_round.finish);
	else
		smp_call_function_single_async(cpumask_any(cpu_online_mask),
					       &sealed_round.finish_csd);
}

/*
 * Find the CPUs that may have an open slot of a count of the round. SWITCHING of each count was set
 * before the count was listed. llist_add() and llist_del_all() are full barriers, and pair with the
 * one in sealed_engine_open_slot().
 *
 * Interrupts are off, so the masks of SEAL_COUNTS counts are read at most. If the round has more
 * counts, every CPU may have an open slot.
 */
static void sealed_round_find_opened(void)
{
	struct llist_node *node = sealed_round.counts;
	unsigned int nr;

	cpumask_clear(&sealed_round.opened);
	for (nr = 0; node && nr < SEAL_COUNTS; nr++, node = node->next)
		sealed_round_add_opened(node, &sealed_round.opened);
	sealed_round.many = node;
	if (node)
		cpumask_copy(&sealed_round.opened, cpu_possible_mask);
	cpumask_clear(&sealed_round.used);
	/* The list has to be gone through once, for its end. */
	sealed_round.beginner = smp_processor_id();
	__cpumask_set_cpu(sealed_round.beginner, &sealed_round.opened);
}

/* Begin the round. The caller has set @busy, and interrupts off. */
static void sealed_round_begin(void)
{
	int here = smp_processor_id(), cpu;

	WRITE_ONCE(sealed_rounds, sealed_rounds + 1);
	sealed_round.counts = llist_del_all(&sealed_round.pending);
	sealed_round.away = 0;
	atomic_set(&sealed_round.unreported, 1);
	sealed_round_find_opened();
	for_each_cpu(cpu, &sealed_round.opened) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		there->next = sealed_round.counts;
		/* A CPU that is away is left to the last to report. */
		if (cpu != here && rs_rcu_state(cpu) & RS_RCU_WATCHED)
			sealed_round_interrupt(there);
	}
	/* Do not finish here: sealed_round_finish() may be the caller. */
	if (sealed_round_seal_first())
		sealed_round_finish_soon();
}

/*
 * May another round begin now? If not, a timer begins it in the next jiffy. The timer is this
 * CPU's, and fires in a hard interrupt. A CPU that goes down starts no timer, which might go with
 * the CPU, and has no limit.
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

/* Begin the next round, or clear @busy. The caller has set @busy, and interrupts off. */
static void sealed_round_next(void)
{
	do {
		if (!llist_empty(&sealed_round.pending)) {
			if (sealed_round_is_allowed())
				sealed_round_begin();
			return;
		}
		clear_bit_unlock(ROUND_BUSY, &sealed_round.busy);
		/* Pairs with llist_add() in sealed_round_collect(): either side sees the other. */
		smp_mb__after_atomic();
	} while (!llist_empty(&sealed_round.pending) &&
		 !test_and_set_bit_lock(ROUND_BUSY, &sealed_round.busy));
}

static void sealed_round_next_csd(void *unused)
{
	sealed_round_next();
}

/* If this CPU is isolated and a round waits, another CPU begins it. Return: true if one will. */
static bool sealed_round_hand_over(void)
{
	int here = smp_processor_id(), there;

	if (housekeeping_test_cpu(here, HK_TYPE_TIMER) || llist_empty(&sealed_round.pending))
		return false;
	there = housekeeping_any_cpu(HK_TYPE_TIMER);
	if (there == here || smp_call_function_single_async(there, &sealed_round.next_csd))
		return false;
	WRITE_ONCE(sealed_interrupts, sealed_interrupts + 1);
	return true;
}

/* Begin the round that waits, whatever jiffies says: an idle machine updates jiffies late. */
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

/* Called on the CPU that goes down, which still gets interrupts. */
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
 * Where a CPU is: whether it is online, and if so, its state as RCU counts it. Interrupts are off,
 * so a CPU that is online stays online.
 */
struct round_state {
	bool	online;
	int	rcu;
};

static struct round_state sealed_round_state(int cpu)
{
	bool online = cpu_online(cpu);

	return (struct round_state){ online, online ? rs_rcu_state(cpu) : 0 };
}

/* A CPU in this state runs nothing that counts. */
static bool sealed_round_is_away(struct round_state state)
{
	return !state.online || !(state.rcu & RS_RCU_WATCHED);
}

/* The CPU was away in the state @then. Has it been away ever since? */
static bool sealed_round_is_still_away(int cpu, struct round_state then)
{
	struct round_state now = sealed_round_state(cpu);

	return now.online == then.online && now.rcu == then.rcu;
}

/*
 * Seal the next slots of a CPU that is away, @room of them at most.
 *
 * Return: how many were sealed; or -1 if the CPU is not away, and was interrupted to seal them.
 */
static int sealed_round_seal_remotely(struct round_cpu *there, int room)
{
	struct round_state then = sealed_round_state(there->cpu);
	bool away = sealed_round_is_away(then);
	struct llist_node *node = there->next;
	int nr = 0, i;

	if (away) {
		for (; node && nr < room; nr++, node = node->next) {
			struct percpu_block *block = sealed_round_count(node)->block;
			s64 slot = SLOT_SEALED;

			if (test_bit(there->cpu, block->opened))
				slot = xchg(per_cpu_ptr(block->slots, there->cpu), SLOT_SEALED);
			sealed_round.remote_sum[nr] = slot >= 0 ? slot - SLOT_OPEN : 0;
		}
		there->nr_sealed_remotely = nr;
		/*
		 * Pairs with the barriers of a CPU between set_cpu_online() and its first user, and
		 * with the full barrier with which a CPU changes its state as RCU counts it.
		 */
		smp_mb();
		away = sealed_round_is_still_away(there->cpu, then);
	}
	if (!away && sealed_round_interrupt(there))
		return -1;

	for (i = 0, node = there->next; i < nr; i++, node = node->next) {
		clear_bit(there->cpu, sealed_round_count(node)->block->opened);
		sealed_round_add_sum(node, sealed_round.remote_sum[i]);
		sealed_round_note_oldest(node);
	}
	there->next = node;
	there->nr_sealed_remotely = 0;
	return nr;
}

/* All have reported once: of many counts, the CPUs with an open slot are known now. */
static void sealed_round_narrow_opened(void)
{
	if (sealed_round.many)
		cpumask_copy(&sealed_round.opened, &sealed_round.used);
}

/*
 * Interrupt the CPUs that have slots left and came back, and of a round of many counts those that
 * are idle, too, but no isolated ones.
 *
 * Return: true if all of them have reported.
 */
static bool sealed_round_interrupt_the_rest(void)
{
	int cpu = sealed_round.away;

	atomic_set(&sealed_round.unreported, 1);
	for_each_set_bit_from(cpu, cpumask_bits(&sealed_round.opened), nr_cpu_ids) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, cpu);

		if (!there->next)
			continue;
		/* A CPU that is not online gets no interrupt, whatever its state says. */
		if (rs_rcu_state(cpu) & RS_RCU_WATCHED ||
		    (sealed_round.many && housekeeping_test_cpu(cpu, HK_TYPE_TIMER)))
			sealed_round_interrupt(there);
	}
	return sealed_round_report();
}

/*
 * Seal slots that their CPUs have not sealed, SEAL_COUNTS at most.
 *
 * Return: true if none is left. Otherwise another report or another turn will come.
 */
static bool sealed_round_is_over(void)
{
	int room = SEAL_COUNTS;

	sealed_round_narrow_opened();
	if (!sealed_round_interrupt_the_rest())
		return false;
	for_each_set_bit_from(sealed_round.away, cpumask_bits(&sealed_round.opened), nr_cpu_ids) {
		struct round_cpu *there = per_cpu_ptr(&round_cpus, sealed_round.away);

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
 * All CPUs have reported. Interrupts are off: this is a hard interrupt, or a CPU that is idle
 * or goes down runs pending irq_work.
 */
static void sealed_round_finish(void)
{
	if (!sealed_round_is_over())
		return;
	sealed_callback_add(sealed_round.counts, sealed_round.oldest);
	if (!sealed_round_hand_over())
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
	INIT_CSD(&sealed_round.next_csd, sealed_round_next_csd, NULL);
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

/* All counters have ended, and no round is wanted; the last one's functions may still run. */
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
