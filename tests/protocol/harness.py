"""tests/protocol/harness.py: runs the holdfast program in a folder of its own and prints TAP."""
import ctypes
import os
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

CLONE_NEWNS = 0x20000
PROGRAM = os.environ["HOLDFAST_BIN"]
LAST_WORDS = 12  # lines that are shown of each program when a case failed
REPORTS = (b"Sanitizer:", b"runtime error:")
# What a command says on its way when it takes longer than a few seconds (base/cli/progress.h).
PROGRESS = re.compile(rb"^[a-z][a-z ]* \d+ (of \d+ )?[a-z]+(, [^:]*)?\n", re.M)


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
                              timeout=600, check=False)
        done.stderr = said(done.stderr)
        if code is not None and done.returncode != code:
            raise Failed(f"{args}: exit {done.returncode}, expected {code}: {done.stderr[:300]}")
        if done.returncode != 0 and done.stderr.count(b"\n") != 1:
            raise Failed(f"{args}: an error is one line, not {done.stderr[:300]}")
        return done

    def new_log(self, name="log", kind="opaque", origin="test.example/log"):
        return self.run("log", "init", self.path(name), "--origin", origin, "--kind",
                        kind).stdout.decode().strip()

    def errors(self):
        """What each program of the case said: (name, lines). They write into files of this folder, NAME.err."""
        for folder, _, names in os.walk(self.dir):
            for name in sorted(names):
                if name.endswith(".err"):
                    with open(os.path.join(folder, name), "rb") as file:
                        yield name.removesuffix(".err"), file.read().splitlines()

    def reports(self):
        """What a sanitizer found in a program that the case did not ask."""
        for name, lines in self.errors():
            for number, line in enumerate(lines):
                if any(word in line for word in REPORTS):
                    yield name, lines[number:number + 40]
                    break

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def check(condition, text):
    if not condition:
        raise Failed(text)


def said(text):
    """What a program wrote to its standard error, without how far it was."""
    return PROGRESS.sub(b"", text)


def why(error):
    """What a person has to know: what is wrong and in which line of the test, or where it broke."""
    text = traceback.format_exception(type(error), error, error.__traceback__)
    if not isinstance(error, Failed):
        return f"{type(error).__name__}: {error}\n" + "".join(text[-8:-1])
    frames = [f for f in traceback.extract_tb(error.__traceback__) if os.path.basename(f.filename).startswith("test_")]
    return f"{error}\n" + "".join(f"{os.path.basename(f.filename)}:{f.lineno}: {f.line}\n" for f in frames[-3:])


def tell(text):
    for line in text.splitlines():
        print(f"# {line[:2000]}")


def tell_words(name, lines):
    tell(f"{name}:")
    for line in lines:
        tell("  " + line.decode(errors="backslashreplace")[:300])


def small_disk(world, size):
    """A file system of `size` bytes that only this process sees."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, 0x44000, None) != 0:
        raise Skipped("no mount namespace here (needs root)")
    os.mkdir(world.path("disk"))
    if libc.mount(b"tmpfs", world.path("disk").encode(), b"tmpfs", 0, b"size=%d" % size) != 0:
        raise Skipped("no tmpfs here (needs root)")
    return libc


def main(cases):
    """Runs all cases, or those that the command line names."""
    cases = [case for case in cases if len(sys.argv) == 1 or case.__name__ in sys.argv[1:]]
    sys.stdout.reconfigure(errors="backslashreplace")
    print(f"1..{len(cases)}")
    failures = 0
    for number, case in enumerate(cases, 1):
        world = World()
        try:
            case(world)
            if list(world.reports()):
                raise Failed("a sanitizer found something in a program")
            print(f"ok {number} {case.__name__}")
        except Skipped as error:
            print(f"ok {number} {case.__name__} # SKIP {error}")
        except Exception as error:  # a case may fail in any way
            failures += 1
            print(f"not ok {number} {case.__name__}")
            tell(why(error))
            found = list(world.reports())
            for name, lines in found or [(name, lines[-LAST_WORDS:]) for name, lines in world.errors()]:
                tell_words(name, lines)
        finally:
            world.close()
        sys.stdout.flush()
    sys.exit(1 if failures else 0)
