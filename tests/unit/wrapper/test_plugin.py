"""tests/unit/wrapper/test_plugin.py: the plugin's package is the same each time, and says what it is."""
import hashlib
import importlib.util
import io
import json
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "wrapper" / "plugin"


def load():
    spec = importlib.util.spec_from_file_location("package", FOLDER / "package.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same_bytes(package):
    """Packed twice, the digests are one; owner, mode and time are fixed; the content is the files'."""
    data = package.archive()
    assert hashlib.sha256(data).digest() == hashlib.sha256(package.archive()).digest()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        for member in tar.getmembers():
            assert (member.uid, member.gid, member.mode, member.mtime) == (0, 0, 0o644, package.EPOCH)
            assert tar.extractfile(member).read() == (FOLDER / Path(member.name).name).read_bytes()
        assert len(tar.getmembers()) == len(package.FILES)


def one_version(package):
    """A version that is not everywhere the same is refused."""
    assert package.versions().count(".") == 2
    whole = package.read
    package.read = lambda name: whole(name).replace(b'VERSION = "', b'VERSION = "9')
    try:
        package.versions()
    except SystemExit:
        return
    finally:
        package.read = whole
    raise AssertionError("two versions pass")


def contracts(_):
    """The manifest asks for what the plugin registers: without it OpenClaw loads it without its gate."""
    manifest = json.loads((FOLDER / "openclaw.plugin.json").read_text(encoding="utf-8"))
    code = (FOLDER / "index.js").read_text(encoding="utf-8")
    assert manifest["contracts"]["trustedToolPolicies"] == ["holdfast-gate"]
    assert 'id: "holdfast-gate"' in code and manifest["activation"]["onStartup"] is True
    for runtime in manifest["contracts"]["agentToolResultMiddleware"]:
        assert f'"{runtime}"' in code
    assert "import " in code and code.count("import ") == code.count('import net from "node:net"')


def main():
    package, failures, cases = load(), 0, (same_bytes, one_version, contracts)
    print(f"1..{len(cases)}")
    for number, case in enumerate(cases, 1):
        try:
            case(package)
            print(f"ok {number} {case.__name__}")
        except AssertionError as error:
            failures += 1
            print(f"not ok {number} {case.__name__} {error}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
