// SPDX-License-Identifier: GPL-2.0
/// \file
/// What can be asked of a storm, as the module lists it in its file `commands`: the driver has no list of
/// its own.
#pragma once

#include "module_port.hpp"
#include "result.hpp"
#include "table.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// The words of a list with commas.
std::vector<std::string> split_list(std::string_view list);

/// A key of the module's command `storm`.
struct storm_parameter {
    std::string key = {};
    std::string kind = {};  ///< number, choice, several, ...
    std::string usual = {}; ///< what the module takes if nothing is said; empty if the module decides then
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    std::vector<std::string> names = {}; ///< that a choice accepts
    std::string help = {};

    /// `--kill-contexts` for kill_contexts.
    std::string flag() const;
    /// `N` or `NAME,...`, for help.
    std::string type() const;
    bool is_list() const { return kind == "several"; }
    /// The default of a number; 0 if the module decides.
    std::uint64_t usual_number() const;
};

/// Values of parameters, by key.
using module_values = std::map<std::string, std::string, std::less<>>;

/// All of them, in the module's order.
class storm_parameters {
  public:
    storm_parameters() = default;

    /// Takes the rows of `storm` from the table \p commands.
    static result<storm_parameters> parse(const table &commands);
    /// The same from the module behind \p port. A module that has no such file is of another version.
    static result<storm_parameters> read(module_port &port);

    const std::vector<storm_parameter> &all() const { return all_; }
    /// The parameter of this key, or nullptr.
    const storm_parameter *find(std::string_view key) const;
    /// One that the driver computes with, and that every module has.
    result<const storm_parameter *> number(std::string_view key) const;
    /// Those that an option of this driver sets in its own words are left out.
    std::vector<const storm_parameter *> passed_on() const;

    /// A line for each of passed_on().
    std::string help() const;

  private:
    std::vector<storm_parameter> all_;
};

} // namespace refstorm
