/* SPDX-License-Identifier: GPL-2.0 */
/* The mistakes that detectors_cxx.cc makes for detectors_main.c. */
#ifndef SELFTESTS_MODULES_DETECTORS_H
#define SELFTESTS_MODULES_DETECTORS_H

#include <refstorm/abi.h>

/* The allocator writes its own data to the beginning of an object that is free. */
struct cxx_thing {
	u64		payload[8];
	struct rs_kref	count;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Drop a reference with a handle. It must not be the last one. */
void cxx_drop(struct cxx_thing *thing);

#ifdef __cplusplus
}
#endif

#endif /* SELFTESTS_MODULES_DETECTORS_H */
