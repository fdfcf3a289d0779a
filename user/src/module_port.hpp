// SPDX-License-Identifier: GPL-2.0
/// \file
/// What the driver asks of the module, apart from how it gets there: the debugfs files in life, a
/// stand-in in the tests.
#pragma once

#include "result.hpp"
#include "table.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace refstorm {

/// A control command that the module refused.
struct refusal {
    int error_number = 0;
    std::string command;
    /// The module's own words: the message of the entry in error_log, empty if it left none.
    std::string message = {};
    /// That entry whole, with the caret.
    std::string log_entry = {};

    /// The refusal as a problem with the exit code of its errno.
    problem as_problem() const;
};

/// Why a wait returned.
enum class wake { storms_changed, stop_asked, timeout };

/// The module's files.
class module_port {
  public:
    module_port() = default;
    module_port(const module_port &) = delete;
    module_port &operator=(const module_port &) = delete;
    virtual ~module_port() = default;

    /// Writes one command to `control` and reads the result line.
    virtual result<record, refusal> command(std::string_view text) = 0;
    /// All of the file \p name.
    virtual result<std::string> read(std::string_view name) = 0;
    /// Sleeps until `storms` changed, \p stop_fd is readable, or the time is over. With \p watch_storms
    /// false it looks only at \p stop_fd.
    virtual wake wait(int stop_fd, std::chrono::milliseconds timeout, bool watch_storms) = 0;
    /// Takes the lock for storms that provoke warnings; false if another driver has it.
    virtual bool lock_warnings() = 0;

    /// `read` and parse.
    result<table> read_table(std::string_view name);
};

} // namespace refstorm
