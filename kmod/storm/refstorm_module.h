/* SPDX-License-Identifier: GPL-2.0 */
/* The allocation sites of refstorm.ko, each with a name in sites.c. */
#ifndef _REFSTORM_MODULE_H
#define _REFSTORM_MODULE_H

#include <refstorm/alloc.h>
#include <uapi/refstorm/refstorm.h>

enum refstorm_site {
	SITE_EVENTS,
	SITE_EVENTS_READER,
	SITE_CONTROL,
	SITE_OBJECT,
	SITE_HOLDER,
	SITE_STORM,
	SITE_STORM_SLOTS,
	SITE_STORM_WORKERS,
	SITE_STORM_THREAD,
	SITE_STORM_OBJECT,
	SITE_STORM_OBJECTS,
	SITE_STORM_PROBES,
	SITE_STORM_HISTORY,
	SITE_ORACLE,
	SITE_ORACLE_THREAD,
	SITE_BENCH,
	SITE_BENCH_THREAD,
	SITE_TORTURE_THREAD,
	REFSTORM_SITE_NR,
};

extern struct rs_alloc_site refstorm_sites[REFSTORM_SITE_NR];

#endif /* _REFSTORM_MODULE_H */
