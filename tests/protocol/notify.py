"""tests/protocol/notify.py: what brings messages to people, for tests: a push service and devices that
decrypt, a mail server."""
import email
import email.policy
import http.server
import json
import os
import queue
import subprocess
import threading

from harness import Skipped, check
from region import LIMIT

DEVICE = os.environ["PUSH_DEVICE_BIN"]
MAIL_SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mail_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"


class PushService:
    """Takes pushes on loopback. answers[path] is a list of (status, headers), used one by one, the last
    one for ever; 201 by default. hold: pushes wait until it is set."""

    def __init__(self):
        self.pushes, self.answers, self.lock = [], {}, threading.Lock()
        self.go = threading.Event()
        self.go.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.pushes.append((self.path, dict(self.headers), body))
                    answers = outer.answers.get(self.path, [(201, {})])
                    status, fields = answers.pop(0) if len(answers) > 1 else answers[0]
                outer.go.wait(LIMIT)
                try:
                    self.send_response(status)
                    for name, value in fields.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # whoever pushed was killed

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def to(self, path):
        with self.lock:
            return [push for push in self.pushes if push[0] == path]

    def close(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


class Device:
    """A browser's subscription, and what its service worker would read."""

    def __init__(self, service, path):
        self.service, self.path = service, path
        self.process = subprocess.Popen([DEVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.p256dh, self.auth = self.process.stdout.readline().split()
        self.read_count, self.read = 0, []

    def subscription(self):
        return {"endpoint": self.service.url + self.path, "p256dh": self.p256dh, "auth": self.auth}

    def open(self, body):
        self.process.stdin.write(body.hex() + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline().strip()
        return None if line == "refused" else json.loads(line)

    def messages(self, kind=None):
        """All that came, decrypted, in order."""
        for _, _, body in self.service.to(self.path)[len(self.read):]:
            self.read.append(self.open(body))
        check(None not in self.read, "a push that cannot be decrypted")
        return [text for text in self.read if kind in (None, text["kind"])]

    def close(self):
        self.process.stdin.close()
        self.process.wait(LIMIT)
        self.process.stdout.close()


class MailServer:
    """aiosmtpd in a process of its own, with a certificate for localhost."""

    def __init__(self, world):
        probe = subprocess.run([SYSTEM_PYTHON, "-c", "import aiosmtpd"], capture_output=True, check=False) \
            if os.path.exists(SYSTEM_PYTHON) else None
        if probe is None or probe.returncode != 0:
            raise Skipped("needs the mail server of the package python3-aiosmtpd")
        self.ca, key = world.path("mail.crt"), world.path("mail.key")
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                            "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                            "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.ca],
                           check=True, capture_output=True)
        except FileNotFoundError:
            raise Skipped("needs the openssl program to make a certificate") from None
        self.password = world.path("smtp.password")
        with open(self.password, "w", encoding="ascii") as file:
            file.write("a password of the mail server\n")
        os.chmod(self.password, 0o600)
        self.process = subprocess.Popen([SYSTEM_PYTHON, MAIL_SERVER, self.ca, key, "holdfast",
                                         "a password of the mail server"], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        _, starttls, tls = self.process.stdout.readline().split()
        self.starttls, self.tls = f"smtp://localhost:{starttls}", f"smtps://localhost:{tls}"
        self.lines, self.taken, self.refused = queue.Queue(), [], []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def options(self, url=None):
        return ("--smtp-url", url or self.starttls, "--smtp-user", "holdfast", "--smtp-password-file",
                self.password, "--mail-from", "holdfast@region.example", "--outgoing-ca", self.ca)

    def mails(self, to=None):
        """Parsed, in order of arrival."""
        while not self.lines.empty():
            line = self.lines.get()
            if "refused" in line:
                self.refused.append(line["refused"])
                continue
            check(line["tls"] and line["user"], f"without TLS or password: {line}")
            mail = email.message_from_string(line["text"], policy=email.policy.default)
            self.taken.append((line["to"][0], mail))
        return [mail for address, mail in self.taken if to in (None, address)]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
