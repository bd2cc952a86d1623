#!/usr/bin/env bash
# demo.sh - a store is made, filled and asked, with each command shown before its output.
#
#   BUILD=build/release   where the programs are
#   DEMO=folder           where the store goes; without it a new folder under /tmp, which is kept
#   TRACES=folder         real calls: AzureLLMInferenceTrace_code.csv and _conv.csv
#
# `make demo` sets things up, builds and runs this. All rows are made up but those of the traces.
set -euo pipefail

BUILD=$(cd "${BUILD:-build/release}" && pwd)
PATH=$BUILD:$PATH
trace_names="AzureLLMInferenceTrace_code AzureLLMInferenceTrace_conv"

stop() {
    printf 'demo.sh: %s\n' "$1" >&2
    exit 1
}

# Bold on a terminal.
heading() {
    if [ -t 1 ]; then
        printf '\n\033[1m%s\033[0m\n' "$1"
    else
        printf '\n%s\n' "$1"
    fi
}

# Shows a command as it would be typed, and runs it.
run() {
    printf '$ %s\n' "$1"
    bash -euo pipefail -c "$1"
}

count_calls() {
    bbots-inspect --csv demo.bbots count api_token_usage | tr -d '\r' | sed -n 's/^api_token_usage,//p'
}

# Everything that can be missing is looked for before anything is made.
traces=
if [ -n "${TRACES:-}" ]; then
    traces=$(cd "$TRACES" && pwd) || stop "TRACES=$TRACES is no folder"
    for name in $trace_names; do
        [ -r "$traces/$name.csv" ] || stop "TRACES=$TRACES has no $name.csv"
    done
fi
for program in bbots-inspect bbots-sample; do
    [ -x "$BUILD/$program" ] || stop "$BUILD has no $program: run make"
done

if [ -n "${DEMO:-}" ]; then
    mkdir -p "$DEMO"
    folder=$(cd "$DEMO" && pwd)
    [ ! -e "$folder/demo.bbots" ] || stop "$folder/demo.bbots is there already: it is left alone"
else
    folder=$(mktemp -d "${TMPDIR:-/tmp}/bbots-demo.XXXXXX")
fi
cd "$folder"

heading "A store: one file with 92 tables"
run "bbots-inspect demo.bbots create"

heading "Made-up rows: 200 users, their tasks, and what a year of model calls cost"
for table in users agency_tasks task_executions api_token_usage; do
    run "bbots-sample rows --users 200 --executions 2000 --calls 20000 --table $table |
    bbots-inspect demo.bbots import $table - --format jsonl"
done

if [ -n "$traces" ]; then
    heading "Real calls: one hour of two LLM services (Azure Public Dataset, CC-BY 4.0)"
    before=$(count_calls)
    for name in $trace_names; do
        run "bbots-sample trace $(printf '%q' "$traces/$name.csv") --users 200 \\
    --model azure-${name##*_} --input-price 3 --output-price 15 --table api_token_usage |
    bbots-inspect demo.bbots import api_token_usage - --format jsonl"
    done
    after=$(count_calls)
    loaded=$((after - before))
    printf '%d real calls. The traces name no model and no price: 3 and 15 USD per million\n' \
        "$loaded"
    printf 'tokens are assumed.\n'
else
    heading "Real calls: not loaded"
    cat <<'END'
TRACES=folder loads them from AzureLLMInferenceTrace_code.csv and AzureLLMInferenceTrace_conv.csv:
28,185 calls of two LLM services in November 2023. Azure Public Dataset,
https://github.com/Azure/AzurePublicDataset ("AzureLLMInferenceTrace"; Patel et al., "Splitwise",
ISCA 2024; CC-BY 4.0).
END
fi

heading "What is in it"
run "bbots-inspect demo.bbots tables"

heading "What each model cost, to the last digit"
run "bbots-inspect demo.bbots sum api_token_usage totalTokens totalCost --by model"

heading "What each model cost on each day, from Christmas on"
run "bbots-inspect demo.bbots sum api_token_usage totalCost --by model,createdAt:day \\
    --index api_token_usage_created_at_idx --from 2025-12-25"

heading "A user by email"
email=$(bbots-sample rows --users 200 --table users |
    sed -n 's/^{"id":42,.*"email":"\([^"]*\)".*/\1/p')
run "bbots-inspect demo.bbots get users $email --by email"

heading "A second user with that email: refused, and nothing is changed"
run "echo '{\"op\":\"insert\",\"table\":\"users\",\"row\":{\"email\":\"$email\"}}' |
    bbots-inspect demo.bbots apply || echo \"exit code \$?\""

heading "Everything that is stored twice must agree"
run "bbots-inspect demo.bbots check"

heading "Go on"
cat <<END
The store stays where it is: $folder/demo.bbots
    cd $folder; PATH=$BUILD:\$PATH
    bbots-inspect demo.bbots schema users
    bbots-inspect demo.bbots scan api_token_usage --index api_token_usage_user_created_idx --from 42 --to 42
    bbots-inspect demo.bbots costs --by month
    bbots-inspect demo.bbots report -o costs.html     # a page for a browser
    bbots-inspect demo.bbots explain users 42         # what deleting a user would do
    bbots-inspect demo.bbots export --format pg -o demo.sql   # for psql -f
    bbots-inspect help
END
