// SPDX-License-Identifier: GPL-2.0
/// \file
/// The warnings that a saturating storm provokes on purpose.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// The owner of the warnings, which decides how they are armed again.
enum class warning_owner { mainline, rsref };

/// A warning and how often it comes.
struct expected_warning {
    unsigned count = 0;
    /// The first line of its message.
    std::string text;
};

/// What the start of a saturating storm provokes.
struct saturation_warnings {
    warning_owner owner = warning_owner::mainline;
    std::vector<expected_warning> warnings;
};

/// The warnings of \p provider; nothing if the driver knows none. The table behind it is the only
/// place that says so.
std::optional<saturation_warnings> saturation_warnings_of(std::string_view provider);

} // namespace refstorm
