// SPDX-License-Identifier: GPL-2.0
#include "table.hpp"

#include <ostream>

#include <gtest/gtest.h>

namespace refstorm {
namespace {

/// A line that must not parse, and where the parser must say that it is wrong.
struct bad_line {
    const char *name;
    std::string text;
    std::string where;
};

/// gtest would print the bytes, pointers and all.
void PrintTo(const bad_line &line, std::ostream *out) // NOLINT(readability-identifier-naming)
{
    *out << line.name;
}

class bad_record : public testing::TestWithParam<bad_line> {};

TEST_P(bad_record, is_refused_with_line_and_column)
{
    const auto parsed = parse_record(GetParam().text, "objects", 7);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().what.substr(0, parsed.error().what.find(": ", 9)),
              "objects: line 7, column " + GetParam().where)
        << parsed.error().what;
}

INSTANTIATE_TEST_SUITE_P(
    nasty, bad_record,
    testing::Values(
        bad_line{"empty", "", "1"}, bad_line{"no_equals", "object", "7"},
        bad_line{"space_before_equals", "object =a", "7"}, bad_line{"no_key", "=a", "1"},
        bad_line{"upper_case_key", "Object=a", "1"}, bad_line{"no_value_at_end", "object=", "8"},
        bad_line{"no_value_before_space", "object= a=b", "8"}, bad_line{"two_spaces", "a=1  b=2", "5"},
        bad_line{"space_at_end", "a=1 ", "5"}, bad_line{"space_at_start", " a=1", "1"},
        bad_line{"tab_between", "a=1\tb=2", "4"}, bad_line{"same_key_twice", "a=1 b=2 a=3", "9"},
        bad_line{"quote_inside_value", "a=x\"y\"", "4"}, bad_line{"quote_without_end", "b=1 a=\"xy", "7"},
        bad_line{"backslash_at_end", "a=\"x\\", "3"}, bad_line{"escaped_end_quote", "a=\"x\\\"", "3"},
        bad_line{"unknown_escape", "a=\"x\\n\"", "6"}, bad_line{"text_after_quote", "a=\"x\"y=1", "6"},
        bad_line{"control_character", "a=x\x01y", "4"},
        bad_line{"control_character_in_quotes", "a=\"x\x7fy\"", "5"},
        bad_line{"zero_byte", std::string("a=x\0y", 5), "4"}),
    [](const auto &info) { return info.param.name; });

TEST(record_parser, keeps_keys_values_and_their_order)
{
    const auto parsed = parse_record("object=a provider=rs_kref count=-3 mode=-", "objects");
    ASSERT_TRUE(parsed);
    const std::vector<field> expected = {
        {"object", "a", false}, {"provider", "rs_kref", false}, {"count", "-3", false}, {"mode", "-", false}};
    EXPECT_EQ(parsed->fields(), expected);
}

TEST(record_parser, undoes_quotes_and_escapes)
{
    const auto parsed = parse_record(R"(detail="a \"b\" \\ c=d" x="")", "storms");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->find("detail")->text, R"(a "b" \ c=d)");
    EXPECT_EQ(parsed->find("x")->text, "");
}

TEST(record_parser, takes_values_with_equals_signs_and_high_bytes)
{
    const auto parsed = parse_record("ops=get,put x=a=b name=\"\xc3\xa9\"", "providers");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->find("x")->text, "a=b");
    EXPECT_EQ(parsed->find("name")->text, "\xc3\xa9");
}

TEST(record, tells_a_dash_from_a_quoted_dash)
{
    const auto parsed = parse_record("a=- b=\"-\"", "t");
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->find("a")->is_absent());
    EXPECT_FALSE(parsed->find("b")->is_absent());
}

TEST(record, reads_numbers_up_to_64_bits)
{
    const auto parsed =
        parse_record("a=18446744073709551615 b=0x10 c=18446744073709551616 d=12x e=- f=-1", "t");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed->number("a"), 18446744073709551615U);
    EXPECT_EQ(*parsed->number("b"), 16U);
    for (const char *key : {"c", "d", "e", "f", "missing"})
        EXPECT_FALSE(parsed->number(key)) << key;
    EXPECT_EQ(*parsed->number_or_absent("e"), std::nullopt);
}

TEST(record, names_the_key_that_is_missing)
{
    const auto missing = record().text("verdict");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().what.find("'verdict'"), std::string::npos);
}

TEST(record, replaces_a_value_or_adds_one)
{
    auto parsed = parse_record("a=1 b=2", "t");
    ASSERT_TRUE(parsed);
    parsed->set("a", "x y", true);
    parsed->set("c", "3");
    const std::vector<field> expected = {{"a", "x y", true}, {"b", "2", false}, {"c", "3", false}};
    EXPECT_EQ(parsed->fields(), expected);
}

TEST(table_parser, reads_header_and_rows)
{
    const auto parsed =
        parse_table("# object provider\nobject=a provider=kref\nobject=b provider=atomic\n", "objects");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->columns, (std::vector<std::string>{"object", "provider"}));
    ASSERT_EQ(parsed->rows.size(), 2U);
    EXPECT_EQ(parsed->rows[1].find("object")->text, "b");
}

TEST(table_parser, takes_a_table_without_rows)
{
    const auto parsed = parse_table("# object\n", "objects");
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->rows.empty());
}

TEST(table_parser, takes_keys_that_the_header_does_not_name)
{
    EXPECT_TRUE(parse_table("# a\na=1 later=2\n", "t"));
}

TEST(table_parser, says_where_a_table_is_wrong)
{
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"", "t: line 1, column 1"},
        {"a=1\n", "t: line 1, column 1"},
        {"#a\n", "t: line 1, column 1"},
        {"# a", "t: line 1, column 4"},
        {"# a  b\n", "t: line 1, column 5"},
        {"# \n", "t: line 1, column 3"},
        {"# a\na=1", "t: line 2, column 4"},
        {"# a\na=1\n\na=2\n", "t: line 3, column 1"},
        {"# a\na=1\na=2 b\n", "t: line 3, column 6"},
    };
    for (const auto &[text, where] : cases) {
        const auto parsed = parse_table(text, "t");
        ASSERT_FALSE(parsed) << text;
        EXPECT_TRUE(parsed.error().what.starts_with(where + ":")) << parsed.error().what;
    }
}

TEST(record_lines, need_no_header_and_are_as_strict)
{
    EXPECT_EQ(parse_records("seq=1 event=create\nseq=2\n", "events")->rows.size(), 2U);
    EXPECT_TRUE(parse_records("", "events")->rows.empty());
    EXPECT_TRUE(
        parse_records("seq=1\nseq\n", "events").error().what.starts_with("events: line 2, column 4:"));
    EXPECT_TRUE(parse_records("# seq\n", "events").error().what.starts_with("events: line 1, column 1:"));
}

TEST(status_parser, joins_one_pair_a_line)
{
    const auto parsed = parse_status("version=0.1.0\ncpus=4\n", "status");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed->number("cpus"), 4U);
    EXPECT_EQ(*parsed->text("version"), "0.1.0");
}

TEST(status_parser, refuses_two_pairs_a_line_and_a_key_that_stands_twice)
{
    EXPECT_EQ(parse_status("a=1\nb=1 c=2\n", "status").error().what.substr(0, 24),
              "status: line 2, column 1");
    EXPECT_EQ(parse_status("a=1\na=2\n", "status").error().what.substr(0, 24), "status: line 2, column 1");
    EXPECT_FALSE(parse_status("a=1", "status"));
}

} // namespace
} // namespace refstorm
