// SPDX-License-Identifier: GPL-2.0
#include "storm_record.hpp"

#include "number.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace refstorm {

namespace {

struct verdict_row {
    verdict value;
    /// What the table says.
    std::string_view name;
    exit_code code;
};

constexpr std::array verdict_rows = {
    verdict_row{verdict::running, "-", exit_code::broken},
    verdict_row{verdict::held, "held", exit_code::held},
    verdict_row{verdict::broken, "broken", exit_code::broken},
    verdict_row{verdict::unproven, "unproven", exit_code::broken},
    verdict_row{verdict::stopped, "stopped", exit_code::broken},
    verdict_row{verdict::error, "error", exit_code::machine},
};

/// Reads fields until the first one that is missing or malformed.
class field_reader {
  public:
    explicit field_reader(const record &from) : from_(from) {}

    std::string text(std::string_view key)
    {
        const auto value = from_.text(key);
        if (!value) {
            note(value.error());
            return {};
        }
        return from_.find(key)->is_absent() ? std::string() : *value;
    }

    std::uint64_t number(std::string_view key)
    {
        const auto value = from_.number(key);
        if (!value)
            note(value.error());
        return value ? *value : 0;
    }

    std::optional<std::uint64_t> number_or_absent(std::string_view key)
    {
        const auto value = from_.number_or_absent(key);
        if (!value)
            note(value.error());
        return value ? *value : std::nullopt;
    }

    void note(problem what)
    {
        if (!first_)
            first_ = std::move(what);
    }

    const std::optional<problem> &first_problem() const { return first_; }

  private:
    const record &from_;
    std::optional<problem> first_;
};

} // namespace

std::string_view verdict_name(verdict v)
{
    return std::ranges::find(verdict_rows, v, &verdict_row::value)->name;
}

std::optional<verdict> parse_verdict(std::string_view name)
{
    const auto *row = std::ranges::find(verdict_rows, name, &verdict_row::name);
    if (row == verdict_rows.end())
        return std::nullopt;
    return row->value;
}

exit_code exit_code_for_verdict(verdict v, bool interrupted)
{
    if (interrupted && (v == verdict::stopped || v == verdict::running))
        return exit_code::interrupted;
    return std::ranges::find(verdict_rows, v, &verdict_row::value)->code;
}

std::optional<std::uint64_t> storm_record::operations_per_second() const
{
    if (!operations || !elapsed_ms || *elapsed_ms == 0)
        return std::nullopt;
    return whole_part(static_cast<double>(*operations) * 1000 / static_cast<double>(*elapsed_ms));
}

void storm_record::judge(verdict v, std::string_view because_of, std::string_view words)
{
    outcome = v;
    invariant = because_of;
    detail = words;
    raw.set("verdict", std::string(verdict_name(v)));
    raw.set("invariant", because_of.empty() ? "-" : std::string(because_of));
    raw.set("detail", std::string(words), true);
}

std::optional<std::vector<release_bucket>> parse_release_buckets(std::string_view text)
{
    std::vector<release_bucket> buckets;
    while (!text.empty()) {
        const auto end = std::min(text.find(','), text.size());
        const auto colon = std::min(text.find(':'), end);
        const auto from = parse_unsigned(text.substr(0, colon));
        const auto count =
            parse_unsigned(text.substr(std::min(colon + 1, end), end - std::min(colon + 1, end)));
        if (!from || !count)
            return std::nullopt;
        buckets.push_back({*from, *count});
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return buckets;
}

result<storm_record> parse_storm(record raw)
{
    storm_record storm;
    storm.raw = std::move(raw);
    field_reader read(storm.raw);

    storm.id = read.number("storm");
    storm.provider = read.text("provider");
    storm.pattern = read.text("pattern");
    const std::string state = read.text("state");
    storm.running = state == "running";
    if (!storm.running && state != "done" && !state.empty())
        read.note({exit_code::machine,
                   fmt::format("the module's answer has state='{}'; known: running done", state)});
    storm.seed = read.number("seed");
    storm.workers = read.number("workers");
    storm.killers = read.number("killers");
    storm.ms = read.number("ms");
    storm.bound_ms = read.number("bound_ms");
    storm.duty = read.number("duty");
    storm.elapsed_ms = read.number_or_absent("elapsed_ms");
    storm.operations = read.number_or_absent("operations");
    storm.kills = read.number_or_absent("kills");
    storm.overlap_operations = read.number_or_absent("overlap_operations");
    storm.overlapped_kills = read.number_or_absent("overlapped_kills");
    storm.alive_ends = read.number_or_absent("alive_ends");
    storm.release_min_ns = read.number_or_absent("release_min_ns");
    storm.release_median_ns = read.number_or_absent("release_median_ns");
    storm.release_p99_ns = read.number_or_absent("release_p99_ns");
    storm.release_max_ns = read.number_or_absent("release_max_ns");
    storm.invariant = read.text("invariant");
    storm.object = read.text("object");
    storm.detail = read.text("detail");

    if (const field *buckets = storm.raw.find("release_buckets");
        buckets != nullptr && !buckets->is_absent()) {
        auto parsed = parse_release_buckets(buckets->text);
        if (!parsed)
            read.note({exit_code::machine,
                       fmt::format("the module's answer has release_buckets='{}', which are no buckets",
                                   buckets->text)});
        else
            storm.release_buckets = std::move(*parsed);
    }

    const auto word = storm.raw.text("verdict");
    if (!word) {
        read.note(word.error());
    } else if (const auto outcome = parse_verdict(*word)) {
        storm.outcome = *outcome;
    } else {
        read.note({exit_code::machine,
                   fmt::format("the module's answer has verdict='{}', which the driver does not know: "
                               "driver and module differ in version",
                               *word)});
    }
    if (read.first_problem())
        return *read.first_problem();
    return storm;
}

result<std::vector<storm_record>> read_storms(module_port &port)
{
    auto parsed = port.read_table("storms");
    if (!parsed)
        return parsed.error();
    std::vector<storm_record> storms;
    for (record &row : parsed->rows) {
        auto storm = parse_storm(std::move(row));
        if (!storm)
            return storm.error();
        storms.push_back(std::move(*storm));
    }
    return storms;
}

} // namespace refstorm
