// SPDX-License-Identifier: GPL-2.0
/* The memory of per-CPU counts, but for their slots. */
#include "percpu_count.h"
#include "percpu_dynamic.h"
#include "rsref.h"

/**
 * percpu_count_alloc - allocate a count
 * @engine: how its CPUs count
 * @dynamic: whether it is a dynamic count
 * @gfp: how to allocate
 *
 * Return: zeroed but for @engine and the lock, and for percpu_dynamic_init() if @dynamic;
 * or NULL.
 */
struct rs_percpu_count *percpu_count_alloc(const struct percpu_engine *engine,
					   bool dynamic, gfp_t gfp)
{
	struct percpu_dynamic_count *both;

	both = rs_zalloc(&rsref_sites[SITE_PERCPU_REF_DATA],
			 dynamic ? sizeof(*both) : sizeof(both->count), gfp);
	if (!both)
		return NULL;
	both->count.engine = engine;
	raw_spin_lock_init(&both->count.lock);
	return &both->count;
}

static void percpu_memory_free_rcu(struct rcu_head *rcu)
{
	struct rs_percpu_count *count = container_of(rcu, struct rs_percpu_count, rcu);

	count->engine->discard(count->block);
	rs_free(&rsref_sites[SITE_PERCPU_REF_DATA], count);
}

/**
 * percpu_count_free - free a count after a grace period
 * @count: a count that was ended, or whose init failed
 *
 * A block that could not be discarded where exit was called is discarded then.
 *
 * Context: any but NMI.
 */
void percpu_count_free(struct rs_percpu_count *count)
{
	if (count->block)
		call_rcu(&count->rcu, percpu_memory_free_rcu);
	else
		rs_free_rcu(&rsref_sites[SITE_PERCPU_REF_DATA], count, rcu);
}
