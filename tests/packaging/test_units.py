"""tests/packaging/test_units.py: systemd takes the units, and their sandbox stays as tight as it is."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

UNITS = {"holdfast-agent": os.environ["AGENT_BIN"], "holdfast-hub": os.environ["HUB_BIN"],
         "holdfast-wrapper": os.environ["WRAPPER_BIN"], "hub-web-api": os.environ["HUB_BIN"],
         "hub-worker": os.environ["HUB_BIN"], "hub-notifications": os.environ["HUB_BIN"]}
KEYLESS = ("hub-worker", "hub-notifications", "holdfast-wrapper")  # it could only lose the host key
EXPOSURE_MAX = 1.5  # of 10; "OK" ends at 4.9
MUST = ("ProtectSystem=strict", "NoNewPrivileges=yes", "MemoryDenyWriteExecute=yes", "RestrictAddressFamilies=AF_UNIX",
        "CapabilityBoundingSet=\n")
# A user of its own for each, but for the wrapper, which must see the /tmp that OpenClaw sees.
USER = {"holdfast-wrapper": "User=holdfast-wrapper\n"}


def analyze(*args):
    return subprocess.run(["systemd-analyze", *args], capture_output=True, timeout=60, check=False,
                          text=True, env=dict(os.environ, SYSTEMD_LOG_LEVEL="warning"))


def render(source, folder, name, change=lambda text: text):
    """The unit as it is installed, but for the program, which is the one that was built."""
    with open(os.path.join(source, name + ".service.in"), encoding="ascii") as file:
        text = re.sub(r"@bindir@/\S+", UNITS[name], file.read())
    path = os.path.join(folder, name + ".service")
    with open(path, "w", encoding="ascii") as file:
        file.write(change(text))
    return path, text


def exposure(path):
    done = analyze("security", "--offline=true", "--no-pager", path)
    found = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    return float(found.group(1)) if found else None


def faults(source, folder, name):
    path, text = render(source, folder, name)
    missing = [line for line in (*MUST, USER.get(name, "DynamicUser=yes")) if line not in text]
    if missing:
        return f"{missing} is missing"
    if ("LoadCredential=host-key:" in text) == (name in KEYLESS):
        return "the host key is for whoever has keys, and for nobody else"
    done = analyze("verify", "--man=no", path)
    mine = [line for line in done.stderr.splitlines() if name in line]
    if done.returncode != 0 or mine:
        return f"verify: {done.returncode} {done.stderr[:500]}"
    level = exposure(path)
    if level is None or level > EXPOSURE_MAX:
        return f"the exposure level is {level}, at most {EXPOSURE_MAX} is wanted"
    # The measure itself: without its sandbox the same unit is far above the limit.
    path, _ = render(source, folder, name, lambda text: re.sub(
        r"(?m)^(Protect|Private|Restrict|SystemCall|Capability|NoNew|Dynamic).*$", "", text))
    level = exposure(path)
    return None if level is not None and level > 5 else f"without a sandbox the level is {level}"


def main():
    print(f"1..{len(UNITS)}")
    tool = shutil.which("systemd-analyze") is not None
    failed = False
    for number, name in enumerate(UNITS, 1):
        with tempfile.TemporaryDirectory(prefix="holdfast-units-") as folder:
            fault = faults(sys.argv[1], folder, name) if tool else None
        failed = failed or fault is not None
        print(f"{'ok' if fault is None else 'not ok'} {number} {name}" + ("" if tool else " # SKIP no systemd-analyze"))
        if fault:
            print("# " + fault.replace("\n", " "))
    return 1 if failed else 0


sys.exit(main())
