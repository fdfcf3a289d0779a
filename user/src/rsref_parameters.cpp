// SPDX-License-Identifier: GPL-2.0
#include "rsref_parameters.hpp"

#include "descriptor.hpp"
#include "machine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

parameters_of_rsref::~parameters_of_rsref()
{
    for (auto each = before_.rbegin(); each != before_.rend(); ++each)
        (void)write(each->first, each->second);
}

result<done> parameters_of_rsref::set(const std::vector<std::string> &words)
{
    for (const std::string &word : words) {
        const auto equals = std::min(word.find('='), word.size());
        const std::string name = word.substr(0, equals);
        auto old = read_file(directory_ / name);
        if (equals == word.size() || name.find('/') != std::string::npos || !old)
            return problem{exit_code::usage, fmt::format("--parameter: rsref has no parameter '{}'", name),
                           fmt::format("accepted: NAME=VALUE of {}", directory_.native())};
        before_.emplace_back(name, *old);
        if (!write(name, word.substr(equals + 1)))
            return problem{exit_code::usage,
                           fmt::format("--parameter: {} was refused: {}", word, std::strerror(errno))};
    }
    return done{};
}

bool parameters_of_rsref::write(const std::string &name, const std::string &value) const
{
    const auto file = descriptor::open(directory_ / name, O_WRONLY);
    return file && ::write(file->get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

} // namespace refstorm
