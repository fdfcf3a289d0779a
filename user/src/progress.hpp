// SPDX-License-Identifier: GPL-2.0
/// \file
/// What is seen on stderr while storms run: one line that changes on a terminal, a plain line now and
/// then elsewhere.
#pragma once

#include "storm_record.hpp"

#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

namespace refstorm {

/// Shows how far a run is.
class progress {
  public:
    /// \p count storms will run; lines go to \p out.
    progress(std::FILE *out, std::size_t count);
    progress(const progress &) = delete;
    progress &operator=(const progress &) = delete;
    /// Leaves no changing line behind.
    ~progress();

    /// How often `update` is worth calling.
    std::chrono::milliseconds interval() const;

    void started(std::string_view provider);
    void update(const storm_record &storm);
    void finished(const storm_record &storm);
    /// A line that the next one replaces on a terminal; elsewhere one now and then.
    void show(std::string_view line);
    /// The end of such lines.
    void clear();
    /// A permanent line.
    void say(std::string_view line);

  private:
    void clear_line();

    std::FILE *out_;
    bool terminal_;
    std::size_t columns_;
    bool line_shown_ = false;
    std::size_t count_;
    std::size_t number_ = 0;
    std::chrono::steady_clock::time_point last_;
};

} // namespace refstorm
