// SPDX-License-Identifier: GPL-2.0
// What is written to a terminal: a pair of ptys stands in for one.
#include "progress.hpp"
#include "terminal.hpp"
#include "text_table.hpp"

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

class terminal : public testing::Test {
  protected:
    terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC))
    {
        ::grantpt(master_);
        ::unlockpt(master_);
        std::array<char, 64> name{};
        ::ptsname_r(master_, name.data(), name.size());
        file_ = std::fopen(name.data(), "w");
        const winsize size{24, 40, 0, 0};
        ::ioctl(master_, TIOCSWINSZ, &size);
        ::unsetenv("COLUMNS");
        ::setenv("TERM", "xterm", 1);
    }
    terminal(const terminal &) = delete;
    terminal &operator=(const terminal &) = delete;
    ~terminal() override
    {
        (void)std::fclose(file_);
        ::close(master_);
    }

    /// What was written since the last call. A terminal hands on in its own time what was written, so a mark
    /// that nobody else writes says where it ends.
    std::string said() const
    {
        constexpr char mark = '\a';
        (void)std::fputc(mark, file_);
        (void)std::fflush(file_);
        std::string text;
        for (char next = 0; ::read(master_, &next, 1) == 1 && next != mark;)
            text += next;
        return text;
    }

    static storm_record storm()
    {
        storm_record record;
        record.provider = "rs_percpu_ref_two_stage";
        record.ms = 86'400'000;
        record.elapsed_ms = 86'399'999;
        record.operations = 123'456'789'012;
        record.kills = 123'456;
        record.outcome = verdict::held;
        return record;
    }

    int master_;
    std::FILE *file_ = nullptr;
};

TEST_F(terminal, has_a_line_of_progress_that_it_does_not_break_and_that_leaves_nothing)
{
    {
        progress shown(file_, 15);
        shown.started("rs_percpu_ref_two_stage");
        shown.update(storm());
        const std::string line = said();
        const std::string last = line.substr(line.rfind("\033[K") + 3);
        EXPECT_LT(display_width(last), 40U) << last;
        EXPECT_TRUE(last.starts_with("[1/15] rs_percpu_ref_two_stage: 86400")) << last;
    }
    EXPECT_EQ(said(), "\r\033[K");
}

TEST_F(terminal, that_is_dumb_gets_no_escapes)
{
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(wants_colour(file_));
    progress shown(file_, 2);
    shown.started("rs_kref");
    shown.update(storm());
    shown.finished(storm());
    const std::string text = said();
    EXPECT_EQ(text.find('\033'), std::string::npos) << text;
    EXPECT_NE(text.find("[1/2] rs_percpu_ref_two_stage: held"), std::string::npos) << text;
}

TEST_F(terminal, tells_its_width)
{
    EXPECT_EQ(columns_of(file_), 40U);
    ::setenv("COLUMNS", "33", 1);
    EXPECT_EQ(columns_of(file_), 33U);
    ::unsetenv("COLUMNS");
    const winsize none{};
    ::ioctl(master_, TIOCSWINSZ, &none);
    EXPECT_EQ(columns_of(file_), 80U); // a serial console
    std::FILE *file = std::tmpfile();
    EXPECT_EQ(columns_of(file), std::nullopt);
    (void)std::fclose(file);
}

} // namespace
} // namespace refstorm
