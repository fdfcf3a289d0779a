// SPDX-License-Identifier: GPL-2.0
/*
 * The sealed engines: how CPUs count for rs_sealed_ref. Both have the same blocks and the same
 * users' interface; sealed_round.c collects by interrupts, sealed_swap.c by atomic operations.
 * docs/sealed-slot.md argues why they are right.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include <refstorm/sealed_ref.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_callback.h"
#include "sealed_engine.h"
#include "warn.h"

DEFINE_PER_CPU(s64, sealed_forever) = SLOT_SEALED;

static struct rs_sealed_ref *sealed_engine_ref(const struct rs_percpu_count *count)
{
	return count->ref;
}

static void sealed_engine_publish(struct rs_percpu_count *count, struct percpu_block *block)
{
	s64 __percpu *slots = block ? block->slots : &sealed_forever;

	/* Pairs with the address dependency of users of the pointer: they find the slots sealed. */
	smp_store_release(&sealed_engine_ref(count)->slots, slots);
}

/* Did a get or put count in an open slot, unless its like on the same CPU took it back? */
static bool sealed_engine_used(const struct rs_percpu_count *count)
{
	int cpu;

	if (!count->block)
		return false;
	for_each_slot_cpu(cpu) {
		s64 slot = READ_ONCE(*per_cpu_ptr(count->block->slots, cpu));

		if (slot >= 0 && slot != SLOT_OPEN)
			return true;
	}
	return false;
}

static void sealed_engine_call(struct __rs_percpu_callback *callback, void *ref)
{
	((rs_sealed_ref_func_t *)callback)(ref);
}

static struct rs_sealed_ref exited_ref = { .slots = &sealed_forever };

static struct rs_percpu_count exited_by_swap =
	PERCPU_COUNT_EXITED(exited_by_swap, &sealed_swap_engine, &exited_ref);

const struct percpu_engine sealed_swap_engine = {
	.name		= "rs_sealed_ref",
	.exited		= &exited_by_swap,
	.alloc		= sealed_block_alloc,
	.discard	= sealed_block_retire,
	.publish	= sealed_engine_publish,
	.open		= sealed_swap_open,
	.collect	= sealed_swap_collect,
	.used		= sealed_engine_used,
	.call		= sealed_engine_call,
};

#ifdef CONFIG_X86_64
static struct rs_percpu_count exited_by_ipi =
	PERCPU_COUNT_EXITED(exited_by_ipi, &sealed_ipi_engine, &exited_ref);

/*
 * Nothing: each CPU opens its slot when it next finds the slot sealed. A write from this CPU
 * could be undone by an addition to the sealed slot that is under way on the other CPU.
 */
static void sealed_engine_ipi_open(struct rs_percpu_count *count)
{
}

/*
 * Open this CPU's slot of @block, which is sealed. Interrupts are off, and the count was in per-CPU
 * mode a moment ago.
 *
 *	sealed_engine_open_slot()		kill
 *	-------------------------		----
 *	set the bit of this CPU			set SWITCHING
 *	full barrier				full barrier: llist_add(), llist_del_all()
 *	read the word				sealed_round_find_opened(): read the bits
 *	open the slot
 *
 * Either this function sees SWITCHING and leaves the slot sealed; or the round sees the bit and
 * interrupts this CPU, which finds the slot open. A bit whose CPU has left its slot sealed costs
 * the next round one interrupt.
 *
 * Before the bit is set no round waits for this CPU. So a dynamic count may have become cold and
 * hot again since it was read, with another block, and @block may be retired. A retired block does
 * not come back before this section with interrupts off is over: a count that has @block after the
 * word was read had it when the word was read.
 *
 * A round seals the slots of a CPU that RCU does not watch from afar. Such a CPU must not open one.
 */
static void sealed_engine_open_slot(struct rs_percpu_count *count, struct percpu_block *block)
{
	s64 slot = this_cpu_read(*block->slots);

	if (slot >= 0)
		return;
	if (!rcu_is_watching()) {
		rsref_warn_once(WARN_SEALED_NOT_WATCHED,
				"rs_sealed_ref: get or put on a CPU that RCU does not watch.\n");
		return;
	}
	set_bit(smp_processor_id(), block->opened);
	smp_mb__after_atomic();	/* see above */
	if (count_is_percpu(atomic64_read_acquire(&count->word)) &&
	    READ_ONCE(count->block) == block)
		this_cpu_cmpxchg(*block->slots, slot, SLOT_OPEN);
}

/*
 * Open this CPU's slot, if the count is in per-CPU mode.
 *
 * The block is read after the word: the block was attached before the bias went in. It is the
 * count's own; or it was retired meanwhile, and is not used again before this section with
 * interrupts off is over; or the counter was ended, and has no block. The user's counter may be
 * gone.
 *
 * An NMI in between may open the slot, too. Then the slot has changed, and is left alone.
 */
static void sealed_engine_reopen_slot(struct rs_percpu_count *count)
{
	struct percpu_block *block;
	unsigned long flags;

	local_irq_save(flags);
	if (count_is_percpu(atomic64_read_acquire(&count->word))) {
		block = READ_ONCE(count->block);
		if (block)
			sealed_engine_open_slot(count, block);
	}
	local_irq_restore(flags);
}

const struct percpu_engine sealed_ipi_engine = {
	.name		= "rs_sealed_ref",
	.exited		= &exited_by_ipi,
	.alloc		= sealed_block_alloc,
	.discard	= sealed_block_retire,
	.publish	= sealed_engine_publish,
	.open		= sealed_engine_ipi_open,
	.collect	= sealed_round_collect,
	.used		= sealed_engine_used,
	.call		= sealed_engine_call,
	.reopen_slot	= sealed_engine_reopen_slot,
};
#endif

/**
 * sealed_engine_recentre - put a sealed slot back that additions have driven away
 * @slots: of a counter, or sealed_forever
 *
 * Much traffic in one direction drives a sealed slot away from SLOT_SEALED. Calls that add more
 * than one come here, and put the slot back long before it could look open: each of them, and
 * of those that interrupt them, has added __RS_SEALED_REF_MAX_NR at most. Calls that add one do
 * not come here; 2^61 of those take longer than a CPU lasts.
 *
 * The task may have moved to another CPU: a slot that is compared equal has drifted there, too.
 *
 * Context: any, while the block is there.
 */
void sealed_engine_recentre(s64 __percpu *slots)
{
	s64 slot = raw_cpu_read(*slots);

	if (unlikely(slot < 0 && (slot < SLOT_SEALED - SLOT_DRIFT ||
				  slot > SLOT_SEALED + SLOT_DRIFT)))
		cmpxchg(raw_cpu_ptr(slots), slot, SLOT_SEALED);
}

int sealed_engine_module_init(void)
{
	int ret = sealed_callback_module_init();

	if (!ret && IS_ENABLED(CONFIG_X86_64)) {
		ret = sealed_round_module_init();
		if (ret)
			sealed_callback_module_exit();
	}
	return ret;
}

void sealed_engine_module_exit(void)
{
	if (IS_ENABLED(CONFIG_X86_64))
		sealed_round_module_exit();
	sealed_callback_module_exit();
}
