#!/usr/bin/env python3
"""hub/web/generate.py OUTDIR FILE...: makes C of the pages, the style and the script.

A page is NAME.html; {{SLOT}} takes text, {{{SLOT}}} HTML of other pages. What would need more than
escaping is refused: a slot outside of text and quoted attributes, an address that does not begin
with our own path, styles, scripts and handlers within a page, forms that decide by GET.
"""
import hashlib
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

SLOT = re.compile(r"\{\{\{([a-z_]+)\}\}\}|\{\{([a-z_]+)\}\}")
ADDRESSES = ("href", "src", "action", "formaction")


class Checker(HTMLParser):
    """Where slots stand, and what a page must not hold."""

    def __init__(self, name):
        super().__init__(convert_charrefs=False)
        self.name, self.quoted = name, 0

    def refuse(self, why):
        sys.exit(f"{self.name}: line {self.getpos()[0]}: {why}")

    def handle_starttag(self, tag, attrs):
        raw = self.get_starttag_text()
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.refuse(f"<{tag}> within the page")
        if tag == "form" and dict(attrs).get("method") != "post":
            self.refuse("a form that is not posted")
        for key, value in attrs:
            if key.startswith("on") or key == "style":
                self.refuse(f"the attribute {key}")
            if key in ADDRESSES and not (value or "").startswith(("/approvals", "{{next}}")):
                self.refuse(f"{key} leaves the pages")
        without = re.sub(r'="[^"]*"', "", raw)
        if SLOT.search(without):
            self.refuse("a slot outside of a quoted attribute")
        if "{{{" in raw:
            self.refuse("HTML within a tag")

    def handle_comment(self, data):
        self.refuse("a comment")


def c_string(data: bytes) -> str:
    out = []
    for line in data.splitlines(keepends=True) or [b""]:
        text = "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in line)
        out.append(f'"{text}"')
    return "\n    ".join(out)


def c_bytes(data: bytes) -> str:
    """Of a file of any length: a string literal has at most 4,095 characters."""
    return ",".join(f"'\\{b:03o}'" for b in data)


def page(name: str, text: str):
    checker = Checker(name)
    checker.feed(text)
    checker.close()
    slots, pieces, at = [], [], 0
    for found in SLOT.finditer(text):
        slot = found.group(1) or found.group(2)
        if slot not in slots:
            slots.append(slot)
        pieces.append((text[at:found.start()], slots.index(slot), bool(found.group(1))))
        at = found.end()
    pieces.append((text[at:], -1, False))
    return slots, pieces


def main():
    out, files = Path(sys.argv[1]), [Path(f) for f in sys.argv[2:]]
    head = ["/* Made by hub/web/generate.py. */", "#ifndef HF_HUB_WEB_PAGES_GEN_H",
            "#define HF_HUB_WEB_PAGES_GEN_H", "", '#include "hub/web/html.h"', ""]
    code = ["/* Made by hub/web/generate.py. */", '#include "hub/web/pages_gen.h"', ""]
    for path in files:
        data = path.read_bytes()
        name = path.stem.replace("-", "_")
        if path.suffix != ".html":
            digest = hashlib.sha256(data).hexdigest()[:16]
            head += [f"extern const struct hf_str hf_web_{name};", f'#define HF_WEB_{name.upper()}_TAG "{digest}"', ""]
            code += [f"static const char {name}_text[] = {{{c_bytes(data)}}};",
                     f"const struct hf_str hf_web_{name} = {{{name}_text, {len(data)}}};", ""]
            continue
        slots, pieces = page(path.name, data.decode())
        head += ["enum {"] + [f"    HF_PAGE_{name.upper()}_{slot.upper()}," for slot in slots]
        head += [f"    HF_PAGE_{name.upper()}_SLOTS,", "};", f"extern const struct hf_html_template hf_page_{name};", ""]
        code.append(f"static const struct hf_html_piece {name}_pieces[] = {{")
        for literal, slot, html in pieces:
            code.append(f"    {{{{{c_string(literal.encode())}, {len(literal.encode())}}}, {slot}, {str(html).lower()}}},")
        code += ["};", f"const struct hf_html_template hf_page_{name} = {{{name}_pieces, {len(pieces)}, {len(slots)}}};", ""]
    (out / "pages_gen.h").write_text("\n".join(head + ["#endif", ""]), encoding="utf-8")
    (out / "pages_gen.c").write_text("\n".join(code), encoding="utf-8")


main()
