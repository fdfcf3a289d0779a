// SPDX-License-Identifier: GPL-2.0
/* Provider: our rs_kref through C++ handles, which are in kmod/cxx/providers.cc. */
#include <refstorm/abi.h>

#define TYPE		struct rs_kref
#define FN(name)	rs_kref_##name
#define SET(kref, n)	rs_refcount_set(&(kref)->refcount, n)
#define OP(name)	rs_cxx_kref_##name
#define LOOP(name)	rs_cxx_kref_bench_##name
#define PROVIDER	rs_provider_cxx_kref
#define NAME		"cxx_kref"
#define ORIGIN		RS_ORIGIN_REFSTORM
#define COUNT_MAX		RS_REFCOUNT_MAX
#include "provider_kref.h"
