// SPDX-License-Identifier: GPL-2.0
/*
 * A counter that lives at zero, as md's writes_pending does: its owner puts the initial
 * reference at once. Writers get and put; now and then the owner has it count in the word,
 * looks whether it is zero, and has it count per CPU again. A get may come at any
 * time, at zero in the word, too. Whatever is done to ours is done to mainline's.
 */
#include <linux/rcupdate.h>

#include "percpu.h"

struct md {
	struct counted		ours;
	struct percpu_ref	mainline;
	int			mainline_released;
	bool			stays_in_the_word;
};

static void md_release(struct percpu_ref *ref)
{
	container_of(ref, struct md, mainline)->mainline_released++;
}

static void md_look(struct md *md, bool zero)
{
	check(percpu_ref_is_zero(&md->mainline) == zero);
	check(REF(is_zero)(&md->ours.ref) == zero);
	check(!REF(is_dying)(&md->ours.ref));
	check(!look(&md->ours).saturated);
	/* Which puts reach zero in the word depends on where they are counted. */
	if (!md->stays_in_the_word)
		check(released(&md->ours) == md->mainline_released);
}

static void md_get(struct md *md, unsigned long nr)
{
	percpu_ref_get_many(&md->mainline, nr);
	REF(get_many)(&md->ours.ref, nr);
}

static void md_put(struct md *md, unsigned long nr)
{
	percpu_ref_put_many(&md->mainline, nr);
	REF(put_many)(&md->ours.ref, nr);
}

static void md_to_atomic(struct md *md)
{
	percpu_ref_switch_to_atomic_sync(&md->mainline);
	REF(switch_to_atomic_sync)(&md->ours.ref);
	/* The end of a switch wakes the waiters, then may call release(), as an RCU reader. */
	synchronize_rcu();
}

static void md_to_percpu(struct md *md)
{
	percpu_ref_switch_to_percpu(&md->mainline);
	check(!REF(switch_to_percpu)(&md->ours.ref));
}

static void lives_at_zero_as(unsigned int flags)
{
	struct md md = {
		.stays_in_the_word = flags & (RS_PERCPU_REF_DYNAMIC | RS_PERCPU_REF_INIT_TRACKED),
	};
	unsigned int round;

	if (!counted_init(&md.ours, flags | RS_PERCPU_REF_ALLOW_REINIT))
		return;
	if (!check(!percpu_ref_init(&md.mainline, md_release, PERCPU_REF_ALLOW_REINIT, GFP_KERNEL)))
		return;
	/* If ours begins in the word, release() is called now. */
	if (flags)
		md_to_atomic(&md);
	md_put(&md, 1);
	for (round = 0; round < 3; round++) {
		md_get(&md, 1);
		md_put(&md, 1);
		md_to_atomic(&md);
		md_look(&md, true);
		check(!percpu_ref_tryget(&md.mainline));
		check(!REF(tryget)(&md.ours.ref));
		check(!percpu_ref_tryget_live(&md.mainline));
		check(!REF(tryget_live)(&md.ours.ref));
		/* New writers. */
		md_get(&md, 1);
		md_look(&md, false);
		md_get(&md, 300);
		check(percpu_ref_tryget_live(&md.mainline));
		check(REF(tryget_live)(&md.ours.ref));
		md_put(&md, 301);
		md_look(&md, false);
		md_put(&md, 1);
		md_look(&md, true);
		md_get(&md, 300);
		md_look(&md, false);
		/* The owner saw none, and writers go on per CPU. */
		md_to_percpu(&md);
		md_put(&md, 299);
		md_to_atomic(&md);
		md_look(&md, false);
		md_put(&md, 1);
		md_look(&md, true);
		md_to_percpu(&md);
	}
	/* The owner takes its reference back, and kills. */
	md_to_atomic(&md);
	md_get(&md, 1);
	percpu_ref_kill(&md.mainline);
	check(REF(kill)(&md.ours.ref));
	check(percpu_ref_is_zero(&md.mainline));
	check(REF(is_zero)(&md.ours.ref));
	check(md.mainline_released && released(&md.ours));
	percpu_ref_exit(&md.mainline);
	counted_end_unreleased(&md.ours);
}

void lives_at_zero(const struct scenario *s)
{
	lives_at_zero_as(0);
	lives_at_zero_as(RS_PERCPU_REF_INIT_ATOMIC);
	lives_at_zero_as(RS_PERCPU_REF_DYNAMIC);
	lives_at_zero_as(RS_PERCPU_REF_INIT_TRACKED);
}
