#!/bin/sh
# test_format.sh - docs/format.md tells the truth: a reader written from it reads what the library wrote.
#
#   tests/format/test_format.sh        (BUILD, GEN, CC, BBOTS_SCHEMA, BBOTS_INSPECT: of another build)
#
# A store with every type and kind of key is made through the public interface; reader.py has to say
# the same of it as the library, row by row and tree by tree; so it does after a schema has grown.
# The hexadecimal examples of the page have to be in the file. With bbots-inspect, its apply and
# export take part. Ends with "N passed, N failed".

. "$(dirname "$0")/../support/shell.sh"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD:-build/release}
absolute() { case $1 in /*) echo "$1" ;; *) echo "$root/$1" ;; esac; }
build=$(absolute "$build")
generated=$(absolute "${GEN:-$build/gen}")
schema_tool=$(absolute "${BBOTS_SCHEMA:-$build/bbots-schema}")
inspect=$(absolute "${BBOTS_INSPECT:-$build/bbots-inspect}")
compiler=${CC:-gcc}

skip() { echo "skipped: $1"; exit 77; }
command -v python3 >/dev/null || skip "no python3"
command -v pkg-config >/dev/null || skip "no pkg-config"
command -v "${compiler%% *}" >/dev/null || skip "no C compiler"
[ -x "$schema_tool" ] || skip "bbots-schema is not built"
[ -f "$build/libbbots.a" ] || skip "libbbots.a is not built"

make_work
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

reader() { python3 "$here/reader.py" "$@"; }

# Rows as JSON, one a line, whatever their blanks and escapes; numbers digit by digit.
normal() {
    python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    print(json.dumps(json.loads(line, parse_int=str, parse_float=str)))' "$1"
}

# same FILE FILE: they hold the same rows in the same order, and at least as many as $3.
same() {
    normal "$1" >one && normal "$2" >two && [ "$(wc -l <one)" -ge "${3:-0}" ] && cmp one two
}

# make_tool NAME SQL: a store_tool for the tables of SQL.
make_tool() {
    mkdir "$1.gen" && "$schema_tool" --name shapes --out "$1.gen" "$2" &&
        $compiler -std=c11 -D_GNU_SOURCE -I"$root/include" -I"$generated" -I"$1.gen" "$here/store_tool.c" \
            "$1.gen/shapes_schema.c" "$build/libbbots.a" \
            $(pkg-config --libs lmdb msgpack libsodium libxxhash yajl) -lm -lpthread -o "$1"
}

# compare FILE TOOL: every table and every index tree of the file.
compare() {
    check "verify $1" reader "$1" verify
    check "digests by the library" sh -c "./$2 $1 digests >library"
    check "digests by the reader" sh -c "python3 '$here/reader.py' $1 tables >reader"
    check "digests are the same" cmp library reader
    for pair in shapes:0:shapes shapes:1:"shapes(token)" names:0:names \
        names:1:"names(name,parent)" names:2:"names(score,blob)" names:4:"names(parent)" \
        switches:0:switches switches:1:"switches(weight)" blanks:0:blanks links:0:links \
        links:1:"links(address,first,second,third)"; do
        table=${pair%%:*}
        tree=${pair##*:}
        index=${pair#*:}
        ./"$2" "$1" index "$table" "${index%%:*}" >library 2>library.log
        reader "$1" tree "$tree" >reader 2>reader.log
        check "$1: rows of tree $tree" same library reader
    done
}

check "tool" make_tool tool "$here/shapes.sql"
[ -x tool ] || { cat log; finish; exit 1; }

# The examples of the page.
check "create" ./tool first.bbots create
python3 "$here/rows.py" first >first.jsonl
check "first rows" sh -c './tool first.bbots apply <first.jsonl'
check "examples of docs/format.md" python3 "$here/examples.py" "$root/docs/format.md" first.bbots

# Every type and kind of key.
cp first.bbots whole.bbots
python3 "$here/rows.py" >rows.jsonl
check "all rows" sh -c './tool whole.bbots apply <rows.jsonl'
compare whole.bbots tool

# Commits that were not flushed: in this run of the system they are there, in another one they are not.
cp first.bbots left.bbots
check "rows that are not flushed" sh -c './tool left.bbots leave <rows.jsonl'
cp left.bbots lost.bbots
python3 - "$here" <<'PYTHON'
import struct, sys
sys.path.insert(0, sys.argv[1])
import xxh3
data = bytearray(open("lost.bbots", "rb").read())
anchor = 2 * 4096 - 512
data[anchor + 8] ^= 1
struct.pack_into("<Q", data, anchor + 176, xxh3.hash64(bytes(data[anchor:anchor + 176])))
open("lost.bbots", "wb").write(data)
PYTHON
reader left.bbots tables >left.reader
reader lost.bbots tables >lost.reader
reader first.bbots tables >first.reader
check "the reader goes back in another run" cmp lost.reader first.reader
check "and not in this one" sh -c '! cmp -s left.reader first.reader'
compare left.bbots tool
compare lost.bbots tool

# A canary: a bit that is turned has to be noticed.
python3 - <<'PYTHON'
data = bytearray(open("whole.bbots", "rb").read())
at = data.rindex(b"K\xc3\xb6ln")
data[at] ^= 1
open("bent.bbots", "wb").write(data)
PYTHON
check "a turned bit is noticed" sh -c "! python3 '$here/reader.py' bent.bbots verify"

# A schema that grew: columns at the end, an index on one of them, an index on old columns.
sed 's/^    PRIMARY KEY (area, name),/    added integer NOT NULL DEFAULT 7, -- New, with a default.\
    later text, -- New, null in old rows.\
    amount decimal(9,2) DEFAULT 1.5, -- New.\
&/; $ a CREATE INDEX names_added_idx ON names (added, later);\
CREATE INDEX names_parent_idx ON names (parent, name);' "$here/shapes.sql" >grown.sql
check "tool of the grown schema" make_tool grown grown.sql
cp whole.bbots grown.bbots
check "upgrade" ./grown grown.bbots upgrade
echo '{"op": "insert", "table": "names", "row": {"area": "z", "name": "new", "later": "x",
    "amount": "-0.25"}}' | tr -d '\n' >new.jsonl
check "a row of the grown schema" sh -c './grown grown.bbots apply <new.jsonl'
check "verify the grown store" reader grown.bbots verify
./grown grown.bbots dump names >library
reader grown.bbots rows names >reader
check "rows older than their columns" same library reader 3000
check "old rows read the default" grep -q '"added": 7, "later": null, "amount": "1.50"' reader

# The same through the command line tool, of the built-in schema.
if [ -x "$inspect" ]; then
    # JSON lines cannot tell the jsonb value null from NULL, so export refuses it: without that row.
    check "create" ./tool plain.bbots create
    check "rows but one" sh -c 'grep -v "\"document\": null" rows.jsonl | ./tool plain.bbots apply'
    for table in shapes names switches links; do
        "$inspect" plain.bbots export "$table" --secrets --format jsonl >library 2>log
        reader plain.bbots rows "$table" >reader
        check "export of $table" same library reader 6
    done
    check "inspect creates" "$inspect" platform.bbots create
    python3 - >platform.jsonl <<'PYTHON'
import json
def insert(table, **row):
    print(json.dumps({"op": "insert", "table": table, "row": row}))
vector = [i / 1536 for i in range(1536)]
for i in range(400):
    insert("users", email="user%d@example.org" % i, name="Name %d \u00e9\u4e16" % i)
insert("documentation_sources", userId=1, platform="p", category="c", title="t",
       content="long " * 20000, metadata={"a": [1.10, {"b": None}]})
for i in range(20):
    insert("documentation_chunks", sourceId=1, chunkIndex=i, content="x" * i * 400, tokenCount=i,
           embedding=vector if i % 2 else None)
PYTHON
    check "inspect applies" sh -c "'$inspect' platform.bbots apply <platform.jsonl >answers"
    check "verify the platform's store" reader platform.bbots verify
    for table in users documentation_sources documentation_chunks; do
        "$inspect" platform.bbots export "$table" --secrets --format jsonl >library 2>log
        reader platform.bbots rows "$table" >reader
        check "platform: export of $table" same library reader 1
    done
else
    echo "bbots-inspect is not built: its part is left out"
fi

finish
