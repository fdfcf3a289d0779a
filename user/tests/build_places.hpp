// SPDX-License-Identifier: GPL-2.0
/// \file
/// Where the build has its files. One source file has these paths, so that what a compiler made of the other
/// ones serves a clone in any folder.
#pragma once

#include <string>

namespace refstorm {

/// The driver that was built.
std::string built_driver();
/// A file or folder of the source tree, as "docs/invariants.md".
std::string source_path(const std::string &name);

} // namespace refstorm
