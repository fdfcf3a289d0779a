// SPDX-License-Identifier: GPL-2.0
/// \file
/// An open file that closes itself, and reading all of one.
#pragma once

#include "result.hpp"

#include <filesystem>
#include <string>
#include <utility>

namespace refstorm {

/// Owns a file descriptor.
class descriptor {
  public:
    descriptor() = default;
    explicit descriptor(int fd) : fd_(fd) {}
    descriptor(descriptor &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    descriptor &operator=(descriptor &&other) noexcept;
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    ~descriptor() { close(); }

    /// open(2), close-on-exec; the error is the errno.
    static result<descriptor, int> open(const std::filesystem::path &path, int flags);

    int get() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    void close() noexcept;

  private:
    int fd_ = -1;
};

/// Everything from offset 0 to the end; the error is the errno. Works on files that have to be read
/// again through the same descriptor, as the pollable ones of debugfs are.
result<std::string, int> read_from_start(const descriptor &file);

/// Opens, reads all, closes; the error is the errno.
result<std::string, int> read_file(const std::filesystem::path &path);

/// Writes a file as a whole or not at all.
result<done> write_whole(const std::filesystem::path &path, const std::string &text);

} // namespace refstorm
