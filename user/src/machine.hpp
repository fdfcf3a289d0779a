// SPDX-License-Identifier: GPL-2.0
/// \file
/// What this machine is and allows.
#pragma once

#include "result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace refstorm {

/// Facts about the machine, read when asked for. The tests give it a root directory of their own.
class machine {
  public:
    explicit machine(std::filesystem::path root = "/") : root_(std::move(root)) {}

    /// `uname -r`.
    static std::string kernel_release();
    /// `uname -m`.
    static std::string architecture();
    /// What runs the CPUs, as CPUID says: "none", "kvm", "tcg" (QEMU's emulation), "hyperv" ...; or
    /// "unknown".
    static std::string accelerator();
    static unsigned online_cpus();
    static bool is_root();

    /// "integrity" or "confidentiality" if the kernel is locked down.
    std::optional<std::string> lockdown() const;
    /// False if the kernel was built without loadable modules.
    bool has_loadable_modules() const;
    /// True once kernel.modules_disabled was set to 1.
    bool modules_disabled() const;
    /// False if the kernel was built without debugfs, or started without.
    bool has_debugfs() const;
    /// "off" or "no-mount" if the kernel's command line says so of debugfs.
    std::optional<std::string> debugfs_parameter() const;
    /// True if the kernel panics when it warns.
    bool panics_on_warning() const;

  private:
    std::filesystem::path root_;
};

/// Fails if \p what, which makes the kernel warn on purpose, would make it panic.
result<done> may_warn(const machine &here, std::string_view what);

/// True if \p directory is in a mounted debugfs.
bool is_debugfs(const std::filesystem::path &directory);

/// Makes sure that debugfs is mounted at the parent of \p module_directory. Mounts it if it is not,
/// the place is empty and we are root, and says so on stderr.
result<done> ensure_debugfs(const machine &here, const std::filesystem::path &module_directory);

} // namespace refstorm
