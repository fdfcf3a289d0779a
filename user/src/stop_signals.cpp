// SPDX-License-Identifier: GPL-2.0
#include "stop_signals.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/signalfd.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

sigset_t watched()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

} // namespace

stop_signals::stop_signals()
{
    const sigset_t set = watched();
    file_ = descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!file_.is_open() || ::sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
        throw fatal_error(fmt::format("cannot watch for signals: {}", std::strerror(errno)));
}

stop_signals::~stop_signals()
{
    // A pending signal must not end the process while the verdict is being printed.
    while (take()) {
    }
    const sigset_t set = watched();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

bool stop_signals::take()
{
    signalfd_siginfo info{};
    return ::read(file_.get(), &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info));
}

} // namespace refstorm
