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

    def look(self, sources):
        """Exit code and output for objects compiled from these sources."""
        for name, text in sources.items():
            path = self.tree / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            subprocess.run(["cc", "-c", path, "-o", path.with_suffix(".o")], check=True)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = circles.main([str(self.tree)])
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

    def test_data_that_another_file_uses_is_a_step(self):
        self.assertEqual(self.look({"main.c": "void one(void); int sites = 1; int main(void) { one(); }",
                                    "one.c": "extern int sites; void one(void) { sites++; }"})[0], 1)

    def test_a_folder_without_objects_is_no_success(self):
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(self.look({})[0], 1)


if __name__ == "__main__":
    unittest.main()
