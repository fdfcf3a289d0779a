// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "machine.hpp"
#include "readiness.hpp"
#include "storm_plan.hpp"
#include "storm_report.hpp"
#include "storm_run.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

namespace refstorm {

namespace {

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
    const loaded_meanwhile loaded(args.where, args.keep ? std::vector<std::string>{} : ready->report.loaded);
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
