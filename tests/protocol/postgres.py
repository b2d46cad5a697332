"""tests/protocol/postgres.py: a PostgreSQL server for one test, from the system's package.

As a program it runs a command with $HOLDFAST_TEST_POSTGRES set to the URL of an empty database:
  postgres.py COMMAND...      exit code 77 (skipped, for meson) where there is no server
"""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

USER = "postgres"
LIMIT = 180  # seconds that a start or an end may take on a slow machine


def find():
    """The folder of the newest server's programs; None."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"),
                   key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    """Listens on a Unix socket in its own folder and nowhere else."""

    def __init__(self, parent=None, settings=()):
        """parent: the folder for its own, instead of the system's; settings: NAME=VALUE of its own."""
        self.bin, self.settings = find(), settings
        self.dir = tempfile.mkdtemp(prefix="holdfast-postgres-", dir=parent)
        self.as_user = None
        self.server, self.frozen = None, set()
        if os.geteuid() == 0:  # the server refuses to run as root
            entry = pwd.getpwnam(USER)
            self.as_user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.dir, entry.pw_uid, entry.pw_gid)
        self.run("initdb", "-D", self.data(), "-U", "holdfast", "-A", "trust", "--no-sync",
                 "-E", "UTF8", "--locale=C")
        self.start()

    def data(self):
        return os.path.join(self.dir, "data")

    def url(self, database="postgres"):
        return f"postgresql://holdfast@/{database}?host={self.dir}"

    def run(self, program, *args):
        return subprocess.run([os.path.join(self.bin, program), *args], check=True, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              **(self.as_user or {})).stdout

    def start(self):
        self.server = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data(), "-k", self.dir, "-c",
             "listen_addresses=", "-c", "fsync=off", "-c", "logging_collector=off",
             *(word for setting in self.settings for word in ("-c", setting))],
            cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **(self.as_user or {}))
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            ready = subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.dir,
                                    "-t", "1"], check=False, cwd="/")
            if ready.returncode == 0:
                return
            if self.server.poll() is not None:
                raise RuntimeError("the PostgreSQL server ended")
            time.sleep(0.02)
        raise RuntimeError("the PostgreSQL server does not come up")

    def sql(self, text, database="postgres", quiet=False):
        done = subprocess.run([os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t", "-d",
                               self.url(database), "-c", text], check=True, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL if quiet else None)
        return done.stdout.decode().strip()

    def stop(self, hard=False):
        """Hard: as after a power cut, what was committed lies in its write-ahead log alone."""
        if self.server.poll() is None:
            self.freeze(False)
            self.server.send_signal(signal.SIGQUIT if hard else signal.SIGINT)
            try:
                self.server.wait(LIMIT)
            except subprocess.TimeoutExpired:
                for pid in self.processes():
                    os.kill(pid, signal.SIGKILL)
                self.server.wait()
                raise

    def processes(self):
        with open(f"/proc/{self.server.pid}/task/{self.server.pid}/children", encoding="ascii") as file:
            return [self.server.pid, *map(int, file.read().split())]

    def freeze(self, frozen=True):
        """The server and all of its processes stand still: connections stay, nothing is answered. The list of
        children may miss one while others end, so those that were stopped are remembered."""
        pids = self.processes()
        self.frozen.update(pids if frozen else ())
        for pid in pids if frozen else self.frozen.union(pids):
            try:
                os.kill(pid, signal.SIGSTOP if frozen else signal.SIGCONT)
            except ProcessLookupError:
                pass  # it ended meanwhile
        if not frozen:
            self.frozen.clear()

    def close(self):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    if find() is None:
        print("1..0 # SKIP there is no PostgreSQL server on this machine")
        return 77
    server = Postgres()
    try:
        return subprocess.run(sys.argv[1:], check=False, env=dict(
            os.environ, HOLDFAST_TEST_POSTGRES=server.url())).returncode
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
