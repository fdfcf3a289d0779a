// SPDX-License-Identifier: GPL-2.0
// What libFuzzer calls. Usage: refstorm_fuzzer TARGET [LIBFUZZER-OPTION...] [FOLDER...]
#include "target.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using refstorm::fuzzing::target;

void (*take)(std::string_view input);

/// Makes a mistake on purpose, which the fuzzer has to find (scripts/tests/parsers).
void make_mistakes(std::string_view input)
{
    if (!input.starts_with("bad:"))
        return;
    const std::string_view what = input.substr(4);
    if (what == "read")
        std::exit(input.data()[input.size()]);
    if (what == "conversion")
        std::exit(static_cast<int>(static_cast<double>(input.size()) * 1e20));
    refstorm::fuzzing::demand(false, "nothing begins with bad:");
}

constexpr target mistakes{"mistakes", make_mistakes};

} // namespace

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const auto all = refstorm::fuzzing::targets();
    const std::string_view name = *argc > 1 ? (*argv)[1] : "";
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const target &each) { return each.name == name; });
    if (found != all.end()) {
        take = found->take;
    } else if (name == mistakes.name) {
        take = mistakes.take;
    } else {
        for (const target &each : all)
            std::printf("%s\n", std::string(each.name).c_str());
        std::exit(name == "--list" ? 0 : 2);
    }
    // The rest is libFuzzer's.
    std::rotate(*argv + 1, *argv + 2, *argv + *argc);
    --*argc;
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    take({reinterpret_cast<const char *>(data), size});
    return 0;
}
