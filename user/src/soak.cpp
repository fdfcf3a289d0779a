// SPDX-License-Identifier: GPL-2.0
#include "soak.hpp"

#include "descriptor.hpp"
#include "json_output.hpp"
#include "number.hpp"
#include "units.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <refstorm/refstorm.h>

namespace refstorm {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::string_view constant_memory_invariant = "memory-constant";
/// Worst first: of these the run has the worst.
constexpr std::array severity = {verdict::broken,  verdict::running,  verdict::error,
                                 verdict::stopped, verdict::unproven, verdict::held};

verdict worse_verdict(verdict a, verdict b)
{
    return *std::min(std::ranges::find(severity, a), std::ranges::find(severity, b));
}

std::string now_text()
{
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

/// A line is whole or not there: the last line of a driver that was killed may be cut.
std::string line_of(const json &object)
{
    return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

/// Kilobytes of the kernel's memory, as far as /proc/meminfo tells.
json kernel_memory()
{
    json memory = json::object();
    const auto text = read_file("/proc/meminfo");
    std::istringstream lines(text ? *text : "");
    for (std::string key, unit; lines >> key;) {
        std::uint64_t value = 0;
        lines >> value;
        std::getline(lines, unit);
        for (const std::string_view wanted : {"Slab:", "Percpu:", "VmallocUsed:"})
            if (key == wanted)
                memory[key.substr(0, key.size() - 1) + "_kb"] = value;
    }
    return memory;
}

problem no_soak(const std::filesystem::path &log, std::string_view why, std::string_view hint)
{
    return {exit_code::usage, fmt::format("{}: {}", log.native(), why), std::string(hint)};
}

} // namespace

exit_code soak_outcome::code() const
{
    const exit_code code = exit_code_for_verdict(worst, interrupted);
    return interrupted ? worse(code, exit_code::interrupted) : code;
}

soak::soak(module_port &port, stop_signals &stop, progress &shown, places where, run_times times)
    : port_(port), stop_(stop), shown_(shown), where_(std::move(where)), times_(times)
{
}

result<std::uint64_t> soak::allocations()
{
    const auto text = port_.read("status");
    if (!text)
        return text.error();
    std::istringstream lines(*text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("allocations="))
            if (const auto number = parse_unsigned(line.substr(line.find('=') + 1)))
                return *number;
    return problem{exit_code::machine, "the module's file status has no allocations="};
}

/// What the module holds once what it frees late is freed, or after our patience is over.
result<std::uint64_t> soak::settled_allocations()
{
    const auto deadline = clock::now() + times_.patience;
    for (;;) {
        auto held = allocations();
        if (!held || *held == so_far_.allocations || clock::now() >= deadline)
            return held;
        port_.wait(-1, times_.breath, false);
    }
}

result<done> soak::append(const std::string &line)
{
    const int fd = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const descriptor file(fd);
    if (fd < 0 || ::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
        ::fsync(fd) != 0)
        return problem{exit_code::machine,
                       fmt::format("{}: cannot be written: {}", log_.native(), std::strerror(errno)),
                       "name another file: --log FILE"};
    return done{};
}

result<done> soak::begin(const soak_options &options)
{
    std::error_code none;
    if (const auto size = std::filesystem::file_size(log_, none); !none && size != 0)
        return no_soak(log_, "the file of an earlier run is there",
                       "go on with that run: --resume; or name another file: --log FILE");
    auto held = allocations();
    if (!held)
        return held.error();
    so_far_.allocations = *held;
    json head = new_document();
    head["soak_ms"] = *options.total_ms;
    head["time"] = now_text();
    head["allocations"] = *held;
    return append(line_of(head));
}

/// Takes the state of the run from its file, and the storm that the last driver left.
result<done> soak::resume(const soak_options &options)
{
    const auto text = read_file(log_);
    if (!text)
        return no_soak(log_, std::strerror(text.error()), "--resume goes on with a run that this file is of");
    std::istringstream lines(*text);
    bool begun = false;
    std::uint64_t whole = 0;
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
        const json row = json::parse(line, nullptr, false);
        if (!row.is_object())
            return no_soak(log_, fmt::format("'{:.40}' is no line of a run", line), "");
        whole += line.size() + 1;
        if (row.contains("soak_ms") && row["soak_ms"].is_number() && row["allocations"].is_number()) {
            begun = true;
            so_far_.allocations = row["allocations"].get<std::uint64_t>();
            if (row["soak_ms"].get<std::uint64_t>() != *options.total_ms)
                return no_soak(log_,
                               fmt::format("this run was to take {}",
                                           format_length(row["soak_ms"].get<std::uint64_t>())),
                               "--resume takes the same --hours");
        } else if (row.contains("slice") && row.contains("ms") && row["ms"].is_number() &&
                   row.contains("verdict") && row["verdict"].is_string()) {
            so_far_.slices++;
            so_far_.ms += row["ms"].get<std::uint64_t>();
            const auto ended = parse_verdict(row["verdict"].get<std::string>());
            so_far_.worst = worse_verdict(so_far_.worst, ended.value_or(verdict::error));
        } else if (row.contains("overall")) {
            return no_soak(log_, fmt::format("this run has ended: {}", row["overall"].dump()),
                           "name another file: --log FILE");
        }
    }
    if (!begun)
        return no_soak(log_, "it does not begin as the file of a run", "");
    // What follows the last whole line was being written when the driver ended.
    if (whole != text->size())
        std::filesystem::resize_file(log_, whole);
    return take_up_running_storm();
}

/// A storm goes on without its driver: it is waited for, and its slice counts.
result<done> soak::take_up_running_storm()
{
    std::optional<std::uint64_t> id;
    for (;;) {
        auto storms = read_storms(port_);
        if (!storms)
            return storms.error();
        const auto running = std::ranges::find(*storms, true, &storm_record::running);
        if (running == storms->end()) {
            const auto left = std::ranges::find(*storms, id.value_or(0), &storm_record::id);
            if (!id || left == storms->end())
                return done{};
            storm_outcome outcome{std::move(*left)};
            return record_slice(outcome);
        }
        if (!id)
            shown_.say(fmt::format("waiting for storm {}, which the last driver began", running->id));
        id = running->id;
        if (port_.wait(stop_.fd(), std::chrono::seconds(1), true) == wake::stop_asked) {
            so_far_.interrupted = true;
            return done{};
        }
    }
}

result<done> soak::record_slice(storm_outcome &outcome)
{
    auto held = settled_allocations();
    if (!held)
        return held.error();
    if (*held != so_far_.allocations && outcome.storm.outcome != verdict::broken)
        outcome.storm.judge(
            verdict::broken, constant_memory_invariant,
            fmt::format("allocations={} after the slice, {} before the first", *held, so_far_.allocations));
    json row = json::object();
    row["slice"] = so_far_.slices++;
    row["time"] = now_text();
    row.update(to_json(outcome.storm.raw));
    row["kernel_log"] = log_state_name(outcome.log);
    row["complaints"] = outcome.complaints;
    for (const adversary_report &each : outcome.adversaries)
        row["adversaries"][each.name] = each.rounds;
    row["allocations"] = *held;
    row["memory"] = kernel_memory();
    so_far_.ms += outcome.storm.ms;
    so_far_.worst = worse_verdict(so_far_.worst, outcome.storm.outcome);
    return append(line_of(row));
}

result<done> soak::slice(const storm_plan &plan, const soak_options &options)
{
    storm_plan one;
    one.parameters = plan.parameters;
    one.storms = {plan.storms[so_far_.slices % plan.storms.size()]};
    storm_spec &spec = one.storms.front();
    spec.ms = std::clamp<std::uint64_t>(*options.total_ms - so_far_.ms, RS_STORM_MS_MIN, spec.ms);
    // The same seed would be the same steps in each slice.
    if (spec.seed != 0)
        spec.seed += so_far_.slices;
    run_outcome ran = storm_runner(port_, stop_, shown_, where_, times_).run(one);
    if (ran.failure)
        return *ran.failure;
    so_far_.interrupted = ran.interrupted;
    // A slice that a signal cut short is not one: it is run again by --resume.
    if (ran.storms.empty() || (ran.interrupted && ran.storms[0].storm.outcome == verdict::stopped))
        return done{};
    return record_slice(ran.storms.front());
}

result<soak_outcome> soak::run(const storm_plan &plan, const soak_options &options)
{
    log_ = options.log;
    so_far_ = {};
    if (auto ready = options.resume ? resume(options) : begin(options); !ready)
        return ready.error();
    while (so_far_.ms < *options.total_ms && !so_far_.interrupted && so_far_.worst != verdict::broken)
        if (auto ended = slice(plan, options); !ended)
            return ended.error();
    if (so_far_.interrupted)
        return so_far_;
    json last = json::object();
    last["overall"] = verdict_name(so_far_.worst);
    last["exit"] = static_cast<int>(so_far_.code());
    last["slices"] = so_far_.slices;
    last["ms"] = so_far_.ms;
    last["time"] = now_text();
    if (auto written = append(line_of(last)); !written)
        return written.error();
    return so_far_;
}

std::string soak_text(const soak_outcome &outcome, const soak_options &options)
{
    if (outcome.interrupted)
        return fmt::format("interrupted after {} slices, {} of {}; --resume goes on; {}\n", outcome.slices,
                           format_length(outcome.ms), format_length(*options.total_ms), options.log);
    return fmt::format("verdict: {} ({} slices, {}; allocations={} after each; {})\n",
                       verdict_name(outcome.worst), outcome.slices, format_length(outcome.ms),
                       outcome.allocations, options.log);
}

} // namespace refstorm
