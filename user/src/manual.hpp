// SPDX-License-Identifier: GPL-2.0
/// \file
/// What is written about the command line for others than the driver: manual pages, completion for bash. It
/// is taken from the parser, so it cannot tell of another command line.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace refstorm {

/// Words that an option accepts, of those that accept only some.
using accepted_words = std::map<const CLI::Option *, std::vector<std::string>>;

/// "release-once   release() runs exactly once ...", a line for each invariant.
std::string invariants_text();
/// What the exit codes mean, as lines.
std::string exit_codes_text();

/// The manual page refstorm(8), or refstorm-NAME(8) of the subcommand \p name; empty if there is no such.
std::string manual_page(const CLI::App &app, const std::string &name);

/// A script for bash-completion.
std::string bash_completion(const CLI::App &app, const accepted_words &accepted);

} // namespace refstorm
