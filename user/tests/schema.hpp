// SPDX-License-Identifier: GPL-2.0
/// \file
/// Is a document what refstorm.schema.json says?
#pragma once

#include <string>

namespace refstorm {

/// The schema, in the source tree.
inline constexpr const char *json_schema_file = "user/refstorm.schema.json";

/// What is wrong with \p document by the schema in \p schema_file; empty if nothing is.
std::string schema_complaints(const std::string &document, const std::string &schema_file);

} // namespace refstorm
