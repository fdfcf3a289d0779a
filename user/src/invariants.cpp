// SPDX-License-Identifier: GPL-2.0
#include "invariants.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

struct invariant_row {
    std::string_view id;
    std::string_view name;
    std::string_view meaning;
};

constexpr std::array invariants = {
#define X(id, name, text) invariant_row{#id, name, text},
    RS_INVARIANTS(X)
#undef X
};

struct cause_row {
    std::string_view id;
    std::string_view text;
};

constexpr std::array causes = {
#define X(id, text) cause_row{#id, text},
    RS_INVARIANT_CAUSES(X)
#undef X
};

const invariant_row *find_invariant(std::string_view name)
{
    const auto *found = std::ranges::find(invariants, name, &invariant_row::name);
    return found == invariants.end() ? nullptr : found;
}

} // namespace

std::string_view invariant_meaning(std::string_view name)
{
    const invariant_row *found = find_invariant(name);
    return found == nullptr ? std::string_view() : found->meaning;
}

std::vector<std::string_view> invariant_causes(std::string_view name)
{
    std::vector<std::string_view> all;
    if (const invariant_row *found = find_invariant(name))
        for (const cause_row &each : causes)
            if (each.id == found->id)
                all.push_back(each.text);
    return all;
}

std::vector<std::string_view> invariant_names()
{
    std::vector<std::string_view> names;
    for (const invariant_row &each : invariants)
        names.push_back(each.name);
    return names;
}

std::string invariant_text(std::string_view name)
{
    std::string text =
        fmt::format("{}: {}\n  likely causes, the most likely first:\n", name, invariant_meaning(name));
    for (const std::string_view cause : invariant_causes(name))
        text += fmt::format("  - {}\n", cause);
    return text;
}

std::string invariants_page()
{
    std::string page =
        "# Invariants\n\n"
        "What a storm checks. A storm that broke names the invariant; `refstorm explain` adds what the\n"
        "counter counted, the step at which the count went wrong, and the last changes of the object\n"
        "([driver.md](driver.md)). `refstorm explain NAME` prints a section of this page.\n\n"
        "This page is what `refstorm explain --invariants` prints, made from the lists in\n"
        "`kmod/include/uapi/refstorm/invariants.h`; a unit test compares the two. Each cause is the bug of\n"
        "a mutant in `selftests/mutants/`, the most likely ones first.\n\n"
        "A *ledger* is the number of references that a worker has taken and not dropped, which the storm\n"
        "counts beside the counter. The *bound* is `--bound-ms`: 2 s unless told. `no-lost-count` depends "
        "on\n"
        "time: a release() that is late is not lost, so a slow machine needs a longer bound. With\n"
        "`hard_bound=0`, the default, the storm waits for a release() that is on its way at the bound. All\n"
        "other invariants hold or break at any speed.\n";
    for (const invariant_row &each : invariants) {
        page += fmt::format("\n## {}\n\n{}.\n\n", each.name, each.meaning);
        for (const std::string_view cause : invariant_causes(each.name))
            page += fmt::format("- {}\n", cause);
    }
    return page;
}

} // namespace refstorm
