// SPDX-License-Identifier: GPL-2.0
#include "kmsg_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// /dev/kmsg gives one record a read. Its first line is the message; lines that begin with a space
/// belong to a device.
void feed_lines(std::string_view text, log_scanner &scanner)
{
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with(' '))
            continue;
        if (const auto next = parse_log_record(line))
            scanner.feed(*next);
    }
}

} // namespace

result<kmsg_file, int> kmsg_file::open(const std::filesystem::path &path)
{
    auto file = descriptor::open(path, O_RDONLY | O_NONBLOCK);
    if (!file)
        return file.error();
    return kmsg_file(path, std::move(*file));
}

bool kmsg_file::feed(log_scanner &scanner)
{
    bool complete = true;
    // Larger than any record: a smaller buffer makes the read fail.
    std::array<char, 16384> buffer{};
    for (;;) {
        const ssize_t n = ::read(file_.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE) {
            complete = false;
            continue;
        }
        if (n <= 0)
            return complete && (n == 0 || errno == EAGAIN);
        feed_lines({buffer.data(), static_cast<std::size_t>(n)}, scanner);
    }
}

bool kmsg_file::write(std::string_view line) const
{
    // Open the file for each line: the kernel limits the rate of an open file and drops further lines.
    const auto file = descriptor::open(path_, O_WRONLY | O_APPEND);
    if (!file)
        return false;
    const std::string text = fmt::format("{}\n", line);
    return ::write(file->get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace refstorm
