// SPDX-License-Identifier: GPL-2.0
#include "descriptor.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

descriptor &descriptor::operator=(descriptor &&other) noexcept
{
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

result<descriptor, int> descriptor::open(const std::filesystem::path &path, int flags)
{
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC); // NOLINT(*-vararg)
    if (fd < 0)
        return errno;
    return descriptor(fd);
}

void descriptor::close() noexcept
{
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
}

result<std::string, int> read_from_start(const descriptor &file)
{
    // A pipe or a terminal cannot seek and has no start: it is read from where it is.
    if (::lseek(file.get(), 0, SEEK_SET) < 0 && errno != ESPIPE)
        return errno;

    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return text;
        text.append(buffer.data(), static_cast<size_t>(n));
    }
}

result<std::string, int> read_file(const std::filesystem::path &path)
{
    auto file = descriptor::open(path, O_RDONLY);
    if (!file)
        return file.error();
    return read_from_start(*file);
}

result<done> write_whole(const std::filesystem::path &path, const std::string &text)
{
    std::filesystem::path part = path;
    part += ".part";
    std::ofstream file(part, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    std::error_code error;
    if (file)
        std::filesystem::rename(part, path, error);
    if (!file || error) {
        const std::string why = error ? error.message() : std::strerror(errno);
        std::filesystem::remove(part, error);
        return problem{exit_code::machine, fmt::format("{}: cannot be written: {}", path.native(), why),
                       "name a file elsewhere, or make room"};
    }
    return done{};
}

} // namespace refstorm
