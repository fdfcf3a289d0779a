"""What scan-log must find, and what it must let pass."""
import glob
import os
import unittest

from load import load

scan_log = load("scan-log")
CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernel-logs")


def scan(text, tainted=None):
    return scan_log.scan(text.strip().splitlines(), tainted)


def classes(text, tainted=None):
    return [problem[0] for problem in scan(text, tainted)]


BOOT = """
[    0.000000] Linux version 6.1.0-56-cloud-amd64
[    0.100000] rcu: Hierarchical RCU implementation.
[    3.118160] rsref: loading out-of-tree module taints kernel.
"""


def warn(message, cpu=1, where="lib/refcount.c:22 refcount_warn_saturate+0x51/0x110"):
    """A warning as 6.1 prints it."""
    lines = ["[    4.0] ------------[ cut here ]------------"]
    if message:
        lines.append("[    4.0] " + message)
    lines += [
        "[    4.0] WARNING: CPU: %d PID: 123 at %s" % (cpu, where),
        "[    4.0] Modules linked in: rsref(OE)",
        "[    4.0] CPU: %d PID: 123 Comm: x Tainted: G           OE" % cpu,
        "[    4.0] Call Trace:",
        "[    4.0]  <TASK>",
        "[    4.0] ---[ end trace 0000000000000000 ]---",
    ]
    return "\n".join(lines) + "\n"


SATURATED = "refcount_t: saturated; leaking memory."


def begin(count, text):
    return "[    3.9] refstorm-expect: begin %s %s\n" % (count, text)


END = "[    4.9] refstorm-expect: end\n"


class Problems(unittest.TestCase):
    def test_a_boot_log_is_clean(self):
        self.assertEqual(classes(BOOT), [])

    def test_each_kind_of_complaint_has_its_class(self):
        for line, expected in [
            ("Kernel panic - not syncing: sysrq triggered crash", "panic"),
            ("BUG: kernel NULL pointer dereference, address: 0000000000000000", "oops"),
            ("BUG: unable to handle page fault for address: ffffffffdeadbeef", "oops"),
            ("Oops: 0002 [#1] PREEMPT SMP NOPTI", "oops"),
            ("general protection fault, probably for non-canonical address 0x6b6b: 0000 [#1]", "oops"),
            ("kernel BUG at lib/percpu-refcount.c:500!", "oops"),
            ("watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [x:123]", "stall"),
            ("watchdog: Watchdog detected hard LOCKUP on cpu 0", "stall"),
            ("BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 30s!", "stall"),
            ("rcu: INFO: rcu_preempt self-detected stall on CPU", "stall"),
            ("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "stall"),
            ("rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... }", "stall"),
            ("INFO: rcu_tasks detected stalls on tasks:", "stall"),
            ("INFO: task x:12 blocked for more than 120 seconds.", "stall"),
            ("BUG: scheduling while atomic: x/12/0x00000002", "report"),
            ("BUG: sleeping function called from invalid context at kernel/x.c:1", "report"),
            ("BUG: KASAN: use-after-free in x+0x1/0x2", "report"),
            ("BUG: KCSAN: data-race in x / y", "report"),
            ("WARNING: possible circular locking dependency detected", "report"),
            ("WARNING: suspicious RCU usage", "report"),
            ("UBSAN: shift-out-of-bounds in x.c:1:2", "report"),
            ("kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", "report"),
            ("refcount_t: underflow; use-after-free.", "warning"),
            ("rs_refcount_t: underflow; use-after-free.", "warning"),
            ("x: page allocation failure: order:0, mode:0x0", "warning"),
            ("** 12 printk messages dropped **", "unchecked"),
            ("percpu ref (x) <= 0 (-1) after switching to atomic", "warning"),
        ]:
            with self.subTest(line):
                self.assertEqual(classes(BOOT + "[    5.0] " + line), [expected])

    def test_the_cause_comes_before_the_consequence(self):
        log = "[ 1.0] Kernel panic - not syncing: Fatal exception\n[ 0.9] Oops: 0002 [#1] SMP\n"
        self.assertEqual(classes(log), ["oops", "panic"])

    def test_a_line_with_the_caller_s_id_is_read_as_well(self):
        self.assertEqual(classes("[    5.0][  T123] Oops: 0002 [#1] SMP"), ["oops"])
        self.assertEqual(classes("[    5.0][    C1] Oops: 0002 [#1] SMP"), ["oops"])

    def test_a_message_that_the_console_replays_counts_once(self):
        text = "refcount_t: saturated; leaking memory."
        begin, end = "[ 2.0] refstorm-expect: begin 1 " + text, "[ 2.2] refstorm-expect: end"
        warning = "[ 2.1] ------------[ cut here ]------------\n[ 2.1] %s\n[ 2.1] WARNING: CPU: 1 PID: 7 at x.c:1 f+0x1/0x2\n" \
            "[ 2.1] ---[ end trace 0000000000000000 ]---" % text
        replay = "** replaying previous printk message **"
        for lines in ([begin, replay, begin, warning, end],
                      [begin[:9], replay, begin, warning, end],
                      [begin[:9] + replay, begin, warning, end],
                      [begin, warning, end, replay, end],
                      [begin, warning, replay, end]):
            with self.subTest(lines):
                self.assertEqual(classes("\n".join(lines) + "\n"), [])
        self.assertEqual(classes("\n".join([begin, replay, begin, warning]) + "\n"), ["warning"])

    def test_a_stack_dump_without_a_warning_is_unchecked(self):
        self.assertEqual(classes("[ 1.0] CPU: 0 PID: 1 Comm: x\n[ 1.0] Call Trace:\n"), ["unchecked"])

    def test_what_is_unchecked_has_a_code_of_its_own(self):
        self.assertEqual(scan_log.CODES["unchecked"], 20)

    def test_a_log_that_ends_in_the_middle_of_a_warning_is_reported(self):
        self.assertEqual(classes("[    4.0] ------------[ cut here ]------------"), ["warning"])

    def test_a_bug_after_cut_here_is_an_oops(self):
        log = "[ 4.0] ------------[ cut here ]------------\n[ 4.0] kernel BUG at x.c:1!\n"
        self.assertEqual(classes(log), ["oops"])


class Corpus(unittest.TestCase):
    """What kernels of all kinds have said, each with the class that it must get."""

    def check(self, log, expected):
        found = [problem[0] for problem in scan_log.scan(log)]
        self.assertEqual(found[0] if found else "clean", expected, "".join(log))

    def test_every_line_has_its_class(self):
        seen = 0
        for path in glob.glob(CORPUS + "/*.lines"):
            with open(path) as lines:
                for line in lines:
                    with self.subTest(line):
                        self.check(["[    5.000000] " + line], os.path.basename(path)[:-len(".lines")])
                        seen += 1
        self.assertGreater(seen, 190)

    def test_every_log_has_its_class(self):
        logs = glob.glob(CORPUS + "/*/*.log")
        self.assertGreater(len(logs), 8)
        for path in logs:
            with self.subTest(path), open(path, errors="replace") as log:
                self.check(list(log), os.path.basename(os.path.dirname(path)))

    def test_every_row_of_the_table_is_the_first_for_some_line(self):
        used = set()
        for path in glob.glob(CORPUS + "/*.lines"):
            with open(path) as lines:
                used |= {next((regex.pattern for _, regex in scan_log.ROWS if regex.search(line)), None)
                         for line in lines}
        self.assertEqual({regex.pattern for _, regex in scan_log.ROWS} - used, set())

    def test_whether_a_kernel_panics_on_an_oops_does_not_change_the_class(self):
        oops = "[ 5.0] divide error: 0000 [#1] SMP\n[ 5.0] ---[ end trace 0000000000000000 ]---\n"
        self.assertEqual(classes(oops)[0], classes(oops + "[ 5.1] Kernel panic - not syncing: Fatal exception\n")[0])


class Announcements(unittest.TestCase):
    def test_an_unannounced_warning_is_reported_once_by_its_text(self):
        problems = scan(BOOT + warn(SATURATED))
        self.assertEqual([(p[0], p[2]) for p in problems], [("warning", SATURATED)])

    def test_an_announced_warning_is_clean(self):
        self.assertEqual(classes(begin(1, SATURATED) + warn(SATURATED) + END), [])

    def test_the_text_must_be_exact(self):
        log = begin(1, "refcount_t: saturated") + warn(SATURATED) + END
        self.assertEqual(classes(log), ["warning", "warning"])  # unannounced, and never came

    def test_a_warning_after_the_window_is_reported(self):
        log = begin("0..1", SATURATED) + END + warn(SATURATED)
        self.assertEqual(classes(log), ["warning"])

    def test_one_too_many_is_reported(self):
        log = begin(1, SATURATED) + warn(SATURATED) + warn(SATURATED) + END
        self.assertEqual(classes(log), ["warning"])

    def test_one_that_never_comes_is_reported(self):
        self.assertEqual(classes(begin(1, SATURATED) + END), ["warning"])

    def test_a_range_allows_none(self):
        self.assertEqual(classes(begin("0..1", SATURATED) + END), [])
        self.assertEqual(classes(begin("0..1", SATURATED) + warn(SATURATED) + END), [])

    def test_the_count_is_demanded(self):
        log = begin(2, SATURATED) + warn(SATURATED) + END
        self.assertEqual(classes(log), ["warning"])

    def test_windows_nest(self):
        other = "refcount_t: underflow; use-after-free."
        log = begin(1, SATURATED) + begin(1, other) + warn(SATURATED) + warn(other) + END + END
        self.assertEqual(classes(log), [])

    def test_a_window_must_end(self):
        self.assertEqual(classes(begin("0..1", SATURATED)), ["warning"])

    def test_an_end_needs_a_begin(self):
        self.assertEqual(classes(END), ["warning"])

    def test_a_malformed_announcement_is_reported(self):
        for text in ["begin", "begin x y", "begin 1", "finish", "end 1 x"]:
            with self.subTest(text):
                self.assertEqual(classes("[ 1.0] refstorm-expect: " + text), ["warning"])

    def test_a_warning_without_message_goes_by_its_function(self):
        where = "kmod/ref/x.c:9 rs_x+0x5/0x10 [rsref]"
        log = begin(1, "WARNING in rs_x") + warn("", where=where) + END
        self.assertEqual(classes(log), [])
        self.assertEqual([p[2] for p in scan(warn("", where=where))], ["WARNING in rs_x"])

    def test_newer_kernels_print_a_warning_differently(self):
        log = ("[ 4.0] ------------[ cut here ]------------\n[ 4.0] %s\n"
               "[ 4.0] WARNING: lib/refcount.c:22 at refcount_warn_saturate+0x51/0x110, CPU#1: x/12\n"
               "[ 4.0] ---[ end trace 0000000000000000 ]---\n" % SATURATED)
        self.assertEqual(classes(log), ["warning"])
        self.assertEqual(classes(begin(1, SATURATED) + log + END), [])

    def test_two_cpus_warning_at_once_are_told_apart(self):
        other = "refcount_t: underflow; use-after-free."
        a, b = warn(SATURATED, 0).splitlines(), warn(other, 1).splitlines()
        log = "\n".join(line for pair in zip(a, b) for line in pair) + "\n"
        self.assertEqual(classes(begin(1, SATURATED) + begin(1, other) + log + END + END), [])
        self.assertEqual(classes(begin(1, SATURATED) + log + END), ["warning"])

    def test_another_cpu_s_line_in_a_warning_is_no_warning(self):
        lines = warn(SATURATED).splitlines()
        lines.insert(1, "[    4.0] eth0: link up")
        self.assertEqual(classes(begin(1, SATURATED) + "\n".join(lines) + "\n" + END), [])

    def test_another_cpu_s_oops_in_a_warning_is_seen(self):
        lines = warn(SATURATED).splitlines()
        lines.insert(1, "[    4.0] Oops: 0002 [#1] SMP")
        self.assertEqual(classes(begin(1, SATURATED) + "\n".join(lines) + "\n" + END), ["oops"])


class Taint(unittest.TestCase):
    def test_out_of_tree_and_unsigned_are_expected(self):
        self.assertEqual(classes(BOOT, 4096 + 8192), [])
        self.assertEqual(classes(BOOT, 0), [])

    def test_anything_else_is_reported(self):
        for bit in (1, 2, 16, 32, 128, 16384):
            with self.subTest(bit):
                self.assertEqual(classes(BOOT, 4096 + bit), ["taint"])

    def test_a_warning_s_bit_needs_an_announced_warning(self):
        self.assertEqual(classes(BOOT, 4096 + 512), ["taint"])
        self.assertEqual(classes(begin(1, SATURATED) + warn(SATURATED) + END, 4096 + 512), [])
        self.assertEqual(classes(begin("0..1", SATURATED) + END, 4096 + 512), ["taint"])


if __name__ == "__main__":
    unittest.main()
