#!/usr/bin/env python3
"""tools/feed.py TENANTS_DIR [--count N] [--every SECONDS] NAME...: sample events for sandbox tenants.

Sends metering records to each agent's Unix socket, as the programs beside an agent do: N for each
tenant, or for ever with a pause between rounds. Sequences go on where the last run stopped.
"""
import argparse
import http.client
import json
import os
import random
import socket
import sys
import time


class Agent(http.client.HTTPConnection):
    """One agent, over its socket."""

    def __init__(self, folder, name):
        super().__init__("localhost")
        self.path, self.name = os.path.join(folder, name, "agent.sock"), name
        self.mark = os.path.join(folder, name, "feed.sequence")
        self.sequence = 0
        if os.path.exists(self.mark):
            with open(self.mark, encoding="ascii") as file:
                self.sequence = int(file.read() or 0)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)

    def send_event(self):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rng = random.Random(f"{self.name} {self.sequence}")
        event = {"type": "metering.recorded", "producer": f"feed/{self.name}",
                 "sequence": self.sequence + 1, "occurred": now,
                 "payload": {"tenant": self.name, "provider": "sample", "model": "sample-1",
                             "request": f"req-{rng.randrange(1 << 48):012x}",
                             "input_tokens": rng.randrange(9000), "output_tokens": rng.randrange(900),
                             "cached_tokens": 0, "source": "wrapper", "cost": rng.randrange(100000), "currency": "EUR",
                             "latency": rng.randrange(5000000)}}
        self.request("POST", "/v1/events", json.dumps(event))
        answer = self.getresponse()
        text = answer.read()
        if answer.status == 409 and b":stale" in text or b":fork" in text:
            self.sequence += 1  # the mark was lost: an older sequence is taken already
            return self.send_event()
        if answer.status != 200:
            raise OSError(f"{self.name}: {answer.status} {text.decode(errors='replace')}")
        self.sequence += 1
        with open(self.mark, "w", encoding="ascii") as file:
            file.write(str(self.sequence))
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--every", type=float, default=1)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    agents = [Agent(options.folder, name) for name in options.names]
    rounds = 0
    while options.count == 0 or rounds < options.count:
        for agent in agents:
            try:
                agent.send_event()
            except OSError as error:
                agent.close()
                if options.count:
                    sys.exit(str(error))
                print(error, file=sys.stderr)
        rounds += 1
        if options.count == 0:
            time.sleep(options.every)


if __name__ == "__main__":
    main()
