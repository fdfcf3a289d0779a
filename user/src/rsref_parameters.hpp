// SPDX-License-Identifier: GPL-2.0
/// \file
/// Parameters of rsref.ko that are other for a while.
#pragma once

#include "result.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace refstorm {

/// The destructor restores the old values.
class parameters_of_rsref {
  public:
    /// \p directory is the one in sysfs.
    explicit parameters_of_rsref(std::filesystem::path directory) : directory_(std::move(directory)) {}
    parameters_of_rsref(const parameters_of_rsref &) = delete;
    parameters_of_rsref &operator=(const parameters_of_rsref &) = delete;
    ~parameters_of_rsref();

    /// \p words are NAME=VALUE.
    result<done> set(const std::vector<std::string> &words);

  private:
    bool write(const std::string &name, const std::string &value) const;

    std::filesystem::path directory_;
    std::vector<std::pair<std::string, std::string>> before_;
};

} // namespace refstorm
