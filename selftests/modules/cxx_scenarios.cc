// SPDX-License-Identifier: GPL-2.0
// The scenarios of cxx_handles.ko; cxx_main.c has their titles.
#include <refstorm/ref.hpp>

#include "cxx_handles.h"

#define CHECK(cond)                                                                                          \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            handles_failed(__LINE__, #cond);                                                                 \
        }                                                                                                    \
    } while (0)

static void device_released(handled_device *device)
{
    handles_called(&device->released);
}

static void entry_released(handled_entry *entry)
{
    handles_called(&entry->released);
}

template <>
struct rs::counting<handled_device> {
    static constexpr auto counter = &handled_device::requests;
    static constexpr auto release = &device_released;
};

template <>
struct rs::counting<handled_entry> {
    static constexpr auto counter = &handled_entry::kref;
    static constexpr auto release = &entry_released;
};

namespace {

using owner = rs::live<handled_device>;
using reference = rs::ref<handled_entry>;
using rs::kept_in_place;
using rs::rcu_reader;

constexpr int no_memory = -12; /* -ENOMEM */

constinit handled_device device{};
constinit handled_entry entry{};

void device_confirmed(handled_device *confirmed)
{
    CHECK(!rs::tryget_live(kept_in_place{}, *confirmed));
    CHECK(handles_calls(&confirmed->released) == 0);
    handles_called(&confirmed->confirmed);
}

void forget_calls()
{
    device.confirmed = {};
    device.released = {};
    entry.released = {};
}

bool released(const handled_device &what)
{
    return handles_wait_for_call(&what.released) && handles_calls(&what.released) == 1;
}

/* Nobody can have a reference, and release was called once. */
void finish()
{
    CHECK(released(device));
    CHECK(!rs::tryget(rcu_reader{}, device));
    CHECK(!rs::tryget_live(rcu_reader{}, device));
    owner::finish(device);
}

} // namespace

void per_cpu_references(const scenario *)
{
    forget_calls();
    auto begun = owner::begin(device, rs_gfp_kernel());
    CHECK(begun.error() == 0);
    if (!begun) {
        return;
    }
    auto mine = std::move(begun).take();
    {
        const auto shared = mine.share();
        const auto ten = rs::bundle<handled_device>::take(mine.borrow(), 10);
        const auto one = rs::tryget(rcu_reader{}, device);
        const auto twenty = rs::tryget_many(rcu_reader{}, device, 20);
        const auto live = rs::tryget_live(rcu_reader{}, device);
        CHECK(shared && one && twenty && live);
        CHECK(handles_count(&device.requests) == 1 + 1 + 10 + 1 + 20 + 1);
    }
    CHECK(handles_count(&device.requests) == 1);
    {
        const auto last = mine.share();
        CHECK(std::move(mine).kill_and_confirm<device_confirmed>());
        CHECK(handles_wait_for_call(&device.confirmed) && handles_calls(&device.confirmed) == 1);
        CHECK(!rs::tryget_live(rcu_reader{}, device));
        CHECK(rs::tryget(rcu_reader{}, device));
        CHECK(handles_calls(&device.released) == 0);
    }
    finish();
}

void begin_without_memory(const scenario *)
{
    forget_calls();
    CHECK(handles_fail_next("percpu_ref_data"));
    auto begun = owner::begin(device, rs_gfp_atomic());
    CHECK(!begun);
    CHECK(begun.error() == no_memory);
    {
        const auto nobody = std::move(begun).take();
        CHECK(!nobody);
    }
    CHECK(handles_calls(&device.released) == 0);

    // With memory it works.
    auto again = owner::begin(device, rs_gfp_atomic());
    CHECK(again);
    CHECK(std::move(again).take().kill());
    finish();
}

void owners_in_turn(const scenario *)
{
    forget_calls();
    auto begun = owner::begin(device, rs_gfp_kernel(), RS_PERCPU_REF_ALLOW_REINIT);
    CHECK(begun);
    {
        const auto first = std::move(begun).take();
        CHECK(first.share());
    } // killed here
    CHECK(released(device));

    forget_calls();
    auto anew = owner::reinit(device);
    CHECK(anew);
    auto second = std::move(anew).take();
    auto held = second.share();
    CHECK(std::move(second).kill());
    CHECK(!rs::tryget_live(rcu_reader{}, device));

    // A reference is left, so resurrect returns the counter as it is.
    auto resurrected = owner::resurrect(device);
    CHECK(resurrected);
    auto third = std::move(resurrected).take();
    CHECK(rs::tryget_live(rcu_reader{}, device));
    CHECK(handles_calls(&device.released) == 0);
    CHECK(std::move(third).kill());
    std::move(held).put();
    finish();
}

void lookups_under_guards(const scenario *)
{
    forget_calls();
    auto first = reference::begin(entry);
    const int depth = handles_rcu_depth();
    {
        const auto found = rs::lookup(rcu_reader{}, [depth] {
            CHECK(depth < 0 || handles_rcu_depth() == depth + 1);
            return &entry;
        });
        CHECK(found);
        CHECK(handles_rcu_depth() == depth);
    }
    {
        const auto found = rs::lookup(rs::locked(*handles_spinlock()), [] {
            CHECK(handles_locked(SPIN_LOCK));
            return &entry;
        });
        CHECK(found);
        CHECK(handles_locked(NO_LOCK));
    }
    {
        const auto found = rs::lookup(rs::locked(*handles_mutex()), [] {
            CHECK(handles_locked(MUTEX_LOCK));
            return &entry;
        });
        CHECK(found);
        CHECK(handles_locked(NO_LOCK));
    }
    CHECK(rs_kref_read(&entry.kref) == 1);
    CHECK(!rs::lookup(rcu_reader{}, [] { return static_cast<handled_entry *>(nullptr); }));
    CHECK(handles_calls(&entry.released) == 0);
    std::move(first).put();
    CHECK(handles_calls(&entry.released) == 1);
    CHECK(!rs::lookup(rcu_reader{}, [] { return &entry; }));
}

namespace {

/* An entry whose release function unlocks, as the kernel's documentation of krefs has it. */
struct listed {
    rs_kref kref;
    handles_lock expected;
    atomic_t released;
    static constexpr auto counter = &listed::kref;
    static void release(listed *which)
    {
        CHECK(handles_locked(which->expected));
        handles_called(&which->released);
        which->expected == SPIN_LOCK ? handles_spin_unlock() : handles_mutex_unlock();
    }
};

constinit listed under_lock{};

template <typename Lock, typename Put>
void put_two(handles_lock expected, Lock &lock, Put put)
{
    under_lock.expected = expected;
    under_lock.released = {};
    auto last = rs::ref<listed>::begin(under_lock);
    auto other = last.share();
    {
        // A put that took the lock would deadlock here.
        const rs::locked held(lock);
        CHECK(!put(std::move(other)));
        CHECK(handles_locked(expected));
    }
    CHECK(handles_locked(NO_LOCK));
    CHECK(handles_calls(&under_lock.released) == 0);
    CHECK(put(std::move(last)));
    CHECK(handles_calls(&under_lock.released) == 1);
    CHECK(handles_locked(NO_LOCK));
}

} // namespace

void last_put_under_lock(const scenario *)
{
    put_two(SPIN_LOCK, *handles_spinlock(),
            [](rs::ref<listed> held) { return std::move(held).put_lock(*handles_spinlock()); });
    put_two(MUTEX_LOCK, *handles_mutex(),
            [](rs::ref<listed> held) { return std::move(held).put_mutex(*handles_mutex()); });
}

void moved_from(const scenario *)
{
    forget_calls();
    auto first = reference::begin(entry);
    auto other = std::move(first);
    // NOLINTBEGIN(bugprone-use-after-move): it is what is tested
    CHECK(!first);
    CHECK(!first.share()); // warns
    CHECK(!std::move(first).put_lock(*handles_spinlock()));
    CHECK(!std::move(first).put_mutex(*handles_mutex()));
    CHECK(std::move(first).release_to_c() == nullptr);
    std::move(first).put();
    // NOLINTEND(bugprone-use-after-move)
    owner nobody;
    CHECK(!nobody.share());
    CHECK(!std::move(nobody).kill());
    CHECK(handles_locked(NO_LOCK));
    CHECK(rs_kref_read(&entry.kref) == 1);
    CHECK(handles_calls(&entry.released) == 0);
    std::move(other).put();
    CHECK(handles_calls(&entry.released) == 1);
    handles_caught("a handle that holds nothing");
}
