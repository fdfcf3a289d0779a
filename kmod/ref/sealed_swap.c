// SPDX-License-Identifier: GPL-2.0
/*
 * The generic sealed engine: slots are opened and sealed by any CPU.
 *
 * Where an addition to a slot is an atomic operation, it cannot undo the write of another CPU.
 * So the CPU that kills swaps every slot for a sealed one, and has the sum at once. An addition
 * that was under way comes before the swap and is in the sum, or comes after, sees the sign, and
 * counts in the word.
 *
 * Order: a put's addition is a release at least, and the swap is a full barrier, so what was
 * done before the put is done before release(). A slot is opened by a release, for tryget to pair
 * with.
 *
 * The end of the switch is left to softirq all the same: kill itself calls no callback that its
 * caller would not expect.
 */
#include <linux/cpumask.h>
#include <linux/percpu.h>

#include "percpu_count.h"
#include "sealed_block.h"
#include "sealed_callback.h"
#include "sealed_engine.h"

/* Open all slots of a count. */
void sealed_swap_open(struct rs_percpu_count *count)
{
	int cpu;

	for_each_slot_cpu(cpu)
		(void)atomic64_xchg_release((atomic64_t *)per_cpu_ptr(count->block->slots, cpu),
					    SLOT_OPEN);
}

/**
 * sealed_swap_collect - seal all slots of a count
 * @count: the count
 *
 * Context: any but NMI, interrupts off.
 */
void sealed_swap_collect(struct rs_percpu_count *count)
{
	unsigned long sum = 0;
	int cpu;

	for_each_slot_cpu(cpu) {
		s64 slot = atomic64_xchg((atomic64_t *)per_cpu_ptr(count->block->slots, cpu),
					 SLOT_SEALED);

		if (slot >= 0)
			sum += slot - SLOT_OPEN;
	}
	atomic_long_set(&count->sum, sum);
	sealed_callback_add(&count->node, &count->node);
	sealed_callback_kick();
}
