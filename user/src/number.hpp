// SPDX-License-Identifier: GPL-2.0
/// \file
/// Numbers as people and the module write them: decimal, or hexadecimal with 0x.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace refstorm {

/// The whole of \p text as an unsigned number ("12", "0x1f"); nothing if it is anything else.
std::optional<std::uint64_t> parse_unsigned(std::string_view text);

/// The whole of \p text as a finite decimal fraction ("2", "0.5"); nothing if it is anything else.
std::optional<double> parse_fraction(std::string_view text);

/// \p value without its fraction; nothing if it is below 0 or larger than any such number.
std::optional<std::uint64_t> whole_part(double value);

} // namespace refstorm
