// SPDX-License-Identifier: GPL-2.0
/// \file
/// What people see: problems, whether output goes to a terminal, and colours if it does.
#pragma once

#include "storm_record.hpp"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace refstorm {

bool is_terminal(std::FILE *file);

/// True if colours are wanted on \p file: a terminal that is not dumb, and NO_COLOR not set.
bool wants_colour(std::FILE *file);

/// Is \p file a terminal on which a line can be written anew?
bool can_move(std::FILE *file);

/// How many columns the terminal \p file has, or COLUMNS says; nothing if it is no terminal.
std::optional<std::size_t> columns_of(std::FILE *file);

/// "refstorm: what went wrong", and below it what to do, indented.
void print_problem(std::FILE *file, const problem &what);

enum class colour { none, good, bad, doubtful };

/// \p text in a colour, or as it is.
std::string paint(std::string_view text, colour with);

/// Green for held, red for broken, yellow for verdicts that prove nothing.
colour colour_of(verdict v);

} // namespace refstorm
