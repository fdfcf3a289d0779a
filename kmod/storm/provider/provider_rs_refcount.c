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
	.name		= "rs_refcount",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.refcount	= provider_refcount,
	.init		= provider_init,
	.get		= provider_get,
	.put		= provider_put,
	.tryget		= provider_tryget,
	.kill		= provider_kill_by_put,
	.inspect	= provider_inspect,
	.size		= sizeof(rs_refcount_t),
	.bench		= provider_bench,
};

static const struct rs_bench_op provider_cxx_bench[] = PROVIDER_BENCH(rs_cxx_refcount_bench);

const struct rs_provider rs_provider_cxx_refcount = {
	.name		= "cxx_refcount",
	.origin		= RS_ORIGIN_REFSTORM,
	.saturates	= true,
	.init		= provider_init,
	.get		= rs_cxx_refcount_get,
	.put		= rs_cxx_refcount_put,
	.tryget		= rs_cxx_refcount_tryget,
	.kill		= provider_kill_by_put,
	.inspect	= provider_inspect,
	.size		= sizeof(rs_refcount_t),
	.bench		= provider_cxx_bench,
};
