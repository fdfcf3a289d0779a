// SPDX-License-Identifier: GPL-2.0
/// \file
/// The result of `refstorm storm` as KTAP, for programs that collect test results.
#pragma once

#include "storm_run.hpp"

#include <string>

namespace refstorm {

/// A result for each storm that was planned. A storm that did not begin is skipped.
std::string report_ktap(const run_outcome &all);

} // namespace refstorm
