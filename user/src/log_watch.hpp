// SPDX-License-Identifier: GPL-2.0
/// \file
/// The invariant kernel-log-clean: watches the kernel log beside what runs, announces what it provokes, and
/// judges.
#pragma once

#include "kernel_log.hpp"
#include "kmsg_file.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// Whether the kernel log vouches for something.
enum class log_state { clean, complained, unchecked };

std::string_view log_state_name(log_state state);

/// What the log said since the last look.
struct log_judgement {
    log_state state = log_state::unchecked;
    /// Complaints that were not announced, and announcements without their complaint.
    std::vector<std::string> complaints = {};
    /// A line that looks like a part of a report of no known kind; empty if there is none.
    std::string unknown = {};
};

/// Watches the log from its construction on.
class log_watch {
  public:
    /// Opens \p kernel_log. If it cannot be read, all judgements are `unchecked`.
    explicit log_watch(std::filesystem::path kernel_log);

    /// Announces the warnings that will be provoked, so that scan-log and other readers accept them.
    void begin_expecting(std::vector<expectation> expected);
    void end_expecting();

    log_judgement judge();
    /// Why the log was not checked; empty if it was.
    std::string unchecked() const;

  private:
    void read();

    std::optional<kmsg_file> log_;
    std::string unchecked_;
    std::string unknown_;
    log_scanner scanner_;
    std::vector<expectation> expected_;
};

} // namespace refstorm
