// SPDX-License-Identifier: GPL-2.0
#include "log_watch.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace refstorm {

std::string_view log_state_name(log_state state)
{
    switch (state) {
    case log_state::clean:
        return "clean";
    case log_state::complained:
        return "complained";
    case log_state::unchecked:
        break;
    }
    return "unchecked";
}

log_watch::log_watch(std::filesystem::path kernel_log)
{
    auto opened = kmsg_file::open(kernel_log);
    if (!opened) {
        unchecked_ = fmt::format("{}: {}", kernel_log.native(), std::strerror(opened.error()));
        return;
    }
    log_ = std::move(*opened);
    read();
    // Earlier complaints are not of this run; open announcements stay.
    (void)scanner_.take();
}

void log_watch::read()
{
    if (log_ && !log_->feed(scanner_) && unchecked_.empty())
        unchecked_ = "records were overwritten before they could be read";
}

void log_watch::begin_expecting(std::vector<expectation> expected)
{
    expected_ = std::move(expected);
    if (!log_)
        return;
    for (const expectation &announced : expected_) {
        const std::size_t before = scanner_.open().size();
        log_->write(
            fmt::format("{}begin {} {}", log_scanner::announcement, announced.range(), announced.text));
        read();
        if (scanner_.open().size() == before)
            scanner_.begin(announced); // kernel.printk_devkmsg=off: the log takes no lines from user space
    }
}

void log_watch::end_expecting()
{
    if (!log_)
        return;
    for (std::size_t i = 0; i < expected_.size(); ++i) {
        read();
        const std::size_t before = scanner_.open().size();
        log_->write(fmt::format("{}end", log_scanner::announcement));
        read();
        if (scanner_.open().size() == before)
            scanner_.end();
    }
}

std::string log_watch::unchecked() const
{
    if (!unchecked_.empty() || unknown_.empty())
        return unchecked_;
    return fmt::format("a part of a report that is not known: {}", unknown_);
}

log_judgement log_watch::judge()
{
    log_judgement judgement;
    read();
    const log_findings found = scanner_.take();
    for (const complaint &each : found.unannounced)
        judgement.complaints.push_back(each.text);
    for (const expectation &each : expected_) {
        const auto ended = std::ranges::find(found.ended, each.text, &expectation::text);
        if (ended != found.ended.end() && !ended->fulfilled())
            judgement.complaints.push_back(fmt::format("announced {} times, came {} times: {}",
                                                       ended->range(), ended->seen, ended->text));
    }
    if (!found.unknown.empty()) {
        judgement.unknown = found.unknown.front().text;
        unknown_ = judgement.unknown;
    }
    if (!judgement.complaints.empty())
        judgement.state = log_state::complained;
    else if (log_ && unchecked_.empty() && judgement.unknown.empty())
        judgement.state = log_state::clean;
    return judgement;
}

} // namespace refstorm
