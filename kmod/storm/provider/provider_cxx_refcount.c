// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_refcount through C++ handles, which are in kmod/cxx/providers.cc. */
#include <refstorm/abi.h>

#define TYPE		rs_refcount_t
#define FN(name)	rs_refcount_##name
#define OP(name)	rs_cxx_refcount_##name
#define LOOP(name)	rs_cxx_refcount_bench_##name
#define PROVIDER	rs_provider_cxx_refcount
#define NAME		"cxx_refcount"
#define ORIGIN		RS_ORIGIN_REFSTORM
#define COUNT_MAX		RS_REFCOUNT_MAX
#include "provider_refcount.h"
