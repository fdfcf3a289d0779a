// SPDX-License-Identifier: GPL-2.0
/*
 * Providers rs_kref and cxx_kref: our struct rs_kref, and the same through the C++ handles
 * of kmod/cxx/providers.cc.
 */
#include <refstorm/abi.h>

#define TYPE		struct rs_kref
#define FN(name)	rs_kref_##name
#define SET(kref, n)	rs_refcount_set(&(kref)->refcount, n)
#include "provider_kref.h"

static const rs_refcount_t *provider_refcount(struct rs_counter *counter)
{
	return &provider_ref(counter)->refcount;
}

const struct rs_provider rs_provider_rs_kref = {
	PROVIDER_WORD(provider),
	.name		= "rs_kref",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.refcount	= provider_refcount,
	.bench		= provider_bench,
};

static const struct rs_bench_op provider_cxx_bench[] = PROVIDER_BENCH(rs_cxx_kref_bench);

const struct rs_provider rs_provider_cxx_kref = {
	PROVIDER_WORD(rs_cxx_kref),
	.name		= "cxx_kref",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.bench		= provider_cxx_bench,
};
