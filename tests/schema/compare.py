"""Compares the catalogues of SQLite and PostgreSQL with the facts in expected.tsv, and reads the comments.

Called by test_schema.sh:  compare.py FACTS VECTORS_SQL SQLITE_FILE POSTGRES_SOCKET_FOLDER [-v]

A fact is one line, its fields separated by tabs:
    table    NAME   documented | supplement
    column   TABLE  POSITION  NAME  TYPE  notnull | null  DEFAULT (- for none)
    primary  TABLE  COLUMN  CONSTRAINT
    unique   TABLE  COLUMN  CONSTRAINT
    foreign  TABLE  COLUMN  CONSTRAINT  PARENT  PARENT_COLUMN  DELETE_RULE
    index    TABLE  COLUMNS  NAME  plain | unique
Each reader turns a catalogue into a set of such lines, so that comparing is a difference of sets. SQLite has no
names of constraints; its lines carry the expected form of the name, which the reader makes by the same rule.
"""
import re
import subprocess
import sys

SEPARATOR = "\x1f"
SECRET = {"user_profiles.ghlApiKey", "user_preferences.apiKeys", "email_connections.accessToken",
          "email_connections.refreshToken", "integrations.accessToken", "integrations.refreshToken"}
VAULT = {"credentials.encryptedData", "credentials.iv", "credentials.authTag", "browser_contexts.encryptedStorage",
         "browser_contexts.storageIv", "browser_contexts.storageAuthTag"}
UNITS = {"ms", "s", "min", "days", "cents", "USD", "USD/min", "USD/GB", "%", "bytes", "MB", "px", "tokens"}
DOCUMENTED_TOTALS = {"table": 86, "column": 1315, "foreign": 127, "index": 110}
ALL_TABLES = 92


def run(command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit("FAILED " + " ".join(command[:2]) + ": " + result.stderr.strip())
    return [line.split(SEPARATOR) for line in result.stdout.splitlines()]


def sqlite(path, statement):
    return run(["sqlite3", "-batch", "-noheader", "-list", "-nullvalue", "", "-separator", SEPARATOR, path], statement)


def postgres(socket, statement):
    return run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", SEPARATOR, "-h", socket,
                "-U", "postgres", "-d", "postgres"], statement)


# ---- the two readers -------------------------------------------------------------------------------------------

def neutral_default(text):
    """The default in the words of the facts. PostgreSQL adds a cast to every string literal."""
    if text == "":
        return "-"
    text = re.sub(r"^('(?:[^']|'')*')::[a-z ]+$", r"\1", text)
    return {"CURRENT_TIMESTAMP": "now()", "gen_random_uuid()": "random()", "(gen_random_uuid())": "random()"}.get(text, text)


def read_sqlite(path):
    facts = set()
    for kind, name in sqlite(path, "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index');"):
        facts.add((kind, name))
    for (name,) in sqlite(path, "SELECT name FROM sqlite_master WHERE type = 'table';"):
        facts.add(("table", name))
    for table, position, name, kind, notnull, default, key in sqlite(path, """
            SELECT m.name, c.cid + 1, c.name, c.type, c."notnull", coalesce(c.dflt_value, ''), c.pk
            FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table';"""):
        notnull = "notnull" if notnull == "1" or key != "0" else "null"
        # SQLite spells its own types (INTEGER, TEXT, REAL) in capitals, whatever the statement said.
        facts.add(("column", table, position, name, kind.lower(), notnull, neutral_default(default)))
    for table, name, unique, origin, partial, columns in sqlite(path, """
            SELECT m.name, i.name, i."unique", i.origin, i.partial,
                   (SELECT group_concat(coalesce(x.name, 'expression'), ',') FROM pragma_index_info(i.name) x)
            FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table';"""):
        if origin == "pk":
            facts.add(("primary", table, columns, table + "_pkey"))
        elif origin == "u":
            facts.add(("unique", table, columns, "%s_%s_key" % (table, columns.replace(",", "_"))))
        else:
            what = "unique" if unique == "1" else "plain"
            facts.add(("index", table, columns, name, what + (" partial" if partial == "1" else "")))
    for table, column, parent, parent_column, on_delete, on_update, sequence in sqlite(path, """
            SELECT m.name, f."from", f."table", f."to", f.on_delete, f.on_update, f.seq
            FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table';"""):
        rule = on_delete + ("" if (on_update, sequence) == ("NO ACTION", "0") else " and more")
        facts.add(("foreign", table, column, "%s_%s_fkey" % (table, column), parent, parent_column, rule))
    return facts


def neutral_type(text, default, table, name):
    """(type, default) in the words of the facts: a serial is an integer whose default is its own sequence."""
    text = text.replace("character varying", "varchar").replace("numeric", "decimal")
    text = {"timestamp without time zone": "timestamp"}.get(text, text)
    if default == "nextval('%s_%s_seq'::regclass)" % (table, name) and text == "integer":
        return "serial", ""
    return text, default


def read_postgres(socket):
    rules = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
    facts = set()
    for name, kind in postgres(socket, """
            SELECT relname, relkind FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('i', 'S');"""):
        facts.add(("table" if kind == "r" else "relation " + kind, name))
    for table, position, name, kind, notnull, default in postgres(socket, """
            SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                   coalesce(pg_get_expr(d.adbin, d.adrelid), '')
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped;"""):
        kind, default = neutral_type(kind, default, table, name)
        notnull = "notnull" if notnull == "t" else "null"
        facts.add(("column", table, position, name, kind, notnull, neutral_default(default)))
    columns_of = """(SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(%s) WITH ORDINALITY k(number, place)
                     JOIN pg_attribute a ON a.attrelid = %s AND a.attnum = k.number)"""
    for table, name, kind, columns, parent, parent_columns, on_delete, plain in postgres(socket, """
            SELECT c.conrelid::regclass::text, c.conname, c.contype, %s, coalesce(p.relname, ''), coalesce(%s, ''), c.confdeltype,
                   NOT c.condeferrable AND c.convalidated AND c.confupdtype IN ('a', ' ') AND c.confmatchtype IN ('s', ' ')
            FROM pg_constraint c LEFT JOIN pg_class p ON p.oid = c.confrelid
            WHERE c.connamespace = 'public'::regnamespace;""" % (columns_of % ("c.conkey", "c.conrelid"),
                                                                 columns_of % ("c.confkey", "c.confrelid"))):
        if kind == "p":
            facts.add(("primary", table, columns, name))
        elif kind == "u":
            facts.add(("unique", table, columns, name))
        elif kind == "f":
            rule = rules[on_delete] + ("" if plain == "t" else " and more")
            facts.add(("foreign", table, columns, name, parent, parent_columns, rule))
        else:
            facts.add(("constraint " + kind, table, columns, name))
    for table, name, unique, columns, plain in postgres(socket, """
            SELECT t.relname, c.relname, i.indisunique, coalesce(%s, 'expression'),
                   i.indpred IS NULL AND i.indexprs IS NULL AND m.amname = 'btree' AND i.indisvalid
                   AND i.indnatts = i.indnkeyatts AND NOT i.indnullsnotdistinct
                   AND NOT EXISTS (SELECT FROM unnest(i.indoption) o(flags) WHERE flags <> 0)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
            JOIN pg_am m ON m.oid = c.relam
            WHERE t.relnamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'));"""
            % (columns_of % ("i.indkey::int2[]", "i.indrelid"))):
        facts.add(("index", table, columns, name, ("unique" if unique == "t" else "plain") + ("" if plain == "t" else " special")))
    return facts


# ---- the comments ----------------------------------------------------------------------------------------------

TOKEN = re.compile(r"""\s+ | --(?P<comment>[^\n]*) | '(?:[^']|'')*' | "(?P<quoted>[^"]+)" | (?P<word>\w+) | (?P<mark>.)""", re.X | re.S)


def read_comments(statement):
    """{column or None for the table: comment}. A comment belongs to the column that began last."""
    depth, owner, beginning, lines = 0, None, False, {None: []}
    for token in TOKEN.finditer(statement):
        name = token["quoted"] or token["word"]
        if token["comment"] is not None:
            if depth > 0:
                lines[owner].append(token["comment"].strip())
        elif name and beginning:
            owner, beginning = name, False
            lines[owner] = []
        elif token["mark"] == "(":
            depth += 1
            beginning = beginning or depth == 1
        elif token["mark"] == ")":
            depth -= 1
        elif token["mark"] == "," and depth == 1:
            beginning = True
    return {owner: " ".join(text) for owner, text in lines.items()}


def comment_faults(comment):
    text = re.sub(r"\[[^]]*\]", "", comment).strip()
    if len(text) < 8 or not text.endswith("."):
        yield "no sentence: %r" % text
    if not comment.isascii():
        yield "not ASCII"
    if "[" in text or "]" in text:
        yield "bracket without its partner"
    for tag in re.findall(r"\[([^]]*)\]", comment):
        if tag.startswith(("live ", "queue: ", "once: ")):  # bbots-schema reads every word of it
            continue
        key, _, value = tag.partition(": ")
        if tag in ("secret", "vault") or key == "unit" and value in UNITS:
            continue
        if key != "values" or not re.fullmatch(r"[a-z0-9_]+(, [a-z0-9_]+)+", value):
            yield "tag not known: [%s]" % tag


# ---- the checks ------------------------------------------------------------------------------------------------

class Report:
    def __init__(self, verbose):
        self.passed, self.failed, self.verbose = 0, 0, verbose

    def check(self, good, text):
        if good:
            self.passed += 1
        else:
            self.failed += 1
        if not good or self.verbose:
            print(("ok     " if good else "FAILED ") + text)


def compare(report, engine, expected, found):
    for fact in sorted(expected):
        report.check(fact in found, "%s: expected %s" % (engine, " ".join(fact)))
    for fact in sorted(found - expected):
        report.check(False, "%s: found    %s" % (engine, " ".join(fact)))


def totals(report, engine, found, documented):
    """Counted in the catalogue itself, not in the facts."""
    def count(kind, tables=None):
        return sum(1 for fact in found if fact[0] == kind and (tables is None or fact[1] in tables))

    kinds = ("table", "column", "foreign", "index", "unique")
    for title, tables in (("all", None), ("documented", documented)):
        print("%-10s %-10s " % (engine, title) + ", ".join("%s %d" % (kind, count(kind, tables)) for kind in kinds))
    report.check(count("table") == ALL_TABLES, "%s: %d tables" % (engine, ALL_TABLES))
    for kind, number in DOCUMENTED_TOTALS.items():
        report.check(count(kind, documented) == number, "%s: %d documented facts of kind %s" % (engine, number, kind))


def comments(report, path, expected):
    texts = {}
    for name, code in sqlite(path, "SELECT name, hex(sql) FROM sqlite_master WHERE type = 'table';"):
        for column, comment in read_comments(bytes.fromhex(code).decode()).items():
            texts[name if column is None else name + "." + column] = comment
    known = {fact[1] for fact in expected if fact[0] == "table"}
    known |= {fact[1] + "." + fact[3] for fact in expected if fact[0] == "column"}
    for name in sorted(known | set(texts)):
        faults = list(comment_faults(texts.get(name, ""))) if name in known else ["comment on nothing"]
        report.check(not faults, "comment of %s: %s" % (name, "; ".join(faults) or "well formed"))
    for tag, names in (("secret", SECRET), ("vault", VAULT)):
        tagged = {name for name, comment in texts.items() if "[%s]" % tag in comment}
        report.check(tagged == names, "[%s] is on %s" % (tag, ", ".join(sorted(tagged ^ names)) or "the right columns"))


def vectors(report, statements, path, socket):
    """vectors.sql, loaded last. PostgreSQL can take it only where pgvector is installed."""
    wanted = ("vector(1536)", "null", "-")
    sqlite(path, statements)
    column = [fact for fact in read_sqlite(path) if fact[:2] == ("column", "documentation_chunks") and fact[3] == "embedding"]
    report.check(len(column) == 1 and column[0][4:] == wanted, "sqlite: documentation_chunks.embedding is a vector(1536)")
    (code,), = sqlite(path, "SELECT hex(sql) FROM sqlite_master WHERE name = 'documentation_chunks';")
    comment = read_comments(bytes.fromhex(code).decode()).get("embedding", "")
    report.check(not list(comment_faults(comment)), "comment of documentation_chunks.embedding")
    if not postgres(socket, "SELECT 1 FROM pg_available_extensions WHERE name = 'vector';"):
        print("skipped: vectors.sql in PostgreSQL, pgvector is not installed")
        return
    postgres(socket, "CREATE EXTENSION vector;\n" + statements)
    column = [fact for fact in read_postgres(socket) if fact[:2] == ("column", "documentation_chunks") and fact[3] == "embedding"]
    report.check(len(column) == 1 and column[0][4:] == wanted, "postgresql: documentation_chunks.embedding is a vector(1536)")


def main(facts_path, vectors_path, sqlite_path, socket, *options):
    report = Report("-v" in options)
    with open(facts_path, encoding="ascii") as file:
        lines = [tuple(line.rstrip("\n").split("\t")) for line in file if not line.startswith("#")]
    report.check(len(lines) == len(set(lines)), "no fact is listed twice")
    documented = {line[1] for line in lines if line[0] == "table" and line[2] == "documented"}
    expected = {line[:2] if line[0] == "table" else line for line in lines}
    for engine, found in (("sqlite", read_sqlite(sqlite_path)), ("postgresql", read_postgres(socket))):
        compare(report, engine, expected, found)
        totals(report, engine, found, documented)
    comments(report, sqlite_path, expected)
    with open(vectors_path, encoding="ascii") as file:
        vectors(report, file.read(), sqlite_path, socket)
    print("%d passed, %d failed" % (report.passed, report.failed))
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
