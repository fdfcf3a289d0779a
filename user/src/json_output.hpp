// SPDX-License-Identifier: GPL-2.0
/// \file
/// Records of the module as JSON: numbers as numbers, but seeds as text; `-` as null; lists as lists; true
/// and false; everything else as text. user/refstorm.schema.json says what each document has.
#pragma once

#include "result.hpp"
#include "table.hpp"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace refstorm {

/// Keeps the order in which keys were added, which is the order of the tables.
using json = nlohmann::ordered_json;

/// Raised when a document changes in a way that a script could notice.
constexpr int json_schema = 2;

json to_json(const field &value);
json to_json(const record &row);
json to_json(const table &rows);
/// Lines of `events` or `history`, an object each.
json to_json(const std::vector<std::string> &lines);

/// A document that says what it is of: schema, version, time, kernel, arch, accelerator.
json new_document();

/// The document that stands for a failure.
json error_document(const problem &what);

/// The document as it is printed: indented, ending in a newline. Bytes that are not UTF-8 are replaced.
std::string document_text(const json &document);

} // namespace refstorm
