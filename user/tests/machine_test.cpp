// SPDX-License-Identifier: GPL-2.0
#include "commands.hpp"
#include "fake_module.hpp"
#include "load_failure.hpp"
#include "machine.hpp"
#include "modules.hpp"
#include "readiness.hpp"

#include <gtest/gtest.h>

namespace refstorm {
namespace {

namespace fs = std::filesystem;

class machine_facts : public testing::Test {
  protected:
    machine_facts()
    {
        fs::create_directories(place_.path() / "sys/kernel/security");
        fs::create_directories(place_.path() / "proc/sys/kernel");
    }

    temporary_directory place_;
    machine here_{place_.path()};
};

TEST_F(machine_facts, know_the_modes_of_lockdown)
{
    EXPECT_EQ(here_.lockdown(), std::nullopt);
    place_.write("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    EXPECT_EQ(here_.lockdown(), std::nullopt);
    place_.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    EXPECT_EQ(here_.lockdown(), "integrity");
    place_.write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
    EXPECT_EQ(here_.lockdown(), "confidentiality");
    place_.write("sys/kernel/security/lockdown", "]garbage[");
    EXPECT_EQ(here_.lockdown(), std::nullopt);
}

TEST_F(machine_facts, know_whether_modules_can_be_loaded)
{
    EXPECT_FALSE(here_.has_loadable_modules());
    place_.write("proc/modules", "");
    EXPECT_TRUE(here_.has_loadable_modules());
    EXPECT_FALSE(here_.modules_disabled());
    place_.write("proc/sys/kernel/modules_disabled", "1\n");
    EXPECT_TRUE(here_.modules_disabled());
}

TEST_F(machine_facts, know_whether_there_is_a_debugfs)
{
    place_.write("proc/filesystems", "nodev\tsysfs\nnodev\tnotdebugfs\n");
    EXPECT_FALSE(here_.has_debugfs());
    place_.write("proc/filesystems", "nodev\tsysfs\nnodev\tdebugfs\n");
    EXPECT_TRUE(here_.has_debugfs());
}

TEST_F(machine_facts, know_whether_a_warning_is_a_panic)
{
    EXPECT_TRUE(may_warn(here_, "the oracle"));
    place_.write("proc/sys/kernel/panic_on_warn", "0\n");
    EXPECT_TRUE(may_warn(here_, "the oracle"));
    place_.write("proc/sys/kernel/panic_on_warn", "1\n");
    const auto refused = may_warn(here_, "the oracle");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, exit_code::machine);
    EXPECT_NE(refused.error().hint.find("sysctl kernel.panic_on_warn=0"), std::string::npos);
}

TEST_F(machine_facts, know_which_commands_of_exec_would_panic)
{
    place_.write("proc/sys/kernel/panic_on_warn", "1\n");
    for (const char *command : {"storm provider=rs_kref pattern=saturate", " storm pattern=saturate ms=5",
                                "oracle", "oracle counter=kref steps=1"})
        EXPECT_FALSE(may_run(here_, command)) << command;
    for (const char *command :
         {"", "storm provider=rs_kref", "oracle stop", "create saturate kref", "stop all"})
        EXPECT_TRUE(may_run(here_, command)) << command;
    place_.write("proc/sys/kernel/panic_on_warn", "0\n");
    EXPECT_TRUE(may_run(here_, "oracle"));
}

TEST_F(machine_facts, know_that_the_command_line_keeps_debugfs_away)
{
    place_.write("proc/filesystems", "nodev\tsysfs\n");
    const auto says = [this](const char *words) {
        place_.write("proc/cmdline", words);
        const auto ready = ensure_debugfs(here_, place_.path() / "debug/refstorm");
        EXPECT_FALSE(ready);
        EXPECT_EQ(ready.error().code, exit_code::machine);
        return ready.error().what;
    };
    EXPECT_NE(says("quiet debugfs=off\n").find("debugfs=off"), std::string::npos);
    EXPECT_NE(says("debugfs=on debugfs=no-mount").find("debugfs=no-mount"), std::string::npos);
    EXPECT_NE(says("debugfs=off debugfs=on").find("has no debugfs"), std::string::npos);
    EXPECT_NE(says("nodebugfs=off").find("has no debugfs"), std::string::npos);
}

TEST_F(machine_facts, that_debugfs_is_missing_is_explained)
{
    place_.write("proc/filesystems", "nodev\tsysfs\n");
    const auto ready = ensure_debugfs(here_, place_.path() / "debug/refstorm");
    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().code, exit_code::machine);
    EXPECT_NE(ready.error().hint.find("CONFIG_DEBUG_FS"), std::string::npos);
}

TEST_F(machine_facts, that_debugfs_is_not_mounted_elsewhere_is_left_to_the_user)
{
    place_.write("proc/filesystems", "nodev\tdebugfs\n");
    fs::create_directories(place_.path() / "debug");
    const auto ready = ensure_debugfs(here_, place_.path() / "debug/refstorm");
    ASSERT_FALSE(ready);
    EXPECT_NE(ready.error().hint.find("mount -t debugfs debugfs " + (place_.path() / "debug").native()),
              std::string::npos);
    fs::create_directories(place_.path() / "debug/refstorm");
    EXPECT_TRUE(ensure_debugfs(here_, place_.path() / "debug/refstorm"));
}

load_facts facts()
{
    return {.module = "rsref", .path = "/lib/rsref.ko", .kernel = "6.1.0-1-amd64"};
}

bool says(const problem &what, const std::string &words)
{
    return what.code == exit_code::machine && (what.what + "\n" + what.hint).find(words) != std::string::npos;
}

TEST(load_failures, name_the_module_and_its_file)
{
    EXPECT_TRUE(says(explain_load_failure(EINVAL, facts()), "rsref (/lib/rsref.ko)"));
}

TEST(load_failures, tell_lockdown_from_a_container_and_from_disabled_modules)
{
    auto known = facts();
    EXPECT_TRUE(says(explain_load_failure(EPERM, known), "container"));
    known.modules_disabled = true;
    EXPECT_TRUE(says(explain_load_failure(EPERM, known), "modules_disabled"));
    known.lockdown = "integrity";
    EXPECT_TRUE(says(explain_load_failure(EPERM, known), "locked down (integrity)"));
}

TEST(load_failures, explain_signatures_with_mokutil)
{
    for (const int error : {ENOKEY, EKEYREJECTED})
        EXPECT_TRUE(says(explain_load_failure(error, facts()), "mokutil"));
}

TEST(load_failures, name_the_kernel_that_a_module_was_built_for)
{
    auto known = facts();
    known.vermagic = "6.12.1-amd64 SMP preempt mod_unload";
    const problem what = explain_load_failure(ENOEXEC, known);
    EXPECT_TRUE(says(what, "6.12.1-amd64"));
    EXPECT_TRUE(says(what, "'6.1.0-1-amd64'"));
    known.vermagic = "6.1.0-1-amd64 SMP preempt mod_unload";
    EXPECT_FALSE(says(explain_load_failure(ENOEXEC, known), "SMP"));
}

TEST(load_failures, show_the_parameters_that_were_refused)
{
    auto known = facts();
    known.parameters = "fail_nth=x";
    EXPECT_TRUE(says(explain_load_failure(EINVAL, known), "fail_nth=x"));
}

TEST(load_failures, tell_a_module_of_another_build_from_wrong_parameters)
{
    auto known = facts();
    known.loaded_before = "rsref";
    EXPECT_TRUE(says(explain_load_failure(EINVAL, known), "of another build"));
    EXPECT_TRUE(says(explain_load_failure(EINVAL, known), "refstorm unload"));
    EXPECT_TRUE(says(other_build("rsref", "/x/rsref.ko", "refstorm"), "refstorm unload"));
    known.parameters = "fail_nth=x";
    EXPECT_TRUE(says(explain_load_failure(EINVAL, known), "fail_nth=x"));
}

TEST(load_failures, have_words_for_an_errno_without_a_row)
{
    EXPECT_TRUE(says(explain_load_failure(EIO, facts()), "Input/output error"));
}

TEST(missing_module, is_explained_with_make_install_or_the_directory)
{
    EXPECT_TRUE(says(module_not_found("rsref", "6.1", std::nullopt), "make install"));
    EXPECT_TRUE(says(module_not_found("rsref", "6.1", std::nullopt), "(6.1)"));
    EXPECT_TRUE(says(module_not_found("rsref", "6.1", "/x"), "no rsref.ko in /x"));
}

TEST(module_pair, does_not_find_modules_in_an_empty_directory)
{
    const temporary_directory place;
    module_pair modules(machine{}, place.path());
    if (modules.all_loaded())
        GTEST_SKIP() << "the modules are loaded on this machine";
    const auto found = modules.find();
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().what.find(place.path().native()), std::string::npos);
}

TEST(module_pair, finds_modules_flat_or_in_a_build_tree)
{
    const temporary_directory place;
    place.write("rsref.ko", "not even ELF");
    fs::create_directories(place.path() / "kmod/storm");
    place.write("kmod/storm/refstorm.ko", "not even ELF");
    EXPECT_TRUE(module_pair(machine{}, place.path()).find());
}

TEST(module_pair, removes_in_the_opposite_order_of_loading)
{
    EXPECT_EQ(module_pair::removal_order(), (std::vector<std::string>{"refstorm", "rsref"}));
}

} // namespace
} // namespace refstorm
