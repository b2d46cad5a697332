"""tests/packaging/test_up.py: tools/up refuses what it cannot do in words, and leaves a folder alone that
another one works in."""
import fcntl
import os
import subprocess
import sys
import tempfile

UP = sys.argv[1]


def up(*args):
    done = subprocess.run([UP, *args], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


def refusals(_):
    for args, word in ((("--tenants", "0"), "1 to 999"), (("--data",), "folder"), (("--nope",), "--nope"),
                       (("--postgres", "x"), "postgresql://"), (("--with-openclaw", "--check"), "terminal")):
        code, said = up(*args)
        if code != 2 or word not in said:
            return f"{args}: {code} {said}"
    return ""


def one_at_a_time(folder):
    """A lock on its file stands for another tools/up; nothing is changed then."""
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said = up("--stop", "--data", folder)
        if code != 3 or "another tools/up runs" not in said or os.listdir(folder) != ["lock"]:
            return f"{code} {said} {os.listdir(folder)}"
    code, said = up("--stop", "--data", folder)
    return "" if code == 0 and "nothing runs" in said else f"{code} {said}"


def main():
    cases = [refusals, one_at_a_time]
    print(f"1..{len(cases)}")
    failed = False
    for number, case in enumerate(cases, 1):
        with tempfile.TemporaryDirectory(prefix="holdfast-up-") as folder:
            why = case(folder)
        print(f"{'not ok' if why else 'ok'} {number} {case.__name__}" + (f"\n# {why}" if why else ""))
        failed = failed or bool(why)
    return failed


sys.exit(main())
