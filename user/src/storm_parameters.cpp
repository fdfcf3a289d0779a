// SPDX-License-Identifier: GPL-2.0
#include "storm_parameters.hpp"

#include "number.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

/// Keys that have options of the driver's own: it chooses their values, or computes with them.
constexpr std::array<std::string_view, 9> own_keys = {"provider", "ms",      "seconds",  "seed", "workers",
                                                      "killers",  "pattern", "bound_ms", "duty"};

/// The numbers among them whose range and default the driver takes from the module.
constexpr std::array<std::string_view, 4> own_numbers = {"workers", "killers", "bound_ms", "duty"};

result<storm_parameter> parameter_of(const record &row)
{
    storm_parameter parameter;
    for (const auto &[key, member] :
         {std::pair{"key", &storm_parameter::key}, std::pair{"kind", &storm_parameter::kind},
          std::pair{"default", &storm_parameter::usual}, std::pair{"help", &storm_parameter::help}}) {
        auto text = row.text(key);
        if (!text)
            return text.error();
        parameter.*member = *text == "-" ? "" : std::move(*text);
    }
    for (const auto &[key, member] :
         {std::pair{"min", &storm_parameter::min}, std::pair{"max", &storm_parameter::max}}) {
        const auto number = row.number_or_absent(key);
        if (!number)
            return number.error();
        parameter.*member = number->value_or(0);
    }
    auto names = row.text("names");
    if (!names)
        return names.error();
    if (*names != "-")
        parameter.names = split_list(*names);
    return parameter;
}

} // namespace

std::vector<std::string> split_list(std::string_view list)
{
    std::vector<std::string> names;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        names.emplace_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return names;
}

std::string storm_parameter::flag() const
{
    std::string text = "--" + key;
    std::ranges::replace(text, '_', '-');
    return text;
}

std::string storm_parameter::type() const
{
    if (is_list())
        return "NAME,...";
    if (kind == "number")
        return min == 0 && max == 1 ? "0|1" : "N";
    return "NAME";
}

std::uint64_t storm_parameter::usual_number() const
{
    return parse_unsigned(usual).value_or(0);
}

result<storm_parameters> storm_parameters::parse(const table &commands)
{
    storm_parameters parameters;
    for (const record &row : commands.rows) {
        const auto command = row.text("command");
        const auto key = row.text("key");
        if (!command)
            return command.error();
        if (!key)
            return key.error();
        if (*command != "storm" || *key == "-")
            continue;
        auto parameter = parameter_of(row);
        if (!parameter)
            return parameter.error();
        parameters.all_.push_back(std::move(*parameter));
    }
    for (const std::string_view key : own_numbers)
        if (const auto known = parameters.number(key); !known)
            return known.error();
    return parameters;
}

result<storm_parameters> storm_parameters::read(module_port &port)
{
    const auto commands = port.read_table("commands");
    if (!commands)
        return problem{
            exit_code::machine,
            fmt::format("the module does not say what can be asked of a storm: {}", commands.error().what),
            "it is of another version than this driver: refstorm unload, then try again"};
    return parse(*commands);
}

const storm_parameter *storm_parameters::find(std::string_view key) const
{
    const auto found = std::ranges::find(all_, key, &storm_parameter::key);
    return found == all_.end() ? nullptr : &*found;
}

result<const storm_parameter *> storm_parameters::number(std::string_view key) const
{
    const storm_parameter *known = find(key);
    if (known == nullptr || known->kind != "number" || known->max < known->min)
        return problem{exit_code::machine, fmt::format("the module's command storm has no number {}=", key),
                       "it is of another version than this driver: refstorm unload, then try again"};
    return known;
}

std::vector<const storm_parameter *> storm_parameters::passed_on() const
{
    std::vector<const storm_parameter *> others;
    for (const storm_parameter &parameter : all_)
        if (std::ranges::find(own_keys, parameter.key) == own_keys.end())
            others.push_back(&parameter);
    return others;
}

std::string storm_parameters::help() const
{
    std::string text;
    for (const storm_parameter *parameter : passed_on()) {
        text += fmt::format("  {:<27} {}", fmt::format("{} {}", parameter->flag(), parameter->type()),
                            parameter->help);
        if (!parameter->usual.empty())
            text += fmt::format(" (default {})", parameter->usual);
        text += '\n';
        if (!parameter->names.empty())
            text += fmt::format("  {:<27} accepted: {}{}\n", "", fmt::join(parameter->names, " "),
                                parameter->is_list() ? ", or all" : "");
    }
    return text;
}

} // namespace refstorm
