// SPDX-License-Identifier: GPL-2.0
/// \file
/// Why an invariant broke: what it means, what the counter counted beside what it should have counted,
/// the step at which the two parted, and the last changes of the object.
///
/// Everything is derived from the module's files `account` and `history`; nothing knows any bug by name.
#pragma once

#include "json_output.hpp"
#include "violation.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// The account in sentences, one a line.
std::vector<std::string> account_lines(const violation &what);

/// Where it went wrong: sentences that name the step, as far as account and history tell.
std::vector<std::string> findings(const violation &what);

/// The last changes of the object, with times in microseconds from the violation. One lane for each CPU if
/// \p width columns are enough for them; else, or without a width, a column that names the CPU.
std::vector<std::string> change_lines(const violation &what, std::optional<std::size_t> width);

/// All of these, indented by two, for the text of `storm` and `explain`.
std::string explanation_text(const violation &what, std::optional<std::size_t> width);

/// The same for a program: `meaning`, `causes`, `account` and `findings`.
json explanation_json(const violation &what);

/// The oracle's counter that compares \p provider with mainline's; empty if none does.
std::string_view oracle_counter_of(std::string_view provider);

} // namespace refstorm
