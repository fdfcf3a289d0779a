// SPDX-License-Identifier: GPL-2.0
/// \file
/// rsref.ko and refstorm.ko: finding, loading and removing them.
#pragma once

#include "machine.hpp"
#include "module_file.hpp"
#include "result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace refstorm {

/// What `load` did.
struct load_report {
    std::vector<std::string> loaded;
    std::vector<std::string> already;
};

/// The two modules, in the order in which they are loaded.
class module_pair {
  public:
    /// Modules come from \p directory if there is one, else from the archive that the driver is in, or
    /// from /lib/modules.
    module_pair(machine here, std::optional<std::filesystem::path> directory);

    /// True if the kernel has the module \p name.
    static bool is_loaded(const std::string &name);
    static bool any_loaded();
    static bool all_loaded();

    /// Fails with the explanation if a module that has to be loaded cannot be found.
    result<done> find() const;

    /// Loads what is not loaded. Each of \p parameters is `key=value` or `module.key=value`, and goes to
    /// the module that has it. What was loaded is removed again if a later module fails.
    result<load_report> load(const std::vector<std::string> &parameters);

    /// Removes \p names, in that order. \p debugfs is where open files are looked for if it is in use.
    result<std::vector<std::string>> remove(const std::vector<std::string> &names,
                                            const std::filesystem::path &debugfs);

    /// All module names in the order in which they are removed.
    static std::vector<std::string> removal_order();

  private:
    result<module_file> locate(const std::string &name) const;
    result<done> insert(const std::string &name, const module_file &module, const std::string &options) const;

    machine here_;
    std::optional<std::filesystem::path> directory_;
};

} // namespace refstorm
