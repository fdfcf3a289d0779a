// SPDX-License-Identifier: GPL-2.0
#include "fake_module.hpp"
#include "gnuplot.hpp"
#include "report_data.hpp"
#include "report_page.hpp"
#include "report_plots.hpp"

#include <set>
#include <tuple>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *row = R"({"kernel":"6.1.0-56-cloud-amd64","provider":"%","operation":"pair","cpus":1,)"
                            R"("unit":"instructions","value":40})";

std::string with(const std::string &rows, const std::string &rest = R"("kills":[],"kill_buckets":[])")
{
    return fmt::format(R"({{"schema":2,"kernel":"6.1.0-56-cloud-amd64","results":[{}],{}}})", rows, rest);
}

std::string pair_of(const std::string &provider)
{
    std::string text = row;
    return text.replace(text.find('%'), 1, provider);
}

std::string result_row(const std::string &provider, const std::string &operation, unsigned cpus,
                       const std::string &unit, double value)
{
    return fmt::format(R"({{"provider":"{}","operation":"{}","cpus":{},"unit":"{}","value":{}}})", provider,
                       operation, cpus, unit, value);
}

std::string bucket(const std::string &what, unsigned refs, unsigned ns, unsigned count)
{
    return fmt::format(
        R"({{"bucket":{},"kill":"{}","provider":"percpu_ref","refs":{},"load":"none","from":"one",)"
        R"("count":{}}})",
        ns, what, refs, count);
}

constexpr const char *storms =
    R"({"schema":2,"kernel":"6.12.1-rt-amd64","storms":[{"provider":"rs_sealed_ref","verdict":"held","kills":7,)"
    R"("release_min_ns":1000,"release_median_ns":2000,"release_p99_ns":3000,"release_max_ns":4000},)"
    R"({"provider":"atomic","verdict":"stopped","kills":0,"release_min_ns":null,"release_median_ns":null,)"
    R"("release_p99_ns":null,"release_max_ns":null}]})";

report_data data_of(const std::string &text)
{
    report_data data;
    const auto added = data.add(text, "in.json");
    EXPECT_TRUE(added) << added.error().what;
    return data;
}

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

TEST(report_data, reads_benches_and_storms_of_several_kernels)
{
    report_data data;
    ASSERT_TRUE(data.add("[" + with(pair_of("kref")) + "," + with(pair_of("rs_kref")) + "]", "bench.json"));
    ASSERT_TRUE(data.add(storms, "storm.json"));
    EXPECT_EQ(data.benches.size(), 2U);
    EXPECT_EQ(data.benches[1].results[0], (bench_result{"rs_kref", "pair", 1, "instructions", 40}));
    ASSERT_EQ(data.storms.size(), 2U);
    EXPECT_EQ(data.storms[0].p99_ns, 3000U);
    EXPECT_FALSE(data.storms[1].p99_ns);
}

struct bad_input {
    std::string text;
    std::string said;
};

void PrintTo(const bad_input &input, std::ostream *out)
{
    *out << input.said;
}

class refused_input : public testing::TestWithParam<bad_input> {};

TEST_P(refused_input, is_an_error_that_names_the_file_and_the_place)
{
    report_data data;
    const auto added = data.add(GetParam().text, "in.json");
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, exit_code::usage);
    EXPECT_EQ(added.error().what, "in.json: " + GetParam().said);
}

INSTANTIATE_TEST_SUITE_P(
    report, refused_input,
    testing::Values(
        bad_input{"", "no JSON"}, bad_input{"{\"schema\":1", "no JSON"},
        bad_input{"[]", "there is nothing in it"}, bad_input{"7", "the document is no object"},
        bad_input{"{}", "the document has no 'schema'"},
        bad_input{R"({"schema":)" + std::string(1000000, '[') + std::string(1000000, ']') + "}",
                  "the document: 'schema' is no whole number"},
        bad_input{R"({"schema":2,"kernel":"`id`","storms":[]})",
                  "the document: '`id`' is no release of a kernel"},
        bad_input{R"({"schema":2,"kernel":"6.1\" 7","results":[]})",
                  "the document: '6.1\" 7' is no release of a kernel"},
        bad_input{R"({"schema":1})", "schema is 1; this refstorm reads 2"},
        bad_input{R"({"schema":2,"error":{}})", "it says why something failed, and has no results"},
        bad_input{R"({"schema":2,"loaded":[]})",
                  "neither of bench nor of storm: it has no 'results' and no 'storms'"},
        bad_input{with("", "\"kills\":[]"), "the document has no 'kill_buckets'"},
        bad_input{with("{}"), "results[0] has no 'provider'"},
        bad_input{with("7"), "results[0] is no object"},
        bad_input{with(pair_of("kref") + "," + pair_of("krefs")), "results[1]: no counter is called 'krefs'"},
        bad_input{with(result_row("kref", "pair", 1, "furlongs", 1)),
                  "results[0]: unit 'furlongs' is not one of: instructions cycles ns bytes ops_per_second"},
        bad_input{
            with(
                "",
                R"("kills":[],"kill_buckets":[{"provider":"percpu_ref","kill":"release","refs":1,"load":"1"}])"),
            "kill_buckets[0]: load '1' is not one of: none users busy used"},
        bad_input{with(result_row("kref", "pair", 1, "ns", -1)),
                  "results[0]: 'value' is no number from 0 on"},
        bad_input{with("", R"("kills":7,"kill_buckets":[])"), "'kills' is no list"},
        bad_input{
            R"({"schema":2,"kernel":"6.1","storms":[{"provider":"kref","verdict":"held","kills":"many"}]})",
            "storms[0]: 'kills' is no whole number"}));

TEST(counter_looks, tell_any_two_lines_of_a_plot_apart)
{
    std::set<std::tuple<bool, unsigned, int, int>> seen;
    for (const counter_look &look : counter_looks())
        EXPECT_TRUE(seen.insert({look.percpu, look.colour, look.dash, look.point}).second) << look.name;
}

TEST(counter_looks, give_mainline_a_colour_that_nobody_else_has)
{
    const unsigned mainline = look_of("percpu_ref")->colour;
    for (const counter_look &look : counter_looks())
        EXPECT_EQ(look.colour == mainline, look.mainline.empty() && look.name != "atomic") << look.name;
}

TEST(report_plots, draw_pairs_in_instructions_and_nothing_else)
{
    const auto data =
        data_of(with(pair_of("percpu_ref") + "," + result_row("rs_kref", "get", 1, "instructions", 5) + "," +
                     result_row("rs_refcount", "pair", 1, "cycles", 50)));
    const auto plots = instruction_plots(data);
    ASSERT_EQ(plots.size(), 1U);
    EXPECT_EQ(plots[0].title, "A get and its put, Linux 6.1");
    EXPECT_TRUE(has(plots[0].script, "set xlabel \"instructions\""));
    EXPECT_TRUE(has(plots[0].script, "set ytics (\"percpu_ref\" 1)"));
    EXPECT_TRUE(has(plots[0].script, fmt::format("1.00 40 0.64 1.36 {} \"40\"\n", 0xd55e00)));
}

TEST(report_plots, draw_the_releases_of_each_way_to_kill_as_hills)
{
    const auto data =
        data_of(with("", R"("kills":[],"kill_buckets":[)" + bucket("release", 1, 1024, 1) + "," +
                             bucket("release", 1, 4096, 3) + "," + bucket("confirm", 1, 512, 9) + "," +
                             bucket("release", 10000, 2048, 5) + "]"));
    const auto plots = kill_plots(data);
    ASSERT_EQ(plots.size(), 2U);
    EXPECT_EQ(plots[0].title, "Linux 6.1: one at a time, idle");
    EXPECT_EQ(plots[1].title, "Linux 6.1: 10,000 at once, idle, by one CPU");
    EXPECT_TRUE(has(plots[0].script, "set logscale x\n"));
    EXPECT_TRUE(has(plots[0].script, "1.024e-06 1.4 1.024e-06 2.048e-06 1.133 1.40 13983232\n"
                                     "4.096e-06 1.4 4.096e-06 8.192e-06 0.600 1.40 13983232\n"))
        << plots[0].script;
}

TEST(report_plots, leave_out_kills_of_which_there_were_none)
{
    const auto data = data_of(with(
        pair_of("kref"), fmt::format(R"("kills":[],"kill_buckets":[{}])", bucket("release", 1, 1024, 0))));
    EXPECT_TRUE(kill_plots(data).empty());
}

TEST(report_plots, draw_throughput_over_cpus_of_per_cpu_counters_apart)
{
    const auto data = data_of(with(result_row("percpu_ref", "pair", 1, "ops_per_second", 2e6) + "," +
                                   result_row("percpu_ref", "pair", 2, "ops_per_second", 4e6) + "," +
                                   result_row("percpu_ref", "get", 2, "ops_per_second", 9e6) + "," +
                                   result_row("refcount", "pair", 1, "ops_per_second", 3e6)));
    const auto plots = throughput_plots(data);
    ASSERT_EQ(plots.size(), 2U);
    EXPECT_TRUE(has(plots[0].script, "set ytics (\"refcount\" 1)"));
    EXPECT_TRUE(has(plots[1].script, "\"2 by 1\"\n"));
    EXPECT_TRUE(has(plots[1].script, "\"4 by 2\"\n"));
    EXPECT_FALSE(has(plots[1].script, "refcount\" 1)"));
}

TEST(report_plots, draw_cold_and_hot_memory_side_by_side)
{
    const auto plots =
        memory_plots(data_of(with(result_row("percpu_ref", "memory_cold", 4, "bytes", 122.9) + "," +
                                  result_row("percpu_ref", "memory_hot", 4, "bytes", 123))));
    ASSERT_EQ(plots.size(), 1U);
    EXPECT_EQ(plots[0].title, "Bytes of one counter, Linux 6.1, 4 possible CPUs");
    EXPECT_TRUE(has(plots[0].script, "\"122.9\"\nEND"));
}

TEST(report_plots, leave_out_storms_in_which_nothing_was_released)
{
    const auto plots = storm_plots(data_of(storms));
    ASSERT_EQ(plots.size(), 1U);
    EXPECT_TRUE(has(plots[0].script, "set ytics (\"rs_sealed_ref\" 1)"));
}

const std::string broken =
    R"({"schema":2,"version":"0.1.0","time":"2026-11-30T18:00:00Z","kernel":"6.1.0","arch":"x86_64",
 "accelerator":"tcg","storms":[{"provider":"rs_kref","verdict":"broken","kills":1234567,"release_min_ns":null,
 "release_median_ns":null,"release_p99_ns":null,"release_max_ns":null,"invariant":"release-once","object":"3",
 "detail":"release() ran <twice>","seed":"18446744073709551615","account":{"ledgers":0,"mode":"switching"},
 "explanation":{"meaning":"m","causes":["c"],"known":["ledgers 0, <counter> 3"],"findings":["the put lost one"]},
 "complaints":[],"repeat":"refstorm storm --seed 18446744073709551615",
 "history":[{"storm":1,"time_ns":1000,"cpu":0,"event":"kill","nr":1,"result":1},
  {"storm":1,"time_ns":2500,"cpu":3,"event":"violation","nr":0,"result":0}]}]})";

TEST(report_page, tells_all_of_what_did_not_hold)
{
    const auto page = report_page(data_of(broken), "false");
    ASSERT_TRUE(page) << page.error().what;
    for (const std::string part :
         {"Linux 6.1.0 on x86_64, emulated by QEMU, refstorm 0.1.0, 2026-11-30T18:00:00Z",
          "0 of 1 storms held", "release-once", "release() runs exactly once for each object",
          "release() ran &lt;twice&gt;", "18446744073709551615</dd>", "refstorm storm --seed",
          "<dt>mode</dt><dd>switching</dd>", "<li>ledgers 0, &lt;counter&gt; 3</li>",
          "<li>the put lost one</li>", "CPU 3", "class=\"violation\"", "−1.5 µs",
          "history of the object, 2 notes", "1,234,567"})
        EXPECT_TRUE(has(*page, part)) << part;
}

TEST(report_page, has_nothing_of_failures_where_all_held)
{
    const std::string held =
        R"({"schema":2,"kernel":"6.1.0","storms":[{"provider":"rs_kref","verdict":"held","kills":0,)"
        R"("release_min_ns":null,"release_median_ns":null,"release_p99_ns":null,"release_max_ns":null}]})";
    const auto page = report_page(data_of(held), "false");
    ASSERT_TRUE(page);
    EXPECT_TRUE(has(*page, "1 of 1 storms held"));
    EXPECT_FALSE(has(*page, "What did not hold"));
}

TEST(report_page, says_which_program_is_missing_and_how_to_get_it)
{
    const auto page = report_page(data_of(with(pair_of("kref"))), "/nowhere/gnuplot");
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code, exit_code::machine);
    EXPECT_TRUE(has(page.error().what, "'/nowhere/gnuplot' cannot be run"));
    EXPECT_TRUE(has(page.error().hint, "gnuplot-nox"));
}

TEST(report_page, says_what_the_program_complained_of)
{
    const auto page = report_page(data_of(with(pair_of("kref"))), "false");
    ASSERT_FALSE(page);
    EXPECT_TRUE(has(page.error().what, "'false' drew nothing"));
}

TEST(report_page, escapes_what_stands_in_files)
{
    EXPECT_EQ(html_escape("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
}

TEST(kernel_series, is_the_version_without_the_patch)
{
    EXPECT_EQ(kernel_series("6.12.117+deb12-cloud-amd64"), "6.12");
    EXPECT_EQ(kernel_series("6.1.0-56-rt-amd64"), "6.1-rt");
    EXPECT_EQ(kernel_series("next"), "next");
}

} // namespace
} // namespace refstorm
