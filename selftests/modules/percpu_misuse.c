// SPDX-License-Identifier: GPL-2.0
/* Our per-CPU counters under misuse: each is caught, and harms no other counter. */
#include "percpu.h"

void early_underflow(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
		return;
	check(REF(kill)(&c.ref));
	check(released(&c) == 1);
	REF(put)(&c.ref);
	check(look(&c).saturated);
	/* The counter stays saturated: gets and puts neither warn nor release. */
	REF(get)(&c.ref);
	REF(put_many)(&c.ref, 2);
	check(look(&c).saturated);
	check(released(&c) == 1);
	counted_end(&c);
	caught("put without a reference: the counter saturated at that put");
}

void get_on_zero(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
		return;
	check(REF(kill)(&c.ref));
	check(!REF(tryget)(&c.ref));
	REF(get)(&c.ref);
	check(look(&c).saturated);
	REF(put)(&c.ref);
	counted_end(&c);
	caught("get after release: the counter saturated at that get");
}

/* More at once than a count has room for: the counter is never released. */
#define TOO_MANY	((unsigned long)RS_PERCPU_REF_NR_MAX + 1)

static void try_too_many(REF_TYPE *ref, unsigned long nr)
{
	/* The object is there, and a saturated counter never releases it. */
	check(REF(tryget_many)(ref, nr));
}

void too_many_at_once(const struct scenario *s)
{
	static void (*const calls[])(REF_TYPE *ref, unsigned long nr) = {
		REF(get_many), REF(put_many), try_too_many,
	};
	static const unsigned long numbers[] = { TOO_MANY, ULONG_MAX };
	struct counted c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(numbers); i++) {
		if (!counted_init(&c, RS_PERCPU_REF_INIT_ATOMIC))
			return;
		calls[i / ARRAY_SIZE(numbers)](&c.ref, numbers[i % ARRAY_SIZE(numbers)]);
		check(look(&c).saturated);
		check(!REF(is_dying)(&c.ref));
		REF(put)(&c.ref);
		check(REF(kill)(&c.ref));
		check(look(&c).saturated);
		check(!REF(is_zero)(&c.ref));
		counted_end_unreleased(&c);
		check(!released(&c));
	}
	caught("more references than a count has room for: it saturated at that call");
}

void saturated_while_switching(const struct scenario *s)
{
	struct counted c;

	if (!counted_init(&c, 0))
		return;
	REF(get_many)(&c.ref, 5);
	check(REF(kill_and_confirm)(&c.ref, count_confirm));
	REF(get_many)(&c.ref, TOO_MANY);
	check(look(&c).saturated);
	check(becomes_true(look(&c).mode == RS_PERCPU_REF_ATOMIC));
	/* The sum of the slots was added and has not changed that. */
	check(look(&c).saturated);
	check(becomes_true(confirmed(&c)));
	REF(put_many)(&c.ref, 6);
	check(look(&c).saturated);
	counted_end_unreleased(&c);
	check(!released(&c));
	caught("misuse while a switch is under way: the counter stays saturated after it");
}

/* Operations on one counter after exit do not affect another. */
static void after_exit(void (*misuse)(REF_TYPE *ref))
{
	struct counted c, other;

	if (!counted_init(&c, 0) || !counted_init(&other, 0))
		return;
	check(REF(kill)(&c.ref));
	check(REF(kill)(&other.ref));
	counted_end(&other);
	counted_end(&c);
	misuse(&c.ref);
	check(REF(is_zero)(&c.ref));
	check(REF(is_zero)(&other.ref));
	check(!REF(tryget)(&other.ref));
	check(!look(&other).saturated);
	check(released(&c) == 1);
}

void get_after_exit(const struct scenario *s)
{
	after_exit(REF(get));
	caught("get after exit: no other counter that was ended has it");
}

void put_after_exit(const struct scenario *s)
{
	after_exit(REF(put));
	caught("put after exit: no other counter that was ended lacks it");
}
