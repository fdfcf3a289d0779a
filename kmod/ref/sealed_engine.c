// SPDX-License-Identifier: GPL-2.0
/*
 * The sealed engines: how CPUs count for rs_sealed_ref. Both have the same blocks and the same
 * users' interface; sealed_round.c collects by interrupts, sealed_swap.c by atomic operations.
 * docs/sealed-slot.md argues why they are right.
 */
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>

#include <refstorm/sealed_ref.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_callback.h"
#include "sealed_engine.h"

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
 * Open this CPU's slot, if the count is in per-CPU mode.
 *
 * Interrupts are off from the look at the word to the write, and only this CPU opens its slot.
 * If the word does not show SWITCHING, then the round of any later switch has not interrupted
 * this CPU yet, and will find the slot open.
 *
 * The block is read after the word: the block was attached before the bias went in, and is not
 * taken away before that round is over. So it is the count's own block; or, if the counter was
 * ended in per-CPU mode, no block or one that is not used again before this section is over. The
 * user's counter may be gone.
 *
 * An NMI in between may open the slot, too. Then the slot has changed, and is left alone.
 */
static void sealed_engine_reopen_slot(struct rs_percpu_count *count)
{
	struct percpu_block *block;
	unsigned long flags;
	s64 slot;

	local_irq_save(flags);
	if (count_is_percpu(atomic64_read_acquire(&count->word))) {
		block = READ_ONCE(count->block);
		if (block) {
			slot = this_cpu_read(*block->slots);
			if (slot < 0)
				this_cpu_cmpxchg(*block->slots, slot, SLOT_OPEN);
		}
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
