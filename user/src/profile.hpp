// SPDX-License-Identifier: GPL-2.0
/// \file
/// Profiles: storms in small text files, one option a line.
#pragma once

#include "result.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace refstorm {

/// The options of a profile, in order, without their dashes.
using profile = std::vector<std::pair<std::string, std::string>>;

/// Where profiles are looked for by name: beside the program, as installed, and in the source tree.
std::vector<std::filesystem::path> profile_directories();

/// Parses the \p text of a profile; errors call it \p name.
result<profile> parse_profile(const std::string &text, const std::string &name);

/// Reads a profile: \p name is that of a file if it has a slash, else it is looked for in \p directories.
result<profile> read_profile(const std::string &name, const std::vector<std::filesystem::path> &directories);

/// \p words of a command line with `--profile` in them, with the options of the profile put in. What
/// the command line says itself is left out of the profile.
result<std::vector<std::string>> with_profile(const std::vector<std::string> &words,
                                              const std::vector<std::filesystem::path> &directories);

} // namespace refstorm
