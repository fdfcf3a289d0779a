// SPDX-License-Identifier: GPL-2.0
/// \file
/// The invariants of storms, their meaning and what breaks them, from RS_INVARIANTS and RS_INVARIANT_CAUSES.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace refstorm {

/// What must hold by the invariant \p name; empty if there is none of that name.
std::string_view invariant_meaning(std::string_view name);
/// What breaks it, the most likely causes first.
std::vector<std::string_view> invariant_causes(std::string_view name);
/// All names, in the order of the list.
std::vector<std::string_view> invariant_names();
/// docs/invariants.md: all invariants, with their meaning and causes.
std::string invariants_page();
/// One invariant for a person who asks for it by name.
std::string invariant_text(std::string_view name);

} // namespace refstorm
