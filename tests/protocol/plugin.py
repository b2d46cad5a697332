"""tests/protocol/plugin.py: a safety wrapper of a tenant, and a plugin that asks it as OpenClaw's does."""
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time

from harness import Failed, check
from region import LIMIT, until

WRAPPER = os.environ["WRAPPER_BIN"]
PROTOCOL = 2  # of frames, in wrapper/protocol.h


class Wrapper:
    """A holdfast-wrapper beside the agent of a tenant in the world's folder."""

    def __init__(self, world, tenant, policy, *more):
        self.world, self.tenant, self.more, self.process = world, tenant, more, None
        self.dir = world.path(tenant + "-wrapper")
        self.policy = policy
        os.makedirs(self.dir, exist_ok=True)
        self.plugin, self.control = self.path("plugin.sock"), self.path("control.sock")

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("wrapper.err"), "ab") as errors:
            self.process = subprocess.Popen(
                [WRAPPER, "run", "--state", self.path("state"), "--plugin-socket", self.plugin,
                 "--control-socket", self.control, "--look", "1",
                 "--agent-socket", self.world.path(self.tenant, "agent.sock"),
                 *(["--policy", self.policy] if self.policy else []), *self.more], env=self.world.env, stderr=errors)
        until(lambda: (self.status() or {"tenant": ""})["tenant"] == self.tenant, "the wrapper knows its tenant")
        return self

    def errors(self):
        with open(self.path("wrapper.err"), encoding="utf-8") as file:
            return file.read()[-1500:]

    def ask(self, method, path, body=b""):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(LIMIT)
                connection.connect(self.control)
                connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: w\r\nConnection: close\r\n"
                                   f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
            head, text = answer.split(b"\r\n\r\n", 1)
            return int(head.split()[1]), json.loads(text)
        except (OSError, ValueError):
            return None

    def status(self):
        answer = self.ask("GET", "/v1/status")
        return answer[1] if answer and answer[0] == 200 else None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                return self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()
                raise Failed("the wrapper does not end") from None
        return 0


class Plugin:
    """A connection. It is honest about the canary, as a gateway that obeys."""

    def __init__(self, wrapper, gateway=True, hello=True, protocol=PROTOCOL, obeys=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(wrapper.plugin)
        self.number, self.buffer, self.answers, self.obeys = 0, b"", [], obeys
        self.canaries, self.closed = {}, False
        if hello:
            self.send({"t": "hello", "protocol": protocol, "plugin": "test", "openclaw": "2026.9.6",
                       "gateway": gateway, "workspace": ""})
            self.welcome = self.wait(lambda m: m["t"] in ("welcome", "refused"))

    def send(self, message):
        text = message if isinstance(message, bytes) else json.dumps(message).encode()
        try:
            self.socket.sendall(struct.pack(">I", len(text)) + text)
        except (BrokenPipeError, ConnectionResetError):
            self.closed = True

    def take(self, message):
        if message["t"] == "canary":
            number = self.ask("session_status", {}, session="agent:main:holdfast-canary-" + message["nonce"])
            self.canaries[number] = message["nonce"]
        elif message.get("id") in self.canaries:
            nonce = self.canaries.pop(message["id"])
            status = 403 if self.obeys else 200
            self.send({"t": "ended", "nonce": nonce, "status": status, "text": message["reason"]})
        else:
            self.answers.append(message)

    def read(self, seconds):
        """Takes what comes within so many seconds; False: nothing did."""
        if not select.select([self.socket], [], [], seconds)[0]:
            return False
        try:
            piece = self.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            self.closed = True
            return False
        self.buffer += piece
        while len(self.buffer) >= 4:
            size, = struct.unpack(">I", self.buffer[:4])
            if len(self.buffer) < 4 + size:
                break
            message = json.loads(self.buffer[4:4 + size])
            self.buffer = self.buffer[4 + size:]
            self.take(message)
        return True

    def wait(self, wanted, seconds=LIMIT):
        """The first message of that kind; None when the connection ended before."""
        deadline = time.monotonic() + seconds
        while True:
            for message in self.answers:
                if wanted(message):
                    self.answers.remove(message)
                    return message
            if self.closed:
                return None
            check(time.monotonic() < deadline, f"no answer in {seconds} s")
            self.read(0.05)

    def ask(self, tool, params, session="agent:main:s", call=None, **more):
        self.number += 1
        self.send(dict({"t": "call", "id": self.number, "call": call or f"c{self.number}", "tool": tool,
                        "params": params if isinstance(params, str) else json.dumps(params),
                        "session": session, "run": "r", "agent": "main", "channel": "webchat",
                        "requester": "", "owner": True}, **more))
        return self.number

    def run(self, run, session="agent:main:s", tokens=1000, **more):
        self.number += 1
        self.send(dict({"t": "run", "id": self.number, "run": run, "session": session, "channel": "webchat",
                        "requester": "", "owner": True, "tokens": tokens}, **more))
        return self.number

    def usage(self, run, tokens, last=True, session="agent:main:s"):
        self.send({"t": "usage", "session": session, "provider": "p", "model": "m", "request": "r", "run": run,
                   "last": last, "input": tokens, "output": 1})

    def over(self, run, session="agent:main:s"):
        self.send({"t": "life", "what": "run_end", "call": run, "session": session})

    def verdict(self, number, seconds=LIMIT):
        return self.wait(lambda m: m["t"] == "verdict" and m["id"] == number, seconds)

    def pending(self, number):
        return self.wait(lambda m: m.get("id") == number)

    def decide(self, tool, params, **more):
        answer = self.verdict(self.ask(tool, params, **more))
        check(answer is not None, "the connection ended")
        return answer["verdict"], answer.get("reason", "")

    def result(self, tool, strings, call="c1", session="agent:main:s"):
        self.number += 1
        self.send({"t": "result", "id": self.number, "call": call, "tool": tool, "session": session,
                   "error": False, "strings": strings})
        number = self.number
        answer = self.wait(lambda m: m.get("id") == number)
        if answer is None or answer["t"] != "redacted":
            return None
        strings = list(strings)
        for index, text in answer["changed"]:
            strings[index] = text
        return strings

    def until(self, condition, what):
        """Waits for something, and answers canaries meanwhile."""
        until(lambda: [self.read(0.02), condition()][1], what)

    def close(self):
        self.socket.close()



def bundle(world):
    """A small policy, compiled."""
    path = world.path("test.bundle")
    if not os.path.exists(path):
        source = os.path.join(os.path.dirname(__file__), "test.policy")
        world.run("policy", "compile", source, "--out", path)
    return path
