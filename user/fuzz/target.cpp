// SPDX-License-Identifier: GPL-2.0
#include "target.hpp"

#include <array>

namespace refstorm::fuzzing {

std::span<const target> targets()
{
    static constexpr std::array all = {
        target{"table", take_table},           target{"listing", take_listing},
        target{"storms", take_storms},         target{"oracle", take_oracle},
        target{"bench", take_bench},           target{"error_log", take_error_log},
        target{"kernel_log", take_kernel_log}, target{"report", take_report},
        target{"profile", take_profile},       target{"command_line", take_command_line},
        target{"number", take_number},         target{"trace", take_trace},
        target{"watch", take_watch},
    };
    return all;
}

} // namespace refstorm::fuzzing
