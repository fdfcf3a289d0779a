// SPDX-License-Identifier: GPL-2.0
/* The sites of allocation of rsref.ko and its work queue: see rsref.h. */
#include "rsref.h"

struct rs_alloc_site rsref_sites[RSREF_SITE_NR] = {
	[SITE_PERCPU_REF_DATA]	= { .name = "percpu_ref_data" },
	[SITE_PERCPU_REF_SLOTS]	= { .name = "percpu_ref_slots" },
	[SITE_SEALED_SLOTS]	= { .name = "sealed_slots" },
	[SITE_TRACKER]		= { .name = "tracker" },
	[SITE_WORKQUEUE]	= { .name = "workqueue" },
	[SITE_CALLBACK_THREAD]	= { .name = "callback_thread" },
};

struct workqueue_struct *rsref_workqueue;
