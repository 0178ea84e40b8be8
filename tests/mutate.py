#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Seeds the faults of mutants.txt, one at a time, into a copy of the source and demands that the tests catch them.

A fault is caught if a test fails or hangs: first in an optimised build, and if none does there, in one with sanitizers.
Fails if fewer than 95 % are caught, or if the text of a fault is not found exactly once. What was found out is kept in
the directory, so that a run that was interrupted goes on where it was.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
INPUTS = ["CMakeLists.txt", "include", "src", "tests", "tools"]
NOT_INPUTS = {"mutants.txt", "mutate.py"}
# Without expensive optimisations gcc does not clear the upper halves of registers, which tests/guest_abi.c demands.
BUILDS = {
    "plain": "-O1 -fexpensive-optimizations",
    "sanitized": "-O1 -fexpensive-optimizations -fsanitize=address,undefined -fno-sanitize-recover=all "
                 "-fno-omit-frame-pointer",
}
# These look at texts, or build what other tests run.
NOT_RUN = re.compile("style|symbols|readme|install|docs|format|tidy|shellcheck|mutants|bench.*")
GOAL = 0.95


class Mutant:
    """FILE, the test most likely to notice, what is wrong, the text and its replacement, why it cannot be noticed."""

    def __init__(self, header):
        match = re.fullmatch(r"@ (\S+) (\S+): (.+)", header)
        if not match:
            sys.exit(f"mutants.txt: not a header: {header}")
        self.file, self.test, self.what = match.groups()
        self.old, self.new, self.equivalent = [], [], ""

    def pattern(self):
        words = " ".join(self.old).split()
        return r"\s+".join(re.escape(word) for word in words)

    def identity(self):
        return hashlib.sha256(repr((self.file, self.old, self.new)).encode()).hexdigest()

    def problem(self):
        found = len(re.findall(self.pattern(), (ROOT / self.file).read_text()))
        return "" if found == 1 and self.old else f"{self.file}: {self.what}: its text is there {found} times"


def read_mutants():
    mutants = []
    for line in (ROOT / "tests/mutants.txt").read_text().splitlines():
        if line.startswith("@"):
            mutants.append(Mutant(line))
        elif line.startswith("- "):
            mutants[-1].old.append(line[2:])
        elif line.startswith("+"):
            mutants[-1].new.append(line[2:])
        elif line.startswith("= "):
            mutants[-1].equivalent += line[2:]
        elif line and not line.startswith("#"):
            sys.exit(f"mutants.txt: not understood: {line}")
    return mutants


def input_files():
    for name in INPUTS:
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and file.name not in NOT_INPUTS and "__pycache__" not in file.parts:
                yield file.relative_to(ROOT)


def copy_inputs(tree):
    """Copies what has changed, so that little is built again. Returns a hash of everything."""
    digest = hashlib.sha256()
    wanted = list(input_files())
    for file in wanted:
        data = (ROOT / file).read_bytes()
        digest.update(repr(str(file)).encode() + data)
        target = tree / file
        if not target.exists() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, target)
            shutil.copymode(ROOT / file, target)
    for file in [f for f in tree.rglob("*") if f.is_file() and f.relative_to(tree) not in wanted]:
        file.unlink()
    return digest.hexdigest()


def kill_programs_below(directory):
    """Criterion runs every test in a process with a session of its own."""
    for executable in pathlib.Path("/proc").glob("[0-9]*/exe"):
        try:
            if directory in pathlib.Path(os.readlink(executable)).parents:
                os.kill(int(executable.parent.name), signal.SIGKILL)
        except OSError:  # it ended, or is not ours
            continue


def run(command, log, limit=None):
    """True if command ends well within limit seconds, False if not, None if it took longer."""
    environment = {**os.environ, "CRITERION_FAIL_FAST": "1"}
    environment.pop("TILEPROP_TEST_LONG", None)
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        return process.wait(limit) == 0
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            kill_programs_below(pathlib.Path(log.name).parent)


class Build:
    """One way to build the copy, and how long each of its tests takes while nothing is wrong."""

    def __init__(self, directory, name, jobs):
        self.name, self.jobs = name, jobs
        self.tree, self.path = directory / "tree", directory / name
        self.log = open(directory / f"{name}.log", "a", encoding="utf-8")
        self.seconds, self.target = {}, {}

    def make(self, target):
        return run(["cmake", "--build", self.path, "-j", str(self.jobs), "--target", target], self.log)

    def test(self, name, limit):
        pattern = f"^{re.escape(name)}$"
        return run(["ctest", "--test-dir", self.path, "--output-on-failure", "-R", pattern], self.log, limit)

    def prepare(self, memory):
        """Builds everything and runs every test without a fault; all must pass."""
        if self.seconds:
            return
        print(f"{self.name}: building and testing without a fault", flush=True)
        done = run(["cmake", "-S", self.tree, "-B", self.path, "-D", "BUILD_TESTING=ON", "-D", "CMAKE_BUILD_TYPE=None",
                    "-D", "TILEPROP_BUILD_CBLAS=ON", "-D", "TILEPROP_BUILD_FORTRAN=ON",
                    "-D", f"CMAKE_Fortran_FLAGS={BUILDS[self.name]}", "-D", "TILEPROP_BUILD_BENCH=OFF",
                    "-D", "TILEPROP_INSTALL=OFF",
                    "-D", f"CMAKE_C_FLAGS={BUILDS[self.name]}"], self.log)
        if not done or not self.make("all"):
            sys.exit(f"{self.name}: does not build; see {self.log.name}")
        listing = subprocess.run(["ctest", "--test-dir", self.path, "--show-only=json-v1"], stdout=subprocess.PIPE,
                                 check=True)
        for entry in json.loads(listing.stdout)["tests"]:
            test = entry["name"]
            key = f"{self.name} without a fault: {test}"
            if NOT_RUN.fullmatch(test):
                continue
            # Test programs are targets of their name; what scripts run is part of all.
            program = pathlib.Path(entry["command"][0])
            self.target[test] = program.name if program.parent == self.path / "tests" else "all"
            if not memory.knows(key):
                began = time.monotonic()
                if not self.test(test, None):
                    sys.exit(f"{self.name}: {test} fails without any fault; see {self.log.name}")
                memory.learn(key, seconds=time.monotonic() - began)
            self.seconds[test] = memory.get(key)["seconds"]

    def catch(self, tests):
        """The first of the tests that notices, "" if none does, None if the copy does not build."""
        for test in sorted(tests, key=self.seconds.get):
            if not self.make(self.target[test]):
                return None
            passed = self.test(test, 60 + 10 * self.seconds[test])
            if not passed:
                return test + (" (hangs)" if passed is None else "")
        return ""


class Memory:
    """What was found out, in a file. Of another state of the source, only which test noticed is of use."""

    def __init__(self, path, state):
        self.path, self.state = path, state
        self.entries = json.loads(path.read_text()) if path.exists() else {}

    def get(self, key):
        return self.entries.get(key, {})

    def knows(self, key):
        return self.get(key).get("state") == self.state

    def learn(self, key, **what):
        self.entries[key] = {"state": self.state, **what}
        self.path.write_text(json.dumps(self.entries, indent=1))


def seed(mutant, tree):
    path = tree / mutant.file
    whole = path.read_text()
    path.write_text(re.sub(mutant.pattern(), lambda _: "\n".join(mutant.new), whole))
    return lambda: path.write_text(whole)


def try_one(mutant, build, tests):
    restore = seed(mutant, build.tree)
    try:
        return build.catch(tests)
    finally:
        restore()


def outcome(mutant, memory):
    """What is known: {"test": who noticed, "" for nobody, None if it does not compile; "stage": the last one tried}."""
    return memory.get(mutant.identity()) if memory.knows(mutant.identity()) else {"test": "", "stage": 0}


def try_all(mutants, builds, memory, end):
    """First the likely test for all mutants; for those that are left the other tests; then those with sanitizers."""
    plain, sanitized = builds
    for stage, (build, likely, others) in enumerate([(plain, True, False), (plain, False, True),
                                                     (sanitized, True, True)], 1):
        known = {m: outcome(m, memory) for m in mutants if not m.equivalent}
        todo = [m for m in known if known[m]["test"] == "" and known[m]["stage"] < stage]
        if todo:
            build.prepare(memory)
        for number, mutant in enumerate(todo, 1):
            if time.monotonic() > end:
                return
            began, key = time.monotonic(), mutant.identity()
            first = {mutant.test, memory.get(key).get("noticed", "")}
            test = try_one(mutant, build, [t for t in build.seconds if (likely if t in first else others)])
            memory.learn(key, test=test, noticed=(test or "").split(" ")[0], stage=stage)
            words = {None: "DOES NOT COMPILE", "": "not noticed in this stage"}.get(test, test)
            print(f"[{stage}/3 {build.name} {number}/{len(todo)}] {time.monotonic() - began:4.0f} s  {words}  "
                  f"{mutant.file}: {mutant.what}", flush=True)


def verdict(mutant, memory):
    if mutant.equivalent:
        return "cannot be noticed"
    known = outcome(mutant, memory)
    if known["test"] is None:
        return "does not compile"
    return "caught" if known["test"] else "NOT CAUGHT" if known["stage"] == 3 else "not tried to the end"


def summarize(mutants, memory):
    count = collections.Counter()
    for mutant in mutants:
        word = verdict(mutant, memory)
        count[word] += 1
        if word != "caught":
            reason = f" ({mutant.equivalent})" if mutant.equivalent else ""
            print(f"{word}: {mutant.file}: {mutant.what}{reason}")
    print("mutants: " + ", ".join(f"{number} {word}" for word, number in count.items()))
    complete = not count["does not compile"] and not count["not tried to the end"]
    return 0 if complete and count["caught"] >= GOAL * (count["caught"] + count["NOT CAUGHT"]) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path, help="for the copy, its builds and the results")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin with no other mutant after so many")
    parser.add_argument("--only", default="", help="regular expression for the file and description of mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--check", action="store_true", help="only look whether every text is found exactly once")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("mutate.py: stopped"))
    mutants = [m for m in read_mutants() if re.search(arguments.only, f"{m.file}: {m.what}")]
    problems = [problem for problem in (m.problem() for m in mutants) if problem]
    if problems:
        sys.exit("\n".join(problems))
    if arguments.check:
        print(f"mutants: {len(mutants)} found")
        return 0
    end = time.monotonic() + 60 * arguments.minutes
    directory = arguments.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    memory = Memory(directory / "results.json", copy_inputs(directory / "tree"))
    builds = [Build(directory, name, arguments.jobs) for name in BUILDS]
    try_all(mutants, builds, memory, end)
    return summarize(mutants, memory)


if __name__ == "__main__":
    sys.exit(main())
