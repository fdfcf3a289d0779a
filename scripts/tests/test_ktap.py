"""How results are counted."""
import glob
import os
import subprocess
import unittest

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


if __name__ == "__main__":
    unittest.main()
