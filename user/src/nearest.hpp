// SPDX-License-Identifier: GPL-2.0
/// \file
/// The word that was meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// Of \p words the one with the fewest letters to change, add, drop or swap with a neighbour to get \p word;
/// empty if each differs in more than a third of its letters.
std::string nearest(std::string_view word, const std::vector<std::string> &words);

/// "; did you mean X?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string> &words);

} // namespace refstorm
