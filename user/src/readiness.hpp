// SPDX-License-Identifier: GPL-2.0
/// \file
/// From a machine to a module that answers, or the reason why not.
#pragma once

#include "debugfs_port.hpp"
#include "machine.hpp"
#include "modules.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace refstorm {

/// Where things are; the same for every subcommand.
struct places {
    static constexpr const char *default_debugfs = "/sys/kernel/debug/refstorm";
    static constexpr const char *default_kernel_log = "/dev/kmsg";

    std::filesystem::path debugfs = default_debugfs;
    std::optional<std::filesystem::path> module_directory = {};
    std::filesystem::path kernel_log = default_kernel_log;
    std::filesystem::path rsref_parameters = "/sys/module/rsref/parameters";
    std::filesystem::path tracing = "/sys/kernel/tracing";
    std::filesystem::path cpus = "/sys/devices/system/cpu";
    std::filesystem::path realtime_runtime = "/proc/sys/kernel/sched_rt_runtime_us";
};

/// Opens a module that has to be loaded already.
result<std::unique_ptr<debugfs_port>> open_loaded(const places &where);

/// A module that is loaded, and what was done for it.
struct ready_module {
    std::unique_ptr<debugfs_port> port;
    load_report report;
};

/// Loads the modules if need be and opens the port. Everything that can keep a machine from it has
/// its explanation here: no root, lockdown, no module for this kernel, no debugfs, signatures.
result<ready_module> make_ready(const places &where, const std::vector<std::string> &parameters);

/// Removes, in the end, what a command loaded. Another driver may have begun to use it meanwhile: then it
/// stays, and that is no failure. The port must be closed before: open files keep the modules.
class loaded_meanwhile {
  public:
    loaded_meanwhile(const places &where, std::vector<std::string> names);
    loaded_meanwhile(const loaded_meanwhile &) = delete;
    loaded_meanwhile &operator=(const loaded_meanwhile &) = delete;
    ~loaded_meanwhile();

  private:
    const places &where_;
    std::vector<std::string> names_;
};

/// Ends all storms, waits for them, and removes the modules. Returns what was removed.
result<std::vector<std::string>> stop_and_remove(const places &where);

} // namespace refstorm
