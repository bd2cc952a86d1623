#!/bin/bash
# test_traces.sh - real LLM calls go in, come out and go in again with the same digest.
#
# TRACES names the folder of the Azure LLM inference traces (README.md says where they come from).
# Without it a trace of the same form is made up, so that the way is tested everywhere.
set -u
. "$(dirname "$0")/../support/shell.sh"
cd "$(dirname "$0")/../.." || exit 1
inspect=$PWD/${BBOTS_INSPECT:-build/release/bbots-inspect}
sample=$PWD/$(dirname "${BBOTS_INSPECT:-build/release/bbots-inspect}")/bbots-sample
make_work

check() { # WHAT WANTED GOT
    if [ "$2" = "$3" ]; then
        pass
    else
        fail "$1: wanted $2, got $3"
    fi
}

if [ -n "${TRACES:-}" ]; then
    traces=("$TRACES/AzureLLMInferenceTrace_code.csv" "$TRACES/AzureLLMInferenceTrace_conv.csv")
else
    echo "TRACES is not set: a made-up trace of 5,000 calls stands in"
    awk 'BEGIN { print "TIMESTAMP,ContextTokens,GeneratedTokens"
        for (i = 0; i < 5000; i++)
            printf "2023-11-16 %02d:%02d:%02d.%07d,%d,%d\n", 18 + i / 3600, i / 60 % 60, i % 60,
                i * 7919 % 10000000, i * 31 % 7000, i * 17 % 900 }' >"$work/trace.csv"
    traces=("$work/trace.csv")
fi
calls=0
for trace in "${traces[@]}"; do calls=$((calls + $(wc -l <"$trace") - 1)); done
# A last line without its end counts too.
for trace in "${traces[@]}"; do [ -z "$(tail -c 1 "$trace")" ] || calls=$((calls + 1)); done

new_store() { # FILE: users are there, calls are not
    "$inspect" "$1" create >/dev/null && "$inspect" --quiet "$1" import users "$work/users.jsonl" >/dev/null
}

digest() { # FILE: rows and digest of the calls
    "$inspect" --json "$1" tables | python3 -c 'import json, sys
for table in json.load(sys.stdin):
    if table.get("name", table.get("table")) == "api_token_usage":
        print(table["rows"], table["digest"])'
}

"$sample" rows --calls 1 --table users >"$work/users.jsonl"
"$sample" trace "${traces[@]}" --table api_token_usage >"$work/calls.jsonl"
new_store "$work/a.bbots"
"$inspect" --quiet "$work/a.bbots" import api_token_usage "$work/calls.jsonl" >/dev/null
first=$(digest "$work/a.bbots")
check "all calls came in" "$calls" "${first% *}"
for format in jsonl csv; do
    "$inspect" "$work/a.bbots" export api_token_usage -o "$work/out.$format" >/dev/null
    new_store "$work/$format.bbots"
    "$inspect" --quiet "$work/$format.bbots" import api_token_usage "$work/out.$format" >/dev/null
    check "the same digest by $format" "$first" "$(digest "$work/$format.bbots")"
    "$inspect" --quiet "$work/$format.bbots" check >/dev/null
    check "no findings after $format" 0 $?
done
wanted=$(python3 - "${traces[@]}" <<'PYTHON'
import csv, sys
print(sum(int(row["ContextTokens"]) + int(row["GeneratedTokens"])
          for name in sys.argv[1:] for row in csv.DictReader(open(name))))
PYTHON
)
check "the tokens add up" "$wanted" "$("$inspect" --csv "$work/a.bbots" sum api_token_usage totalTokens | tail -n 1 | tr -d '\r' | sed 's/.*,//')"
# Cost by day, once more by Python's decimal: each call rounded half up to four digits, then added.
wanted=$(python3 - "${traces[@]}" <<'PYTHON'
import csv, sys
from decimal import Decimal, ROUND_HALF_UP
days = {}
for name in sys.argv[1:]:
    for row in csv.DictReader(open(name)):
        cost = (Decimal(row["ContextTokens"]) * 3 + Decimal(row["GeneratedTokens"]) * 15) / 1000000
        day = row["TIMESTAMP"][:10]
        days[day] = days.get(day, Decimal(0)) + cost.quantize(Decimal("0.0001"), ROUND_HALF_UP)
for day in sorted(days):
    print(day, "%.6f" % days[day])
PYTHON
)
check "the cost of each day, to the last digit" "$wanted" "$("$inspect" --csv "$work/a.bbots" costs --by day |
    tail -n +2 | cut -d , -f 1,2 | tr ',' ' ')"
check "and of all summaries" "$(echo "$wanted" | python3 -c 'import sys
from decimal import Decimal
print("%.4f" % sum(Decimal(line.split()[1]) for line in sys.stdin))')" "$("$inspect" --csv "$work/a.bbots" \
    sum daily_cost_summaries totalCostUsd | tail -n 1 | tr -d '\r' | sed 's/.*,//')"
finish
