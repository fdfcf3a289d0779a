// SPDX-License-Identifier: GPL-2.0
#include "schema.hpp"

#include <fstream>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace refstorm {

std::string schema_complaints(const std::string &document, const std::string &schema_file)
{
    using adapter = valijson::adapters::NlohmannJsonAdapter;
    const auto rules = nlohmann::json::parse(std::ifstream(schema_file), nullptr, false);
    if (rules.is_discarded())
        return schema_file + " is no JSON";
    const auto parsed = nlohmann::json::parse(document, nullptr, false);
    if (parsed.is_discarded())
        return "no JSON";
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(adapter(rules), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    if (validator.validate(schema, adapter(parsed), &results))
        return "";
    std::string complaints;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
        for (const std::string &part : error.context)
            complaints += part;
        complaints += ": " + error.description + "\n";
    }
    return complaints.empty() ? "not by the schema" : complaints;
}

} // namespace refstorm
