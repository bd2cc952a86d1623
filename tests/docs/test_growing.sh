#!/bin/sh
# test_growing.sh - the sharding column of each table in docs/growing.md is true of the schema, and so
# are its lists of foreign keys that have to go and of unique keys that cannot hold over all users.
# Ends with "N passed, N failed".
#
#   BBOTS_INSPECT   the tool (default build/release/bbots-inspect)

cd "$(dirname "$0")/../.." || exit 1
tool=${BBOTS_INSPECT:-build/release/bbots-inspect}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$tool" "$work/store" create >/dev/null || exit 1
"$tool" "$work/store" schema --json >"$work/schema.json" || exit 1
python3 - "$work/schema.json" docs/growing.md <<'END'
import json, re, sys

schema = json.load(open(sys.argv[1], encoding="utf-8"))
page = open(sys.argv[2], encoding="utf-8").read()
passed = failed = 0


def check(good, what):
    global passed, failed
    passed += good
    failed += not good
    if not good:
        print("FAILED: " + what)


rows = re.findall(r"(?m)^\| (\w+) \| (own|parent|copied|local) \| (?:`(\w+)`)? *\|$", page)
place = {table: (kind, column) for table, kind, column in rows}
check(len(rows) == len(place), "a table is listed twice")
check(set(place) == {t["table"] for t in schema},
      "the list and the schema differ in %s" % sorted(set(place) ^ {t["table"] for t in schema}))
gone = []
narrow = []
for table in schema:
    name = table["table"]
    kind, column = place.get(name, ("", ""))
    sharded = kind in ("own", "parent")
    columns = {c["name"]: c for c in table["columns"]}
    keys = {k["columns"][0]: k for k in table["foreign_keys"]}
    if kind == "own" and name == "users":
        check(column == "id", "users is sharded by id")
    elif kind == "own":
        check(column in keys and keys[column]["parent"] == "users" and not columns[column]["null"],
              "%s.%s is no user that is always there" % (name, column))
    elif kind == "parent":
        check(column in keys and not columns[column]["null"] and place[keys[column]["parent"]][0] == "own" and
              "userId" not in columns, "%s.%s leads to no sharded parent" % (name, column))
    else:
        check(column == "", "%s is %s and has no sharding column" % (name, kind))
        check(kind != "copied" or all(place[k["parent"]][0] == "copied" or k["name"] in page for k in keys.values()),
              "%s refers to a sharded table" % name)
    for field, key in keys.items():
        parent = place[key["parent"]][0]
        if not (parent == "copied" or (sharded and parent in ("own", "parent") and
                                       (key["parent"] != "users" or (kind == "own" and field == column)))):
            gone.append(key["name"])
    for index in table["indexes"]:
        if sharded and index["kind"] == "unique" and not (kind == "own" and column in index["columns"]):
            narrow.append(index["name"])


def listed(heading):
    part = page[page.index(heading):]
    block = re.search(r"(?ms):\n\n((?:`\w+`[, .\n]*)+)", part)
    return sorted(re.findall(r"`(\w+)`", block.group(1)))


for heading, wanted in (("**Foreign keys**", gone), ("**Unique keys**", narrow)):
    found = listed(heading)
    check(found == sorted(wanted), "%s: missing %s, too many %s" % (
        heading, sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))))
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed > 0)
END
