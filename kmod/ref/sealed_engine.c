// SPDX-License-Identifier: GPL-2.0
/*
 * The sealed engines: how the CPUs count for rs_sealed_ref, and how they are
 * collected. Both share what a block is and what users see; sealed_round.c collects by
 * interrupts, sealed_swap.c by atomic operations. docs/sealed-slot.md has the argument.
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

	/* Pairs with the dependency of users on the pointer: sealed comes first. */
	smp_store_release(&sealed_engine_ref(count)->slots, slots);
}

/* Somebody counted in an open slot, and it was not undone on the same CPU. */
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
 * Nothing: each CPU opens its own slot when it next finds it sealed. A write from
 * here could be undone by an addition to the sealed slot that is under way there.
 */
static void sealed_engine_ipi_open(struct rs_percpu_count *count)
{
}

/*
 * Have this CPU count in its slot, if it may.
 *
 * Interrupts are off from the look at the word to the write, and this CPU alone
 * opens its slot. If the word does not show SWITCHING, then the round of a switch
 * that will has not interrupted this CPU yet, and will find the slot open.
 *
 * The block is read after the word: it was attached before the bias went in, and is
 * not taken away before that round is over. So it is the count's own, or, if the
 * counter was ended in per-CPU mode, one that nobody uses before this section is
 * over, or none. The user's counter may be gone.
 *
 * An NMI may do the same in between; then the slot has changed, and is left alone.
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
 * sealed_engine_recentre - see to a sealed slot after an addition of more than one
 * @slots: of a counter, or sealed_forever
 *
 * Much traffic in one direction drives a sealed slot away from where it belongs. It
 * is put back long before it could look open: who comes here has added no more
 * than __RS_SEALED_REF_MAX_NR, and so has whoever interrupted him. Additions of one
 * may pass it by; 2^61 of them take a CPU longer than it lasts.
 *
 * Whatever CPU this ends up on: a value that is compared equal is a drifted one.
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
