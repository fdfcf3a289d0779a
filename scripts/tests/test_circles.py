"""scripts/check/circles: that it finds a circle of calls in objects, and takes nothing else for one."""
import contextlib
import io
import pathlib
import subprocess
import tempfile
import unittest

from load import load

circles = load("circles")


class CirclesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name)

    def look(self, sources, known=None):
        """Exit code and output for objects compiled from these sources."""
        for name, text in sources.items():
            path = self.tree / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            subprocess.run(["cc", "-c", path, "-o", path.with_suffix(".o")], check=True)
        arguments = [str(self.tree)]
        if known is not None:
            (self.tree / "known").write_text(known, encoding="utf-8")
            arguments = ["--known", str(self.tree / "known"), *arguments]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = circles.main(arguments)
        return code, said.getvalue()

    ROUND = {"a/one.c": "void two(void); void one(void) { two(); }",
             "a/two.c": "void three(void); void two(void) { three(); }",
             "b/three.c": "void one(void); void three(void) { one(); }",
             "b/four.c": "void one(void); void four(void) { one(); }"}

    def test_a_circle_of_three_files_is_found_with_its_steps(self):
        self.assertEqual(self.look(self.ROUND), (1, (
            "a circle of calls: a/one a/two b/three\n"
            "    a/one -> a/two (two) -> b/three (three) -> a/one (one)\n")))

    def test_files_in_layers_are_no_circle(self):
        self.assertEqual(self.look({**self.ROUND, "b/three.c": "void three(void) { }"}), (0, ""))

    def test_a_function_whose_address_is_taken_is_a_step(self):
        self.assertEqual(self.look({"one.c": "void two(void); void (*one_table[])(void) = { two }; void one(void) { }",
                                    "two.c": "void one(void); void two(void) { one(); }"})[0], 1)

    def test_a_table_that_another_file_reads_is_none(self):
        self.assertEqual(self.look({"one.c": "extern int two_table; int *one(void) { return &two_table; }",
                                    "two.c": "int *one(void); int two_table = 1; int two(void) { return *one(); }"}), (0, ""))

    def test_main_and_a_file_that_reads_its_table_are_a_circle(self):
        self.assertEqual(self.look({"main.c": "void one(void); int sites = 1; int main(void) { one(); }",
                                    "one.c": "extern int sites; void one(void) { sites++; }"})[0], 1)

    def test_a_circle_that_is_known_is_none(self):
        self.assertEqual(self.look(self.ROUND, "# still there\na/one a/two b/three\n"), (0, ""))

    def test_a_known_circle_that_grew_is_found(self):
        grown = {**self.ROUND, "b/three.c": "void one(void); void four(void); void three(void) { one(); four(); }"}
        self.assertIn("a circle of calls: a/one a/two b/four b/three\n", self.look(grown, "a/one a/two b/three\n")[1])

    def test_a_known_circle_that_is_gone_has_to_leave_the_list(self):
        self.assertEqual(self.look({"one.c": "void one(void) { }"}, "a/one a/two\n"),
                         (1, "no circle any more, so its line has to go: a/one a/two\n"))

    def test_a_folder_without_objects_is_no_success(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(self.look({})[0], 1)


if __name__ == "__main__":
    unittest.main()
