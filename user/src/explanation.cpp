// SPDX-License-Identifier: GPL-2.0
#include "explanation.hpp"

#include "invariants.hpp"

#include <array>

#include <fmt/format.h>

namespace refstorm {

namespace {

std::string counted(std::int64_t n, std::string_view one)
{
    return fmt::format("{} {}{}", n, one, n == 1 ? "" : "s");
}
} // namespace

std::vector<std::string> account_lines(const violation &what)
{
    std::vector<std::string> lines;
    if (!what.account)
        return lines;
    const record &account = *what.account;
    std::string line =
        fmt::format("object {} of slot {}, life {}: the counter {}", text_of(account, "object"),
                    text_of(account, "slot"), text_of(account, "life"), state_clause(account));
    const std::int64_t held = number_or(account, "held", 0);
    const std::int64_t owned = number_or(account, "owned", 0);
    line += fmt::format("; it should count {}: ledgers {}, owner {}", held + owned, held, owned);
    if (const std::int64_t moving = number_or(account, "moving", 0); moving != 0)
        line += fmt::format(" ({} more or less: operations are under way)", moving);
    lines.push_back(line);

    const std::string confirm = text_of(account, "confirm");
    line = confirm == "came"      ? "the confirmation came"
           : confirm == "missing" ? "the confirmation is missing"
                                  : "no confirmation was asked for";
    if (const auto kill = number_of(account, "kill_ns"))
        line += fmt::format("; kill {} ago", length(*kill));
    else
        line += "; not killed";
    if (const auto put = number_of(account, "put_ns"))
        line += fmt::format(", last put {} ago", length(*put));
    line += fmt::format("; release() was called {}", counted(number_or(account, "released", 0), "time"));
    lines.push_back(line);

    if (const std::string holders = text_of(account, "holders"); !holders.empty())
        lines.push_back(fmt::format("held by: {}", holders));
    if (const std::string slots = text_of(account, "slots"); !slots.empty()) {
        std::string values = slots;
        for (std::size_t at = values.find(','); at != std::string::npos; at = values.find(',', at + 2))
            values.replace(at, 1, ", ");
        const std::string sum = text_of(account, "slots_sum");
        lines.push_back(
            sum.empty() ? "slots: none is in use"
                        : fmt::format("slots by CPU{}: {}; sum {}",
                                      text_of(account, "whole") == "1" ? ", as the collection left them" : "",
                                      values, sum));
    }
    if (const std::string mode = text_of(account, "settled_mode");
        !mode.empty() && mode != "exited" && number_of(account, "settled_owned"))
        lines.push_back(fmt::format("when all threads had ended: {}; ledgers {}, owner {}",
                                    state_words(account, "settled_"), number_or(account, "settled_held", 0),
                                    number_or(account, "settled_owned", 0)));
    return lines;
}

std::string explanation_text(const violation &what, std::optional<std::size_t> width)
{
    std::string text;
    if (const std::string_view meaning = invariant_meaning(what.invariant); !meaning.empty())
        text += fmt::format("  what must hold: {}\n", meaning);
    const auto section = [&](std::string_view title, const std::vector<std::string> &lines,
                             std::string_view bullet) {
        if (lines.empty())
            return;
        text += fmt::format("  {}:\n", title);
        for (const std::string &line : lines)
            text += fmt::format("    {}{}\n", bullet, line);
    };
    section("what is known", account_lines(what), "");
    section("where it went wrong", findings(what), "- ");
    section("last changes, in microseconds from the violation",
            change_lines(what, width && *width > 4 ? std::optional(*width - 4) : std::nullopt), "");
    std::vector<std::string> likely;
    for (const std::string_view cause : invariant_causes(what.invariant))
        likely.emplace_back(cause);
    section("likely causes of " + what.invariant, likely, "- ");
    return text;
}

json explanation_json(const violation &what)
{
    json document = json::object();
    document["meaning"] = invariant_meaning(what.invariant);
    document["causes"] = invariant_causes(what.invariant);
    document["known"] = account_lines(what);
    document["findings"] = findings(what);
    return document;
}

std::string_view oracle_counter_of(std::string_view provider)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kinds = {{
        {"kref", "kref"},
        {"refcount", "refcount"},
        {"percpu_ref", "percpu_ref"},
        {"sealed_ref", "sealed_ref"},
    }};
    if (!provider.starts_with("rs_") && !provider.starts_with("cxx_"))
        return {}; // mainline's own
    for (const auto &[part, counter] : kinds)
        if (provider.find(part) != std::string_view::npos)
            return counter;
    return {};
}

} // namespace refstorm
