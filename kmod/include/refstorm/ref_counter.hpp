/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ref_counter.hpp - what the handles of ref.hpp know of a counted object
 *
 * A type says by two members which of its members counts, and which function is called when the
 * last reference was dropped:
 *
 *	struct request {
 *	    long payload;
 *	    rs_kref kref;
 *	    static constexpr auto counter = &request::kref;
 *	    static void release(request *r);	// or release(rs_kref *), as C has it
 *	};
 *
 * For a struct that C knows too, a specialisation of rs::counting says the same.
 */
#pragma once

#include <refstorm/abi.h>

extern "C" {
#include <refstorm/cxx_calls.h>
}

namespace rs {

/** struct counting - which member of T counts, and what is called after the last put */
template <typename T>
struct counting;

template <typename T>
requires requires
{
    T::counter;
    T::release;
}
struct counting<T> {
    static constexpr auto counter = T::counter;
    static constexpr auto release = &T::release;
};

/** struct calls - the functions of a kind of counter; an operation it lacks is missing here */
template <typename C>
struct calls;

template <>
struct calls<rs_refcount_t> {
    using release_fn = void(rs_refcount_t *);

    static __always_inline void init(rs_refcount_t *c) { rs_refcount_set(c, 1); }
    static __always_inline void get(rs_refcount_t *c) { rs_refcount_inc(c); }
    static __always_inline void get_many(rs_refcount_t *c, u32 nr)
    {
        rs_refcount_add(static_cast<int>(nr), c);
    }
    static __always_inline bool tryget(rs_refcount_t *c) { return rs_refcount_inc_not_zero(c); }
    static __always_inline bool tryget_many(rs_refcount_t *c, u32 nr)
    {
        return rs_refcount_add_not_zero(static_cast<int>(nr), c);
    }

    static __always_inline void put(rs_refcount_t *c, release_fn *release)
    {
        if (rs_refcount_dec_and_test(c)) {
            release(c);
        }
    }

    static __always_inline void put_many(rs_refcount_t *c, u32 nr, release_fn *release)
    {
        if (rs_refcount_sub_and_test(static_cast<int>(nr), c)) {
            release(c);
        }
    }

    static __always_inline bool put_lock(rs_refcount_t *c, release_fn *release, spinlock_t *lock)
    {
        if (rs_refcount_dec_and_lock(c, lock)) {
            release(c);
            return true;
        }
        return false;
    }

    static __always_inline bool put_mutex(rs_refcount_t *c, release_fn *release, struct mutex *lock)
    {
        if (rs_refcount_dec_and_mutex_lock(c, lock)) {
            release(c);
            return true;
        }
        return false;
    }
};

template <>
struct calls<rs_kref> {
    using release_fn = void(rs_kref *);

    static __always_inline void init(rs_kref *c) { rs_kref_init(c); }
    static __always_inline void get(rs_kref *c) { rs_kref_get(c); }
    static __always_inline bool tryget(rs_kref *c) { return rs_kref_get_unless_zero(c) != 0; }
    static __always_inline void put(rs_kref *c, release_fn *release) { rs_kref_put(c, release); }
    static __always_inline bool put_lock(rs_kref *c, release_fn *release, spinlock_t *lock)
    {
        return rs_kref_put_lock(c, release, lock) != 0;
    }
    static __always_inline bool put_mutex(rs_kref *c, release_fn *release, struct mutex *lock)
    {
        return rs_kref_put_mutex(c, release, lock) != 0;
    }
};

#ifdef __x86_64__
template <>
struct calls<rs_sealed_ref> {
    using release_fn = rs_sealed_ref_func_t;

    static __always_inline int init(rs_sealed_ref *c, release_fn *release, unsigned int flags, gfp_t gfp)
    {
        return rs_sealed_ref_init(c, release, flags, gfp);
    }
    static __always_inline void get(rs_sealed_ref *c) { rs_sealed_ref_get(c); }
    static __always_inline void get_many(rs_sealed_ref *c, u32 nr) { rs_sealed_ref_get_many(c, nr); }
    static __always_inline bool tryget(rs_sealed_ref *c) { return rs_sealed_ref_tryget(c); }
    static __always_inline bool tryget_many(rs_sealed_ref *c, u32 nr)
    {
        return rs_sealed_ref_tryget_many(c, nr);
    }
    static __always_inline bool tryget_live(rs_sealed_ref *c) { return rs_sealed_ref_tryget_live(c); }
    static __always_inline void put(rs_sealed_ref *c, release_fn *) { rs_sealed_ref_put(c); }
    static __always_inline void put_many(rs_sealed_ref *c, u32 nr, release_fn *)
    {
        rs_sealed_ref_put_many(c, nr);
    }
    static __always_inline bool kill(rs_sealed_ref *c, release_fn *confirm)
    {
        return rs_sealed_ref_kill_and_confirm(c, confirm);
    }
    static __always_inline int resurrect(rs_sealed_ref *c) { return rs_sealed_ref_resurrect(c); }
    static __always_inline int reinit(rs_sealed_ref *c) { return rs_sealed_ref_reinit(c); }
    static __always_inline void exit(rs_sealed_ref *c) { rs_sealed_ref_exit(c); }
};
#endif

/* Through calls of C: its fast path is an RCU read-side critical section. */
template <>
struct calls<rs_percpu_ref> {
    using release_fn = rs_percpu_ref_func_t;

    static __always_inline int init(rs_percpu_ref *c, release_fn *release, unsigned int flags, gfp_t gfp)
    {
        return rs_percpu_ref_init(c, release, flags, gfp);
    }
    static __always_inline void get(rs_percpu_ref *c) { __rs_percpu_ref_get_call(c, 1); }
    static __always_inline void get_many(rs_percpu_ref *c, u32 nr) { __rs_percpu_ref_get_call(c, nr); }
    static __always_inline bool tryget(rs_percpu_ref *c) { return __rs_percpu_ref_tryget_call(c, 1); }
    static __always_inline bool tryget_many(rs_percpu_ref *c, u32 nr)
    {
        return __rs_percpu_ref_tryget_call(c, nr);
    }
    static __always_inline bool tryget_live(rs_percpu_ref *c) { return __rs_percpu_ref_tryget_live_call(c); }
    static __always_inline void put(rs_percpu_ref *c, release_fn *) { __rs_percpu_ref_put_call(c, 1); }
    static __always_inline void put_many(rs_percpu_ref *c, u32 nr, release_fn *)
    {
        __rs_percpu_ref_put_call(c, nr);
    }
    static __always_inline bool kill(rs_percpu_ref *c, release_fn *confirm)
    {
        return rs_percpu_ref_kill_and_confirm(c, confirm);
    }
    static __always_inline int resurrect(rs_percpu_ref *c) { return rs_percpu_ref_resurrect(c); }
    static __always_inline int reinit(rs_percpu_ref *c) { return rs_percpu_ref_reinit(c); }
    static __always_inline void exit(rs_percpu_ref *c) { rs_percpu_ref_exit(c); }
};

template <typename Pointer>
struct pointed_to_member;
template <typename Owner, typename Member>
struct pointed_to_member<Member Owner::*const> {
    using type = Member;
};

template <typename T>
using counter_type = typename pointed_to_member<decltype(counting<T>::counter)>::type;

/** counted - T has an embedded counter, and a release function that takes T or the counter */
template <typename T>
concept counted = requires(T *object, counter_type<T> *count)
{
    calls<counter_type<T>>::get(count);
    requires requires
    {
        counting<T>::release(object);
    } || requires
    {
        counting<T>::release(count);
    };
};

/** counted_in_one_word - by a refcount or a kref: each holder of a reference is an owner */
template <typename T>
concept counted_in_one_word = counted<T> && requires(counter_type<T> *count)
{
    calls<counter_type<T>>::init(count);
};

/** counted_per_cpu - T has an owner, which kills it */
template <typename T>
concept counted_per_cpu = counted<T> && requires(counter_type<T> *count)
{
    calls<counter_type<T>>::kill(count, nullptr);
};

/** counted_many - one operation takes or drops many references; a kref has none such */
template <typename T>
concept counted_many = counted<T> && requires(counter_type<T> *count)
{
    calls<counter_type<T>>::get_many(count, 1U);
};

template <typename T>
using calls_of = calls<counter_type<T>>;

template <typename T>
__always_inline counter_type<T> *count_of(T *object)
{
    return &(object->*counting<T>::counter);
}

/** container_of() - the object around a counter; the inverse of count_of() */
template <typename T>
__always_inline T *container_of(counter_type<T> *count)
{
    /* This ABI's pointer to a data member is its offset. */
    const auto offset = __builtin_bit_cast(__PTRDIFF_TYPE__, counting<T>::counter);
    return reinterpret_cast<T *>(reinterpret_cast<char *>(count) - offset);
}

/** as_c_calls() - a function that takes T or its counter, in the form that C's calls take */
template <typename T, auto function>
constexpr auto as_c_calls()
{
    using count = counter_type<T>;
    if constexpr (requires(count * c) { function(c); }) {
        return static_cast<void (*)(count *)>(function);
    } else {
        return static_cast<void (*)(count *)>([](count *c) { function(container_of<T>(c)); });
    }
}

/** released_by() - the release function of T, for C */
template <counted T>
constexpr auto released_by()
{
    return as_c_calls<T, counting<T>::release>();
}

} // namespace rs
