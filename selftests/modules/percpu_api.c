// SPDX-License-Identifier: GPL-2.0
/* Our per-CPU counters: each function in its difficult states. */
#include <linux/rcupdate.h>

#include "percpu.h"

void counts(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get)(&c.ref);
	REF(get_many)(&c.ref, 10);
	check(REF(tryget)(&c.ref));
	check(REF(tryget_many)(&c.ref, 20));
	check(REF(tryget_live)(&c.ref));
	rcu_read_lock();
	check(REF(tryget_live_rcu)(&c.ref));
	rcu_read_unlock();
	check(!REF(is_zero)(&c.ref));
	REF(switch_to_atomic_sync)(&c.ref);
	check(look(&c).count == 35);
	REF(put)(&c.ref);
	REF(put_many)(&c.ref, 30);
	check(look(&c).count == 4);
	check(REF(kill)(&c.ref));
	check(!REF(tryget_live)(&c.ref));
	check(REF(tryget_many)(&c.ref, 2));
	check(look(&c).count == 5);
	REF(put_many)(&c.ref, 5);
	counted_end(&c);
}

/*
 * A slot takes no more than 256 at once; the word has room for 2^59 - 1, of which one is
 * the owner's.
 */
static const unsigned long numbers[] = {
	0, 1, 2, 255, 256, 257, 1UL << 16, (1UL << 32) - 1, 1UL << 32, 1UL << 58,
	(1UL << 59) - 2,
};

static void takes_and_drops(unsigned int flags, bool atomic)
{
	struct counted c;
	unsigned int i;

	if (!counted_init(&c, flags))
		return;
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		unsigned long nr = numbers[i];

		if (atomic)
			REF(switch_to_atomic_sync)(&c.ref);
		REF(get_many)(&c.ref, nr);
		REF(switch_to_atomic_sync)(&c.ref);
		check(look(&c).count == nr + 1);
		if (!atomic)
			check(!REF(switch_to_percpu)(&c.ref));
		REF(put_many)(&c.ref, nr);
		check(REF(tryget_many)(&c.ref, nr));
		REF(switch_to_atomic_sync)(&c.ref);
		check(look(&c).count == nr + 1);
		check(!look(&c).saturated);
		REF(put_many)(&c.ref, nr);
		check(look(&c).count == 1);
		check(!REF(switch_to_percpu)(&c.ref));
	}
	/* All references are put once the counter is dead. */
	REF(get_many)(&c.ref, numbers[ARRAY_SIZE(numbers) - 1]);
	check(REF(kill)(&c.ref));
	check(becomes_true(look(&c).mode == RS_PERCPU_REF_ATOMIC));
	check(!released(&c));
	REF(put_many)(&c.ref, numbers[ARRAY_SIZE(numbers) - 1]);
	counted_end(&c);
}

void large_numbers(const struct scenario *s)
{
	takes_and_drops(0, false);
	takes_and_drops(0, true);
	takes_and_drops(RS_PERCPU_REF_DYNAMIC, false);
}

void init_flags(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	check(REF(kill)(&c.ref));
	counted_end(&c);

	if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
		return;
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	check(look(&c).count == 1);
	/* INIT_ATOMIC implies ALLOW_REINIT. */
	check(!REF(switch_to_percpu)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	REF(get)(&c.ref);
	check(REF(kill)(&c.ref));
	check(!REF(resurrect)(&c.ref));
	REF(put)(&c.ref);
	check(REF(kill)(&c.ref));
	counted_end(&c);

	if (!counted_init(&c, RS_PERCPU_REF_INIT_DEAD))
		return;
	check(REF(is_dying)(&c.ref));
	check(REF(is_zero)(&c.ref));
	check(!REF(tryget)(&c.ref));
	check(!REF(kill)(&c.ref));
	check(!REF(reinit)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	check(REF(tryget_live)(&c.ref));
	REF(put)(&c.ref);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void bad_init(const struct scenario *s)
{
	long before = outstanding(NULL);
	struct counted c = { };

	check(REF(init)(&c.ref, NULL, 0, GFP_KERNEL) == -EINVAL);
	counted_end_unreleased(&c);
	check(REF(init)(&c.ref, count_release, BIT(20), GFP_KERNEL) == -EINVAL);
	counted_end_unreleased(&c);
	check(!released(&c));
	check(outstanding(NULL) == before);
}

void cancel_init(const struct scenario *s)
{
	static const unsigned int flags[] = {
		0, RS_PERCPU_REF_ALLOW_REINIT, RS_PERCPU_REF_INIT_ATOMIC, RS_PERCPU_REF_INIT_DEAD,
		RS_PERCPU_REF_DYNAMIC,
	};
	long before = outstanding(NULL);
	struct counted c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!counted_init(&c, flags[i]))
			return;
		REF(cancel_init)(&c.ref);
		counted_end_unreleased(&c);
		check(!released(&c));
	}
	/* init need not have worked, and exit may follow. */
	check(REF(init)(&c.ref, NULL, 0, GFP_KERNEL) == -EINVAL);
	REF(cancel_init)(&c.ref);
	check(outstanding(NULL) == before);
}

void cancel_init_used(const struct scenario *s)
{
	long before = outstanding(NULL);
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get)(&c.ref);
	REF(cancel_init)(&c.ref);
	counted_end_unreleased(&c);
	check(!released(&c));
	check(outstanding(NULL) == before);
	caught("cancel_init of a counter that was used: a slot was not zero");
}

void reinit(const struct scenario *s)
{
	static const unsigned int flags[] = {
		RS_PERCPU_REF_ALLOW_REINIT, RS_PERCPU_REF_INIT_ATOMIC,
	};
	struct counted c;
	unsigned int i, round;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!counted_init(&c, flags[i]))
			return;
		for (round = 1; round <= 5; round++) {
			enum rs_percpu_ref_mode mode = look(&c).mode;

			check(REF(tryget_live)(&c.ref));
			REF(put)(&c.ref);
			check(REF(kill)(&c.ref));
			check(becomes_true(released(&c) == round));
			check(!REF(reinit)(&c.ref));
			check(look(&c).mode == mode);
		}
		atomic_set(&c.released, 0);
		check(REF(kill)(&c.ref));
		counted_end(&c);
	}
}

void reinit_during_switch(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	under_way(look(&c).mode == RS_PERCPU_REF_SWITCHING);
	check(!REF(reinit)(&c.ref));
	check(confirmed(&c) == 1);
	check(becomes_true(released(&c) == 1));
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	check(REF(tryget_live)(&c.ref));
	REF(put)(&c.ref);
	atomic_set(&c.released, 0);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void reinit_not_zero(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	REF(get)(&c.ref);
	check(REF(kill)(&c.ref));
	check(REF(reinit)(&c.ref) == -EINVAL);
	check(REF(is_dying)(&c.ref));
	check(look(&c).count == 1);
	check(!REF(tryget_live)(&c.ref));
	REF(put)(&c.ref);
	counted_end(&c);
	caught("reinit: refused with -EINVAL, for a reference was held");
}

void resurrect_during_switch(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	REF(get_many)(&c.ref, 3);
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	under_way(look(&c).mode == RS_PERCPU_REF_SWITCHING);
	check(!REF(resurrect)(&c.ref));
	check(confirmed(&c) == 1);
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	check(!REF(is_dying)(&c.ref));
	check(REF(tryget_live)(&c.ref));
	REF(switch_to_atomic_sync)(&c.ref);
	check(look(&c).count == 5);
	REF(put_many)(&c.ref, 4);
	check(!released(&c));
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void resurrect_alive(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_ALLOW_REINIT))
		return;
	check(REF(resurrect)(&c.ref) == -EINVAL);
	REF(switch_to_atomic_sync)(&c.ref);
	check(look(&c).count == 1);
	check(REF(kill)(&c.ref));
	counted_end(&c);
	caught("resurrect: refused with -EINVAL, for it was not killed");
}

void to_percpu_during_switch(const struct scenario *s)
{
	struct counted c;
	unsigned int round;

	if (!counted_init(&c, 0))
		return;
	for (round = 1; round <= 5; round++) {
		REF(get)(&c.ref);
		REF(switch_to_atomic)(&c.ref, count_confirm);
		under_way(look(&c).mode == RS_PERCPU_REF_SWITCHING);
		check(!REF(switch_to_percpu)(&c.ref));
		check(confirmed(&c) == round);
		check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	}
	REF(put_many)(&c.ref, 5);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

void to_percpu_while_dying(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
		return;
	REF(get)(&c.ref);
	check(REF(kill)(&c.ref));
	check(!REF(switch_to_percpu)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	check(!REF(resurrect)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_PERCPU);
	/* And the other way round: atomic stays through kill and resurrection. */
	REF(switch_to_atomic_sync)(&c.ref);
	check(REF(kill)(&c.ref));
	check(!REF(resurrect)(&c.ref));
	check(look(&c).mode == RS_PERCPU_REF_ATOMIC);
	check(look(&c).count == 2);
	REF(put)(&c.ref);
	check(REF(kill)(&c.ref));
	counted_end(&c);
}

static void confirm_of_switch(REF_TYPE *ref)
{
	struct counted *c = to_counted(ref);

	/* The switch is confirmed before the kill that came during it. */
	check(!confirmed(c));
	check(!released(c));
	atomic_inc(&c->confirmed);
}

void kill_during_switch(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get)(&c.ref);
	REF(switch_to_atomic)(&c.ref, confirm_of_switch);
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	under_way(!confirmed(&c));
	check(!REF(kill)(&c.ref));
	REF(put)(&c.ref);
	counted_end(&c);
	check(confirmed(&c) == 2);
}

static void kill_in_two_stages(unsigned int flags)
{
	struct counted c;

	if (!counted_init(&c, flags))
		return;
	atomic_long_set(&c.held, 1);
	check(REF(kill_two_stage)(&c.ref, count_confirm));
	check(!REF(kill_two_stage)(&c.ref, count_confirm));
	check(!REF(kill)(&c.ref));
	check(becomes_true(confirmed(&c)));
	check(becomes_true(look(&c).mode == RS_PERCPU_REF_ATOMIC));
	check(look(&c).count == 1);
	check(!REF(tryget_live)(&c.ref));
	check(!released(&c));
	atomic_long_set(&c.held, 0);
	REF(put)(&c.ref);
	counted_end(&c);
	check(confirmed(&c) == 1);

	/* There is no need to wait in between. */
	if (!counted_init(&c, flags))
		return;
	check(REF(kill_two_stage)(&c.ref, count_confirm));
	REF(put)(&c.ref);
	counted_end(&c);
	check(confirmed(&c) == 1);
}

void kill_two_stage(const struct scenario *s)
{
	kill_in_two_stages(0);
	kill_in_two_stages(RS_PERCPU_REF_INIT_ATOMIC);
}
