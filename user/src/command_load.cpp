// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "json_output.hpp"
#include "readiness.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace refstorm {

result<exit_code> command_load(const arguments &args)
{
    auto ready = make_ready(args.where, args.parameters);
    if (!ready)
        return ready.error();
    const load_report &report = ready->report;
    if (args.json) {
        json document = new_document();
        document["loaded"] = report.loaded;
        document["already"] = report.already;
        fmt::print("{}", document_text(document));
        return exit_code::held;
    }
    if (!report.already.empty())
        fmt::print("loaded already: {}\n", fmt::join(report.already, " "));
    if (!report.loaded.empty())
        fmt::print("loaded: {}\n", fmt::join(report.loaded, " "));
    return exit_code::held;
}

result<exit_code> command_unload(const arguments &args)
{
    auto removed = stop_and_remove(args.where);
    if (!removed)
        return removed.error();
    if (args.json) {
        json document = new_document();
        document["removed"] = *removed;
        fmt::print("{}", document_text(document));
    } else if (removed->empty()) {
        fmt::print("nothing to remove: the modules are not loaded\n");
    } else {
        fmt::print("removed: {}\n", fmt::join(*removed, " "));
    }
    return exit_code::held;
}

} // namespace refstorm
