// SPDX-License-Identifier: GPL-2.0
/// \file
/// Errors that a caller can do something about travel as values: a `result` holds what was asked for
/// or says why not. What nobody can recover from is thrown once, as `fatal_error`, and caught in main.
#pragma once

#include "exit_code.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

namespace refstorm {

/// Why something could not be done, in words for a person, and the exit code that it means.
struct problem {
    exit_code code = exit_code::machine;
    /// What was wrong: one sentence without a full stop.
    std::string what;
    /// What to do about it; may be empty, may have several lines.
    std::string hint = {};
};

/// The value of a function that only succeeds or fails.
struct done {};

/// A value, or why there is none.
template <class T, class E = problem>
class [[nodiscard]] result {
  public:
    // Both implicit, so that a function can return either.
    result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T &value() { return std::get<0>(state_); }
    const T &value() const { return std::get<0>(state_); }
    T &operator*() { return value(); }
    const T &operator*() const { return value(); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }
    E &error() { return std::get<1>(state_); }
    const E &error() const { return std::get<1>(state_); }

  private:
    std::variant<T, E> state_;
};

/// The one exception, for errors without recovery. Only main catches it.
class fatal_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

} // namespace refstorm
