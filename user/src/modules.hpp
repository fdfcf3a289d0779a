// SPDX-License-Identifier: GPL-2.0
/// \file
/// rsref.ko and refstorm.ko: finding, loading and removing them.
#pragma once

#include "machine.hpp"
#include "result.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct kmod_ctx;
struct kmod_module;

namespace refstorm {

/// What `load` did.
struct load_report {
    std::vector<std::string> loaded;
    std::vector<std::string> already;
};

/// The two modules, in the order in which they are loaded.
class module_pair {
  public:
    /// Modules come from \p directory if there is one, else from /lib/modules.
    module_pair(machine here, std::optional<std::filesystem::path> directory);

    /// True if the kernel has the module \p name.
    bool is_loaded(const std::string &name) const;
    bool any_loaded() const;
    bool all_loaded() const;

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
    struct free_context {
        void operator()(kmod_ctx *context) const;
    };
    struct free_module {
        void operator()(kmod_module *module) const;
    };
    using handle = std::unique_ptr<kmod_module, free_module>;

    handle by_name(const std::string &name) const;
    result<handle> locate(const std::string &name) const;
    result<done> insert(const std::string &name, kmod_module *module, const std::string &options) const;

    machine here_;
    std::optional<std::filesystem::path> directory_;
    std::unique_ptr<kmod_ctx, free_context> context_;
};

} // namespace refstorm
