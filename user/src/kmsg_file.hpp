// SPDX-License-Identifier: GPL-2.0
/// \file
/// /dev/kmsg: reading what the kernel said, and writing lines of our own.
#pragma once

#include "descriptor.hpp"
#include "kernel_log.hpp"

#include <filesystem>
#include <string_view>

namespace refstorm {

/// Reads the kernel log into a scanner.
class kmsg_file {
  public:
    /// Opens \p path; the error is the errno. Announcements that stand in the log already are taken
    /// note of, complaints are not: those came before us.
    static result<kmsg_file, int> open(const std::filesystem::path &path);

    /// Feeds what is new. Returns false if records were overwritten before they were read.
    bool feed(log_scanner &scanner);

    /// Writes one line. True if it was written, which does not mean that the kernel kept it.
    bool write(std::string_view line) const;

  private:
    kmsg_file(std::filesystem::path path, descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

    std::filesystem::path path_;
    descriptor file_;
};

} // namespace refstorm
