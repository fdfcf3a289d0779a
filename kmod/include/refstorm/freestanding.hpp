/* SPDX-License-Identifier: GPL-2.0 */
/*
 * freestanding.hpp - what the counters' headers use of the kernel, for C++
 *
 * Kernel headers do not compile as C++, and the fast paths of refcount.h, kref.h and sealed_ref.h
 * need only a few names of them. In C++ those headers include this header instead, which has the
 * same names for the same instructions. So each fast path is written once, for C and C++.
 * scripts/check/twins compares the object code of both.
 *
 * In the kernel this header includes nothing; kmod/cxx/cxx.mk gives it the configuration. Without
 * __KERNEL__ it is for programs: a per-CPU variable is global then, and `lock` is always there.
 *
 * KASAN and KCSAN: the compiler tells them of all that it compiles, atomic builtins included,
 * but not of an asm. So instrument_atomic_read_write() is called before each asm, and a KCSAN
 * barrier before each barrier, as in the kernel's own atomic operations. Both call rsref.ko in a
 * kernel with KASAN or KCSAN, and are no instruction otherwise.
 */
#pragma once

#if defined(__KERNEL__) && !defined(CONFIG_64BIT)
#error "C++ in the kernel needs its configuration: build with kmod/cxx/cxx.mk, for a 64-bit kernel"
#endif

#if __STDC_HOSTED__
#include <utility>
#else
/* No library is there, so this std collides with none; clang-tidy knows the name. */
namespace std {
template <typename T>
struct remove_reference {
    using type = T;
};
template <typename T>
struct remove_reference<T &> {
    using type = T;
};
template <typename T>
struct remove_reference<T &&> {
    using type = T;
};
template <typename T>
[[nodiscard, gnu::always_inline]] constexpr typename remove_reference<T>::type &&move(T &&value) noexcept
{
    return static_cast<typename remove_reference<T>::type &&>(value);
}
} // namespace std
#endif

typedef __UINT8_TYPE__ u8;
typedef __UINT16_TYPE__ u16;
typedef __UINT32_TYPE__ u32;
typedef __UINT64_TYPE__ u64;
typedef __INT64_TYPE__ s64;
typedef unsigned int gfp_t;

extern "C" {
struct mutex;
struct spinlock;
typedef struct spinlock spinlock_t;

typedef struct {
    int counter;
} atomic_t;
}

#ifndef NULL
#define NULL __null
#endif
#ifndef INT_MAX
#define INT_MAX __INT_MAX__
#define INT_MIN (-__INT_MAX__ - 1)
#endif
#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
#define __must_check __attribute__((__warn_unused_result__))
/* Later kernels go without where the compiler would then misalign functions. */
#if !defined(CONFIG_FUNCTION_ALIGNMENT) || CONFIG_FUNCTION_ALIGNMENT == 0 ||                                 \
    defined(CONFIG_CC_HAS_SANE_FUNCTION_ALIGNMENT)
#define __cold __attribute__((__cold__))
#else
#define __cold
#endif
/* For sparse, which does not read C++ */
#define __percpu
#define __rcu
#define __force
#define __rs_cond_acquires(lock)
/* The next few are not reserved names: freestanding_end.hpp takes them back. */
#define BIT(nr) (1UL << (nr))
#define READ_ONCE(x) (*const_cast<const volatile __typeof__(x) *>(&(x)))
#define ATOMIC_INIT(n)                                                                                       \
    {                                                                                                        \
        (n)                                                                                                  \
    }
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static __always_inline int atomic_read(const atomic_t *v)
{
    return READ_ONCE(v->counter);
}

static __always_inline void atomic_set(atomic_t *v, int n)
{
    *const_cast<volatile int *>(&v->counter) = n;
}

/* Is this compiled for KASAN, or for KCSAN? */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define __RS_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define __RS_SANITIZED
#endif
#endif

/* To be called before an asm; the names are those of the kernel. */
#if defined(__KERNEL__) && defined(__RS_SANITIZED)
extern "C" {
void __rs_cxx_kasan_kcsan_read_write(const void *address, unsigned long size);
void __rs_cxx_kcsan_release(void);
void __rs_cxx_kcsan_rmb(void);
}

static __always_inline void instrument_atomic_read_write(const void *address, unsigned long size)
{
    __rs_cxx_kasan_kcsan_read_write(address, size);
}

static __always_inline void kcsan_release(void)
{
    __rs_cxx_kcsan_release();
}

static __always_inline void kcsan_rmb(void)
{
    __rs_cxx_kcsan_rmb();
}
#else
static __always_inline void instrument_atomic_read_write(const void *, unsigned long) {}

static __always_inline void kcsan_release(void) {}

static __always_inline void kcsan_rmb(void) {}
#endif

#ifdef __x86_64__
/*
 * `lock`, and its place, so that a kernel that runs on one CPU can patch it away. Later kernels
 * do not patch; cxx.mk looks into their headers.
 */
#if !defined(__KERNEL__) || (defined(CONFIG_SMP) && !RS_HAVE_SMP_LOCKS)
#define LOCK_PREFIX "lock "
#elif defined(CONFIG_SMP)
#define LOCK_PREFIX                                                                                          \
    ".pushsection .smp_locks, \"a\"\n\t.balign 4\n\t.long 77f - .\n\t.popsection\n"                          \
    "77:\tlock "
#else
#define LOCK_PREFIX ""
#endif

/* What finds this CPU's copy of a per-CPU variable */
#if defined(__KERNEL__) && defined(CONFIG_SMP)
#define RS_PERCPU_PREFIX "%%gs:"
#else
#define RS_PERCPU_PREFIX ""
#endif

/* A store is a release, and a locked instruction a full barrier, on this machine. */
static __always_inline void atomic_set_release(atomic_t *v, int n)
{
    kcsan_release();
    asm volatile("" : : : "memory");
    atomic_set(v, n);
}

static __always_inline int __rs_atomic_fetch_add(int i, atomic_t *v)
{
    instrument_atomic_read_write(v, sizeof(*v));
    asm volatile(LOCK_PREFIX "xaddl %[i], %[count]"
                 : [i] "+r"(i), [count] "+m"(v->counter)
                 :
                 : "memory", "cc");
    return i;
}

static __always_inline int atomic_fetch_add_relaxed(int i, atomic_t *v)
{
    return __rs_atomic_fetch_add(i, v);
}

static __always_inline int atomic_fetch_sub_release(int i, atomic_t *v)
{
    kcsan_release();
    return __rs_atomic_fetch_add(-i, v);
}

static __always_inline bool __rs_atomic_try_cmpxchg(atomic_t *v, int *old, int desired)
{
    int found = *old;
    bool same;

    instrument_atomic_read_write(v, sizeof(*v));
    asm volatile(LOCK_PREFIX "cmpxchgl %[desired], %[count]"
                 : "=@ccz"(same), [count] "+m"(v->counter), "+a"(found)
                 : [desired] "r"(desired)
                 : "memory");
    if (unlikely(!same)) {
        *old = found;
    }
    return likely(same);
}

static __always_inline bool atomic_try_cmpxchg_relaxed(atomic_t *v, int *old, int desired)
{
    return __rs_atomic_try_cmpxchg(v, old, desired);
}

static __always_inline bool atomic_try_cmpxchg_acquire(atomic_t *v, int *old, int desired)
{
    return __rs_atomic_try_cmpxchg(v, old, desired);
}

static __always_inline void smp_acquire__after_ctrl_dep(void)
{
    kcsan_rmb();
    asm volatile("" : : : "memory");
}
#else
static __always_inline void atomic_set_release(atomic_t *v, int n)
{
    __atomic_store_n(&v->counter, n, __ATOMIC_RELEASE);
}

static __always_inline int atomic_fetch_add_relaxed(int i, atomic_t *v)
{
    return __atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED);
}

static __always_inline int atomic_fetch_sub_release(int i, atomic_t *v)
{
    return __atomic_fetch_sub(&v->counter, i, __ATOMIC_RELEASE);
}

static __always_inline bool atomic_try_cmpxchg_relaxed(atomic_t *v, int *old, int desired)
{
    return __atomic_compare_exchange_n(&v->counter, old, desired, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static __always_inline bool atomic_try_cmpxchg_acquire(atomic_t *v, int *old, int desired)
{
    return __atomic_compare_exchange_n(&v->counter, old, desired, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

#define smp_acquire__after_ctrl_dep() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#endif
