// SPDX-License-Identifier: GPL-2.0
/// \file
/// The subcommands. Each prints its result on stdout and returns the exit code, or the problem that
/// main prints.
#pragma once

#include "arguments.hpp"
#include "json_output.hpp"
#include "machine.hpp"
#include "module_port.hpp"
#include "result.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace refstorm {

result<exit_code> command_load(const arguments &args);
result<exit_code> command_unload(const arguments &args);
result<exit_code> command_list(const arguments &args);
result<exit_code> command_exec(const arguments &args);
result<exit_code> command_storm(const arguments &args);
result<exit_code> command_explain(const arguments &args);
result<exit_code> command_oracle(const arguments &args);
result<exit_code> command_bench(const arguments &args);
result<exit_code> command_report(const arguments &args);
result<exit_code> command_watch(const arguments &args);

/// What `list` prints for \p what.
result<std::string> list_text(module_port &port, listing what, bool as_json, bool with_colour);

/// Takes the words of `exec` apart: one command for each part between `+`.
result<std::vector<std::string>> split_commands(const std::vector<std::string> &words);

/// Fails if \p command makes the kernel warn on purpose and the kernel would panic.
result<done> may_run(const machine &here, const std::string &command);

/// Runs commands through \p port until one is refused; results go to \p out, refusals to \p err.
class command_sequence {
  public:
    command_sequence(module_port &port, bool as_json, std::FILE *out, std::FILE *err)
        : port_(port), as_json_(as_json), out_(out), err_(err)
    {
    }

    /// Runs one; false if it was refused.
    bool run(const std::string &command);
    /// Prints the document if there is one to print; the exit code of the whole.
    exit_code finish();

  private:
    module_port &port_;
    bool as_json_;
    std::FILE *out_;
    std::FILE *err_;
    exit_code code_ = exit_code::held;
    json results_ = json::array();
};

} // namespace refstorm
