// SPDX-License-Identifier: GPL-2.0
/// \file
/// What makes life hard for a storm from user space: CPUs that come and go, memory that runs short,
/// allocations that fail, attempts to unload the module.
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
inline constexpr std::array<std::string_view, 4> adversary_names = {"cpus", "memory", "allocations",
                                                                    "unload"};

/// What one adversary did.
struct adversary_report {
    std::string name;
    std::uint64_t rounds = 0;
    /// Why it stopped before its time; empty if it did not.
    std::string problem;
};

/// Brings CPUs back online when it ends, and if this process is killed, too: a child process waits for
/// either and does it.
class cpu_guardian {
  public:
    /// \p cpus are the `online` files of those that are online now.
    explicit cpu_guardian(const std::vector<std::filesystem::path> &cpus);
    cpu_guardian(const cpu_guardian &) = delete;
    cpu_guardian &operator=(const cpu_guardian &) = delete;
    ~cpu_guardian();

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

    /// Ends them all, undoes what they did, and says what that was.
    std::vector<adversary_report> stop();

  private:
    struct member;
    std::vector<std::unique_ptr<member>> members_;
    std::unique_ptr<cpu_guardian> guardian_;
};

} // namespace refstorm
