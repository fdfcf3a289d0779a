// SPDX-License-Identifier: GPL-2.0
#include "debugfs_port.hpp"

#include "error_log.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

problem refusal::as_problem() const
{
    return {exit_code_for_errno(error_number),
            fmt::format("'{}' was refused: {}: {}", command, errno_name(error_number),
                        message.empty() ? errno_meaning(error_number) : message)};
}

result<table> module_port::read_table(std::string_view name)
{
    auto text = read(name);
    if (!text)
        return text.error();
    return parse_table(*text, name);
}

debugfs_port::debugfs_port(std::filesystem::path directory, descriptor control)
    : directory_(std::move(directory)), control_(std::move(control))
{
}

result<std::unique_ptr<debugfs_port>> debugfs_port::open(const std::filesystem::path &directory)
{
    const auto path = directory / "control";
    auto control = descriptor::open(path, O_RDWR | O_NOCTTY);
    if (!control) {
        const int error = control.error();
        return problem{
            exit_code::machine, fmt::format("cannot open {}: {}", path.native(), std::strerror(error)),
            error == EACCES || error == EPERM ? "only root may use the module: run it with sudo" : ""};
    }
    return std::unique_ptr<debugfs_port>(new debugfs_port(directory, std::move(*control)));
}

result<record, refusal> debugfs_port::command(std::string_view text)
{
    refusal refused{0, std::string(text)};
    const ssize_t written = ::write(control_.get(), text.data(), text.size());
    if (written < 0) {
        refused.error_number = errno;
        explain(refused);
        return refused;
    }
    if (static_cast<std::size_t>(written) != text.size()) {
        refused.error_number = EIO;
        refused.message = fmt::format("control took {} of {} bytes", written, text.size());
        return refused;
    }
    auto answer = read_answer();
    if (!answer) {
        refused.error_number = answer.error();
        refused.message = fmt::format("reading the result: {}", std::strerror(answer.error()));
        return refused;
    }
    auto parsed = parse_record(*answer, "control");
    if (!parsed) {
        refused.error_number = EPROTO;
        refused.message = parsed.error().what;
        return refused;
    }
    return std::move(*parsed);
}

/// The result line, without its newline. Stops at the newline so that it works where no end of file
/// comes.
result<std::string, int> debugfs_port::read_answer()
{
    if (::lseek(control_.get(), 0, SEEK_SET) < 0 && errno != ESPIPE)
        return errno;
    std::string answer;
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t n = ::read(control_.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        answer.append(buffer.data(), static_cast<std::size_t>(n));
        const std::size_t end = answer.find('\n');
        if (end != std::string::npos)
            answer.resize(end);
        if (end != std::string::npos || n == 0)
            return answer;
    }
}

void debugfs_port::explain(refusal &refused)
{
    const auto text = read("error_log");
    if (!text)
        return;
    const auto log = parse_error_log(*text);
    if (!log)
        return;
    if (const error_entry *entry = newest_for_command(*log, refused.command)) {
        refused.message = entry->message;
        refused.log_entry = entry->text;
    }
}

result<std::string> debugfs_port::read(std::string_view name)
{
    const auto path = directory_ / name;
    // poll() reports what changed since the last read of the same open file.
    if (name == "storms" && !storms_.is_open()) {
        auto opened = descriptor::open(path, O_RDONLY | O_NOCTTY);
        if (opened)
            storms_ = std::move(*opened);
    }
    auto text = name == "storms" && storms_.is_open() ? read_from_start(storms_) : read_file(path);
    if (!text)
        return problem{exit_code::machine,
                       fmt::format("cannot read {}: {}", path.native(), std::strerror(text.error()))};
    return std::move(*text);
}

wake debugfs_port::wait(int stop_fd, std::chrono::milliseconds timeout, bool watch_storms)
{
    // poll() leaves out negative descriptors.
    std::array<pollfd, 2> files = {
        pollfd{watch_storms ? storms_.get() : -1, POLLIN | POLLPRI, 0},
        pollfd{stop_fd, POLLIN, 0},
    };
    const int ready = ::poll(files.data(), files.size(), static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR)
        throw fatal_error(fmt::format("poll: {}", std::strerror(errno)));
    if (ready > 0 && files[1].revents != 0)
        return wake::stop_asked;
    return ready > 0 ? wake::storms_changed : wake::timeout;
}

bool debugfs_port::lock_warnings()
{
    return ::flock(control_.get(), LOCK_EX | LOCK_NB) == 0;
}

} // namespace refstorm
