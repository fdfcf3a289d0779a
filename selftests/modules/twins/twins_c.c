// SPDX-License-Identifier: GPL-2.0
/* The twins in C: the public inline functions. */
#include "twins.h"

/* What kref and refcount have in common; sealed, too. */
#define TWINS(kind, get, tryget, put)						\
void twin_##kind##_share(struct twin_##kind *object)				\
{										\
	get;									\
}										\
										\
void twin_##kind##_put(struct twin_##kind *object)				\
{										\
	put;									\
}										\
										\
void twin_##kind##_tryget(struct twin_##kind *object)				\
{										\
	if (tryget)								\
		twin_use(object);						\
}

static inline void refcount_put(rs_refcount_t *count)
{
	if (rs_refcount_dec_and_test(count))
		twin_refcount_release(count);
}

TWINS(kref, rs_kref_get(&object->count), rs_kref_get_unless_zero(&object->count),
	rs_kref_put(&object->count, twin_kref_release))
TWINS(refcount, rs_refcount_inc(&object->count), rs_refcount_inc_not_zero(&object->count),
	refcount_put(&object->count))
TWINS(sealed, rs_sealed_ref_get(&object->count), rs_sealed_ref_tryget(&object->count),
	rs_sealed_ref_put(&object->count))

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

bool twin_sealed_kill(struct twin_sealed *object)
{
	return rs_sealed_ref_kill(&object->count);
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
