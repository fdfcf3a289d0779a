// SPDX-License-Identifier: GPL-2.0
/// \file
/// A violation as the module left it in its files `account` and `history`, and what their lines say.
#pragma once

#include "table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// One violation.
struct violation {
    std::string provider;
    std::string invariant;
    /// What was seen, in the module's words.
    std::string detail = {};
    /// The line of `account`; nothing if no object broke.
    std::optional<record> account = {};
    /// The lines of `history`, in the order of time.
    std::vector<record> history = {};
};

/// The text of a key; empty if it is `-` or not there.
std::string text_of(const record &row, std::string_view key);
/// The number of a key, with a sign.
std::optional<std::int64_t> number_of(const record &row, std::string_view key);
std::int64_t number_or(const record &row, std::string_view key, std::int64_t otherwise);

/// Microseconds with all digits that the clock has.
std::string microseconds(std::int64_t ns);
/// A length of time in a sentence: with as many digits as order events.
std::string length(std::int64_t ns);

/// "dying, switching, counts 4"; of a counter without modes "counts 4". \p prefix is that of the keys.
std::string state_words(const record &row, std::string_view prefix = "");
/// "is dying, switching, counts 4", or "counts 4".
std::string state_clause(const record &row);
/// A count for a person: a saturated one is as far from zero as can be.
std::string count_words(std::int64_t count);
bool is_saturated(std::int64_t count);
/// "worker 3", "killer 0", "counter".
std::string actor_words(const record &row);

/// A moment at which the counter was looked at: what it counted, and what it should have counted.
struct checkpoint {
    std::string event;
    std::string mode;
    std::int64_t time_ns = 0;
    std::int64_t count = 0;
    std::int64_t should = 0;
    std::int64_t moving = 0;

    /// By how much the count is surely too high; below zero: too low.
    std::int64_t off() const;
};

/// The look that a line has, if it has one with a count. \p prefix is that of the keys.
std::optional<checkpoint> checkpoint_of(const record &row, std::string_view prefix, std::string event);

/// The last line of an event, or nullptr.
const record *last_event(const violation &what, std::string_view event);
/// When it was violated, on the module's clock.
std::int64_t violated_at(const violation &what);

} // namespace refstorm
