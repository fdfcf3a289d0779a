// SPDX-License-Identifier: GPL-2.0
/// \file
/// Records of the module as JSON: numbers as numbers, `-` as null, everything else as text.
#pragma once

#include "result.hpp"
#include "table.hpp"

#include <string>

#include <nlohmann/json.hpp>

namespace refstorm {

/// Keeps the order in which keys were added, which is the order of the tables.
using json = nlohmann::ordered_json;

/// Raised when a document changes in a way that a script could notice.
constexpr int json_schema = 1;

json to_json(const field &value);
json to_json(const record &row);
json to_json(const table &rows);

/// A document with `schema` and `kernel` filled in.
json new_document();

/// The document that stands for a failure.
json error_document(const problem &what);

/// The document as it is printed: indented, ending in a newline. Bytes that are not UTF-8 are replaced.
std::string document_text(const json &document);

} // namespace refstorm
