"""Writes the rows of the format test as JSON lines: each type at its edges, nulls, keys of every
length about the border of 239 bytes, rows about the border of 65,535 bytes, and many small ones, so
that trees have branch pages. The same lines on every run.

rows.py first writes only the rows of the worked examples in docs/format.md.
"""
import json
import random
import sys

DEEP = {"b": [1, -1, 127, 128, -32, -33, 255, 256, 65536, -129, 4294967296, 18446744073709551615,
              -9223372036854775808], "a": None, "long name": {"x": True, "y": False, "z": {}},
        "text": "\u00fc\u4e16\U0001f600\"\\\n\u0001", "s" * 40: "t" * 300, "e": []}
NUMBERS = '[1.50, 0.0, -0.001, 1e3, 1e-3, 123456789012345678901234567890, 3.14159265358979323846]'


def write(table, row):
    print('{"op": "insert", "table": "%s", "row": %s}' % (table, json.dumps(row)))


def examples():
    write("shapes", {"id": 1, "flag": True, "small": -2, "medium": 3, "price": "12.5",
                     "note": "caf\u00e9", "token": "00112233-4455-6677-8899-aabbccddeeff",
                     "moment": "2026-01-31T12:00:00", "document": {"b": [1, "x"], "a": 1.50},
                     "point": "[1,-2,0.5]"})
    write("names", {"area": "eu", "name": "K\u00f6ln", "score": -1.5, "blob": "\\x0001",
                    "parent": 1})
    write("names", {"area": "eu", "name": "n" * 300})


def numbers():
    for number in (-32768, 32767, 0, None):
        write("shapes", {"small": number, "flag": number == 0 if number is not None else None})
    for number in (-2147483648, 2147483647, 0):
        write("shapes", {"medium": number, "large": number * 4294967296})
    for number in ("-9.9", "9.9", "0", "0.05"):
        write("shapes", {"tiny": number, "price": "-999999.9999", "most": "-999999999999999999"})
    write("shapes", {"price": "999999.9999", "most": "999999999999999999"})
    for number in ("0", "-0", "1.5", "-1.5", "1e30", "1e-30", "0.1", "123456", "1234567", "1e15",
                   "999999999999999", "0.0001", "0.00001", "NaN", "Infinity", "-Infinity"):
        write("shapes", {"single": number, "twice": number})


def texts():
    for text in ("", "a", "\u00e4\u4e16\U0001f600", "line\nbreak \"quoted\" \\ tab\t", "x" * 5000):
        write("shapes", {"note": text, "word": text[:12], "raw": "\\x" + text.encode().hex()})
    for moment in ("1970-01-01", "1969-12-31T23:59:59.999999", "2000-02-29T23:59:59.5", "infinity",
                   "-infinity", "0001-01-01", "4714-11-24 BC", "0044-03-15 BC", "294246-12-31"):
        write("shapes", {"moment": moment, "instant": moment})
    for document in ({}, [], None, True, 0, "x", DEEP, [DEEP, [[[[]]]]], list(range(70000))):
        write("shapes", {"document": document})
    print('{"op": "insert", "table": "shapes", "row": {"document": %s}}' % NUMBERS)
    for size in (65400, 65535, 65536, 200000):
        write("shapes", {"note": "w" * size, "point": "[0,1e20,-1e-20]"})


def keys():
    for size in list(range(225, 245)) + [500, 1000, 70000]:
        write("names", {"area": "long", "name": "k" * size, "score": size / 7})
        write("names", {"area": "a" * size, "name": "short", "score": None})
    write("names", {"area": "l" * 300 + "1", "name": "", "score": 1, "blob": "\\x" + "00" * 150})
    write("names", {"area": "l" * 300 + "2", "name": "", "score": 1, "blob": "\\x" + "00" * 118})
    write("names", {"area": "", "name": "m" * 300, "parent": 2})
    for blob in ("", "00", "00ff", "ff", "0000", "01"):
        write("names", {"area": "blob", "name": blob, "blob": "\\x" + blob, "score": "-0"})
    for score in ("NaN", "Infinity", "-Infinity", "0", "-1e-300", None):
        write("names", {"area": "score", "name": str(score), "score": score})
    for size in range(200, 240):
        write("links", {"address": "u" * size, "first": size, "second": -size,
                        "third": "2026-01-01"})
        write("links", {"address": "u" * size, "first": size})
    for i, weight in enumerate((None, "NaN", "-Infinity", "-1", "0", "2.5")):
        write("switches", {"enabled": i % 2 == 0, "since": "19%d-01-01" % (65 + i),
                           "weight": weight})


def many():
    chance = random.Random(1)
    for i in range(3000):
        write("names", {"area": "area %d" % (i % 7), "name": "name %05d" % chance.randrange(10**5) +
                        str(i), "score": chance.randrange(1000) / 8, "parent": i % 5 + 1})


if len(sys.argv) > 1 and sys.argv[1] == "first":
    examples()
else:
    numbers()
    texts()
    keys()
    many()
