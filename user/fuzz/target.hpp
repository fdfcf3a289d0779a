// SPDX-License-Identifier: GPL-2.0
/// \file
/// What is fuzzed: the driver's parsers, each as a function of bytes that demands more than that
/// nothing crashes. libFuzzer calls them (scripts/fuzz-parsers), and the unit tests with the seeds.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace refstorm::fuzzing {

/// A parser violates a property that must hold for every input.
class broken_promise : public std::logic_error {
    using std::logic_error::logic_error;
};

inline void demand(bool kept, const char *promise)
{
    if (!kept)
        throw broken_promise(promise);
}

/// A parser, and the name of its folder of seeds.
struct target {
    std::string_view name;
    void (*take)(std::string_view input);
};

std::span<const target> targets();

// One for each row of the table.
void take_table(std::string_view input);
void take_listing(std::string_view input);
void take_storms(std::string_view input);
void take_oracle(std::string_view input);
void take_bench(std::string_view input);
void take_error_log(std::string_view input);
void take_kernel_log(std::string_view input);
void take_report(std::string_view input);
void take_profile(std::string_view input);
void take_command_line(std::string_view input);
void take_number(std::string_view input);
void take_trace(std::string_view input);
void take_watch(std::string_view input);

} // namespace refstorm::fuzzing
