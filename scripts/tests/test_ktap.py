"""How results are counted."""
import glob
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

from load import load

ktap = load("ktap")


def count(text):
    result = ktap.count(text.strip().splitlines())
    return result.passed, len(result.failures), len(result.skips)


def listed(text):
    """The names of what did not simply pass, and why."""
    result = ktap.count(text.strip().splitlines())
    return ([(name, said[-1] if said else "") for name, said in result.failures], result.skips, result.todos)


class Specification(unittest.TestCase):
    """What KTAP (Documentation/dev-tools/ktap.rst) says, where it is more than TAP."""

    def test_a_bare_ok_is_no_result(self):
        nested = "1..1\n# selftests: r: x\n# 1..2\n# ok 1 a\n# ok\n%sok 1 selftests: r: x"
        self.assertEqual(count(nested % ""), (1, 1, 0))
        self.assertEqual(count(nested % "# ok 2 b\n"), (2, 0, 0))
        self.assertEqual(count("1..2\nok 1 a\nok\n"), (1, 1, 0))

    def test_a_bare_not_ok_is_a_failure(self):
        self.assertEqual(count("1..1\nnot ok\n"), (0, 1, 0))

    def test_a_result_needs_no_number_if_it_has_a_name(self):
        self.assertEqual(count("1..2\nok - a\nnot ok b\n"), (1, 1, 0))

    def test_a_hash_in_a_word_begins_no_directive(self):
        for name in ("release#skip the second", "a \\\\# SKIP b", "issue #1 todo", "x # see docs # SKIP"):
            with self.subTest(name):
                self.assertEqual(count("1..1\nok 1 " + name), (1, 0, 0))

    def test_a_skip_is_one_whatever_the_result_and_the_case(self):
        for line in ("ok 1 a # SKIP why", "not ok 1 a # SKIP why", "ok 1 a # skip why", "ok 1 a # Skip why",
                     "ok 1 a # SKIPPED why", "ok 1 a # Skipped: why", "ok 1 - a #SKIP why"):
            with self.subTest(line):
                self.assertEqual(listed("1..1\n" + line), ([], [("a", "why")], []))
        self.assertEqual(count("1..1\nok 1 # SKIP why"), (0, 0, 1))

    def test_a_skipped_plan_may_be_written_in_any_case(self):
        for words in ("SKIP why", "skip why", "Skipped: why"):
            with self.subTest(words):
                self.assertEqual(listed("1..0 # " + words), ([], [("all", "why")], []))
                self.assertEqual(listed("1..1\n# selftests: r: x\n# 1..0 # %s\nok 1 selftests: r: x # SKIP" % words),
                                 ([], [("r: x", "why")], []))

    def test_what_is_expected_to_fail_passes_and_is_listed(self):
        for line, why in (("not ok 1 a # TODO why", "TODO: why"), ("not ok 1 a # XFAIL why", "XFAIL: why"),
                          ("ok 1 a # XFAIL", "XFAIL"), ("not ok 1 a # todo", "TODO")):
            with self.subTest(line):
                self.assertEqual(listed("1..1\n" + line), ([], [], [("a", why)]))
                self.assertEqual(count("1..1\n" + line), (1, 0, 0))

    def test_a_bail_out_is_a_failure_and_the_end(self):
        self.assertEqual(listed("1..3\nok 1 a\nBail out! it is gone"), ([("Bail out! it is gone", "")], [], []))
        self.assertEqual(count("ok 1 a\nBail out! x"), (1, 1, 0))
        self.assertEqual(count("1..1\n# selftests: r: x\n# 1..5\n# ok 1 a\n# Bail out! y\n"
                               "not ok 1 selftests: r: x # exit=1"), (1, 1, 0))

    def test_a_number_that_does_not_fit_is_a_failure(self):
        for text, counts in (("1..2\nok 1 a\nok 3 b", (1, 1, 0)), ("1..2\nok 1 a\nok 1 b", (1, 2, 0)),
                             ("1..1\n# selftests: r: x\n# 1..2\n# ok 1 a\n# ok 3 b\nok 1 selftests: r: x", (1, 1, 0))):
            with self.subTest(text):
                passed, failed, _ = count(text)
                self.assertEqual(passed, counts[0])
                self.assertGreaterEqual(failed, 1)

    def test_a_plan_that_does_not_fit_is_a_failure(self):
        for text in ("1..1\nok 1 a\nok 2 b", "ok 1 a\nok 2 b\n1..1", "ok 1 a\n1..2", "ok 1 a", "1..0\nok 1 a",
                     "1..1\n# selftests: r: x\n# 1..1\n# ok 1 a\n# ok 2 b\nok 1 selftests: r: x",
                     "1..1\n# selftests: r: x\n# ok 1 a\nok 1 selftests: r: x"):
            with self.subTest(text):
                self.assertGreaterEqual(count(text)[1], 1)

    def test_a_document_behind_one_without_a_plan_counts_by_itself(self):
        self.assertEqual(count("ok 1 a\nok 2 b\n1..1\nok 1 c"), (3, 1, 0))
        self.assertEqual(count("ok 1 a\n1..1\nTAP version 13\n1..1\nnot ok 1 b"), (1, 1, 0))


class Corpus(unittest.TestCase):
    """ktap/NAME.tap, each with a first line "# passed=N failed=N skipped=N"."""

    def test_every_file_counts_as_it_says(self):
        files = glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "ktap", "*.tap"))
        self.assertGreaterEqual(len(files), 7)
        for path in files:
            with self.subTest(path), open(path) as file:
                wanted, *lines = file
                result = ktap.count(lines)
                counts = (result.passed, len(result.failures), len(result.skips))
                self.assertEqual("# passed=%d failed=%d skipped=%d\n" % counts, wanted)


class TapParser(unittest.TestCase):
    """Where a file has nothing that perl's TAP::Parser does not know, both have the same opinion."""

    PERL = """local $/; my $p = TAP::Parser->new({tap => <STDIN>}); $p->run;
        printf "%d %d %d", !!$p->has_problems, scalar($p->skipped), scalar($p->todo)"""

    def test_both_agree(self):
        for text in ("1..2\nok 1 a\nok 2 b", "1..2\nok 1 a\nnot ok 2 b", "ok 1 a\nok 2 b\n1..2", "1..2\nok 1 a",
                     "1..1\nok 1 a\nok 2 b", "1..2\nok 1 a\nok 3 b", "1..2\nok 2 a\nok 1 b", "1..1\nok 1 a # SKIP why",
                     "1..1\nok 1 a # skip why", "1..1\nnot ok 1 a # TODO why", "1..1\nok 1 a # TODO why", "ok 1 a",
                     "1..2\nok - a\nok - b", "1..2\nok a\nnot ok b", "1..1\nBail out! x",
                     "1..1\nok 1 a \\# SKIP b", "1..1\nokay\nok 1 a", "TAP version 13\n1..1\nok 1 a\n# said",
                     "1..0 # SKIP why"):
            with self.subTest(text):
                said = subprocess.run(["perl", "-MTAP::Parser", "-e", self.PERL], input=text + "\n",
                                      stdout=subprocess.PIPE, text=True, check=True).stdout
                result = ktap.count(text.splitlines())
                if text.startswith("1..0"):
                    result.skips = []   # all of them are not one
                self.assertEqual("%d %d %d" % (bool(result.failures), len(result.skips), len(result.todos)), said)


class Counting(unittest.TestCase):
    def test_plain_results(self):
        self.assertEqual(count("TAP version 13\n1..3\nok 1 a\nnot ok 2 b\nok 3 c # SKIP no cpu"), (1, 1, 1))

    def test_nested_results_count_instead_of_their_test(self):
        self.assertEqual(count("""
TAP version 13
1..2
# selftests: refstorm: one
# TAP version 13
# 1..3
# ok 1 a
# ok 2 b # SKIP why
# ok 3 c
ok 1 selftests: refstorm: one
# selftests: refstorm: two
# something said
ok 2 selftests: refstorm: two
"""), (3, 0, 1))

    def test_a_nested_failure_counts_once(self):
        self.assertEqual(count("1..1\n# selftests: r: x\n# 1..2\n# ok 1 a\n# not ok 2 b\n"
                               "not ok 1 selftests: r: x # exit=1"), (1, 1, 0))

    def test_a_test_that_failed_without_a_nested_failure_is_one(self):
        self.assertEqual(count("1..1\n# selftests: r: x\n# 1..1\n# ok 1 a\n"
                               "not ok 1 selftests: r: x # TIMEOUT 45 seconds"), (1, 1, 0))

    def test_missing_nested_results_are_a_failure_even_if_the_test_says_ok(self):
        self.assertEqual(count("1..1\n# selftests: r: x\n# 1..2\n# ok 1 a\nok 1 selftests: r: x"), (1, 1, 0))

    def test_missing_tests_are_a_failure(self):
        self.assertEqual(count("1..3\nok 1 a"), (1, 1, 0))

    def test_a_skip_is_a_failure_unless_it_is_expected_on_that_kernel(self):
        listed = ["# kernel  test", "6.1.*-rt-*  runner: *", "*  lone"]
        for kernel, failed, skipped in (("6.1.0-56-rt-amd64", 1, 2), ("6.12.1-cloud-amd64", 2, 1)):
            result = ktap.count(["1..3", "ok 1 runner: x # SKIP why", "ok 2 lone # SKIP", "ok 3 b # SKIP none"])
            ktap.fail_unexpected(result, ktap.expected_skips(listed, kernel))
            self.assertEqual((len(result.failures), len(result.skips)), (failed, skipped))

    def test_a_test_that_never_ended_is_a_failure(self):
        self.assertEqual(count("1..1\n# selftests: r: x\n# 1..9\n# ok 1 a"), (1, 2, 0))

    def test_no_result_is_a_failure(self):
        self.assertEqual(count(""), (0, 1, 0))
        self.assertEqual(count("1..0"), (0, 1, 0))

    def test_a_skipped_test_without_nested_results(self):
        self.assertEqual(count("1..1\n# selftests: r: x\n# no cpu\nok 1 selftests: r: x # SKIP"), (0, 0, 1))

    def test_a_plan_at_the_end_is_fine(self):
        self.assertEqual(count("ok 1 a\nok 2 b\n1..2"), (2, 0, 0))

    def test_several_plans_in_one_file(self):
        self.assertEqual(count("1..1\nok 1 a\n1..2\nok 1 b\n"), (2, 1, 0))

    def test_several_plans_each_at_its_end_or_beginning(self):
        self.assertEqual(count("ok 1 a\nok 2 b\n1..2\nok 1 c\n1..1\n1..1\nok 1 d\n"), (4, 0, 0))
        self.assertEqual(count("ok 1 a\n1..1\nok 1 b\n1..2\n1..1\nok 1 c\n"), (3, 1, 0))

    def test_an_ok_inside_a_word_is_no_result(self):
        self.assertEqual(count("1..1\nok 1 a\nokay then\n"), (1, 0, 0))

    def test_what_a_failed_test_said_is_kept(self):
        result = ktap.count(["1..1", "# selftests: r: x", "# it broke here", "not ok 1 selftests: r: x # exit=1"])
        self.assertEqual(result.failures, [("r: x # exit=1", ["it broke here"])])


SEVERAL = """TAP version 13
1..1
# selftests: refstorm: objects
# 1..3
# ok 1 a get
# it said \x1b <&>
# not ok 2 a put
# ok 3 a kill # SKIP no \x01 CPU
not ok 1 selftests: refstorm: objects # exit=1
TAP version 13
1..2
ok 1 one
what a program said
ok 3 three
TAP version 13
1..0 # SKIP none here
ok 1 at its end
1..1
"""


class Joined(unittest.TestCase):
    def test_several_documents_become_one_with_the_same_results(self):
        whole = "\n".join(ktap.join(SEVERAL.splitlines()))
        # The number that does not fit is a failure of its own in both.
        self.assertEqual(count(SEVERAL), count(whole))
        self.assertEqual(whole.splitlines()[-1], "1..6")
        self.assertEqual(whole.count("TAP version"), 1)

    def test_a_plan_that_was_not_fulfilled_is_a_failure(self):
        whole = list(ktap.join(["TAP version 13", "1..3", "ok 1 a"], ["the suite ends by itself"]))
        self.assertEqual(whole[2:], ["not ok 2 2 of 3 planned results did not come",
                                     "not ok 3 the suite ends by itself", "1..3"])

    def test_a_document_that_was_cut_gets_its_plan(self):
        self.assertEqual(list(ktap.join(["ok 1 a"])), ["TAP version 13", "ok 1 a", "not ok 2 no plan for 1 results", "1..2"])
        self.assertEqual(list(ktap.join([])), ["TAP version 13", "1..0 # SKIP no result"])
        self.assertEqual(list(ktap.join(["1..2", "Bail out! broken"]))[1:], ["not ok 1 it bailed out: broken", "1..1"])

    @unittest.skipUnless(subprocess.run(["perl", "-MTAP::Parser", "-e1"], stderr=subprocess.DEVNULL).returncode == 0,
                         "no TAP::Parser")
    def test_prove_reads_it(self):
        whole = "\n".join(ktap.join(SEVERAL.splitlines())) + "\n"
        parse = ("my $p = TAP::Parser->new({ tap => do { local $/; <STDIN> } }); $p->run;"
                 "print join(' ', scalar $p->passed, scalar $p->failed, scalar $p->parse_errors)")
        said = subprocess.run(["perl", "-MTAP::Parser", "-e", parse], input=whole, capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(said, "3 3 0")


class Parsers(unittest.TestCase):
    PROGRAM = os.path.join(os.path.dirname(__file__), "..", "check", "tap-parsers")

    def judge(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".tap") as file:
            file.write(text)
            file.flush()
            return subprocess.run([sys.executable, self.PROGRAM, file.name], capture_output=True, text=True, check=False)

    @unittest.skipUnless(importlib.util.find_spec("tap"), "no python3-tap")
    def test_they_take_one_document_and_no_more(self):
        whole = "\n".join(ktap.join(SEVERAL.splitlines())) + "\n"
        self.assertEqual(self.judge(whole).stdout, "1 documents, by tap.py and TAP::Parser: valid\n")
        for text in (SEVERAL, whole.replace("1..6", "1..7"), whole.replace("1..6", ""), whole + "1..6\n",
                     whole.replace("ok 4", "ok 5")):
            self.assertEqual(self.judge(text).returncode, 1, text)


class Kernel(unittest.TestCase):
    LOG = """[    1.000000] ok 1 of something else
[    2.000000][    T1] KTAP version 1
[    2.100000][   T12] 1..2
[    2.200000] # storm=1 provider=rs_kref verdict=held
[    2.300000] ok 1 storm provider=rs_kref
[    2.400000] clocksource: Switched
[    2.500000] not ok 2 storm provider=kref
[    2.600000] refstorm: End of test: FAILURE
"""

    def test_a_run_in_a_kernels_log_is_counted(self):
        self.assertEqual(count(self.LOG), (1, 1, 0))


class Forms(unittest.TestCase):
    def setUp(self):
        self.result = ktap.count(SEVERAL.splitlines())

    def test_junit_has_each_result_once(self):
        root = xml.fromstring(ktap.junit(self.result))
        cases = list(root.iter("testcase"))
        self.assertEqual((len(cases), len(list(root.iter("failure"))), len(list(root.iter("skipped")))),
                         (len(self.result.all), len(self.result.failures), len(self.result.skips)))
        self.assertEqual(root.attrib["tests"], str(len(cases)))
        self.assertEqual(sum(int(suite.attrib["failures"]) for suite in root), len(self.result.failures))
        self.assertIn(("refstorm.objects", "a put"), [(c.attrib["classname"], c.attrib["name"]) for c in cases])

    @unittest.skipUnless(importlib.util.find_spec("junitparser"), "no python3-junitparser")
    def test_junitparser_reads_it(self):
        import junitparser
        read = junitparser.JUnitXml.fromstring(ktap.junit(self.result))
        self.assertEqual((read.tests, read.failures, read.skipped, read.errors),
                         (len(self.result.all), len(self.result.failures), len(self.result.skips), 0))
        kinds = [type(each).__name__ for suite in read for case in suite for each in case.result]
        self.assertEqual((kinds.count("Failure"), kinds.count("Skipped")),
                         (len(self.result.failures), len(self.result.skips)))

    # What KCIDB's I/O schema 5.0 says of the properties that we give: all strings but for `valid`, and of some a form.
    NEEDED = {"checkouts": {"id", "origin"}, "builds": {"id", "origin", "checkout_id"}, "tests": {"id", "origin", "build_id"}}
    KNOWN = {"checkouts": {"id", "origin", "comment", "valid"},
             "builds": {"id", "origin", "checkout_id", "comment", "architecture", "status"},
             "tests": {"id", "origin", "build_id", "path", "comment", "status", "log_excerpt"}}
    PATTERN = {"id": r"[a-z0-9_]+:.*", "checkout_id": r"[a-z0-9_]+:.*", "build_id": r"[a-z0-9_]+:.*",
               "origin": r"[a-z0-9_]+", "architecture": r"[a-z0-9_]*", "log_excerpt": r"(?s:.{0,16384})",
               "path": r"([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?", "status": "FAIL|ERROR|MISS|PASS|DONE|SKIP"}

    def test_kcidb_has_the_form_of_its_schema(self):
        report = json.loads(ktap.kcidb(self.result, "my_lab", "6.1.0-57-cloud-arm64"))
        self.assertEqual(report.pop("version"), {"major": 5, "minor": 0})
        self.assertEqual(set(report), set(self.KNOWN))
        for kind, rows in report.items():
            self.assertEqual(len(rows), len({row["id"] for row in rows}))
            for row in rows:
                self.assertLessEqual(self.NEEDED[kind], set(row))
                self.assertLessEqual(set(row), self.KNOWN[kind])
                for key, value in row.items():
                    self.assertIs(type(value), bool if key == "valid" else str, key)
                    if key in self.PATTERN:
                        self.assertRegex(value, "^(?:%s)$" % self.PATTERN[key])
                self.assertTrue(row["id"].startswith(row["origin"] + ":"))
        self.assertEqual([row["status"] for row in report["tests"]].count("FAIL"), len(self.result.failures))
        self.assertEqual(report["builds"][0]["architecture"], "aarch64")

    @unittest.skipUnless(importlib.util.find_spec("kcidb_io"), "no kcidb-io (PyPI): pip install kcidb-io")
    def test_kcidb_io_validates_it(self):
        import kcidb_io
        kcidb_io.schema.V5_0.validate(json.loads(ktap.kcidb(self.result, "my_lab", "6.1.0-57-cloud-arm64")))


if __name__ == "__main__":
    unittest.main()
