// SPDX-License-Identifier: GPL-2.0
/// \file
/// `refstorm explain`, and what `storm` prints of it by itself.
#pragma once

#include "module_port.hpp"
#include "readiness.hpp"
#include "stop_signals.hpp"

#include <string>
#include <string_view>

namespace refstorm {

/// A short run of the oracle on the counter of \p provider, in one line; if there was none, why not.
std::string oracle_line(module_port &port, stop_signals &stop, const places &where,
                        std::string_view provider);

/// That line for a provider that the oracle has no counter for.
std::string oracle_line_without_run(std::string_view provider);

/// The pages that explain what was printed.
std::string where_to_read_on();

} // namespace refstorm
