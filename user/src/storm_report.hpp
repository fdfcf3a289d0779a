// SPDX-License-Identifier: GPL-2.0
/// \file
/// What a run of storms came to, for a person and for a script.
#pragma once

#include "explanation.hpp"
#include "json_output.hpp"
#include "readiness.hpp"
#include "storm_run.hpp"
#include "text_table.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace refstorm {

/// What is known of the violation of a storm that broke.
violation violation_of(const storm_outcome &outcome);

/// The table of `refstorm storm`, the overall verdict, and for each storm that broke why, and how to repeat
/// it. \p width is that of the terminal, if there is one.
std::string report_text(const run_outcome &all, const places &where, bool with_colour,
                        std::optional<std::size_t> width = std::nullopt);

/// The same as one document.
json report_json(const run_outcome &all, const places &where);

/// The table alone, also for storms that still run; \p with_state adds columns that tell them apart.
std::string storms_text(const std::vector<storm_record> &storms, bool with_state, bool with_colour);

} // namespace refstorm
