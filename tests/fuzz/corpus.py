#!/usr/bin/env python3
"""tests/fuzz/corpus.py: the fuzz targets' seeds, which are kept as text.

  corpus.py FROM TO STAMP DEPFILE   writes the seeds of FROM/NAME/ to TO/NAME/: a file FILE.hex as the
                                    bytes that it spells in hexadecimal, any other as it is
  corpus.py --add NAME FILE         puts FILE among the seeds of target NAME, spelled if it is no text

meson runs the first. Seeds come from the fuzzers' findings, from the tests' own vectors and from the
programs themselves (an audit bundle, a segment, an event); none is made by hand in binary.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def is_text(data):
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(char in "\t\n\r" or " " <= char != "\x7f" for char in text)


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def expand(source, target, stamp, depfile):
    seen = [os.path.abspath(__file__), source]
    for name in sorted(os.listdir(source)):
        folder, out = os.path.join(source, name), os.path.join(target, name)
        os.makedirs(out, exist_ok=True)
        seen.append(folder)
        wanted = {}
        for seed in sorted(os.listdir(folder)):
            path = os.path.join(folder, seed)
            seen.append(path)
            with open(path, "rb") as file:
                data = file.read()
            if seed.endswith(".hex"):
                seed, data = seed[:-4], bytes.fromhex(data.decode("ascii"))
            wanted[seed] = data
        for stale in set(os.listdir(out)) - set(wanted):
            os.remove(os.path.join(out, stale))
        for seed, data in wanted.items():
            write(os.path.join(out, seed), data)
    write(stamp, b"")
    write(depfile, (stamp + ": " + " ".join(path.replace(" ", "\\ ") for path in seen)).encode())


def add(name, path):
    with open(path, "rb") as file:
        data = file.read()
    folder = os.path.join(HERE, "corpus", name)
    os.makedirs(folder, exist_ok=True)
    out = os.path.join(folder, os.path.basename(path))
    if not is_text(data):
        spelled = data.hex()
        out, data = out + ".hex", "".join(spelled[at:at + 96] + "\n"
                                          for at in range(0, len(spelled), 96)).encode()
    write(out, data)
    print(out)


if __name__ == "__main__":
    if len(sys.argv) == 4 and sys.argv[1] == "--add":
        add(sys.argv[2], sys.argv[3])
    elif len(sys.argv) == 5:
        expand(*sys.argv[1:])
    else:
        sys.exit(__doc__)
