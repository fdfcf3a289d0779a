"""scripts/tests/until-silent: what is silent is ended, and what works is not, however slow it is."""
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "until-silent"


class UntilSilentTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_it(self, silence, script):
        """Exit code and stderr; stdout and stderr are files, as those of a suite are."""
        with open(self.folder / "out", "wb") as out, open(self.folder / "err", "w+b") as err:
            code = subprocess.run([SCRIPT, "--silence", str(silence), "bash", "-c", script], cwd=self.folder,
                                  stdout=out, stderr=err, check=False).returncode
        return code, (self.folder / "err").read_text(encoding="utf-8")

    def test_a_commands_exit_code_is_kept(self):
        self.assertEqual(self.run_it(60, "exit 7"), (7, ""))

    def test_a_command_that_a_signal_ends_is_told_as_a_shell_does(self):
        self.assertEqual(self.run_it(60, "kill -KILL $$")[0], 128 + signal.SIGKILL)

    def test_one_that_is_silent_is_ended_and_told(self):
        code, said = self.run_it(1, "sleep 1000")
        self.assertEqual(code, 124)
        self.assertIn("nothing written and no CPU time used for 1 s", said)
        self.assertRegex(said, r"still there: process \d+: sleep 1000")

    def test_one_that_writes_now_and_then_is_never_ended(self):
        # Twice as long as its silence could last.
        self.assertEqual(self.run_it(2, "for n in {1..10}; do sleep 0.4; echo $n; done"), (0, ""))

    def test_one_that_computes_and_says_nothing_is_never_ended(self):
        script = "end=$((SECONDS + 5)); while [ $SECONDS -lt $end ]; do :; done"
        self.assertEqual(self.run_it(2, script), (0, ""))

    def test_what_a_child_of_it_computes_counts(self):
        script = "(end=$((SECONDS + 5)); while [ $SECONDS -lt $end ]; do :; done) & wait"
        self.assertEqual(self.run_it(2, script), (0, ""))

    def test_the_cpu_time_of_a_child_of_it_is_told(self):
        file = f"{self.folder}/cpu"
        # The kernel ends the inner one after a second of CPU time.
        subprocess.run([SCRIPT, "--cpu-time", file, "bash", "-c",
                        "bash -c 'ulimit -t 1; while :; do :; done'; true"], check=True, capture_output=True)
        with open(file, encoding="utf-8") as text:
            self.assertIn(int(text.read()), (1, 2))

    def test_a_loop_that_sleeps_and_looks_is_silent(self):
        self.assertEqual(self.run_it(2, "exec sleep 1000 & while [ ! -e never ]; do read -rt 0.2 <> <(:) || :; done")[0], 124)

    def test_one_that_does_not_let_itself_be_ended_is_killed(self):
        code, _ = self.run_it(1, "trap '' TERM; echo $$ >pid; sleep 1000; sleep 1000")
        self.assertEqual(code, 124)
        self.assert_gone(int((self.folder / "pid").read_text()))

    def test_what_a_command_leaves_behind_is_ended(self):
        self.assertEqual(self.run_it(60, "sleep 1000 & echo $! >pid"), (0, ""))
        self.assert_gone(int((self.folder / "pid").read_text()))

    def test_when_it_is_ended_so_is_the_command(self):
        os.mkfifo(self.folder / "begun")
        with subprocess.Popen([SCRIPT, "bash", "-c", "sleep 1000 & echo $! >pid; echo >begun; wait"],
                              cwd=self.folder) as script:
            (self.folder / "begun").read_text()
            script.terminate()
            self.assertEqual(script.wait(), 128 + signal.SIGTERM)
        self.assert_gone(int((self.folder / "pid").read_text()))

    def assert_gone(self, process):
        """It is no more, or a zombie that nobody has waited for."""
        try:
            state = pathlib.Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return
        self.assertEqual(state, "Z")


if __name__ == "__main__":
    unittest.main()
