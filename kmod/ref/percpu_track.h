/* SPDX-License-Identifier: GPL-2.0 */
/* Tracking of per-CPU counts; percpu_track.c tells how. */
#ifndef _RSREF_PERCPU_TRACK_H
#define _RSREF_PERCPU_TRACK_H

#include <linux/gfp.h>
#include <linux/types.h>

struct rs_percpu_count;
struct rs_tracker;

int percpu_track_init(struct rs_percpu_count *count, gfp_t gfp);

struct rs_tracker *percpu_track_alloc(struct rs_percpu_count *count, const char *name,
				      unsigned int seconds, gfp_t gfp);
void percpu_track_begin(struct rs_percpu_count *count, struct rs_tracker *tracker);
struct rs_tracker *percpu_track_end(struct rs_percpu_count *count);

/* What happened to a count whose word says TRACKED. */
void percpu_track_got(struct rs_percpu_count *count, u64 nr);
void percpu_track_dropped(struct rs_percpu_count *count, u64 nr);
/* Of these the caller holds the count's lock. */
void percpu_track_killed(struct rs_percpu_count *count, u64 initial);
void percpu_track_resurrected(struct rs_percpu_count *count);

/* The count was ended, tracked or not. */
void percpu_track_exit(struct rs_percpu_count *count);

#endif /* _RSREF_PERCPU_TRACK_H */
