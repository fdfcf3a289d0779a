// SPDX-License-Identifier: GPL-2.0
/// \file
/// Looks through the kernel log for complaints: warnings, bugs, stalls. A complaint that was announced
/// by a line `refstorm-expect: begin N TEXT` is counted against it, one to one; every other one breaks
/// the invariant kernel-log-clean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// One record of /dev/kmsg.
struct log_record {
    /// Syslog's facility; 0 is the kernel itself.
    unsigned facility = 0;
    std::uint64_t sequence = 0;
    std::uint64_t time_us = 0;
    /// The message, its lines separated by newlines.
    std::string text;
};

/// Parses the first line of what a read of /dev/kmsg returns ("6,339,5140900,-;text"); nothing if it
/// is not one.
std::optional<log_record> parse_log_record(std::string_view line);

/// Something that the kernel complained about.
struct complaint {
    std::uint64_t sequence = 0;
    /// The first line of the message.
    std::string text;
};

/// How many complaints with the text were announced, and how many came.
struct expectation {
    unsigned least = 0;
    unsigned most = 0;
    std::string text;
    unsigned seen = 0;

    bool fulfilled() const { return seen >= least && seen <= most; }
    /// "1" or "0..1".
    std::string range() const;
};

/// What was found since the last look.
struct log_findings {
    std::vector<complaint> unannounced;
    /// The first line that looks like a part of a report of no known kind.
    std::vector<complaint> unknown;
    /// Announcements that were ended.
    std::vector<expectation> ended;
};

/// The scanner; fed record by record, in order.
class log_scanner {
  public:
    void feed(const log_record &next);
    /// What was found since the last call. An unfinished report counts as it is.
    log_findings take();

    /// Announcements under way; the newest is last.
    const std::vector<expectation> &open() const { return open_; }
    /// Announces without the log, for a kernel that takes no lines from user space.
    void begin(expectation announced) { open_.push_back(std::move(announced)); }
    void end();

    /// The prefix of the lines that announce.
    static constexpr std::string_view announcement = "refstorm-expect: ";

  private:
    void feed_user_line(std::string_view line);
    void feed_kernel_line(std::uint64_t sequence, std::string_view line);
    void finish_warning(std::string_view header);
    void finish_cluster();
    bool judge(std::uint64_t sequence, std::string_view line);
    bool is_announced(std::string_view text);
    void complain(std::uint64_t sequence, std::string_view text);

    /// Lines since "cut here". Two CPUs may warn at once, and their lines mix.
    struct cluster {
        std::uint64_t sequence = 0;
        /// "cut here" lines whose line with WARNING has not come.
        unsigned pending = 0;
        std::vector<std::string> lines;
    };

    std::vector<expectation> open_;
    cluster cluster_;
    /// Warnings whose stack has not ended.
    unsigned traces_ = 0;
    log_findings found_;
};

} // namespace refstorm
