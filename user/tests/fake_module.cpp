// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"

#include "sample_commands.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace fs = std::filesystem;

const char *const providers_table =
    "# provider origin percpu saturates kill_contexts ops\n"
    "provider=refcount origin=mainline percpu=0 saturates=1 kill_contexts=all ops=get,put,tryget,kill\n"
    "provider=rs_kref origin=refstorm percpu=0 saturates=1 kill_contexts=all ops=get,put,tryget,kill\n"
    "provider=percpu_ref origin=mainline percpu=1 saturates=0 "
    "kill_contexts=task,softirq ops=get,put,tryget,tryget_live,kill,kill_confirm\n";

temporary_directory::temporary_directory()
{
    std::string name = (fs::temp_directory_path() / "refstorm-test-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr)
        throw std::runtime_error("mkdtemp");
    path_ = name;
}

temporary_directory::~temporary_directory()
{
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void temporary_directory::write(const std::string &name, const std::string &text) const
{
    // In one step, for a reader that looks at the same time.
    const fs::path whole = path_ / (name + ".new");
    std::ofstream(whole) << text;
    fs::rename(whole, path_ / name);
}

std::string temporary_directory::read(const std::string &name) const
{
    std::ostringstream text;
    text << std::ifstream(path_ / name).rdbuf();
    return text.str();
}

std::string temporary_file::text() const
{
    std::fflush(file_);
    std::rewind(file_);
    std::string text;
    std::array<char, 4096> buffer{};
    while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file_))
        text.append(buffer.data(), n);
    return text;
}

result<record, refusal> fake_module::command(std::string_view text)
{
    commands.emplace_back(text);
    return on_command(commands.back());
}

result<std::string> fake_module::read(std::string_view name)
{
    const auto found = files.find(std::string(name));
    if (found == files.end())
        return problem{exit_code::machine, fmt::format("there is no file {}", name)};
    return found->second();
}

wake fake_module::wait(int stop_fd, std::chrono::milliseconds timeout, bool watch_storms)
{
    ++waits;
    const bool at_once = watch_storms && idle == wake::storms_changed;
    if (idle == wake::timeout)
        timeout = std::min(timeout, std::chrono::milliseconds(2)); // time flies
    pollfd file{stop_fd, POLLIN, 0};
    if (::poll(&file, 1, at_once ? 0 : static_cast<int>(timeout.count())) > 0)
        return wake::stop_asked;
    return at_once ? wake::storms_changed : wake::timeout;
}

fake_debugfs::fake_debugfs(answer answers)
    : answers_(std::move(answers)), master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))
{
    fs::create_directory(path());
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0)
        throw std::runtime_error("no terminal to be had");
    // Raw, so that a command arrives as it was written.
    termios mode{};
    ::tcgetattr(master_, &mode);
    ::cfmakeraw(&mode);
    ::tcsetattr(master_, TCSANOW, &mode);
    std::array<char, 64> name{};
    ::ptsname_r(master_, name.data(), name.size());
    fs::create_symlink(name.data(), path() / "control");
    write("providers", providers_table);
    write("commands", sample_commands);
    write("error_log", "");
    write("storms", storms_table({}));
    server_ = std::thread([this] { serve(); });
}

fake_debugfs::~fake_debugfs()
{
    ending_ = true;
    server_.join();
    ::close(master_);
}

void fake_debugfs::serve()
{
    while (!ending_) {
        pollfd file{master_, POLLIN, 0};
        if (::poll(&file, 1, 10) <= 0 || (file.revents & POLLIN) == 0) {
            // No process has the other end open.
            if ((file.revents & POLLHUP) != 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            continue;
        }
        std::array<char, 1024> buffer{};
        const ssize_t n = ::read(master_, buffer.data(), buffer.size());
        if (n <= 0)
            continue;
        const std::string line = answers_({buffer.data(), static_cast<std::size_t>(n)}) + "\n";
        (void)!::write(master_, line.data(), line.size());
    }
}

void fake_debugfs::write(const std::string &name, const std::string &text) const
{
    // In place, as the module's files change: a process with the file open sees the change.
    const int file = ::open((path() / name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
        ::ftruncate(file, static_cast<off_t>(text.size())) != 0)
        throw std::runtime_error("cannot write " + name);
    ::close(file);
}

std::string storm_line::text() const
{
    return fmt::format(
        "storm={} provider={} pattern={} state={} seed=7 workers=2 killers=2 cpus=2 ms=100 bound_ms=2000 "
        "duty=100 contexts=pinned,hardirq kill_contexts=task delay=0 steps=all elapsed_ms=100 "
        "operations=123456 kills=20 confirms=10 releases=20 "
        "overlap_operations=500 overlapped_kills=18 alive_ends=0 release_min_ns=850 release_median_ns=12300 "
        "release_p99_ns=4500000 release_max_ns=1250000000 verdict={} invariant={} object={} detail={}\n",
        id, provider, pattern, state, verdict, invariant, object,
        detail == "-" ? detail : fmt::format("\"{}\"", detail));
}

std::string storms_table(const std::vector<storm_line> &lines)
{
    std::string text = "# storm provider pattern state\n";
    for (const storm_line &line : lines)
        text += line.text();
    return text;
}

} // namespace refstorm
