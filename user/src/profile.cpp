// SPDX-License-Identifier: GPL-2.0
#include "profile.hpp"

#include "descriptor.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;

/// Lines for scripts/storm, which boots the guest in which the driver runs.
constexpr std::string_view for_the_guest = "guest.";
constexpr std::string_view flag = "--profile";
/// Of UTF-8, and of UTF-16 in both orders.
constexpr std::array<std::string_view, 3> byte_order_marks = {"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"};

std::vector<std::string> names_in(const std::vector<fs::path> &directories)
{
    std::vector<std::string> names;
    std::error_code ignored;
    for (const fs::path &directory : directories)
        for (const auto &entry : fs::directory_iterator(directory, ignored))
            if (entry.is_regular_file(ignored))
                names.push_back(entry.path().filename().native());
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

result<std::string> profile_text(const std::string &name, const std::vector<fs::path> &directories)
{
    std::vector<fs::path> candidates;
    if (name.find('/') != std::string::npos)
        candidates.emplace_back(name);
    else
        for (const fs::path &directory : directories)
            candidates.push_back(directory / name);
    for (const fs::path &candidate : candidates)
        if (auto text = read_file(candidate))
            return *text;
    return problem{
        exit_code::usage, fmt::format("--profile: there is no profile '{}'", name),
        fmt::format("accepted: a path with a slash, or one of: {}", fmt::join(names_in(directories), " "))};
}

std::string trimmed(std::string_view text)
{
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos)
        return {};
    return std::string(text.substr(first, text.find_last_not_of(blank) - first + 1));
}

/// Does the command line have this option, or one that excludes it?
bool said(const std::vector<std::string> &words, const std::string &option)
{
    std::vector<std::string> names = {option};
    if (option == "--seconds" || option == "--total")
        names = {"--seconds", "--total"};
    // A long run has no total; its slices are of --seconds.
    if (option == "--total")
        names.emplace_back("--hours");
    return std::ranges::any_of(words, [&](const std::string &word) {
        return std::ranges::any_of(
            names, [&](const std::string &name) { return word == name || word.starts_with(name + "="); });
    });
}

} // namespace

std::vector<fs::path> profile_directories()
{
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error)
        return {};
    return {program.parent_path().parent_path() / "share/refstorm/profiles",
            program.parent_path().parent_path().parent_path() / "profiles"};
}

result<profile> parse_profile(const std::string &text, const std::string &name)
{
    for (const std::string_view mark : byte_order_marks)
        if (text.starts_with(mark))
            return problem{
                exit_code::machine,
                fmt::format("profile {} begins with a byte order mark, which some editors write", name),
                "save it as plain UTF-8, without the mark: sed -i '1s/^\\xef\\xbb\\xbf//' FILE"};
    profile options;
    std::istringstream lines(text);
    std::size_t number = 0;
    for (std::string raw; std::getline(lines, raw);) {
        ++number;
        const std::string line = trimmed(raw);
        if (line.empty() || line.starts_with('#') || line.starts_with(for_the_guest))
            continue;
        const auto equals = line.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == line.size())
            return problem{exit_code::usage, fmt::format("profile {}, line {}: '{}'", name, number, line),
                           "accepted: OPTION=VALUE, # and a remark, guest.OPTION=VALUE"};
        std::string option = trimmed(line.substr(0, equals));
        std::ranges::replace(option, '_', '-');
        options.emplace_back(std::move(option), trimmed(line.substr(equals + 1)));
    }
    return options;
}

result<profile> read_profile(const std::string &name, const std::vector<fs::path> &directories)
{
    const auto text = profile_text(name, directories);
    if (!text)
        return text.error();
    return parse_profile(*text, name);
}

result<std::vector<std::string>> with_profile(const std::vector<std::string> &words,
                                              const std::vector<fs::path> &directories)
{
    std::string name;
    std::vector<std::string> rest;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == flag && i + 1 < words.size())
            name = words[++i];
        else if (words[i].starts_with(std::string(flag) + "="))
            name = words[i].substr(flag.size() + 1);
        else
            rest.push_back(words[i]);
    }
    if (name.empty() || std::ranges::find(words, "storm") == words.end())
        return words;
    const auto options = read_profile(name, directories);
    if (!options)
        return options.error();
    const std::vector<std::string> own = rest;
    for (const auto &[option, value] : *options)
        if (!said(own, "--" + option))
            rest.push_back(fmt::format("--{}={}", option, value));
    return rest;
}

} // namespace refstorm
