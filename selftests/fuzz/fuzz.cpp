// SPDX-License-Identifier: GPL-2.0
// Usage: fuzz [--writes N] [--processes N] [--seconds S] [--seed N]
//
// Several processes write to every file of the module's debugfs: commands that the file commands lists,
// almost such commands, and random text. They read all files at odd offsets meanwhile, while storms run and
// objects are created and destroyed. N writes in all (20000), or until S seconds have passed. The same seed
// gives each process the same writes. Fails if an errno is not documented, if a write takes too long, if a
// command was never accepted, or if the module's counts differ at the end.
#include "grammar.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <map>
#include <poll.h>
#include <set>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

const std::string directory = "/sys/kernel/debug/refstorm/";
constexpr std::size_t verbs_most = 64;
constexpr std::uint64_t enough_for_rare = 100000;
constexpr std::array files = {"README", "control", "commands", "holders",   "providers",
                              "peers",  "objects", "storms",   "events",    "history",
                              "oracle", "bench",   "alloc",    "error_log", "status"};
// What docs/debugfs.md says that a write may answer.
constexpr std::array documented = {EINVAL,     E2BIG,  ERANGE, ENOENT,    EEXIST, EALREADY, EBUSY,  EPERM,
                                   EOPNOTSUPP, ENOSPC, ENOMEM, ETIMEDOUT, EINTR,  EAGAIN,   ENODEV, EUCLEAN};
// No write waits for longer than this on the slowest kernel.
constexpr auto patience = std::chrono::seconds(120);
// An open and a close take twenty times as long as a write on the kasan kernel.
constexpr unsigned uses_of_a_file = 64;
constexpr std::size_t processes_most = 64;
// Of a holder's name with the byte that ends it, and of names that are kept.
constexpr std::size_t holder_size = 32;
constexpr std::size_t holders_most = 4096;

using clock = std::chrono::steady_clock;

// A write in progress, for the process that watches for writes that hang.
struct write_under_way {
    std::atomic<clock::rep> since; // 0: there is none
    std::array<char, 1000> text;
};

struct shared_counts {
    std::atomic<std::uint64_t> writes, refused, skipped, reads;
    std::array<std::atomic<std::uint64_t>, verbs_most> accepted;
    // What all processes together spent in writes: by verb, and last in those of none.
    std::array<std::atomic<std::uint64_t>, verbs_most + 1> made, microseconds;
    std::array<write_under_way, processes_most> under_way;
    // Names that were accepted for a holder: only by its name can a holder's reference be put.
    std::atomic<std::size_t> holders;
    std::array<std::array<char, holder_size>, holders_most> holder;
};

struct settings {
    std::uint64_t writes = 20000, processes = 4, seconds = 0, seed = 1;
};

std::string printable(std::string_view text)
{
    std::string shown;
    for (const unsigned char c : text) {
        char escaped[5];
        std::snprintf(escaped, sizeof(escaped), c < ' ' || c > '~' ? "\\x%02x" : "%c", c);
        shown += escaped;
    }
    return shown;
}

std::string contents(const std::string &file)
{
    std::string all;
    const int fd = open((directory + file).c_str(), O_RDONLY | O_CLOEXEC);
    std::array<char, 4096> some{};
    ssize_t n = 0;
    while (fd >= 0 && (n = read(fd, some.data(), some.size())) > 0)
        all.append(some.data(), n);
    if (fd >= 0)
        close(fd);
    return all;
}

// Read of any file: a few bytes at a time, from an odd offset, and a look by poll().
void read_oddly(fuzz::random_source &random)
{
    std::array<char, 700> some{};
    const int fd = open((directory + files[fuzz::below(random, files.size())]).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fuzz::below(random, 2))
        lseek(fd, static_cast<off_t>(fuzz::below(random, 5000)), SEEK_SET);
    for (auto left = fuzz::below(random, 20); left; left--)
        if (read(fd, some.data(), fuzz::below(random, some.size())) <= 0)
            break;
    pollfd asked{fd, POLLIN | POLLPRI, 0};
    poll(&asked, 1, 0);
    close(fd);
}

// The files that a process has open; each is opened anew now and then.
class open_files {
  public:
    ~open_files()
    {
        for (const auto &[name, fd] : open_)
            close(fd);
    }

    // -1, and errno, if it cannot be opened.
    int get(fuzz::random_source &random, std::string_view name)
    {
        const auto found = open_.find(name);
        if (found != open_.end()) {
            if (fuzz::below(random, uses_of_a_file))
                return found->second;
            close(found->second);
            open_.erase(found);
        }
        const int fd = open((directory + std::string(name)).c_str(),
                            (is_writable(name) ? O_RDWR : O_WRONLY) | O_CLOEXEC);
        if (fd >= 0)
            open_.emplace(name, fd);
        return fd;
    }

    static bool is_writable(std::string_view name)
    {
        return name == "control" || name == "alloc" || name == "error_log";
    }

  private:
    std::map<std::string, int, std::less<>> open_;
};

// Keeps the name of the holder that an accepted command has made.
void keep_holder(shared_counts &counts, const std::string &text)
{
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    std::string name;
    if (words.size() == 3 && words[0] == "get" && words[2].starts_with("holder="))
        name = words[2].substr(words[2].find('=') + 1);
    else if (words.size() == 4 && words[0] == "pass")
        name = words[3];
    if (name.empty() || name.size() >= holder_size ||
        std::ranges::find(fuzz::holders, name) != fuzz::holders.end())
        return;
    if (const auto at = counts.holders++; at < holders_most)
        std::ranges::copy(name, counts.holder[at].begin());
}

// Errno or 0. The watching process sees in \p seen what is written, and since when.
int do_write(int fd, const fuzz::attempt &made, write_under_way &seen)
{
    const auto length = std::min(made.text.size(), seen.text.size() - 1);
    std::copy_n(made.text.begin(), length, seen.text.begin());
    seen.text[length] = '\0';
    seen.since = clock::now().time_since_epoch().count();
    const int err = write(fd, made.text.data(), made.text.size()) < 0 ? errno : 0;
    seen.since = 0;
    return err;
}

// 0, or 1 for a fault that was printed.
int do_writes(const settings &set, const fuzz::grammar &grammar, unsigned number, shared_counts &counts)
{
    const auto &rules = grammar.rules();
    fuzz::random_source random(set.seed * 1000 + number);
    open_files opened;
    const auto end = clock::now() + std::chrono::seconds(set.seconds);
    for (std::uint64_t left = set.writes / set.processes; left; left--) {
        const auto before = clock::now();
        if (set.seconds && before > end)
            break;
        const fuzz::attempt made = grammar.next(random);
        if (fuzz::is_out_of_bounds(made.text)) {
            counts.skipped++;
            continue;
        }
        const int fd = opened.get(random, made.file);
        if (fd < 0) {
            // The alloc file may have armed this allocation to fail.
            if (errno != ENOMEM && open_files::is_writable(made.file)) {
                std::printf("# process %u: open of %s: %s\n", number, made.file.data(), std::strerror(errno));
                return 1;
            }
            continue;
        }
        const int err = do_write(fd, made, counts.under_way[number]);
        const auto verb = made.verb.empty()
                              ? verbs_most
                              : static_cast<std::size_t>(
                                    std::ranges::find(rules, made.verb, &fuzz::rule::verb) - rules.begin());
        counts.made[verb]++;
        counts.microseconds[verb] += (clock::now() - before) / std::chrono::microseconds(1);
        if (made.file == "control" && fuzz::below(random, 8) == 0) {
            std::array<char, 300> result{};
            [[maybe_unused]] const ssize_t n = read(fd, result.data(), fuzz::below(random, result.size()));
        }
        counts.writes++;
        counts.refused += err != 0;
        if (!err && !made.verb.empty())
            counts.accepted[verb]++;
        if (!err && made.file == "control")
            keep_holder(counts, made.text);
        if (err && std::ranges::find(documented, err) == documented.end()) {
            std::printf("# process %u, %s: '%s': %s\n", number, made.file.data(),
                        printable(made.text).c_str(), std::strerror(err));
            return 1;
        }
        if (fuzz::below(random, 24) == 0) {
            read_oddly(random);
            counts.reads++;
        }
    }
    return 0;
}

// Waits for the processes; reports a process whose write does not return, and leaves it alone.
bool all_come_back(std::map<pid_t, unsigned> children, shared_counts &counts)
{
    bool good = true;
    while (!children.empty()) {
        int status = 0;
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid > 0) {
            if (WIFSIGNALED(status))
                std::printf("# a process died of signal %d\n", WTERMSIG(status));
            good &= status == 0;
            children.erase(pid);
            continue;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto now = clock::now().time_since_epoch();
        std::erase_if(children, [&](const auto &child) {
            const write_under_way &seen = counts.under_way[child.second];
            const auto since = clock::duration(seen.since);
            if (!since.count() || now - since < patience)
                return false;
            std::printf("# process %u: this write did not come back: '%s'\n", child.second,
                        printable(seen.text.data()).c_str());
            kill(child.first, SIGKILL);
            good = false;
            return true;
        });
    }
    return good;
}

long long status_of(const std::string &key)
{
    const std::string all = "\n" + contents("status");
    const auto at = all.find("\n" + key + "=");
    return at == std::string::npos ? -1 : std::strtoll(all.c_str() + at + key.size() + 2, nullptr, 10);
}

bool command(const std::string &file, const std::string &text)
{
    const int fd = open((directory + file).c_str(), O_WRONLY | O_CLOEXEC);
    const bool done = fd >= 0 && write(fd, text.data(), text.size()) >= 0;
    if (fd >= 0)
        close(fd);
    return done;
}

std::map<std::string, long long> holdings()
{
    std::map<std::string, long long> held;
    for (const char *key : {"objects", "storms", "threads", "allocations"})
        held[key] = status_of(key);
    return held;
}

// A row of the file objects.
struct object_left {
    std::string name;
    long long held;
    bool unguarded;
};

std::vector<object_left> objects_left()
{
    std::vector<object_left> left;
    std::istringstream in(contents("objects"));
    for (std::string row; std::getline(in, row);) {
        if (!row.starts_with("object="))
            continue;
        const auto held = row.find(" held=");
        left.push_back({row.substr(7, row.find(' ') - 7),
                        held == std::string::npos ? 0 : std::atoll(row.c_str() + held + 6),
                        row.find(" unguarded=1") != std::string::npos});
    }
    return left;
}

// What the writes left is ended: storms, oracle, objects.
void sweep(const std::set<std::string> &holders)
{
    command("alloc", "clear");
    command("control", "stop all");
    command("control", "oracle stop");
    const auto objects = objects_left();
    for (const auto &object : objects)
        for (const auto &holder : holders)
            command("control", "put " + object.name + " holder=" + holder);
    for (const auto &object : objects_left()) {
        for (long long left = object.held; left > 0; left -= 65536)
            command("control", "put " + object.name + " " + std::to_string(std::min(left, 65536LL)));
        command("control", "kill " + object.name);
    }
    for (const auto &object : objects) {
        // One without a guard may have been driven where it is never released, and may go at any time.
        if (!object.unguarded)
            command("control", "wait " + object.name + " ms=1000");
        command("control", "destroy " + object.name);
    }
}

bool is_back(const std::map<std::string, long long> &before, const shared_counts &counts)
{
    std::set<std::string> holders(fuzz::holders.begin(), fuzz::holders.end());
    for (std::size_t i = 0; i < std::min<std::size_t>(counts.holders, holders_most); i++)
        holders.emplace(counts.holder[i].data());
    const auto end = clock::now() + patience;
    do {
        sweep(holders);
        if (holdings() == before)
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    } while (clock::now() < end);
    for (const auto &[key, number] : holdings())
        std::printf("# %s=%lld, before %lld\n", key.c_str(), number, before.at(key));
    std::istringstream rows(contents("objects"));
    for (std::string row; std::getline(rows, row);)
        std::printf("# %s\n", row.c_str());
    return false;
}

bool result(bool good, const std::string &name)
{
    std::printf("%s %s\n", good ? "ok" : "not ok", name.c_str());
    return good;
}

int usage()
{
    std::fprintf(stderr, "usage: fuzz [--writes N] [--processes N] [--seconds S] [--seed N]\n");
    return 2;
}

} // namespace

int main(int argc, char **argv)
{
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
    settings set;
    const std::map<std::string, std::uint64_t settings::*> options = {{"--writes", &settings::writes},
                                                                      {"--processes", &settings::processes},
                                                                      {"--seconds", &settings::seconds},
                                                                      {"--seed", &settings::seed}};
    for (int i = 1; i < argc; i += 2) {
        const auto option = options.find(argv[i]);
        if (option == options.end() || i + 1 == argc)
            return usage();
        set.*option->second = std::strtoull(argv[i + 1], nullptr, 0);
    }
    if (!set.processes || set.processes > processes_most || !set.writes)
        return usage();
    void *page =
        mmap(nullptr, sizeof(shared_counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || access((directory + "control").c_str(), W_OK)) {
        std::fprintf(stderr, "fuzz: no %scontrol: is refstorm.ko loaded?\n", directory.c_str());
        return 3;
    }
    if (std::ifstream("/proc/sys/kernel/panic_on_warn").get() == '1') {
        std::fprintf(stderr,
                     "fuzz: misuse makes the kernel warn, and with kernel.panic_on_warn=1 it would panic: "
                     "sysctl kernel.panic_on_warn=0\n");
        return 3;
    }
    auto &counts = *new (page) shared_counts;
    const fuzz::grammar grammar(contents("commands"), contents("providers"), contents("alloc"));
    const auto &rules = grammar.rules();
    if (rules.empty() || rules.size() > verbs_most) {
        std::fprintf(stderr, "fuzz: %scommands lists %zu commands: is this the fuzzer of another version?\n",
                     directory.c_str(), rules.size());
        return 3;
    }
    const auto before = holdings();
    const auto began = clock::now();
    std::printf("# seed %llu\n", static_cast<unsigned long long>(set.seed));

    std::map<pid_t, unsigned> children;
    for (unsigned i = 0; i < set.processes; i++)
        if (const pid_t pid = fork(); pid > 0) {
            children[pid] = i;
        } else if (!pid) {
            const int rc = do_writes(set, grammar, i, counts);
            _exit(rc);
        }
    const bool forked = children.size() == set.processes;
    const bool good = all_come_back(std::move(children), counts) && forked;
    const double took = std::chrono::duration<double>(clock::now() - began).count();
    const auto writes = counts.writes.load();
    std::printf("# %llu writes in %.0f s, %.0f a second: %llu refused; %llu out of bounds were not made\n",
                static_cast<unsigned long long>(writes), took, writes / took,
                static_cast<unsigned long long>(counts.refused),
                static_cast<unsigned long long>(counts.skipped));
    int failed = !result(good, "every answer is documented, and comes in time");

    std::printf("# milliseconds in writes:");
    const auto told = [&](const std::string &name, std::size_t i) {
        std::printf(" %s=%llu/%llu", name.c_str(),
                    static_cast<unsigned long long>(counts.microseconds[i] / 1000),
                    static_cast<unsigned long long>(counts.made[i]));
    };
    for (std::size_t i = 0; i < rules.size(); i++)
        told(rules[i].verb, i);
    told("others", verbs_most);
    std::printf("\n");

    bool all = true;
    std::printf("# accepted:");
    for (std::size_t i = 0; i < rules.size(); i++) {
        std::printf(" %s=%llu", rules[i].verb.c_str(), static_cast<unsigned long long>(counts.accepted[i]));
        all &= counts.accepted[i] > 0 || rules[i].lucky || (rules[i].rare && writes < enough_for_rare);
    }
    std::printf("\n");
    failed += !result(all, "every verb that came often was accepted");
    failed += !result(counts.refused > writes / 10, "a tenth or more was refused");
    failed += !result(is_back(before, counts), "the module holds afterwards what it held before");
    return failed ? 1 : 0;
}
