// SPDX-License-Identifier: GPL-2.0
/// \file
/// Shrinks a storm that breaks: fewer workers, fewer kinds of everything, as long as it still breaks.
#pragma once

#include "storm_plan.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// A storm that is a little less than another one.
struct reduction {
    /// What is less: "1 worker", "without step put".
    std::string what;
    storm_spec spec;
};

/// The kinds of steps of which a storm needs one, or it has nothing to break \p invariant with.
std::vector<std::string> needed_steps(std::string_view invariant, bool has_tryget_live);

/// Storms that are a little less than \p spec each, the largest steps first. \p parameters says which of the
/// module's options are lists, and of what. One of \p needed steps stays.
std::vector<reduction> reductions(const storm_spec &spec, const storm_parameters &parameters,
                                  const std::vector<std::string> &needed);

/// What a bisection came to.
struct bisection {
    storm_spec smallest;
    std::uint64_t runs = 0;
    bool interrupted = false;
    bool impossible = false;
};

/// The answer of one try. `impossible`: nothing more can be run.
enum class still { breaks, holds, interrupted, impossible };

/// How far a bisection is: the reduction that is tried now is the \p number th of \p count that are known.
struct bisect_step {
    std::size_t number = 0;
    std::size_t count = 0;
    std::string_view what;
    /// Runs that are left, at most.
    std::uint64_t runs_left = 0;
};

/// How a bisection tries a storm, and tells of it.
struct bisect_driver {
    std::function<still(const storm_spec &)> attempt;
    std::function<void(const bisect_step &)> tell = [](const bisect_step &) {};
};

/// Takes reductions of \p spec, one after the other, for as long as they break. A failure may need luck: each
/// gets \p tries attempts. A reduction without which nothing broke is not tried again.
bisection bisect(const storm_spec &spec, const storm_parameters &parameters,
                 const std::vector<std::string> &needed, const bisect_driver &driver, unsigned tries = 2);

} // namespace refstorm
