/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that exist twice, in C with the public inline functions and in C++ with the
 * handles of ref.hpp. Compiled and never run; scripts/check/twins compares their instructions.
 */
#ifndef SELFTESTS_MODULES_TWINS_H
#define SELFTESTS_MODULES_TWINS_H

#include <refstorm/abi.h>

/* The counter is the first member, or, in objects called twins_*_inside.o, is not. */
#ifdef TWINS_INSIDE
#define TWIN(kind, counter)	\
struct twin_##kind {		\
	u64 payload;		\
	counter count;		\
}
#else
#define TWIN(kind, counter)	\
struct twin_##kind {		\
	counter count;		\
	u64 payload;		\
}
#endif

TWIN(kref, struct rs_kref);
TWIN(refcount, rs_refcount_t);
TWIN(sealed, struct rs_sealed_ref);

/* Both languages use the same C functions for release. */
void twin_kref_release(struct rs_kref *count);
void twin_refcount_release(rs_refcount_t *count);
void twin_sealed_release(struct rs_sealed_ref *count);

/* A kill may request a confirmation. */
void twin_sealed_confirmed(struct rs_sealed_ref *count);

/* A caller that uses the reference of a tryget, and one that only tests the answer. */
void twin_use(void *object);
void twin_look(void *object);

#define TWINS_OF(kind)								\
	void twin_##kind##_share(struct twin_##kind *object);			\
	void twin_##kind##_put(struct twin_##kind *object);			\
	void twin_##kind##_pair(struct twin_##kind *object);			\
	void twin_##kind##_tryget(struct twin_##kind *object);			\
	void twin_##kind##_lookup(unsigned long key);				\
	struct twin_##kind *twin_##kind##_lookup_rcu(unsigned long key);	\
	struct twin_##kind *twin_##kind##_find(unsigned long key)

TWINS_OF(kref);
void twin_kref_begin(struct twin_kref *object);
void twin_kref_put_lock(struct twin_kref *object, spinlock_t *lock);
void twin_kref_put_mutex(struct twin_kref *object, struct mutex *lock);

TWINS_OF(refcount);
void twin_refcount_begin(struct twin_refcount *object);
void twin_refcount_put_lock(struct twin_refcount *object, spinlock_t *lock);
void twin_refcount_put_mutex(struct twin_refcount *object, struct mutex *lock);
void twin_refcount_get_many(struct twin_refcount *object, u32 nr);
void twin_refcount_put_many(struct twin_refcount *object, u32 nr);
void twin_refcount_tryget_many(struct twin_refcount *object, u32 nr);

TWINS_OF(sealed);
void twin_sealed_tryget_live(struct twin_sealed *object);
void twin_sealed_lookup_live(unsigned long key);
struct twin_sealed *twin_sealed_lookup_live_rcu(unsigned long key);
void twin_sealed_get_many(struct twin_sealed *object, u32 nr);
void twin_sealed_put_many(struct twin_sealed *object, u32 nr);
void twin_sealed_tryget_many(struct twin_sealed *object, u32 nr);
int twin_sealed_begin(struct twin_sealed *object, gfp_t gfp);
bool twin_sealed_kill(struct twin_sealed *object);
bool twin_sealed_kill_and_confirm(struct twin_sealed *object);
int twin_sealed_resurrect(struct twin_sealed *object);
int twin_sealed_reinit(struct twin_sealed *object);
void twin_sealed_exit(struct twin_sealed *object);

#endif /* SELFTESTS_MODULES_TWINS_H */
