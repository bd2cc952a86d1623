#!/bin/sh
# bill.sh FOLDER - from the real traces in FOLDER to a monthly bill: what docs/bill.md shows.
#
# FOLDER has AzureLLMInferenceTrace_code.csv and AzureLLMInferenceTrace_conv.csv (README.md says
# where they come from). The store and costs.html stay in the folder that is printed at the end.
set -eu
traces=$(cd "${1:?bill.sh FOLDER}" && pwd)
programs=$(cd "$(dirname "$0")/../${BUILD:-build/release}" && pwd)
PATH=$programs:$PATH
folder=$(mktemp -d)
cd "$folder"

bbots-inspect --quiet bill.bbots create
bbots-sample rows --users 20 --table users | bbots-inspect --quiet bill.bbots import users - --format jsonl >/dev/null
for service in code conv; do
    bbots-sample trace "$traces/AzureLLMInferenceTrace_$service.csv" --users 20 --model "$service" \
        --input-price 3 --output-price 15 --table api_token_usage |
        bbots-inspect --quiet bill.bbots import api_token_usage - --format jsonl >/dev/null
done
bbots-inspect bill.bbots costs
echo
bbots-inspect bill.bbots costs --by model
echo
bbots-inspect bill.bbots costs --by hour
echo
bbots-inspect bill.bbots top user --limit 5
echo
echo "The bill of user 7, November 2023:"
bbots-inspect bill.bbots costs --user 7 --from 2023-11-01 --to 2023-12-01
bbots-inspect bill.bbots report -o costs.html
bbots-inspect --quiet bill.bbots check
echo "in $folder"
