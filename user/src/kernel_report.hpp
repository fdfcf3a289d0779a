// SPDX-License-Identifier: GPL-2.0
/// \file
/// What the kernel can say when something is wrong: the table of refstorm/kernel_reports.def.
#pragma once

#include <optional>
#include <string_view>

namespace refstorm {

/// The classes of the table, which says what they mean.
enum class report_class { clean, oops, panic, stall, report, warning, unchecked };

std::string_view report_class_name(report_class c);

/// The class of a line of the kernel log; nothing if no row of the table has it.
std::optional<report_class> classify(std::string_view line);

/// True for the line that every WARN() has, with or without a message of its own before it.
bool is_warning_header(std::string_view line);

} // namespace refstorm
