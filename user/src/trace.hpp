// SPDX-License-Identifier: GPL-2.0
/// \file
/// What a storm did, as the JSON that Perfetto and chrome://tracing open. The kernel's tracefs records the
/// notes of the storm and the interrupts of all CPUs, in an instance of its own, so other users of tracefs
/// see nothing of it.
#pragma once

#include "json_output.hpp"
#include "result.hpp"
#include "storm_record.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace refstorm {

/// Records while it lives.
class trace_recorder {
  public:
    /// Begins. Fails if the machine has no tracefs.
    static result<std::unique_ptr<trace_recorder>> begin(const std::filesystem::path &tracing);
    trace_recorder(const trace_recorder &) = delete;
    trace_recorder &operator=(const trace_recorder &) = delete;
    ~trace_recorder();

    /// Records no more; what was recorded stays.
    void stop() const;
    /// What was recorded, as tracefs tells it.
    result<std::string> text() const;

  private:
    explicit trace_recorder(std::filesystem::path instance) : instance_(std::move(instance)) {}
    bool set(const std::filesystem::path &file, std::string_view value) const;

    std::filesystem::path instance_;
};

/// \p text of tracefs as a trace: a lane for each CPU with what happened there and its interrupts, and one
/// for each of the objects that were used last. If \p storm broke, the violation is marked.
json trace_json(std::string_view text, const storm_record &storm);

} // namespace refstorm
