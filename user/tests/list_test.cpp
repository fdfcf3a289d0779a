// SPDX-License-Identifier: GPL-2.0
#include "build_places.hpp"
#include "commands.hpp"
#include "fake_module.hpp"
#include "schema.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

class list : public testing::Test {
  protected:
    list()
    {
        module_.files["providers"] = [] { return providers_table; };
        module_.files["storms"] = [] {
            return storms_table({{.id = 4}, {.id = 5, .state = "running", .verdict = "-"}});
        };
        module_.files["objects"] = [] { return "# object provider\n"; };
        module_.files["status"] = [] { return "version=0.1.0\ncpus=4\n"; };
        module_.files["events"] = [] { return "seq=1 event=create nr=2\nseq=2 event=kill result=true\n"; };
        module_.files["error_log"] = [] {
            return "[    1.500000] control: error: no (errno 2)\n  Command: get a\n               ^\n";
        };
    }

    std::string text(listing what) { return must(list_text(module_, what, false, false)); }
    json document(listing what)
    {
        const std::string text = must(list_text(module_, what, true, false));
        EXPECT_EQ(schema_complaints(text, source_path(json_schema_file)), "") << text;
        return json::parse(text);
    }

    static std::string must(const result<std::string> &made)
    {
        EXPECT_TRUE(made) << made.error().what;
        return made ? *made : std::string("null");
    }

    fake_module module_;
};

TEST_F(list, aligns_a_table_for_a_person)
{
    EXPECT_EQ(text(listing::providers),
              "provider    origin    percpu  saturates  kill_contexts  ops\n"
              "refcount    mainline       0          1  all            get,put,tryget,kill\n"
              "rs_kref     refstorm       0          1  all            get,put,tryget,kill\n"
              "percpu_ref  mainline       1          0  task,softirq   "
              "get,put,tryget,tryget_live,kill,kill_confirm\n");
}

TEST_F(list, has_a_column_for_every_key_of_any_row)
{
    EXPECT_EQ(text(listing::events), "seq  event   nr  result\n"
                                     "  1  create   2\n"
                                     "  2  kill        true\n");
}

TEST_F(list, says_none_for_an_empty_table)
{
    EXPECT_EQ(text(listing::objects), "none\n");
}

TEST_F(list, shows_storms_with_units_and_state)
{
    const std::string shown = text(listing::storms);
    EXPECT_NE(shown.find("12.3 µs"), std::string::npos);
    EXPECT_NE(shown.find("running"), std::string::npos);
}

TEST_F(list, shows_errors_as_the_module_wrote_them)
{
    EXPECT_EQ(text(listing::errors),
              "[    1.500000] control: error: no (errno 2)\n  Command: get a\n               ^\n");
}

TEST_F(list, gives_one_document_for_each_listing)
{
    EXPECT_EQ(document(listing::providers)["providers"].size(), 3U);
    EXPECT_EQ(document(listing::providers)["providers"][0]["saturates"], true);
    EXPECT_EQ(document(listing::storms)["storms"][1]["state"], "running");
    EXPECT_EQ(document(listing::objects)["objects"], json::array());
    EXPECT_EQ(document(listing::status)["status"]["cpus"], 4);
    EXPECT_EQ(document(listing::status)["status"]["version"], "0.1.0");
    EXPECT_EQ(document(listing::errors)["errors"][0]["column"], 5);
    EXPECT_EQ(document(listing::errors)["errors"][0]["command"], "get a");
    EXPECT_EQ(document(listing::events)["schema"], json_schema);
}

TEST_F(list, names_the_place_where_a_table_is_malformed)
{
    module_.files["objects"] = [] { return "# object\nobject=a b\n"; };
    const auto made = list_text(module_, listing::objects, false, false);
    ASSERT_FALSE(made);
    EXPECT_TRUE(made.error().what.starts_with("objects: line 2, column 11:")) << made.error().what;
}

TEST_F(list, passes_on_that_a_file_cannot_be_read)
{
    EXPECT_FALSE(list_text(module_, listing::alloc, false, false));
}

} // namespace
} // namespace refstorm
