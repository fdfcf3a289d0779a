// SPDX-License-Identifier: GPL-2.0
#include "error_log.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

constexpr std::string_view command_prefix = "  Command: ";
constexpr std::string_view error_word = ": error: ";

problem fault(std::size_t line, std::string_view what)
{
    return {exit_code::machine, fmt::format("error_log: line {}, column 1: {}", line, what)};
}

/// "[   12.345678] control: error: no such object"
result<error_entry> parse_first_line(std::string_view line, std::size_t number)
{
    const std::size_t bracket = line.find("] ");
    const std::size_t error = line.find(error_word);
    if (!line.starts_with('[') || bracket == std::string_view::npos || error == std::string_view::npos ||
        error < bracket)
        return fault(number, "expected '[time] file: error: text'");

    error_entry entry;
    const std::string_view time = line.substr(1, bracket - 1);
    entry.time = time.substr(std::min(time.find_first_not_of(' '), time.size()));
    entry.file = line.substr(bracket + 2, error - bracket - 2);
    entry.message = line.substr(error + error_word.size());
    entry.text = line;
    return entry;
}

} // namespace

result<std::vector<error_entry>> parse_error_log(std::string_view text)
{
    std::vector<error_entry> log;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos)
            return fault(number, "the line does not end");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);

        if (line.starts_with('[')) {
            auto entry = parse_first_line(line, number);
            if (!entry)
                return entry.error();
            log.push_back(std::move(*entry));
            continue;
        }
        if (log.empty())
            return fault(number, "expected '[time] file: error: text'");
        error_entry &entry = log.back();
        if (line.starts_with(command_prefix)) {
            entry.command = line.substr(command_prefix.size());
        } else if (const std::size_t caret = line.find('^'); caret != std::string_view::npos &&
                                                             caret >= command_prefix.size() &&
                                                             line.find_first_not_of(' ') == caret) {
            entry.column = caret - command_prefix.size() + 1;
        } else {
            return fault(number, "expected '  Command: ' or a caret under the wrong word");
        }
        entry.text += fmt::format("\n{}", line);
    }
    return log;
}

namespace {

/// The log shows '?' or a space for a byte that cannot be printed, and only the beginning of a long command.
bool is_about(std::string_view shown, std::string_view command)
{
    if (command.ends_with('\n'))
        command.remove_suffix(1);
    if (command.size() > RS_COMMAND_MAX)
        command = command.substr(0, RS_COMMAND_MAX);
    return std::ranges::equal(shown, command, [](char seen, char written) {
        const bool printable = written >= ' ' && written <= '~';
        return seen == written || (!printable && (seen == '?' || seen == ' '));
    });
}

} // namespace

const error_entry *newest_for_command(const std::vector<error_entry> &log, std::string_view command)
{
    const auto found = std::find_if(log.rbegin(), log.rend(), [command](const error_entry &entry) {
        return entry.file == "control" && is_about(entry.command, command);
    });
    return found == log.rend() ? nullptr : &*found;
}

} // namespace refstorm
