// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "json_output.hpp"
#include "readiness.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <sstream>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// A value as the tables write it.
std::string written(const field &value)
{
    if (!value.quoted)
        return value.text;
    std::string text = "\"";
    for (const char c : value.text) {
        if (c == '"' || c == '\\')
            text += '\\';
        text += c;
    }
    return text + '"';
}

std::string result_line(const record &answer)
{
    std::string line;
    for (const field &each : answer.fields())
        line += fmt::format("{}{}={}", line.empty() ? "" : " ", each.key, written(each));
    return line;
}

bool is_blank_or_comment(std::string_view line)
{
    const auto first = line.find_first_not_of(" \t");
    return first == std::string_view::npos || line[first] == '#';
}

} // namespace

result<std::vector<std::string>> split_commands(const std::vector<std::string> &words)
{
    std::vector<std::string> commands(1);
    for (const std::string &word : words) {
        if (word == "+")
            commands.emplace_back();
        else
            commands.back() += commands.back().empty() ? word : " " + word;
    }
    for (const std::string &command : commands)
        if (command.empty())
            return problem{exit_code::usage, "exec: a command is empty",
                           "accepted: refstorm exec COMMAND [+ COMMAND]..., as `refstorm exec create a "
                           "rs_kref + get a`"};
    return commands;
}

result<done> may_run(const machine &here, const std::string &command)
{
    std::istringstream stream(command);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    const auto has = [&words](std::string_view word) {
        return std::ranges::find(words, word) != words.end();
    };
    if (words.empty())
        return done{};
    if (words.front() == "storm" && has("pattern=saturate"))
        return may_warn(here, "a saturating storm");
    if (words.front() == "oracle" && !has("stop"))
        return may_warn(here, "the oracle, which begins with misuse,");
    return done{};
}

bool command_sequence::run(const std::string &command)
{
    auto answer = port_.command(command);
    if (answer) {
        if (as_json_)
            results_.push_back({{"command", command}, {"ok", true}, {"result", to_json(*answer)}});
        else
            fmt::print(out_, "{}\n", result_line(*answer));
        std::fflush(out_);
        return true;
    }
    const refusal &refused = answer.error();
    const problem what = refused.as_problem();
    code_ = what.code;
    print_problem(err_, what);
    if (!refused.log_entry.empty())
        fmt::print(err_, "{}\n", refused.log_entry);
    if (as_json_)
        results_.push_back(
            {{"command", command},
             {"ok", false},
             {"errno", errno_name(refused.error_number)},
             {"message", refused.message.empty() ? errno_meaning(refused.error_number) : refused.message},
             {"error_log", refused.log_entry.empty() ? json(nullptr) : json(refused.log_entry)}});
    return false;
}

exit_code command_sequence::finish()
{
    if (as_json_) {
        json document = new_document();
        document["exit"] = static_cast<int>(code_);
        document["commands"] = std::move(results_);
        fmt::print(out_, "{}", document_text(document));
    }
    return code_;
}

result<exit_code> command_exec(const arguments &args)
{
    const bool from_stdin = args.words.size() == 1 && args.words.front() == "-";
    auto commands = split_commands(args.words);
    if (!commands)
        return commands.error();
    // Before the first is run, not in the middle.
    for (const std::string &command : *commands)
        if (auto allowed = may_run(machine{}, command); !allowed)
            return allowed.error();
    auto port = open_loaded(args.where);
    if (!port)
        return port.error();

    command_sequence sequence(**port, args.json, stdout, stderr);
    if (from_stdin) {
        for (std::string line; std::getline(std::cin, line);) {
            if (auto allowed = may_run(machine{}, line); !allowed)
                return allowed.error();
            if (!is_blank_or_comment(line) && !sequence.run(line))
                break;
        }
    } else {
        for (const std::string &command : *commands)
            if (!sequence.run(command))
                break;
    }
    return sequence.finish();
}

} // namespace refstorm
