#!/usr/bin/env python3
"""rows.py - made-up rows for every table of a schema, as CSV files and as SQL.

    bbots-inspect FILE schema --json > schema.json
    rows.py schema.json --rows 20 --seed 1 --csv FOLDER --sql rows.sql [--skip TABLE.COLUMN]

Both hold the same rows: each value is made once, as the text of a quoted literal, and written both
ways. So a store that imported the one and a PostgreSQL that ran the other must be equal. Every type
gets its borders, NULL, the empty text, Unicode, backslashes, control characters, infinite and
ancient times; references to the own table go to any row, forward and backward.
"""
import argparse
import json
import random
import re

TEXTS = ["", " ", "a", "plain words", "it's", 'say "so"', "back\\slash", "\\N", "\\.", "\\", "\t", "a\tb",
         "line\nline", "\r\n", "\r", "\u00e9\u4e2d\U0001F600", "\u0001\u007f\u0080", "\ufeffmark", "NULL",
         "null", "{}", "{\"a\": 1}", "%s;--", "/* no comment */", "$$", "$tag$", "'';", "\u202eright",
         "trailing ", "\u0301combining", "\b\f\v", "\\x41\\101\\t", "x" * 300]
TIMES = ["1970-01-01 00:00:00", "2026-01-31 23:59:59.999999", "2000-02-29 12:00:00.000001", "infinity",
         "-infinity", "4714-11-24 00:00:00 BC", "0044-03-15 12:30:00 BC", "294247-01-10 04:00:54.775806",
         "10000-01-01 00:00:00", "0001-01-01 00:00:00", "1582-10-15 00:00:00.5"]
JSONS = ["{}", "[]", "null", "true", "0", "-0", "1.0", "1.50", "1e400", "123456789012345678901234567890.5",
         "-1E-20", '""', '"\\u00e9\\n\\"\\\\"', '{"b": 1, "aa": 2, "b": 3}', '{"a": {"b": [1, 2, {"c": null}]}}',
         "[[[[[[[[1]]]]]]]]", '{"\u4e2d": "\U0001F600", "": ""}', '"\\ud83d\\ude00"', '[1, "x", false, null]',
         "[" + ",".join(str(i) for i in range(300)) + "]"]
REALS = ["0", "-0", "1", "0.1", "-2.5", "1e-45", "3.4028235e+38", "NaN", "Infinity", "-Infinity",
         "16777216", "1e10", "0.33333334"]
DOUBLES = REALS[:5] + ["5e-324", "1.7976931348623157e+308", "NaN", "Infinity", "-Infinity",
                       "9007199254740993", "0.1234567890123456789"]
BYTES = [b"", b"\0", b"\\x00", bytes(range(256)), "\u00e9".encode()]


class Maker:
    def __init__(self, schema, rows, seed, skip):
        self.schema = schema
        self.rows = rows
        self.random = random.Random(seed)
        self.skip = set(skip)
        self.used = {}   # (table, column) -> values of a unique column
        self.keys = {}   # table -> the primary key's values, by row

    def integer(self, bits):
        most = 2 ** (bits - 1) - 1
        return str(self.random.choice([0, 1, -1, most, -most - 1, self.random.randint(-most - 1, most)]))

    def decimal(self, precision, scale):
        most = 10 ** precision - 1
        number = self.random.choice([0, 1, -1, most, -most, self.random.randint(-most, most)])
        digits = str(abs(number)).rjust(scale + 1, "0")
        text = digits[:-scale] + "." + digits[-scale:] if scale else digits
        return ("-" if number < 0 else "") + text

    def text(self, length):
        text = self.random.choice(TEXTS + ["row %d" % self.random.randrange(10 ** 6)] * 4)
        if length and self.random.random() < 0.05:
            text = "\u4e2d" * length          # as many characters as go in, and more bytes
        return text[:length] if length else text

    def value(self, kind):
        name, _, inside = kind.partition("(")
        sizes = [int(n) for n in re.findall(r"\d+", inside.split(")")[0])]
        pick = self.random.choice
        if name in ("integer", "serial"):
            return self.integer(32)
        if name in ("smallint", "smallserial"):
            return self.integer(16)
        if name in ("bigint", "bigserial"):
            return self.integer(64)
        if name == "boolean":
            return pick(["true", "false"])
        if name in ("decimal", "numeric"):
            return self.decimal(*sizes)
        if name == "real":
            return pick(REALS)
        if name == "double precision":
            return pick(DOUBLES)
        if name == "uuid":
            return "%08x-%04x-%04x-%04x-%012x" % tuple(self.random.getrandbits(b) for b in (32, 16, 16, 16, 48))
        if name == "bytea":
            return "\\x" + pick(BYTES).hex()
        if name == "jsonb":
            return pick(JSONS)
        if name == "timestamp":
            return pick(TIMES + ["2026-%02d-%02d 0%d:00:00" % (pick(range(1, 13)), pick(range(1, 29)), pick(range(10)))] * 5)
        if name == "timestamp with time zone":
            time = pick(TIMES)
            return time if "inf" in time or "BC" in time else time + pick(["+00", "+02", "-11:30"]) \
                if not time.startswith("294") else time + "+00"
        if name == "vector":
            return "[" + ",".join(repr(self.random.randint(-9999, 9999) / 977) for _ in range(sizes[0])) + "]"
        if name in ("text", "varchar", "character varying"):
            return self.text(sizes[0] if sizes else 0)
        raise SystemExit("rows.py: no values for type " + kind)

    def unique(self, place, kind):
        """A value that no other row of the column has."""
        taken = self.used.setdefault(place, set())
        for attempt in range(1000):
            value = self.value(kind)
            if kind.startswith(("text", "varchar")) and attempt > 2:
                value = "%d %s" % (len(taken), value)
                size = re.search(r"\((\d+)\)", kind)
                value = value[:int(size.group(1))] if size else value
            if value not in taken:
                taken.add(value)
                return value
        raise SystemExit("rows.py: no more values for %s.%s" % place)

    def table_rows(self, table):
        name = table["table"]
        own = {}
        parents = {}
        for key in table["foreign_keys"]:
            (own if key["parent"] == name else parents)[key["columns"][0]] = key
        unique = {index["columns"][-1] for index in table["indexes"] if index["kind"] != "index"}
        primary = next(i for i in table["indexes"] if i["kind"] == "primary key")["columns"][0]
        columns = [c for c in table["columns"] if name + "." + c["name"] not in self.skip]
        rows = []
        for number in range(self.rows):
            row = {}
            for column in columns:
                field = column["name"]
                kind = column["type"]
                if field in own or (column["null"] and self.random.random() < 0.2):
                    row[field] = None
                elif "serial" in kind:
                    row[field] = str(number * 3 + 1)
                elif field in parents:
                    keys = self.keys[parents[field]["parent"]]
                    row[field] = keys[number % len(keys)] if field in unique else self.random.choice(keys)
                elif field in unique:
                    row[field] = self.unique((name, field), kind)
                else:
                    row[field] = self.value(kind)
            rows.append(row)
        self.keys[name] = [row[primary] for row in rows]
        for row in rows:
            for field in own:
                row[field] = self.random.choice(self.keys[name] + [None])
        return primary, rows


def literal(text):
    if text is None:
        return "NULL"
    if any(ord(c) < 32 for c in text):
        return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace("\r", "\\r") + "'"
    return "'" + text.replace("'", "''") + "'"


def quoted(name):
    return '"' + name + '"'


def field(text):
    """CSV as `import` reads it: nothing is NULL, "" the empty text."""
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def main():
    options = argparse.ArgumentParser()
    options.add_argument("schema")
    options.add_argument("--rows", type=int, default=20)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--csv", required=True, help="a folder for TABLE.csv")
    options.add_argument("--sql", required=True)
    options.add_argument("--skip", action="append", default=[], help="TABLE.COLUMN")
    given = options.parse_args()
    with open(given.schema, encoding="utf-8") as file:
        schema = json.load(file)
    maker = Maker(schema, given.rows, given.seed, given.skip)
    with open(given.sql, "w", encoding="utf-8") as script:
        script.write("SET client_encoding = 'UTF8';\nBEGIN;\n")
        for table in schema:
            name = table["table"]
            types = {c["name"]: c["type"] for c in table["columns"]}
            primary, rows = maker.table_rows(table)
            with open("%s/%s.csv" % (given.csv, name), "w", encoding="utf-8", newline="") as lines:
                lines.write(",".join(map(quoted, rows[0])) + "\n")
                for row in rows:
                    lines.write(",".join(map(field, row.values())) + "\n")
            script.write("INSERT INTO %s (%s) VALUES\n%s;\n" % (
                quoted(name), ", ".join(map(quoted, rows[0])),
                ",\n".join("(" + ", ".join(map(literal, row.values())) + ")" for row in rows)))
            if "serial" in types[primary]:
                script.write("SELECT setval(pg_get_serial_sequence('%s', '%s'), %s);\n" % (
                    quoted(name), primary, rows[-1][primary]))
        script.write("COMMIT;\n")


main()
