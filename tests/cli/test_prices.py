#!/usr/bin/env python3
"""test_prices.py - real calls priced with a real price list, against Python's decimal, to the last digit.

TRACES names the folder of the Azure LLM inference traces with genai-prices.json beside them. Without it calls and a
small price list of the same forms are made up. The calls are spread over models, dates and kinds of tokens, so that
tiers and dated prices count. Nothing here knows how the library does it: matches, tiers, dates and rounding are
written down again from bbots/prices.h and the form of the data file.
"""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext

INSPECT = os.path.abspath(os.environ.get("BBOTS_INSPECT", "build/release/bbots-inspect"))
TRACES = os.environ.get("TRACES", "")
passed = failed = 0


def check(what, wanted, got):
    global passed, failed
    if wanted == got:
        passed += 1
    else:
        failed += 1
        print("FAILED: %s: wanted %s, got %s" % (what, wanted, got))


def inspect(*words, status=0):
    done = subprocess.run([INSPECT, "--quiet", *words], capture_output=True, text=True)
    if done.returncode != status:
        print("%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stderr))
        sys.exit("0 passed, 1 failed")
    return done.stdout


# ---------------------------------------------------------------- input

MADE_UP = """[{"id": "anthropic", "models": [
  {"id": "claude-sonnet-4-5", "match": {"starts_with": "claude-sonnet-4-5"}, "prices": {
    "input_mtok": {"base": 3, "tiers": [{"start": 3000, "price": 6}]},
    "output_mtok": {"base": 15, "tiers": [{"start": 3000, "price": 22.5}]},
    "cache_write_mtok": {"base": 3.75, "tiers": [{"start": 3000, "price": 7.5}]}, "cache_read_mtok": 0.3}},
  {"id": "claude-opus-4-6", "match": {"or": [{"starts_with": "claude-opus-4-6"}]}, "prices": [
    {"prices": {"input_mtok": 5, "output_mtok": 25, "cache_write_mtok": 6.25, "cache_read_mtok": 0.5}},
    {"constraint": {"start_date": "2026-03-13"}, "prices": {"input_mtok": 5.123456789, "output_mtok": 25,
      "cache_write_mtok": 6.25, "cache_read_mtok": 0.5}}]},
  {"id": "claude-3-haiku", "match": {"starts_with": "claude-3-haiku"}, "prices": {
    "input_mtok": 0.25, "output_mtok": 1.25, "cache_write_mtok": 0.3, "cache_read_mtok": 0.03}}]},
 {"id": "google", "models": [
  {"id": "gemini-2.5-pro", "match": {"starts_with": "gemini-2.5-pro"}, "prices": {
    "input_mtok": {"base": 1.25, "tiers": [{"start": 2000, "price": 2.5}]},
    "output_mtok": {"base": 10, "tiers": [{"start": 2000, "price": 15}]}}},
  {"id": "gemini-2.0-flash", "match": {"or": [{"ends_with": "gemini-2.0-flash"}]}, "prices": {
    "input_mtok": 0.1, "output_mtok": 0.4}},
  {"id": "gemini-3.5-flash", "match": {"regex": "^gemini-3\\\\.5-flash-\\\\d"}, "prices": {
    "input_mtok": 1.5, "output_mtok": 9}}]}]"""

CLAUDE = ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-opus-4-6", "claude-3-haiku-20240307"]
GEMINI = ["gemini-2.5-pro", "gemini-2.0-flash", "gemini-3.5-flash-001"]


def read_calls():
    """(time, tokens in, tokens out) of all calls."""
    if not TRACES:
        print("TRACES is not set: a made-up trace of 4,000 calls and a small price list stand in")
        return [(datetime(2026, 3, 12, 20) + timedelta(seconds=i * 7), i * 31 % 7000, i * 17 % 900)
                for i in range(4000)]
    calls = []
    for name in ("code", "conv"):
        with open("%s/AzureLLMInferenceTrace_%s.csv" % (TRACES, name)) as file:
            for row in csv.DictReader(file):
                calls.append((datetime.fromisoformat(row["TIMESTAMP"][:26]), int(row["ContextTokens"]),
                              int(row["GeneratedTokens"])))
    return calls


def claude_rows(calls):
    for number, (time, tokens_in, tokens_out) in enumerate(calls):
        # Every third call has a cache, every seventh a long context, half of them come after dated prices changed.
        written, read = (tokens_in // 3, tokens_in * 5) if number % 3 == 0 else (0, 0)
        if number % 7 == 0:
            tokens_in += 199990 + number % 20 - written - read
        if number % 2 == 0 and TRACES:
            time = time.replace(year=2026, month=3, day=12 + number % 4 // 2)
        yield {"userId": 1 + number % 2, "model": CLAUDE[number % len(CLAUDE)], "inputTokens": max(tokens_in, 0),
               "outputTokens": tokens_out, "cacheCreationTokens": written, "cacheReadTokens": read,
               "totalTokens": max(tokens_in, 0) + tokens_out + written + read, "inputCost": "0", "outputCost": "0",
               "totalCost": "0", "createdAt": time.isoformat()}


def gemini_rows(calls):
    for number, (time, tokens_in, tokens_out) in enumerate(calls):
        yield {"userId": 1, "model": GEMINI[number % len(GEMINI)],
               "inputTokens": tokens_in + (199000 if number % 5 == 0 else 0), "outputTokens": tokens_out,
               "totalTokens": 0, "inputCost": "0", "outputCost": "0", "totalCost": "0", "createdAt": time.isoformat()}


# ---------------------------------------------------------------- the same again, in decimal

def matches(match, name):
    (rule, operand), = match.items()
    if rule in ("or", "and"):
        return (any if rule == "or" else all)(matches(one, name) for one in operand)
    return {"equals": lambda: name == operand, "starts_with": lambda: name.startswith(operand),
            "ends_with": lambda: name.endswith(operand), "contains": lambda: operand in name,
            "regex": lambda: re.search(operand, name) is not None}[rule]()


def prices_of(prices, provider, name, time):
    model = next(model for model in next(one for one in prices if one["id"] == provider)["models"]
                 if matches(model["match"], name))
    if isinstance(model["prices"], dict):
        return model["prices"]
    return [dated for dated in model["prices"]
            if dated.get("constraint", {"start_date": "0001-01-01"})["start_date"] <= time[:10]][-1]["prices"]


def price(prices, part, context):
    found = prices.get(part, 0)
    if isinstance(found, dict):
        above = [tier for tier in found["tiers"] if context > tier["start"]]
        found = max(above, key=lambda tier: tier["start"])["price"] if above else found["base"]
    return Decimal(found)


def rounded(amount, scale):
    return amount.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def costs_of(prices, provider, row, scale):
    number = {name: int(row.get(name, 0)) for name in
              ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")}
    context = number["inputTokens"] + number["cacheCreationTokens"] + number["cacheReadTokens"]
    found = prices_of(prices, provider, row["model"], row["createdAt"])
    parts = {cost: sum(number[tokens] * price(found, part, context) for tokens, part in kinds) / 1000000
             for cost, kinds in (("inputCost", [("inputTokens", "input_mtok")]),
                                 ("outputCost", [("outputTokens", "output_mtok")]),
                                 ("cacheCost", [("cacheCreationTokens", "cache_write_mtok"),
                                                ("cacheReadTokens", "cache_read_mtok")]))}
    parts["totalCost"] = sum(parts.values())
    return {name: rounded(amount, scale) for name, amount in parts.items()}


# ---------------------------------------------------------------- the test

def compare(store, prices, table, provider, scale, columns):
    """Every row's costs, and the sum."""
    total, wrong, rows = Decimal(0), 0, 0
    for row in csv.DictReader(io.StringIO(inspect(store, "export", table, "--format", "csv"))):
        wanted = costs_of(prices, provider, row, scale)
        wrong += any(Decimal(row[name]) != wanted[name] for name in columns)
        total += wanted["totalCost"]
        rows += 1
    check("%s: rows that differ" % table, 0, wrong)
    summed = json.loads(inspect("--json", store, "sum", table, "totalCost"))[0]
    check("%s: rows" % table, rows, summed["count"])
    check("%s: the sum" % table, str(total), summed["sum_totalCost"])
    return rows, total


def main(folder):
    store = folder + "/store.bb"
    file = folder + "/prices.json" if not TRACES else TRACES + "/genai-prices.json"
    if not TRACES:
        with open(file, "w") as out:
            out.write(MADE_UP)
    with open(file) as text:
        prices = json.load(text, parse_float=Decimal)
    inspect(store, "create")
    calls = read_calls()
    users = [{"email": "%d@example.org" % number} for number in (1, 2)]
    for table, rows in (("users", users), ("api_token_usage", claude_rows(calls)),
                        ("gemini_token_usage", gemini_rows(calls))):
        path = "%s/%s.jsonl" % (folder, table)
        with open(path, "w") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
        inspect(store, "import", table, path)
    lists = json.loads(inspect("--json", store, "prices", "import", file))
    check("lists", ["pricing.anthropic", "pricing.google"], [one["list"] for one in lists])
    check("models", [len(one["models"]) for name in ("anthropic", "google") for one in prices if one["id"] == name],
          [one["models"] for one in lists])
    before = inspect(store, "stat", "--json")
    dry = inspect("--json", store, "prices", "reprice")
    check("a dry run changes nothing", json.loads(before)["digest"], json.loads(inspect(store, "stat", "--json"))["digest"])
    check("applying tells the same", dry, inspect("--json", store, "prices", "reprice", "--apply"))
    claude = compare(store, prices, "api_token_usage", "anthropic", 4,
                     ("inputCost", "outputCost", "cacheCost", "totalCost"))
    gemini = compare(store, prices, "gemini_token_usage", "google", 6, ("inputCost", "outputCost", "totalCost"))
    lines = json.loads(dry)
    for provider, (rows, total) in (("anthropic", claude), ("google", gemini)):
        told = [line for line in lines if line["provider"] == provider]
        check("%s: what reprice told" % provider, rounded(total, 6), sum(Decimal(line["difference"]) for line in told))
        check("%s: nothing but differences" % provider, True,
              all(Decimal(line["new"]) - Decimal(line["old"]) == Decimal(line["difference"]) for line in told))
        check("%s: rows that reprice told" % provider, True, 0 < sum(line["rows"] for line in told) <= rows)
    check("days and models in order", sorted((line["provider"], line["day"], line["model"]) for line in lines),
          [(line["provider"], line["day"], line["model"]) for line in lines])
    check("a second time nothing changes", [], json.loads(inspect("--json", store, "prices", "reprice", "--apply")))
    inspect(store, "check")

    # A corrected price: only what it concerns changes, by as much as decimal says.
    for one in prices:
        for model in one["models"]:
            if model["id"] == "gemini-2.0-flash":
                model["prices"]["output_mtok"] = Decimal("0.45")
    with open(folder + "/corrected.json", "w") as out:
        json.dump(prices, out, default=lambda number: float(number))
    inspect(store, "prices", "import", folder + "/corrected.json")
    told = json.loads(inspect("--json", store, "prices", "reprice", "--apply"))
    check("only that model changes", {("google", "gemini-2.0-flash")}, {(line["provider"], line["model"]) for line in told})
    after = compare(store, prices, "gemini_token_usage", "google", 6, ("inputCost", "outputCost", "totalCost"))
    check("by as much", after[1] - gemini[1], sum(Decimal(line["difference"]) for line in told))
    inspect(store, "check")

    # What cannot be priced is named, and nothing is written.
    with open(folder + "/one.jsonl", "w") as out:
        out.write(json.dumps(dict(next(gemini_rows(calls)), model="gpt-9")) + "\n")
    inspect(store, "import", "gemini_token_usage", folder + "/one.jsonl")
    done = subprocess.run([INSPECT, store, "prices", "reprice", "--apply"], capture_output=True, text=True)
    check("an unknown model fails", 3, done.returncode)
    check("and is named", True, "gpt-9" in done.stderr and "42704" in done.stderr)
    for words in (["prices"], ["prices", "sell"], ["prices", "import"], ["prices", "list", "x"],
                  ["prices", "reprice", "--from", "yesterday"], ["usage", "x"], ["queues", "x"]):
        inspect(store, *words, status=2)
        check("usage of %s" % " ".join(words), True, True)
    inspect(store, "usage", "1", status=1)
    check("five queues", 5, len(json.loads(inspect("--json", store, "queues"))))


with localcontext() as context, tempfile.TemporaryDirectory() as place:
    context.prec = 60
    main(place)
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed != 0)
