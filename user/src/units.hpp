// SPDX-License-Identifier: GPL-2.0
/// \file
/// Numbers with units that a person can read.
#pragma once

#include <cstdint>
#include <string>

namespace refstorm {

/// Three significant digits with ns, µs, ms or s: "850 ns", "12.3 µs", "1.25 s".
std::string format_nanoseconds(std::uint64_t ns);

/// Up to 9999 as it is, above with k, M, G or T: "9999", "12.3 k", "1.25 G".
std::string format_count(std::uint64_t count);

/// Digits in groups of three: "1,234,567".
std::string format_grouped(std::uint64_t count);

/// Milliseconds as seconds, without trailing zeros: "2", "1.5", "0.01".
std::string format_seconds(std::uint64_t ms);

/// A length of time for a sentence: "800 ms", "20 s", "2 min 5 s", "3 h 0 min".
std::string format_length(std::uint64_t ms);

} // namespace refstorm
