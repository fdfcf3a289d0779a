// SPDX-License-Identifier: GPL-2.0
/// \file
/// Exit codes, and the one table that maps what went wrong to them.
#pragma once

#include <string>
#include <string_view>

namespace refstorm {

/// The exit codes, on which a script can rely.
enum class exit_code : int {
    held = 0,          ///< everything asked for was done; every storm held
    broken = 1,        ///< an invariant broke, or nothing was proven
    usage = 2,         ///< the command line or a control command was wrong
    machine = 3,       ///< this machine cannot run it (now)
    interrupted = 130, ///< Ctrl-C, SIGTERM or SIGHUP; nothing had broken until then
};

/// An errno that the module answers with.
struct errno_row {
    int number;
    std::string_view name;
    exit_code code;
    /// Its meaning as an answer of the control file.
    std::string_view meaning;
};

/// The row of \p number, or nullptr for an errno that the module does not use.
const errno_row *find_errno(int number);

/// "ENOENT" for 2; "errno 123" for one without a row.
std::string errno_name(int number);

/// What the errno means, from the table or from libc.
std::string errno_meaning(int number);

/// The exit code for a control command refused with \p number.
exit_code exit_code_for_errno(int number);

/// The outcome of two that the exit code reports: a broken invariant outweighs a machine that cannot go
/// on, and that outweighs an interruption.
exit_code worse(exit_code a, exit_code b);

} // namespace refstorm
