#!/usr/bin/env python3
"""Drives `bbots-inspect FILE apply` through a pipe, over the real schema.

Each test has a store of its own, talks to one process line by line, and ends with the whole-file
check of what it made. What is proven: every operation, every error that this way in can reach, and
that PostgreSQL's answers are the ones that come back.

    BBOTS_INSPECT   the tool (default build/release/bbots-inspect)
    usage: test_apply.py [NAME...]     only the tests whose names contain a NAME
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOL = os.environ.get("BBOTS_INSPECT", os.path.join(ROOT, "build/release/bbots-inspect"))
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Apply:
    """One process over one store."""

    def __init__(self, path):
        self.path = path
        self.sent = 0
        self.failed = 0
        self.process = subprocess.Popen([TOOL, path, "apply"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def raw(self, line):
        """Sends a line of bytes and reads its answer."""
        self.sent += 1
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        text = self.process.stdout.readline()
        assert text.endswith(b"\n"), "no answer to %r" % line[:200]
        answer = json.loads(text.decode("utf-8"))
        assert isinstance(answer["ok"], bool)
        self.failed += not answer["ok"]
        return answer

    def ask(self, op, **members):
        return self.raw(json.dumps(dict(members, op=op), ensure_ascii=False).encode("utf-8"))

    def ok(self, op, **members):
        answer = self.ask(op, **members)
        assert answer["ok"], answer
        return answer

    def insert(self, table, **row):
        return self.ok("insert", table=table, row=row)["row"]

    def get(self, table, **key):
        return self.ok("get", table=table, key=key)["row"]

    def update(self, table, key, **values):
        return self.ok("update", table=table, key=key, set=values)["rows"]

    def delete(self, table, **key):
        answer = self.ok("delete", table=table, key=key)
        return answer["rows"], answer["cascaded"], answer["set_null"]

    def scan(self, table, **members):
        return self.ok("scan", table=table, **members)["rows"]

    def count(self, table):
        return self.ok("count", table=table)["count"]

    def refused(self, state, code, answer, **named):
        """An answer has to be this error; named: table, column, constraint."""
        assert not answer["ok"], answer
        error = answer["error"]
        assert (error["sqlstate"], error["code"]) == (state, code), error
        assert error["message"] and len(error["message"]) > 8, error
        for name, value in named.items():
            assert error.get(name) == value, (name, value, error)
        return error

    def fails(self, state, code, op, named=None, **members):
        return self.refused(state, code, self.ask(op, **members), **(named or {}))

    def line_fails(self, state, code, line):
        """A line that is not understood: the error tells its number."""
        error = self.refused(state, code, self.raw(line))
        assert error["line"] == self.sent, error
        assert error["message"].startswith("line %d: " % self.sent), error
        return error

    def close(self):
        self.process.stdin.close()
        assert self.process.stdout.read() == b""
        code = self.process.wait()
        self.process.stdout.close()
        assert code == (1 if self.failed else 0), "exit code %d, %d failed" % (code, self.failed)


# ---------------------------------------------------------------- rows that tests need

def user(a, name="ann", **more):
    return a.insert("users", email=name + "@example.org", **more)["id"]


def webhook(a, owner):
    return a.insert("user_webhooks", userId=owner, channelType="sms", channelName="c")["id"]


def message(a, owner, hook, **more):
    return a.insert("inbound_messages", webhookId=hook, userId=owner, senderIdentifier="s",
                    messageType="text", content="hello", **more)["id"]


def task(a, owner, **more):
    return a.insert("agency_tasks", userId=owner, sourceType="manual", title="t", taskType="x",
                    **more)["id"]


def usage(a, owner, cost, **more):
    return a.insert("api_token_usage", userId=owner, model="m", totalTokens=1, inputCost=cost,
                    outputCost="0", totalCost="0", **more)


def selector(a, rate):
    return a.insert("element_selectors", pagePath="/", elementName="e", primarySelector="p",
                    successRate=rate)


def execution(a, of, **more):
    return a.insert("task_executions", taskId=of, triggeredBy="user", **more)["id"]


# ---------------------------------------------------------------- rows

@test
def insert_answers_with_all_columns_in_order(a):
    row = a.insert("users", email="a@x", name="Ann")
    assert list(row) == ["id", "openId", "googleId", "password", "name", "email", "loginMethod",
                         "role", "onboardingCompleted", "suspendedAt", "suspensionReason",
                         "createdAt", "updatedAt", "lastSignedIn"]
    assert row["id"] == 1 and row["name"] == "Ann" and row["password"] is None


@test
def get_by_primary_and_unique_key(a):
    a.insert("users", email="a@x", openId="o1")
    for key in ({"id": 1}, {"email": "a@x"}, {"openId": "o1"}, {"id": "1"}):
        assert a.get("users", **key)["email"] == "a@x"
    assert a.get("users", id=2) is None
    assert a.get("users", email="b@x") is None
    assert a.get("users", googleId=None) is None, "a null in a key finds nothing"


@test
def update_matches_and_counts(a):
    user(a)
    assert a.update("users", {"id": 1}, name="B", role="admin") == 1
    row = a.get("users", id=1)
    assert (row["name"], row["role"]) == ("B", "admin")
    assert a.update("users", {"id": 9}, name="C") == 0
    assert a.update("users", {"email": "ann@example.org"}, name=None) == 1
    assert a.get("users", id=1)["name"] is None


@test
def update_of_the_primary_key(a):
    user(a)
    assert a.update("users", {"id": 1}, id=10) == 1
    assert a.get("users", id=1) is None and a.get("users", id=10)["email"] == "ann@example.org"
    assert user(a, "bob") == 11, "a number that was chosen is not given again"


@test
def delete_answers_with_three_numbers(a):
    user(a)
    assert a.delete("users", id=1) == (1, 0, 0)
    assert a.delete("users", id=1) == (0, 0, 0)
    assert a.count("users") == 0


@test
def upsert_inserts_updates_and_leaves(a):
    first = a.ok("upsert", table="users", conflict=["email"], row={"email": "a@x", "name": "A"})
    assert first["inserted"] is True and first["row"]["name"] == "A"
    second = a.ok("upsert", table="users", conflict=["email"], row={"email": "a@x", "name": "B"})
    assert second["inserted"] is False and second["row"]["name"] == "A", "no set: as it is"
    third = a.ok("upsert", table="users", conflict=["email"], row={"email": "a@x", "name": "B"},
                 set={"name": "C"})
    assert third["inserted"] is False and third["row"]["name"] == "C"
    assert a.count("users") == 1 and a.get("users", id=1)["name"] == "C"
    other = a.ok("upsert", table="users", conflict=["id"], row={"id": 7, "email": "b@x"})
    assert other["inserted"] is True and other["row"]["id"] == 7
    a.fails("23505", "UNIQUE_VIOLATION", "upsert", {"constraint": "users_email_key"},
            table="users", conflict=["id"], row={"id": 8, "email": "b@x"})
    a.fails("23502", "NOT_NULL_VIOLATION", "upsert", table="users", conflict=["email"],
            row={"email": "a@x", "role": None})


@test
def upsert_needs_a_unique_key(a):
    for columns in (["name"], [], ["id", "email"], ["email"] * 9):
        a.fails("42P10", "NO_UNIQUE_KEY", "upsert", table="users", conflict=columns,
                row={"email": "a@x"})
    a.fails("42703", "UNKNOWN_COLUMN", "upsert", table="users", conflict=["mail"], row={})
    a.fails("42804", "WRONG_TYPE", "upsert", table="users", conflict=[1], row={})


@test
def scan_by_index_and_bounds(a):
    for i, name in enumerate(["dan", "ann", "cat", "bob"]):
        user(a, name, loginMethod="google" if i % 2 else "email")
    mails = lambda rows: [row["email"][:3] for row in rows]
    assert mails(a.scan("users")) == ["dan", "ann", "cat", "bob"]
    assert mails(a.scan("users", reverse=True)) == ["bob", "cat", "ann", "dan"]
    by_mail = dict(index="users_email_idx")
    assert mails(a.scan("users", **by_mail)) == ["ann", "bob", "cat", "dan"]
    both = {"from": ["bob@example.org"], "to": ["cat@example.org"]}
    assert mails(a.scan("users", **by_mail, **both)) == ["bob", "cat"], "both ends count"
    assert mails(a.scan("users", **by_mail, **both, reverse=True)) == ["cat", "bob"]
    assert mails(a.scan("users", **by_mail, limit=1)) == ["ann"]
    assert mails(a.scan("users", limit=0)) == []
    assert mails(a.scan("users", index=None, limit=None, reverse=None)) == mails(a.scan("users"))
    assert mails(a.scan("users", index="users_login_method_idx",
                        **{"from": ["google"], "to": ["google"]})) == ["ann", "bob"]
    assert mails(a.scan("users", index="users_email_login_method_idx",
                        **{"from": ["ann@example.org", "google"]})) == ["ann", "bob", "cat", "dan"]
    assert mails(a.scan("users", index="users_pkey", **{"from": [2], "to": [3]})) == ["ann", "cat"]
    assert mails(a.scan("users", **{"from": ["3"]})) == ["cat", "bob"]
    assert a.scan("users", **{"from": [9]}) == []


@test
def scan_refuses_bad_bounds(a):
    a.fails("42704", "UNKNOWN_INDEX", "scan", {"table": "users"}, table="users", index="nix")
    a.fails("22023", "INVALID_ARGUMENT", "scan", table="users", **{"from": [1, 2]})
    a.fails("42804", "WRONG_TYPE", "scan", table="users", index="users_email_idx",
            **{"to": [5]})
    a.fails("22P02", "INVALID_TEXT", "scan", table="users", **{"from": ["x"]})
    a.fails("22023", "INVALID_ARGUMENT", "scan", table="users", limit=-1)
    a.fails("42804", "WRONG_TYPE", "scan", table="users", limit="5")


@test
def scan_of_many_rows(a):
    a.ok("begin")
    for i in range(3000):
        user(a, "u%05d" % i)
    a.ok("commit")
    rows = a.scan("users")
    assert [row["id"] for row in rows] == list(range(1, 3001))
    assert len(a.scan("users", **{"from": [2990]})) == 11


@test
def soft_delete_marks(a):
    owner = user(a)
    a.insert("credentials", userId=owner, name="n", service="s", type="t", encryptedData="e",
             iv="i", authTag="g")
    assert a.ok("soft_delete", table="credentials", key={"id": 1})["rows"] == 1
    row = a.get("credentials", id=1)
    assert ISO.match(row["deletedAt"]) and row["isActive"] is False
    assert a.ok("soft_delete", table="credentials", key={"id": 1})["rows"] == 1
    assert a.get("credentials", id=1)["deletedAt"] == row["deletedAt"]
    assert a.ok("soft_delete", table="credentials", key={"id": 2})["rows"] == 0
    a.fails("42703", "UNKNOWN_COLUMN", "soft_delete", table="users", key={"id": owner})


@test
def secret_columns_are_shown(a):
    owner = user(a)
    a.insert("user_profiles", userId=owner, ghlApiKey="key-1")
    assert a.get("user_profiles", userId=owner)["ghlApiKey"] == "key-1"


# ---------------------------------------------------------------- constraints

@test
def unique_violation(a):
    user(a, openId="o")
    named = {"table": "users", "constraint": "users_email_key", "column": "email"}
    a.fails("23505", "UNIQUE_VIOLATION", "insert", named, table="users",
            row={"email": "ann@example.org"})
    a.fails("23505", "UNIQUE_VIOLATION", "insert", {"constraint": "users_pkey"}, table="users",
            row={"id": 1, "email": "x"})
    user(a, "bob")
    a.fails("23505", "UNIQUE_VIOLATION", "update", {"constraint": "users_openId_key"},
            table="users", key={"id": 2}, set={"openId": "o"})
    assert a.update("users", {"id": 1}, openId="o") == 1, "its own value is no clash"
    user(a, "cat"), user(a, "dan")
    assert a.count("users") == 4, "nulls are distinct"


@test
def not_null_violation(a):
    named = {"table": "users", "column": "email"}
    a.fails("23502", "NOT_NULL_VIOLATION", "insert", named, table="users", row={})
    a.fails("23502", "NOT_NULL_VIOLATION", "insert", named, table="users", row={"email": None})
    a.fails("23502", "NOT_NULL_VIOLATION", "insert", {"column": "role"}, table="users",
            row={"email": "a", "role": None})
    user(a)
    a.fails("23502", "NOT_NULL_VIOLATION", "update", {"column": "createdAt"}, table="users",
            key={"id": 1}, set={"createdAt": None})


@test
def foreign_key_both_directions(a):
    named = {"table": "sessions", "constraint": "sessions_userId_fkey"}
    row = {"id": "s", "userId": 1, "expiresAt": "2026-01-01"}
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "insert", named, table="sessions", row=row)
    user(a)
    a.insert("sessions", **row)
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "delete", {"constraint": "sessions_userId_fkey"},
            table="users", key={"id": 1})
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "update", None, table="users", key={"id": 1},
            set={"id": 2})
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "update", named, table="sessions", key={"id": "s"},
            set={"userId": 5})
    assert a.delete("sessions", id="s") == (1, 0, 0)
    assert a.delete("users", id=1) == (1, 0, 0)


@test
def cascade_takes_everything_of_a_user(a):
    owner, other = user(a), user(a, "bob")
    hook = webhook(a, owner)
    text = message(a, owner, hook)
    talk = a.insert("bot_conversations", userId=owner, webhookId=hook, participantIdentifier="p")
    card = task(a, owner, sourceWebhookId=hook, sourceMessageId=text, conversationId=talk["id"])
    run = execution(a, card, triggeredByUserId=owner)
    usage(a, owner, "1", executionId=run)
    a.insert("webhook_logs", webhookId="w", userId=owner, event="e", url="u", status="s")
    a.insert("password_reset_tokens", userId=owner, token="t", expiresAt="2026-01-01")
    kept = task(a, other)
    rows, cascaded, nulls = a.delete("users", id=owner)
    assert (rows, cascaded, nulls) == (1, 9, 0), (rows, cascaded, nulls)
    for table in ("user_webhooks", "inbound_messages", "bot_conversations", "task_executions",
                  "api_token_usage", "webhook_logs", "password_reset_tokens"):
        assert a.count(table) == 0, table
    assert [row["id"] for row in a.scan("agency_tasks")] == [kept]


@test
def set_null_keeps_the_row(a):
    owner, reviewer = user(a), user(a, "bob")
    card = task(a, owner, humanReviewedBy=reviewer)
    run = execution(a, card, triggeredByUserId=reviewer)
    assert a.delete("users", id=reviewer) == (1, 0, 2)
    assert a.get("agency_tasks", id=card)["humanReviewedBy"] is None
    assert a.get("task_executions", id=run)["triggeredByUserId"] is None


@test
def self_reference(a):
    owner = user(a)
    first = task(a, owner)
    second = task(a, owner, blockedBy=first)
    third = task(a, owner, id=50, blockedBy=50)
    assert third == 50, "a row may reference itself"
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "insert", {"constraint": "agency_tasks_blockedBy_fkey"},
            table="agency_tasks", row={"userId": owner, "sourceType": "m", "title": "t",
                                       "taskType": "x", "blockedBy": 77})
    assert a.delete("agency_tasks", id=first) == (1, 0, 1)
    assert a.get("agency_tasks", id=second)["blockedBy"] is None
    assert a.delete("agency_tasks", id=third)[0] == 1
    assert a.count("agency_tasks") == 1


@test
def no_action_within_a_cascade(a):
    owner = user(a)
    hook = webhook(a, owner)
    parent = message(a, owner, hook)
    message(a, owner, hook, parentMessageId=parent)
    a.fails("23503", "FOREIGN_KEY_VIOLATION", "delete", None, table="inbound_messages",
            key={"id": parent})
    assert a.delete("user_webhooks", id=hook) == (1, 2, 0), "both go, so nothing is left"


# ---------------------------------------------------------------- values

@test
def text_and_length(a):
    user(a)
    limit = "x" * 20
    assert a.update("users", {"id": 1}, role=limit) == 1
    a.fails("22001", "STRING_TOO_LONG", "update", {"table": "users", "column": "role"},
            table="users", key={"id": 1}, set={"role": limit + "y"})
    assert a.update("users", {"id": 1}, role=limit + "   ") == 1
    assert a.get("users", id=1)["role"] == limit, "blanks past the length are dropped"
    assert a.update("users", {"id": 1}, role="ab  ") == 1
    assert a.get("users", id=1)["role"] == "ab  ", "blanks within it count"
    assert a.update("users", {"id": 1}, role="\u00e9" * 20) == 1, "characters, not bytes"
    a.fails("22001", "STRING_TOO_LONG", "update", None, table="users", key={"id": 1},
            set={"role": "\U0001F600" * 21})
    for odd in ("", " ", "\t\n\r\"\\/", "\u0001\u007f\u0080\u009f", "\u2028\U0010FFFF\ufeff"):
        assert a.update("users", {"id": 1}, name=odd) == 1
        assert a.get("users", id=1)["name"] == odd


@test
def encoding(a):
    a.line_fails("22021", "INVALID_ENCODING",
                 b'{"op":"insert","table":"users","row":{"email":"\xff\xfe"}}')
    a.line_fails("22021", "INVALID_ENCODING",
                 b'{"op":"insert","table":"users","row":{"email":"\xed\xa0\x80"}}')
    a.line_fails("22021", "INVALID_ENCODING",
                 b'{"op":"insert","table":"users","row":{"email":"a\x00b"}}')
    a.line_fails("22P05", "UNTRANSLATABLE_CHARACTER",
                 b'{"op":"insert","table":"users","row":{"email":"a\\u0000b"}}')
    a.line_fails("22P02", "INVALID_TEXT",
                 b'{"op":"insert","table":"users","row":{"email":"\\ud800"}}')
    pair = a.raw(b'{"op":"insert","table":"users","row":{"email":"\\ud83d\\ude00"}}')
    assert pair["row"]["email"] == "\U0001F600"


@test
def integers(a):
    owner = user(a)
    put = lambda value: a.ask("update", table="users", key={"id": owner}, set={"id": value})
    a.refused("22003", "NUMERIC_OUT_OF_RANGE", put(2147483648), column="id")
    a.refused("22003", "NUMERIC_OUT_OF_RANGE", put(10 ** 30), column="id")
    a.refused("22003", "NUMERIC_OUT_OF_RANGE", put("-2147483649"), column="id")
    a.refused("22P02", "INVALID_TEXT", put("12x"), column="id")
    a.refused("22P02", "INVALID_TEXT", put(""), column="id")
    a.refused("22P02", "INVALID_TEXT", put(1.5), column="id")
    a.refused("42804", "WRONG_TYPE", put(True), column="id")
    a.refused("42804", "WRONG_TYPE", put([1]), column="id")
    a.refused("42804", "WRONG_TYPE", put({}), column="id")
    for given, stored in ((" 12 ", 12), ("+13", 13), (-14, -14), (2147483647, 2147483647),
                          (-2147483648, -2147483648)):
        assert put(given)["ok"]
        assert a.get("users", id=stored) is not None
        owner = stored


@test
def booleans(a):
    user(a)
    put = lambda value: a.ask("update", table="users", key={"id": 1},
                              set={"onboardingCompleted": value})
    for given, stored in ((True, True), ("f", False), ("YES", True), ("off", False), ("1", True),
                          (" false ", False), ("tr", True)):
        assert put(given)["ok"], given
        assert a.get("users", id=1)["onboardingCompleted"] is stored
    a.refused("22P02", "INVALID_TEXT", put("maybe"), column="onboardingCompleted")
    a.refused("22P02", "INVALID_TEXT", put("o"), column="onboardingCompleted")
    a.refused("42804", "WRONG_TYPE", put(1), column="onboardingCompleted")


@test
def wrong_json_types(a):
    user(a)
    for column, value in (("name", 5), ("name", 1.5), ("name", True), ("name", []), ("name", {}),
                          ("createdAt", 5), ("createdAt", False), ("role", {})):
        error = a.fails("42804", "WRONG_TYPE", "update", {"table": "users", "column": column},
                        table="users", key={"id": 1}, set={column: value})
        assert "line" not in error
    a.fails("42804", "WRONG_TYPE", "get", None, table="agent_sessions", key={"sessionUuid": 5})
    a.fails("42804", "WRONG_TYPE", "get", None, table="users", key={"email": 5})


@test
def decimals_are_exact(a):
    owner = user(a)

    def stored(text):
        line = ('{"op":"insert","table":"api_token_usage","row":{"userId":%d,"model":"m",'
                '"totalTokens":1,"inputCost":%s,"outputCost":0,"totalCost":"0"}}' % (owner, text))
        return a.raw(line.encode())

    for given, kept in (("12.5", "12.5000"), ('"12.5"', "12.5000"), ("0.00005", "0.0001"),
                        ("0.00004999999999999999999", "0.0000"), ("-0.00005", "-0.0001"),
                        ("1.00015", "1.0002"), ("2.00025", "2.0003"), ("1e2", "100.0000"),
                        ("123456.7891", "123456.7891"), ("999999.99994", "999999.9999"),
                        ("-999999.9999", "-999999.9999"), ('"1e-3"', "0.0010"), ('" .5 "', "0.5000"),
                        ("0.1", "0.1000"), ("7", "7.0000"), ("-0", "0.0000"),
                        ("0.10000000000000000000000000000000000001", "0.1000")):
        answer = stored(given)
        assert answer["ok"], (given, answer)
        assert answer["row"]["inputCost"] == kept, (given, answer["row"]["inputCost"])
    for given in ("1000000", "999999.99995", '"-1000000"', "1e30", '"Infinity"'):
        a.refused("22003", "NUMERIC_OUT_OF_RANGE", stored(given), column="inputCost")
    for given in ('"x"', '""', '"1.2.3"', '"NaN"'):
        a.refused("22P02", "INVALID_TEXT", stored(given), column="inputCost")
    a.refused("42804", "WRONG_TYPE", stored("true"), column="inputCost")


@test
def reals(a):
    for given, kept in ((0.1, 0.1), (1, 1), ("1e-3", 0.001), (3.4e38, 3.4e38), (16777217, 16777216),
                        ("-2.5", -2.5), ("Infinity", "Infinity"), ("-inf", "-Infinity"),
                        ("NaN", "NaN")):
        row = selector(a, given)
        assert row["successRate"] == kept, (given, row["successRate"])
    for given in (1e39, "1e-60"):
        a.fails("22003", "NUMERIC_OUT_OF_RANGE", "update", {"column": "successRate"},
                table="element_selectors", key={"id": 1}, set={"successRate": given})
    a.fails("22P02", "INVALID_TEXT", "update", {"column": "successRate"},
            table="element_selectors", key={"id": 1}, set={"successRate": "x"})


@test
def timestamps(a):
    user(a)
    put = lambda value: a.ask("update", table="users", key={"id": 1}, set={"createdAt": value})
    for given, kept in (("2026-01-31", "2026-01-31T00:00:00.000000"),
                        ("2026-01-31 12:00", "2026-01-31T12:00:00.000000"),
                        ("2026-01-31T12:00:00.123456", "2026-01-31T12:00:00.123456"),
                        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000"),
                        ("2026-01-31T12:00:00+02", "2026-01-31T12:00:00.000000"),
                        ("20260131T120000", "2026-01-31T12:00:00.000000"),
                        ("2026-01-31 24:00:00", "2026-02-01T00:00:00.000000"),
                        ("2026-01-31 11:59 PM", "2026-01-31T23:59:00.000000"),
                        ("2024-02-29", "2024-02-29T00:00:00.000000"),
                        ("infinity", "infinity"), ("-infinity", "-infinity"),
                        ("epoch", "1970-01-01T00:00:00.000000"),
                        ("0044-03-15 BC", "0044-03-15T00:00:00.000000 BC")):
        answer = put(given)
        assert answer["ok"], (given, answer)
        assert a.get("users", id=1)["createdAt"] == kept, (given, a.get("users", id=1))
        assert put(kept)["ok"] and a.get("users", id=1)["createdAt"] == kept, "and back"
    for given in ("yesterday noon", "", "2026", "12:00"):
        a.refused("22007", "INVALID_DATETIME", put(given), column="createdAt")
    for given in ("2026-02-30", "2026-13-01", "2026-01-01 25:00", "999999-01-01"):
        a.refused("22008", "DATETIME_OUT_OF_RANGE", put(given), column="createdAt")


@test
def timestamps_with_zone(a):
    user(a)
    for given, kept in (("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
                        ("2026-01-31T12:00:00+02:30", "2026-01-31T09:30:00.000000Z"),
                        ("2026-01-31 12:00", "2026-01-31T12:00:00.000000Z"),
                        ("2026-01-31 23:00-0330", "2026-02-01T02:30:00.000000Z")):
        row = a.insert("sessions", id=given, userId=1, expiresAt=given)
        assert row["expiresAt"] == kept, (given, row)


@test
def uuids(a):
    owner = user(a)
    text = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    first = a.insert("agent_sessions", userId=owner)
    assert UUID.match(first["sessionUuid"]), first["sessionUuid"]
    for form in (text, text.upper(), "{%s}" % text, text.replace("-", "")):
        assert a.update("agent_sessions", {"id": first["id"]}, sessionUuid=form) == 1
        assert a.get("agent_sessions", sessionUuid=form)["sessionUuid"] == text
    a.fails("23505", "UNIQUE_VIOLATION", "insert", {"constraint": "agent_sessions_sessionUuid_key"},
            table="agent_sessions", row={"userId": owner, "sessionUuid": text})
    a.fails("22P02", "INVALID_TEXT", "insert", {"column": "sessionUuid"}, table="agent_sessions",
            row={"userId": owner, "sessionUuid": text[:-1]})
    log = a.insert("webhook_logs", webhookId="w", userId=owner, event="e", url="u", status="s")
    assert a.get("webhook_logs", id=log["id"])["event"] == "e", "a uuid as primary key"


@test
def jsonb_is_exact(a):
    owner = user(a)
    a.insert("user_profiles", userId=owner)

    def put(text):
        return a.raw(b'{"op":"update","table":"user_profiles","key":{"id":1},"set":{"goals":'
                     + text.encode() + b"}}")

    def stored():
        """The text as it stands in the answer, digit by digit."""
        a.process.stdin.write(b'{"op":"get","table":"user_profiles","key":{"id":1}}\n')
        a.process.stdin.flush()
        a.sent += 1
        line = a.process.stdout.readline().decode()
        return line[line.index('"goals":') + 8:line.index(',"currentTools"')]

    for given, kept in (
            ('{"bb":1,"a":2,"c":3}', '{"a": 2, "c": 3, "bb": 1}'),
            ('{"a":1,"a":2}', '{"a": 2}'),
            ("0.10", "0.10"), ("1e5", "100000"), ("1.50e1", "15.0"), ("-0", "0"),
            ("12345678901234567890123456789", "12345678901234567890123456789"),
            ("0.1234567890123456789012345678901234567890",
             "0.1234567890123456789012345678901234567890"),
            ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("1e-20", "0.00000000000000000001"), ("1e30", "1" + "0" * 30),
            ('""', '""'), ("[]", "[]"), ("{}", "{}"), ("true", "true"), ("[null]", "[null]"),
            ('"\\u00e9\\n\\"\\\\\\/"', '"\u00e9\\n\\"\\\\/"'),
            ('[1,[2,[3,{"x":[]}]]]', '[1, [2, [3, {"x": []}]]]'),
            ("null", "null")):
        answer = put(given)
        assert answer["ok"], (given, answer)
        assert stored() == kept, (given, stored())
    put('{"k":"v"}')
    a.refused("22P05", "UNTRANSLATABLE_CHARACTER", put('{"k":"\\u0000"}'))
    a.refused("22003", "NUMERIC_OUT_OF_RANGE", put("1e200000"))
    a.refused("54000", "LIMIT_EXCEEDED", put("[" * 300 + "]" * 300))
    a.refused("22P02", "INVALID_TEXT", put("[1,]"))
    assert stored() == '{"k": "v"}', "what failed changed nothing"


@test
def jsonb_string_is_a_string(a):
    owner = user(a)
    row = a.insert("user_profiles", userId=owner, goals='{"not": "parsed"}')
    assert row["goals"] == '{"not": "parsed"}'


@test
def jsonb_null_is_sql_null(a):
    owner = user(a)
    a.fails("23502", "NOT_NULL_VIOLATION", "insert", {"column": "steps"},
            table="automation_workflows", row={"userId": owner, "name": "n", "steps": None})


@test
def vectors(a):
    a.insert("documentation_sources", platform="p", category="c", title="t", content="x")
    floats = [i / 8 for i in range(1536)]
    put = lambda value: a.ask("insert", table="documentation_chunks", row={
        "sourceId": 1, "chunkIndex": 0, "content": "c", "tokenCount": 1, "embedding": value})
    assert put(floats)["row"]["embedding"] == floats
    assert put(str(floats))["row"]["embedding"] == floats
    assert put(None)["row"]["embedding"] is None
    assert put([0.1] * 1536)["row"]["embedding"] == [0.1] * 1536, "the shortest text comes back"
    for wrong in (floats[1:], floats + [1], []):
        a.refused("42804", "WRONG_TYPE", put(wrong), column="embedding")
    for wrong in (["1"] * 1536, [None] * 1536, [[1]] * 1536, "x", "[1,"):
        a.refused("22P02", "INVALID_TEXT", put(wrong), column="embedding")
    a.refused("22003", "NUMERIC_OUT_OF_RANGE", put([1e39] * 1536), column="embedding")
    a.refused("42804", "WRONG_TYPE", put(1), column="embedding")


# ---------------------------------------------------------------- defaults, serials, times

@test
def defaults(a):
    row = a.insert("users", email="a@x")
    assert (row["loginMethod"], row["role"], row["onboardingCompleted"]) == ("email", "user", False)
    assert ISO.match(row["createdAt"]) and row["createdAt"] == row["updatedAt"] == row["lastSignedIn"]
    now = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    before = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 60))
    assert row["createdAt"][:16] in (now, before), "UTC"
    pattern = a.insert("action_patterns", taskType="t", taskName="n")
    assert pattern["steps"] == [] and pattern["metadata"] == {}
    assert a.insert("action_patterns", taskType="t", taskName="n", metadata=None)["metadata"] is None
    cost = usage(a, 1, "1")
    assert cost["cacheCost"] == "0.0000" and cost["inputTokens"] == 0


@test
def the_time_of_a_transaction_stands_still(a):
    a.ok("begin")
    first = a.insert("users", email="a@x")
    time.sleep(0.002)
    second = a.insert("users", email="b@x")
    a.ok("commit")
    assert first["createdAt"] == second["createdAt"]
    assert a.insert("users", email="c@x")["createdAt"] > first["createdAt"]


@test
def serials_never_repeat(a):
    assert [user(a, "a"), user(a, "b")] == [1, 2]
    a.delete("users", id=2)
    assert user(a, "c") == 3
    assert user(a, "d", id=10) == 10
    assert user(a, "e") == 11, "an explicit number moves the serial on"
    assert user(a, "f", id=5) == 5
    assert user(a, "g") == 12
    a.fails("23502", "NOT_NULL_VIOLATION", "insert", {"column": "id"}, table="users",
            row={"id": None, "email": "h"})
    a.insert("users", id=2147483647, email="last")
    a.fails("2200H", "SERIAL_EXHAUSTED", "insert", {"table": "users", "column": "id"},
            table="users", row={"email": "none left"})


@test
def updated_at_moves(a):
    before = a.insert("users", email="a@x")
    a.update("users", {"id": 1}, name="B")
    after = a.get("users", id=1)
    assert after["updatedAt"] > before["updatedAt"] and after["createdAt"] == before["createdAt"]
    a.update("users", {"id": 1}, updatedAt="2020-01-01")
    assert a.get("users", id=1)["updatedAt"] == "2020-01-01T00:00:00.000000"


# ---------------------------------------------------------------- transactions

@test
def commit_and_rollback(a):
    a.ok("begin")
    user(a)
    assert a.count("users") == 1
    a.ok("rollback")
    assert a.count("users") == 0
    a.ok("begin")
    user(a)
    a.ok("commit")
    assert a.count("users") == 1


@test
def a_failed_line_leaves_the_transaction_open(a):
    a.ok("begin")
    user(a)
    a.fails("23505", "UNIQUE_VIOLATION", "insert", table="users", row={"email": "ann@example.org"})
    a.line_fails("22P02", "INVALID_TEXT", b"nonsense")
    user(a, "bob")
    a.ok("commit")
    assert a.count("users") == 2


@test
def transaction_errors(a):
    for op in ("commit", "rollback"):
        a.fails("25P01", "NO_TRANSACTION", op)
    for op in ("savepoint", "rollback_to", "release"):
        a.fails("25P01", "NO_TRANSACTION", op, name="s")
    a.ok("begin")
    a.fails("25001", "TRANSACTION_ACTIVE", "begin")
    for op in ("rollback_to", "release"):
        a.fails("3B001", "UNKNOWN_SAVEPOINT", op, name="s")
    a.ok("savepoint", name="s")
    a.ok("release", name="s")
    a.fails("3B001", "UNKNOWN_SAVEPOINT", "rollback_to", name="s")
    a.fails("22023", "INVALID_ARGUMENT", "savepoint", name="")
    a.fails("22023", "INVALID_ARGUMENT", "savepoint", name="x" * 64)
    a.ok("savepoint", name="x" * 63)
    a.ok("commit")


@test
def nested_savepoints(a):
    names = lambda: [row["email"][:1] for row in a.scan("users")]
    a.ok("begin")
    user(a, "a")
    a.ok("savepoint", name="one")
    user(a, "b")
    a.ok("savepoint", name="two")
    user(a, "c")
    a.delete("users", id=1)
    a.update("users", {"id": 2}, name="changed")
    assert names() == ["b", "c"]
    a.ok("rollback_to", name="two")
    assert names() == ["a", "b"] and a.get("users", id=2)["name"] is None
    a.ok("rollback_to", name="two")
    user(a, "d")
    a.ok("release", name="two")
    assert names() == ["a", "b", "d"]
    a.ok("rollback_to", name="one")
    assert names() == ["a"]
    a.fails("3B001", "UNKNOWN_SAVEPOINT", "rollback_to", name="two")
    a.ok("savepoint", name="one")
    user(a, "e")
    a.ok("rollback_to", name="one")
    a.ok("release", name="one")
    a.ok("rollback_to", name="one")
    assert names() == ["a"], "the inner name hid the outer"
    user(a, "f")
    a.ok("commit")
    assert names() == ["a", "f"]


@test
def savepoint_takes_back_a_cascade(a):
    owner = user(a)
    card = task(a, owner, humanReviewedBy=owner)
    execution(a, card)
    other = user(a, "bob")
    task(a, other, humanReviewedBy=owner)
    before = [a.scan(table) for table in ("users", "agency_tasks", "task_executions")]
    a.ok("begin")
    a.ok("savepoint", name="s")
    assert a.delete("users", id=owner) == (1, 2, 1)
    a.ok("rollback_to", name="s")
    assert before == [a.scan(table) for table in ("users", "agency_tasks", "task_executions")]
    a.ok("commit")


@test
def an_open_transaction_is_rolled_back_at_the_end(a):
    user(a)
    a.ok("begin")
    user(a, "bob")
    a.close()
    again = Apply(a.path)
    assert again.count("users") == 1
    again.close()


@test
def rows_outlive_the_process(a):
    row = a.insert("users", email="a@x")
    a.close()
    again = Apply(a.path)
    assert again.get("users", id=1) == row
    assert user(again, "bob") == 2
    again.close()


# ---------------------------------------------------------------- lines that are no request

@test
def lines_that_are_not_understood(a):
    for line in (b"", b"   ", b"{", b"}", b"nul", b"{'op':'count'}", b'{"op":"count"} x',
                 b'{"op":"count",}', b"[1,2"):
        a.line_fails("22P02", "INVALID_TEXT", line)
    for line in (b"[]", b"5", b"null", b'"x"', b"{}", b'{"op":"fly"}', b'{"table":"users"}',
                 b'{"op":"count"}', b'{"op":"get","table":"users"}',
                 b'{"op":"insert","table":"users"}', b'{"op":"count","table":"users","x":1}',
                 b'{"op":"begin","table":"users"}', b'{"op":"savepoint"}',
                 b'{"op":"count","table":"users","key":{}}', b'{"op":"","table":"users"}',
                 '{"op":"\u00e9'.encode() * 1 + ("\u00e9" * 400).encode() + b'"}'):
        a.line_fails("42601", "SYNTAX", line)
    for line in (b'{"op":5}', b'{"op":null}', b'{"op":"count","table":5}',
                 b'{"op":"count","table":null}', b'{"op":"insert","table":"users","row":[]}',
                 b'{"op":"get","table":"users","key":"id"}',
                 b'{"op":"scan","table":"users","from":5}',
                 b'{"op":"scan","table":"users","reverse":1}',
                 b'{"op":"scan","table":"users","limit":1.5}',
                 b'{"op":"upsert","table":"users","conflict":"id","row":{}}',
                 b'{"op":"savepoint","name":5}'):
        a.line_fails("42804", "WRONG_TYPE", line)
    a.line_fails("42P01", "UNKNOWN_TABLE", b'{"op":"count","table":"nix"}')
    a.line_fails("42P01", "UNKNOWN_TABLE", b'{"op":"count","table":"Users"}')
    a.line_fails("42P01", "UNKNOWN_TABLE", b'{"op":"count","table":"%s"}' % (b"x" * 5000))
    a.line_fails("42703", "UNKNOWN_COLUMN", b'{"op":"insert","table":"users","row":{"nix":1}}')
    a.line_fails("42703", "UNKNOWN_COLUMN", b'{"op":"get","table":"users","key":{"nix":1}}')
    a.line_fails("42703", "UNKNOWN_COLUMN",
                 b'{"op":"update","table":"users","key":{"id":1},"set":{"nix":1}}')
    a.line_fails("42704", "UNKNOWN_INDEX", b'{"op":"scan","table":"users","index":"nix"}')
    for key in (b'{"name":"x"}', b"{}", b'{"id":1,"email":"x"}'):
        a.line_fails("42P10", "NO_UNIQUE_KEY", b'{"op":"get","table":"users","key":' + key + b"}")
    assert a.count("users") == 0, "and the stream goes on"


@test
def blanks_and_order_of_members_do_not_matter(a):
    assert a.raw(b' { "table" : "users" , "op" : "count" } \r')["count"] == 0
    assert a.raw(b'{"op":"begin","op":"count","table":"users"}')["count"] == 0, "the last wins"
    row = a.raw(b'{"op":"insert","row":{"email":"a","email":"b"},"table":"users"}')["row"]
    assert row["email"] == "b"


@test
def long_lines(a):
    most = 64 << 20
    head = b'{"op":"insert","table":"documentation_sources","row":{"platform":"p","category":"c",' \
           b'"title":"t","content":"'
    text = b"x" * (32 << 20)
    assert a.raw(head + text + b'"}}')["row"]["content"] == text.decode()
    count = b'{"op":"count","table":"users"}'
    assert a.raw(count + b" " * (most - len(count)))["ok"], "64 MiB to the byte"
    a.line_fails("54000", "LIMIT_EXCEEDED", count + b" " * (most - len(count) + 1))
    a.line_fails("54000", "LIMIT_EXCEEDED", b"x" * (3 * most))
    assert a.count("documentation_sources") == 1
    with open("/proc/%d/status" % a.process.pid) as status:
        peak = int(re.search(r"VmHWM:\s*(\d+)", status.read()).group(1))
    assert peak < 900 << 10, "%d KiB at the most" % peak


@test
def from_a_file(a):
    """--file: the same answers; the exit code tells of failed lines."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as lines:
        lines.write('\ufeff{"op":"insert","table":"users","row":{"email":"a"}}\n{"op":"fly"}\n'
                    '{"op":"count","table":"users"}')
        lines.flush()
        a.close()
        run = subprocess.run([TOOL, a.path, "apply", "--file", lines.name], stdout=subprocess.PIPE)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 1
    assert [answer["ok"] for answer in answers] == [True, False, True]
    assert answers[1]["error"]["line"] == 2 and answers[2]["count"] == 1


@test
def command_line_errors(a):
    a.close()
    for words, code in ((["--file"], 2), (["--nix"], 2), (["word"], 2), (["--file", "/nix/x"], 3)):
        run = subprocess.run([TOOL, a.path, "apply"] + words, stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert run.returncode == code and run.stderr and not run.stdout, (words, run)
    run = subprocess.run([TOOL, a.path + ".nix", "apply"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.returncode == 3 and not os.path.exists(a.path + ".nix")


# ---------------------------------------------------------------- running them

def check_store(path):
    run = subprocess.run([TOOL, path, "check"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert run.returncode == 0, "check: exit code %d\n%s" % (run.returncode, run.stdout.decode())


def run_test(function, folder):
    path = os.path.join(folder, function.__name__ + ".bbots")
    subprocess.run([TOOL, path, "create"], check=True, stdout=subprocess.DEVNULL)
    apply = Apply(path)
    try:
        function(apply)
        if apply.process.poll() is None:
            apply.close()
    finally:
        if apply.process.poll() is None:
            apply.process.kill()
            apply.process.wait()
    check_store(path)


def main():
    chosen = [t for t in TESTS if not sys.argv[1:] or any(w in t.__name__ for w in sys.argv[1:])]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="bbots-apply-") as folder:
        for function in chosen:
            try:
                run_test(function, folder)
            except Exception:
                failed += 1
                print("FAILED %s" % function.__name__)
                traceback.print_exc(file=sys.stdout)
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
