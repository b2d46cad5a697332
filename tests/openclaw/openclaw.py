"""tests/openclaw/openclaw.py: the real OpenClaw: installed in an exact version, run beside a tenant.

The cache ($HOLDFAST_CACHE, else /var/cache/holdfast for root, ~/.cache/holdfast for others) has a folder for
each version of OpenClaw and of Node, complete or not there. Without the npm registry and without the cache there is nothing to test with.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from harness import Failed, Skipped, check

# The gateway runs as another user, who could not look into root's home.
CACHE = os.environ.get("HOLDFAST_CACHE") or (
    "/var/cache/holdfast" if os.geteuid() == 0 else os.path.join(os.path.expanduser("~"), ".cache", "holdfast"))
PLUGIN = os.path.join(os.path.dirname(__file__), "..", "..", "wrapper", "plugin")
PLUGIN_FILES = ("index.js", "openclaw.plugin.json", "package.json")
LIMIT = 240  # seconds that a gateway may take to start on a slow machine

# What was published under these names when it was looked at; anything else is refused.
PINS = {
    "openclaw@2026.9.6": "sha512-Ie0kyQSCVfFqixsgVg39vevUDq01Ch5u3+7Yu5Y3qARczmdAe+lzp8bVnO9925rHiW/"
                         "+CFp70zfORCyPmCH31g==",
    "openclaw@2026.9.1": "sha512-0Ve0631CdgkJDwd4NNG1BawIdF5yCL2sO+Tts8amStw+H6vKURTj0K4rOa4+hFpJk1Dnw5LyKl5twzw"
                         "X1VtA2w==",
    "node@26.10.0": "sha512-iqvbVmkYIK5ioMlgjQim7A2MUTMqRgNrEDw6bRs0sIx2j7/R9dLC4358Eh5g8NOs4jSMtLCO+vl/"
                    "+A0nO24sPA==",
    "node@22.23.3": "sha512-DefCzy9Twv55AA4RQcOnUd6iQtqmnsJ6twWGasZ33F7BKJEMUJ1KVoumiVSRRNVRHKhBtsoPTvNKMxsE1TG0+Q==",
}
NODE = {"2026.9.6": "26.10.0", "2026.9.1": "22.23.3"}


def install(name, version, path):
    """The folder of a package in the cache, which is filled when it is not there."""
    folder = os.path.join(CACHE, f"{name}-{version}")
    if os.path.isdir(folder):
        return folder
    if shutil.which("npm") is None:
        raise Skipped("there is no npm")
    env = dict(os.environ, PATH=path)
    asked = subprocess.run(["npm", "view", f"{name}@{version}", "dist.integrity"], env=os.environ,
                           capture_output=True, timeout=120, text=True, check=False)
    if asked.returncode != 0:
        raise Skipped("the npm registry cannot be reached")
    os.makedirs(CACHE, exist_ok=True)
    made = tempfile.mkdtemp(prefix=".new-", dir=CACHE)
    try:
        os.chmod(made, 0o755)
        with open(os.path.join(made, "package.json"), "w", encoding="ascii") as file:
            file.write('{"name":"pinned","private":true}')
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--save-exact",
                               f"{name}@{version}"], cwd=made, env=env, capture_output=True, text=True,
                              timeout=900, check=False)
        check(done.returncode == 0, f"npm install {name}@{version}: {done.stderr[-600:]}")
        with open(os.path.join(made, "package-lock.json"), encoding="utf-8") as file:
            got = json.load(file)["packages"][f"node_modules/{name}"]["integrity"]
        check(got == PINS[f"{name}@{version}"], f"{name}@{version} is not what it was: {got}")
        os.rename(made, folder)
    except OSError:
        if not os.path.isdir(folder):  # else somebody else was faster
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class OpenClaw:
    """A gateway: its files, its process. Root-owned configuration and plugin, a user of its own."""

    def __init__(self, folder, version, provider_port, plugin_socket, port=None, uid=None):
        self.version, self.dir = version, folder
        node = install("node", NODE[version], os.environ["PATH"])
        self.node = os.path.join(node, "node_modules", "node", "bin")
        path = self.node + os.pathsep + os.environ["PATH"]
        self.modules = install("openclaw", version, path)
        self.bin = os.path.join(self.modules, "node_modules", ".bin", "openclaw")
        self.port, self.token, self.process = port or free_port(), "token-of-a-test", None
        # A user that nobody else's gateway runs as, so that tests beside each other see their own.
        self.uid = (uid or 40000 + os.getpid() % 20000) if os.geteuid() == 0 else os.geteuid()
        os.chmod(folder, 0o755)
        for name in ("etc", "plugin", "state", "home", "work"):
            os.makedirs(self.path(name), exist_ok=True)
        for name in PLUGIN_FILES:
            shutil.copy(os.path.join(PLUGIN, name), self.path("plugin", name))
            os.chmod(self.path("plugin", name), 0o644)
        if os.geteuid() == 0:
            for name in ("state", "home", "work"):
                os.chown(self.path(name), self.uid, self.uid)
        self.env = {"PATH": path, "HOME": self.path("home"), "OPENCLAW_STATE_DIR": self.path("state"),
                    "OPENCLAW_CONFIG_PATH": self.path("etc", "openclaw.json"), "OPENCLAW_NO_AUTO_UPDATE": "1",
                    "TMPDIR": self.path("home"), "LANG": "C.UTF-8"}
        self.configure(provider_port, plugin_socket)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def configure(self, provider_port, plugin_socket):
        model = {"id": "m-1", "name": "M", "reasoning": False, "input": ["text"], "contextWindow": 128000,
                 "maxTokens": 4096, "cost": {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 0},
                 "compat": {"supportsUsageInStreaming": True}}
        config = {
            "gateway": {"mode": "local", "port": self.port, "bind": "loopback",
                        "auth": {"mode": "token", "token": self.token},
                        "http": {"endpoints": {"chatCompletions": {"enabled": True}}}},
            "update": {"checkOnStart": False}, "telemetry": {"enabled": False},
            "agents": {"defaults": {"workspace": self.path("work"), "skipBootstrap": True,
                                    "heartbeat": {"every": "0m"}, "model": {"primary": "ours/m-1"}}},
            "models": {"mode": "merge", "providers": {"ours": {
                "baseUrl": f"http://127.0.0.1:{provider_port}/v1", "apiKey": "placeholder",
                "api": "openai-completions", "models": [model]}}},
            "tools": {"exec": {"notifyOnExit": False}},
            "plugins": {"enabled": True, "allow": ["holdfast-wrapper"], "load": {"paths": [self.path("plugin")]},
                        "entries": {"holdfast-wrapper": {
                            "enabled": True, "config": {"socketPath": plugin_socket},
                            "hooks": {"allowConversationAccess": True, "allowPromptInjection": False}}}},
        }
        with open(self.path("etc", "openclaw.json"), "w", encoding="ascii") as file:
            json.dump(config, file)
        os.chmod(self.path("etc", "openclaw.json"), 0o644)

    def command(self, *args):
        user = []
        if os.geteuid() == 0:
            user = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        return [*user, self.bin, *args]

    def run(self, *args, timeout=120):
        return subprocess.run(self.command(*args), env=self.env, capture_output=True, text=True,
                              cwd=self.path("work"), timeout=timeout, check=False)

    def start(self, more=()):
        with open(self.path("gateway.log"), "ab") as log:
            self.process = subprocess.Popen(self.command("gateway", "run", *more), env=self.env, stdout=log,
                                            stderr=log, cwd=self.path("work"), start_new_session=True)
        deadline = time.monotonic() + LIMIT
        while self.get("/readyz") is None:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed("the gateway does not start: " + self.log()[-600:])
            time.sleep(0.2)

    def log(self):
        with open(self.path("gateway.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return json.loads(answer.read())
        except (OSError, ValueError):
            return None

    def post(self, path, body, session=None, timeout=120):
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        if session:
            headers["x-openclaw-session-key"] = f"agent:main:{session}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method="POST",
                                         data=json.dumps(body).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")

    def call(self, *args):
        """A command of OpenClaw's own that talks to the running gateway."""
        done = self.run(*args, "--token", self.token, "--url", f"ws://127.0.0.1:{self.port}")
        check(done.returncode == 0, f"{args}: {done.stdout[-300:]} {done.stderr[-300:]}")
        return done.stdout

    def turn(self, *steps, session, say="done", text="please", timeout=120):
        """One message of a user; the model makes the calls of `steps`, each a call (NAME, ARGUMENTS) or a list of
        them to be made at once. Gives what it says at the end."""
        steps = [[step] if isinstance(step[0], str) else step for step in steps]
        script = json.dumps({"do": steps, "say": say})
        status, answer = self.post("/v1/chat/completions", {
            "model": "openclaw/main", "messages": [{"role": "user", "content": f"{text}\n{script}"}]},
            session, timeout)
        check(status == 200, f"a turn ended with {status}: {answer}")
        return answer["choices"][0]["message"]["content"]

    def stop(self, limit=60):
        """Seconds that it took to end in order."""
        began = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(self.process.pid, signal.SIGKILL)  # what it left behind
            except ProcessLookupError:
                pass
            self.process.wait(10)
        return time.monotonic() - began
