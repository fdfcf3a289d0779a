// SPDX-License-Identifier: GPL-2.0
#include "kernel_log.hpp"

#include "kernel_report.hpp"
#include "number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace refstorm {

namespace {

constexpr std::string_view cut_here = "[ cut here ]";

constexpr std::string_view end_of_trace = "---[ end trace";

/// Lines that may stand between "cut here" and the line with WARNING before they count as they are.
constexpr std::size_t cluster_lines_most = 64;

std::optional<unsigned> parse_small(std::string_view text)
{
    const auto value = parse_unsigned(text);
    if (!value || *value > 1000)
        return std::nullopt;
    return static_cast<unsigned>(*value);
}

/// "1 TEXT" or "0..1 TEXT"
std::optional<expectation> parse_announcement(std::string_view words)
{
    const auto space = words.find(' ');
    if (space == std::string_view::npos)
        return std::nullopt;
    const std::string_view range = words.substr(0, space);
    const auto dots = range.find("..");
    const auto least = parse_small(range.substr(0, dots));
    const auto most = dots == std::string_view::npos ? least : parse_small(range.substr(dots + 2));
    if (!least || !most)
        return std::nullopt;
    return expectation{*least, *most, std::string(words.substr(space + 1)), 0};
}

/// /dev/kmsg writes what is not printable as \xHH.
std::string unescape(std::string_view text)
{
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = 0;
        const char *digits = text.data() + at + 2;
        if (text.substr(at, 2) == "\\x" && at + 4 <= text.size() &&
            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            plain += static_cast<char>(value);
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

/// "WARNING in FUNCTION" from "WARNING: CPU: 0 PID: 1 at lib/refcount.c:22
/// refcount_warn_saturate+0x51/0x110".
std::string warning_in(std::string_view header)
{
    const auto offset = header.find("+0x");
    if (offset == std::string_view::npos)
        return std::string(header);
    const auto start = header.rfind(' ', offset) + 1;
    return fmt::format("WARNING in {}", header.substr(start, offset - start));
}

} // namespace

std::string expectation::range() const
{
    return least == most ? fmt::format("{}", least) : fmt::format("{}..{}", least, most);
}

std::optional<log_record> parse_log_record(std::string_view line)
{
    const auto semicolon = line.find(';');
    if (semicolon == std::string_view::npos)
        return std::nullopt;
    std::string_view prefix = line.substr(0, semicolon);
    std::array<std::uint64_t, 3> numbers{};
    for (std::uint64_t &number : numbers) {
        const auto comma = prefix.find(',');
        const auto value = parse_unsigned(prefix.substr(0, comma));
        if (!value || comma == std::string_view::npos)
            return std::nullopt;
        number = *value;
        prefix.remove_prefix(comma + 1);
    }
    constexpr unsigned facility_shift = 3;
    return log_record{static_cast<unsigned>(numbers[0] >> facility_shift), numbers[1], numbers[2],
                      unescape(line.substr(semicolon + 1))};
}

void log_scanner::feed(const log_record &next)
{
    std::string_view rest = next.text;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (next.facility == 0)
            feed_kernel_line(next.sequence, line);
        else
            feed_user_line(line);
    }
}

void log_scanner::feed_user_line(std::string_view line)
{
    if (!line.starts_with(announcement))
        return;
    line.remove_prefix(announcement.size());
    constexpr std::string_view begin_word = "begin ";
    if (line == "end") {
        end();
    } else if (line.starts_with(begin_word)) {
        if (auto announced = parse_announcement(line.substr(begin_word.size())))
            begin(std::move(*announced));
    }
}

void log_scanner::end()
{
    finish_cluster();
    if (open_.empty())
        return;
    found_.ended.push_back(std::move(open_.back()));
    open_.pop_back();
}

void log_scanner::feed_kernel_line(std::uint64_t sequence, std::string_view line)
{
    if (line.find(cut_here) != std::string_view::npos) {
        cluster_.sequence = sequence;
        ++cluster_.pending;
        ++traces_;
    } else if (traces_ > 0 && line.starts_with(end_of_trace)) {
        --traces_;
    } else if (cluster_.pending == 0) {
        judge(sequence, line);
    } else if (is_warning_header(line)) {
        finish_warning(line);
    } else {
        cluster_.lines.emplace_back(line);
        if (line.starts_with("kernel BUG at") || line.starts_with("Kernel BUG at") ||
            cluster_.lines.size() >= cluster_lines_most)
            finish_cluster();
    }
}

/// A line outside of a cluster. After the first line of a report whatever looks like a part of one belongs
/// to that. Returns true for a complaint.
bool log_scanner::judge(std::uint64_t sequence, std::string_view line)
{
    const auto cls = classify(line);
    if (!cls || cls == report_class::clean)
        return false;
    if (cls == report_class::unchecked) {
        if (traces_ == 0 && found_.unannounced.empty() && found_.unknown.empty())
            found_.unknown.push_back({sequence, std::string(line)});
        return false;
    }
    if (is_warning_header(line)) {
        ++traces_;
        if (is_announced(warning_in(line)))
            return true;
    }
    complain(sequence, line);
    return true;
}

/// A warning is complete. Its text is the first line since "cut here", unless another CPU's line came
/// in between: then it is the one that was announced. One without a message is "WARNING in FUNCTION".
void log_scanner::finish_warning(std::string_view header)
{
    const std::string place = warning_in(header);
    auto &lines = cluster_.lines;
    const auto announced =
        std::ranges::find_if(lines, [this](const std::string &line) { return is_announced(line); });
    if (announced != lines.end()) {
        lines.erase(announced);
    } else if (!is_announced(place)) {
        found_.unannounced.push_back(
            {cluster_.sequence, lines.empty() ? std::string(header) : lines.front()});
        if (!lines.empty())
            lines.erase(lines.begin());
    }
    if (--cluster_.pending == 0)
        finish_cluster();
}

/// Judges the lines of a cluster that are left, each by itself.
void log_scanner::finish_cluster()
{
    const cluster left = std::exchange(cluster_, {});
    bool complained = false;
    for (const std::string &line : left.lines) {
        if (judge(left.sequence, line))
            complained = true;
    }
    // A report that was cut off before its line with WARNING is a complaint, too.
    if (left.pending > 0 && !complained)
        complain(left.sequence, left.lines.empty() ? cut_here : std::string_view(left.lines.front()));
}

/// Counts \p text against the newest announcement of it that is not used up.
bool log_scanner::is_announced(std::string_view text)
{
    const auto newest = std::find_if(open_.rbegin(), open_.rend(), [text](const expectation &announced) {
        return announced.text == text && announced.seen < announced.most;
    });
    if (newest == open_.rend())
        return false;
    ++newest->seen;
    return true;
}

void log_scanner::complain(std::uint64_t sequence, std::string_view text)
{
    if (!is_announced(text))
        found_.unannounced.push_back({sequence, std::string(text)});
}

log_findings log_scanner::take()
{
    finish_cluster();
    traces_ = 0;
    return std::exchange(found_, {});
}

} // namespace refstorm
