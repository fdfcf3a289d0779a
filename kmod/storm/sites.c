// SPDX-License-Identifier: GPL-2.0
/* The allocation sites of refstorm.ko, which main.c registers and all rooms use. */
#include "refstorm_module.h"

struct rs_alloc_site refstorm_sites[REFSTORM_SITE_NR] = {
	[SITE_EVENTS]		= { .name = "events" },
	[SITE_EVENTS_READER]	= { .name = "events_reader" },
	[SITE_CONTROL]		= { .name = "control" },
	[SITE_OBJECT]		= { .name = "object" },
	[SITE_HOLDER]		= { .name = "holder" },
	[SITE_STORM]		= { .name = "storm" },
	[SITE_STORM_SLOTS]	= { .name = "storm_slots" },
	[SITE_STORM_WORKERS]	= { .name = "storm_workers" },
	[SITE_STORM_THREAD]	= { .name = "storm_thread" },
	[SITE_STORM_OBJECT]	= { .name = "storm_object" },
	[SITE_STORM_OBJECTS]	= { .name = "storm_objects" },
	[SITE_STORM_HISTORY]	= { .name = "storm_history" },
	[SITE_STORM_PROBES]	= { .name = "storm_probes" },
	[SITE_ORACLE]		= { .name = "oracle" },
	[SITE_ORACLE_THREAD]	= { .name = "oracle_thread" },
	[SITE_BENCH]		= { .name = "bench" },
	[SITE_BENCH_THREAD]	= { .name = "bench_thread" },
	[SITE_TORTURE_THREAD]	= { .name = "torture_thread" },
};
