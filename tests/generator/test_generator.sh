#!/bin/sh
# test_generator.sh - the generator accepts what the engine keeps and refuses all else by its line.
#
#   tests/generator/test_generator.sh [PROGRAM [FOLDER]]     (or BBOTS_SCHEMA and GEN)
#
# PROGRAM is bbots-schema, FOLDER the one with bbots/errcodes.h. Every refusal is checked for the
# file, the line, the reason, exit status 1, and for leaving no output. Ends with "N passed, N failed".

. "$(dirname "$0")/../support/shell.sh"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${1:-${BBOTS_SCHEMA:-$root/build/release/bbots-schema}}
generated=${2:-${GEN:-$root/build/release/gen}}
case $program in /*) ;; *) program=$PWD/$program ;; esac
case $generated in /*) ;; *) generated=$PWD/$generated ;; esac
make_work

# refuse WHAT LINE MESSAGE: the SQL on standard input is refused in this line with this message.
refuse() {
    cat >"$work/bad.sql"
    rm -rf "$work/none"
    (cd "$work" && "$program" --name bad --out none bad.sql) >"$work/log" 2>&1
    status=$?
    if [ $status -ne 1 ]; then fail "$1: exit status $status"
    elif ! grep -qF "bad.sql:$2: " "$work/log" || ! grep -qF -- "$3" "$work/log"; then
        fail "$1: expected \"bad.sql:$2: ... $3\", got: $(head -3 "$work/log")"
    elif [ -e "$work/none" ]; then fail "$1: left output"
    else pass; fi
}

# --- what is refused

refuse "unknown type" 3 'accepted are boolean' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    x money
);
SQL
refuse "ALTER and nothing behind it" 1 'only ALTER TABLE ... ADD COLUMN is kept' <<'SQL'
ALTER;
SQL
refuse "ALTER TABLE and nothing behind it" 1 'only ALTER TABLE ... ADD COLUMN is kept' <<'SQL'
ALTER TABLE;
SQL
refuse "CREATE and nothing behind it" 1 'is not kept' <<'SQL'
CREATE;
SQL
refuse "CREATE UNIQUE INDEX and nothing behind it" 1 'an index' <<'SQL'
CREATE UNIQUE INDEX;
SQL
refuse "char is no varchar" 1 'is not known' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x char(3));
SQL
refuse "decimal without digits" 1 'is not known' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x decimal);
SQL
refuse "decimal with 19 digits" 1 'out of range' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x decimal(19,2));
SQL
refuse "varchar(0)" 1 'out of range' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x varchar(0));
SQL
refuse "column CHECK" 3 'CHECK constraints are not kept' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    x integer CHECK (x > 0)
);
SQL
refuse "table CHECK" 3 'CHECK constraints are not kept' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    CHECK (id > 0)
);
SQL
refuse "constraint name" 2 'constraint names are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x integer,
    CONSTRAINT mine UNIQUE (x));
SQL
refuse "column constraint name" 1 'constraint names are not kept' <<'SQL'
CREATE TABLE a (id serial CONSTRAINT mine PRIMARY KEY);
SQL
refuse "generated column" 2 'generated columns are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY,
    x integer GENERATED ALWAYS AS (id + 1) STORED);
SQL
refuse "expression index" 2 'expression' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text);
CREATE INDEX a_x ON a (lower(x));
SQL
refuse "once by a column that is never null" 1 'takes one column that may be null' <<'SQL'
CREATE TABLE a ( -- A. [once: name]
    id serial PRIMARY KEY, -- Its number.
    name varchar(9) NOT NULL -- Its name.
);
SQL
refuse "once by two columns" 1 'takes one column that may be null' <<'SQL'
CREATE TABLE a ( -- A. [once: name, other]
    id serial PRIMARY KEY, -- Its number.
    name varchar(9), -- Its name.
    other varchar(9) -- Another.
);
SQL
refuse "partial index" 3 'partial index' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text);
CREATE INDEX a_x ON a (x)
    WHERE x IS NOT NULL;
SQL
refuse "DESC index" 2 'DESC is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text);
CREATE INDEX a_x ON a (x DESC);
SQL
refuse "DESC primary key" 1 'DESC is not kept' <<'SQL'
CREATE TABLE a (id integer, PRIMARY KEY (id DESC));
SQL
refuse "column collation" 1 'collations are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text COLLATE nocase);
SQL
refuse "index collation" 2 'collations are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text);
CREATE INDEX a_x ON a (x COLLATE nocase);
SQL
refuse "ON UPDATE" 3 'ON UPDATE rules are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY,
    a integer REFERENCES a (id) ON UPDATE CASCADE);
SQL
refuse "ON DELETE RESTRICT" 2 'RESTRICT is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (id) ON DELETE RESTRICT);
SQL
refuse "ON DELETE SET DEFAULT" 2 'SET DEFAULT is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (id) ON DELETE SET DEFAULT);
SQL
refuse "DEFERRABLE" 2 'DEFERRABLE constraints are not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (id) DEFERRABLE);
SQL
refuse "no primary key" 2 'has no primary key' <<'SQL'
-- nothing here
CREATE TABLE a (id integer NOT NULL);
SQL
refuse "two serials" 3 'two serial columns' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    other bigserial);
SQL
{
    echo 'CREATE TABLE a (id serial PRIMARY KEY'
    i=1
    while [ $i -le 64 ]; do echo ", c$i integer"; i=$((i + 1)); done
    echo ');'
} | refuse "65 columns" 65 'more than 64 columns'
refuse "jsonb in an index" 2 'has no order' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x jsonb);
CREATE INDEX a_x ON a (x);
SQL
refuse "vector in a unique key" 1 'has no order' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x vector(3) UNIQUE);
SQL
refuse "nine columns in an index" 2 'more than 8 columns' <<'SQL'
CREATE TABLE a (a integer PRIMARY KEY, b text, c text, d text, e text, f text, g text, h text, i text);
CREATE INDEX a_x ON a (a, b, c, d, e, f, g, h, i);
SQL
refuse "reference to a missing table" 3 'does not exist' <<'SQL'
CREATE TABLE b (
    id serial PRIMARY KEY,
    a integer REFERENCES a (id));
SQL
refuse "reference to a later table" 1 'declared later' <<'SQL'
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (id));
CREATE TABLE a (id serial PRIMARY KEY);
SQL
refuse "reference to a missing column" 2 'column "no" of table "a" does not exist' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (no));
SQL
refuse "reference to no key" 2 'no unique key' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x integer);
CREATE TABLE b (id serial PRIMARY KEY, a integer REFERENCES a (x));
SQL
refuse "reference of another type" 2 'of type bigint' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE b (id serial PRIMARY KEY, a bigint REFERENCES a (id));
SQL
refuse "view" 2 'CREATE VIEW is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE VIEW v AS SELECT id FROM a;
SQL
refuse "trigger" 2 'CREATE TRIGGER is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END;
SQL
refuse "rows" 2 'INSERT is not kept' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
INSERT INTO a VALUES (1);
SQL
refuse "long name" 1 'longer than 63 bytes' <<'SQL'
CREATE TABLE a123456789012345678901234567890123456789012345678901234567890123 (id serial PRIMARY KEY);
SQL
refuse "name that is none in C" 1 'could not be a name in C' <<'SQL'
CREATE TABLE "a-b" (id serial PRIMARY KEY);
SQL
refuse "folded name" 1 'has capitals and no quotes' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, userId integer);
SQL
refuse "duplicate table" 2 'is taken by line 1' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY);
CREATE TABLE a (id serial PRIMARY KEY);
SQL
refuse "duplicate column" 2 'declared twice' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY,
    id integer);
SQL
refuse "duplicate index" 3 'is taken by line 2' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text);
CREATE INDEX a_x ON a (x);
CREATE INDEX a_x ON a (x, id);
SQL
refuse "name of an automatic index" 2 'PostgreSQL names by itself' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text UNIQUE);
CREATE INDEX a_x_key ON a (x);
SQL
refuse "two columns with one C name" 3 'the C name BAD_A_COL_OPEN_ID is taken by line 2' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY,
    "openId" text,
    open_id text);
SQL
refuse "WITHOUT ROWID" 1 'table options' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY) WITHOUT ROWID;
SQL
refuse "STRICT" 1 'table options' <<'SQL'
CREATE TABLE a (id integer PRIMARY KEY) STRICT;
SQL
refuse "default of another type" 3 'no value of the column' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    x integer DEFAULT 'many');
SQL
refuse "default out of range" 1 'no value of the column' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x smallint DEFAULT 40000);
SQL
refuse "default too long" 1 'no value of the column' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x varchar(2) DEFAULT 'abc');
SQL
refuse "default with too many digits" 1 'no value of the column' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x decimal(4,2) DEFAULT 123.4);
SQL
refuse "default that is no JSON" 1 'is not JSON' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x jsonb DEFAULT '{a}');
SQL
refuse "default expression" 1 'neither a literal' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x integer DEFAULT (1 + 1));
SQL
refuse "default of a serial" 1 'takes no other' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY DEFAULT 5);
SQL
refuse "time for a text" 1 'timestamps only' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, x text DEFAULT CURRENT_TIMESTAMP);
SQL
refuse "misspelt tag" 3 'tag [secert] is unknown' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY, -- Number.
    x text -- Password. [secert]
);
SQL
refuse "misspelt tag of a table" 3 'tag [life x: sum id] of table "a" is unknown' <<'SQL'
CREATE TABLE a ( -- Something
    -- of some length.
    -- [life x: sum id]
    id serial PRIMARY KEY
);
SQL
refuse "live aggregate without a name" 1 'has no name and colon' <<'SQL'
CREATE TABLE a ( -- [live by id]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate of no column" 2 'names "price", which is no column' <<'SQL'
CREATE TABLE a ( -- Sales.
    -- [live x: sum price]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate, clauses in disorder" 1 '"by" is out of place' <<'SQL'
CREATE TABLE a ( -- [live x: sum id; by id]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate, unknown unit" 1 '"week" is no unit of time' <<'SQL'
CREATE TABLE a ( -- [live x: time t month, week]
    id serial PRIMARY KEY, t timestamp);
SQL
refuse "live aggregate, units in disorder" 1 'do not go from coarse to fine' <<'SQL'
CREATE TABLE a ( -- [live x: time t day, month]
    id serial PRIMARY KEY, t timestamp);
SQL
refuse "live aggregate, units too far apart" 1 'too far apart' <<'SQL'
CREATE TABLE a ( -- [live x: time t year, minute]
    id serial PRIMARY KEY, t timestamp);
SQL
refuse "live aggregate of real numbers" 1 'exact sums' <<'SQL'
CREATE TABLE a ( -- [live x: sum r]
    id serial PRIMARY KEY, r real);
SQL
refuse "live aggregate by JSON" 1 'makes no groups' <<'SQL'
CREATE TABLE a ( -- [live x: by j]
    id serial PRIMARY KEY, j jsonb);
SQL
refuse "live aggregate by endless texts" 1 'too long' <<'SQL'
CREATE TABLE a ( -- [live x: by t]
    id serial PRIMARY KEY, t text);
SQL
refuse "live aggregate, time that is none" 1 'no timestamp' <<'SQL'
CREATE TABLE a ( -- [live x: time id day]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate, fine without time" 1 'fine sums need a time' <<'SQL'
CREATE TABLE a ( -- [live x: fine id]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate, a column twice" 1 'named twice' <<'SQL'
CREATE TABLE a ( -- [live x: by id; split id]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate declared twice" 2 'declared twice' <<'SQL'
CREATE TABLE a ( -- [live x: sum id]
    -- [live x: by id]
    id serial PRIMARY KEY);
SQL
refuse "live aggregate, something left" 1 'cannot be understood at' <<'SQL'
CREATE TABLE a ( -- [live x: sum id nonsense]
    id serial PRIMARY KEY);
SQL
refuse "syntax error" 3 'syntax error' <<'SQL'
CREATE TABLE a (
    id serial PRIMARY KEY,
    x integer NOT NOT NULL
);
SQL
refuse "missing semicolon" 2 'does not end with a semicolon' <<'SQL'

CREATE TABLE a (id serial PRIMARY KEY)
SQL
refuse "unclosed quote" 2 'is not closed' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY,
    x text DEFAULT 'abc);
SQL
refuse "other quotes" 1 'a name is quoted with "' <<'SQL'
CREATE TABLE a (id serial PRIMARY KEY, `x` text);
SQL

# --- what is made

cd "$here" || exit 1
check "the shop is accepted" "$program" --name shop --out "$work/one" shop.sql
check "and again" "$program" --name shop --out "$work/two" shop.sql
check "same input, same bytes" diff -r "$work/one" "$work/two"
check "no temporary file is left" test -z "$(find "$work/one" -name '*.tmp')"
check "a prefix can be chosen" "$program" --name shop --prefix my_ --out "$work/my" shop.sql
check "and is used" grep -q 'my_orders_insert' "$work/my/bbots/shop/orders.h"

"$program" --name shop --out "$work/one/file.sql" missing.sql >"$work/log" 2>&1
[ $? -eq 1 ] && grep -q 'missing.sql: No such file' "$work/log" && pass || fail "missing file"
mkdir "$work/locked" && : >"$work/locked/bbots"
"$program" --name shop --out "$work/locked" shop.sql >"$work/log" 2>&1
[ $? -eq 1 ] && [ "$(ls "$work/locked")" = bbots ] && pass || fail "blocked folder: leaves files"

made=$work/one/shop_schema.c
check "automatic names" grep -q '"order_lines_customer_number_price_key"' "$made"
check "foreign key's name" grep -q '"order_lines_number_customer_fkey"' "$made"
check "an index for a foreign key" grep -q '"categories_parent_fkey", .columns = (const uint8_t\[\]){1}, .column_count = 1, .tree' "$made"
check "a tree for two indexes" grep -q '"order_lines(customer,number,price)"' "$made"
check "no tree for a prefix" sh -c "! grep -q '\"order_lines(customer,number)\"' '$made'"
check "the comment of an added column" grep -q 'Where it points. (vector(3))' "$work/one/bbots/shop/categories.h"
check "a decimal's scale" grep -q 'SHOP_CUSTOMERS_BALANCE_SCALE 2' "$work/one/bbots/shop/customers.h"
check "a usual value" grep -q 'SHOP_CUSTOMERS_CLASS_NEW "new"' "$work/one/bbots/shop/customers.h"
check "two values with one name" grep -q 'SHOP_CUSTOMERS_CLASS_OLD_TIMER_VALUE "old_timer"' "$work/one/bbots/shop/customers.h"
check "a keyword as field" grep -q 'bbots_text class_;' "$work/one/bbots/shop/customers.h"
check "a composite key" grep -q 'shop_orders_get(bbots_txn \*txn, int64_t customer, int32_t number' "$work/one/bbots/shop/orders.h"
check "capitals" grep -q 'SHOP_CATEGORIES_TECHNICAL_SEO ' "$work/one/bbots/shop/categories.h"

{
    echo 'CREATE TABLE abcdefghijabcdefghijabcdefghijabcdefghij (id serial PRIMARY KEY,'
    echo 'klmnopqrstklmnopqrstklmnopqrstklmnopqrst integer UNIQUE,'
    echo 'klmnopqrstklmnopqrstklmnopqrstklmnopqr_2 integer UNIQUE,'
    echo 'FOREIGN KEY (klmnopqrstklmnopqrstklmnopqrstklmnopqrst) REFERENCES'
    echo 'abcdefghijabcdefghijabcdefghijabcdefghij (klmnopqrstklmnopqrstklmnopqrstklmnopqr_2));'
} >"$work/names.sql"
check "a live aggregate" grep -q '{.name = "sold", .number = 0,' "$made"
check "a comment around its tag" grep -q '"What an order is made of."' "$made"
check "long and clashing names" "$program" --name names --out "$work/names" "$work/names.sql"
# As PostgreSQL 15 names them.
check "a name of 63 bytes" grep -q '"abcdefghijabcdefghijabcdefghi_klmnopqrstklmnopqrstklmnopqrs_key"' "$work/names/names_schema.c"
check "a numbered name" grep -q '"abcdefghijabcdefghijabcdefghi_klmnopqrstklmnopqrstklmnopqr_key1"' "$work/names/names_schema.c"

# --- what a host compiles

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror"
folders="-I$work/one -I$root/include -I$generated"
for header in "$work"/one/bbots/shop/*.h; do
    name=$(basename "$header")
    echo "#include <bbots/shop/$name>" >"$work/alone.c"
    check "C11: $name" ${CC:-cc} -std=c11 $warnings $folders -fsyntax-only "$work/alone.c"
done
echo '#include <bbots/shop.h>' >"$work/all.c"
cp "$work/all.c" "$work/all.cpp"
check "C11: shop.h" ${CC:-cc} -std=c11 $warnings $folders -fsyntax-only "$work/all.c"
check "C++17: shop.h" ${CXX:-c++} -std=c++17 $warnings $folders -fsyntax-only "$work/all.cpp"
check "descriptors" ${CC:-cc} -std=c11 $warnings $folders -c "$made" -o "$work/shop_schema.o"

finish
