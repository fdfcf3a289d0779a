// SPDX-License-Identifier: GPL-2.0
/// \file
/// gnuplot, which draws.
#pragma once

#include "result.hpp"

#include <string>

namespace refstorm {

/// Has \p program draw what \p script says; the SVG element that it printed. Its complaints are the problem.
result<std::string> draw_svg(const std::string &program, const std::string &script);

} // namespace refstorm
