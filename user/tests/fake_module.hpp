// SPDX-License-Identifier: GPL-2.0
/// \file
/// Stand-ins for the module: one behind the port, one behind files.
#pragma once

#include "module_port.hpp"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace refstorm {

/// A directory that goes away with its contents.
class temporary_directory {
  public:
    temporary_directory();
    temporary_directory(const temporary_directory &) = delete;
    temporary_directory &operator=(const temporary_directory &) = delete;
    ~temporary_directory();

    const std::filesystem::path &path() const { return path_; }
    void write(const std::string &name, const std::string &text) const;
    std::string read(const std::string &name) const;

  private:
    std::filesystem::path path_;
};

/// A FILE without a name, and what was written to it.
class temporary_file {
  public:
    temporary_file() : file_(std::tmpfile()) {}
    temporary_file(const temporary_file &) = delete;
    temporary_file &operator=(const temporary_file &) = delete;
    ~temporary_file() { std::fclose(file_); }

    std::FILE *get() const { return file_; }
    std::string text() const;

  private:
    std::FILE *file_;
};

/// A module behind the port: answers with what the test sets.
class fake_module final : public module_port {
  public:
    std::vector<std::string> commands;
    std::function<result<record, refusal>(const std::string &)> on_command;
    std::map<std::string, std::function<std::string()>> files;
    bool warnings_locked_by_others = false;
    /// What `wait` says when nothing else happens; if it is storms_changed, it says so at once.
    wake idle = wake::timeout;
    unsigned waits = 0;

    result<record, refusal> command(std::string_view text) override;
    result<std::string> read(std::string_view name) override;
    wake wait(int stop_fd, std::chrono::milliseconds timeout, bool watch_storms) override;
    bool lock_warnings() override { return !warnings_locked_by_others; }
};

/// A directory like the module's in debugfs, whose `control` answers: it is a terminal with a thread
/// behind it. A terminal cannot refuse a write; for that, tests link `control` to /dev/full.
class fake_debugfs {
  public:
    using answer = std::function<std::string(const std::string &)>;

    /// \p answers maps a command to its result line, without the newline.
    explicit fake_debugfs(answer answers);
    fake_debugfs(const fake_debugfs &) = delete;
    fake_debugfs &operator=(const fake_debugfs &) = delete;
    ~fake_debugfs();

    std::filesystem::path path() const { return place_.path() / "refstorm"; }
    void write(const std::string &name, const std::string &text) const;

  private:
    void serve();

    temporary_directory place_;
    answer answers_;
    int master_ = -1;
    std::atomic<bool> ending_ = false;
    std::thread server_;
};

/// A line of `storms`; what is not set has a sensible value.
struct storm_line {
    unsigned id = 1;
    std::string provider = "rs_kref";
    std::string pattern = "lifecycle";
    std::string state = "done";
    std::string verdict = "held";
    std::string invariant = "-";
    std::string detail = "-";
    std::string object = "-";

    std::string text() const;
};

/// The table `storms` with these lines.
std::string storms_table(const std::vector<storm_line> &lines);

/// A table `providers` with refcount (saturates), rs_kref (saturates) and percpu_ref.
extern const char *const providers_table;

} // namespace refstorm
