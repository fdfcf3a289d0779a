// SPDX-License-Identifier: GPL-2.0
#include "machine.hpp"

#include "descriptor.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <system_error>
#include <utility>

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;

constexpr const char *debugfs_place = "/sys/kernel/debug";

bool is_empty_directory(const fs::path &place)
{
    std::error_code error;
    return fs::is_directory(place, error) && fs::is_empty(place, error) && !error;
}

} // namespace

std::string machine::kernel_release()
{
    utsname name{};
    return ::uname(&name) == 0 ? std::string(name.release) : std::string("unknown");
}

std::string machine::architecture()
{
    utsname name{};
    return ::uname(&name) == 0 ? std::string(name.machine) : std::string("unknown");
}

std::string machine::accelerator()
{
#ifdef __x86_64__
    unsigned highest = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned hypervisor_bit = 1U << 31U;
    if (__get_cpuid(1, &highest, &b, &c, &d) == 0)
        return "unknown";
    if ((c & hypervisor_bit) == 0)
        return "none";
    __cpuid(0x40000000U, highest, b, c, d);
    std::string signature;
    for (const unsigned part : {b, c, d})
        for (unsigned shift = 0; shift < 32; shift += 8)
            signature += static_cast<char>(part >> shift & 0xffU);
    for (const auto &[begin, name] : {std::pair{"TCG", "tcg"},
                                      {"KVM", "kvm"},
                                      {"Microsoft Hv", "hyperv"},
                                      {"Xen", "xen"},
                                      {"VMware", "vmware"}})
        if (signature.starts_with(begin))
            return name;
#endif
    return "unknown";
}

unsigned machine::online_cpus()
{
    const long count = ::sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? static_cast<unsigned>(count) : 1;
}

bool machine::is_root()
{
    return ::geteuid() == 0;
}

std::optional<std::string> machine::lockdown() const
{
    // "none [integrity] confidentiality"
    const auto text = read_file(root_ / "sys/kernel/security/lockdown");
    if (!text)
        return std::nullopt;
    const auto open = text->find('[');
    const auto close = text->find(']');
    if (open == std::string::npos || close == std::string::npos || close < open)
        return std::nullopt;
    const std::string mode = text->substr(open + 1, close - open - 1);
    return mode == "none" ? std::nullopt : std::optional(mode);
}

bool machine::has_loadable_modules() const
{
    std::error_code ignored;
    return fs::exists(root_ / "proc/modules", ignored);
}

bool machine::modules_disabled() const
{
    const auto text = read_file(root_ / "proc/sys/kernel/modules_disabled");
    return text && text->starts_with('1');
}

bool machine::has_debugfs() const
{
    const auto text = read_file(root_ / "proc/filesystems");
    return !text || text->find("\tdebugfs\n") != std::string::npos;
}

std::optional<std::string> machine::debugfs_parameter() const
{
    constexpr std::string_view key = "debugfs=";
    const auto text = read_file(root_ / "proc/cmdline");
    std::istringstream words(text ? *text : std::string());
    std::optional<std::string> value;
    // The last word that the kernel knows decides.
    for (std::string word; words >> word;)
        if (word == "debugfs=off" || word == "debugfs=no-mount")
            value = word.substr(key.size());
        else if (word == "debugfs=on")
            value.reset();
    return value;
}

bool machine::panics_on_warning() const
{
    const auto text = read_file(root_ / "proc/sys/kernel/panic_on_warn");
    return text && !text->empty() && text->front() != '0';
}

result<done> may_warn(const machine &here, std::string_view what)
{
    if (!here.panics_on_warning())
        return done{};
    return problem{
        exit_code::machine,
        fmt::format("{} makes the kernel warn on purpose, and with kernel.panic_on_warn=1 it "
                    "would panic",
                    what),
        "allow warnings: sysctl kernel.panic_on_warn=0; or run it in a virtual machine: make storm"};
}

bool is_debugfs(const fs::path &directory)
{
    struct statfs facts {};
    return ::statfs(directory.c_str(), &facts) == 0 && facts.f_type == DEBUGFS_MAGIC;
}

result<done> ensure_debugfs(const machine &here, const fs::path &module_directory)
{
    const fs::path place = module_directory.parent_path();
    std::error_code ignored;
    if (fs::exists(module_directory, ignored) || is_debugfs(place))
        return done{};
    if (!here.has_debugfs()) {
        if (const auto value = here.debugfs_parameter())
            return problem{
                exit_code::machine,
                fmt::format("the kernel was started with debugfs={}, which keeps debugfs away", *value),
                "start it without that word on its command line, or with debugfs=on"};
        return problem{
            exit_code::machine, "this kernel has no debugfs",
            "refstorm needs a kernel built with CONFIG_DEBUG_FS=y and CONFIG_DEBUG_FS_ALLOW_ALL=y; one "
            "with\nanother default has debugfs if it is started with debugfs=on"};
    }

    const std::string hint = fmt::format("mount it: mount -t debugfs debugfs {}", place.native());
    if (place != debugfs_place || !machine::is_root() || !is_empty_directory(place))
        return problem{exit_code::machine, fmt::format("debugfs is not mounted at {}", place.native()), hint};
    if (::mount("debugfs", place.c_str(), "debugfs", 0, nullptr) != 0)
        return problem{exit_code::machine,
                       fmt::format("debugfs is not mounted, and mounting it at {} failed: {}", place.native(),
                                   std::strerror(errno)),
                       "if the kernel was started with debugfs=off or debugfs=no-mount, start it without"};
    fmt::print(stderr, "refstorm: debugfs was not mounted; mounted it at {}\n", place.native());
    return done{};
}

} // namespace refstorm
