// SPDX-License-Identifier: GPL-2.0
/// \file
/// The module's files in debugfs.
#pragma once

#include "descriptor.hpp"
#include "module_port.hpp"

#include <filesystem>
#include <memory>

namespace refstorm {

/// The module seen through its debugfs directory. Holds `control` and `storms` open, and the module
/// cannot be unloaded as long as it does.
class debugfs_port final : public module_port {
  public:
    /// Opens `control` below \p directory.
    static result<std::unique_ptr<debugfs_port>> open(const std::filesystem::path &directory);

    result<record, refusal> command(std::string_view text) override;
    result<std::string> read(std::string_view name) override;
    wake wait(int stop_fd, std::chrono::milliseconds timeout, bool watch_storms) override;
    bool lock_warnings() override;

  private:
    debugfs_port(std::filesystem::path directory, descriptor control);
    result<std::string, int> read_answer();
    void explain(refusal &refused);

    std::filesystem::path directory_;
    descriptor control_;
    descriptor storms_;
};

} // namespace refstorm
