/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What refstorm.ko and user space agree on: names and limits.
 *
 * The debugfs files themselves are text; docs/debugfs.md describes them line
 * by line. Everything here may be read by C and by C++.
 */
#ifndef _UAPI_REFSTORM_REFSTORM_H
#define _UAPI_REFSTORM_REFSTORM_H

#include "invariants.h"

#define RS_VERSION		"0.1.0"

/* Below /sys/kernel/debug */
#define RS_DEBUGFS_DIR		"refstorm"

/* Longest write to any file, in bytes, without the trailing newline. */
#define RS_COMMAND_MAX		511
/* Longest object name, in bytes. */
#define RS_NAME_MAX		31
/* Objects that can exist at once. */
#define RS_OBJECTS_MAX		1024
/* References that one get, put or tryget can move. */
#define RS_NR_MAX		65536
/* Highest initial count of a refcount or kref. */
#define RS_COUNT_MAX		2147483647

/* Storms that can run at once, and finished ones that are remembered. */
#define RS_STORMS_MAX		8
#define RS_STORM_HISTORY	64
/* Workers and killers of one storm; threads of all storms together. */
#define RS_WORKERS_MAX		256
#define RS_KILLERS_MAX		16
#define RS_THREADS_MAX		512
/* Length of a storm in milliseconds. */
#define RS_STORM_MS_MIN		10
#define RS_STORM_MS_MAX		86400000
#define RS_STORM_MS_DEFAULT	3000
/* Time after the last put within which release() must have run. */
#define RS_BOUND_MS_MAX		60000
#define RS_BOUND_MS_DEFAULT	2000

/* How long a bench on several CPUs may last, in milliseconds. */
#define RS_BENCH_MS_MAX		60000

/* Objects of one storm at once; how long one lives before it is killed. */
#define RS_STORM_OBJECTS_MAX	16384
#define RS_STORM_LIFE_US_MAX	10000000
#define RS_STORM_LIFE_US_DEFAULT 2000

/* Counters that a bench kills together, and how often. */
#define RS_BENCH_REFS_MAX	100000
#define RS_BENCH_BATCHES_MAX	1000
/* Counters whose memory is measured together, at least: fewer take too few pages. */
#define RS_BENCH_MEMORY_REFS_MIN 1000
/* Kills of one bench in all. */
#define RS_BENCH_KILLS_MAX	1000000

/* Time from a kill to the report of a tracked object, in seconds. */
#define RS_TRACK_SECONDS_MAX	86400

/* Records kept in events and in error_log. */
#define RS_EVENTS_MAX		1024
#define RS_ERRORS_MAX		32

#endif /* _UAPI_REFSTORM_REFSTORM_H */
