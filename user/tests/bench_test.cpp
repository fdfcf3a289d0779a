// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "command_bench.hpp"
#include "fake_module.hpp"
#include "schema.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

constexpr const char *providers = "# provider origin percpu saturates ops\n"
                                  "provider=atomic origin=baseline percpu=0 saturates=0 ops=get\n"
                                  "provider=refcount origin=mainline percpu=0 saturates=1 ops=get\n"
                                  "provider=percpu_ref origin=mainline percpu=1 saturates=0 ops=get\n"
                                  "provider=rs_refcount origin=refstorm percpu=0 saturates=1 ops=get\n"
                                  "provider=cxx_sealed_ref origin=refstorm percpu=1 saturates=0 ops=get\n"
                                  "provider=cxx_kref origin=refstorm percpu=0 saturates=1 ops=get\n";

constexpr const char *peers = "# provider origin percpu\n"
                              "provider=peer_rcuref origin=peer percpu=0\n";

void say_nothing(std::string_view /*what*/) {}

std::string value_after(const std::string &words, const std::string &key)
{
    const auto at = words.find(key + "=");
    return at == std::string::npos
               ? ""
               : words.substr(at + key.size() + 1, words.find(' ', at) - at - key.size() - 1);
}

/// A module in which every operation is a pair that costs as many instructions as its provider's name has
/// letters.
class bench : public testing::Test {
  protected:
    bench()
    {
        // As many digits as what is written: a file of sysfs would not keep the rest.
        parameters_.write("dynamic_threshold", "99");
        parameters_.write("dynamic_hot_ms", "123456");
        module_.files["providers"] = [] { return std::string(providers); };
        module_.files["peers"] = [] { return std::string(peers); };
        module_.files["bench"] = [this] { return file_; };
        module_.on_command = [this](const std::string &words) { return answer(words); };
    }

    result<record, refusal> answer(const std::string &words)
    {
        if (words.starts_with("bench_memory")) {
            threshold_ = parameters_.read("dynamic_threshold");
            if (value_after(words, "provider") == no_memory_of_)
                return refusal{EUCLEAN, words, "others allocate"};
            ++run_;
            file_ = "run=" + std::to_string(run_) + " clock=none source=meminfo possible_cpus=4\n" +
                    "memory=hot provider=" + value_after(words, "provider") + " percpu_bytes=3200000\n" +
                    "result=memory_hot provider=" + value_after(words, "provider") +
                    " cpus=4 unit=bytes value=123\n";
            return record(std::vector<field>{{"command", "bench_memory"}, {"run", std::to_string(run_)}});
        }
        if (words.starts_with("bench_kill")) {
            ++run_;
            file_ = "run=" + std::to_string(run_) + " clock=ns source=ktime possible_cpus=4\n" +
                    "kill=confirm provider=" + value_after(words, "provider") +
                    " refs=" + value_after(words, "refs") +
                    " load=" + (words.find("load=busy") == std::string::npos ? "none" : "busy") +
                    " from=all median_ns=1500 p90_ns=2000 p99_ns=3000 max_ns=4000 total_ns=5000\n"
                    "bucket=1024 kill=confirm count=7\n";
            return record(std::vector<field>{{"command", "bench_kill"}, {"run", std::to_string(run_)}});
        }
        const std::string clock = value_after(words, "clock");
        if (clock == "instructions" && source_.empty())
            return refusal{EOPNOTSUPP, words, "this machine has no clock that counts instructions"};
        if (const std::string asked = value_after(words, "operation"); !asked.empty() && asked != "pair")
            return refusal{EOPNOTSUPP, words, "atomic has no operation '" + asked + "'; it has: pair"};
        const std::string provider = value_after(words, "provider");
        const std::string cpus = value_after(words, "cpus");
        ++run_;
        file_ = "run=" + std::to_string(run_ + others_) + " clock=" + (clock.empty() ? "ns" : clock) +
                " source=" + (source_.empty() ? "tsc" : source_) + " possible_cpus=4\n" + "result=pair" +
                (words.find("cold=1") == std::string::npos ? "" : "_cold") + " provider=" + provider +
                " cpus=" + (cpus.empty() ? "1" : cpus) +
                " unit=" + (cpus.empty() ? clock : "ops_per_second") +
                " value=" + std::to_string(provider.size()) + "\n";
        return record(std::vector<field>{{"command", "bench"}, {"run", std::to_string(run_)}});
    }

    result<bench_results> run(const bench_options &options) { return runner_.run(options); }

    std::string source_ = "icount"; ///< of instructions; empty: there are none
    std::string file_;
    unsigned run_ = 0;
    unsigned others_ = 0;
    std::string no_memory_of_;
    std::string threshold_; ///< while memory was measured
    temporary_directory parameters_;
    fake_module module_;
    bench_runner runner_{module_, 3, say_nothing, parameters_.path()};
};

TEST_F(bench, counts_instructions_only_where_time_is_emulated)
{
    const auto all = run({});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->results.size(), 7U); // six providers and a peer
    for (const bench_result &each : all->results)
        EXPECT_EQ(each.unit, "instructions");
}

TEST_F(bench, measures_instructions_and_cycles_and_throughput_on_hardware)
{
    source_ = "perf";
    const auto all = run({.providers = {"refcount"}});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->results.size(), 7U);
    EXPECT_EQ(all->results[0].unit, "instructions");
    EXPECT_EQ(all->results[1].unit, "cycles");
    EXPECT_EQ(all->results[2], (bench_result{"refcount", "pair_cold", 1, "cycles", 8}));
    EXPECT_EQ(all->results[3], (bench_result{"refcount", "pair", 1, "ops_per_second", 8}));
    EXPECT_EQ(all->results[5].cpus, 3U);
}

TEST_F(bench, does_without_instructions_where_there_are_none)
{
    source_ = "";
    const auto all = run({.providers = {"refcount"}, .cpus = {2}});
    ASSERT_TRUE(all);
    ASSERT_EQ(all->results.size(), 4U);
    EXPECT_EQ(all->results[0].unit, "cycles");
    EXPECT_EQ(all->results[2].cpus, 2U);
}

TEST_F(bench, asks_for_what_was_asked_for)
{
    ASSERT_TRUE(run({{"percpu_ref"}, "pair", "ns", {4}, 250}));
    const std::size_t n = module_.commands.size();
    ASSERT_GE(n, 2U);
    EXPECT_EQ(module_.commands[n - 3], "bench provider=percpu_ref operation=pair clock=ns");
    EXPECT_EQ(module_.commands[n - 2], "bench provider=percpu_ref operation=pair clock=ns cold=1");
    EXPECT_EQ(module_.commands[n - 1], "bench provider=percpu_ref operation=pair cpus=4 ms=250");
}

TEST_F(bench, refuses_a_provider_that_is_not_there_and_names_those_that_are)
{
    const auto all = run({.providers = {"krefs"}});
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, exit_code::usage);
    EXPECT_NE(all.error().hint.find("cxx_kref"), std::string::npos);
}

TEST_F(bench, refuses_an_operation_that_no_counter_has)
{
    const auto all = run({.operation = "put"});
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, exit_code::usage);
}

TEST_F(bench, notices_that_the_results_are_of_somebody_elses_run)
{
    others_ = 1;
    const auto all = run({});
    ASSERT_FALSE(all);
    EXPECT_NE(all.error().what.find("meanwhile"), std::string::npos);
}

TEST_F(bench, shows_ours_beside_mainlines)
{
    const auto all = run({});
    ASSERT_TRUE(all);
    const std::string text = all->text(runner_.providers());
    EXPECT_NE(text.find("rs_refcount     pair         11         8   1.38  instructions\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("cxx_sealed_ref  pair         14        10   1.40  instructions\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("cxx_kref        pair          8                   instructions\n"),
              std::string::npos)
        << text;
}

TEST_F(bench, shows_throughput_over_cpus)
{
    source_ = "perf";
    const auto all = run({.providers = {"refcount"}});
    ASSERT_TRUE(all);
    EXPECT_NE(all->text(runner_.providers())
                  .find("provider  operations a second  1 CPU  2 CPUs  3 CPUs\n"
                        "refcount  pair                     8       8       8\n"),
              std::string::npos)
        << all->text(runner_.providers());
}

TEST_F(bench, measures_kills_of_counters_that_have_them_where_there_is_time)
{
    source_ = "perf";
    const auto all = run({.providers = {"refcount", "percpu_ref"}});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->document()["kills"].size(), 6U);
    EXPECT_EQ(all->document()["kill_buckets"][0]["bucket"], 1024);
    EXPECT_NE(
        all->text(runner_.providers())
            .find("percpu_ref  10000, under load, by all  confirm  1.50 µs  2.00 µs  3.00 µs  4.00 µs      "
                  "5.00 µs\n"),
        std::string::npos)
        << all->text(runner_.providers());
    source_ = "icount";
    const auto none = run({.providers = {"percpu_ref"}});
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->others.empty());
}

TEST_F(bench, measures_memory_while_dynamic_counters_get_hot_soon)
{
    source_ = "perf";
    const auto all = run({.providers = {"refcount", "percpu_ref"}});
    ASSERT_TRUE(all);
    EXPECT_EQ(threshold_, "16");
    EXPECT_EQ(parameters_.read("dynamic_threshold"), "99");
    EXPECT_EQ(parameters_.read("dynamic_hot_ms"), "123456");
    EXPECT_EQ(all->document()["memory"].size(), 2U);
    EXPECT_EQ(all->document()["memory"][1]["percpu_bytes"], 3200000);
    EXPECT_EQ(all->results.back(), (bench_result{"percpu_ref", "memory_hot", 4, "bytes", 123}));
}

TEST_F(bench, goes_on_where_memory_cannot_be_measured)
{
    source_ = "perf";
    no_memory_of_ = "refcount";
    const auto all = run({.providers = {"refcount", "percpu_ref"}});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->document()["memory"].size(), 1U);
}

TEST_F(bench, measures_no_kills_if_an_operation_was_asked_for)
{
    source_ = "perf";
    const auto all = run({.providers = {"percpu_ref"}, .operation = "pair"});
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->others.empty());
}

TEST_F(bench, gives_json_with_a_row_for_each_result)
{
    const auto all = run({.providers = {"refcount"}});
    ASSERT_TRUE(all);
    const json document = all->document();
    EXPECT_EQ(schema_complaints(document.dump(), source_path(json_schema_file)), "");
    EXPECT_EQ(document["schema"], json_schema);
    EXPECT_EQ(document["possible_cpus"], 4);
    const json &row = document["results"][0];
    EXPECT_EQ(row["kernel"], document["kernel"]);
    EXPECT_EQ(row["provider"], "refcount");
    EXPECT_EQ(row["operation"], "pair");
    EXPECT_EQ(row["cpus"], 1);
    EXPECT_EQ(row["unit"], "instructions");
    EXPECT_EQ(row["value"], 8);
    EXPECT_TRUE(row["value"].is_number_integer());
}

TEST(bench_results, keeps_fractions_and_other_lines)
{
    bench_results all;
    ASSERT_TRUE(all.add_run("run=3 clock=ns source=ktime possible_cpus=1\n"
                            "result=pair provider=kref cpus=1 unit=ns value=6.375\n"
                            "kill=confirm provider=percpu_ref median_ns=5\n",
                            3));
    ASSERT_EQ(all.results.size(), 1U);
    EXPECT_DOUBLE_EQ(all.results[0].value, 6.375);
    EXPECT_DOUBLE_EQ(all.document()["results"][0]["value"], 6.375);
    EXPECT_EQ(all.document()["kills"][0]["median_ns"], 5);
}

TEST(bench_results, names_what_is_wrong_with_a_line)
{
    bench_results all;
    const auto odd = all.add_run("result=pair provider=kref cpus=1 unit=ns value=fast\n", 1);
    ASSERT_FALSE(odd);
    EXPECT_NE(odd.error().what.find("value='fast'"), std::string::npos);
    EXPECT_FALSE(all.add_run("result=pair provider=kref unit=ns value=1\n", 1));
    EXPECT_FALSE(all.add_run("result=pair provider=kref cpus=1 unit=ns\n", 1));
}

TEST(bench_results, formats_values_without_zeros_at_the_end)
{
    EXPECT_EQ(format_bench_value(40, "instructions"), "40");
    EXPECT_EQ(format_bench_value(6.5, "cycles"), "6.5");
    EXPECT_EQ(format_bench_value(0, "cycles"), "0");
    EXPECT_EQ(format_bench_value(12'300'000, "ops_per_second"), "12.3 M");
    EXPECT_EQ(format_bench_value(1e20, "ops_per_second"), "100000000000000000000");
}

TEST(cpu_counts, are_all_if_few_and_powers_of_two_if_many)
{
    EXPECT_EQ(cpu_counts(1), (std::vector<std::uint64_t>{1}));
    EXPECT_EQ(cpu_counts(4), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    EXPECT_EQ(cpu_counts(12), (std::vector<std::uint64_t>{1, 2, 4, 8, 12}));
}

} // namespace
} // namespace refstorm
