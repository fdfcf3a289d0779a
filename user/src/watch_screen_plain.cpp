// SPDX-License-Identifier: GPL-2.0
/// \file
/// Without ncurses: never open, so that `watch` prints lines.
#include "watch_screen.hpp"

namespace refstorm {

watch_screen::watch_screen() = default;
watch_screen::~watch_screen() = default;
watch_size watch_screen::size() const
{
    return {};
}
void watch_screen::draw(const std::vector<watch_line> & /*lines*/) const {}
bool watch_screen::quits() const
{
    return false;
}

} // namespace refstorm
