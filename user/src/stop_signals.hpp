// SPDX-License-Identifier: GPL-2.0
/// \file
/// Ctrl-C, SIGTERM and SIGHUP as something that poll() can wait for.
#pragma once

#include "descriptor.hpp"

namespace refstorm {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but make `fd` readable.
class stop_signals {
  public:
    stop_signals();
    stop_signals(const stop_signals &) = delete;
    stop_signals &operator=(const stop_signals &) = delete;
    ~stop_signals();

    int fd() const { return file_.get(); }
    /// Takes one signal off; false if there was none.
    bool take();

  private:
    descriptor file_;
};

} // namespace refstorm
