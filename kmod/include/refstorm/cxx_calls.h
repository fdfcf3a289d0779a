/* SPDX-License-Identifier: GPL-2.0 */
/* Functions that C++ calls because it cannot inline them; see kmod/ref/cxx_calls.c. Private. */
#ifndef _REFSTORM_CXX_CALLS_H
#define _REFSTORM_CXX_CALLS_H

#ifdef __cplusplus
#include <refstorm/freestanding.hpp>
#else
#include <linux/compiler.h>
#include <linux/spinlock_types.h>
#include <linux/types.h>
#endif

struct mutex;

gfp_t rs_gfp_kernel(void);
gfp_t rs_gfp_atomic(void);

void __cold __rs_cxx_misuse(const char *what);
void __rs_cxx_rcu_read_lock(void);
void __rs_cxx_rcu_read_unlock(void);
void __rs_cxx_spin_lock(spinlock_t *lock);
void __rs_cxx_spin_unlock(spinlock_t *lock);
void __rs_cxx_mutex_lock(struct mutex *lock);
void __rs_cxx_mutex_unlock(struct mutex *lock);

/* freestanding.hpp has its own declarations, since it includes nothing. */
#ifndef __cplusplus
void __rs_cxx_kasan_kcsan_read_write(const void *address, unsigned long size);
void __rs_cxx_kcsan_release(void);
void __rs_cxx_kcsan_rmb(void);
#endif

#endif /* _REFSTORM_CXX_CALLS_H */
