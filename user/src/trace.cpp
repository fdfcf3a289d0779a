// SPDX-License-Identifier: GPL-2.0
#include "trace.hpp"

#include "descriptor.hpp"
#include "number.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <tuple>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

namespace refstorm {

namespace {

namespace fs = std::filesystem;

/// Interrupts that come with rounds, kills and switches, as the kernel calls their events without _entry and
/// _exit.
constexpr std::array interrupts = {"call_function", "call_function_single", "reschedule", "local_timer",
                                   "irq_work"};
/// More than anyone looks at; a page that opens a trace holds it in memory.
constexpr std::size_t events_at_most = 30'000;
constexpr std::size_t objects_at_most = 32;
constexpr std::uint64_t cpus_at_most = 1U << 16U;
constexpr double seconds_at_most = 1e10;
constexpr int cpu_lanes = 1;
constexpr int object_lanes = 2;

/// A line of tracefs: "task-pid [cpu] flags seconds: event: key=value ...".
struct trace_line {
    unsigned cpu = 0;
    double us = 0;
    std::string event;
    std::map<std::string, std::string> values;

    std::string value(const std::string &key) const
    {
        const auto found = values.find(key);
        return found == values.end() ? "" : found->second;
    }
};

std::optional<trace_line> parse_trace_line(const std::string &line)
{
    const auto open = line.find(" [");
    const auto close = line.find("] ", open);
    if (line.starts_with('#') || open == std::string::npos || close == std::string::npos)
        return std::nullopt;
    const auto cpu = parse_unsigned(line.substr(open + 2, close - open - 2));
    std::istringstream words(line.substr(close + 2));
    std::string flags;
    std::string seconds;
    trace_line parsed;
    words >> flags >> seconds >> parsed.event;
    if (!cpu || *cpu > cpus_at_most || !seconds.ends_with(':') || !parsed.event.ends_with(':'))
        return std::nullopt;
    seconds.pop_back();
    parsed.event.pop_back();
    const auto time = parse_fraction(seconds);
    if (!time || *time < 0 || *time > seconds_at_most)
        return std::nullopt;
    parsed.cpu = static_cast<unsigned>(*cpu);
    parsed.us = *time * 1e6;
    for (std::string word; words >> word;)
        if (const auto equals = word.find('='); equals != std::string::npos)
            parsed.values[word.substr(0, equals)] = word.substr(equals + 1);
    return parsed;
}

/// Which object a note is of: its slot, and its number there.
using object_key = std::tuple<std::string, std::string>;

object_key object_of(const trace_line &line)
{
    return {line.value("slot"), line.value("object")};
}

json lane_name(int process, std::size_t lane, std::string_view what, const std::string &name)
{
    return {{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", lane}, {"args", {{"name", name}}}};
}

/// Times are from the first event on, in microseconds.
class trace_writer {
  public:
    trace_writer(std::vector<trace_line> lines, const storm_record &storm)
        : lines_(std::move(lines)), storm_(storm)
    {
        choose_objects();
    }

    json document()
    {
        for (const trace_line &line : lines_) {
            if (line.event == "refstorm_note")
                add_note(line);
            else
                add_interrupt(line);
        }
        for (const auto &[object, phase] : phases_)
            end_phase(object, lines_.empty() ? 0 : lines_.back().us);
        json events = json::array();
        events.push_back(lane_name(cpu_lanes, 0, "process_name", "CPUs"));
        events.push_back(lane_name(object_lanes, 0, "process_name", "objects"));
        for (const auto &[cpu, unused] : cpus_)
            events.push_back(lane_name(cpu_lanes, cpu, "thread_name", fmt::format("CPU {}", cpu)));
        for (const auto &[object, lane] : objects_)
            events.push_back(
                lane_name(object_lanes, lane, "thread_name",
                          fmt::format("object {} of killer {}", std::get<1>(object), std::get<0>(object))));
        std::ranges::stable_sort(events_, {}, [](const json &event) { return event["ts"].get<double>(); });
        for (json &event : events_)
            events.push_back(std::move(event));
        json all = new_document();
        all["provider"] = storm_.provider;
        all["seed"] = fmt::format("{}", storm_.seed);
        all["verdict"] = verdict_name(storm_.outcome);
        all["invariant"] = storm_.invariant;
        all["detail"] = storm_.detail;
        return {{"traceEvents", std::move(events)}, {"displayTimeUnit", "ns"}, {"otherData", std::move(all)}};
    }

  private:
    /// The last ones, and the one that broke in any case: its violation is among the last notes.
    void choose_objects()
    {
        for (auto line = lines_.rbegin(); line != lines_.rend() && objects_.size() < objects_at_most; ++line)
            if (line->event == "refstorm_note")
                objects_.emplace(object_of(*line), objects_.size() + 1);
    }

    double since_first(double us) const { return us - lines_.front().us; }

    json event_of(std::string_view name, std::string_view phase, int process, std::size_t lane,
                  double us) const
    {
        return {{"name", name}, {"ph", phase}, {"pid", process}, {"tid", lane}, {"ts", since_first(us)}};
    }

    void add_note(const trace_line &line)
    {
        cpus_[line.cpu] = true;
        const std::string what = line.value("event");
        const std::string count = line.value("nr");
        const std::string name = count.empty() || count == "0" || count == "1" ? what : what + " " + count;
        json args = json::object();
        for (const auto &[key, value] : line.values)
            args[key] = value;
        const bool violation = what == "violation";
        if (violation) {
            args["invariant"] = storm_.invariant;
            args["detail"] = storm_.detail;
        }
        const auto add = [&](int process, std::size_t lane) {
            json event =
                event_of(violation ? "VIOLATION " + storm_.invariant : name, "i", process, lane, line.us);
            event["s"] = violation ? "g" : "t";
            event["cat"] = violation ? "violation" : "note";
            event["args"] = args;
            events_.push_back(std::move(event));
        };
        add(cpu_lanes, line.cpu);
        const auto lane = objects_.find(object_of(line));
        if (lane == objects_.end())
            return;
        add(object_lanes, lane->second);
        if (what == "publish")
            begin_phase(lane->first, "alive", line.us);
        else if (what == "kill")
            begin_phase(lane->first, "killed", line.us);
        else if (what == "confirm")
            begin_phase(lane->first, "confirmed", line.us);
        else if (what == "release")
            begin_phase(lane->first, "released", line.us);
        else if (what == "retire") {
            end_phase(lane->first, line.us);
            phases_.erase(lane->first);
        }
    }

    void begin_phase(const object_key &object, const std::string &name, double us)
    {
        end_phase(object, us);
        phases_[object] = {name, us};
    }

    void end_phase(const object_key &object, double us)
    {
        const auto phase = phases_.find(object);
        if (phase == phases_.end())
            return;
        json event =
            event_of(phase->second.first, "X", object_lanes, objects_.at(object), phase->second.second);
        event["dur"] = us - phase->second.second;
        event["cat"] = "state";
        events_.push_back(std::move(event));
    }

    void add_interrupt(const trace_line &line)
    {
        const auto underscore = line.event.rfind('_');
        if (underscore == std::string::npos)
            return;
        const std::string name = line.event.substr(0, underscore);
        const std::string side = line.event.substr(underscore + 1);
        if (std::ranges::find(interrupts, name) == interrupts.end())
            return;
        cpus_[line.cpu] = true;
        auto &begun = interrupts_[{line.cpu, name}];
        if (side == "entry") {
            begun = line.us;
        } else if (begun) {
            json event = event_of("interrupt " + name, "X", cpu_lanes, line.cpu, *begun);
            event["dur"] = line.us - *begun;
            event["cat"] = "interrupt";
            events_.push_back(std::move(event));
            begun.reset();
        }
    }

    std::vector<trace_line> lines_;
    const storm_record &storm_;
    std::map<object_key, std::size_t> objects_;
    std::map<object_key, std::pair<std::string, double>> phases_;
    std::map<std::pair<unsigned, std::string>, std::optional<double>> interrupts_;
    std::map<unsigned, bool> cpus_;
    std::vector<json> events_;
};

} // namespace

result<std::unique_ptr<trace_recorder>> trace_recorder::begin(const fs::path &tracing)
{
    const fs::path instance = tracing / "instances" / fmt::format("refstorm-{}", ::getpid());
    std::error_code error;
    fs::create_directory(instance, error);
    std::unique_ptr<trace_recorder> recorder(new trace_recorder(instance));
    if (error || !recorder->set("events/refstorm/enable", "1"))
        return problem{exit_code::machine,
                       fmt::format("{} cannot record: {}", tracing.native(),
                                   error ? error.message() : "it has no events of refstorm.ko"),
                       "--trace needs a kernel with tracefs: mount -t tracefs tracefs /sys/kernel/tracing"};
    (void)recorder->set("trace_clock", "mono");
    (void)recorder->set("buffer_size_kb", "512");
    for (const char *name : interrupts)
        for (const char *side : {"_entry", "_exit"})
            (void)recorder->set(fs::path("events/irq_vectors") / (std::string(name) + side) / "enable", "1");
    return recorder;
}

trace_recorder::~trace_recorder()
{
    stop();
    (void)set("events/enable", "0");
    std::error_code ignored;
    fs::remove(instance_, ignored); // rmdir
}

void trace_recorder::stop() const
{
    (void)set("tracing_on", "0");
}

bool trace_recorder::set(const fs::path &file, std::string_view value) const
{
    const auto opened = descriptor::open(instance_ / file, O_WRONLY);
    return opened && ::write(opened->get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

result<std::string> trace_recorder::text() const
{
    stop();
    auto all = read_file(instance_ / "trace");
    if (!all)
        return problem{exit_code::machine,
                       fmt::format("{}: cannot be read: {}", instance_.native(), std::strerror(all.error()))};
    return std::move(*all);
}

json trace_json(std::string_view text, const storm_record &storm)
{
    std::vector<trace_line> lines;
    std::istringstream source{std::string(text)};
    for (std::string line; std::getline(source, line);)
        if (auto parsed = parse_trace_line(line))
            lines.push_back(std::move(*parsed));
    std::ranges::stable_sort(lines, {}, &trace_line::us);
    if (lines.size() > events_at_most)
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(events_at_most));
    return trace_writer(std::move(lines), storm).document();
}

} // namespace refstorm
