#!/usr/bin/env python3
"""tests/unit/tools/test_buildinfo.py: the counting of test cases, which all trust rests on.

Goal: no failure is ever counted as a pass, or lost, and each says why. Method: entries as meson logs them, from a
table, and whole logs through the closing line.
"""
import contextlib
import io
import json
import os
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))
import buildinfo  # noqa: E402

# (what, meson's result, standard output, expected states)
ENTRIES = [
    ("all pass", "OK", "1..2\nok 1 - a\nok 2 - b\n", "pp"),
    ("plan at the end", "OK", "ok 1 - a\nok 2\n1..2\n", "pp"),
    ("a case fails", "ERROR", "1..2\nnot ok 1 - a\nok 2 - b\n", "fp"),
    ("a case is skipped", "OK", "1..2\nok 1 - a # SKIP no disk\nok 2 - b\n", "sp"),
    ("all cases are skipped", "SKIP", "1..1\nok 1 - a # skip no disk\n", "s"),
    ("expected to fail", "OK", "1..1\nnot ok 1 - a # TODO later\n", "p"),
    ("expected to fail, passed", "FAIL", "1..1\nok 1 - a # TODO later\n", "f"),
    ("crash after a pass", "ERROR", "1..2\nok 1 - a\n", "pf"),
    ("crash before any output", "ERROR", "", "f"),
    ("a case too few", "ERROR", "1..2\nok 1 - a\n", "pf"),
    ("out of time", "TIMEOUT", "1..2\nok 1 - a\n", "pf"),
    ("interrupted", "INTERRUPT", "", "f"),
    ("all pass, exit code not 0", "ERROR", "1..1\nok 1 - a\n", "pf"),
    ("no TAP, good", "OK", "ok whatever\n", "p"),
    ("no TAP, bad", "FAIL", "sorry\n", "f"),
    ("no TAP, skipped", "SKIP", "", "s"),
    ("words that only look like a case", "OK", "1..1\nokay then\nok 1 - a\n", "p"),
]

# (what, results of the log's entries, meson's exit code, closing line, exit code)
LOGS = [
    ("good", ["1..1\nok 1\n"], 0, "1 passed, 0 failed", 0),
    ("skips are named", ["1..2\nok 1\nok 2 # SKIP x\n"], 0, "1 passed, 0 failed, 1 skipped", 0),
    ("nothing ran", [], 0, "0 passed, 1 failed", 1),
    ("all skipped", ["1..1\nok 1 # SKIP x\n"], 0, "0 passed, 1 failed, 1 skipped", 1),
    ("the runner died", ["1..1\nok 1\n"], 2, "1 passed, 1 failed", 1),
]

# (what, standard output, what is shown of each case)
DETAILS = [
    ("reasons are behind the case", "1..2\nnot ok 1 a\n# why\n# more\nok 2 b\n", ["# why\n# more\nlast words", ""]),
    ("and behind the last one", "1..2\nok 1 a\nnot ok 2 b\n# why\n", ["", "# why\nlast words"]),
    ("or before it", "1..2\nok 1 a\n# why\nnot ok 2 b\n", ["", "# why\nlast words"]),
    ("each has its own", "1..2\nnot ok 1 a\n# one\nnot ok 2 b\n# two\n", ["# one", "# two\nlast words"]),
    ("the beginning of many", "1..1\nnot ok 1 a\n" + "".join(f"# {n}\n" for n in range(999)),
     ["\n".join(f"# {n}" for n in range(45)) + "\nlast words"]),
    ("a little of each of many", "1..30\n" + "".join(f"not ok {n} a\n" + "# x\n" * 9 for n in range(30)),
     ["# x\n# x\n# x\n# x"] * 29 + ["# x\n# x\n# x\n# x\nlast words"]),
]


def entry(result, output, errors=""):
    return {"name": "t", "result": result, "stdout": output, "stderr": errors, "returncode": 0}


def closing(outputs, code):
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "meson-logs"))
        with open(os.path.join(folder, "meson-logs", "testlog.json"), "w", encoding="utf-8") as f:
            f.writelines(json.dumps(entry("OK", output)) + "\n" for output in outputs)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exit_code = buildinfo.count(folder, str(code))
        return printed.getvalue().splitlines()[-1], exit_code


def main():
    results = []
    for what, result, output, expected in ENTRIES:
        states = "".join(state[0] for _, state, _ in buildinfo.cases_of(entry(result, output)))
        results.append((what, states, expected))
    for what, outputs, code, line, exit_code in LOGS:
        results.append((what, closing(outputs, code), (line, exit_code)))
    for what, output, expected in DETAILS:
        shown = [detail for _, _, detail in buildinfo.cases_of(entry("ERROR", output, "last words\n"))]
        results.append((what, shown, expected))
    print(f"1..{len(results)}")
    failed = False
    for number, (what, actual, expected) in enumerate(results, 1):
        if actual != expected:
            print(f"# is {actual!r}, expected {expected!r}")
            failed = True
        print(f"{'ok' if actual == expected else 'not ok'} {number} - {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
