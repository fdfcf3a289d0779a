// SPDX-License-Identifier: GPL-2.0
#include "manual.hpp"

#include "invariants.hpp"

#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <refstorm/providers.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

struct described {
    std::string_view name;
    std::string_view text;
};

std::vector<described> invariant_rows()
{
    std::vector<described> rows;
    for (const std::string_view name : invariant_names())
        rows.push_back({name, invariant_meaning(name)});
    return rows;
}

constexpr described exit_code_rows[] = {
    {"0", "held or done"},  {"1", "an invariant broke, or nothing was proven"},
    {"2", "usage"},         {"3", "this machine cannot run it"},
    {"130", "interrupted"},
};

constexpr std::string_view provider_words[] = {
#define NAMED(name, origin, interface, tracked) #name,
    RS_PROVIDERS_EVERYWHERE(NAMED) RS_PROVIDERS_X86_64(NAMED)
#undef NAMED
};

/// Text that troff prints as it is.
std::string troff(std::string_view text)
{
    std::string escaped;
    bool begins = true;
    for (const char c : text) {
        if (begins && (c == '.' || c == '\''))
            escaped += "\\&";
        if (c == '\\')
            escaped += "\\e";
        else if (c == '-')
            escaped += "\\-";
        else
            escaped += c;
        begins = c == '\n';
    }
    return escaped;
}

std::string man_item(std::string_view what, std::string_view text)
{
    return fmt::format(".TP\n.B {}\n{}\n", troff(what), troff(text));
}

std::vector<const CLI::Option *> shown_options(const CLI::App &app)
{
    return app.get_options([](const CLI::Option *option) { return !option->get_group().empty(); });
}

std::vector<const CLI::App *> subcommands_of(const CLI::App &app)
{
    return app.get_subcommands([](const CLI::App *) { return true; });
}

std::string options_of(const CLI::App &app)
{
    std::string text;
    for (const CLI::Option *option : shown_options(app)) {
        const std::string type = option->get_type_size() == 0 ? "" : option->get_type_name();
        text += option->get_positional()
                    ? man_item(type, option->get_description())
                    : man_item(option->get_name(false, true) + (type.empty() ? "" : " " + type),
                               option->get_description());
    }
    return text;
}

std::string synopsis_of(const CLI::App &sub)
{
    std::string text = fmt::format("refstorm {} [OPTION...]", sub.get_name());
    for (const CLI::Option *option : shown_options(sub))
        if (option->get_positional())
            text += option->get_required() ? fmt::format(" {}...", option->get_type_name())
                                           : fmt::format(" [{}...]", option->get_type_name());
    return text;
}

std::string man_section(std::string_view title, std::string_view text)
{
    return text.empty() ? "" : fmt::format(".SH {}\n{}", title, text);
}

std::string man_items(std::span<const described> all)
{
    std::string text;
    for (const described &each : all)
        text += man_item(each.name, each.text);
    return text;
}

std::string man_page(const std::string &name, std::string_view what, const std::string &rest)
{
    return fmt::format(".\\\" Generated from the parser of refstorm's command line.\n"
                       ".TH {} 8 \"\" \"refstorm {}\" \"System Administration\"\n.SH NAME\n{} \\- {}\n{}",
                       name, RS_VERSION, troff(name), troff(what), rest);
}

std::string man_main_page(const CLI::App &app)
{
    std::string subs;
    std::string others;
    for (const CLI::App *sub : subcommands_of(app)) {
        subs += man_item(synopsis_of(*sub), sub->get_description());
        others += fmt::format("{}.BR refstorm\\-{} (8)", others.empty() ? "" : ",\n", sub->get_name());
    }
    return man_page("refstorm", "storms the reference counters of the Linux kernel",
                    man_section("SYNOPSIS", ".B refstorm\n[OPTION...] SUBCOMMAND [OPTION...]\n") +
                        man_section("DESCRIPTION", troff(app.get_description()) + "\n") +
                        man_section("SUBCOMMANDS", subs) + man_section("OPTIONS", options_of(app)) +
                        man_section("INVARIANTS", man_items(invariant_rows())) +
                        man_section("EXIT STATUS", man_items(exit_code_rows)) +
                        man_section("SEE ALSO", others + "\n"));
}

/// "a b c" as alternatives of a case: "a|b|c".
std::string alternatives(const std::vector<std::string> &words)
{
    return fmt::format("{}", fmt::join(words, "|"));
}

/// How bash completes the value of \p option.
std::string values_of(const CLI::Option &option, const accepted_words &accepted)
{
    if (const auto found = accepted.find(&option); found != accepted.end())
        return fmt::format("compgen -W '{}' -- \"$word\"", fmt::join(found->second, " "));
    const std::string type = option.get_type_name();
    if (type == "P")
        return fmt::format("compgen -W '{}' -- \"$word\"", fmt::join(provider_words, " "));
    if (type == "DIR")
        return "compgen -d -- \"$word\"";
    if (type == "FILE" || type == "PROGRAM" || option.get_name() == "--profile")
        return "compgen -f -- \"$word\"";
    return ":";
}

} // namespace

std::string invariants_text()
{
    std::string text = "invariants:\n";
    for (const described &each : invariant_rows())
        text += fmt::format("  {:<24}{}\n", each.name, each.text);
    return text;
}

std::string exit_codes_text()
{
    std::string text = "exit codes:\n";
    for (const described &each : exit_code_rows)
        text += fmt::format("  {:<5}{}\n", each.name, each.text);
    return text;
}

std::string manual_page(const CLI::App &app, const std::string &name)
{
    if (name.empty())
        return man_main_page(app);
    for (const CLI::App *sub : subcommands_of(app)) {
        if (sub->get_name() != name)
            continue;
        return man_page("refstorm-" + name, sub->get_description(),
                        man_section("SYNOPSIS", troff(synopsis_of(*sub)) + "\n") +
                            man_section("DESCRIPTION", troff(sub->get_description()) + ".\n") +
                            man_section("OPTIONS", options_of(*sub)) +
                            (name == "storm" ? man_section("INVARIANTS", man_items(invariant_rows())) : "") +
                            man_section("EXIT STATUS", man_items(exit_code_rows)) +
                            man_section("SEE ALSO", ".BR refstorm (8)\n"));
    }
    return "";
}

std::string bash_completion(const CLI::App &app, const accepted_words &accepted)
{
    std::string cases;
    std::string values;
    std::vector<std::string> names;
    const auto words_of = [&](const CLI::App &of) {
        std::vector<std::string> words;
        for (const CLI::Option *option : shown_options(of)) {
            for (const std::string &name : option->get_lnames())
                words.push_back("--" + name);
            const std::string place = fmt::format("'{}':{}", of.get_parent() == nullptr ? "" : of.get_name(),
                                                  option->get_positional() ? "" : option->get_name());
            if (option->get_positional() || option->get_type_size() != 0)
                values += fmt::format("\t{}) {} ;;\n", place, values_of(*option, accepted));
        }
        return words;
    };
    const std::vector<std::string> general = words_of(app);
    for (const CLI::App *sub : subcommands_of(app)) {
        names.push_back(sub->get_name());
        std::vector<std::string> words = words_of(*sub);
        words.insert(words.end(), general.begin(), general.end());
        cases += fmt::format("\t{}) words='{}' ;;\n", sub->get_name(), fmt::join(words, " "));
    }
    // An option of all subcommands has no subcommand before its name.
    return fmt::format(R"(# bash completion of refstorm(8), generated from the parser of its command line.
_refstorm_values() {{ # _refstorm_values SUBCOMMAND:OPTION WORD
	local word=$2
	case $1 in
{}	esac
}}
_refstorm() {{
	local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} sub='' each words
	for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
		case $each in {}) sub=$each; break ;; esac
	done
	case $sub in
	'') words='{} {} help' ;;
{}	esac
	mapfile -t COMPREPLY < <(
		case $before in
		--*) values=$(_refstorm_values "$sub:$before" "$word"; _refstorm_values ":$before" "$word") ;;
		esac
		if [ -n "${{values-}}" ]; then
			printf '%s\n' "$values" | sort -u
		else
			compgen -W "$words" -- "$word"
			[ -z "$sub" ] || _refstorm_values "$sub:" "$word"
		fi
	)
}}
complete -F _refstorm refstorm
)",
                       values, alternatives(names), fmt::join(general, " "), fmt::join(names, " "), cases);
}

} // namespace refstorm
