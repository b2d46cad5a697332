"""tests/protocol/webdriver.py: a real browser, driven by W3C WebDriver over HTTP on loopback."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

from harness import Skipped, check
from region import LIMIT

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--no-proxy-server",
             "--ignore-certificate-errors"]  # of service workers too, which acceptInsecureCerts leaves out


class Browser:
    """Chromium of a phone's size, with a profile of its own, which is gone with the world."""

    def __init__(self, world, name):
        program, driver = shutil.which("chromium"), shutil.which("chromedriver")
        if not program or not driver:
            raise Skipped("there is no chromium with its chromedriver (tools/packages: test)")
        profile = world.path("browser-" + name)
        os.mkdir(profile)
        self.driver = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       env=dict(os.environ, HOME=profile))
        line = b""
        while b"successfully on port " not in line:
            line = self.driver.stdout.readline()
            check(line, "chromedriver ended")
        self.base = f"http://127.0.0.1:{int(line.split(b'on port ')[1].rstrip(b'.' + bytes([10])))}"
        options = {"binary": program, "args": [*ARGUMENTS, "--user-data-dir=" + profile],
                   "mobileEmulation": {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2}}}
        try:
            answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "acceptInsecureCerts": True, "goog:chromeOptions": options}}})
            self.base += "/session/" + answer["sessionId"]
            self.debugger = answer["capabilities"]["goog:chromeOptions"]["debuggerAddress"]
        except BaseException:
            self.close()
            raise

    def ask(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=LIMIT) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise LookupError(f"{path}: {value['error']}: {value['message'][:200]}") from None

    def close(self):
        try:
            self.ask("DELETE", "")
        except (LookupError, OSError):
            pass
        self.driver.terminate()
        self.driver.wait(LIMIT)
        self.driver.stdout.close()

    def open(self, url):
        self.ask("POST", "/url", {"url": url})

    def url(self):
        return self.ask("GET", "/url")

    def find(self, css):
        return self.ask("POST", "/element", {"using": "css selector", "value": css})[ELEMENT]

    def has(self, css):
        return bool(self.ask("POST", "/elements", {"using": "css selector", "value": css}))

    def element(self, method, css, path, body=None):
        """Of an element; the page may be shown anew between finding it and this: then it is found again."""
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                return self.ask(method, f"/element/{self.find(css)}/{path}", body)
            except LookupError as error:
                if "stale element" not in str(error) or time.monotonic() > deadline:
                    raise

    def text(self, css="body"):
        return self.element("GET", css, "text")

    def attribute(self, css, name):
        return self.element("GET", css, f"attribute/{name}")

    def type(self, css, text):
        self.element("POST", css, "value", {"text": text})

    def click(self, css):
        self.element("POST", css, "click")

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def command(self, method, **params):
        """Of the DevTools protocol, to the page."""
        return self.ask("POST", "/goog/cdp/execute", {"cmd": method, "params": params})

    def block(self, *patterns):
        """Addresses that are not loaded from now on."""
        self.command("Network.enable")
        self.command("Network.setBlockedURLs", urls=patterns)

    def tools(self, kind):
        """The DevTools of the first target of a kind, such as "page" or "service_worker"; None."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{self.debugger}/json/list", timeout=LIMIT) as answer:
            found = [target for target in json.load(answer) if target["type"] == kind]
        return DevTools(found[0]["webSocketDebuggerUrl"]) if found else None

    def cookies(self):
        return self.ask("GET", "/cookie")

    def shoot(self, name):
        """A picture, for people, where SCREENSHOTS names a folder."""
        picture = base64.b64decode(self.ask("GET", "/screenshot"))
        if "SCREENSHOTS" in os.environ:
            with open(os.path.join(os.environ["SCREENSHOTS"], name + ".png"), "wb") as file:
                file.write(picture)


class DevTools:
    """The DevTools protocol over its WebSocket (RFC 6455), for what WebDriver has no command: events,
    and service workers."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.rsplit(":", 1)
        self.socket = socket.create_connection((name, int(port)), LIMIT)
        self.socket.sendall((f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.file = self.socket.makefile("rb")
        check(b" 101 " in self.file.readline(), "no WebSocket")
        while self.file.readline().strip():
            pass
        self.last, self.events = 0, []

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = bytes([0x80 | len(data)]) if len(data) < 126 else struct.pack(">BH", 0x80 | 126, len(data)) \
            if len(data) < 1 << 16 else struct.pack(">BQ", 0x80 | 127, len(data))
        self.socket.sendall(b"\x81" + size + mask + bytes(c ^ mask[n % 4] for n, c in enumerate(data)))

    def receive(self):
        """One message, which may come in several frames."""
        message = b""
        while True:
            first, size = self.file.read(2)
            if size == 126:
                size, = struct.unpack(">H", self.file.read(2))
            elif size == 127:
                size, = struct.unpack(">Q", self.file.read(8))
            message += self.file.read(size)
            if first & 0x80:
                return json.loads(message)

    def ask(self, method, **params):
        self.last += 1
        self.send(json.dumps({"id": self.last, "method": method, "params": params}))
        while True:
            message = self.receive()
            if message.get("id") == self.last:
                check("error" not in message, f"{method}: {message.get('error')}")
                return message["result"]
            if "method" in message:
                self.events.append(message)

    def event(self, method, right):
        """The parameters of the first event of a kind that is right, of those that came or come."""
        began = time.monotonic()
        while time.monotonic() - began < LIMIT:
            for message in self.events:
                if message["method"] == method and right(message["params"]):
                    return message["params"]
            self.events.append(self.receive())
        raise AssertionError(f"{method} did not come")

    def run(self, script):
        """The value of an expression, awaited."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        check("exceptionDetails" not in answer, f"{answer}")
        return answer["result"].get("value")

    def close(self):
        self.file.close()
        self.socket.close()
