/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a user's per-CPU counter to its count, whichever of the two counters it is.
 *
 * The data of a counter has an RCU-protected pointer to its count. Once init was called the
 * pointer leads to a count: the counter's own, or after exit the engine's one for all counters
 * that were ended, which is dead and zero. So an RCU reader that comes after exit gets an
 * answer instead of an oops.
 */
#ifndef _RSREF_PERCPU_DATA_H
#define _RSREF_PERCPU_DATA_H

#include <linux/rcupdate.h>

#include <refstorm/percpu_common.h>

#include "percpu_count.h"

/* Context: the caller is an RCU reader, whatever the kind. */
static inline struct rs_percpu_count *percpu_data_count(const struct rs_percpu_data *data)
{
	return rcu_dereference_check(data->count, rcu_read_lock_any_held());
}

/* Context: the caller is the counter's owner, which alone may call exit. */
static inline struct rs_percpu_count *percpu_data_owner_count(const struct rs_percpu_data *data)
{
	return rcu_dereference_protected(data->count, true);
}

int percpu_data_init(struct rs_percpu_data *data, const struct percpu_engine *engine,
		     void *ref, struct __rs_percpu_callback *release, unsigned int flags,
		     gfp_t gfp);

#endif /* _RSREF_PERCPU_DATA_H */
