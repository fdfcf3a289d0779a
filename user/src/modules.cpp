// SPDX-License-Identifier: GPL-2.0
#include "modules.hpp"

#include "descriptor.hpp"
#include "load_failure.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;

/// A module of ours and where a build tree has it.
struct module_row {
    const char *name;
    const char *build_directory;
};

// In the order in which they are loaded: refstorm needs rsref.
constexpr std::array module_rows = {
    module_row{"rsref", "kmod/ref"},
    module_row{"refstorm", "kmod/storm"},
};

/// The modules of an archive of selftests, beside the folder that this program is in; nothing if it is
/// in none.
std::optional<fs::path> modules_of_archive()
{
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    const fs::path modules =
        program.parent_path().parent_path() / "refstorm/modules" / machine::kernel_release();
    if (error || !fs::exists(modules / "refstorm.ko", error))
        return std::nullopt;
    return modules;
}

constexpr std::array file_endings = {".ko", ".ko.zst", ".ko.xz", ".ko.gz"};

/// The names of the parameters that the module takes ("name:what it does" in .modinfo).
std::vector<std::string> parameter_names(const module_file &module)
{
    std::vector<std::string> names;
    for (const std::string &value : module.info("parmtype"))
        names.push_back(value.substr(0, value.find(':')));
    return names;
}

fs::path sysfs_of(const std::string &module)
{
    return fs::path("/sys/module") / module;
}

/// What the kernel says of a module in the file \p name: of a loaded one its state, its use count, the
/// checksum of its sources; empty if the kernel does not tell.
std::string loaded_fact(const std::string &module, const char *name)
{
    const auto text = read_file(sysfs_of(module) / name);
    return text ? text->substr(0, text->find('\n')) : "";
}

std::vector<std::string> holders_of(const std::string &module)
{
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto &holder : fs::directory_iterator(sysfs_of(module) / "holders", ignored))
        names.push_back(holder.path().filename());
    return names;
}

/// "name (1234)" of each process that has a file below \p directory open.
std::vector<std::string> processes_with_open_files(const fs::path &directory)
{
    std::vector<std::string> found;
    const std::string prefix = directory.native() + "/";
    std::error_code ignored;
    for (const auto &process : fs::directory_iterator("/proc", ignored)) {
        const std::string pid = process.path().filename();
        if (pid.find_first_not_of("0123456789") != std::string::npos)
            continue;
        std::error_code gone;
        for (fs::directory_iterator file(process.path() / "fd", gone), end; !gone && file != end;
             file.increment(gone)) {
            std::error_code unreadable;
            if (!fs::read_symlink(file->path(), unreadable).native().starts_with(prefix))
                continue;
            auto name = read_file(process.path() / "comm");
            found.push_back(fmt::format("{} ({})", name ? name->substr(0, name->find('\n')) : "?", pid));
            break;
        }
    }
    return found;
}

/// A parsed parameter.
struct parameter {
    std::string module; // empty: whichever has it
    std::string key;
    std::string assignment;
};

result<parameter> parse_parameter(const std::string &text)
{
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
        return problem{exit_code::usage, fmt::format("'{}' is no module parameter", text),
                       "accepted: key=value, or module.key=value"};
    const auto dot = text.find('.');
    if (dot == std::string::npos || dot > equals)
        return parameter{"", text.substr(0, equals), text};
    return parameter{text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), text.substr(dot + 1)};
}

/// Which options each module gets.
result<std::map<std::string, std::string>>
distribute(const std::vector<std::string> &parameters,
           const std::map<std::string, std::vector<std::string>> &known)
{
    std::map<std::string, std::string> options;
    for (const std::string &text : parameters) {
        auto parsed = parse_parameter(text);
        if (!parsed)
            return parsed.error();
        std::vector<std::string> takers;
        for (const auto &[module, names] : known)
            if ((parsed->module.empty() || parsed->module == module) &&
                std::ranges::find(names, parsed->key) != names.end())
                takers.push_back(module);
        if (takers.empty()) {
            std::vector<std::string> accepted;
            for (const auto &[module, names] : known)
                for (const std::string &name : names)
                    accepted.push_back(fmt::format("{}.{}", module, name));
            return problem{exit_code::usage, fmt::format("no module has the parameter '{}'", text),
                           fmt::format("accepted: {}", fmt::join(accepted, " "))};
        }
        if (takers.size() > 1)
            return problem{
                exit_code::usage,
                fmt::format("'{}' is a parameter of {}", text, fmt::join(takers, " and of ")),
                fmt::format("say which: {0}.{2} or {1}.{2}", takers[0], takers[1], parsed->assignment)};
        std::string &line = options[takers.front()];
        line += fmt::format("{}{}", line.empty() ? "" : " ", parsed->assignment);
    }
    return options;
}

// A thread of a storm drops its reference to the module last, after the storm was shown as done.
constexpr std::chrono::seconds letting_go_bound{2};
constexpr std::chrono::milliseconds letting_go_pause{10};

/// Removes \p module. Tries again for a moment while it is in use and no user can be named.
/// \return 0 or an errno
int remove_module(const std::string &module, const fs::path &debugfs)
{
    const auto deadline = std::chrono::steady_clock::now() + letting_go_bound;
    for (;;) {
        const int error = ::syscall(SYS_delete_module, module.c_str(), O_NONBLOCK) == 0 ? 0 : errno;
        if ((error != EAGAIN && error != EBUSY) || !holders_of(module).empty() ||
            !processes_with_open_files(debugfs).empty() || std::chrono::steady_clock::now() >= deadline)
            return error;
        std::this_thread::sleep_for(letting_go_pause);
    }
}

/// The users that keep \p module from being removed.
std::string users_of(const std::string &module, const fs::path &debugfs)
{
    std::vector<std::string> users;
    if (const auto holders = holders_of(module); !holders.empty())
        users.push_back(fmt::format("used by {}", fmt::join(holders, ", ")));
    else if (const auto processes = processes_with_open_files(debugfs); !processes.empty())
        users.push_back(
            fmt::format("files in {} are open in {}", debugfs.native(), fmt::join(processes, ", ")));
    users.push_back(fmt::format("its use count is {}", loaded_fact(module, "refcnt")));
    return fmt::format("{}", fmt::join(users, "; "));
}

} // namespace

module_pair::module_pair(machine here, std::optional<fs::path> directory)
    : here_(std::move(here)), directory_(directory ? std::move(directory) : modules_of_archive())
{
}

bool module_pair::is_loaded(const std::string &name)
{
    const std::string state = loaded_fact(name, "initstate");
    return state == "live" || state == "coming";
}

bool module_pair::any_loaded()
{
    return std::ranges::any_of(module_rows, [](const module_row &row) { return is_loaded(row.name); });
}

bool module_pair::all_loaded()
{
    return std::ranges::all_of(module_rows, [](const module_row &row) { return is_loaded(row.name); });
}

/// The module's file.
result<module_file> module_pair::locate(const std::string &name) const
{
    const problem missing =
        module_not_found(name, machine::kernel_release(),
                         directory_ ? std::optional<std::string>(directory_->native()) : std::nullopt);
    if (!directory_) {
        auto found = module_file::installed(name);
        if (!found)
            return missing;
        return std::move(*found);
    }
    const auto *row = std::ranges::find(module_rows, name, &module_row::name);
    for (const fs::path &below : {fs::path(), fs::path(row->build_directory)})
        for (const char *ending : file_endings) {
            const fs::path file = *directory_ / below / (name + ending);
            std::error_code ignored;
            if (!fs::is_regular_file(file, ignored))
                continue;
            if (auto found = module_file::at(file))
                return std::move(*found);
        }
    return missing;
}

result<done> module_pair::find() const
{
    for (const module_row &row : module_rows)
        if (!is_loaded(row.name))
            if (auto module = locate(row.name); !module)
                return module.error();
    return done{};
}

result<done> module_pair::insert(const std::string &name, const module_file &module,
                                 const std::string &options) const
{
    const int error = module.insert(options);
    // Another driver may have loaded it in the same moment.
    if (error == 0 || error == EEXIST)
        return done{};
    const auto vermagic = module.info("vermagic");
    const auto *before = std::ranges::find_if(
        module_rows, [&](const module_row &row) { return row.name != name && is_loaded(row.name); });
    const std::string loaded_before = before == module_rows.end() ? "" : before->name;
    return explain_load_failure(error, {.module = name,
                                        .path = module.path(),
                                        .kernel = machine::kernel_release(),
                                        .vermagic = vermagic.empty() ? "" : vermagic.front(),
                                        .lockdown = here_.lockdown(),
                                        .modules_disabled = here_.modules_disabled(),
                                        .parameters = options,
                                        .loaded_before = loaded_before});
}

result<load_report> module_pair::load(const std::vector<std::string> &parameters)
{
    load_report report;
    std::vector<std::pair<std::string, module_file>> missing;
    std::map<std::string, std::vector<std::string>> known;
    for (const module_row &row : module_rows) {
        if (is_loaded(row.name)) {
            report.already.emplace_back(row.name);
            continue;
        }
        // The kernel compares symbols' versions only, and not all kernels have any.
        for (const std::string &name : report.already)
            if (const auto beside = locate(name)) {
                const auto version = beside->info("srcversion");
                const std::string loaded = loaded_fact(name, "srcversion");
                if (!version.empty() && !loaded.empty() && version.front() != loaded)
                    return other_build(name, beside->path(), row.name);
            }
        auto module = locate(row.name);
        if (!module)
            return module.error();
        known[row.name] = parameter_names(*module);
        missing.emplace_back(row.name, std::move(*module));
    }
    if (missing.empty() && !parameters.empty())
        return problem{exit_code::usage, "the modules are loaded already, so parameters have no effect",
                       "first: refstorm unload"};
    auto options = distribute(parameters, known);
    if (!options)
        return options.error();

    for (const auto &[name, module] : missing) {
        auto inserted = insert(name, module, (*options)[name]);
        if (!inserted) {
            std::ranges::reverse(report.loaded);
            (void)remove(report.loaded, {});
            return inserted.error();
        }
        report.loaded.push_back(name);
    }
    return report;
}

result<std::vector<std::string>> module_pair::remove(const std::vector<std::string> &names,
                                                     const fs::path &debugfs)
{
    std::vector<std::string> removed;
    for (const std::string &name : names) {
        if (!is_loaded(name))
            continue;
        const int error = remove_module(name, debugfs);
        if (error == EAGAIN || error == EBUSY)
            return problem{exit_code::usage, fmt::format("{} is in use", name), users_of(name, debugfs)};
        if (error != 0 && error != ENOENT)
            return problem{exit_code::machine,
                           fmt::format("cannot remove {}: {}", name, std::strerror(error)),
                           error == EPERM ? "only root may remove modules: run it with sudo" : ""};
        removed.push_back(name);
    }
    return removed;
}

std::vector<std::string> module_pair::removal_order()
{
    std::vector<std::string> names;
    for (const module_row &row : module_rows)
        names.insert(names.begin(), row.name);
    return names;
}

} // namespace refstorm
