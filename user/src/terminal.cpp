// SPDX-License-Identifier: GPL-2.0
#include "terminal.hpp"

#include "number.hpp"

#include <algorithm>
#include <cstdlib>

#include <sys/ioctl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

bool is_terminal(std::FILE *file)
{
    return ::isatty(::fileno(file)) == 1;
}

bool wants_colour(std::FILE *file)
{
    const char *no_color = std::getenv("NO_COLOR");
    return (no_color == nullptr || *no_color == '\0') && can_move(file);
}

bool can_move(std::FILE *file)
{
    const char *kind = std::getenv("TERM");
    return is_terminal(file) && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

std::optional<std::size_t> columns_of(std::FILE *file)
{
    if (!is_terminal(file))
        return std::nullopt;
    const char *told = std::getenv("COLUMNS");
    if (const auto number = told == nullptr ? std::nullopt : parse_unsigned(told); number && *number > 0)
        return static_cast<std::size_t>(*number);
    winsize size{};
    if (::ioctl(::fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80; // a serial console knows no size
}

void print_problem(std::FILE *file, const problem &what)
{
    fmt::print(file, "refstorm: {}\n", what.what);
    std::string_view rest = what.hint;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        fmt::print(file, "  {}\n", rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

std::string paint(std::string_view text, colour with)
{
    switch (with) {
    case colour::good:
        return fmt::format("\033[32m{}\033[0m", text);
    case colour::bad:
        return fmt::format("\033[1;31m{}\033[0m", text);
    case colour::doubtful:
        return fmt::format("\033[33m{}\033[0m", text);
    case colour::none:
        break;
    }
    return std::string(text);
}

colour colour_of(verdict v)
{
    switch (v) {
    case verdict::held:
        return colour::good;
    case verdict::broken:
        return colour::bad;
    case verdict::running:
    case verdict::unproven:
    case verdict::stopped:
    case verdict::error:
        break;
    }
    return colour::doubtful;
}

} // namespace refstorm
