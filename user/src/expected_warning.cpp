// SPDX-License-Identifier: GPL-2.0
#include "expected_warning.hpp"

#include <algorithm>
#include <array>

namespace refstorm {

namespace {

struct warning_row {
    std::string_view provider;
    std::string_view text;
};

constexpr std::array warning_rows = {
    warning_row{"refcount", "refcount_t: saturated; leaking memory."},
    warning_row{"kref", "refcount_t: saturated; leaking memory."},
    warning_row{"rs_refcount", "rs_refcount_t: saturated; leaking memory."},
    warning_row{"rs_kref", "rs_refcount_t: saturated; leaking memory."},
};

} // namespace

std::optional<std::string_view> saturation_warning(std::string_view provider)
{
    const auto *row = std::ranges::find(warning_rows, provider, &warning_row::provider);
    if (row == warning_rows.end())
        return std::nullopt;
    return row->text;
}

} // namespace refstorm
