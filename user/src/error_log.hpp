// SPDX-License-Identifier: GPL-2.0
/// \file
/// The module's error_log: each refused write in words, with a caret under the wrong one.
#pragma once

#include "result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// One refused write.
struct error_entry {
    /// Seconds since boot, as the module wrote them.
    std::string time;
    /// The file that was written: control, alloc, ...
    std::string file;
    std::string message;
    std::string command;
    /// Where in the command the caret points, from 1; nothing if the entry has none.
    std::optional<std::size_t> column;
    /// The entry as it stands in the file.
    std::string text;
};

/// Parses the whole log, oldest entry first.
result<std::vector<error_entry>> parse_error_log(std::string_view text);

/// The newest entry about a write of \p command to `control`, or nullptr.
const error_entry *newest_for_command(const std::vector<error_entry> &log, std::string_view command);

} // namespace refstorm
