"""scripts/check/alloc-sites: allocations that no test can make fail are reported."""
import pathlib
import shutil
import tempfile
import unittest

from load import load

alloc_sites = load("alloc-sites")
TOP = pathlib.Path(__file__).resolve().parent.parent.parent


class Sites(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.top)
        for path in list(TOP.glob("kmod/**/*.[ch]")) + [TOP / test for test in alloc_sites.TESTS]:
            copy = self.top / path.relative_to(TOP)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)

    def wrong(self):
        return alloc_sites.look(self.top)[3]

    def replace(self, file, old, new):
        path = self.top / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def test_ours_are_all_sites_and_all_failed_by_a_selftest(self):
        self.assertEqual(self.wrong(), [])

    def test_an_allocation_beside_the_seam_is_named(self):
        self.replace("kmod/storm/object/object.c", "rs_zalloc(&refstorm_sites[SITE_OBJECT], ", "kzalloc(")
        self.assertIn("kzalloc() is no allocation site", self.wrong()[0])

    def test_a_site_that_no_selftest_makes_fail_is_named(self):
        self.replace("kmod/storm/refstorm_module.h", "SITE_BENCH,", "SITE_BENCH,\n\tSITE_NEW,")
        self.replace("kmod/storm/sites.c", "[SITE_BENCH]", '[SITE_NEW] = { .name = "new" },\n\t[SITE_BENCH]')
        self.replace("kmod/storm/storm/storm.c", "storm = rs_zalloc(&refstorm_sites[SITE_STORM],",
                     "rs_zalloc(&refstorm_sites[SITE_NEW], 1, 0);\n\tstorm = rs_zalloc(&refstorm_sites[SITE_STORM],")
        self.assertEqual([w.split(":")[0] for w in self.wrong()], ["no selftest makes site new fail"])

    def test_a_site_without_a_name_is_named(self):
        self.replace("kmod/storm/refstorm_module.h", "SITE_BENCH,", "SITE_BENCH,\n\tSITE_NEW,")
        self.assertEqual(self.wrong(), ["SITE_NEW has no name"])


if __name__ == "__main__":
    unittest.main()
