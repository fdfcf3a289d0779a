# SPDX-License-Identifier: GPL-2.0
"""README.md, CONTRIBUTING.md and docs/: what they name exists, and README's tables are whole."""
import fnmatch
import pathlib
import re
import unittest

from load import load

figures = load("figures")
TOP = pathlib.Path(__file__).resolve().parents[2]
TEXTS = sorted([TOP / "README.md", TOP / "CONTRIBUTING.md", *(TOP / "docs").glob("*.md")])
WIDTH = 100
SOURCE = ("kmod", "user", "selftests", "scripts", "examples", "lab")
# A file's name in backquotes, perhaps a pattern, perhaps with its folder
FILE = re.compile(r"[\w./*-]+\.(?:c|h|\[ch\]|cc|cpp|hpp|mk|pml|inc|def|md|patch|config)")
# Names of other trees: the kernel's, those that a text stands for or builds
ELSEWHERE = ("linux/*", "lib/*", "percpu-refcount.h", "build/*", "*/NAME.patch")
# Functions of the kernel that only the texts name
OF_THE_KERNEL = {"kref_put_lock", "kref_put_mutex", "__rcu_read_lock", "__rcu_read_unlock", "cpus_read_lock"}


def paths():
    for folder in (*SOURCE, "docs", "profiles", ".ci"):
        yield from (str(path.relative_to(TOP)) for path in (TOP / folder).rglob("*") if path.is_file())
    yield from (path.name for path in TOP.iterdir() if path.is_file())


def prose(text):
    """Lines with their numbers, without code, tables and links of a line's length."""
    code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("```"):
            code = not code
        elif not code and not line.startswith(("|", "    ", "\t", "<!--")):
            yield number, line


def quoted(text):
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


class DocsTest(unittest.TestCase):
    def none(self, complaints_of):
        """No text has anything that complaints_of(path, text) lists."""
        found = [f"{path.name}: {each}" for path in TEXTS
                 for each in complaints_of(path, path.read_text(encoding="utf-8"))]
        self.assertEqual(found, [])

    def test_prose_wraps_at_100_columns(self):
        self.none(lambda _, text: [number for number, line in prose(text)
                                   if len(line) > WIDTH and " " in line.strip()])

    def test_links_lead_to_files(self):
        self.none(lambda path, text: [link for link in re.findall(r"\]\(([^)#]+)\)", text)
                                      if "://" not in link and not (path.parent / link).exists()])

    def test_files_that_are_named_exist(self):
        there = list(paths())

        def is_missing(word):
            return not any(fnmatch.fnmatch(word, known) for known in ELSEWHERE) and \
                not any(fnmatch.filter(there, "*/" + one) or fnmatch.filter(there, one)
                        for one in (word.replace("[ch]", "c"), word.replace("[ch]", "h")))
        self.none(lambda _, text: filter(is_missing, sorted(filter(FILE.fullmatch, set(quoted(text))))))

    def test_paths_that_are_named_exist(self):
        named = re.compile(r"(?<![\w./-])((?:scripts|selftests|profiles|kmod|user|docs|examples)/[\w./-]*\w)")
        self.none(lambda _, text: [word for word in sorted(set(named.findall(text)))
                                   if "NAME" not in word and not list(TOP.glob(word + "*"))])

    def test_functions_that_are_named_exist(self):
        code = "\n".join(path.read_text(encoding="utf-8", errors="replace") for folder in SOURCE
                         for path in (TOP / folder).rglob("*") if path.is_file() and path.suffix != ".patch")
        words = set(re.findall(r"\w+", code))
        self.none(lambda _, text: sorted(set(re.findall(r"(?<![\w:])(\w+)\(\)", text)) - words - OF_THE_KERNEL))

    def test_readme_has_a_storm_of_each_provider_as_figures_writes_it(self):
        part = figures.document_parts("storms")[1]
        self.assertTrue(part.startswith(figures.STORMS_HEAD))
        rows = re.findall(r"^\| `(\w+)` \|(?: [\d,]+ \|){3}(?: [\d.,]+ ms \|){2} held \|$", part, re.M)
        sources = "".join(path.read_text(encoding="utf-8") for path in (TOP / "kmod/storm/provider").glob("provider_*.c"))
        self.assertEqual(sorted(rows), sorted(set(re.findall(r"\brs_provider_(\w+)", sources))))


class SafeTest(unittest.TestCase):
    """lab/run --safe leaves out what takes CPUs offline, warns on purpose or shares code with what does."""
    DANGER = re.compile(r"rs_set_cpu_online|rs_set_other_cpus_online|rs_expect|check_warning|onoff_interval|scenarios\.h")

    def test_the_list_has_every_such_test(self):
        unsafe = set(re.search(r"^unsafe='(.*)'$", (TOP / "lab/run").read_text(encoding="utf-8"), re.M)[1].split())
        shared = {"module.c", "scenarios.c", "refstorm.c", "ktap.sh"}
        found = {path.name.removesuffix(".c") for path in (TOP / "selftests").glob("*.*")
                 if path.suffix in (".c", ".sh") and path.name not in shared
                 and self.DANGER.search(path.read_text(encoding="utf-8"))}
        self.assertEqual(found - unsafe, set())
        listed = re.findall(r"[\w.]+", " ".join(re.findall(r"^TEST_\w*PROGS \+?:?= (.*)$", (TOP / "selftests/Makefile")
                                                          .read_text(encoding="utf-8"), re.M)))
        self.assertLessEqual(unsafe, set(listed))


if __name__ == "__main__":
    unittest.main()
