# SPDX-License-Identifier: GPL-2.0
"""scripts/check/figures: merging, tables, and what makes `check` fail."""
import contextlib
import io
import json
import os
import tempfile
import unittest

from load import load

figures = load("figures")


def row(provider, operation, value, unit="instructions", cpus=1):
    return {"kernel": KERNEL, "provider": provider, "operation": operation, "cpus": cpus,
            "unit": unit, "value": value}


KERNEL = "6.1.0-56-cloud-amd64"
ROWS = [row("refcount", "pair", 13), row("rs_refcount", "pair", 8), row("rs_refcount", "init_exit", 100)]


def document(rows, possible_cpus=1):
    return {"schema": 1, "kernel": KERNEL, "possible_cpus": possible_cpus, "results": rows, "kills": []}


STORM = {"schema": 1, "kernel": KERNEL, "verdict": "held", "storms": [
    {"provider": "rs_kref", "cpus": 4, "operations": 7620000, "kills": 397, "overlapped_kills": 353,
     "release_median_ns": 2159400, "release_p99_ns": 1260000000, "verdict": "held"}]}
TURN = """
0000000000000000 <bench_nothing>:
   0:\tendbr64
   4:\t{down}
   8:\tjne    {to} <bench_nothing+0x{to}>
   a:\tret
   c:\tint3
"""


class FiguresTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        figures.HELD = self.path("figures")
        self.true_readme = figures.README
        figures.README = self.write("README.md", "before\n" + "between\n".join(
            figures.BEGIN.format(each) + figures.END for each in ("storms", "readme")) + "after\n")
        self.addCleanup(setattr, figures, "README", self.true_readme)

    def path(self, name):
        return os.path.join(self.place, name)

    def write(self, name, content):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content, indent=2))
        return self.path(name)

    def run_it(self, *words):
        """What it printed, and its exit code."""
        out, code = io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                figures.main(list(words))
            except SystemExit as end:
                code = int(end.code)
        return out.getvalue(), code

    def hold(self, rows=None):
        self.run_it("hold", self.write("held.json", document(rows or ROWS)))

    def check(self, rows, *more):
        return self.run_it("check", self.write("bench.json", [document(rows)]), *more)

    def test_equal_counts_pass(self):
        self.hold()
        self.assertEqual(self.check(ROWS),
                         ("ok 1 no instruction count of ours has grown on 6.1\n1..1\n", 0))

    def test_a_count_that_grew_fails_and_is_named(self):
        self.hold()
        said, code = self.check([row("rs_refcount", "pair", 9), row("rs_refcount", "init_exit", 100)])
        self.assertEqual(code, 1)
        self.assertIn("# 6.1 rs_refcount pair: 9 instructions, 8 are held\nnot ok 1", said)

    def test_a_count_that_shrank_passes_and_is_told(self):
        self.hold()
        said, code = self.check([row("rs_refcount", "pair", 7), row("rs_refcount", "init_exit", 100)])
        self.assertEqual(code, 0)
        self.assertIn("rs_refcount pair: now 7, less than the 8", said)

    def test_init_exit_may_grow_by_a_tenth(self):
        self.hold()
        self.assertEqual(self.check([ROWS[1], row("rs_refcount", "init_exit", 110)])[1], 0)
        self.assertEqual(self.check([ROWS[1], row("rs_refcount", "init_exit", 111)])[1], 1)

    def test_what_was_not_measured_fails(self):
        self.hold()
        said, code = self.check([ROWS[1]])
        self.assertEqual(code, 1)
        self.assertIn("rs_refcount init_exit: 100 is held, but it was not measured", said)

    def test_what_is_not_held_fails(self):
        self.hold()
        said, code = self.check(ROWS + [row("rs_kref", "get", 3)])
        self.assertEqual(code, 1)
        self.assertIn("rs_kref get: 3 is measured, but none is held", said)

    def test_mainline_may_do_as_it_likes(self):
        self.hold()
        self.assertEqual(self.check(ROWS[1:] + [row("refcount", "pair", 99)])[1], 0)

    def test_a_kernel_of_which_nothing_is_held_is_skipped(self):
        self.write("figures", "6.6 rs_refcount pair 8\n")
        self.assertIn("# SKIP", self.check(ROWS)[0])

    def test_two_boots_that_differ_fail(self):
        self.hold()
        for name, count in (("one", 8), ("many", 9)):
            self.write(f"logs/{KERNEL}/{name}/output.log", document([row("rs_refcount", "pair", count)]))
        said, code = self.check(ROWS, self.path("logs"))
        self.assertEqual(code, 1)
        self.assertIn("# 6.1 rs_refcount pair: 8 and 9\nnot ok 2 two boots", said)

    def test_a_handle_of_cxx_that_costs_more_than_c_fails(self):
        rows = ROWS + [row("cxx_refcount", "pair", 9)]
        self.hold(rows)
        said, code = self.check(rows)
        self.assertEqual(code, 1)
        self.assertIn("# 6.1 cxx_refcount pair: 9, and 8 in C\nnot ok 2 each operation", said)

    def test_a_handle_of_cxx_that_costs_what_c_costs_passes(self):
        rows = ROWS + [row("cxx_refcount", "pair", 8)]
        self.hold(rows)
        said, code = self.check(rows)
        self.assertEqual(code, 0)
        self.assertIn("ok 2 each operation", said)

    def test_several_documents_of_a_guest_are_one(self):
        logs = [json.dumps(document([each]), indent=2) for each in ROWS]
        one = self.write("one", "a line before\n" + "\na line between\n".join(logs) + "\n")
        self.assertEqual(json.loads(self.run_it("merge", one)[0])["results"], ROWS)

    def test_what_was_measured_twice_counts_as_it_was_the_first_time(self):
        texts = [json.dumps(document([row("rs_kref", "init_exit", count)]), indent=2) for count in (9, 7)]
        merged = json.loads(self.run_it("merge", self.write("one", "\n".join(texts)))[0])
        self.assertEqual(merged["results"], [row("rs_kref", "init_exit", 9)])

    def test_the_second_document_of_a_guest_is_not_cut_off_unseen(self):
        whole = json.dumps(document(ROWS), indent=2)
        said, code = self.run_it("merge", self.write("one", f"{whole}\n{whole[:-9]}"))
        self.assertEqual(code, 1)
        self.assertIn("a broken one", said)

    def test_merge_takes_only_init_exit_of_64_cpus(self):
        one = self.write("one", "a line before\n" + json.dumps(document(ROWS), indent=2) + "\n")
        many = self.write("many", document(ROWS, 64))
        merged = json.loads(self.run_it("merge", one, f"init_exit_64={many}")[0])
        self.assertEqual(merged["results"], ROWS + [row("rs_refcount", "init_exit_64", 100)])
        few = self.write("few", document(ROWS, 1))
        merged = json.loads(self.run_it("merge", one, f"init_exit_64={few}")[0])
        self.assertEqual(merged["results"], ROWS)

    def test_merge_adds_times_and_other_lists(self):
        one = self.write("one", document(ROWS))
        times = document([row("kref", "pair", 5, "ns")])
        times["kills"] = [{"kill": "confirm"}]
        merged = json.loads(self.run_it("merge", one, self.write("times", times))[0])
        self.assertEqual(merged["results"][-1]["unit"], "ns")
        self.assertEqual(merged["kills"], [{"kill": "confirm"}])

    def test_merge_tells_the_bytes_of_code_with_what_was_moved_away(self):
        sizes = {"bench/bench_loop": "10 20 t bench_nothing",
                 "provider/provider_mainline_kref": "0 54 t bench_get",
                 "provider/provider_rs_kref": "0 39 t bench_get\n8 19 t bench_get.cold\n0 50 t bench_command"}
        for name, said in sizes.items():
            self.write(f"objects/{name}.o", said)
        fake = self.write("bin/nm", '#!/bin/sh\ncat "$2"\n')
        os.chmod(self.write("bin/objdump", f"#!/bin/sh\ncat <<'END'{TURN.format(down='dec %rsi', to='4')}END\n"), 0o755)
        os.chmod(fake, 0o755)
        path = os.environ["PATH"]
        self.addCleanup(os.environ.__setitem__, "PATH", path)
        os.environ["PATH"] = os.path.dirname(fake) + ":" + path
        one = self.write("one", document(ROWS))
        merged = json.loads(self.run_it("merge", one, f"code={self.path('objects')}")[0])
        self.assertEqual(merged["results"][len(ROWS):],
                         [row("nothing", "turn", 2, "instructions_a_turn"),
                          row("kref", "code_get", 0x54 - 0x20, "bytes"),
                          row("rs_kref", "code_get", 0x39 + 0x19 - 0x20, "bytes")])

    def test_a_log_without_a_document_is_an_error_that_names_it(self):
        said, code = self.run_it("merge", self.write("log", "panic\n"))
        self.assertEqual(code, 1)
        self.assertIn("no JSON document", said)

    def test_show_puts_ours_beside_mainlines(self):
        said = self.run_it("show", self.write("bench.json", [document(ROWS)]))[0]
        self.assertEqual(said.splitlines()[1].split(), ["rs_refcount", "pair", "8", "13", "0.62"])

    def test_show_has_the_memory_of_ours_beside_mainlines(self):
        rows = [row("percpu_ref", "memory_hot", 122.5, "bytes"), row("rs_sealed_ref", "memory_hot", 196, "bytes")]
        said = self.run_it("show", self.write("bench.json", [document(rows)]))[0]
        self.assertEqual([line.split() for line in said.splitlines()[:2]],
                         [["bytes", "of", "memory", "6.1", "mainline", "ratio"],
                          ["rs_sealed_ref", "hot", "196", "122.5", "1.60"]])

    def test_readme_gets_its_table_and_is_checked(self):
        self.hold()
        documents = [{**document(ROWS), "kernel": kernel} for kernel in
                     (KERNEL, "6.12.118+deb13-cloud-amd64", "7.3.4+deb13-cloud-amd64")]
        for each in documents:
            self.run_it("hold", self.write("other.json", each))
            for boot in ("one", "many"):
                self.write(f"logs/{each['kernel']}/{boot}/output.log", document(ROWS))
        every = self.write("every.json", documents)
        said, code = self.run_it("check", every, self.path("logs"))
        self.assertEqual(code, 1)
        self.assertIn("not ok 7 the table in README", said)
        self.run_it("readme", every)
        self.assertEqual(self.run_it("check", every, self.path("logs"))[1], 0)
        with open(figures.README, encoding="utf-8") as file:
            text = file.read()
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        self.assertIn("| `rs_refcount` | 8 | 13 | 8 | 13 | 8 | 13 |\n", text)

    def test_counters_of_the_same_cost_share_a_row_of_the_readme(self):
        rows = [row("refcount", "pair", 13), row("kref", "pair", 13), row("rs_refcount", "pair", 8),
                row("rs_kref", "pair", 8), row("cxx_kref", "pair", 9)]
        table = figures.readme_table([document(rows)])
        self.assertEqual(table.splitlines()[2:], ["| `rs_refcount`, `rs_kref` | 8 | 13 |", "| `cxx_kref` | 9 | 13 |"])

    def test_a_readme_that_lost_its_part_is_not_written(self):
        self.write("README.md", "all of it\n")
        said, code = self.run_it("storms", self.write("storm", STORM))
        self.assertEqual((said, code), ("figures: README.md has no part that `figures storms` writes\n", 1))
        with open(figures.README, encoding="utf-8") as file:
            self.assertEqual(file.read(), "all of it\n")

    def test_the_table_of_peers_has_a_row_for_each_algorithm(self):
        rows = [{"provider": name, "operation": "pair", "cpus": cpus, "unit": unit, "value": value}
                for name in ("percpu_ref", "rs_percpu_ref", "rs_sealed_ref", "rs_refcount", "refcount", "peer_rcuref", "kref")
                for cpus, unit, value in ((1, "instructions", 6), (1, "ops_per_second", 2e8), (4, "ops_per_second", 5e7))]
        kills = [{"kill": "release", "provider": "percpu_ref", "refs": 1, "load": "users", "cpus": 16, "median_ns": 19800000}]
        part = figures.peers_part({"kernel": "7.3.4", "possible_cpus": 4, "results": rows, "kills": kills})
        self.assertIn("| `peer_rcuref` | 6 | 5.0 | 200.0 |  | 50.0 |  |  |  |  |  |  |  |\n", part)
        self.assertIn("| `percpu_ref` | 6 | 5.0 | 200.0 |  | 50.0 |  |  |  |  |  | 19.8 ms |  |\n", part)
        self.assertNotIn("`kref`", part)

    def test_kills_of_the_bench_file_become_rows(self):
        log = self.write("kills.log", "noise\nkill=confirm provider=a\n"
                         "kill=release provider=percpu_ref refs=1 load=none cpus=2 median_ns=7\n")
        self.assertEqual(list(figures.kill_rows(log)), [{"kill": "release", "provider": "percpu_ref", "refs": 1,
                                                         "load": "none", "cpus": 2, "median_ns": 7}])

    def test_readme_gets_the_table_of_storms(self):
        self.assertEqual(self.run_it("storms", self.write("storm", "booting\n" + json.dumps(STORM, indent=2) + "\n")),
                         ("", 0))
        with open(figures.README, encoding="utf-8") as file:
            text = file.read()
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        self.assertIn("|\n| `rs_kref` | 7,620,000 | 397 | 353 | 2.16 ms | 1,260 ms | held |\n", text)
        self.assertIn(f"\nKernel {KERNEL}, 4 CPUs, verdict of all: held.\n", text)

    def test_a_storm_that_was_cut_short_is_an_error_and_leaves_the_readme(self):
        whole = json.dumps(STORM, indent=2)
        for broken in (whole[:-9], "panic\n", whole.replace("release_p99_ns", "p99"), json.dumps(document(ROWS))):
            said, code = self.run_it("storms", self.write("storm", broken))
            self.assertEqual(code, 1)
            self.assertIn("no JSON document of refstorm storm", said)
        self.assertEqual(figures.document_parts("storms")[1], "")

    def test_a_turn_of_the_loop_around_nothing_is_counted(self):
        self.assertEqual(figures.turn_of(TURN.format(down="dec    %rsi", to="4")), 2)
        self.assertEqual(figures.turn_of(TURN.format(down="sub    $0x1,%rsi", to="4")), 2)
        # as gcc 14 would have it: two turns in one
        self.assertEqual(figures.turn_of(TURN.format(down="sub    $0x2,%rsi", to="4")), 1)
        self.assertIsNone(figures.turn_of(TURN.format(down="dec    %rsi", to="c")))

    def test_another_turn_than_of_two_instructions_fails(self):
        for turn, wanted in ((2, 0), (1, 1), (None, 1)):
            rows = ROWS + [row("nothing", "turn", turn, "instructions_a_turn")]
            bench = self.write("bench.json", [document(rows)])
            self.run_it("hold", bench)
            said, code = self.run_it("check", bench)
            self.assertEqual(code, wanted, said)
            self.assertIn("a turn of the loop around nothing is two instructions on 6.1", said)

    def test_series_of_kernels(self):
        self.assertEqual(figures.series("6.12.117+deb12-cloud-amd64"), "6.12")
        self.assertEqual(figures.series("6.1.0-56-rt-amd64"), "6.1-rt")

    def test_an_unknown_word_is_refused(self):
        self.assertEqual(self.run_it("forget", "x")[1], 2)
        self.assertEqual(self.run_it("show")[1], 2)


if __name__ == "__main__":
    unittest.main()
