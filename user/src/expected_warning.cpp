// SPDX-License-Identifier: GPL-2.0
#include "expected_warning.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace refstorm {

namespace {

struct warning_row {
    std::string_view provider;
    /// What the counter calls itself in its warnings.
    std::string_view counter;
    warning_owner owner;
};

constexpr std::array warning_rows = {
    warning_row{"refcount", "refcount_t", warning_owner::mainline},
    warning_row{"kref", "refcount_t", warning_owner::mainline},
    warning_row{"rs_refcount", "rs_refcount_t", warning_owner::rsref},
    warning_row{"rs_kref", "rs_refcount_t", warning_owner::rsref},
    warning_row{"cxx_refcount", "rs_refcount_t", warning_owner::rsref},
    warning_row{"cxx_kref", "rs_refcount_t", warning_owner::rsref},
};

} // namespace

std::optional<saturation_warnings> saturation_warnings_of(std::string_view provider)
{
    const auto *row = std::ranges::find(warning_rows, provider, &warning_row::provider);
    if (row == warning_rows.end())
        return std::nullopt;
    // By get and by tryget; then by a put.
    return saturation_warnings{row->owner,
                               {{2, fmt::format("{}: saturated; leaking memory.", row->counter)},
                                {1, fmt::format("{}: underflow; use-after-free.", row->counter)}}};
}

} // namespace refstorm
