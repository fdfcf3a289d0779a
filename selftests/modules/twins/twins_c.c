// SPDX-License-Identifier: GPL-2.0
/* The twins in C: the public inline functions. */
#include <refstorm/cxx_calls.h>

#include "twins.h"

/* Operations that kref, refcount and sealed counters share. */
#define TWINS(kind, get, tryget, put)						\
void twin_##kind##_share(struct twin_##kind *object)				\
{										\
	get(&object->count);							\
}										\
										\
void twin_##kind##_put(struct twin_##kind *object)				\
{										\
	put(&object->count);							\
}										\
										\
void twin_##kind##_pair(struct twin_##kind *object)				\
{										\
	get(&object->count);							\
	twin_look(object);							\
	put(&object->count);							\
}										\
										\
void twin_##kind##_tryget(struct twin_##kind *object)				\
{										\
	if (tryget(&object->count))						\
		twin_use(object);						\
}

static inline void put_kref(struct rs_kref *count)
{
	rs_kref_put(count, twin_kref_release);
}

static inline void put_refcount(rs_refcount_t *count)
{
	if (rs_refcount_dec_and_test(count))
		twin_refcount_release(count);
}

/* A lookup under the caller's lock, and one under RCU. */
#define LOOKUPS(kind, name, tryget)						\
static inline struct twin_##kind *kind##_##name(unsigned long key)		\
{										\
	struct twin_##kind *object = twin_##kind##_find(key);			\
										\
	return object && (tryget) ? object : NULL;				\
}										\
										\
void twin_##kind##_##name(unsigned long key)					\
{										\
	struct twin_##kind *object = kind##_##name(key);			\
										\
	if (object)								\
		twin_use(object);						\
}										\
										\
struct twin_##kind *twin_##kind##_##name##_rcu(unsigned long key)		\
{										\
	struct twin_##kind *object;						\
										\
	__rs_cxx_rcu_read_lock();						\
	object = twin_##kind##_find(key);					\
	if (object && !(tryget))						\
		object = NULL;							\
	__rs_cxx_rcu_read_unlock();						\
	return object;								\
}

TWINS(kref, rs_kref_get, rs_kref_get_unless_zero, put_kref)
TWINS(refcount, rs_refcount_inc, rs_refcount_inc_not_zero, put_refcount)
TWINS(sealed, rs_sealed_ref_get, rs_sealed_ref_tryget, rs_sealed_ref_put)

LOOKUPS(kref, lookup, rs_kref_get_unless_zero(&object->count))
LOOKUPS(refcount, lookup, rs_refcount_inc_not_zero(&object->count))
LOOKUPS(sealed, lookup, rs_sealed_ref_tryget(&object->count))
LOOKUPS(sealed, lookup_live, rs_sealed_ref_tryget_live(&object->count))

void twin_kref_begin(struct twin_kref *object)
{
	rs_kref_init(&object->count);
}

void twin_kref_put_lock(struct twin_kref *object, spinlock_t *lock)
{
	rs_kref_put_lock(&object->count, twin_kref_release, lock);
}

void twin_kref_put_mutex(struct twin_kref *object, struct mutex *lock)
{
	rs_kref_put_mutex(&object->count, twin_kref_release, lock);
}

void twin_refcount_begin(struct twin_refcount *object)
{
	rs_refcount_set(&object->count, 1);
}

void twin_refcount_put_lock(struct twin_refcount *object, spinlock_t *lock)
{
	if (rs_refcount_dec_and_lock(&object->count, lock))
		twin_refcount_release(&object->count);
}

void twin_refcount_put_mutex(struct twin_refcount *object, struct mutex *lock)
{
	if (rs_refcount_dec_and_mutex_lock(&object->count, lock))
		twin_refcount_release(&object->count);
}

void twin_refcount_get_many(struct twin_refcount *object, u32 nr)
{
	rs_refcount_add(nr, &object->count);
}

void twin_refcount_put_many(struct twin_refcount *object, u32 nr)
{
	if (rs_refcount_sub_and_test(nr, &object->count))
		twin_refcount_release(&object->count);
}

void twin_refcount_tryget_many(struct twin_refcount *object, u32 nr)
{
	if (rs_refcount_add_not_zero(nr, &object->count))
		twin_use(object);
}

void twin_sealed_tryget_live(struct twin_sealed *object)
{
	if (rs_sealed_ref_tryget_live(&object->count))
		twin_use(object);
}

void twin_sealed_get_many(struct twin_sealed *object, u32 nr)
{
	rs_sealed_ref_get_many(&object->count, nr);
}

void twin_sealed_put_many(struct twin_sealed *object, u32 nr)
{
	rs_sealed_ref_put_many(&object->count, nr);
}

void twin_sealed_tryget_many(struct twin_sealed *object, u32 nr)
{
	if (rs_sealed_ref_tryget_many(&object->count, nr))
		twin_use(object);
}

int twin_sealed_begin(struct twin_sealed *object, gfp_t gfp)
{
	return rs_sealed_ref_init(&object->count, twin_sealed_release, 0, gfp);
}

bool twin_sealed_kill(struct twin_sealed *object)
{
	return rs_sealed_ref_kill(&object->count);
}

bool twin_sealed_kill_and_confirm(struct twin_sealed *object)
{
	return rs_sealed_ref_kill_and_confirm(&object->count, twin_sealed_confirmed);
}

int twin_sealed_resurrect(struct twin_sealed *object)
{
	return rs_sealed_ref_resurrect(&object->count);
}

int twin_sealed_reinit(struct twin_sealed *object)
{
	return rs_sealed_ref_reinit(&object->count);
}

void twin_sealed_exit(struct twin_sealed *object)
{
	rs_sealed_ref_exit(&object->count);
}
