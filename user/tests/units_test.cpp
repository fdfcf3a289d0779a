// SPDX-License-Identifier: GPL-2.0
#include "number.hpp"
#include "text_table.hpp"
#include "units.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

TEST(nanoseconds, have_three_significant_digits_and_the_unit_that_fits)
{
    const std::pair<std::uint64_t, const char *> cases[] = {
        {0, "0 ns"},
        {999, "999 ns"},
        {1000, "1.00 µs"},
        {12'345, "12.3 µs"},
        {123'456, "123 µs"},
        {4'500'000, "4.50 ms"},
        {16'700'000, "16.7 ms"},
        {1'250'000'000, "1.25 s"},
        {123'456'000'000'000, "123456 s"},
    };
    for (const auto &[ns, text] : cases)
        EXPECT_EQ(format_nanoseconds(ns), text);
}

TEST(nanoseconds, round_into_the_next_unit_instead_of_a_fourth_digit)
{
    EXPECT_EQ(format_nanoseconds(9'996), "10.0 µs");
    EXPECT_EQ(format_nanoseconds(99'960), "100 µs");
    EXPECT_EQ(format_nanoseconds(999'600), "1.00 ms");
    EXPECT_EQ(format_nanoseconds(999'400), "999 µs");
}

TEST(counts, are_exact_up_to_four_digits_and_rounded_above)
{
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(9999), "9999");
    EXPECT_EQ(format_count(10'000), "10.0 k");
    EXPECT_EQ(format_count(1'234'567), "1.23 M");
    EXPECT_EQ(format_count(11'000'000'000), "11.0 G");
}

TEST(seconds, have_no_trailing_zeros)
{
    EXPECT_EQ(format_seconds(2000), "2");
    EXPECT_EQ(format_seconds(1500), "1.5");
    EXPECT_EQ(format_seconds(10), "0.01");
    EXPECT_EQ(format_seconds(1666), "1.666");
}

TEST(lengths, are_told_in_the_unit_of_their_size)
{
    EXPECT_EQ(format_length(800), "800 ms");
    EXPECT_EQ(format_length(2000), "2 s");
    EXPECT_EQ(format_length(19'995), "20 s");
    EXPECT_EQ(format_length(125'000), "2 min 5 s");
    EXPECT_EQ(format_length(10'800'000), "3 h 0 min");
}

TEST(unsigned_numbers, are_decimal_or_hexadecimal_and_nothing_else)
{
    EXPECT_EQ(parse_unsigned("0"), 0U);
    EXPECT_EQ(parse_unsigned("010"), 10U);
    EXPECT_EQ(parse_unsigned("0xff"), 255U);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615U);
    for (const char *text : {"", "-1", "+1", " 1", "1 ", "1.0", "0x", "0xg", "18446744073709551616", "x1"})
        EXPECT_EQ(parse_unsigned(text), std::nullopt) << text;
}

TEST(fractions, are_plain_decimal_numbers_and_nothing_else)
{
    EXPECT_EQ(parse_fraction("2"), 2.0);
    EXPECT_EQ(parse_fraction("0.5"), 0.5);
    EXPECT_EQ(parse_fraction(".5"), 0.5);
    for (const char *text : {"", "-1", "nan", "inf", "1e3", "0x1", "1s", " 1", "1,5", "."})
        EXPECT_EQ(parse_fraction(text), std::nullopt) << text;
}

TEST(text_table, aligns_columns_by_what_is_seen_not_by_bytes)
{
    text_table rows;
    rows.add_column("name", align::left);
    rows.add_column("time", align::right);
    rows.add_column("end", align::left);
    rows.add_row({"a", "12.3 µs", "x"});
    rows.add_row({"longer", "1 s"});
    EXPECT_EQ(rows.text(false), "name       time  end\n"
                                "a       12.3 µs  x\n"
                                "longer      1 s\n");
}

TEST(text_table, colours_without_moving_columns)
{
    text_table rows;
    rows.add_column("verdict", align::left);
    rows.add_column("n", align::right);
    rows.add_row({"held", "1"});
    rows.paint_last_row(0, colour::good);
    EXPECT_EQ(rows.text(true), "verdict  n\n\033[32mheld\033[0m     1\n");
    EXPECT_EQ(rows.text(false), "verdict  n\nheld     1\n");
}

TEST(whole_part, is_nothing_where_no_number_holds_it)
{
    EXPECT_EQ(whole_part(7.9), 7U);
    EXPECT_EQ(whole_part(0x1p63), std::uint64_t{1} << 63);
    EXPECT_EQ(whole_part(0x1p64), std::nullopt);
    EXPECT_EQ(whole_part(-1), std::nullopt);
    EXPECT_EQ(whole_part(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
}

} // namespace
} // namespace refstorm
