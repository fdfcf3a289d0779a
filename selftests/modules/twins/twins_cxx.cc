// SPDX-License-Identifier: GPL-2.0
/* The twins in C++: the handles of ref.hpp. */
#include <refstorm/ref.hpp>

extern "C" {
#include "twins.h"
}

template <>
struct rs::counting<twin_kref> {
    static constexpr auto counter = &twin_kref::count;
    static constexpr auto release = twin_kref_release;
};

template <>
struct rs::counting<twin_refcount> {
    static constexpr auto counter = &twin_refcount::count;
    static constexpr auto release = twin_refcount_release;
};

template <>
struct rs::counting<twin_sealed> {
    static constexpr auto counter = &twin_sealed::count;
    static constexpr auto release = twin_sealed_release;
};

using rs::borrowed;
using rs::bundle;
using rs::found;
using rs::kept_in_place;
using rs::live;
using rs::rcu_reader;
using rs::ref;

namespace {

template <typename Found>
[[gnu::always_inline]] inline void use(Found &&found)
{
    if (found) {
        twin_use(static_cast<Found &&>(found).take().release_to_c());
    }
}

/* What C makes of an answer. */
template <typename T>
[[gnu::always_inline]] inline T *kept(found<T> &&answer)
{
    return answer ? std::move(answer).take().release_to_c() : nullptr;
}

template <typename T>
[[gnu::always_inline]] inline int kept(rs::begun<T> &&begun)
{
    if (begun) {
        (void)std::move(begun).take().release_to_c();
        return 0;
    }
    return begun.error();
}

} // namespace

#define TWINS(kind)                                                                                          \
    void twin_##kind##_share(twin_##kind *object)                                                            \
    {                                                                                                        \
        (void)borrowed<twin_##kind>::vouch(*object).share().release_to_c();                                  \
    }                                                                                                        \
    void twin_##kind##_put(twin_##kind *object)                                                              \
    {                                                                                                        \
        ref<twin_##kind>::from_c(object).put();                                                              \
    }                                                                                                        \
    void twin_##kind##_pair(twin_##kind *object)                                                             \
    {                                                                                                        \
        const auto mine = borrowed<twin_##kind>::vouch(*object).share();                                     \
        twin_look(&*mine);                                                                                   \
    }                                                                                                        \
    void twin_##kind##_tryget(twin_##kind *object)                                                           \
    {                                                                                                        \
        use(rs::tryget(kept_in_place{}, *object));                                                           \
    }

#define TWINS_IN_ONE_WORD(kind)                                                                              \
    void twin_##kind##_begin(twin_##kind *object)                                                            \
    {                                                                                                        \
        (void)ref<twin_##kind>::begin(*object).release_to_c();                                               \
    }                                                                                                        \
    void twin_##kind##_put_lock(twin_##kind *object, spinlock_t *lock)                                       \
    {                                                                                                        \
        ref<twin_##kind>::from_c(object).put_lock(*lock);                                                    \
    }                                                                                                        \
    void twin_##kind##_put_mutex(twin_##kind *object, mutex *lock)                                           \
    {                                                                                                        \
        ref<twin_##kind>::from_c(object).put_mutex(*lock);                                                   \
    }

#define TWINS_MANY(kind)                                                                                     \
    void twin_##kind##_get_many(twin_##kind *object, u32 nr)                                                 \
    {                                                                                                        \
        (void)bundle<twin_##kind>::take(borrowed<twin_##kind>::vouch(*object), nr).release_to_c();           \
    }                                                                                                        \
    void twin_##kind##_put_many(twin_##kind *object, u32 nr)                                                 \
    {                                                                                                        \
        const auto last = bundle<twin_##kind>::adopt(*object, nr);                                           \
    }                                                                                                        \
    void twin_##kind##_tryget_many(twin_##kind *object, u32 nr)                                              \
    {                                                                                                        \
        use(rs::tryget_many(kept_in_place{}, *object, nr));                                                  \
    }

#define LOOKUPS(kind, name)                                                                                  \
    void twin_##kind##_##name(unsigned long key)                                                             \
    {                                                                                                        \
        use(rs::name(kept_in_place{}, [&] { return twin_##kind##_find(key); }));                             \
    }                                                                                                        \
    twin_##kind *twin_##kind##_##name##_rcu(unsigned long key)                                               \
    {                                                                                                        \
        return kept(rs::name(rcu_reader{}, [&] { return twin_##kind##_find(key); }));                        \
    }

TWINS(kref)
LOOKUPS(kref, lookup)
TWINS_IN_ONE_WORD(kref)
TWINS(refcount)
LOOKUPS(refcount, lookup)
TWINS_IN_ONE_WORD(refcount)
TWINS_MANY(refcount)
TWINS(sealed)
LOOKUPS(sealed, lookup)
LOOKUPS(sealed, lookup_live)
TWINS_MANY(sealed)

void twin_sealed_tryget_live(twin_sealed *object)
{
    use(rs::tryget_live(kept_in_place{}, *object));
}

int twin_sealed_begin(twin_sealed *object, gfp_t gfp)
{
    return kept(live<twin_sealed>::begin(*object, gfp));
}

bool twin_sealed_kill(twin_sealed *object)
{
    return live<twin_sealed>::from_c(object).kill();
}

bool twin_sealed_kill_and_confirm(twin_sealed *object)
{
    return live<twin_sealed>::from_c(object).kill_and_confirm<twin_sealed_confirmed>();
}

int twin_sealed_resurrect(twin_sealed *object)
{
    return kept(live<twin_sealed>::resurrect(*object));
}

int twin_sealed_reinit(twin_sealed *object)
{
    return kept(live<twin_sealed>::reinit(*object));
}

void twin_sealed_exit(twin_sealed *object)
{
    live<twin_sealed>::finish(*object);
}
