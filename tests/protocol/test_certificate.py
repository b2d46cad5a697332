"""The certificate that browsers of the Hub believe: whom it is shown to, renewals, files that cannot be used."""
import hashlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess

import harness
from authority import DAY, Authority, put
from harness import check
from region import CONTEXT, HUB, LIMIT, Region, append, caught_up, in_region, options, until, up

NAME = "hub.test"
URL = "https://hub.test:8443"


class Served(Region):
    """A Hub with a certificate of an authority, for hub.test."""

    def __init__(self, world, ca, **how):
        self.ca, self.chain, self.key = ca, world.path("chain.pem"), world.path("key.pem")
        self.renew(*ca.issue(**how))
        super().__init__(world, "--public-url", URL, "--tls-certificate", self.chain, "--tls-key", self.key)

    def renew(self, chain, key, told=False, mode=0o600):
        put(self.chain, chain, 0o644)
        put(self.key, key, mode)
        if told:
            self.hub.send_signal(signal.SIGHUP)

    def open(self, name, trusts=True, version=None):
        """A connection as a browser makes it: it names the host and believes authorities alone."""
        context = ssl.create_default_context(cafile=self.ca.root) if trusts else \
            ssl._create_unverified_context()
        if version:
            context.minimum_version = context.maximum_version = version
        host, port = self.url.removeprefix("https://").split(":")
        plain = socket.create_connection((host, int(port)), LIMIT)
        try:
            return context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise

    def shown(self, name=NAME, **how):
        """The certificate, DER."""
        with self.open(name, **how) as connection:
            return connection.getpeercert(binary_form=True)

    def metric(self, name):
        text = self.call("GET", "/metrics")[1].decode()
        return int(re.search(rf"^holdfast_certificate_{name} (\d+)$", text, re.M).group(1))

    def logged(self):
        with open(self.world.path("hub.err"), encoding="utf-8") as file:
            return file.read()


def der(chain):
    return ssl.PEM_cert_to_DER_cert(chain[:chain.index("-----END CERTIFICATE-----") + 25] + "\n")


def pin(certificate):
    """SHA-256 of the SubjectPublicKeyInfo."""
    public = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"], input=certificate,
                            check=True, capture_output=True).stdout
    return hashlib.sha256(ssl.base64.b64decode(b"".join(public.splitlines()[1:-1]))).hexdigest()


def served(case):
    return in_region(case, lambda world: Served(world, Authority(world)))


def ask(connection, path):
    """A request on a connection that stays open; the status and the answer."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


@served
def believed(world, region):
    """Who names the host gets the chain, in both versions of TLS, and believes it; who names another one
    or none gets the region's own, by which agents and the command line go on to know it."""
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for name in (NAME, NAME.upper()):
            with region.open(name, version=version) as connection:
                status, page = ask(connection, "/approvals")
                check(status == 200 and b"token" in page, f"{version}: {status}")
        for name in ("localhost", "other.test", "sub.hub.test", None):
            got = region.shown(name, trusts=False, version=version)
            check(pin(got) == region.pin, f"{name} gets the region's own")
    put(world.path("region.pem"), ssl.DER_cert_to_PEM_cert(region.shown("localhost", trusts=False)))
    options(world, region)
    region.create("acme")
    region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)
    check(b"acme" in world.run("tenant", "list").stdout, "the command line")


def other_keys(world):
    """The region's own key is of a curve; one of another kind is shown to browsers that would take both, and a
    wildcard stands for one label."""
    region = Served(world, Authority(world), kind="rsa:2048", names="DNS:*.hub.test,DNS:hub.test")
    try:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for name in (NAME, "eu.hub.test"):
                with region.open(name, version=version) as connection:
                    check(ask(connection, "/approvals")[0] == 200, f"{name}")
            check(pin(region.shown("a.b.hub.test", trusts=False)) == region.pin, "two labels")
    finally:
        region.stop()


@served
def renewed(world, region):
    """A renewal is served after a signal, or by itself; what is open goes on, the agent too, and the process is
    the same. Then the renewal of an authority of other keys."""
    region.create("acme")
    agent = region.run_agent("acme", region.mint("acme"))
    up(world, "acme")
    before, process = region.shown(), region.hub.pid
    until_s = region.metric("expiry_timestamp_seconds")
    with region.open(NAME) as connection:
        check(ask(connection, "/v1/region")[0] == 200, "before")
        chain, key = region.ca.issue(end=120 * DAY)
        region.renew(chain, key, told=True)
        until(lambda: region.shown() == der(chain), "the new one")
        check(ask(connection, "/v1/region")[0] == 200 and
              connection.getpeercert(binary_form=True) == before, "it stays open, with what it had")
        check(abs(region.metric("expiry_timestamp_seconds") - until_s - 30 * DAY) < 600, "until when")
        chain, key = region.ca.issue(kind="rsa:2048")
        region.renew(chain, key)  # nobody says so
        until(lambda: region.shown() == der(chain), "it was noticed")
        check(ask(connection, "/v1/region")[0] == 200, "and still open")
    check(region.metric("renewals_total") == 2 and region.metric("failures_total") == 0, "counted")
    append(world, "acme", 1)
    caught_up(region, "acme", 1)
    check(agent.poll() is None and region.hub.poll() is None and region.hub.pid == process, "nothing ended")
    check(pin(region.shown(None, trusts=False)) == region.pin, "the region's own is as it was")
    check(len(region.json("GET", "/v1/events?type=tenant.registered&limit=10")["events"]) == 1, "once")


def wrong(ca):
    """Files that cannot be used, by what is said of them: chain, key, mode of the key."""
    chain, key = ca.issue()
    own, above = chain[:chain.index("-----BEGIN", 9)], ca.read(ca.middle)
    other = ca.issue()
    sealed = subprocess.run(["openssl", "pkey", "-aes256", "-passout", "pass:x"], input=key.encode(), check=True,
                            capture_output=True).stdout.decode()
    return {
        "not a PEM certificate": ("nonsense\n", key, 0o600),
        "after certificate 1 of the chain is damaged": (own + above.replace("M", "!", 9), key, 0o600),
        "the TLS key is not the certificate's": (chain, other[1], 0o600),
        "that of certificate 2 of the chain": (above + own, key, 0o600),
        "certificate 2 of the chain did not sign certificate 1": (own + ca.read(ca.root) + above, key, 0o600),
        "is an authority's": (above, ca.read(ca.middle_key), 0o600),
        "not an unencrypted PEM key": (chain, "nonsense\n", 0o600),
        "it has a passphrase": (chain, sealed, 0o600),
        "others can read or write the key": (chain, key, 0o644),
        "is not for hub.test": (*ca.issue(names="DNS:www.hub.test"), 0o600),
        "not one for TLS servers": (*ca.issue(use="clientAuth"), 0o600),
        "ee key too small": (*ca.issue(kind="rsa:1024"), 0o600),
        "is not a key": (chain, "", 0o600),
    }


@served
def refused(world, region):
    """What cannot be used leaves what is served, and is logged and counted once for each reason; files that are
    good again are taken."""
    before, failures = region.shown(), 0
    late = {"the certificate is over": (*region.ca.issue(begin=-9 * DAY, end=-DAY), 0o600),
            "is not good yet": (*region.ca.issue(begin=DAY), 0o600)}
    for text, (chain, key, mode) in {**wrong(region.ca), **late}.items():
        region.renew(chain, key, told=True, mode=mode)
        failures += 1
        until(lambda: region.metric("failures_total") >= failures, text)
        check(text in region.logged().splitlines()[-1], f"{text}: {region.errors()}")
        check(region.shown() == before and region.metric("refused") == 1, "what was good stays")
    os.unlink(region.key)
    region.hub.send_signal(signal.SIGHUP)
    until(lambda: region.metric("failures_total") == failures + 1, "no file")
    check("cannot open the key" in region.errors(), region.errors())
    region.hub.send_signal(signal.SIGHUP)  # the same once more
    chain, key = region.ca.issue()
    region.renew(chain, key)
    until(lambda: region.shown() == der(chain), "good again")
    check(region.metric("failures_total") == failures + 1 and region.metric("refused") == 0, "counted")


def checked(world):
    """check-config says what is wrong with the files, and warns of what soon will be; a Hub does not start with
    files that browsers would refuse, but for those that are over, of which it says so."""
    ca, chain_path, key_path = Authority(world), world.path("chain.pem"), world.path("key.pem")

    def run(text, code, chain=None, key=None, mode=0o600, command="check-config", url=URL, files=True):
        if chain is not None:
            put(chain_path, chain, 0o644)
            put(key_path, key, mode)
        with open(world.path("hub.conf"), "w", encoding="utf-8") as file:
            file.write(f"[hub]\ntls_certificate = {chain_path}\n" + (f"public_url = {url}\n" if url else "") +
                       (f"tls_key = {key_path}\n" if files else ""))
        done = subprocess.run([HUB, command, "--data", world.path("hub"), "--listen", "127.0.0.1:0", "--config",
                               world.path("hub.conf")], env=world.env, capture_output=True, check=False, timeout=LIMIT)
        check(done.returncode == code and text in (done.stdout + done.stderr).decode(), f"{text}: {done}")
        return done

    for text, files in wrong(ca).items():
        run(text, 1, *files)
    run("others can read", 3, *ca.issue(), 0o604, command="run")
    run("the certificate is over since", 1, *ca.issue(begin=-9 * DAY, end=-DAY))
    run("the certificate is not good before", 1, *ca.issue(begin=DAY))
    run("ends soon", 0, *ca.issue(begin=-80 * DAY, end=10 * DAY))
    run("ends soon", 0, *ca.issue(begin=-5 * DAY, end=DAY))
    chain, key = ca.issue()
    done = run("people    " + URL, 0, chain, key, mode=0o640)
    check(done.stderr == b"", f"{done}")
    run("one certificate alone", 0, chain[:chain.index("-----BEGIN", 9)], key)
    run("go together", 1, files=False)
    run("needs --public-url", 1, url=None)
    run("not an address", 1, url="https://127.0.0.1:8443")
    os.unlink(chain_path)
    run("No such file", 1)
    region = Served(world, ca, begin=-9 * DAY, end=-DAY)
    try:
        check(region.shown(trusts=False) == der(ca.read(chain_path)), "the best there is")
        check("certificate.expired" in region.logged(), region.logged())
        chain, key = ca.issue(begin=-80 * DAY, end=10 * DAY)
        region.renew(chain, key, told=True)
        until(lambda: "certificate.ends_soon" in region.logged(), "a warning")
        check(region.shown() == der(chain), "and it is good")
    finally:
        region.stop()


def without(world):
    """A Hub without such files is as before: its own certificate whatever is named; the signal does nothing."""
    region = Region(world)
    try:
        region.hub.send_signal(signal.SIGHUP)
        host, port = region.url.removeprefix("https://").split(":")
        with socket.create_connection((host, int(port)), LIMIT) as plain:
            with CONTEXT.wrap_socket(plain, server_hostname="anything.test") as connection:
                check(pin(connection.getpeercert(binary_form=True)) == region.pin, "its own")
        check(region.call("GET", "/v1/region")[0] == 200 and region.hub.poll() is None, "alive")
    finally:
        region.stop()


harness.main([believed, other_keys, renewed, refused, checked, without])
