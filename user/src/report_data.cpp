// SPDX-License-Identifier: GPL-2.0
#include "report_data.hpp"

#include <refstorm/providers.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

struct listed_provider {
    std::string_view name;
    std::string_view origin;
    std::string_view interface;
};

// A report may be of another architecture's machine.
constexpr std::array listed_providers = {
#define LISTED(name, origin, interface, tracked) listed_provider{#name, #origin, #interface},
    RS_PROVIDERS_EVERYWHERE(LISTED) RS_PROVIDERS_X86_64(LISTED)
#undef LISTED
};

constexpr std::array units = {"instructions", "cycles", "ns", "bytes", "ops_per_second"};

/// What is wrong with a document, without the name of its file.
class bad_input : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

const json &member(const json &object, const char *key, const std::string &place)
{
    if (!object.is_object())
        throw bad_input(place + " is no object");
    const auto found = object.find(key);
    if (found == object.end())
        throw bad_input(fmt::format("{} has no '{}'", place, key));
    return *found;
}

std::string text(const json &object, const char *key, const std::string &place)
{
    const json &value = member(object, key, place);
    if (!value.is_string())
        throw bad_input(fmt::format("{}: '{}' is no text", place, key));
    return value.get<std::string>();
}

std::uint64_t number(const json &object, const char *key, const std::string &place)
{
    const json &value = member(object, key, place);
    if (!value.is_number_unsigned() && !(value.is_number_integer() && value.get<std::int64_t>() >= 0))
        throw bad_input(fmt::format("{}: '{}' is no whole number", place, key));
    return value.get<std::uint64_t>();
}

std::optional<std::uint64_t> number_or_null(const json &object, const char *key, const std::string &place)
{
    return member(object, key, place).is_null() ? std::nullopt : std::optional(number(object, key, place));
}

/// The document's kernel. It becomes part of a gnuplot script, where backquotes would run a command.
std::string kernel_of(const json &document)
{
    constexpr std::string_view accepted =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~:-";
    std::string name = text(document, "kernel", "the document");
    if (name.empty() || name.find_first_not_of(accepted) != std::string::npos)
        throw bad_input(fmt::format("the document: '{}' is no release of a kernel", name));
    return name;
}

std::string provider(const json &object, const std::string &place)
{
    std::string name = text(object, "provider", place);
    if (look_of(name) == nullptr)
        throw bad_input(fmt::format("{}: no counter is called '{}'", place, name));
    return name;
}

/// Calls \p each with every row of the list \p key and its place.
template <class F>
void rows(const json &document, const char *key, F each)
{
    const json &list = member(document, key, "the document");
    if (!list.is_array())
        throw bad_input(fmt::format("'{}' is no list", key));
    for (std::size_t i = 0; i < list.size(); i++)
        each(list[i], fmt::format("{}[{}]", key, i));
}

bench_result result_of(const json &row, const std::string &place)
{
    bench_result parsed{provider(row, place), text(row, "operation", place), number(row, "cpus", place),
                        text(row, "unit", place), 0};
    if (std::ranges::find(units, parsed.unit) == units.end())
        throw bad_input(
            fmt::format("{}: unit '{}' is not one of: {}", place, parsed.unit, fmt::join(units, " ")));
    const json &value = member(row, "value", place);
    if (!value.is_number() || value.get<double>() < 0)
        throw bad_input(place + ": 'value' is no number from 0 on");
    parsed.value = value.get<double>();
    return parsed;
}

kill_bucket kills_of(const json &row, const std::string &place)
{
    kill_bucket kills;
    kills.provider = provider(row, place);
    kills.what = text(row, "kill", place);
    kills.refs = number(row, "refs", place);
    const std::string load = text(row, "load", place);
    const kill_load *known = find_kill_load(load);
    if (known == nullptr) {
        std::vector<std::string_view> names;
        for (const kill_load &each : kill_loads)
            names.push_back(each.name);
        throw bad_input(fmt::format("{}: load '{}' is not one of: {}", place, load, fmt::join(names, " ")));
    }
    kills.load = *known;
    kills.from_all = text(row, "from", place) == "all";
    return kills;
}

bench_document bench_of(const json &document)
{
    bench_document bench;
    bench.kernel = kernel_of(document);
    rows(document, "results",
         [&](const json &row, const std::string &place) { bench.results.push_back(result_of(row, place)); });
    rows(document, "kills", [&](const json &row, const std::string &place) {
        bench.kills.push_back({kills_of(row, place), number(row, "median_ns", place),
                               number(row, "p99_ns", place), number(row, "max_ns", place)});
    });
    rows(document, "kill_buckets", [&](const json &row, const std::string &place) {
        kill_bucket bucket = kills_of(row, place);
        bucket.from_ns = number(row, "bucket", place);
        bucket.count = number(row, "count", place);
        bench.buckets.push_back(std::move(bucket));
    });
    return bench;
}

std::vector<storm_row> storms_of(const json &document)
{
    std::vector<storm_row> storms;
    const std::string kernel = kernel_of(document);
    rows(document, "storms", [&](const json &row, const std::string &place) {
        storms.push_back({kernel, provider(row, place), text(row, "verdict", place),
                          number(row, "kills", place), number_or_null(row, "release_min_ns", place),
                          number_or_null(row, "release_median_ns", place),
                          number_or_null(row, "release_p99_ns", place),
                          number_or_null(row, "release_max_ns", place), row});
    });
    return storms;
}

std::string said(const json &document, const char *key)
{
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

void add_document(report_data &data, const json &document)
{
    const std::uint64_t schema = number(document, "schema", "the document");
    if (schema != json_schema)
        throw bad_input(fmt::format("schema is {}; this refstorm reads {}", schema, json_schema));
    if (document.contains("error"))
        throw bad_input("it says why something failed, and has no results");
    document_origin origin{said(document, "kernel"), said(document, "version"), said(document, "time"),
                           said(document, "arch"), said(document, "accelerator")};
    if (std::ranges::find(data.origins, origin) == data.origins.end())
        data.origins.push_back(std::move(origin));
    if (document.contains("results")) {
        data.benches.push_back(bench_of(document));
        return;
    }
    if (!document.contains("storms"))
        throw bad_input("neither of bench nor of storm: it has no 'results' and no 'storms'");
    for (storm_row &row : storms_of(document))
        data.storms.push_back(std::move(row));
}

} // namespace

// Colours after Okabe and Ito: mainline's are vermilion everywhere, ours blue, green where slots are sealed,
// purple through C++. A provider without a row here is blue, with a point of its own.
const std::vector<counter_look> &counter_looks()
{
    constexpr unsigned grey = 0x7f7f7f, vermilion = 0xd55e00, blue = 0x0072b2, sky = 0x56b4e9,
                       green = 0x009e73, purple = 0xcc79a7;
    struct own_look {
        std::string_view name;
        unsigned colour;
        int dash;
        int point;
    };
    static constexpr std::array own_looks = {
        own_look{"atomic", grey, 3, 2},
        own_look{"refcount", vermilion, 1, 7},
        own_look{"rs_refcount", blue, 1, 5},
        own_look{"cxx_refcount", purple, 2, 9},
        own_look{"kref", vermilion, 2, 6},
        own_look{"rs_kref", blue, 2, 4},
        own_look{"cxx_kref", purple, 4, 8},
        own_look{"percpu_ref", vermilion, 1, 7},
        own_look{"rs_percpu_ref", blue, 1, 5},
        own_look{"rs_percpu_ref_dynamic", sky, 2, 4},
        own_look{"rs_percpu_ref_two_stage", sky, 4, 10},
        own_look{"rs_sealed_ref", green, 1, 9},
        own_look{"rs_sealed_ref_dynamic", green, 2, 8},
        own_look{"rs_sealed_ref_generic", green, 4, 12},
        own_look{"cxx_sealed_ref", purple, 2, 13},
    };
    static const std::vector<counter_look> looks = [] {
        std::vector<counter_look> all;
        for (const std::string_view interface : {"atomic", "refcount", "kref", "percpu_ref"})
            for (const auto &[name, origin, its_interface] : listed_providers) {
                if (its_interface != interface)
                    continue;
                const auto *own = std::ranges::find(own_looks, name, &own_look::name);
                const bool has_own = own != own_looks.end();
                all.push_back({name, origin == "refstorm" ? interface : "", interface == "percpu_ref",
                               has_own ? own->colour : blue, has_own ? own->dash : 3,
                               has_own ? own->point : 14 + static_cast<int>(all.size())});
            }
        return all;
    }();
    return looks;
}

const counter_look *look_of(std::string_view name)
{
    const auto &looks = counter_looks();
    const auto found = std::ranges::find(looks, name, &counter_look::name);
    return found == looks.end() ? nullptr : &*found;
}

result<done> report_data::add(std::string_view text, const std::string &file)
{
    const json document = json::parse(text, nullptr, false);
    if (document.is_discarded())
        return problem{exit_code::usage, fmt::format("{}: no JSON", file),
                       "accepted: what refstorm bench --json and refstorm storm --json print"};
    const std::size_t before = benches.size() + storms.size();
    try {
        if (document.is_array())
            for (const json &each : document)
                add_document(*this, each);
        else
            add_document(*this, document);
    } catch (const bad_input &error) {
        return problem{exit_code::usage, fmt::format("{}: {}", file, error.what())};
    }
    if (benches.size() + storms.size() == before)
        return problem{exit_code::usage, fmt::format("{}: there is nothing in it", file)};
    return done{};
}

std::string kernel_series(std::string_view kernel)
{
    const auto first = kernel.find('.');
    const auto end =
        first == std::string_view::npos ? first : kernel.find_first_not_of("0123456789", first + 1);
    return std::string(kernel.substr(0, end)) + (kernel.find("-rt-") == std::string_view::npos ? "" : "-rt");
}

} // namespace refstorm
