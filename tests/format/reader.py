#!/usr/bin/env python3
"""A second reader of store files, written from docs/format.md and nothing else.

  reader.py FILE rows TABLE       the rows of a table as JSON lines, in primary key order
  reader.py FILE tree TREE        the rows that an index tree leads to, in the tree's order
  reader.py FILE raw TREE         a tree's keys and values in hexadecimal ("main" for the main tree);
                                  of a tree of blocks these are the blocks
  reader.py FILE tables           count and digest of each table, and of the store
  reader.py FILE verify           checks all that is stored twice; exit status 1 after a finding

It shares no line with the library: only Python's standard library and xxh3.py beside it. It reads
whole files into memory and is made for being understood, not for speed.
"""
import decimal
import json
import math
import os
import struct
import sys
from datetime import datetime, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import xxh3  # noqa: E402

NO_PAGE = (1 << 64) - 1
PLAIN, LONG = 239, 255


class Damaged(Exception):
    """The file is not what docs/format.md says."""


def must(condition, sentence, *values):
    if not condition:
        raise Damaged(sentence % values)


# ---------------------------------------------------------------- pages ("Pages")

class Pages:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.page_size, = struct.unpack_from("<I", self.data, 16 + 24)
        metas = [self.meta(0), self.meta(self.page_size)]
        self.newest = metas[1] if metas[1]["transaction"] > metas[0]["transaction"] else metas[0]
        anchor = 2 * self.page_size - 512
        if self.goes_back(anchor):
            self.newest = self.meta(anchor + 24)

    def goes_back(self, anchor):
        """Whether another run of the system left commits that were not flushed ("Anchor")."""
        told, = struct.unpack_from("<Q", self.data, anchor + 176)
        if (self.page_size == 512 or self.data[anchor:anchor + 8] != b"bb-anch1"
                or xxh3.hash64(self.data[anchor:anchor + 176]) != told):
            return False
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            run = bytes.fromhex(file.read().strip().replace("-", ""))
        return self.data[anchor + 8:anchor + 24] != run

    def meta(self, place):
        at = place + 16
        magic, version = struct.unpack_from("<II", self.data, at)
        must(magic == 0xBEEFC0DE and version == 1, "meta page at %d: not LMDB 0.9", place)
        last, transaction = struct.unpack_from("<QQ", self.data, at + 120)
        return {"main": self.data[at + 72:at + 120], "last": last, "transaction": transaction}

    def page(self, number):
        must(number <= self.newest["last"], "page %d is behind the last one", number)
        at = number * self.page_size
        own, _, flags, lower, _ = struct.unpack_from("<QHHHH", self.data, at)
        must(own == number, "page %d calls itself %d", number, own)
        return at, flags, lower

    def walk(self, record):
        """All keys, node flags and values of the tree that a record of 48 bytes describes."""
        depth, = struct.unpack_from("<H", record, 6)
        entries, root = struct.unpack_from("<QQ", record, 32)
        count = 0
        if root != NO_PAGE:
            for item in self.below(root, depth):
                count += 1
                yield item
        must(count == entries, "a tree of %d entries has %d", entries, count)

    def below(self, number, depth):
        at, flags, lower = self.page(number)
        must(flags & 3 == (2 if depth == 1 else 1), "page %d is of the wrong kind", number)
        for slot in range((lower - 16) // 2):
            offset, = struct.unpack_from("<H", self.data, at + 16 + 2 * slot)
            low, high, node_flags, key_size = struct.unpack_from("<4H", self.data, at + offset)
            if depth > 1:
                yield from self.below(low | high << 16 | node_flags << 32, depth - 1)
                continue
            start = at + offset + 8 + key_size
            key = self.data[start - key_size:start]
            yield key, node_flags, self.value(start, low | high << 16, node_flags)

    def value(self, start, size, node_flags):
        if node_flags & 1 == 0:
            return self.data[start:start + size]
        first, = struct.unpack_from("<Q", self.data, start)
        at, flags, _ = self.page(first)
        must(flags == 4, "page %d is no overflow page", first)
        return self.data[at + 16:at + 16 + size]


# ---------------------------------------------------------------- MessagePack ("JSON", "Schema")

class Number(str):
    """A number of extension type 1: its digits."""


class Packed:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        self.at += size
        must(self.at <= len(self.data), "packed bytes end too early")
        return self.data[self.at - size:self.at]

    def natural(self, width):
        return int.from_bytes(self.take(width), "big")

    def item(self):
        tag = self.natural(1)
        if tag <= 0x7F or tag >= 0xE0:
            return tag if tag <= 0x7F else tag - 256
        if tag <= 0x8F or tag in (0xDE, 0xDF):
            count = tag & 15 if tag <= 0x8F else self.natural(2 if tag == 0xDE else 4)
            return {self.item(): self.item() for _ in range(count)}
        if tag <= 0x9F or tag in (0xDC, 0xDD):
            count = tag & 15 if tag <= 0x9F else self.natural(2 if tag == 0xDC else 4)
            return [self.item() for _ in range(count)]
        if tag <= 0xBF:
            return self.take(tag & 31).decode()
        if tag in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[tag]
        if 0xC7 <= tag <= 0xC9 or 0xD4 <= tag <= 0xD8:
            size = 1 << tag - 0xD4 if tag >= 0xD4 else self.natural(1 << tag - 0xC7)
            must(self.natural(1) == 1, "an extension of another type")
            return Number(self.take(size).decode())
        if 0xCC <= tag <= 0xCF:
            return self.natural(1 << tag - 0xCC)
        if 0xD0 <= tag <= 0xD3:
            return int.from_bytes(self.take(1 << tag - 0xD0), "big", signed=True)
        must(0xD9 <= tag <= 0xDB, "packed byte %02x is none of ours", tag)
        return self.take(self.natural(1 << tag - 0xD9)).decode()


def unpack(data):
    packed = Packed(data)
    value = packed.item()
    must(packed.at == len(data), "bytes follow a packed value")
    return value


def json_text(value):
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(json_text(k) + ": " + json_text(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------- values and rows ("Row")

DECIMAL_WIDTH = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8)
WIDTH = {"boolean": 1, "smallint": 2, "integer": 4, "real": 4, "bigint": 8, "double precision": 8,
         "timestamp": 8, "timestamp with time zone": 8, "uuid": 16}


def width_of(column):
    """Bytes of a fixed column, 0 for a variable one."""
    if column["type"] == "decimal":
        return DECIMAL_WIDTH[column["length"]]
    return WIDTH.get(column["type"], 0)


def fixed_value(column, data):
    if column["type"] == "boolean":
        return data[0] != 0
    if column["type"] == "real":
        return struct.unpack("<f", data)[0]
    if column["type"] == "double precision":
        return struct.unpack("<d", data)[0]
    if column["type"] == "uuid":
        return data
    return int.from_bytes(data, "little", signed=True)


def default_value(column):
    """What a row reads that is older than its column."""
    text, kind = column.get("default"), column["type"]
    if text is None or kind in ("text", "varchar", "jsonb"):
        return text if text is None or kind == "jsonb" else text.encode()
    if kind == "boolean":
        return text == "true"
    if kind == "decimal":
        exact = decimal.Decimal(text).scaleb(column.get("scale", 0))
        return int(exact.to_integral_value(decimal.ROUND_HALF_UP))
    if kind in ("real", "double precision"):
        return float(text)
    if kind == "uuid":
        return bytes.fromhex(text.strip("{}").replace("-", ""))
    if kind == "bytea":
        return bytes.fromhex(text[2:])
    if kind.startswith("timestamp"):
        moment = datetime.fromisoformat(text).replace(tzinfo=timezone.utc) - \
            datetime(1970, 1, 1, tzinfo=timezone.utc)
        return (moment.days * 86400 + moment.seconds) * 1000000 + moment.microseconds
    return int(text)


def decode_row(table, data):
    """The values of all columns, after the row's checksum was found right; and its hash."""
    must(len(data) >= 7, "a row of %d bytes", len(data))
    checksum, count, flags = struct.unpack_from("<IBB", data)
    must(1 <= count <= len(table["columns"]) and flags <= 1, "a row's header is wrong")
    row_hash = xxh3.hash128(data[4:], table["seed"])
    must(row_hash & 0xFFFFFFFF == checksum, "a row of %s has a wrong checksum", table["name"])
    columns = table["columns"][:count]
    at = 6 + (count + 7) // 8
    variable = at + sum(map(width_of, columns))
    end_size = 4 if flags & 1 else 2
    start = variable + end_size * sum(width_of(c) == 0 for c in columns)
    begin, values = 0, []
    for number, column in enumerate(columns):
        null = data[6 + number // 8] >> number % 8 & 1
        width = width_of(column)
        if width:
            value = fixed_value(column, data[at:at + width])
            at += width
        else:
            end = int.from_bytes(data[variable:variable + end_size], "little")
            must(begin <= end <= len(data) - start, "a row's ends are wrong")
            value = data[start + begin:start + end]
            variable += end_size
            begin = end
        values.append(None if null else value)
    must(start + begin == len(data), "a row has bytes left over")
    values.extend(default_value(c) for c in table["columns"][count:])
    return values, row_hash


# ---------------------------------------------------------------- values as text

def float_text(real, single):
    """The shortest digits that read back as the same number, laid out as PostgreSQL does."""
    if real != real:
        return "NaN"
    sign = "-" if math.copysign(1, real) < 0 else ""
    real = abs(real)
    if math.isinf(real) or real == 0:
        return sign + ("0" if real == 0 else "Infinity")
    for places in range(9 if single else 17):
        text = "%.*e" % (places, real)
        back = float(text)
        try:
            back = struct.unpack("<f", struct.pack("<f", back))[0] if single else back
        except OverflowError:
            continue
        if back == real:
            break
    digits, exponent = text.split("e")
    digits, exponent = digits.replace(".", "").rstrip("0"), int(exponent)
    if not -4 <= exponent < (6 if single else 15):
        point = "." + digits[1:] if digits[1:] else ""
        return "%s%s%se%+03d" % (sign, digits[0], point, exponent)
    if exponent < 0:
        return sign + "0." + "0" * (-1 - exponent) + digits
    whole, fraction = digits[:exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1:]
    return sign + whole + ("." + fraction if fraction else "")


def date_of(days):
    """Year (astronomical), month and day of a day number; the proleptic Gregorian calendar."""
    days += 719468
    era, day = divmod(days, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    return era * 400 + year + (month <= 2), month, day


def time_text(microseconds, zone):
    if microseconds in ((1 << 63) - 1, -(1 << 63)):
        return "infinity" if microseconds > 0 else "-infinity"
    days, rest = divmod(microseconds, 86400 * 1000000)
    year, month, day = date_of(days)
    seconds, fraction = divmod(rest, 1000000)
    return "%04d-%02d-%02dT%02d:%02d:%02d.%06d%s%s" % (
        year if year > 0 else 1 - year, month, day, seconds // 3600, seconds // 60 % 60,
        seconds % 60, fraction, "Z" if zone else "", "" if year > 0 else " BC")


def value_text(column, value):
    """A value as JSON."""
    kind = column["type"]
    if value is None:
        return "null"
    if kind in ("boolean", "smallint", "integer", "bigint"):
        return json_text(value)
    if kind in ("real", "double precision"):
        text = float_text(value, kind == "real")
        return text if math.isfinite(value) else '"' + text + '"'
    if kind == "decimal":
        scale = column.get("scale", 0)
        digits = str(abs(value)).rjust(scale + 1, "0")
        point = "." + digits[-scale:] if scale else ""
        return '"%s%s%s"' % ("-" if value < 0 else "", digits[:len(digits) - scale], point)
    if kind == "jsonb":
        return value if isinstance(value, str) else json_text(unpack(value))
    if kind == "vector":
        return "[" + ",".join(float_text(f, True) for f, in struct.iter_unpack("<f", value)) + "]"
    if kind == "bytea":
        return '"\\\\x' + value.hex() + '"'
    if kind == "uuid":
        h = value.hex()
        return '"' + "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:])) + '"'
    if kind.startswith("timestamp"):
        return '"' + time_text(value, kind != "timestamp") + '"'
    return json.dumps(value.decode(), ensure_ascii=False)


# ---------------------------------------------------------------- keys ("Key")

def key_piece(column, value):
    """A column's bytes in a key, and the bytes that the hash of a long part takes in."""
    mark = b"" if column.get("notNull") else b"\1"
    kind, width = column["type"], width_of(column)
    if value is None:
        return b"\2", b"\2"
    if kind in ("text", "varchar"):
        return mark + value + b"\0", value
    if kind == "bytea":
        return mark + value.replace(b"\0", b"\0\xff") + b"\0\0", value
    if kind == "boolean":
        piece = b"\1" if value else b"\0"
    elif kind == "uuid":
        piece = value
    elif kind in ("real", "double precision"):
        bits = int.from_bytes(struct.pack(">f" if width == 4 else ">d", value + 0.0), "big")
        top = 1 << 8 * width - 1
        if value != value:
            bits = 0x7FC00000 if width == 4 else 0x7FF8 << 48
        piece = (bits ^ (2 * top - 1) if bits & top else bits | top).to_bytes(width, "big")
    else:
        piece = (value + (1 << 8 * width - 1)).to_bytes(width, "big")
    return mark + piece, mark + piece


def key_part(columns, values):
    pieces = [key_piece(c, v) for c, v in zip(columns, values)]
    whole = b"".join(piece for piece, _ in pieces)
    if len(whole) <= PLAIN:
        return whole
    chained = len(whole)
    for _, raw in pieces:
        chained = xxh3.hash128(raw, (chained ^ chained >> 64) & xxh3.M64)
    return whole[:PLAIN] + chained.to_bytes(16, "big")


def piece_size(column, data):
    """The size of one column's bytes at the start of data, 0 when they do not end there."""
    at, width = 0, width_of(column)
    if not column.get("notNull"):
        if not data or data[0] == 2:
            return len(data[:1])
        at = 1
    if width:
        return at + width if at + width <= len(data) else 0
    while True:
        zero = data.find(b"\0", at)
        if zero < 0:
            return 0
        if column["type"] != "bytea":
            return zero + 1
        if data[zero + 1:zero + 2] in (b"", b"\0"):
            return zero + 2 if len(data) > zero + 1 else 0
        at = zero + 2


def split_entry(columns, entry):
    """An index entry as the part of its columns and the row's primary key."""
    at = 0
    for column in columns:
        size = piece_size(column, entry[at:PLAIN])
        if size == 0:
            must(len(entry) > LONG, "an entry of %d bytes is too short", len(entry))
            return entry[:LONG], entry[LONG:]
        at += size
    return entry[:at], entry[at:]


# ---------------------------------------------------------------- blocks ("Blocks")

def take_number(data, at, more, mask=255):
    """The number in a byte, or when that is `more` in the two behind it; and where it ends."""
    must(at < len(data), "a block ends too early")
    if data[at] & mask != more:
        return data[at] & mask, at + 1
    must(at + 3 <= len(data), "a block ends too early")
    return data[at + 1] | data[at + 2] << 8, at + 3


def unpack_run(before, run):
    """The entries of a run behind its block's key."""
    at, first = 0, True
    while at < len(run):
        sized = run[at] & 128
        shared, at = take_number(run, at, 127, 127)
        if sized:
            own, at = take_number(run, at, 255)
        else:
            own = len(before) - shared
        must(0 <= own <= len(run) - at and shared <= len(before), "an entry is packed wrongly")
        entry = before[:shared] + run[at:at + own]
        must(before < entry or (first and before == entry), "entries do not ascend")
        must(own == 0 or before[shared:shared + 1] != run[at:at + 1], "an entry repeats a byte")
        yield entry
        at += own
        before, first = entry, False


def unpack_blocks(tree_name, nodes):
    """The entries of a tree of blocks; each block leads to the next."""
    expected = b"\0"
    seed = xxh3.hash64(tree_name.encode())
    for key, value in nodes:
        must(key == expected, "%s: a block is missing", tree_name)
        must(6 <= len(value) <= 1520, "%s: a block of %d bytes", tree_name, len(value))
        checksum, fence_size = struct.unpack_from("<IH", value)
        own = xxh3.hash64(key, seed ^ xxh3.hash64(value[4:])) & 0xFFFFFFFF
        must(own == checksum, "%s: a block has a wrong checksum", tree_name)
        must(fence_size <= len(value) - 6, "%s: a block's fence is too long", tree_name)
        expected = value[len(value) - fence_size:]
        last = None
        for last in unpack_run(key, value[6:len(value) - fence_size]):
            yield last
        must(last is not None, "%s: a block is empty", tree_name)
        must(not expected or last < expected, "%s: an entry in a wrong block", tree_name)
    must(expected in (b"", b"\0"), "%s: blocks are missing at the end", tree_name)


# ---------------------------------------------------------------- the store ("Catalogue")

class Store:
    def __init__(self, path):
        self.pages = Pages(path)
        self.main = {key: (flags, value) for key, flags, value in
                     self.pages.walk(self.pages.newest["main"])}
        magic, version, features, self.fingerprint = struct.unpack("<8sII16s",
                                                                   self.record("@bbots")[:32])
        must(magic == b"bbots\r\n\x1a" and version == 1 and features & ~1 == 0, "no store of version 1")
        self.tables = {t["name"]: t for t in unpack(self.record("@schema"))["tables"]}
        for table in self.tables.values():
            named = {column["name"]: column for column in table["columns"]}
            table["seed"] = xxh3.hash64(table["name"].encode())
            for tree in table["trees"]:
                tree["numbers"] = [list(named).index(name) for name in tree["columns"]]
                tree["columns"] = [named[name] for name in tree["columns"]]

    def record(self, name, flags=0):
        must(name.encode() in self.main, "there is no record %s", name)
        found, value = self.main[name.encode()]
        must(found & 2 == flags, "record %s is of the wrong kind", name)
        return value

    def nodes(self, tree_name):
        record = self.pages.newest["main"] if tree_name == "main" else self.record(tree_name, 2)
        for key, _, value in self.pages.walk(record):
            yield key, value

    def entries(self, tree_name):
        """Keys and values; of a tree of blocks the entries in them, with nothing behind."""
        if not self.in_blocks(tree_name):
            return self.nodes(tree_name)
        return ((entry, b"") for entry in unpack_blocks(tree_name, self.nodes(tree_name)))

    def in_blocks(self, tree_name):
        if tree_name == "main":
            return False
        table, tree = self.table_of_tree(tree_name)
        return tree is not table["trees"][0] and not tree.get("unique")

    def rows(self, table):
        for key, data in self.entries(table["name"]):
            values, row_hash = decode_row(table, data)
            yield key, values, row_hash

    def table_of_tree(self, tree_name):
        for table in self.tables.values():
            for tree in table["trees"]:
                if tree["name"] == tree_name:
                    return table, tree
        raise Damaged("there is no tree " + tree_name)

    def stat(self, table):
        """Count, digest and next serial number of a table."""
        count, low, high, serial = struct.unpack("<QQQq", self.record(table["name"] + "#"))
        return count, low | high << 64, serial


def digests(store):
    total = 0
    for table in store.tables.values():
        count, digest, _ = store.stat(table)
        print(table["name"], count, "%032x" % digest)
        total += xxh3.hash128(store.record(table["name"] + "#")[:24], table["seed"])
    print("store", "%032x" % (total % (1 << 128)))


def print_row(table, values):
    fields = (json_text(column["name"]) + ": " + value_text(column, value)
              for column, value in zip(table["columns"], values))
    print("{" + ", ".join(fields) + "}")


def print_tree(store, tree_name):
    table, tree = store.table_of_tree(tree_name)
    rows = {key: values for key, values, _ in store.rows(table)}
    for entry, _ in store.entries(tree_name):
        if tree_name.endswith(" once") and entry[0] == 2:
            continue  # not an entry of a row: how far the tree goes
        key = split_entry(tree["columns"], entry)[1] if tree is not table["trees"][0] else entry
        must(key in rows, "tree %s has an entry of no row", tree_name)
        print_row(table, rows[key])


# ---------------------------------------------------------------- verify

def part_of(tree, values):
    return key_part(tree["columns"], [values[number] for number in tree["numbers"]])


def verify_table(store, table):
    count, digest, _ = store.stat(table)
    total, expected = 0, [set() for _ in table["trees"]]
    rows = 0
    for key, values, row_hash in store.rows(table):
        must(part_of(table["trees"][0], values) == key, "%s: a row under a wrong key",
             table["name"])
        for tree, entries in zip(table["trees"][1:], expected[1:]):
            entries.add(part_of(tree, values) + key)
        total += row_hash
        rows += 1
    must(rows == count, "%s: %d rows, the catalogue says %d", table["name"], rows, count)
    must(total % (1 << 128) == digest, "%s: the digest is wrong", table["name"])
    for tree, entries in zip(table["trees"][1:], expected[1:]):
        found = list(store.entries(tree["name"]))
        must(all(value == b"" for _, value in found), "%s: an entry has a value", tree["name"])
        must({key for key, _ in found} == entries, "%s: entries differ from rows", tree["name"])
        must(all(a < b for (a, _), (b, _) in zip(found, found[1:])), "%s: order", tree["name"])
        for entry, _ in found:
            must(split_entry(tree["columns"], entry)[1] in expected_keys(store, table),
                 "%s: an entry comes apart wrongly", tree["name"])
    return rows, sum(map(len, expected))


def expected_keys(store, table):
    if "keys" not in table:
        table["keys"] = {key for key, _ in store.entries(table["name"])}
    return table["keys"]


def verify(store):
    fingerprint = xxh3.hash128(store.record("@schema")).to_bytes(16, "big")
    must(fingerprint == store.fingerprint, "the schema does not have its fingerprint")
    commit, = struct.unpack("<Q", store.record("@commit"))
    must(commit == store.pages.newest["transaction"], "@commit is of another transaction")
    rows = entries = 0
    for table in store.tables.values():
        more_rows, more_entries = verify_table(store, table)
        rows, entries = rows + more_rows, entries + more_entries
    print("%d tables, %d rows, %d index entries: all fits" % (len(store.tables), rows, entries))


def main(arguments):
    if len(arguments) < 2 or (arguments[1] in ("rows", "tree", "raw") and len(arguments) < 3):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        store = Store(arguments[0])
        if arguments[1] == "rows":
            table = store.tables[arguments[2]]
            for _, values, _ in store.rows(table):
                print_row(table, values)
        elif arguments[1] == "tree":
            print_tree(store, arguments[2])
        elif arguments[1] == "raw":
            for key, value in store.nodes(arguments[2]):
                print(key.hex(), value.hex())
        elif arguments[1] == "tables":
            digests(store)
        else:
            verify(store)
    except Damaged as damage:
        print("reader.py:", damage, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
