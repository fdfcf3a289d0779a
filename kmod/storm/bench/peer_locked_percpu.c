// SPDX-License-Identifier: GPL-2.0
/*
 * Peer peer_locked_percpu: a slot per CPU that is changed by locked additions only, as XNU counts
 * (os_pcpu_ref in osfmk/kern, of its published source).
 *
 * A kill exchanges each slot for SEALED from afar, and adds what it found to the word. The
 * addition of a get or a put returns what stood in the slot: below OPEN_MIN the slot was
 * sealed, the addition counts for nothing, and the word is changed instead. No CPU is
 * interrupted, and no grace period is waited for; each get and each put pays a locked addition.
 */
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/percpu.h>

#include <refstorm/alloc.h>

#include "refstorm_module.h"

struct peer_locked_percpu {
	atomic_long_t __percpu	*slots;
	atomic_long_t		word;
	bool			dying;
};

#define TYPE		struct peer_locked_percpu
#define SEALED		(LONG_MIN / 4 * 3)
#define OPEN_MIN	(LONG_MIN / 2)
/* In the word until all slots are sealed */
#define BIAS		(LONG_MAX / 2)

/* Whether the addition of @nr found this CPU's slot open; the task may migrate meanwhile. */
static __always_inline bool peer_count(struct peer_locked_percpu *ref, long nr)
{
	return likely(atomic_long_fetch_add(nr, raw_cpu_ptr(ref->slots)) >= OPEN_MIN);
}

static __always_inline void peer_get(TYPE *ref)
{
	if (!peer_count(ref, 1))
		atomic_long_inc(&ref->word);
}

static __always_inline bool peer_put(TYPE *ref)
{
	return !peer_count(ref, -1) && atomic_long_dec_and_test(&ref->word);
}

static __always_inline bool peer_tryget(TYPE *ref)
{
	return peer_count(ref, 1) || atomic_long_inc_not_zero(&ref->word);
}

#include "peer.h"

static int peer_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	TYPE *ref = peer_ref(counter);

	*ref = (TYPE) { .word = ATOMIC_LONG_INIT(BIAS + count) };
	ref->slots = rs_alloc_percpu(&refstorm_sites[SITE_BENCH], atomic_long_t, GFP_KERNEL);
	return ref->slots ? 0 : -ENOMEM;
}

static void peer_exit(struct rs_counter *counter)
{
	rs_free_percpu(&refstorm_sites[SITE_BENCH], peer_ref(counter)->slots);
}

static bool peer_tryget_live(struct rs_counter *counter)
{
	TYPE *ref = peer_ref(counter);

	return !READ_ONCE(ref->dying) && peer_count(ref, 1);
}

static bool peer_kill(struct rs_counter *counter, bool confirm)
{
	TYPE *ref = peer_ref(counter);
	long sum = 0;
	int cpu;

	WRITE_ONCE(ref->dying, true);
	for_each_possible_cpu(cpu)
		sum += atomic_long_xchg(per_cpu_ptr(ref->slots, cpu), SEALED);
	if (confirm)
		counter->confirm(counter);
	if (atomic_long_sub_and_test(BIAS + 1 - sum, &ref->word))
		counter->release(counter);
	return true;
}

const struct rs_provider bench_peer_peer_locked_percpu = {
	PEER_COMMON,
	.name		= "peer_locked_percpu",
	.origin		= RS_ORIGIN_PEER,
	.percpu		= true,
	.init		= peer_init,
	.exit		= peer_exit,
	.tryget_live	= peer_tryget_live,
	.kill		= peer_kill,
};
