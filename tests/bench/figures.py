"""tests/bench/figures.py: calls that are timed by the clock, and the table or the JSON lines of what they took."""
import glob
import json
import os
import time


def took_ms(call, *args):
    began = time.perf_counter()
    call(*args)
    return (time.perf_counter() - began) * 1000


def timed(times, call):
    """Runs it so many times; milliseconds, sorted."""
    return sorted(took_ms(call, number) for number in range(times))


def at(took, share):
    return took[min(len(took) - 1, int(len(took) * share))]


def processor_ms(session):
    """What all processes of a session spent so far, or a process that leads none."""
    spent = 0
    for path in glob.glob("/proc/[0-9]*/task/*/schedstat"):
        try:
            pid = int(path.split("/")[2])
            if session in (pid, os.getsid(pid)):
                with open(path, encoding="ascii") as file:
                    spent += int(file.read().split()[0])
        except (OSError, ValueError):
            pass  # it ended
    return spent / 1e6


class Report:
    """Rows as they come. `bare` is what a row is compared with, at p50 and at p99."""

    def __init__(self, as_json):
        self.as_json = as_json
        if not as_json:
            print(f"{'':58} {'count':>6} {'p50':>12} {'p99':>12} {'to bare':>8} {'at p99':>8}")

    def mean(self, name, count, mean):
        if self.as_json:
            print(json.dumps({"what": name.strip(), "count": count, "mean_ms": round(mean, 4)}), flush=True)
        else:
            print(f"{name:58} {count:6} {mean:9.3f} ms on average", flush=True)

    def value(self, name, ms):
        """What was worked out from rows."""
        if self.as_json:
            print(json.dumps({"what": name.strip(), "ms": round(ms, 4)}), flush=True)
        else:
            print(f"{name:58} {'':6} {ms:9.3f} ms", flush=True)

    def row(self, name, took, bare=None):
        p50, p99 = at(took, .5), at(took, .99)
        ratios = [None, None] if bare is None else [round(p50 / at(bare, .5), 2), round(p99 / at(bare, .99), 2)]
        if self.as_json:
            print(json.dumps({"what": name, "count": len(took), "p50_ms": round(p50, 4), "p99_ms": round(p99, 4),
                              "to_bare": ratios[0], "to_bare_p99": ratios[1]}), flush=True)
        else:
            print(f"{name:58} {len(took):6} {p50:9.3f} ms {p99:9.3f} ms"
                  + "".join(f" {ratio:8.2f}" for ratio in ratios if ratio is not None), flush=True)
