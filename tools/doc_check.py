#!/usr/bin/env python3
"""tools/doc_check.py [BUILD]: does what the documentation names exist?

Checks every Markdown file that git knows: relative links and their anchors, paths of this
repository in backquotes, `tools/check` lanes, and `holdfast` commands (asked from the program in
BUILD/bin). With BUILD, also that a page in docs/ is what a generator of the build writes, where
there is one of the same name.
Prints each mistake with its file and line; exit code 1 when there is one.
"""
import filecmp
import functools
import json
import os
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^(?:\./)?((?:base|schemas|log|commands|projections|hub|tenant|tools|tests|docs|\.ci)/[\w./-]*\w)(?:\s.*)?$")
COMMAND = re.compile(r"(?:^|[\s;|&(])(?:build/bin/)?holdfast ((?:log|proof|tenant|audit|projections) [a-z]+)")
MADE_LATER = re.compile(r"^(base|schemas|log|tools|tests|docs)/.*\b(NAME|FOLDER)\b")


def run(*argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def anchors(path):
    found = set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                words = re.sub(r"[^\w\s-]", "", line.lstrip("#").strip().lower())
                found.add(words.replace(" ", "-"))
    return found


def check_link(path, target):
    if re.match(r"^[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    where = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
    if not os.path.exists(where):
        return f"the link {target} leads nowhere"
    if anchor and where.endswith(".md") and anchor not in anchors(where):
        return f"{where} has no heading for #{anchor}"
    return None


def check_line(path, line):
    for match in LINK.finditer(line):
        yield check_link(path, match.group(1))
    for match in QUOTED.finditer(line):
        named = PATH.match(match.group(1))
        if named and not MADE_LATER.match(named.group(1)) and not os.path.exists(named.group(1)):
            yield f"{named.group(1)} does not exist"


def commands_of(line, fenced):
    texts = [line] if fenced else QUOTED.findall(line)
    for text in texts:
        yield from COMMAND.findall(text)


@functools.lru_cache(maxsize=None)
def known_command(program, command):
    return run(program, *command.split(), "--help")[0] == 0


def check_file(path, program):
    fenced = False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            for mistake in check_line(path, line):
                if mistake:
                    yield f"{path}:{number}: {mistake}"
            for command in commands_of(line, fenced) if program else ():
                if not known_command(program, command):
                    yield f"{path}:{number}: the program has no command '{command}'"


def check_generated(build):
    with open(os.path.join(build, "meson-info", "intro-targets.json"), encoding="utf-8") as file:
        made = [path for target in json.load(file) for path in target["filename"]]
    for path in made:
        page = os.path.join("docs", os.path.basename(path))
        if not path.endswith(".md"):
            continue
        if not os.path.exists(page) or not filecmp.cmp(path, page, shallow=False):
            yield f"{page}:1: out of date; cp {os.path.relpath(path)} {page}"


def main(argv):
    build = argv[1] if len(argv) > 1 else None
    program = os.path.join(build, "bin", "holdfast") if build else None
    _, listed = run("git", "ls-files", "-co", "--exclude-standard", "--", "*.md")
    files = [path for path in listed.split("\n") if path and os.path.exists(path)]
    mistakes = [mistake for path in files for mistake in check_file(path, program)]
    if build:
        mistakes += check_generated(build)
    for mistake in mistakes:
        print(mistake)
    print(f"{len(files)} pages, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
