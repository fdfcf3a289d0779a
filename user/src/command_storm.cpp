// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "machine.hpp"
#include "modules.hpp"
#include "readiness.hpp"
#include "storm_plan.hpp"
#include "storm_report.hpp"
#include "storm_run.hpp"
#include "terminal.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// Removes what the storm loaded, once it is over. Another driver may have begun to use it meanwhile:
/// then it stays, and that is no failure.
class loaded_for_the_storm {
  public:
    loaded_for_the_storm(const places &where, std::vector<std::string> names)
        : where_(where), names_(std::move(names))
    {
        std::ranges::reverse(names_);
    }
    loaded_for_the_storm(const loaded_for_the_storm &) = delete;
    loaded_for_the_storm &operator=(const loaded_for_the_storm &) = delete;

    ~loaded_for_the_storm()
    {
        if (names_.empty())
            return;
        module_pair modules(machine{}, where_.module_directory);
        const auto removed = modules.remove(names_, where_.debugfs);
        if (!removed)
            print_problem(stderr, {exit_code::machine, "the modules stay loaded: " + removed.error().what,
                                   removed.error().hint});
    }

  private:
    const places &where_;
    std::vector<std::string> names_;
};

/// Runs the plan with signals caught.
run_outcome run_plan(module_port &port, const storm_plan &plan, const places &where)
{
    stop_signals stop;
    progress shown(stderr, plan.storms.size());
    shown.say(load_announcement(plan, machine::online_cpus()));
    return storm_runner(port, stop, shown, where).run(plan);
}

} // namespace

result<exit_code> command_storm(const arguments &args)
{
    auto ready = make_ready(args.where, {});
    if (!ready)
        return ready.error();
    const loaded_for_the_storm loaded(args.where,
                                      args.storm.keep ? std::vector<std::string>{} : ready->report.loaded);
    // Closed before the modules are removed: open files would keep them.
    const std::unique_ptr<debugfs_port> port = std::move(ready->port);

    auto providers = port->read_table("providers");
    if (!providers)
        return providers.error();
    auto plan = make_plan(args.storm, *providers, machine::online_cpus());
    if (!plan)
        return plan.error();

    const run_outcome all = run_plan(*port, *plan, args.where);
    if (args.json)
        fmt::print("{}", document_text(report_json(all, args.where)));
    else
        fmt::print("{}", report_text(all, args.where, wants_colour(stdout)));
    std::fflush(stdout);
    if (all.failure)
        print_problem(stderr, *all.failure);
    return all.code();
}

} // namespace refstorm
