// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that <refstorm/ref.hpp> calls because C++ cannot inline them: they depend on the
 * kernel's configuration through headers that do not compile as C++.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/instrumented.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <refstorm/cxx_calls.h>
#include <refstorm/percpu_ref.h>

#include "warn.h"

/**
 * rs_gfp_kernel - GFP_KERNEL, whose number differs from kernel to kernel
 *
 * Context: any. Return: GFP_KERNEL.
 */
gfp_t rs_gfp_kernel(void)
{
	return GFP_KERNEL;
}
EXPORT_SYMBOL_GPL(rs_gfp_kernel);

/**
 * rs_gfp_atomic - GFP_ATOMIC, whose number differs from kernel to kernel
 *
 * Context: any. Return: GFP_ATOMIC.
 */
gfp_t rs_gfp_atomic(void)
{
	return GFP_ATOMIC;
}
EXPORT_SYMBOL_GPL(rs_gfp_atomic);

/**
 * __rs_cxx_misuse - warn of a handle that was used after it was moved from
 * @what: the operation that was refused
 *
 * Context: any.
 */
void __rs_cxx_misuse(const char *what)
{
	rsref_warn_once(WARN_CXX_HANDLE, "refstorm: %s of a handle that holds nothing\n", what);
}
EXPORT_SYMBOL_GPL(__rs_cxx_misuse);

/**
 * __rs_cxx_rcu_read_lock - rcu_read_lock()
 *
 * Context: as for that.
 */
void __rs_cxx_rcu_read_lock(void)
	__acquires(RCU)
{
	rcu_read_lock();
}
EXPORT_SYMBOL_GPL(__rs_cxx_rcu_read_lock);

/**
 * __rs_cxx_rcu_read_unlock - rcu_read_unlock()
 *
 * Context: as for that.
 */
void __rs_cxx_rcu_read_unlock(void)
	__releases(RCU)
{
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(__rs_cxx_rcu_read_unlock);

/**
 * __rs_cxx_spin_lock - spin_lock()
 * @lock: the lock
 *
 * Context: as for that.
 */
void __rs_cxx_spin_lock(spinlock_t *lock)
	__acquires(lock)
{
	spin_lock(lock);
}
EXPORT_SYMBOL_GPL(__rs_cxx_spin_lock);

/**
 * __rs_cxx_spin_unlock - spin_unlock()
 * @lock: the lock
 *
 * Context: as for that.
 */
void __rs_cxx_spin_unlock(spinlock_t *lock)
	__releases(lock)
{
	spin_unlock(lock);
}
EXPORT_SYMBOL_GPL(__rs_cxx_spin_unlock);

/**
 * __rs_cxx_mutex_lock - mutex_lock()
 * @lock: the lock
 *
 * Context: process, may sleep.
 */
void __rs_cxx_mutex_lock(struct mutex *lock)
{
	mutex_lock(lock);
}
EXPORT_SYMBOL_GPL(__rs_cxx_mutex_lock);

/**
 * __rs_cxx_mutex_unlock - mutex_unlock()
 * @lock: the lock
 *
 * Context: process.
 */
void __rs_cxx_mutex_unlock(struct mutex *lock)
{
	mutex_unlock(lock);
}
EXPORT_SYMBOL_GPL(__rs_cxx_mutex_unlock);

/**
 * __rs_cxx_kasan_kcsan_read_write - tell KASAN and KCSAN of an atomic operation
 * @address: of the variable that it is about to change
 * @size: of the variable
 *
 * KCSAN takes a function with "kcsan" in its name for one of its own, and reports its caller.
 *
 * Context: any.
 */
void __rs_cxx_kasan_kcsan_read_write(const void *address, unsigned long size)
{
	instrument_atomic_read_write(address, size);
}
EXPORT_SYMBOL_GPL(__rs_cxx_kasan_kcsan_read_write);

/**
 * __rs_cxx_kcsan_release - tell KCSAN of a release barrier
 *
 * Context: any.
 */
void __rs_cxx_kcsan_release(void)
{
	kcsan_release();
}
EXPORT_SYMBOL_GPL(__rs_cxx_kcsan_release);

/**
 * __rs_cxx_kcsan_rmb - tell KCSAN of a read barrier
 *
 * Context: any.
 */
void __rs_cxx_kcsan_rmb(void)
{
	kcsan_rmb();
}
EXPORT_SYMBOL_GPL(__rs_cxx_kcsan_rmb);

/**
 * __rs_percpu_ref_get_call - rs_percpu_ref_get_many()
 * @ref: the counter
 * @nr: how many
 *
 * Context: as for that.
 */
void __rs_percpu_ref_get_call(struct rs_percpu_ref *ref, unsigned long nr)
{
	rs_percpu_ref_get_many(ref, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_get_call);

/**
 * __rs_percpu_ref_put_call - rs_percpu_ref_put_many()
 * @ref: the counter
 * @nr: how many
 *
 * Context: as for that.
 */
void __rs_percpu_ref_put_call(struct rs_percpu_ref *ref, unsigned long nr)
{
	rs_percpu_ref_put_many(ref, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_put_call);

/**
 * __rs_percpu_ref_tryget_call - rs_percpu_ref_tryget_many()
 * @ref: the counter
 * @nr: how many
 *
 * Context and return value as for that.
 */
bool __rs_percpu_ref_tryget_call(struct rs_percpu_ref *ref, unsigned long nr)
{
	return rs_percpu_ref_tryget_many(ref, nr);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_call);

/**
 * __rs_percpu_ref_tryget_live_call - rs_percpu_ref_tryget_live()
 * @ref: the counter
 *
 * Context and return value as for that.
 */
bool __rs_percpu_ref_tryget_live_call(struct rs_percpu_ref *ref)
{
	return rs_percpu_ref_tryget_live(ref);
}
EXPORT_SYMBOL_GPL(__rs_percpu_ref_tryget_live_call);
