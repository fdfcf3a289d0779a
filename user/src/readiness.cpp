// SPDX-License-Identifier: GPL-2.0
#include "readiness.hpp"

#include "load_failure.hpp"
#include "storm_record.hpp"
#include "terminal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

namespace refstorm {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

problem needs_root()
{
    return {exit_code::machine,
            "refstorm loads modules and drives them through debugfs, which only root may do",
            "run it with sudo"};
}

bool has_control(const places &where)
{
    std::error_code ignored;
    return fs::exists(where.debugfs / "control", ignored);
}

/// A kernel that was locked down after the module was loaded refuses to open the module's files.
result<std::unique_ptr<debugfs_port>> open_port(const machine &here, const places &where)
{
    auto port = debugfs_port::open(where.debugfs);
    if (!port && machine::is_root())
        if (const auto mode = here.lockdown())
            return locked_down(*mode);
    return port;
}

/// The machine's reasons against loading, before anything is tried.
result<done> may_load(const machine &here, const module_pair &modules)
{
    if (!machine::is_root())
        return needs_root();
    if (!here.has_loadable_modules())
        return problem{
            exit_code::machine, "this kernel cannot load modules",
            "refstorm needs a kernel built with CONFIG_MODULES=y; `make storm` runs it in a virtual machine"};
    if (const auto mode = here.lockdown())
        return locked_down(*mode);
    return modules.find();
}

/// The module creates its files while it starts; another driver may still be loading it.
bool wait_for_control(const places &where)
{
    for (int tries = 0; tries < 50; ++tries) {
        if (has_control(where))
            return true;
        std::this_thread::sleep_for(100ms);
    }
    return false;
}

/// Asks every storm to end and waits until they did.
result<done> stop_all_storms(debugfs_port &port)
{
    constexpr auto margin = 10s;
    bool asked = false;
    auto deadline = std::chrono::steady_clock::now() + margin;
    for (;;) {
        auto storms = read_storms(port);
        if (!storms)
            return storms.error();
        std::erase_if(*storms, [](const storm_record &storm) { return !storm.running; });
        if (storms->empty())
            return done{};
        if (!asked) {
            fmt::print(stderr, "refstorm: stopping {} running storm{}\n", storms->size(),
                       storms->size() == 1 ? "" : "s");
            auto stopped = port.command("stop all");
            if (!stopped)
                return stopped.error().as_problem();
            asked = true;
            for (const storm_record &storm : *storms)
                deadline = std::max(deadline, std::chrono::steady_clock::now() + margin +
                                                  std::chrono::milliseconds(storm.bound_ms));
        }
        if (std::chrono::steady_clock::now() > deadline)
            return problem{exit_code::machine,
                           fmt::format("storm {} was asked to stop and still runs", storms->front().id),
                           "`dmesg | tail` may say why"};
        port.wait(-1, 100ms, false);
    }
}

} // namespace

result<std::unique_ptr<debugfs_port>> open_loaded(const places &where)
{
    if (has_control(where))
        return open_port(machine{}, where);
    if (!machine::is_root())
        return needs_root();
    return problem{
        exit_code::machine,
        fmt::format("the module is not loaded: there is no {}", (where.debugfs / "control").native()),
        "load it: refstorm load"};
}

result<ready_module> make_ready(const places &where, const std::vector<std::string> &parameters)
{
    const machine here;
    if (parameters.empty() && has_control(where)) {
        auto port = open_port(here, where);
        if (!port)
            return port.error();
        return ready_module{std::move(*port), {{}, module_pair::removal_order()}};
    }

    module_pair modules(here, where.module_directory);
    if (auto allowed = may_load(here, modules); !allowed)
        return allowed.error();
    if (auto mounted = ensure_debugfs(here, where.debugfs); !mounted)
        return mounted.error();
    auto report = modules.load(parameters);
    if (!report)
        return report.error();
    if (!wait_for_control(where))
        return problem{
            exit_code::machine,
            fmt::format("the modules are loaded, but there is no {}", (where.debugfs / "control").native()),
            "if debugfs is mounted elsewhere, name the directory: --debugfs DIR"};
    auto port = open_port(here, where);
    if (!port)
        return port.error();
    return ready_module{std::move(*port), std::move(*report)};
}

loaded_meanwhile::loaded_meanwhile(const places &where, std::vector<std::string> names)
    : where_(where), names_(std::move(names))
{
    std::ranges::reverse(names_);
}

loaded_meanwhile::~loaded_meanwhile()
{
    if (names_.empty())
        return;
    module_pair modules(machine{}, where_.module_directory);
    const auto removed = modules.remove(names_, where_.debugfs);
    if (!removed)
        print_problem(stderr, {exit_code::machine, "the modules stay loaded: " + removed.error().what,
                               removed.error().hint});
}

result<std::vector<std::string>> stop_and_remove(const places &where)
{
    const machine here;
    module_pair modules(here, where.module_directory);
    if (!modules.any_loaded())
        return std::vector<std::string>{};
    if (!machine::is_root())
        return needs_root();
    if (has_control(where)) {
        auto port = open_port(here, where);
        if (!port)
            return port.error();
        if (auto stopped = stop_all_storms(**port); !stopped)
            return stopped.error();
    }
    return modules.remove(module_pair::removal_order(), where.debugfs);
}

} // namespace refstorm
