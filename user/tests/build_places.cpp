// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"

namespace refstorm {

std::string built_driver()
{
    return REFSTORM_BINARY;
}
std::string source_path(const std::string &name)
{
    return std::string(REFSTORM_SOURCE) + "/" + name;
}

} // namespace refstorm
