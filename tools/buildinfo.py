#!/usr/bin/env python3
"""tools/buildinfo.py: asks a meson build folder questions for the scripts.

  buildinfo.py programs DIR          links every program (not tests) into DIR/bin
  buildinfo.py targets DIR PREFIX    names of executables that begin with PREFIX, one a line:
                                     NAME<tab>PATH<tab>NINJA TARGET
  buildinfo.py suite DIR SUITE       the commands of a suite's tests, one a line: NAME<tab>PATH
  buildinfo.py count DIR RC          counts the test cases of the last `meson test`, prints what
                                     failed and the closing line; RC is meson's exit code
"""
import json
import os
import re
import sys

TAP_CASE = re.compile(r"^\s*(not )?ok\b\s*(?:\d+)?\s*(?:-\s*)?([^#]*)(#\s*(\w+)\s*(.*))?", re.I)
TAP_MARK = re.compile(r"^(TAP version \d+|1\.\.\d+)", re.M)
GOOD = {"OK", "EXPECTEDFAIL", "SKIP"}

# How many lines are shown of a case that failed, and of all that failed in one program.
LINES_BEFORE, LINES_BEHIND, LINES_ERRORS = 15, 45, 20
LINES_LEAST, LINES_MOST = 4, 60


def info(folder, name):
    with open(os.path.join(folder, "meson-info", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def executables(folder):
    for target in info(folder, "intro-targets"):
        if target["type"] == "executable":
            yield target


def programs(folder):
    """A program is what is installed, or lives in tools/: never a test or a fuzz target."""
    bin_dir = os.path.join(folder, "bin")
    os.makedirs(bin_dir, exist_ok=True)
    wanted = {}
    for target in executables(folder):
        home = os.path.relpath(os.path.dirname(target["defined_in"]), os.getcwd())
        if target["installed"] or home.split(os.sep)[0] == "tools":
            path = target["filename"][0]
            wanted[os.path.basename(path)] = os.path.relpath(path, bin_dir)
    for name in os.listdir(bin_dir):
        path = os.path.join(bin_dir, name)
        if os.path.islink(path) and os.readlink(path) != wanted.get(name):
            os.unlink(path)
    for name, path in sorted(wanted.items()):
        link = os.path.join(bin_dir, name)
        if not os.path.lexists(link):
            os.symlink(path, link)
    return 0


def targets(folder, prefix):
    for target in executables(folder):
        if target["name"].startswith(prefix):
            path = target["filename"][0]
            print(target["name"], path, os.path.relpath(path, folder), sep="\t")
    return 0


def suite(folder, name):
    for test in info(folder, "intro-tests"):
        if name in {s.split(":")[-1] for s in test["suite"]}:
            print(test["name"], test["cmd"][0], sep="\t")
    return 0


def tap_cases(name, output):
    """The cases in what a program printed, each with its own lines: those before it, and of one that
    failed those behind it, where TAP has its reasons. A reason is at the beginning of what is said."""
    cases, notes = [], []

    def close():
        if cases and cases[-1][1] == "fail":
            cases[-1][2].extend(notes[:LINES_BEHIND])
            notes.clear()

    for line in output.splitlines():
        match = TAP_CASE.match(line)
        if not match:
            if line.strip() and not TAP_MARK.match(line):
                notes.append(line)
            continue
        close()
        directive = (match.group(4) or "").upper()
        state = "fail" if match.group(1) else "pass"
        if directive.startswith("SKIP"):
            state = "skip"
        elif directive == "TODO":
            state = "pass" if match.group(1) else "fail"
        detail = [match.group(5)] if state == "skip" else notes[-LINES_BEFORE:]
        cases.append((f"{name}: {match.group(2).strip()}", state, detail))
        notes.clear()
    close()
    return cases


def cases_of(entry):
    """The cases of one test program: (name, state, detail), state one of pass, fail, skip."""
    name, result = entry["name"], entry["result"]
    output, errors = entry.get("stdout") or "", (entry.get("stderr") or "").strip().splitlines()
    cases = []
    if TAP_MARK.search(output):
        cases = tap_cases(name, output)
    elif result == "SKIP":
        cases.append((name, "skip", []))
    elif result in GOOD:
        cases.append((name, "pass", []))
    failed = [case for case in cases if case[1] == "fail"]
    if result not in GOOD and not failed:
        words = {"TIMEOUT": "ran out of time", "INTERRUPT": "was interrupted"}
        text = words.get(result, f"ended badly ({result}, exit code {entry.get('returncode')})")
        tail = (output.strip().splitlines() + errors)[-LINES_BEHIND:]
        cases.append((f"{name}: the program {text}", "fail", tail))
    elif failed:
        for _, _, detail in failed:
            del detail[max(LINES_LEAST, LINES_MOST // len(failed)):]
        failed[-1][2].extend(errors[-LINES_ERRORS:])
    return [(case, state, "\n".join(detail)) for case, state, detail in cases]


def count(folder, code):
    path = os.path.join(folder, "meson-logs", "testlog.json")
    cases = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                cases += cases_of(json.loads(line))
    failed = [case for case in cases if case[1] == "fail"]
    skipped = [case for case in cases if case[1] == "skip"]
    passed = len(cases) - len(failed) - len(skipped)
    if not failed and (int(code) != 0 or passed == 0):
        why = "no test ran" if passed == 0 else f"meson test ended with {code}"
        failed.append((f"the test run: {why}", "fail", f"see {folder}/meson-logs"))
    for name, _, detail in skipped:
        print(f"SKIPPED {name}" + (f" ({detail})" if detail else ""))
    for name, _, detail in failed:
        print(f"FAILED  {name}")
        for line in detail.splitlines():
            print(f"        {line}")
    print(f"{passed} passed, {len(failed)} failed" +
          (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


def main(argv):
    sys.stdout.reconfigure(errors="backslashreplace")
    questions = {"programs": programs, "targets": targets, "suite": suite, "count": count}
    if len(argv) < 3 or argv[1] not in questions:
        print(__doc__, file=sys.stderr)
        return 2
    return questions[argv[1]](*argv[2:])


if __name__ == "__main__":
    sys.exit(main(sys.argv))
