#!/usr/bin/env python3
"""tools/tidy.py: properties of the source that a compiler does not see.

    tools/tidy.py ROOT    checks the tree, prints TAP (a meson test, suite "tidy")

The first case is a self-test: a small tree with one violation of every rule must be found out, and
the same tree without them must pass. Then comes one case for each rule. LAYERS is the
architecture: a folder may include only what its row names. Standard library only.
"""
import re
import sys
import tempfile
from pathlib import Path

# folder -> folders it may include; "*" is any, and a folder may always include itself. A file
# belongs to the longest row that its path begins with; a folder without a row is an error.
LOG = ("log/tlog", "log/store", "log/core", "log/event", "log/mirror", "log/owned", "log/remote", "log/audit")
LAYERS = {
    "base": (),
    "base/cli": ("base",),
    "base/net": ("base",),
    "base/http": ("base", "base/net"),
    "schemas": ("base",),
    "log/tlog": ("base",),
    "log/store": ("base",),
    "log/core": ("base", "log/tlog", "log/store"),
    "log/mirror": ("base", "schemas", "log/tlog"),
    "log/audit": ("base", "schemas", "log/tlog", "log/store", "log/core", "log/mirror"),
    "log/owned": ("base", "schemas", "log/tlog", "log/store", "log/core", "log/event", "log/mirror"),
    "log/remote": ("base", "base/http", "log/tlog", "log/store", "log/mirror"),
    "log/event": ("base", "schemas", "log/core", "log/tlog"),
    "commands": ("base", "schemas", "log/tlog"),
    "projections/postgres": ("base", "projections"),
    "projections/sqlite": ("base", "projections"),
    "projections": ("base", "schemas", *LOG),
    "wrapper/policy": ("base", "schemas"),
    "wrapper/redaction": ("base", "schemas"),
    "wrapper/search": ("base", "schemas", "log/tlog", "log/store", "log/core", "log/mirror", "wrapper/redaction"),
    "provision": ("base", "base/cli", "schemas"),
    "proxy": ("base", "base/cli", "base/net", "base/http", "schemas", "wrapper/policy", "wrapper/redaction"),
    "wrapper": ("base", "base/cli", "base/net", "base/http", "schemas", "log/tlog", "commands", "wrapper/policy", "wrapper/redaction"),
    "tenant": ("base", "base/cli", "base/net", "base/http", "schemas", *LOG, "commands", "projections",
               "projections/sqlite", "wrapper/policy", "wrapper/redaction", "wrapper/search"),
    "hub": ("base", "base/cli", "base/net", "base/http", "schemas", *LOG, "commands", "projections",
            "projections/sqlite", "projections/postgres", "wrapper/policy", "wrapper/redaction", "hub/web"),
    "hub/web": ("base",),
    "tools": ("base", "base/cli", "base/net", "base/http", "schemas", *LOG, "commands", "projections",
              "projections/sqlite", "projections/postgres", "wrapper/policy", "wrapper/redaction", "wrapper/search"),
    "tests": ("*",),
}

# third-party header -> the files or folders (with a slash) that may include it. A name with a
# slash at the end stands for all headers below it. Tests may include any of them.
BENCH = "tools/bench"
HOMES = {
    "uv.h": ("base/loop_uv.c",),
    "sodium.h": ("base/crypto.c", "base/secret.c", "base/env_os.c", "base/env_sim.c"),
    "openssl/": ("base/crypto.c", "base/net/certificate.c", "base/net/tls.c",
                 "base/net/tls_identity.c", "base/p256.c", "base/web_push.c"),
    "jansson.h": ("base/json_in.c",),
    "llhttp.h": ("base/http/request_parser.c",),
    "lmdb.h": ("log/store/", BENCH),
    "zstd.h": ("log/core/",),
    "msgpack.h": ("schemas/",),
    "msgpack/": ("schemas/",),
    "curl/": ("base/http/multi.h",),
    "libpq-fe.h": ("projections/postgres/", BENCH),
    "sqlite3.h": ("projections/sqlite/",),
    "hs.h": ("wrapper/redaction/engine.c",),
}

# calls -> (what to use instead, files that are that very thing)
BANNED = (
    (r"(?:strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|gets|strtok|strtok_r)",
     "snprintf or hf_buf", ()),
    (r"(?:atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|strtod|sscanf|scanf|fscanf)",
     "hf_parse_*", ()),
    (r"(?:time|gettimeofday|clock_gettime|clock|uv_hrtime|uv_now|localtime|gmtime)",
     "hf_env_wall_us or hf_env_mono_ns", ("base/env_os.c",)),
    (r"(?:rand|rand_r|random|srand|srandom|drand48|getrandom|arc4random|randombytes_buf)",
     "hf_env_random", ("base/env_os.c",)),
    (r"(?:malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|alloca)",
     "hf_heap_*, hf_arena_* or hf_buf", ("base/heap.c",)),
    (r"(?:sleep|usleep|nanosleep|system|popen|exit|atexit|setjmp|longjmp)",
     "a timer of the loop, or a returned hf_rc", ()),
    (r"assert", "HF_ASSERT, which is never compiled out", ()),
)
LINES_SOFT, LINES_HARD, COLUMNS = 400, 800, 100


def blank(text: str) -> str:
    """Comments and the insides of literals become spaces; line ends stay."""
    def spaces(match):
        found = match.group()
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[0]
        return re.sub(r"[^\n]", " ", found)
    token = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*'
    return re.sub(token, spaces, text, flags=re.S)


def row_of(path: str):
    """The longest row of LAYERS that the path lies in, or None."""
    folders = path.split("/")[:-1]
    for count in range(len(folders), 0, -1):
        row = "/".join(folders[:count])
        if row in LAYERS:
            return row
    return None


class File:
    """One source file, read once, seen by all rules."""

    def __init__(self, root: Path, path: Path):
        self.rel = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8", errors="replace")
        self.lines = self.text.splitlines()
        self.row = row_of(self.rel)
        self.code = blank(self.text)
        # From the blanked text, where a commented-out include is gone, but with its name.
        self.includes = []
        for number, (line, code) in enumerate(zip(self.lines, self.code.splitlines()), 1):
            if re.match(r"\s*#\s*include\b", code):
                found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
                self.includes.append((number, *(found.groups() if found else ("?", line))))

    def guard(self) -> str:
        return "HF_" + re.sub(r"[^A-Z0-9]", "_", self.rel.upper())


def check_layers(files):
    for f in files:
        if f.row is None:
            yield f"{f.rel}: its folder has no row in LAYERS of tools/tidy.py"
            continue
        for number, mark, name in f.includes:
            if mark == "?":
                yield f"{f.rel}:{number}: an include names its file directly"
            elif mark == '"' and name.startswith(("./", "../")) or mark == '"' and "/" not in name:
                yield f'{f.rel}:{number}: write "{name}" with its folder from the root'
            elif mark == '"':
                other = row_of(name)
                allowed = LAYERS[f.row]
                if other is None:
                    yield f'{f.rel}:{number}: "{name}" is in no folder of LAYERS'
                elif other != f.row and "*" not in allowed and other not in allowed:
                    yield f"{f.rel}:{number}: {f.row}/ may not include {other}/"


def check_own_header(files):
    """x.c includes x.h before everything else, so that each header stands on its own."""
    names = {f.rel for f in files}
    for f in files:
        own = f.rel[:-2] + ".h"
        if f.rel.endswith(".c") and own in names:
            if not f.includes or f.includes[0][2] != own:
                yield f'{f.rel}: its first include is "{own}"'


def check_homes(files):
    for f in files:
        for number, mark, name in f.includes:
            folder = name.split("/")[0] + "/" if "/" in name else name
            homes = HOMES.get(folder, HOMES.get(name))
            if mark in '<"' and homes is not None and f.row != "tests":
                if not any(f.rel == h or f.rel.startswith(h) and (h[-1] == "/" or h == BENCH)
                           for h in homes):
                    yield f"{f.rel}:{number}: <{name}> has its home in {', '.join(homes)}"


def check_banned(files):
    for f in files:
        if f.row == "tests":
            continue
        for pattern, instead, exempt in BANNED:
            if f.rel in exempt:
                continue
            # Not a member, whose name is free: ops->free(x), .time = ...
            for m in re.finditer(r"(?<![\w.>])" + pattern + r"\s*\(", f.code):
                line = f.code.count("\n", 0, m.start()) + 1
                yield f"{f.rel}:{line}: {m.group().rstrip(' (')}() is banned, use {instead}"


def check_layout(files):
    for f in files:
        if len(f.lines) > LINES_HARD:
            yield f"{f.rel}: {len(f.lines)} lines, the limit is {LINES_HARD}; divide it"
        if not f.text.endswith("\n") or f.text.endswith("\n\n"):
            yield f"{f.rel}: ends with exactly one line end"
        for number, line in enumerate(f.lines, 1):
            if len(line) > COLUMNS:
                yield f"{f.rel}:{number}: {len(line)} columns, the limit is {COLUMNS}"
            if line != line.rstrip() or "\t" in line:
                yield f"{f.rel}:{number}: a tab, or space at the end"


def check_opening(files):
    """Each file says its job first, in a comment with its own path."""
    for f in files:
        if not re.match(r"/\* " + re.escape(f.rel) + r": \S", f.text):
            yield f"{f.rel}:1: opens with '/* {f.rel}: its job in one sentence.'"


def check_guards(files):
    seen = {}
    for f in files:
        if not f.rel.endswith(".h"):
            continue
        guard = re.search(r"^#ifndef (\w+)\n#define (\w+)$", f.text, flags=re.M)
        if not guard or guard.group(1) != f.guard() or guard.group(2) != f.guard():
            yield f"{f.rel}: its guard is {f.guard()}"
        if f.guard() in seen:
            yield f"{f.rel}: has the guard of {seen[f.guard()]}"
        seen[f.guard()] = f.rel


RULES = (
    ("a folder includes only what its row allows", check_layers),
    ("a source file includes its own header first", check_own_header),
    ("a third-party header has one home", check_homes),
    ("banned calls are not used", check_banned),
    ("size and layout", check_layout),
    ("each file opens with its job", check_opening),
    ("header guards are right and unique", check_guards),
)


def load(root: Path):
    """All C files below the root but those of build folders and hidden ones."""
    files = []
    for path in sorted(root.rglob("*.[ch]")):
        parts = path.relative_to(root).parts
        if not any(p.startswith(".") for p in parts) and not parts[0].startswith("build"):
            files.append(File(root, path))
    return files


def source(rel: str, body: str) -> str:
    return f"/* {rel}: for the self-test. */\n{body}"


def header(rel: str) -> str:
    guard = "HF_" + re.sub(r"[^A-Z0-9]", "_", rel.upper())
    return source(rel, f"#ifndef {guard}\n#define {guard}\n\n#endif\n")


GOOD = {
    "base/a.h": header("base/a.h"),
    "base/a.c": source("base/a.c", '#include "base/a.h"\n\n#include <time.h>\n'
                       "/* time(NULL) */\nconst char *a = \"exit(1) // malloc(2)\";\n"
                       "void b(void) { ops->free(1); xfree(2); hf_time(3); }\n"
                       "char c = '\"'; /* \" */\n"),
    "base/env_os.c": source("base/env_os.c", "#include <sodium.h>\nlong x(void) { clock_gettime("
                            "1); }\n"),
    "base/cli/b.c": source("base/cli/b.c", '#include "base/a.h"\n'),
    "log/store/l.c": source("log/store/l.c", "#include <lmdb.h>\n"),
    "log/core/l.c": source("log/core/l.c", '#include "base/a.h"\n#include "log/tlog/t.h"\n'),
    "log/tlog/t.h": header("log/tlog/t.h"),
    "tools/bench_log.c": source("tools/bench_log.c", "#include <libpq-fe.h>\n#include <lmdb.h>\n"),
    "tests/unit/t.c": source("tests/unit/t.c", '#include "log/tlog/t.h"\nint t = time(0);\n'),
}
# (path, content, what the message must contain): each is added to GOOD, one at a time.
BAD = (
    ("log/tlog/x.c", source("log/tlog/x.c", '#include "log/store/y.h"\n'),
     "log/tlog/ may not include log/store/"),
    ("log/core/x.c", source("log/core/x.c", '#include "schemas/event.h"\n'),
     "log/core/ may not include schemas/"),
    ("base/x.c", source("base/x.c", '#include "base/cli/cli.h"\n'),
     "base/ may not include base/cli/"),
    ("hub/x.c", source("hub/x.c", '#  include "tenant/x.h"\n'), "hub/ may not include tenant/"),
    ("log/x.c", source("log/x.c", ""), "has no row"),
    ("base/x.c", source("base/x.c", '#include "a.h"\n'), "with its folder"),
    ("base/x.c", source("base/x.c", '#include "../log/tlog/t.h"\n'), "with its folder"),
    ("base/x.c", source("base/x.c", "#include NAME\n"), "names its file"),
    ("log/tlog/t.c", source("log/tlog/t.c", '#include <stdio.h>\n#include "log/tlog/t.h"\n'),
     'first include is "log/tlog/t.h"'),
    ("base/x.c", source("base/x.c", "#include <uv.h>\n"), "<uv.h> has its home"),
    ("base/x.c", source("base/x.c", "#include <openssl/evp.h>\n"), "has its home"),
    ("log/core/x.c", source("log/core/x.c", "#include <lmdb.h>\n"), "has its home"),
    ("tools/x.c", source("tools/x.c", "#include <curl/curl.h>\n"), "has its home"),
    ("base/x.c", source("base/x.c", "int x = atoi(y);\n"), "base/x.c:2: atoi() is banned"),
    ("base/x.c", source("base/x.c", "/* a\n b */ int x = time (NULL);\n"), "x.c:3: time() is"),
    ("base/x.c", source("base/x.c", "void x(void) { assert(1); }\n"), "assert() is banned"),
    ("base/x.c", source("base/x.c", "void *x = malloc(1);\n"), "malloc() is banned"),
    ("base/x.c", source("base/x.c", "x; \n"), "space at the end"),
    ("base/x.c", source("base/x.c", "\tx;\n"), "a tab"),
    ("base/x.c", source("base/x.c", "x" * 101 + "\n"), "101 columns"),
    ("base/x.c", source("base/x.c", "x;\n" * 800), "801 lines"),
    ("base/x.c", source("base/x.c", "x;"), "one line end"),
    ("base/x.c", "int x;\n", "opens with"),
    ("base/x.h", header("base/y.h").replace("base/y.h", "base/x.h"), "guard is HF_BASE_X_H"),
    ("base/a_h.h", header("base/a_h.h").replace("A_H_H", "A_H"), "guard is HF_BASE_A_H_H"),
    ("base/cli_b.h", header("base/cli_b.h"), "has the guard of"),
)


def problems(root: Path):
    files = load(root)
    return [p for _, rule in RULES for p in rule(files)]


def self_test():
    """What is wrong with this program itself: rules that find too much or too little."""
    def tree(root: Path, extra):
        for rel, text in {**GOOD, **extra}.items():
            path = root / rel
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return problems(root)

    with tempfile.TemporaryDirectory() as folder:
        for found in tree(Path(folder), {}):
            yield f"reported though it is right: {found}"
    for rel, text, expected in BAD:
        extra = {rel: text}
        if rel == "base/cli_b.h":
            extra["base/cli/b.h"] = header("base/cli/b.h")
        with tempfile.TemporaryDirectory() as folder:
            found = tree(Path(folder), extra)
            if not any(expected in f for f in found):
                yield f"not found: {expected!r} in {rel}: {found}"


def main() -> int:
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print("usage: tools/tidy.py ROOT", file=sys.stderr)
        return 2
    files = load(Path(sys.argv[1]))
    cases = [("self-test", list(self_test()))]
    cases += [(name, list(rule(files))) for name, rule in RULES]
    cases.append(("there is something to check", [] if files else ["no C file was found"]))
    print(f"1..{len(cases)}")
    failed = False
    for number, (name, found) in enumerate(cases, 1):
        print(f"{'not ok' if found else 'ok'} {number} - {name}")
        for line in found:
            print(f"# {line}")
        failed = failed or bool(found)
    for f in files:
        if LINES_SOFT < len(f.lines) <= LINES_HARD:
            print(f"# note: {f.rel} has {len(f.lines)} lines, the aim is {LINES_SOFT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
