// SPDX-License-Identifier: GPL-2.0
/// \file
/// The page of a report: one HTML file that needs no other.
#pragma once

#include "report_data.hpp"
#include "result.hpp"

#include <string>

namespace refstorm {

/// The page; \p gnuplot is the program that draws.
result<std::string> report_page(const report_data &data, const std::string &gnuplot);

/// \p text where it may stand in HTML.
std::string html_escape(std::string_view text);

} // namespace refstorm
