// SPDX-License-Identifier: GPL-2.0
/// \file
/// `refstorm bench`: what operations cost, by the module's own benchmark.
#pragma once

#include "arguments.hpp"
#include "bench_results.hpp"
#include "module_port.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace refstorm {

/// Runs what was asked for, one counter after the other.
class bench_runner {
  public:
    /// \p say gets the name of what is measured next.
    using listener = void (*)(std::string_view what);

    /// \p parameters is the directory of rsref.ko's.
    bench_runner(module_port &port, unsigned online_cpus, listener say, std::filesystem::path parameters)
        : port_(port), online_cpus_(online_cpus), say_(say), parameters_(std::move(parameters))
    {
    }

    result<bench_results> run(const bench_options &options);
    /// The providers that it measured, in the module's order.
    const std::vector<bench_provider> &providers() const { return providers_; }

  private:
    result<done> choose(const bench_options &options);
    result<std::vector<std::string>> clocks(const bench_options &options);
    result<done> costs(const bench_options &options, bench_results &all);
    result<done> throughput(const bench_options &options, bench_results &all);
    result<done> kills(const bench_options &options, bench_results &all);
    result<done> memory(const bench_options &options, bench_results &all);
    result<done> measure(const std::string &words, bench_results &all);

    module_port &port_;
    unsigned online_cpus_;
    listener say_;
    std::filesystem::path parameters_;
    std::vector<bench_provider> providers_;
    /// The clock counts instructions because the machine is emulated: its times mean nothing.
    bool timeless_ = false;
};

/// 1 to \p online, or powers of two and \p online if they are many.
std::vector<std::uint64_t> cpu_counts(unsigned online);

} // namespace refstorm
