// SPDX-License-Identifier: GPL-2.0
/*
 * Providers rs_refcount and cxx_refcount: our rs_refcount_t, and the same through the C++
 * handles of kmod/cxx/providers.cc.
 */
#include <refstorm/abi.h>

#define TYPE		rs_refcount_t
#define FN(name)	rs_refcount_##name
#include "provider_refcount.h"

static const rs_refcount_t *provider_refcount(struct rs_counter *counter)
{
	return provider_ref(counter);
}

const struct rs_provider rs_provider_rs_refcount = {
	PROVIDER_WORD(provider),
	.name		= "rs_refcount",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.refcount	= provider_refcount,
	.bench		= provider_bench,
};

static const struct rs_bench_op provider_cxx_bench[] = PROVIDER_BENCH(rs_cxx_refcount_bench);

const struct rs_provider rs_provider_cxx_refcount = {
	PROVIDER_WORD(rs_cxx_refcount),
	.name		= "cxx_refcount",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.bench		= provider_cxx_bench,
};
