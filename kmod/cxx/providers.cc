// SPDX-License-Identifier: GPL-2.0
/*
 * providers.cc - the bodies of the providers cxx_refcount, cxx_kref and cxx_sealed_ref
 *
 * Every operation of the storm, and every loop of the benchmark, goes through the handles of
 * ref.hpp. A storm has ledgers of the references that its workers hold. So a reference that a
 * worker takes is released to C, and comes back from C when the worker puts it.
 */
#include <refstorm/ref.hpp>

namespace {

using rs::borrowed;
using rs::bundle;
using rs::kept_in_place;
using rs::live;
using rs::ref;

/* A struct rs_counter begins with the counter; provider.c asserts it. */
template <typename Count>
struct counted_object {
    Count count;
    static constexpr auto counter = &counted_object::count;
    static void release(counted_object *object)
    {
        rs_counter_released(reinterpret_cast<rs_counter *>(object));
    }
};

/* For dec_and_lock: release() unlocks. */
struct locked_object {
    rs_refcount_t count;
    static constexpr auto counter = &locked_object::count;
    static void release(locked_object *object)
    {
        rs_counter_released_locked(reinterpret_cast<rs_counter *>(object));
    }
};

using refcount_object = counted_object<rs_refcount_t>;
using kref_object = counted_object<rs_kref>;

template <typename T>
T &object_of(rs_counter *counter)
{
    return *reinterpret_cast<T *>(counter);
}

/* The operations, each on one object, inlined as a user would have them; true unless it must not happen. */

template <typename T>
[[gnu::always_inline]] inline bool get(T &object)
{
    return borrowed<T>::vouch(object).share().release_to_c() != nullptr;
}

template <typename T>
[[gnu::always_inline]] inline bool put(T &object)
{
    ref<T>::adopt(object).put();
    return true;
}

template <typename T>
[[gnu::always_inline]] inline bool pair(T &object)
{
    const ref<T> mine = borrowed<T>::vouch(object).share();
    return true;
}

template <typename Found>
[[gnu::always_inline]] inline bool keep(Found &&found)
{
    return found && static_cast<Found &&>(found).take().release_to_c() != nullptr;
}

template <typename T>
[[gnu::always_inline]] inline bool tryget(T &object)
{
    return keep(rs::tryget(kept_in_place{}, object));
}

template <typename T>
[[gnu::always_inline]] inline bool tryget_live(T &object)
{
    return keep(rs::tryget_live(kept_in_place{}, object));
}

template <rs::counted_many T>
void get_many(T &object, u32 nr)
{
    (void)bundle<T>::take(borrowed<T>::vouch(object), nr).release_to_c();
}

template <rs::counted_many T>
void put_many(T &object, u32 nr)
{
    const auto last = bundle<T>::adopt(object, nr);
}

template <rs::counted_many T>
bool tryget_many(T &object, u32 nr)
{
    return keep(rs::tryget_many(kept_in_place{}, object, nr));
}

/* A kref moves one reference at a time. */

void get_many(kref_object &object, u32 nr)
{
    while (nr-- != 0) {
        get(object);
    }
}

void put_many(kref_object &object, u32 nr)
{
    while (nr-- != 0) {
        put(object);
    }
}

bool tryget_many(kref_object &object, u32 nr)
{
    if (!tryget(object)) {
        return false;
    }
    get_many(object, nr - 1);
    return true;
}

/* RS_BENCH_LOOP() of kmod/storm/provider/provider_bench.h in C++. */
template <typename T, bool (*operation)(T &)>
[[gnu::always_inline]] inline void loop(rs_counter *counter, unsigned long n)
{
    T &object = object_of<T>(counter);
    do {
        if (!operation(object)) {
            break;
        }
        asm volatile("" : : : "memory");
    } while (--n != 0);
}

bool put_lock(locked_object &object)
{
    ref<locked_object>::adopt(object).put_lock(rs_bench_lock);
    return true;
}

} // namespace

#define LOOP(kind, name, object, operation)                                                                  \
    void rs_cxx_##kind##_bench_##name(rs_counter *counter, unsigned long n)                                  \
    {                                                                                                        \
        loop<object, operation<object>>(counter, n);                                                         \
    }

#define OPERATIONS(kind, object)                                                                             \
    void rs_cxx_##kind##_get(rs_counter *counter, u32 nr)                                                    \
    {                                                                                                        \
        get_many(object_of<object>(counter), nr);                                                            \
    }                                                                                                        \
    void rs_cxx_##kind##_put(rs_counter *counter, u32 nr)                                                    \
    {                                                                                                        \
        put_many(object_of<object>(counter), nr);                                                            \
    }                                                                                                        \
    bool rs_cxx_##kind##_tryget(rs_counter *counter, u32 nr)                                                 \
    {                                                                                                        \
        return tryget_many(object_of<object>(counter), nr);                                                  \
    }                                                                                                        \
    LOOP(kind, pair, object, pair)

extern "C" {

OPERATIONS(refcount, refcount_object)
LOOP(refcount, inc, refcount_object, get)
LOOP(refcount, dec_and_test, refcount_object, put)
LOOP(refcount, get_unless_zero, refcount_object, tryget)

void rs_cxx_refcount_bench_dec_and_lock(rs_counter *counter, unsigned long n)
{
    loop<locked_object, put_lock>(counter, n);
}

OPERATIONS(kref, kref_object)
LOOP(kref, get, kref_object, get)
LOOP(kref, put, kref_object, put)
LOOP(kref, get_unless_zero, kref_object, tryget)

#ifdef __x86_64__

using sealed_object = counted_object<rs_sealed_ref>;

OPERATIONS(sealed_ref, sealed_object)
LOOP(sealed_ref, get, sealed_object, get)
LOOP(sealed_ref, put, sealed_object, put)
LOOP(sealed_ref, tryget, sealed_object, tryget)
LOOP(sealed_ref, tryget_live, sealed_object, tryget_live)

/* For a caller that is an RCU reader already. */
void rs_cxx_sealed_ref_bench_tryget_live_rcu(rs_counter *counter, unsigned long n)
{
    const rs::rcu_reader reader;
    loop<sealed_object, tryget_live<sealed_object>>(counter, n);
}

bool rs_cxx_sealed_ref_tryget_live(rs_counter *counter)
{
    return tryget_live(object_of<sealed_object>(counter));
}

static void confirmed(sealed_object *object)
{
    rs_counter_confirmed(reinterpret_cast<rs_counter *>(object));
}

bool rs_cxx_sealed_ref_kill(rs_counter *counter, bool confirm)
{
    auto owner = live<sealed_object>::adopt(object_of<sealed_object>(counter));
    return confirm ? std::move(owner).kill_and_confirm<confirmed>() : std::move(owner).kill();
}

#endif
}
