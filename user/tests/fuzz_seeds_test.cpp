// SPDX-License-Identifier: GPL-2.0
// What the fuzzer of the parsers begins with, and what it once found, by the same functions.
#include "build_places.hpp"
#include "descriptor.hpp"
#include "target.hpp"

#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

namespace fs = std::filesystem;

class fuzz_seeds : public testing::TestWithParam<fuzzing::target> {};

TEST_P(fuzz_seeds, break_no_promise_of_a_parser)
{
    unsigned seeds = 0;
    for (const auto &entry :
         fs::directory_iterator(fs::path(source_path("user/fuzz/seeds")) / GetParam().name)) {
        SCOPED_TRACE(entry.path().filename());
        const auto text = read_file(entry.path());
        ASSERT_TRUE(text);
        EXPECT_NO_THROW(GetParam().take(*text));
        seeds++;
    }
    EXPECT_GT(seeds, 0U);
}

TEST(fuzz_seed_folders, have_a_target_each)
{
    for (const auto &entry : fs::directory_iterator(source_path("user/fuzz/seeds")))
        EXPECT_TRUE(std::ranges::any_of(fuzzing::targets(), [&](const auto &each) {
            return each.name == entry.path().filename().native();
        })) << entry.path();
}

INSTANTIATE_TEST_SUITE_P(of, fuzz_seeds,
                         testing::ValuesIn(fuzzing::targets().begin(), fuzzing::targets().end()),
                         [](const auto &each) { return std::string(each.param.name); });

} // namespace
} // namespace refstorm
