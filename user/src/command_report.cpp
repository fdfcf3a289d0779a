// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "descriptor.hpp"
#include "report_page.hpp"

#include <cstdio>
#include <cstring>

#include <fmt/format.h>

namespace refstorm {

result<exit_code> command_report(const arguments &args)
{
    report_data data;
    for (const std::string &name : args.report.inputs) {
        const auto text = read_file(name);
        if (!text)
            return problem{exit_code::usage,
                           fmt::format("{}: cannot be read: {}", name, std::strerror(text.error()))};
        if (auto added = data.add(*text, name); !added)
            return added.error();
    }
    const auto page = report_page(data, args.report.gnuplot);
    if (!page)
        return page.error();
    if (auto written = write_whole(args.report.out, *page); !written)
        return written.error();
    if (args.json) {
        json document = new_document();
        document["report"] = args.report.out;
        fmt::print("{}", document_text(document));
    } else {
        fmt::print("{}\n", args.report.out);
    }
    return exit_code::held;
}

} // namespace refstorm
