// SPDX-License-Identifier: GPL-2.0
#include "arguments.hpp"
#include "expected_warning.hpp"
#include "fake_module.hpp"
#include "sample_commands.hpp"
#include "storm_plan.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

const table &providers()
{
    static const table parsed = *parse_table(providers_table, "providers");
    return parsed;
}

storm_plan plan_of(const storm_options &options, unsigned cpus = 4)
{
    auto plan = make_plan(options, sample_parameters(), providers(), cpus);
    if (!plan) {
        ADD_FAILURE() << plan.error().what;
        return {};
    }
    return *plan;
}

problem refused(const storm_options &options)
{
    auto plan = make_plan(options, sample_parameters(), providers(), 4);
    if (plan) {
        ADD_FAILURE() << "accepted";
        return {};
    }
    return plan.error();
}

TEST(plan, shares_twenty_seconds_among_all_providers_unless_told)
{
    const storm_plan plan = plan_of({});
    ASSERT_EQ(plan.storms.size(), 3U);
    for (const storm_spec &spec : plan.storms) {
        EXPECT_EQ(spec.ms, 6666U);
        EXPECT_EQ(spec.workers, 4U);
        EXPECT_EQ(spec.killers, 2U);
        EXPECT_EQ(spec.bound_ms, 2000U);
        EXPECT_EQ(spec.duty, 100U);
        EXPECT_EQ(spec.seed, 0U);
        EXPECT_EQ(spec.pattern, storm_pattern::lifecycle);
    }
}

TEST(plan, gives_each_provider_the_seconds_that_were_told)
{
    storm_options options;
    options.seconds_ms = 1500;
    EXPECT_EQ(plan_of(options).total_ms(), 4500U);
}

TEST(plan, shares_the_total_that_was_told)
{
    storm_options options;
    options.total_ms = 9000;
    options.providers = {"rs_kref", "percpu_ref"};
    EXPECT_EQ(plan_of(options).storms[1].ms, 4500U);
}

TEST(plan, runs_named_providers_in_their_order)
{
    storm_options options;
    options.providers = {"percpu_ref", "refcount", "percpu_ref"};
    const storm_plan plan = plan_of(options);
    ASSERT_EQ(plan.storms.size(), 3U);
    EXPECT_EQ(plan.storms[0].provider, "percpu_ref");
    EXPECT_EQ(plan.storms[1].provider, "refcount");
}

TEST(plan, names_an_unknown_provider_and_the_known_ones)
{
    storm_options options;
    options.providers = {"kreff"};
    const problem what = refused(options);
    EXPECT_EQ(what.code, exit_code::usage);
    EXPECT_NE(what.what.find("'kreff'"), std::string::npos);
    EXPECT_EQ(what.hint, "accepted: refcount rs_kref percpu_ref");
}

TEST(plan, saturates_only_what_saturates)
{
    storm_options options;
    options.pattern = storm_pattern::saturate;
    EXPECT_EQ(plan_of(options).storms.size(), 2U);
    options.providers = {"percpu_ref"};
    EXPECT_EQ(refused(options).hint, "accepted: refcount rs_kref");
}

TEST(plan, ends_alive_only_what_can_be_ended_alive)
{
    const auto known = parse_table("# provider saturates ends\n"
                                   "provider=kref saturates=1 ends=grace\n"
                                   "provider=percpu_ref saturates=0 ends=grace,alive\n"
                                   "provider=rs_percpu_ref saturates=0 ends=all\n",
                                   "providers");
    storm_options options;
    options.pattern = storm_pattern::ends_alive;
    const auto plan = make_plan(options, sample_parameters(), *known, 4);
    ASSERT_TRUE(plan);
    ASSERT_EQ(plan->storms.size(), 2U);
    EXPECT_EQ(plan->storms[0].provider, "percpu_ref");
    EXPECT_EQ(plan->storms[1].provider, "rs_percpu_ref");
    EXPECT_NE(control_command(plan->storms[0]).find(" pattern=ends-alive "), std::string::npos);
    EXPECT_TRUE(load_announcement(*plan, 4).starts_with("4 workers, all 4 CPUs"));
    options.providers = {"kref"};
    const auto refused = make_plan(options, sample_parameters(), *known, 4);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "--provider: no provider that can be ended alive is called 'kref'");
}

TEST(plan, refuses_to_saturate_what_it_knows_no_warning_of)
{
    storm_options options;
    options.pattern = storm_pattern::saturate;
    const auto unknown =
        parse_table("# provider saturates kill_contexts\nprovider=new_count saturates=1 kill_contexts=all\n",
                    "providers");
    const auto plan = make_plan(options, sample_parameters(), *unknown, 4);
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().what.find("'new_count'"), std::string::npos);
}

TEST(plan, has_a_worker_of_each_context_on_every_cpu)
{
    storm_options options;
    options.more["contexts"] = "pinned,softirq,hardirq";
    EXPECT_EQ(plan_of(options).storms[0].workers, 12U);
    options.more["contexts"] = "all";
    EXPECT_EQ(plan_of(options).storms[0].workers, 24U);
    options.workers = 3;
    EXPECT_EQ(plan_of(options).storms[0].workers, 3U);
}

/// A number that must be refused, and what the error says.
struct wrong_number {
    std::optional<std::uint64_t> storm_options::*member;
    std::uint64_t value;
    std::string what;
};

TEST(plan, takes_the_ranges_of_numbers_from_the_module)
{
    for (const wrong_number &wrong :
         {wrong_number{&storm_options::workers, 0,
                       "--workers: '0' is not accepted; accepted: a number from 1 to 256"},
          wrong_number{&storm_options::workers, 257,
                       "--workers: '257' is not accepted; accepted: a number from 1 to 256"},
          wrong_number{&storm_options::killers, 17,
                       "--killers: '17' is not accepted; accepted: a number from 1 to 16"},
          wrong_number{&storm_options::duty, 101,
                       "--duty: '101' is not accepted; accepted: a number from 1 to 100"},
          wrong_number{&storm_options::bound_ms, 60001,
                       "--bound-ms: '60001' is not accepted; accepted: a number from 1 to 60000"}}) {
        storm_options options;
        options.*wrong.member = wrong.value;
        EXPECT_EQ(refused(options).code, exit_code::usage);
        EXPECT_EQ(refused(options).what, wrong.what);
    }
}

TEST(plan, names_an_option_that_the_module_does_not_have_and_those_that_it_has)
{
    storm_options options;
    options.more["kill_context"] = "task";
    const problem what = refused(options);
    EXPECT_EQ(what.code, exit_code::usage);
    EXPECT_NE(what.what.find("'--kill-context'"), std::string::npos);
    EXPECT_EQ(what.hint, "the module has: --contexts --kill-contexts --delay --steps --lives --memory "
                         "--switchers --hotplug");
    // What the driver has an option for is not passed on by another way.
    storm_options provider;
    provider.more["ms"] = "5";
    EXPECT_EQ(refused(provider).code, exit_code::usage);
}

TEST(parameters, of_a_module_without_the_list_are_the_machines_problem)
{
    fake_module module;
    const auto none = storm_parameters::read(module);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, exit_code::machine);
    EXPECT_NE(none.error().hint.find("another version"), std::string::npos);
    module.files["commands"] = [] { return std::string("# command key\ncommand=storm key=-\n"); };
    const auto without_numbers = storm_parameters::read(module);
    ASSERT_FALSE(without_numbers);
    EXPECT_EQ(without_numbers.error().code, exit_code::machine);
    EXPECT_NE(without_numbers.error().what.find("workers="), std::string::npos);
}

TEST(parameters, are_told_with_their_defaults_and_names)
{
    const std::string help = sample_parameters().help();
    EXPECT_NE(help.find("--kill-contexts NAME,...    where kills happen (default task)\n"),
              std::string::npos);
    EXPECT_NE(help.find("accepted: task irqs_off softirq hardirq, or all\n"), std::string::npos);
    EXPECT_NE(help.find("--hotplug 0|1 "), std::string::npos);
    EXPECT_EQ(help.find("--workers"), std::string::npos);
}

TEST(plan, kills_only_where_the_kernel_allows_it_and_says_so)
{
    storm_options options;
    options.more["kill_contexts"] = "hardirq,task";
    const storm_plan plan = plan_of(options);
    EXPECT_EQ(plan.storms[0].more.at("kill_contexts"), "hardirq,task");
    EXPECT_EQ(plan.storms[2].more.at("kill_contexts"), "task");
    ASSERT_EQ(plan.remarks.size(), 1U);
    EXPECT_EQ(plan.remarks[0],
              "percpu_ref: kill_contexts task, not hardirq,task: this counter stands no more here");
}

TEST(plan, leaves_it_to_the_module_to_refuse_what_has_nothing_left)
{
    storm_options options;
    options.more["kill_contexts"] = "hardirq";
    const storm_plan plan = plan_of(options);
    EXPECT_EQ(plan.storms[2].more.at("kill_contexts"), "hardirq");
    EXPECT_TRUE(plan.remarks.empty());
}

TEST(plan, loads_the_machine_for_more_than_an_hour_only_when_told)
{
    storm_options options;
    options.providers = {"refcount", "rs_kref"};
    options.seconds_ms = 1'800'000;
    EXPECT_EQ(plan_of(options).total_ms(), 3'600'000U);
    options.seconds_ms = 1'800'001;
    EXPECT_EQ(refused(options).code, exit_code::usage);
    EXPECT_NE(refused(options).hint.find("--longer-than-an-hour"), std::string::npos);
    options.longer_than_an_hour = true;
    EXPECT_EQ(plan_of(options).storms.size(), 2U);
}

TEST(plan, refuses_a_total_that_leaves_too_little_for_each)
{
    storm_options options;
    options.total_ms = 20;
    EXPECT_NE(refused(options).what.find("--total"), std::string::npos);
}

TEST(plan, takes_no_more_workers_by_itself_than_the_module_allows)
{
    EXPECT_EQ(plan_of({}, 1000).storms[0].workers, 256U);
}

TEST(announcement, says_how_hard_and_how_long)
{
    storm_plan plan = plan_of({});
    EXPECT_EQ(load_announcement(plan, 4),
              "4 workers and 2 killers, all 4 CPUs busy at 100% for about 20 s (3 providers); "
              "Ctrl-C stops it; cap with --workers, --duty, --seconds or --total");
    for (storm_spec &spec : plan.storms) {
        spec.workers = 1;
        spec.killers = 1;
        spec.duty = 30;
    }
    EXPECT_TRUE(load_announcement(plan, 4).starts_with("1 worker and 1 killer, 1 of 4 CPUs busy at 30% for"));
    EXPECT_TRUE(
        load_announcement(plan, 1).starts_with("1 worker and 1 killer, the only CPU busy at 30% for"));
}

TEST(control_line, names_every_parameter)
{
    storm_options options;
    options.providers = {"rs_kref"};
    options.seconds_ms = 250;
    options.seed = 9;
    options.pattern = storm_pattern::saturate;
    EXPECT_EQ(
        control_command(plan_of(options).storms[0]),
        "storm provider=rs_kref ms=250 seed=9 workers=4 killers=2 pattern=saturate bound_ms=2000 duty=100");
}

storm_record shown_storm()
{
    const auto parsed = parse_table(storms_table({{}}), "storms");
    return *parse_storm(parsed->rows.at(0));
}

TEST(repeat_line, has_all_that_made_the_storm_what_it_was)
{
    EXPECT_EQ(repeat_command(shown_storm(), sample_parameters(), {}),
              "refstorm storm --provider rs_kref --seconds 0.1 --seed 7 "
              "--workers 2 --killers 2 --pattern lifecycle "
              "--bound-ms 2000 --duty 100 --contexts pinned,hardirq");
}

TEST(repeat_line, is_understood_by_the_driver_as_the_same_storm)
{
    // The words of the line have no spaces in them here.
    std::vector<std::string> words;
    std::istringstream line(repeat_command(shown_storm(), sample_parameters(), {}));
    for (std::string word; line >> word;)
        words.push_back(word);
    words.erase(words.begin());
    const auto parsed = parse_arguments(words);
    ASSERT_TRUE(std::holds_alternative<arguments>(parsed));
    EXPECT_EQ(
        control_command(plan_of(std::get<arguments>(parsed).storm).storms.at(0)),
        "storm provider=rs_kref ms=100 seed=7 workers=2 killers=2 pattern=lifecycle bound_ms=2000 duty=100 "
        "contexts=pinned,hardirq");
}

TEST(repeat_line, quotes_directories_for_the_shell)
{
    places where;
    where.module_directory = "/tmp/it's here";
    where.debugfs = "/tmp/debug";
    EXPECT_TRUE(
        repeat_command(shown_storm(), sample_parameters(), where)
            .ends_with(" --contexts pinned,hardirq --module-dir '/tmp/it'\\''s here' --debugfs /tmp/debug"));
}

TEST(repeat_line, of_a_long_storm_can_be_run_as_it_stands)
{
    storm_record storm = shown_storm();
    storm.ms = hour_ms + 1;
    EXPECT_NE(repeat_command(storm, sample_parameters(), {}).find(" --longer-than-an-hour"),
              std::string::npos);
}

TEST(saturation, warns_in_the_name_of_the_counter_that_the_provider_is_built_on)
{
    const auto mainline = saturation_warnings_of("kref");
    const auto ours = saturation_warnings_of("rs_kref");
    ASSERT_TRUE(mainline && ours);
    EXPECT_EQ(mainline->owner, warning_owner::mainline);
    EXPECT_EQ(mainline->warnings.at(0).text, "refcount_t: saturated; leaking memory.");
    EXPECT_EQ(mainline->warnings.at(0).count, 2U);
    EXPECT_EQ(ours->owner, warning_owner::rsref);
    EXPECT_EQ(ours->warnings.at(1).text, "rs_refcount_t: underflow; use-after-free.");
    EXPECT_EQ(ours->warnings.at(1).count, 1U);
    EXPECT_FALSE(saturation_warnings_of("percpu_ref"));
}

} // namespace
} // namespace refstorm
