// SPDX-License-Identifier: GPL-2.0
/// \file
/// What may be written to the files of debugfs, as the module lists it in its file commands, and how to
/// break it.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

using random_source = std::mt19937_64;

/// A number below \p bound.
inline std::uint64_t below(random_source &random, std::uint64_t bound)
{
    return random() % bound;
}

/// One write: to which file, and what.
struct attempt {
    std::string_view file;
    std::string text;
    /// The verb, if the text is a command that follows the grammar.
    std::string_view verb;
};

/// A word that a command takes: a row of the commands file.
struct word {
    std::string name;
    std::string kind;
    bool operand = false;
    bool needed = false;
    bool instead = false; ///< of the word before
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    std::vector<std::string> names; ///< that a choice accepts
};

/// A command of a file, and how it is drawn.
struct rule {
    std::string file;
    std::string verb;
    std::vector<word> words;
    unsigned weight = 0;
    /// It takes its time, or needs luck: a short run need not see it accepted.
    bool rare = false;
    /// Not even a long run sees it accepted for certain.
    bool lucky = false;
};

/// The commands, providers and sites that the module has, read from its files.
class grammar {
  public:
    grammar(const std::string &commands, const std::string &providers, const std::string &alloc);

    const std::vector<rule> &rules() const { return rules_; }

    /// The next write of the sequence that \p random stands for.
    attempt next(random_source &random) const;

  private:
    std::string text_of(random_source &random, const word &key) const;
    std::string value_of(random_source &random, const rule &command, const word &key) const;
    std::string expand(random_source &random, const rule &command) const;

    std::vector<rule> rules_;
    std::vector<std::string> providers_;
    std::vector<std::string> sites_;
};

/// Who may hold a reference that a get or pass takes for a holder.
inline constexpr std::array<const char *, 3> holders = {"a", "b", "control"};

/// A write that may make a counter warn, wait for long, or take the machine for itself: it is not made.
bool is_out_of_bounds(std::string_view text);

} // namespace fuzz
