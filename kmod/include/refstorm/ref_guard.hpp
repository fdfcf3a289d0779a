/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ref_guard.hpp - what keeps an object's memory in place while a reference is looked for
 *
 * Lookups of ref.hpp demand one of these. Context and locking are those of the C functions:
 * rcu_read_lock(), spin_lock(), and mutex_lock(), which may sleep.
 */
#pragma once

#include <refstorm/abi.h>

extern "C" {
#include <refstorm/cxx_calls.h>
}

namespace rs {

/** class rcu_reader - an RCU read-side critical section as long as the scope */
class [[nodiscard]] rcu_reader {
  public:
    [[nodiscard]] __always_inline rcu_reader() { __rs_cxx_rcu_read_lock(); }
    __always_inline ~rcu_reader() { __rs_cxx_rcu_read_unlock(); }
    rcu_reader(const rcu_reader &) = delete;
    rcu_reader &operator=(const rcu_reader &) = delete;
};

/** class locked - a spinlock or mutex, held as long as the scope */
template <typename Lock>
class [[nodiscard]] locked {
  public:
    [[nodiscard]] __always_inline explicit locked(Lock &lock) : lock_(lock)
    {
        if constexpr (requires { __rs_cxx_mutex_lock(&lock_); }) {
            __rs_cxx_mutex_lock(&lock_);
        } else {
            __rs_cxx_spin_lock(&lock_);
        }
    }
    __always_inline ~locked()
    {
        if constexpr (requires { __rs_cxx_mutex_unlock(&lock_); }) {
            __rs_cxx_mutex_unlock(&lock_);
        } else {
            __rs_cxx_spin_unlock(&lock_);
        }
    }
    locked(const locked &) = delete;
    locked &operator=(const locked &) = delete;

  private:
    Lock &lock_;
};

/**
 * struct kept_in_place - the caller vouches that C code keeps the memory in place
 *
 * By a lock or an RCU read-side critical section that a C function took before.
 */
struct kept_in_place {};

template <typename Guard>
inline constexpr bool keeps_in_place = false;
template <>
inline constexpr bool keeps_in_place<rcu_reader> = true;
template <>
inline constexpr bool keeps_in_place<kept_in_place> = true;
template <typename Lock>
inline constexpr bool keeps_in_place<locked<Lock>> = true;

/** keeper - a proof that lookups need; specialise rs::keeps_in_place for a guard of your own */
template <typename Guard>
concept keeper = keeps_in_place<Guard>;

} // namespace rs
