// SPDX-License-Identifier: GPL-2.0
/// \file
/// What disturbs a storm from user space: CPUs that go offline and online, memory that runs short,
/// allocations that fail, attempts to unload the module, a task that never leaves an isolated CPU, one that
/// loops in user mode where the kernel tracks that.
#pragma once

#include "readiness.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// All adversaries, for the command line.
inline constexpr std::array<std::string_view, 6> adversary_names = {"cpus",   "memory", "allocations",
                                                                    "unload", "hog",    "loops"};
/// `all` means this many of them, from the first on. The others need a kernel that was booted for them.
inline constexpr std::size_t adversaries_of_all = 4;

/// What one adversary did.
struct adversary_report {
    std::string name;
    std::uint64_t rounds = 0;
    /// Why it stopped before its time; empty if it did not.
    std::string problem;
};

/// A file of the kernel, and the value to restore.
struct setting {
    std::filesystem::path file;
    std::string text;
};

/// Puts settings back when it ends, and if this process is killed, too: a child process waits for either
/// and does it.
class settings_guardian {
  public:
    explicit settings_guardian(const std::vector<setting> &settings);
    settings_guardian(const settings_guardian &) = delete;
    settings_guardian &operator=(const settings_guardian &) = delete;
    ~settings_guardian();

  private:
    descriptor alive_;
    int child_ = -1;
};

/// Adversaries at work, each in a thread, until `stop` or the end.
class adversary_crew {
  public:
    /// Begins with \p names, each one of adversary_names.
    adversary_crew(const std::vector<std::string> &names, const places &where, std::uint64_t seed);
    adversary_crew(const adversary_crew &) = delete;
    adversary_crew &operator=(const adversary_crew &) = delete;
    ~adversary_crew();

    /// Ends all adversaries, restores what they changed, and returns their reports.
    std::vector<adversary_report> stop();

  private:
    struct member;
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<settings_guardian> guardian_;
};

} // namespace refstorm
