// SPDX-License-Identifier: GPL-2.0
/// \file
/// Shrinks a storm that breaks: fewer workers, fewer kinds of everything, as long as it still breaks.
#pragma once

#include "storm_plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace refstorm {

/// Storms that are a little less than \p spec each, the largest steps first. \p parameters says which of the
/// module's options are lists, and of what.
std::vector<storm_spec> reductions(const storm_spec &spec, const storm_parameters &parameters);

/// What a bisection came to.
struct bisection {
    storm_spec smallest;
    std::uint64_t runs = 0;
    bool interrupted = false;
};

/// The answer of one try.
enum class still { breaks, holds, interrupted };

/// Takes reductions of \p spec, one after the other, for as long as \p attempt says that they break. A
/// failure may need luck: each gets \p tries attempts.
bisection bisect(const storm_spec &spec, const storm_parameters &parameters,
                 const std::function<still(const storm_spec &)> &attempt, unsigned tries = 2);

} // namespace refstorm
