"""tests/openclaw/live.py: OpenClaw to live with, for `tools/up --with-openclaw`.

live.py run DIR PORT UID     runs a model of our own and the gateway until it is told to end
live.py say DIR TOOL JSON    has the model make one call, and prints what it reads
"""
import json
import os
import signal
import sys
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
os.environ.setdefault("HOLDFAST_BIN", "holdfast")  # the tests' harness asks for it; nothing here runs it
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "protocol"))

from openclaw import OpenClaw  # noqa: E402
from provider import Provider  # noqa: E402


def run(folder, port, uid):
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    provider = Provider()
    gateway = OpenClaw(folder, os.environ.get("OPENCLAW_VERSION", "2026.9.6"), provider.port,
                       os.path.join(folder, "plugin.sock"), int(port), int(uid))
    gateway.start()
    with open(os.path.join(folder, "ready"), "w", encoding="ascii") as file:
        json.dump({"port": gateway.port, "token": gateway.token}, file)
    os.chmod(os.path.join(folder, "ready"), 0o600)
    ended.wait()
    os.remove(os.path.join(folder, "ready"))
    gateway.stop()
    provider.close()


def say(folder, tool, params):
    """The call is the message's script; the model says at the end what the tool answered it."""
    with open(os.path.join(folder, "ready"), encoding="ascii") as file:
        gateway = json.load(file)
    script = json.dumps({"do": [[[tool, json.loads(params)]]], "show": True})
    request = urllib.request.Request(
        f"http://127.0.0.1:{gateway['port']}/v1/chat/completions", method="POST",
        data=json.dumps({"model": "openclaw/main", "messages": [{"role": "user", "content": "please\n" + script}]}).encode(),
        headers={"Authorization": "Bearer " + gateway["token"], "Content-Type": "application/json",
                 "x-openclaw-session-key": f"agent:main:say-{time.time_ns()}"})
    with urllib.request.urlopen(request, timeout=3600) as answer:
        print(json.loads(answer.read())["choices"][0]["message"]["content"])


if __name__ == "__main__":
    {"run": run, "say": say}[sys.argv[1]](*sys.argv[2:])
