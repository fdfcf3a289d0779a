// SPDX-License-Identifier: GPL-2.0
#include "arguments.hpp"
#include "fake_module.hpp"
#include "sample_commands.hpp"

#include <gtest/gtest.h>
#include <refstorm/refstorm.h>

namespace refstorm {
namespace {

using words = std::vector<std::string>;

arguments accepted(const words &line)
{
    auto parsed = parse_arguments(line);
    if (const auto *nothing = std::get_if<nothing_to_run>(&parsed)) {
        ADD_FAILURE() << nothing->error.what;
        return {};
    }
    return std::get<arguments>(parsed);
}

nothing_to_run not_run(const words &line)
{
    auto parsed = parse_arguments(line);
    if (auto *nothing = std::get_if<nothing_to_run>(&parsed))
        return *nothing;
    ADD_FAILURE() << "accepted";
    return {};
}

/// A command line that must be refused, and what the error must name.
struct refused_line {
    const char *name;
    words line;
    words named;
};

void PrintTo(const refused_line &line, std::ostream *out) // NOLINT(readability-identifier-naming)
{
    *out << line.name;
}

class wrong_arguments : public testing::TestWithParam<refused_line> {};

TEST_P(wrong_arguments, are_refused_by_name_with_what_is_accepted)
{
    const auto refused = not_run(GetParam().line);
    EXPECT_EQ(refused.code, exit_code::usage);
    for (const std::string &name : GetParam().named)
        EXPECT_NE(refused.error.what.find(name), std::string::npos) << refused.error.what;
}

INSTANTIATE_TEST_SUITE_P(
    all, wrong_arguments,
    testing::Values(
        refused_line{"no_subcommand", {}, {"missing", "load unload list exec storm explain oracle bench"}},
        refused_line{
            "unknown_subcommand", {"strom"}, {"'strom'", "load unload list exec storm explain oracle bench"}},
        refused_line{"unknown_option", {"list", "--worker"}, {"--worker"}},
        refused_line{"unknown_option_like_another",
                     {"report", "--gnuplt", "x", "y"},
                     {"'--gnuplt'", "mean --gnuplot?"}},
        refused_line{"unknown_option_before_the_subcommand", {"--jsn", "list"}, {"'--jsn'", "mean --json?"}},
        refused_line{"unknown_flag_of_storm", {"storm", "--bisct"}, {"'--bisct'", "mean --bisect?"}},
        refused_line{"subcommand_like_another", {"strom"}, {"'strom'", "mean storm?"}},
        refused_line{"listing_like_another", {"list", "provider"}, {"'provider'", "mean providers?"}},
        refused_line{"module_option_without_a_value", {"storm", "--contexts"}, {"--contexts", "value"}},
        refused_line{
            "module_option_of_two_words", {"storm", "--contexts", "all x"}, {"--contexts", "one word"}},
        refused_line{"module_option_before_an_option", {"storm", "--delay", "--keep"}, {"--delay", "value"}},
        refused_line{
            "module_option_twice", {"storm", "--delay=1", "--delay", "2"}, {"--delay", "stands twice"}},
        refused_line{"surplus_word_of_storm", {"storm", "--delay", "1", "2"}, {"2"}},
        refused_line{"workers_that_are_no_number", {"storm", "--workers", "many"}, {"--workers", "'many'"}},
        refused_line{"unknown_listing", {"list", "x"}, {"'x'", "providers", "errors"}},
        refused_line{"no_command", {"exec"}, {"command"}},
        refused_line{"seconds_not_a_number", {"storm", "--seconds", "nan"}, {"--seconds", "'nan'", "0.01"}},
        refused_line{"seconds_too_short", {"storm", "--seconds", "0.001"}, {"--seconds", "0.01 to 86400"}},
        refused_line{"seconds_negative", {"storm", "--seconds", "-1"}, {"--seconds"}},
        refused_line{
            "seconds_and_total", {"storm", "--seconds", "1", "--total", "2"}, {"--seconds", "--total"}},
        refused_line{"seed_too_large",
                     {"storm", "--seed", "18446744073709551616"},
                     {"--seed", "18446744073709551615"}},
        refused_line{"duty_with_percent", {"storm", "--duty", "50%"}, {"--duty", "'50%'"}},
        refused_line{"unknown_pattern",
                     {"storm", "--pattern", "rain"},
                     {"--pattern", "'rain'", "ends-alive lifecycle saturate"}},
        refused_line{
            "no_such_directory", {"load", "--module-dir", "/nonexistent"}, {"--module-dir", "/nonexistent"}},
        refused_line{"no_hours", {"storm", "--hours", "0"}, {"--hours", "0.0003 to 8760"}},
        refused_line{"hours_that_are_no_number", {"storm", "--hours", "nan"}, {"--hours"}},
        refused_line{"hours_and_a_total", {"storm", "--hours", "1", "--total", "9"}, {"--hours", "--total"}},
        refused_line{"hours_and_ktap", {"storm", "--hours", "1", "--ktap"}, {"--hours", "--ktap"}},
        refused_line{"hours_and_a_trace", {"storm", "--hours", "1", "--trace", "f"}, {"--hours", "--trace"}},
        refused_line{"resume_without_hours", {"storm", "--resume"}, {"--resume", "--hours"}},
        refused_line{"surplus_word", {"unload", "now"}, {"now"}}),
    [](const auto &info) { return info.param.name; });

TEST(arguments, a_long_run_has_hours_and_a_file)
{
    const arguments parsed = accepted({"storm", "--hours", "0.5", "--log", "f", "--resume"});
    EXPECT_EQ(parsed.soak.total_ms, 1'800'000U);
    EXPECT_EQ(parsed.soak.log, "f");
    EXPECT_TRUE(parsed.soak.resume);
    EXPECT_TRUE(accepted({"storm", "--ktap"}).ktap);
    EXPECT_FALSE(accepted({"storm"}).soak.total_ms);
}

TEST(arguments, help_and_version_are_no_errors)
{
    EXPECT_EQ(not_run({"--version"}).code, exit_code::held);
    EXPECT_NE(not_run({"--version"}).out.find("0."), std::string::npos);
    EXPECT_EQ(not_run({"storm", "--help"}).code, exit_code::held);
    EXPECT_NE(not_run({"storm", "--help"}).out.find("--longer-than-an-hour"), std::string::npos);
    EXPECT_NE(not_run({"--help"}).out.find("130"), std::string::npos);
}

TEST(arguments, list_shows_providers_unless_told)
{
    EXPECT_EQ(accepted({"list"}).what, listing::providers);
    EXPECT_EQ(accepted({"list", "errors"}).what, listing::errors);
}

TEST(arguments, json_and_debugfs_may_stand_on_either_side_of_the_subcommand)
{
    EXPECT_TRUE(accepted({"--json", "list"}).json);
    EXPECT_TRUE(accepted({"list", "--json"}).json);
    EXPECT_EQ(accepted({"list", "--debugfs", "/x"}).where.debugfs, "/x");
    EXPECT_EQ(accepted({"list"}).where.debugfs, "/sys/kernel/debug/refstorm");
    EXPECT_FALSE(accepted({"list"}).json);
}

TEST(arguments, exec_takes_words_that_are_names_of_subcommands)
{
    const auto args = accepted({"exec", "storm", "provider=kref", "+", "list"});
    EXPECT_EQ(args.command, subcommand::exec);
    EXPECT_EQ(args.words, (words{"storm", "provider=kref", "+", "list"}));
}

TEST(arguments, exec_takes_a_single_dash_and_words_after_two)
{
    EXPECT_EQ(accepted({"exec", "-"}).words, words{"-"});
    EXPECT_EQ(accepted({"exec", "--", "get", "--json"}).words, (words{"get", "--json"}));
    EXPECT_FALSE(accepted({"exec", "--", "get", "--json"}).json);
}

TEST(arguments, load_takes_parameters)
{
    EXPECT_EQ(accepted({"load", "fail_site=x", "rsref.fail_nth=1"}).parameters,
              (words{"fail_site=x", "rsref.fail_nth=1"}));
}

TEST(arguments, storm_leaves_unset_what_is_not_told)
{
    const auto storm = accepted({"storm"}).storm;
    EXPECT_TRUE(storm.providers.empty());
    EXPECT_EQ(storm.seconds_ms, std::nullopt);
    EXPECT_EQ(storm.seed, std::nullopt);
    EXPECT_EQ(storm.pattern, storm_pattern::lifecycle);
    EXPECT_FALSE(accepted({"storm"}).keep);
}

TEST(arguments, storm_takes_all_its_options)
{
    const auto all = accepted({"storm",     "--provider", "kref",      "--provider", "atomic,rs_kref",
                               "--seconds", "2.5",        "--seed",    "0xff",       "--workers",
                               "3",         "--killers",  "1",         "--bound-ms", "500",
                               "--duty",    "50",         "--pattern", "saturate",   "--longer-than-an-hour",
                               "--keep"});
    const auto &storm = all.storm;
    EXPECT_EQ(storm.providers, (words{"kref", "atomic", "rs_kref"}));
    EXPECT_EQ(storm.seconds_ms, 2500U);
    EXPECT_EQ(storm.seed, 255U);
    EXPECT_EQ(storm.workers, 3U);
    EXPECT_EQ(storm.killers, 1U);
    EXPECT_EQ(storm.bound_ms, 500U);
    EXPECT_EQ(storm.duty, 50U);
    EXPECT_EQ(storm.pattern, storm_pattern::saturate);
    EXPECT_TRUE(storm.longer_than_an_hour);
    EXPECT_TRUE(all.keep);
}

TEST(arguments, storm_takes_what_it_does_not_know_for_the_modules)
{
    const auto args = accepted({"--debugfs", "/x", "storm", "--contexts", "all", "--life-us=5", "--seconds",
                                "2", "--track", "1", "--json"});
    EXPECT_EQ(args.storm.more, (module_values{{"contexts", "all"}, {"life_us", "5"}, {"track", "1"}}));
    EXPECT_EQ(args.storm.seconds_ms, 2000U);
    EXPECT_TRUE(args.json);
    // A command of exec may have the same name.
    EXPECT_EQ(accepted({"exec", "storm", "x"}).words, (words{"storm", "x"}));
}

TEST(arguments, help_of_storm_says_where_the_list_of_options_comes_from)
{
    const std::string without = not_run({"--debugfs", "/nonexistent", "storm", "--help"}).out;
    EXPECT_NE(without.find("/nonexistent/commands"), std::string::npos) << without;
    EXPECT_NE(without.find("refstorm load"), std::string::npos);
    const temporary_directory place;
    place.write("commands", sample_commands);
    const std::string with = not_run({"storm", "--help", "--debugfs", place.path().native()}).out;
    EXPECT_NE(with.find("--kill-contexts"), std::string::npos) << with;
    EXPECT_NE(with.find((place.path() / "commands").native()), std::string::npos);
}

TEST(arguments, oracle_takes_all_its_options)
{
    const auto all =
        accepted({"oracle", "--counter", "kref", "--steps", "5", "--seed", "7", "--lockstep", "--unlist",
                  "looks_dead", "--keep", "--kernel-log", "log", "--module-dir", "."});
    EXPECT_EQ(all.oracle.counters, words{"kref"});
    EXPECT_EQ(all.oracle.steps, 5U);
    EXPECT_EQ(all.oracle.seed, 7U);
    EXPECT_TRUE(all.oracle.lockstep);
    EXPECT_EQ(all.oracle.unlist, "looks_dead");
    EXPECT_TRUE(all.keep);
    EXPECT_EQ(all.where.kernel_log, "log");
    EXPECT_FALSE(accepted({"oracle"}).oracle.lockstep);
}

/// As troff has a name.
std::string troff_of(std::string name)
{
    for (auto at = name.find('-'); at != std::string::npos; at = name.find('-', at + 2))
        name.insert(at, "\\");
    return name;
}

TEST(help, is_a_subcommand_too)
{
    EXPECT_EQ(not_run({"help"}).out, not_run({"--help"}).out);
    EXPECT_EQ(not_run({"help", "bench"}).out, not_run({"bench", "--help"}).out);
    EXPECT_EQ(not_run({"help", "bench"}).code, exit_code::held);
}

TEST(help, names_every_invariant)
{
#define HAS(id, name, text)                                                                                  \
    EXPECT_NE(not_run({"--help"}).out.find(name), std::string::npos) << name;                                \
    EXPECT_NE(not_run({"storm", "--help"}).out.find(name), std::string::npos) << name;                       \
    EXPECT_NE(not_run({"--generate", "man-storm"}).out.find(troff_of(name)), std::string::npos) << name;
    RS_INVARIANTS(HAS)
#undef HAS
}

TEST(generated, man_pages_and_completion_have_every_option_and_subcommand)
{
    const std::string completion = not_run({"--generate", "bash-completion"}).out;
    const std::string page = not_run({"--generate", "man"}).out;
    for (const std::string name :
         {"load", "unload", "list", "exec", "storm", "oracle", "bench", "report", "watch"}) {
        EXPECT_NE(page.find("refstorm\\-" + name), std::string::npos) << name;
        const std::string its_page = not_run({"--generate", "man-" + name}).out;
        EXPECT_TRUE(its_page.starts_with(".\\\"")) << name;
        for (const std::string &option : option_names(name)) {
            if (option == "--help" || option == "--help-all")
                continue;
            EXPECT_NE(completion.find(option), std::string::npos) << option;
            const std::string escaped = troff_of(option);
            EXPECT_TRUE(its_page.find(escaped) != std::string::npos ||
                        page.find(escaped) != std::string::npos)
                << name << ' ' << option;
        }
    }
    EXPECT_EQ(not_run({"--generate", "man-nothing"}).code, exit_code::usage);
}

} // namespace
} // namespace refstorm
