#!/usr/bin/env python3
"""tests/lint/house.py - the checks of our own taste. One line a finding; the last line counts the checks."""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(ROOT)

# Bottom first: a folder includes only folders to its left, and nudge/*.h.
LAYERS = "base conf phone hl7 policy siu wheel store engine acs mllp control nudged sender nudgectl".split()

# Which folder may know which library.
LIBRARIES = [
    (r"event2/|event\.h", {"mllp", "acs", "control", "nudged", "sender"}),
    (r"openssl/ssl\.h", {"mllp", "acs"}),
    (r"openssl/", {"base", "mllp", "acs"}),
    (r"sqlite3\.h", {"store"}),
    (r"curl/", {"acs"}),
    (r"pcre2\.h", {"conf"}),
    (r"confuse\.h", {"conf", "siu"}),
    (r"expat\.h", {"acs"}),
    (r"jansson\.h", {"acs", "control", "nudgectl"}),
    (r"unicode/", {"policy", "hl7"}),
    (r"systemd/", {"nudged", "sender"}),
]

# A face may show a library's type only here.
HEADER_LIBRARIES = {"include/nudge/control.h": r"event2/event\.h"}

BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|system|popen|alloca|gettimeofday|localtime|gmtime|asctime|ctime|rand|time)\s*\("
WORDS = r"\b(TODO|FIXME|XXX|HACK)\b|DESIGN\.md|STYLE\.md|\.\./shared|facts/"

FILE_MAX, FUNCTION_MAX, NESTING_MAX = 500, 80, 4
# What is longer, with its reason; this list may only shrink.
LONGER = {
    "src/policy/text.c": "one table",
}

findings = []
checks = 0


def finding(text):
    findings.append(text)


def sources(pattern="src/**/*.[ch]"):
    return sorted(glob.glob(pattern, recursive=True))


def layer_of(path):
    return path.split("/")[1]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def without_comments(text):
    text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    return re.sub(r"//[^\n]*", "", text)


def check_layers():
    for path in sources():
        own = LAYERS.index(layer_of(path))
        for inc in re.findall(r'^#include "([a-z0-9_]+)/', read(path), flags=re.M):
            if inc != "nudge" and (inc not in LAYERS or LAYERS.index(inc) > own):
                finding(f"{path}: includes {inc}/, which stands above it")


def check_libraries():
    for path in sources():
        for inc in re.findall(r"^#include <([^>]+)>", read(path), flags=re.M):
            for pattern, allowed in LIBRARIES:
                if re.match(pattern, inc):
                    if layer_of(path) not in allowed:
                        finding(f"{path}: may not include <{inc}>")
                    break
    for path in sources("include/nudge/*.h"):
        for inc in re.findall(r"^#include <([^>]+)>", read(path), flags=re.M):
            if "/" in inc or inc in ("sqlite3.h", "confuse.h", "jansson.h"):
                if not re.match(HEADER_LIBRARIES.get(path, r"$^"), inc):
                    finding(f"{path}: shows <{inc}> to everybody")


def check_banned():
    for path in sources():
        for n, line in enumerate(without_comments(read(path)).split("\n"), 1):
            found = re.search(BANNED, line)
            if found:
                finding(f"{path}:{n}: {found.group(1)} is banned")
            if re.match(r"\s*extern\b", line) and path.endswith(".c"):
                finding(f"{path}:{n}: extern in a .c file")


def check_words():
    for path in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True).stdout.split("\n"):
        if not path or not os.path.isfile(path) or path == "tests/lint/house.py" or path.endswith((".png", ".der")):
            continue
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue
        for n, line in enumerate(text.split("\n"), 1):
            if re.search(WORDS, line):
                finding(f"{path}:{n}: {line.strip()[:80]}")
        if "PRIVATE KEY-----" in text and not path.startswith("tests/") and not path.startswith("src/"):
            finding(f"{path}: holds a private key")


def functions(lines):
    """(name, first line, last line) by the house's style: '{' and '}' alone in column 0."""
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            name = re.match(r"(\w+)\(", lines[start - 2]) or re.search(r"(\w+)\(", "\n".join(lines[max(0, start - 6):start - 1]))
            yield (name.group(1) if name else "?", start, n)
            start = None


def check_budgets():
    lengths = []
    for path in sources("src/**/*.c"):
        lines = read(path).split("\n")
        if len(lines) > FILE_MAX + 1 and path not in LONGER:
            finding(f"{path}: {len(lines)} lines, {FILE_MAX} at most")
        for name, first, last in functions(lines):
            length = last - first + 1
            lengths.append(length)
            if length > FUNCTION_MAX:
                finding(f"{path}:{first}: {name} has {length} lines, {FUNCTION_MAX} at most")
            body = without_comments("\n".join(lines[first:last - 1])).split("\n")
            deepest = max((len(b) - len(b.lstrip("\t")) for b in body if b.strip() and not b.startswith("\t\t\t\t\t    ")), default=0)
            if deepest > NESTING_MAX + 1:
                finding(f"{path}:{first}: {name} is nested {deepest - 1} deep, {NESTING_MAX} at most")
    lengths.sort()
    if lengths and lengths[len(lengths) * 9 // 10] > 40:
        finding(f"nine functions of ten should have at most 40 lines, they have {lengths[len(lengths) * 9 // 10]}")


def check_headers():
    """Each prototype of a face has words: a comment above it, or behind it."""
    for path in sources("include/nudge/*.h"):
        text = read(path)
        if not text.startswith("/* nudge/"):
            finding(f"{path}: does not begin with what it is")
        covered = False
        for n, line in enumerate(text.split("\n"), 1):
            if line.strip() == "":
                covered = False
            if "/*" in line or line.startswith((" *", "\t *", "/*")):
                covered = True
            if re.match(r"[a-z].*\b\w+\(.*", line) and not line.startswith(("typedef", "static inline", "extern", "return", "#")):
                if not covered and "/*" not in line and "__attribute__" not in line.lstrip()[:14]:
                    finding(f"{path}:{n}: no word about {line.strip()[:60]}")


def check_alone():
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-Iinclude", "-Isrc", "-fsyntax-only", "-x", "c"]
    cflags = subprocess.run(["pkg-config", "--cflags", "sqlite3", "jansson", "libevent", "libconfuse"], capture_output=True, text=True).stdout.split()
    for path in sources("include/nudge/*.h") + sources("src/**/*.h"):
        done = subprocess.run(["gcc", *flags, *cflags, path], capture_output=True, text=True)
        if done.returncode:
            finding(f"{path}: does not compile alone: {done.stderr.strip().splitlines()[0]}")


def check_promises():
    """Each promise of the front page is named by at least one test."""
    tests = "".join(read(p) for p in sources("tests/unit/*.c") + sources("tests/world/*.py") + sources("tests/proof/*"))
    for n in range(1, 12):
        if not re.search(rf"promise {n}\b", tests, flags=re.I):
            finding(f"promise {n} is named by no test")


def check_pages():
    for path in ["docs/ARCHITECTURE.md", "docs/OPERATIONS.md", "docs/PERFORMANCE.md", "README.md"]:
        for name in re.findall(r"`((?:src|include|tests|schemas|conf|systemd|docs)/[\w./*-]+)`", read(path)):
            if not glob.glob(name):
                finding(f"{path}: names {name}, which is not there")
    for page in sources("docs/man/*.[58]"):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
        for line in done.stdout.splitlines():
            finding(line)


def pain_line(path, name):
    """What stands right above a C test, or as the words of a Python one; None: there is no such test."""
    if path.endswith(".py"):
        found = re.search(rf'^def {name}\(.*\n((?:    """(?:[^"]|"(?!""))*""")?)', read(path), flags=re.M)
        return found and found.group(1)
    found = re.search(rf"((?:^(?:/\*| \*).*\n)*)^(?:TEST\({name}\)|{name}\()", read(path), flags=re.M)
    return found and found.group(1)


def check_pains():
    """What hurts elsewhere: the last column of each row names a file and its tests, and these say which pain they are about."""
    for page in sources("docs/pains/*.md"):
        rows = [line.strip() for line in read(page).split("\n") if line.startswith("|")]
        for row in rows:
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            if set(row) <= set("|-: ") or cells[-1].startswith("the test"):
                continue
            path, tests = None, 0
            for word in re.findall(r"`([^`]+)`", cells[-1]):
                if "/" in word:
                    path = word
                    if not os.path.isfile(path):
                        finding(f"{page}: names {path}, which is not there")
                elif path and os.path.isfile(path):
                    tests += 1
                    words = pain_line(path, word)
                    if words is None:
                        finding(f"{page}: {path} has no test {word}")
                    elif not re.search(r"\bpain: \S+ \S+", words):
                        finding(f"{page}: {word} of {path} does not say which pain it is about (pain: ...)")
            if len(cells) != 3 or not tests:
                finding(f"{page}: a row without three columns and a test: {cells[0][:60]}")


def check_first_lines():
    for path in sources("src/**/*.c"):
        lines = read(path).split("\n")
        if not lines[0].startswith(f"/* {os.path.basename(path)} - "):
            finding(f"{path}:1: does not begin with what the file is")
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(lines[:4]):
            finding(f"{path}: no SPDX line")


for name, fn in sorted(globals().items()):
    if name.startswith("check_") and callable(fn):
        before = len(findings)
        fn()
        checks += 1
        print(("ok      " if len(findings) == before else "FAILED  ") + "house: " + name[6:].replace("_", " "))
        for line in findings[before:]:
            print("        " + line)
sys.exit(1 if findings else 0)
