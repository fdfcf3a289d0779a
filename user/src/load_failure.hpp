// SPDX-License-Identifier: GPL-2.0
/// \file
/// Why the kernel would not load a module, and what to do about it.
#pragma once

#include "result.hpp"

#include <optional>
#include <string>

namespace refstorm {

/// What is known about a load that failed.
struct load_facts {
    std::string module;
    std::string path;
    std::string kernel;
    /// The kernel that the module was built for; empty if the file does not say.
    std::string vermagic = {};
    std::optional<std::string> lockdown = {};
    bool modules_disabled = false;
    std::string parameters = {};
    /// A module of ours that was loaded before; empty if none was.
    std::string loaded_before = {};
};

/// The explanation of \p error (an errno of finit_module).
problem explain_load_failure(int error, const load_facts &facts);

/// \p loaded, which is loaded already, is of another build than the file \p path of \p module fits.
problem other_build(const std::string &loaded, const std::string &path, const std::string &module);

/// The module is not installed for this kernel, or not in the directory that was named.
problem module_not_found(const std::string &module, const std::string &kernel,
                         const std::optional<std::string> &directory);

/// The kernel is locked down and so refuses unsigned modules and writes to debugfs.
problem locked_down(const std::string &mode);

} // namespace refstorm
