// SPDX-License-Identifier: GPL-2.0
#include "exit_code.hpp"
#include "storm_record.hpp"
#include "storm_run.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

storm_outcome with(verdict v)
{
    storm_outcome outcome;
    outcome.storm.outcome = v;
    return outcome;
}

TEST(exit_codes, are_the_numbers_that_the_documentation_promises)
{
    EXPECT_EQ(static_cast<int>(exit_code::held), 0);
    EXPECT_EQ(static_cast<int>(exit_code::broken), 1);
    EXPECT_EQ(static_cast<int>(exit_code::usage), 2);
    EXPECT_EQ(static_cast<int>(exit_code::machine), 3);
    EXPECT_EQ(static_cast<int>(exit_code::interrupted), 130);
}

TEST(exit_codes, only_the_verdict_held_is_a_success)
{
    EXPECT_EQ(exit_code_for_verdict(verdict::held, false), exit_code::held);
    for (const verdict v : {verdict::broken, verdict::unproven, verdict::stopped, verdict::running})
        EXPECT_EQ(exit_code_for_verdict(v, false), exit_code::broken) << verdict_name(v);
    EXPECT_EQ(exit_code_for_verdict(verdict::error, false), exit_code::machine);
}

TEST(exit_codes, a_stop_that_was_asked_for_is_an_interruption_and_a_broken_invariant_is_not)
{
    EXPECT_EQ(exit_code_for_verdict(verdict::stopped, true), exit_code::interrupted);
    EXPECT_EQ(exit_code_for_verdict(verdict::broken, true), exit_code::broken);
}

TEST(exit_codes, of_a_run_tell_the_worst_storm)
{
    run_outcome all;
    all.storms = {with(verdict::held), with(verdict::held)};
    EXPECT_EQ(all.code(), exit_code::held);
    EXPECT_EQ(all.overall(), verdict::held);

    all.storms.push_back(with(verdict::error));
    EXPECT_EQ(all.code(), exit_code::machine);
    all.storms.push_back(with(verdict::unproven));
    EXPECT_EQ(all.code(), exit_code::broken);
    EXPECT_EQ(all.overall(), verdict::unproven);
    all.storms.insert(all.storms.begin(), with(verdict::broken));
    EXPECT_EQ(all.overall(), verdict::broken);
}

TEST(exit_codes, of_an_interrupted_run_are_130_unless_something_broke)
{
    run_outcome all;
    all.interrupted = true;
    EXPECT_EQ(all.code(), exit_code::interrupted);
    all.storms = {with(verdict::held), with(verdict::stopped)};
    EXPECT_EQ(all.code(), exit_code::interrupted);
    all.storms.push_back(with(verdict::broken));
    EXPECT_EQ(all.code(), exit_code::broken);
}

TEST(exit_codes, of_a_run_that_could_not_go_on_are_never_a_success)
{
    run_outcome all;
    all.storms = {with(verdict::held)};
    all.failure = problem{exit_code::machine, "no memory"};
    EXPECT_EQ(all.code(), exit_code::machine);
    EXPECT_NE(all.overall(), verdict::held);
}

TEST(errno_table, maps_a_wrong_command_to_usage_and_a_limit_to_the_machine)
{
    for (const int error : {EINVAL, E2BIG, ERANGE, ENOENT, EEXIST, EALREADY, EBUSY, EPERM, EOPNOTSUPP})
        EXPECT_EQ(exit_code_for_errno(error), exit_code::usage) << errno_name(error);
    for (const int error : {ENOSPC, ENOMEM, EACCES, EIO})
        EXPECT_EQ(exit_code_for_errno(error), exit_code::machine) << errno_name(error);
    EXPECT_EQ(exit_code_for_errno(ETIMEDOUT), exit_code::broken);
    EXPECT_EQ(exit_code_for_errno(EINTR), exit_code::interrupted);
}

TEST(errno_table, names_the_errnos_of_the_interface)
{
    EXPECT_EQ(errno_name(EALREADY), "EALREADY");
    EXPECT_EQ(errno_name(EIO), "errno 5");
    EXPECT_FALSE(errno_meaning(EIO).empty());
}

TEST(verdicts, are_known_by_the_names_of_the_table_only)
{
    for (const verdict v : {verdict::held, verdict::broken, verdict::unproven, verdict::stopped,
                            verdict::error, verdict::running})
        EXPECT_EQ(parse_verdict(verdict_name(v)), v);
    EXPECT_EQ(parse_verdict("HELD"), std::nullopt);
    EXPECT_EQ(parse_verdict(""), std::nullopt);
}

} // namespace
} // namespace refstorm
