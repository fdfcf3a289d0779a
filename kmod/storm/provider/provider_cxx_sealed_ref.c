// SPDX-License-Identifier: GPL-2.0
/*
 * Provider: our rs_sealed_ref through C++ handles, which are in kmod/cxx/providers.cc. Its
 * beginning, end and modes are C's, so that each counter goes from one language to the
 * other and back.
 */
#include <refstorm/abi.h>

#define OP(name)	rs_cxx_sealed_ref_##name
#define LOOP(name)	rs_cxx_sealed_ref_bench_##name
#define PROVIDER	rs_provider_cxx_sealed_ref
#define NAME		"cxx_sealed_ref"
#define TYPE		struct rs_sealed_ref
#define FN(name)	rs_sealed_ref_##name
#define FLAGS		0
#include "provider_rs_percpu_ref.h"
