// SPDX-License-Identifier: GPL-2.0
#include "exit_code.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace refstorm {

namespace {

using enum exit_code;

constexpr errno_row errno_rows[] = {
    {EINVAL, "EINVAL", usage, "wrong, missing or surplus word, or a malformed number"},
    {E2BIG, "E2BIG", usage, "the command is longer than 511 bytes"},
    {ERANGE, "ERANGE", usage, "a number is outside its range"},
    {ENOENT, "ENOENT", usage, "no such object, storm, provider or site"},
    {EEXIST, "EEXIST", usage, "an object of that name exists"},
    {EALREADY, "EALREADY", usage, "the object was killed before"},
    {EBUSY, "EBUSY", usage, "the object is not released yet"},
    {EPERM, "EPERM", usage, "no reference is held for this operation"},
    {EOPNOTSUPP, "EOPNOTSUPP", usage, "the provider has no such operation"},
    {ETIMEDOUT, "ETIMEDOUT", broken, "release() did not run in time"},
    {EINTR, "EINTR", interrupted, "the wait was interrupted"},
    {ENOSPC, "ENOSPC", machine, "a limit of the module is reached (objects, storms, threads)"},
    {ENOMEM, "ENOMEM", machine, "an allocation failed"},
    {EACCES, "EACCES", machine, "only root may do that"},
};

// Worst first.
constexpr std::array severity = {broken, usage, machine, interrupted, held};

} // namespace

const errno_row *find_errno(int number)
{
    const auto *row = std::ranges::find(errno_rows, number, &errno_row::number);
    return row == std::end(errno_rows) ? nullptr : row;
}

std::string errno_name(int number)
{
    const errno_row *row = find_errno(number);
    return row ? std::string(row->name) : fmt::format("errno {}", number);
}

std::string errno_meaning(int number)
{
    const errno_row *row = find_errno(number);
    return row ? std::string(row->meaning) : std::string(std::strerror(number));
}

exit_code exit_code_for_errno(int number)
{
    const errno_row *row = find_errno(number);
    return row ? row->code : machine;
}

exit_code worse(exit_code a, exit_code b)
{
    return std::ranges::find(severity, a) < std::ranges::find(severity, b) ? a : b;
}

} // namespace refstorm
