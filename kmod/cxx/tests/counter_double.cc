// SPDX-License-Identifier: GPL-2.0
#include "counter_double.hpp"

namespace counter_double {

constexpr s64 open = s64{1} << 62;
constexpr int enomem = 12;
int init_error = 0;

std::vector<std::string> &log()
{
    static std::vector<std::string> lines;
    return lines;
}

s64 references(const rs_percpu_count &count)
{
    return count.shared + (count.atomic ? 0 : count.slot - open);
}

void seal(rs_percpu_count &count)
{
    count.shared = references(count);
    count.slot = -open;
    count.atomic = true;
}

namespace {

template <typename Ref>
int begin(Ref *ref, void (*release)(Ref *), unsigned int flags)
{
    log().push_back("init flags=" + std::to_string(flags));
    if (init_error != 0) {
        return init_error;
    }
    ref->data.count = new rs_percpu_count;
    ref->data.count->ref = ref;
    ref->data.count->release = reinterpret_cast<void (*)(void *)>(release);
    return 0;
}

void add(const rs_percpu_data &data, s64 nr)
{
    rs_percpu_count &count = *data.count;
    count.shared += nr;
    if (nr < 0 && count.shared == 0) {
        count.release(count.ref);
    }
}

bool tryget(const rs_percpu_data &data, s64 nr, bool live)
{
    rs_percpu_count &count = *data.count;
    if (count.shared == 0 || (live && count.dead)) {
        return false;
    }
    count.shared += nr;
    return true;
}

} // namespace
} // namespace counter_double

using namespace counter_double;

extern "C" {

gfp_t rs_gfp_kernel()
{
    return 1;
}
gfp_t rs_gfp_atomic()
{
    return 2;
}

void __rs_cxx_misuse(const char *what)
{
    log().push_back(std::string("misuse: ") + what);
}

void __rs_cxx_rcu_read_lock()
{
    log().push_back("rcu_read_lock");
}
void __rs_cxx_rcu_read_unlock()
{
    log().push_back("rcu_read_unlock");
}
void __rs_cxx_spin_lock(spinlock_t *lock)
{
    lock->held = true;
}
void __rs_cxx_spin_unlock(spinlock_t *lock)
{
    lock->held = false;
}
void __rs_cxx_mutex_lock(struct mutex *lock)
{
    lock->held = true;
}
void __rs_cxx_mutex_unlock(struct mutex *lock)
{
    lock->held = false;
}

void rs_refcount_warn_saturate(rs_refcount_t *r, enum rs_refcount_saturation_type kind)
{
    rs_refcount_set(r, RS_REFCOUNT_SATURATED);
    log().push_back("saturated: " + std::to_string(kind));
}

bool rs_refcount_dec_and_lock(rs_refcount_t *r, spinlock_t *lock)
{
    lock->held = rs_refcount_read(r) == 1;
    return rs_refcount_dec_and_test(r);
}

bool rs_refcount_dec_and_mutex_lock(rs_refcount_t *r, struct mutex *lock)
{
    lock->held = rs_refcount_read(r) == 1;
    return rs_refcount_dec_and_test(r);
}

int __rs_sealed_ref_init(struct rs_sealed_ref *ref, rs_sealed_ref_func_t *release, unsigned int flags, gfp_t,
                         enum __rs_sealed_ref_kind)
{
    const int error = begin(ref, release, flags);
    if (error == 0) {
        ref->slots = &ref->data.count->slot;
    }
    return error;
}
void __rs_sealed_ref_get_one_slow(struct rs_sealed_ref *ref)
{
    add(ref->data, 1);
}
void __rs_sealed_ref_put_one_slow(struct rs_sealed_ref *ref)
{
    add(ref->data, -1);
}
void __rs_sealed_ref_get_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
    add(ref->data, static_cast<s64>(nr));
}
void __rs_sealed_ref_put_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
    add(ref->data, -static_cast<s64>(nr));
}
bool __rs_sealed_ref_tryget_slow(struct rs_sealed_ref *ref, unsigned long nr)
{
    return tryget(ref->data, static_cast<s64>(nr), false);
}
bool __rs_sealed_ref_tryget_live_slow(struct rs_sealed_ref *ref)
{
    return tryget(ref->data, 1, true);
}

int rs_percpu_ref_init(struct rs_percpu_ref *ref, rs_percpu_ref_func_t *release, unsigned int flags, gfp_t)
{
    return begin(ref, release, flags);
}
void __rs_percpu_ref_get_call(struct rs_percpu_ref *ref, unsigned long nr)
{
    add(ref->data, static_cast<s64>(nr));
}
void __rs_percpu_ref_put_call(struct rs_percpu_ref *ref, unsigned long nr)
{
    add(ref->data, -static_cast<s64>(nr));
}
bool __rs_percpu_ref_tryget_call(struct rs_percpu_ref *ref, unsigned long nr)
{
    return tryget(ref->data, static_cast<s64>(nr), false);
}
bool __rs_percpu_ref_tryget_live_call(struct rs_percpu_ref *ref)
{
    return tryget(ref->data, 1, true);
}

bool __rs_percpu_count_kill(struct rs_percpu_data *data, struct __rs_percpu_callback *confirm,
                            enum __rs_percpu_kill)
{
    rs_percpu_count &count = *data->count;
    log().push_back("kill");
    if (count.dead) {
        return false;
    }
    count.dead = true;
    if (!count.atomic) {
        seal(count);
    }
    if (confirm != nullptr) {
        reinterpret_cast<void (*)(void *)>(confirm)(count.ref);
    }
    add(*data, -1);
    return true;
}
int __rs_percpu_count_resurrect(struct rs_percpu_data *data)
{
    data->count->dead = false;
    data->count->shared++;
    return 0;
}
int __rs_percpu_count_reinit(struct rs_percpu_data *)
{
    return -enomem;
}
void __rs_percpu_count_exit(struct rs_percpu_data *data)
{
    delete data->count;
    data->count = nullptr;
}
}
