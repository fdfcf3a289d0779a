// SPDX-License-Identifier: GPL-2.0
#include "adversaries.hpp"

#include "descriptor.hpp"
#include "number.hpp"
#include "table.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iterator>
#include <optional>
#include <random>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Writes a short text to a file; false if that failed, and errno says why.
bool write_text(const fs::path &path, std::string_view text)
{
    const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const int error = errno;
    ::close(fd);
    errno = error;
    return ok;
}

/// The `online` files of CPUs that are online and can go offline.
std::vector<fs::path> movable_cpus(const fs::path &directory)
{
    std::vector<fs::path> found;
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(directory, ignored)) {
        const auto text = read_file(entry.path() / "online");
        if (entry.path().filename().native().starts_with("cpu") && text && text->starts_with('1'))
            found.push_back(entry.path() / "online");
    }
    std::ranges::sort(found);
    return found;
}

/// True if every CPU can go offline, so that one has to stay online.
bool all_can_go(const fs::path &directory, std::size_t movable)
{
    std::size_t cpus = 0;
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator(directory, ignored)) {
        const std::string name = entry.path().filename().native();
        if (name.size() > 3 && name.starts_with("cpu") &&
            name.find_first_not_of("0123456789", 3) == std::string::npos)
            ++cpus;
    }
    return movable >= cpus;
}

/// The CPUs of a file that has numbers and ranges, in order.
std::vector<unsigned> listed_cpus(const fs::path &file)
{
    std::vector<unsigned> cpus;
    const auto text = read_file(file);
    if (!text)
        return cpus;
    std::istringstream ranges(*text);
    for (std::string range; std::getline(ranges, range, ',');) {
        range.erase(range.find_last_not_of(" \n") + 1);
        const std::size_t dash = range.find('-');
        const auto first = parse_unsigned(range.substr(0, dash));
        const auto last = dash == std::string::npos ? first : parse_unsigned(range.substr(dash + 1));
        if (!first || !last)
            continue;
        for (std::uint64_t cpu = *first; cpu <= *last && cpu < CPU_SETSIZE; ++cpu)
            cpus.push_back(static_cast<unsigned>(cpu));
    }
    return cpus;
}

/// The last CPU that the kernel's command line took away from the scheduler, if there is one.
std::optional<unsigned> isolated_cpu(const fs::path &directory)
{
    const auto cpus = listed_cpus(directory / "isolated");
    return cpus.empty() ? std::nullopt : std::optional(cpus.back());
}

/// The CPUs whose user mode the kernel tracks, without those that are isolated.
std::vector<unsigned> tracked_cpus(const fs::path &directory)
{
    auto cpus = listed_cpus(directory / "nohz_full");
    const auto isolated = listed_cpus(directory / "isolated");
    std::erase_if(cpus, [&](unsigned cpu) { return std::ranges::find(isolated, cpu) != isolated.end(); });
    return cpus;
}

} // namespace

/// One adversary: a thread that repeats its rounds.
struct adversary_crew::member {
    adversary_report report;
    std::mt19937_64 random;
    const places *where = nullptr;
    std::vector<fs::path> cpus;
    std::optional<std::string> realtime_runtime; ///< as it was, if a hog changes it
    std::jthread thread;

    std::uint64_t below(std::uint64_t bound) { return random() % bound; }
    bool cpus_round(const std::stop_token &stop);
    bool memory_round(const std::stop_token &stop);
    bool allocations_round(const std::stop_token &stop);
    bool unload_round(const std::stop_token &stop);
    bool hog_round(const std::stop_token &stop);
    bool loops_round(const std::stop_token &stop);
    std::vector<setting> changes() const;
    bool take_a_cpu();
};

/// All but one go, in any order, and all come back.
bool adversary_crew::member::cpus_round(const std::stop_token &stop)
{
    std::vector<fs::path> order = cpus;
    std::ranges::shuffle(order, random);
    if (all_can_go(where->cpus, order.size()) && !order.empty())
        order.pop_back();
    if (order.empty()) {
        report.problem = "no CPU can go offline here";
        return false;
    }
    for (const char *online : {"0", "1"})
        for (const fs::path &cpu : order) {
            // A CPU that the kernel refuses to move stays; at the end all CPUs are set online anyway.
            if (stop.stop_requested())
                return true;
            (void)write_text(cpu, online);
        }
    return true;
}

/// Allocates most of the free memory, uses it, and frees it.
bool adversary_crew::member::memory_round(const std::stop_token &stop)
{
    constexpr std::uint64_t kib = 1024;
    constexpr std::uint64_t spare = 96 * kib * kib;
    constexpr std::size_t page = 4096;
    std::uint64_t available = 0;
    if (const auto text = read_file("/proc/meminfo")) {
        const auto at = text->find("MemAvailable:");
        if (at != std::string::npos)
            std::istringstream(text->substr(at + std::strlen("MemAvailable:"))) >> available;
    }
    available *= kib;
    if (available <= spare) {
        std::this_thread::sleep_for(50ms);
        return true;
    }
    const std::size_t size = available - spare;
    void *const memory =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        report.problem = fmt::format("no memory: {}", std::strerror(errno));
        return false;
    }
    for (std::size_t at = 0; at < size && !stop.stop_requested(); at += page)
        static_cast<volatile char *>(memory)[at] = 1;
    ::munmap(memory, size);
    std::this_thread::sleep_for(20ms);
    return true;
}

/// Makes one of the next allocations of an object or of a counter fail.
bool adversary_crew::member::allocations_round(const std::stop_token & /*stop*/)
{
    const fs::path file = where->debugfs / "alloc";
    const auto text = read_file(file);
    const auto sites = parse_table(text ? *text : std::string(), "alloc");
    std::vector<std::string> names = {"storm_object"};
    if (sites)
        for (const record &row : sites->rows) {
            const auto module = row.text("module");
            const auto site = row.text("site");
            if (module && site && *module == "rsref" && *site != "workqueue")
                names.push_back(*site);
        }
    if (!write_text(file, fmt::format("fail site={} nth={}", names[below(names.size())], 1 + below(20)))) {
        report.problem = fmt::format("{}: {}", file.native(), std::strerror(errno));
        return false;
    }
    std::this_thread::sleep_for(5ms);
    return true;
}

/// Tries to remove a module that is in use.
bool adversary_crew::member::unload_round(const std::stop_token &stop)
{
    // The storm may be over then, and the module not in use.
    if (stop.stop_requested())
        return true;
    const char *name = below(2) != 0 ? "refstorm" : "rsref";
    if (::syscall(SYS_delete_module, name, O_NONBLOCK) == 0) {
        report.problem = fmt::format("{} could be removed while a storm ran", name);
        return false;
    }
    if (errno != EWOULDBLOCK && errno != EBUSY) {
        report.problem = fmt::format("{}: {}", name, std::strerror(errno));
        return false;
    }
    std::this_thread::sleep_for(2ms);
    return true;
}

/// Makes this thread the only one that an isolated CPU runs: of all tasks that are not the kernel's own
/// stoppers it goes first, and for as long as it likes.
bool adversary_crew::member::take_a_cpu()
{
    const auto cpu = isolated_cpu(where->cpus);
    if (!cpu) {
        report.problem = "no CPU is isolated: boot with isolcpus=N nohz_full=N rcu_nocbs=N, N the last CPU";
        return false;
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*cpu, &set);
    // Above the realtime threads of RCU and of softirqs, below those of interrupts.
    const sched_param parameters = {.sched_priority = 10};
    if (!write_text(where->realtime_runtime, "-1"))
        report.problem = fmt::format("{}: {}", where->realtime_runtime.native(), std::strerror(errno));
    else if (::sched_setaffinity(0, sizeof(set), &set) != 0)
        report.problem = fmt::format("CPU {}: {}", *cpu, std::strerror(errno));
    else if (::sched_setscheduler(0, SCHED_FIFO, &parameters) != 0)
        report.problem = fmt::format("SCHED_FIFO: {}", std::strerror(errno));
    return report.problem.empty();
}

/// Stays in user mode: not even the time is asked for.
bool adversary_crew::member::hog_round(const std::stop_token &stop)
{
    constexpr unsigned turns = 1U << 24;
    if (report.rounds == 0 && !take_a_cpu())
        return false;
    for (unsigned turn = 0; turn < turns && !stop.stop_requested(); ++turn) {
    }
    return true;
}

/// Loops in user mode on any CPU where the kernel tracks that, and leaves the others idle. Any other task of
/// the CPU goes first.
bool adversary_crew::member::loops_round(const std::stop_token &stop)
{
    constexpr unsigned turns = 1U << 20;
    const auto cpus = tracked_cpus(where->cpus);
    if (cpus.empty()) {
        report.problem =
            "no CPU has its user mode tracked: boot with nohz_full=N, N a CPU that is not isolated";
        return false;
    }
    const unsigned cpu = cpus[below(cpus.size())];
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    const sched_param parameters = {};
    if (::sched_setaffinity(0, sizeof(set), &set) != 0 ||
        ::sched_setscheduler(0, SCHED_IDLE, &parameters) != 0) {
        report.problem = fmt::format("CPU {}: {}", cpu, std::strerror(errno));
        return false;
    }
    for (unsigned turn = 0; turn < turns && !stop.stop_requested(); ++turn) {
    }
    return true;
}

/// The settings to be restored at the end.
std::vector<setting> adversary_crew::member::changes() const
{
    std::vector<setting> settings;
    for (const fs::path &cpu : cpus)
        settings.push_back({cpu, "1"});
    if (realtime_runtime)
        settings.push_back({where->realtime_runtime, *realtime_runtime});
    return settings;
}

settings_guardian::settings_guardian(const std::vector<setting> &settings)
{
    int ends[2];
    if (settings.empty() || ::pipe2(ends, O_CLOEXEC) != 0)
        return;
    child_ = ::fork();
    if (child_ == 0) {
        // A signal that ends the driver must not end the child that restores the settings.
        ::setsid();
        for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
            (void)std::signal(signal, SIG_IGN);
        ::close(ends[1]);
        char nothing = 0;
        while (::read(ends[0], &nothing, 1) < 0 && errno == EINTR) {
        }
        for (const setting &each : settings)
            (void)write_text(each.file, each.text);
        ::_exit(0);
    }
    ::close(ends[0]);
    alive_ = descriptor(ends[1]);
}

settings_guardian::~settings_guardian()
{
    alive_.close();
    if (child_ > 0)
        while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
        }
}

adversary_crew::adversary_crew(const std::vector<std::string> &names, const places &where, std::uint64_t seed)
{
    using round_of = bool (member::*)(const std::stop_token &);
    constexpr std::array<round_of, adversary_names.size()> rounds = {
        &member::cpus_round,   &member::memory_round, &member::allocations_round,
        &member::unload_round, &member::hog_round,    &member::loops_round};

    std::vector<setting> settings;
    for (const std::string &name : names) {
        auto one = std::make_unique<member>();
        one->report.name = name;
        one->random.seed(seed + members_.size());
        one->where = &where;
        if (name == "cpus")
            one->cpus = movable_cpus(where.cpus);
        if (const auto text = read_file(where.realtime_runtime); name == "hog" && text)
            one->realtime_runtime = *text;
        std::ranges::copy(one->changes(), std::back_inserter(settings));
        members_.push_back(std::move(one));
    }
    // Fork before threads exist: a fork copies only the calling thread.
    guardian_ = std::make_unique<settings_guardian>(settings);
    for (const auto &one : members_) {
        const auto *const found = std::ranges::find(adversary_names, one->report.name);
        if (found == adversary_names.end())
            continue;
        const round_of round = rounds[static_cast<std::size_t>(found - adversary_names.begin())];
        one->thread = std::jthread([it = one.get(), round](const std::stop_token &stop) {
            // One round however soon the crew is stopped: it tells what an adversary lacks.
            while ((it->*round)(stop)) {
                ++it->report.rounds;
                if (stop.stop_requested())
                    break;
            }
        });
    }
}

adversary_crew::~adversary_crew()
{
    stop();
}

std::vector<adversary_report> adversary_crew::stop()
{
    std::vector<adversary_report> reports;
    for (const auto &one : members_)
        one->thread.request_stop();
    for (const auto &one : members_) {
        if (one->thread.joinable())
            one->thread.join();
        if (one->report.name == "allocations")
            (void)write_text(one->where->debugfs / "alloc", "clear");
        reports.push_back(one->report);
    }
    guardian_.reset();
    members_.clear();
    return reports;
}

} // namespace refstorm
