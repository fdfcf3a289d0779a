// SPDX-License-Identifier: GPL-2.0
/// \file
/// refstorm: the driver. Parses the command line, runs one subcommand, prints what went wrong.
#include "arguments.hpp"
#include "commands.hpp"
#include "json_output.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace refstorm;

result<exit_code> dispatch(const arguments &args)
{
    switch (args.command) {
    case subcommand::load:
        return command_load(args);
    case subcommand::unload:
        return command_unload(args);
    case subcommand::list:
        return command_list(args);
    case subcommand::exec:
        return command_exec(args);
    case subcommand::storm:
        return command_storm(args);
    case subcommand::explain:
        return command_explain(args);
    case subcommand::oracle:
        return command_oracle(args);
    case subcommand::bench:
        return command_bench(args);
    case subcommand::report:
        return command_report(args);
    case subcommand::watch:
        return command_watch(args);
    }
    throw fatal_error("unknown subcommand");
}

/// Prints a problem in the form that was asked for.
exit_code fail(const problem &what, bool as_json)
{
    if (as_json)
        fmt::print("{}", document_text(error_document(what)));
    print_problem(stderr, what);
    return what.code;
}

exit_code run(const std::vector<std::string> &words)
{
    const auto parsed = parse_arguments(words);
    if (const auto *nothing = std::get_if<nothing_to_run>(&parsed)) {
        if (nothing->code == exit_code::held) {
            fmt::print("{}", nothing->out);
            return nothing->code;
        }
        // With --json the error is a JSON document, too.
        return fail(nothing->error, std::ranges::find(words, "--json") != words.end());
    }
    const auto &args = std::get<arguments>(parsed);
    const auto code = dispatch(args);
    return code ? *code : fail(code.error(), args.json);
}

} // namespace

int main(int argc, char **argv)
{
    exit_code code = exit_code::machine;
    try {
        code = run(std::vector<std::string>(argv + 1, argv + argc));
    } catch (const std::exception &error) {
        fmt::print(stderr, "refstorm: {}\n", error.what());
    }
    // A full disk or a closed pipe must not look like a success.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        std::fputs("refstorm: cannot write the output\n", stderr);
        return static_cast<int>(exit_code::machine);
    }
    return static_cast<int>(code);
}
