// SPDX-License-Identifier: GPL-2.0
/// \file
/// The terminal on which `watch` draws. There are two of this: with ncurses, and without, for a driver that
/// is linked statically (watch_screen_plain.cpp), whose `watch` prints lines.
#pragma once

#include "watch_view.hpp"

#include <vector>

namespace refstorm {

/// A terminal in full-screen mode, which is as it was when this ends. There is one at a time, for one thread.
class watch_screen {
  public:
    /// Takes the terminal of stdout, if it is one that can be drawn on.
    watch_screen();
    watch_screen(const watch_screen &) = delete;
    watch_screen &operator=(const watch_screen &) = delete;
    ~watch_screen();

    /// True if there is a terminal to draw on; otherwise nothing below may be called.
    bool is_open() const { return open_; }
    watch_size size() const;
    void draw(const std::vector<watch_line> &lines) const;
    /// True once the person wants to leave. A changed size comes as a key, too.
    bool quits() const;

  private:
    bool open_ = false;
    bool coloured_ = false;
};

} // namespace refstorm
