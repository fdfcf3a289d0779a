// SPDX-License-Identifier: GPL-2.0
/// \file
/// What may be written to the files of debugfs, as a grammar, and how to break it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace fuzz {

using random_source = std::mt19937_64;

/// A number below \p bound.
inline std::uint64_t below(random_source &random, std::uint64_t bound)
{
    return random() % bound;
}

/// One write: to which file, and what.
struct attempt {
    std::string_view file;
    std::string text;
    /// The verb, if the text is a command that follows the grammar.
    std::string_view verb;
};

/// The next write of the sequence that \p random stands for.
attempt next(random_source &random);

/// A write that may make a counter warn, wait for long, or take the machine for itself: it is not made.
bool is_out_of_bounds(std::string_view text);

} // namespace fuzz
