// SPDX-License-Identifier: GPL-2.0
#include "nearest.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace refstorm {

namespace {

/// Edits from \p a to \p b, a swap of neighbours as one.
std::size_t distance_between(std::string_view a, std::string_view b)
{
    std::vector<std::vector<std::size_t>> edits(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); i++)
        for (std::size_t j = 0; j <= b.size(); j++) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                                    edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
        }
    return edits[a.size()][b.size()];
}

} // namespace

std::string nearest(std::string_view word, const std::vector<std::string> &words)
{
    std::string best;
    std::size_t least = 0;
    for (const std::string &each : words) {
        const std::size_t edits = distance_between(word, each);
        const std::size_t letters = each.size() - std::min(each.find_first_not_of('-'), each.size());
        if (edits <= std::max<std::size_t>(1, letters / 3) && (best.empty() || edits < least)) {
            best = each;
            least = edits;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string> &words)
{
    const std::string meant = nearest(word, words);
    return meant.empty() ? "" : fmt::format("; did you mean {}?", meant);
}

} // namespace refstorm
