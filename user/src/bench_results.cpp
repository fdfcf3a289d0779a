// SPDX-License-Identifier: GPL-2.0
#include "bench_results.hpp"

#include "machine.hpp"
#include "number.hpp"
#include "text_table.hpp"
#include "units.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr std::string_view throughput = "ops_per_second";

/// A kind of line beside results, and its key in JSON.
struct kind_key {
    std::string_view kind;
    const char *key;
};

constexpr std::array kind_keys = {
    kind_key{"kill", "kills"},
    kind_key{"bucket", "kill_buckets"},
    kind_key{"memory", "memory"},
};

/// A counter of ours, by a part of its name, and mainline's.
struct counterpart {
    std::string_view part;
    std::string_view mainline;
};

constexpr std::array counterparts = {
    counterpart{"refcount", "refcount"},
    counterpart{"kref", "kref"},
    counterpart{"", "percpu_ref"},
};

result<bench_result> parse_result(const record &line)
{
    bench_result parsed;
    for (const auto &[key, target] :
         {std::pair{"result", &parsed.operation}, {"provider", &parsed.provider}, {"unit", &parsed.unit}}) {
        auto text = line.text(key);
        if (!text)
            return text.error();
        *target = std::move(*text);
    }
    const auto cpus = line.number("cpus");
    if (!cpus)
        return cpus.error();
    parsed.cpus = *cpus;
    const auto value = line.text("value");
    if (!value)
        return value.error();
    const auto number = parse_fraction(*value);
    if (!number)
        return problem{exit_code::machine,
                       fmt::format("the module's answer has value='{}', which is no number", *value)};
    parsed.value = *number;
    return parsed;
}

/// A whole number as such.
json number_json(double value)
{
    if (value == std::floor(value) && std::abs(value) < 1e15)
        return static_cast<std::int64_t>(value);
    return value;
}

std::string costs_text(const bench_results &all, const std::vector<bench_provider> &providers)
{
    text_table table;
    table.add_column("provider", align::left);
    table.add_column("operation", align::left);
    for (const char *title : {"cost", "mainline", "ratio"})
        table.add_column(title, align::right);
    table.add_column("unit", align::left);
    bool any = false;
    for (const bench_provider &provider : providers)
        for (const bench_result &each : all.results) {
            if (each.provider != provider.name || each.unit == throughput)
                continue;
            const bench_result *mainline = all.find(each, provider.mainline);
            table.add_row(
                {each.provider, each.operation, format_bench_value(each.value, each.unit),
                 mainline ? format_bench_value(mainline->value, each.unit) : "",
                 mainline && mainline->value > 0 ? fmt::format("{:.2f}", each.value / mainline->value) : "",
                 each.unit});
            any = true;
        }
    return any ? table.text(false) : "";
}

std::string throughput_text(const bench_results &all, const std::vector<bench_provider> &providers)
{
    std::vector<std::uint64_t> cpus;
    std::vector<std::string> operations;
    for (const bench_result &each : all.results) {
        if (each.unit != throughput)
            continue;
        cpus.push_back(each.cpus);
        if (std::ranges::find(operations, each.operation) == operations.end())
            operations.push_back(each.operation);
    }
    if (cpus.empty())
        return "";
    std::ranges::sort(cpus);
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());

    text_table table;
    table.add_column("provider", align::left);
    table.add_column("operations a second", align::left);
    for (const std::uint64_t n : cpus)
        table.add_column(fmt::format("{} CPU{}", n, n == 1 ? "" : "s"), align::right);
    for (const bench_provider &provider : providers)
        for (const std::string &operation : operations) {
            std::vector<std::string> row = {provider.name, operation};
            bool any = false;
            for (const std::uint64_t n : cpus) {
                const bench_result *found =
                    all.find({provider.name, operation, n, std::string(throughput), 0}, provider.name);
                row.push_back(found ? format_bench_value(found->value, throughput) : "");
                any |= found != nullptr;
            }
            if (any)
                table.add_row(std::move(row));
        }
    return table.text(false);
}

/// "10000, under load, by all": which kills a line is of.
std::string kills_of(const record &line)
{
    const auto said = [&](std::string_view key) {
        return line.text(key) ? *line.text(key) : std::string("?");
    };
    const kill_load *load = find_kill_load(said("load"));
    return fmt::format("{}, {}{}", said("refs"), load != nullptr ? load->text : "?",
                       said("refs") == "1" ? "" : ", by " + said("from"));
}

std::string kills_text(const bench_results &all)
{
    constexpr std::array times = {"median_ns", "p90_ns", "p99_ns", "max_ns", "total_ns"};
    text_table table;
    table.add_column("provider", align::left);
    table.add_column("killed at once", align::left);
    table.add_column("kill to", align::left);
    for (const char *title : {"median", "p90", "p99", "max", "all of them"})
        table.add_column(title, align::right);
    bool any = false;
    for (const record &line : all.others) {
        if (line.fields().front().key != "kill")
            continue;
        const auto provider = line.text("provider");
        std::vector<std::string> row = {provider ? *provider : "?", kills_of(line),
                                        line.fields().front().text};
        for (const char *time : times) {
            const auto ns = line.number(time);
            row.push_back(ns ? format_nanoseconds(*ns) : "?");
        }
        table.add_row(std::move(row));
        any = true;
    }
    return any ? table.text(false) : "";
}

} // namespace

result<done> bench_results::add_run(std::string_view text, std::uint64_t run)
{
    auto lines = parse_records(text, "bench");
    if (!lines)
        return lines.error();
    for (record &line : lines->rows) {
        const std::string &kind = line.fields().front().key;
        if (kind == "run") {
            const auto number = line.number("run");
            if (!number)
                return number.error();
            if (*number != run)
                return problem{exit_code::usage, "somebody else ran a bench meanwhile",
                               "run one at a time: their results would mix"};
            const auto cpus = line.number("possible_cpus");
            if (!cpus)
                return cpus.error();
            possible_cpus = *cpus;
        } else if (kind == "result") {
            auto parsed = parse_result(line);
            if (!parsed)
                return parsed.error();
            results.push_back(std::move(*parsed));
        } else {
            others.push_back(std::move(line));
        }
    }
    return done{};
}

const bench_result *bench_results::find(const bench_result &like, std::string_view provider) const
{
    const auto found = std::ranges::find_if(results, [&](const bench_result &each) {
        return each.provider == provider && each.operation == like.operation && each.cpus == like.cpus &&
               each.unit == like.unit;
    });
    return found == results.end() ? nullptr : &*found;
}

json bench_results::document() const
{
    json document = new_document();
    document["possible_cpus"] = possible_cpus;
    document["results"] = json::array();
    for (const bench_result &each : results)
        document["results"].push_back({{"kernel", machine::kernel_release()},
                                       {"provider", each.provider},
                                       {"operation", each.operation},
                                       {"cpus", each.cpus},
                                       {"unit", each.unit},
                                       {"value", number_json(each.value)}});
    for (const kind_key &each : kind_keys)
        document[each.key] = json::array();
    for (const record &line : others) {
        const auto *found = std::ranges::find(kind_keys, line.fields().front().key, &kind_key::kind);
        if (found != kind_keys.end())
            document[found->key].push_back(to_json(line));
    }
    return document;
}

std::string bench_results::text(const std::vector<bench_provider> &providers) const
{
    std::string all;
    for (const std::string &part :
         {costs_text(*this, providers), throughput_text(*this, providers), kills_text(*this)}) {
        if (!all.empty() && !part.empty())
            all += "\n";
        all += part;
    }
    return all;
}

const kill_load *find_kill_load(std::string_view name)
{
    const auto *const found = std::ranges::find(kill_loads, name, &kill_load::name);
    return found != kill_loads.end() ? found : nullptr;
}

result<std::vector<bench_provider>> read_bench_providers(const table &providers)
{
    std::vector<bench_provider> all;
    for (const record &row : providers.rows) {
        const auto name = row.text("provider");
        if (!name)
            return name.error();
        const auto origin = row.text("origin");
        if (!origin)
            return origin.error();
        const auto *beside = std::ranges::find_if(counterparts, [&](const counterpart &each) {
            return name->find(each.part) != std::string::npos;
        });
        const auto percpu = row.number("percpu");
        if (!percpu)
            return percpu.error();
        all.push_back({*name, *origin == "refstorm" ? std::string(beside->mainline) : "", *percpu != 0});
    }
    return all;
}

std::string format_bench_value(double value, std::string_view unit)
{
    if (const auto count = whole_part(value); count && unit == throughput)
        return format_count(*count);
    std::string text = fmt::format("{:.3f}", value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.'))
        text.pop_back();
    return text;
}

} // namespace refstorm
