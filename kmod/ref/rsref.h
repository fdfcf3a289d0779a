/* SPDX-License-Identifier: GPL-2.0 */
/* What every file of rsref.ko may use: its sites of allocation, and its work queue. */
#ifndef _RSREF_H
#define _RSREF_H

#include <refstorm/alloc.h>

enum rsref_site {
	SITE_PERCPU_REF_DATA,
	SITE_PERCPU_REF_SLOTS,
	SITE_SEALED_SLOTS,
	SITE_TRACKER,
	SITE_WORKQUEUE,
	SITE_CALLBACK_THREAD,
	RSREF_SITE_NR,
};

extern struct rs_alloc_site rsref_sites[RSREF_SITE_NR];

struct workqueue_struct;

/* Unbound. For works that may sleep: of dynamic counts, of retired blocks, of reports. */
extern struct workqueue_struct *rsref_workqueue;

#endif /* _RSREF_H */
