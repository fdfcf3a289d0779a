// SPDX-License-Identifier: GPL-2.0
#include "load_failure.hpp"

#include "exit_code.hpp"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr const char *signing_hint =
    "Secure Boot is on, or module.sig_enforce. Sign the module with a key that the machine knows\n"
    "(DKMS does it: see /var/lib/dkms/mok.pub; enrol the key with `mokutil --import`), or turn Secure\n"
    "Boot off (`mokutil --sb-state` shows it)";

std::string no_permission_hint(const load_facts &facts)
{
    if (facts.modules_disabled)
        return "kernel.modules_disabled is 1: nothing can be loaded until the next boot";
    return "in a container, load the modules on the host; `cat /sys/kernel/security/lockdown` shows whether "
           "the\n"
           "kernel is locked down";
}

std::string wrong_kernel_hint(const load_facts &facts)
{
    if (facts.vermagic.empty() || facts.vermagic.starts_with(facts.kernel + " "))
        return "`dmesg | tail` shows the kernel's reason; build the module for this kernel: make && make "
               "install";
    return fmt::format(
        "it was built for '{}', this kernel is '{}': build it for this one: make && make install",
        facts.vermagic, facts.kernel);
}

/// What the errno means, and what to do.
std::pair<std::string, std::string> reason(int error, const load_facts &facts)
{
    switch (error) {
    case EPERM:
        return {"the kernel does not allow it", no_permission_hint(facts)};
    case ENOKEY:
    case EKEYREJECTED:
    case EKEYREVOKED:
    case EKEYEXPIRED:
        return {"the kernel takes only modules with a valid signature", signing_hint};
    case ENOEXEC:
        return {"the module does not fit this kernel", wrong_kernel_hint(facts)};
    case EINVAL:
        if (!facts.loaded_before.empty() && facts.parameters.empty())
            return {fmt::format("it does not fit {}, which is loaded already, of another build",
                                facts.loaded_before),
                    "first: refstorm unload"};
        return {"the kernel refuses the file or its parameters",
                fmt::format("parameters: '{}'; `dmesg | tail` shows the kernel's reason", facts.parameters)};
    case ENOENT:
        return {"the module needs a symbol that this kernel does not have",
                "`dmesg | tail` names it; build the module for this kernel: make && make install"};
    case ENOSYS:
        return {"this kernel cannot load modules", "refstorm needs a kernel built with CONFIG_MODULES=y"};
    case ENOMEM:
        return {"the kernel has no memory for it (or fail_site made an allocation fail)", ""};
    default:
        return {std::strerror(error), "`dmesg | tail` may show more"};
    }
}

} // namespace

problem explain_load_failure(int error, const load_facts &facts)
{
    if (error == EPERM && facts.lockdown)
        return locked_down(*facts.lockdown);
    auto [why, hint] = reason(error, facts);
    return {exit_code::machine, fmt::format("cannot load {} ({}): {}", facts.module, facts.path, why),
            std::move(hint)};
}

problem other_build(const std::string &loaded, const std::string &path, const std::string &module)
{
    return {exit_code::machine,
            fmt::format("{} is loaded already, of another build than {}, beside which {} belongs", loaded,
                        path, module),
            "first: refstorm unload"};
}

problem module_not_found(const std::string &module, const std::string &kernel,
                         const std::optional<std::string> &directory)
{
    if (directory)
        return {exit_code::machine, fmt::format("there is no {}.ko in {}", module, *directory),
                "--module-dir takes the directory that holds the .ko files, or a build tree (kmod/ref, "
                "kmod/storm)"};
    return {exit_code::machine, fmt::format("no module {} is installed for this kernel ({})", module, kernel),
            fmt::format("build and install it: make && sudo make install (needs the headers of {})\n"
                        "or name the directory with the .ko files: --module-dir DIR",
                        kernel)};
}

problem locked_down(const std::string &mode)
{
    return {
        exit_code::machine, fmt::format("the kernel is locked down ({})", mode),
        "a locked-down kernel takes only signed modules and allows no writes to debugfs, which refstorm "
        "needs.\n"
        "Lockdown comes with Secure Boot or with lockdown= on the kernel's command line; turn that off, or\n"
        "run the storm in a virtual machine: make storm"};
}

} // namespace refstorm
