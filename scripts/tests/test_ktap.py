"""How results are counted."""
import unittest

from load import load

ktap = load("ktap")


def count(text):
    result = ktap.count(text.strip().splitlines())
    return result.passed, len(result.failures), len(result.skips)


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
