// SPDX-License-Identifier: GPL-2.0
#include "gnuplot.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// A file without a name: it leaves nothing behind, and unlike a pipe it cannot block reader or writer.
struct closer {
    void operator()(std::FILE *file) const { (void)std::fclose(file); }
};
using unnamed_file = std::unique_ptr<std::FILE, closer>;

std::string read_all(std::FILE *file)
{
    std::string all;
    char part[4096];
    std::rewind(file);
    while (const std::size_t got = std::fread(part, 1, sizeof(part), file))
        all.append(part, got);
    return all;
}

} // namespace

result<std::string> draw_svg(const std::string &program, const std::string &script)
{
    const unnamed_file in(std::tmpfile());
    const unnamed_file out(std::tmpfile());
    const unnamed_file complaints(std::tmpfile());
    if (!in || !out || !complaints ||
        std::fwrite(script.data(), 1, script.size(), in.get()) != script.size() || std::fflush(in.get()) != 0)
        return problem{exit_code::machine,
                       fmt::format("no room for temporary files: {}", std::strerror(errno))};
    std::rewind(in.get());

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ::fileno(in.get()), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ::fileno(out.get()), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ::fileno(complaints.get()), STDERR_FILENO);
    std::string name = program;
    char *words[] = {name.data(), nullptr};
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, name.c_str(), &actions, nullptr, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return problem{exit_code::machine,
                       fmt::format("'{}' cannot be run: {}", program, std::strerror(error)),
                       "plots are drawn by gnuplot: apt-get install gnuplot-nox"};

    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const std::string drawn = read_all(out.get());
    const auto begin = drawn.find("<svg");
    const auto end = drawn.rfind("</svg>");
    if (status != 0 || begin == std::string::npos || end == std::string::npos)
        return problem{exit_code::machine,
                       fmt::format("'{}' drew nothing: {}", program, read_all(complaints.get()))};
    return drawn.substr(begin, end + 6 - begin) + "\n";
}

} // namespace refstorm
