/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocks of slots of rs_sealed_ref: what a slot's values mean, and how a block's memory comes
 * and goes.
 *
 * A task may load the pointer to a block and add to its slot much later. No read-side section
 * marks such a straggler, so Tasks RCU and RCU wait for it, as they do for tasks in trampolines.
 * Meanwhile a block that was taken away from its counter belongs to no counter. Then its slots
 * are poisoned, and it stays in a pool for a while. When it leaves the pool every slot must still
 * hold the poison: an addition that came too late is seen there, where no sanitizer looks.
 *
 *	 alloc -> in use -> sealed_block_retire -> Tasks RCU -> RCU -> pool -> free
 *	   ^                                                            |
 *	   +------------------------------------------------------------+
 */
#ifndef _RSREF_SEALED_BLOCK_H
#define _RSREF_SEALED_BLOCK_H

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/llist.h>
#include <linux/types.h>

/* An open slot is above zero, a sealed one below, each as far from zero as can be. */
#define SLOT_OPEN	((s64)BIT_ULL(62))
#define SLOT_SEALED	(-SLOT_OPEN)
/* As far as a sealed slot may drift */
#define SLOT_DRIFT	((s64)BIT_ULL(61))
/* Looks sealed to an addition that comes too late */
#define SLOT_POISON	(SLOT_SEALED - 0x5ea1ed)

/**
 * struct percpu_block - slots of a count, one for each CPU
 * @slots: the slots
 * @node: while the block waits for stragglers, or is in the pool
 * @opened: a bit for each CPU whose slot may be open. A CPU sets its bit before it opens its
 *	slot. Who seals the slot clears the bit: the CPU, or another one from afar
 */
struct percpu_block {
	s64 __percpu		*slots;
	struct llist_node	node;
	unsigned long		opened[];
};

struct percpu_block *sealed_block_alloc(gfp_t gfp);
void sealed_block_retire(struct percpu_block *block);

void sealed_block_module_init(void);
void sealed_block_module_exit(void);

#endif /* _RSREF_SEALED_BLOCK_H */
