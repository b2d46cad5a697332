"""tests/protocol/webdriver.py: a real browser, driven by W3C WebDriver over HTTP on loopback."""
import base64
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from harness import Skipped, check

LIMIT = 60
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--disable-dev-shm-usage", "--no-proxy-server"]


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

    def text(self, css="body"):
        return self.ask("GET", f"/element/{self.find(css)}/text")

    def attribute(self, css, name):
        return self.ask("GET", f"/element/{self.find(css)}/attribute/{name}")

    def type(self, css, text):
        self.ask("POST", f"/element/{self.find(css)}/value", {"text": text})

    def click(self, css):
        self.ask("POST", f"/element/{self.find(css)}/click")

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def block(self, *patterns):
        """Addresses that are not loaded from now on."""
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Network.enable", "params": {}})
        self.ask("POST", "/goog/cdp/execute", {"cmd": "Network.setBlockedURLs", "params": {"urls": patterns}})

    def cookies(self):
        return self.ask("GET", "/cookie")

    def shoot(self, name):
        """A picture, for people, where SCREENSHOTS names a folder."""
        picture = base64.b64decode(self.ask("GET", "/screenshot"))
        if "SCREENSHOTS" in os.environ:
            with open(os.path.join(os.environ["SCREENSHOTS"], name + ".png"), "wb") as file:
                file.write(picture)
