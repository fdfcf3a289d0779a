/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From a user's per-CPU counter to its count: what the functions of
 * rs_percpu_ref and rs_sealed_ref have in common.
 *
 * Both counters hold an RCU-protected pointer to their count, here called the
 * handle. It always leads somewhere once init was called: to the count, or to
 * the engine's one for counters that were ended, which is dead and zero. So
 * readers that still have an RCU-protected pointer to the counter get an answer
 * instead of an oops.
 */
#ifndef _RSREF_PERCPU_HANDLE_H
#define _RSREF_PERCPU_HANDLE_H

#include <linux/rcupdate.h>

#include <refstorm/percpu_ref.h>

#include "percpu_count.h"

typedef struct rs_percpu_count __rcu *percpu_handle_t;

/* For functions that take RCU themselves, or whose caller has. */
static inline struct rs_percpu_count *count_of(const percpu_handle_t *handle)
{
	return rcu_dereference_check(*handle, rcu_read_lock_any_held());
}

/* For the owner, who alone may call exit. */
static inline struct rs_percpu_count *own_count(const percpu_handle_t *handle)
{
	return rcu_dereference_protected(*handle, true);
}

int percpu_handle_init(percpu_handle_t *handle, const struct percpu_engine *engine,
		       void *ref, struct percpu_callback *release, unsigned int flags,
		       gfp_t gfp);
void percpu_handle_exit(percpu_handle_t *handle);
void percpu_handle_cancel_init(percpu_handle_t *handle);
bool percpu_handle_kill(percpu_handle_t *handle, struct percpu_callback *confirm,
			enum percpu_kill how);
int percpu_handle_resurrect(percpu_handle_t *handle);
int percpu_handle_reinit(percpu_handle_t *handle);
int percpu_handle_set_threshold(percpu_handle_t *handle, unsigned int threshold);
u64 percpu_handle_read(percpu_handle_t *handle);
void percpu_handle_inspect(percpu_handle_t *handle, struct rs_percpu_ref_state *state);

#endif /* _RSREF_PERCPU_HANDLE_H */
