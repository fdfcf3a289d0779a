// SPDX-License-Identifier: GPL-2.0
/// \file
/// The warnings that a saturating storm provokes on purpose.
#pragma once

#include <optional>
#include <string_view>

namespace refstorm {

/// The first line of the warning that \p provider gives when it saturates; nothing if the driver
/// knows none. This table is the only place that says so.
std::optional<std::string_view> saturation_warning(std::string_view provider);

} // namespace refstorm
