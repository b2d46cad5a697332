"""tests/protocol/authority.py: a certificate authority for tests, made by the openssl program."""
import os
import shutil
import subprocess
import time

from harness import Skipped

DAY = 86400
CONFIG = """[ca]
default_ca = it
[it]
database = {dir}/index
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
BELOW = "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
SERVER = ("basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
          "extendedKeyUsage={use}\nsubjectAltName={names}\n")


class Authority:
    """A root that devices trust, and an authority below it that signs servers' certificates."""

    def __init__(self, world, name="ca"):
        if shutil.which("openssl") is None:
            raise Skipped("needs the openssl program to make certificates")
        self.dir, self.count = world.path(name), 0
        os.mkdir(self.dir)
        self.write("index", "")
        self.write("config", CONFIG.format(dir=self.dir))
        self.root, root_key = self.path("root.pem"), self.path("root.key")
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365",
                     "-subj", "/CN=Root", "-keyout", root_key, "-out", self.root)
        self.middle, self.middle_key = self.sign("middle", BELOW, (self.root, root_key), -100 * DAY, 300 * DAY)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text)
        return self.path(name)

    @staticmethod
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True)

    def sign(self, name, extensions, by, begin, end, kind="ec"):
        """Seconds from now. The files of the certificate and of its key."""
        key, request, out = self.path(name + ".key"), self.path(name + ".csr"), self.path(name + ".pem")
        more = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else [kind]
        self.openssl("req", "-newkey", *more, "-nodes", "-subj", "/CN=" + name, "-keyout", key, "-out", request)
        begin, end = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + at)) for at in (begin, end))
        self.openssl("ca", "-batch", "-notext", "-config", self.path("config"), "-cert", by[0], "-keyfile", by[1],
                     "-extfile", self.write(name + ".ext", extensions), "-startdate", begin, "-enddate", end,
                     "-in", request, "-out", out)
        return out, key

    def issue(self, names="DNS:hub.test", begin=-DAY, end=90 * DAY, kind="ec", use="serverAuth"):
        """PEM texts: the chain of a new certificate, and its key."""
        self.count += 1
        mine = self.sign(f"server-{self.count}", SERVER.format(names=names, use=use), (self.middle, self.middle_key),
                         begin, end, kind)
        own, key = (self.read(path) for path in mine)
        return own + self.read(self.middle), key

    @staticmethod
    def read(path):
        with open(path, encoding="ascii") as file:
            return file.read()


def put(path, text, mode=0o600):
    """As an ACME client renews: whole, in the place of what was there."""
    with open(path + ".new", "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
    os.rename(path + ".new", path)
