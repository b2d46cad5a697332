"""tests/packaging/test_config.py: every shipped configuration file is taken by every program of a
server, means what its name says, and check-config says all that is wrong with a spoiled one."""
import os
import re
import subprocess
import sys
import tempfile

PROGRAMS = {"hub": os.environ["HUB_BIN"], "agent": os.environ["AGENT_BIN"]}
HUBS = {"dev": "dev", "staging": "staging", "prod-eu": "prod-eu", "prod-us": "prod-us"}


def run(program, *args, config):
    env = {key: value for key, value in os.environ.items() if not key.startswith("HOLDFAST_")}
    done = subprocess.run([program, *args, "--config", config], env=env, capture_output=True, text=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def faults(folder, name):
    path = os.path.join(folder, name)
    own = "agent" if name == "tenant.conf" else "hub"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for section, program in PROGRAMS.items():
        code, out, err = run(program, "check-config", "--data", "/x", config=path)
        if code != 0 or err:
            return f"{section}: {code} {err}"
        region = HUBS.get(name.removesuffix(".conf"))
        if section == own == "hub" and not re.search(rf"^region +{region}$", out, re.M):
            return f"it is not for {region}: {out}"
    # The command line takes it too; that no file is there is said after the settings were read.
    code, _, err = run(os.environ["HOLDFAST_BIN"], "log", "stat", "/nonexistent", config=path)
    if code != 3 or "nonexistent" not in err:
        return f"holdfast: {code} {err}"
    # What is commented out as an example is a setting as well.
    with tempfile.TemporaryDirectory(prefix="holdfast-config-") as scratch:
        shown, keys = os.path.join(scratch, "shown.conf"), os.path.join(scratch, "release-keys")
        with open(keys, "w", encoding="utf-8") as file:
            file.write("# none\n")
        with open(shown, "w", encoding="utf-8") as file:
            file.write(re.sub(r"(?m)^# ([a-z_]+ = )", r"\1", text).replace("/etc/holdfast/release-keys", keys))
        code, _, err = run(PROGRAMS[own], "check-config", "--data", "/x", config=shown)
        if code != 0:
            return f"an example in it: {err}"
        return spoiled(scratch, own, text)


def spoiled(scratch, own, text):
    """Five things wrong in five lines: all are said, with the lines' numbers."""
    path = os.path.join(scratch, "spoiled.conf")
    lines = text.splitlines()
    at = len(lines)
    lines += ["free_flor = 1", "free_floor = many", "[elsewhere]", "nonsense"]
    lines[0] = "regions = mars"
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    code, _, err = run(PROGRAMS[own], "check-config", config=path)
    said = [int(n) for n in re.findall(r"spoiled\.conf, line (\d+): ", err)]
    wanted = [1, at + 1, at + 2, at + 3, at + 4]
    if code != 1 or said != wanted or "--data is missing" not in err:
        return f"spoiled: {code}, lines {said} and not {wanted}: {err}"
    code, _, err = run(PROGRAMS[own], "run", "--data", os.path.join(scratch, "data"), config=path)
    if code != 2 or err.count("\n") != 1 or os.path.exists(os.path.join(scratch, "data")):
        return f"run: {code} {err}"
    return None


def main():
    names = sorted(name for name in os.listdir(sys.argv[1]) if name.endswith(".conf"))
    wanted = sorted([name + ".conf" for name in HUBS] + ["tenant.conf"])
    print(f"1..{len(names) + 1}")
    print(f"{'ok' if names == wanted else 'not ok'} 1 all of them are here")
    failed = names != wanted
    for number, name in enumerate(names, 2):
        fault = faults(sys.argv[1], name)
        failed = failed or fault is not None
        print(f"{'ok' if fault is None else 'not ok'} {number} {name}")
        if fault:
            print("# " + fault.replace("\n", " "))
    return 1 if failed else 0


sys.exit(main())
