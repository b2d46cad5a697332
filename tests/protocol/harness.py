"""tests/protocol/harness.py: runs the holdfast program in a folder of its own and prints TAP."""
import os
import shutil
import subprocess
import sys
import tempfile
import traceback

PROGRAM = os.environ["HOLDFAST_BIN"]


class Failed(Exception):
    pass


class Skipped(Exception):
    """The case needs what this machine does not have."""


class World:
    """A temporary folder with a host key of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="holdfast-protocol-")
        self.env = dict(os.environ, HOLDFAST_HOST_KEY=os.path.join(self.dir, "host.key"))

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def run(self, *args, stdin=b"", code=0):
        done = subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, env=self.env,
                              timeout=120, check=False)
        if code is not None and done.returncode != code:
            raise Failed(f"{args}: exit {done.returncode}, expected {code}: {done.stderr[:300]}")
        if done.returncode != 0 and done.stderr.count(b"\n") != 1:
            raise Failed(f"{args}: an error is one line, not {done.stderr[:300]}")
        return done

    def new_log(self, name="log", kind="opaque", origin="test.example/log"):
        return self.run("log", "init", self.path(name), "--origin", origin, "--kind",
                        kind).stdout.decode().strip()

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def check(condition, text):
    if not condition:
        raise Failed(text)


def main(cases):
    print(f"1..{len(cases)}")
    failures = 0
    for number, case in enumerate(cases, 1):
        world = World()
        try:
            case(world)
            print(f"ok {number} {case.__name__}")
        except Skipped as error:
            print(f"ok {number} {case.__name__} # SKIP {error}")
        except Exception as error:  # a case may fail in any way
            failures += 1
            print(f"not ok {number} {case.__name__}")
            for line in (str(error) or traceback.format_exc()).splitlines():
                print(f"# {line}")
        finally:
            world.close()
        sys.stdout.flush()
    sys.exit(1 if failures else 0)
