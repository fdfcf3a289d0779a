/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Provider: refcount_t or rs_refcount_t, which have the same interface.
 *
 * The including file defines TYPE, FN(name), PROVIDER, NAME, ORIGIN and COUNT_MAX.
 */
#include <linux/build_bug.h>

#include "provider.h"

static TYPE *refcount_of(struct rs_counter *counter)
{
	static_assert(sizeof(TYPE) <= RS_COUNTER_BYTES);
	return (TYPE *)counter->storage;
}

static int provider_init(struct rs_counter *counter, u32 count, unsigned int flags)
{
	FN(set)(refcount_of(counter), count);
	return 0;
}

static void provider_get(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		FN(inc)(refcount_of(counter));
	else
		FN(add)(nr, refcount_of(counter));
}

static void provider_put(struct rs_counter *counter, u32 nr)
{
	bool last;

	if (nr == 1)
		last = FN(dec_and_test)(refcount_of(counter));
	else
		last = FN(sub_and_test)(nr, refcount_of(counter));
	if (last)
		counter->release(counter);
}

static bool provider_tryget(struct rs_counter *counter, u32 nr)
{
	if (nr == 1)
		return FN(inc_not_zero)(refcount_of(counter));
	return FN(add_not_zero)(nr, refcount_of(counter));
}

#define COUNTER_OF(counter) refcount_of(counter)
#include "provider_saturating.h"
