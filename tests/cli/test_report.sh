#!/bin/bash
# test_report.sh - the HTML report in a real browser: it renders without a complaint on the console, asks no network,
# fits a phone and the dark, and its totals are those of the rows. Ends with "N passed, N failed".
set -u
. "$(dirname "$0")/../support/shell.sh"
inspect=${BBOTS_INSPECT:-build/release/bbots-inspect}
case $inspect in /*) ;; *) inspect=$PWD/$inspect ;; esac
sample=$(dirname "$inspect")/bbots-sample
command -v chromium >/dev/null || { echo "skipped: no chromium"; exit 77; }
make_work
browser() { # WIDTH DARK WORDS...
    width=$1
    dark=$2
    shift 2
    timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-background-networking \
        --disable-component-update --disable-sync --user-data-dir="$work/profile" --hide-scrollbars \
        --enable-logging=stderr --v=0 --window-size="$width,2400" $dark "$@" "file://$work/costs.html"
}
"$inspect" "$work/s.bb" create >/dev/null
"$sample" rows --users 5 --executions 40 --calls 3000 | "$inspect" "$work/s.bb" apply >/dev/null
check "a page is made" "$inspect" "$work/s.bb" report -o "$work/costs.html" --from 2025-11-01 --to 2026-01-01 \
    --at 2025-12-20 --tz Europe/Berlin
check "the store itself is not written over" sh -c "! '$inspect' '$work/s.bb' report -o '$work/s.bb' && '$inspect' '$work/s.bb' check --quiet"
check "what is no time is told with the forms of one" sh -c "! '$inspect' '$work/s.bb' report --at soon 2>'$work/said' &&
    grep -q '2026-01-31T12:30' '$work/said'"
check "nothing of it comes from elsewhere" sh -c "! grep -Eo '(src|href)=\"?[^\" >]*|url\\([^)]*\\)|https?:' '$work/costs.html' | grep -v '^href=\"data:'"
check "there is no script" sh -c "! grep -qi '<script' '$work/costs.html'"
browser 800 "" --dump-dom >"$work/dom" 2>"$work/console"
check "the browser shows it to its end" grep -q 'Executions that cost most' "$work/dom"
check "no complaint on the console" sh -c "! grep -q 'CONSOLE' '$work/console'"
total=$("$inspect" --json "$work/s.bb" costs --from 2025-11-01 --to 2026-01-01 | python3 -c 'import json, sys
print(json.load(sys.stdin)["total_usd"])')
check "the total is that of the rows" grep -q "<b>$total</b>" "$work/dom"
charts=$(grep -oE 'class="?chart' "$work/dom" | wc -l)
tables=$(grep -o '<table' "$work/dom" | wc -l)
check "every chart has a table" test "$charts" -ge 4 -a "$charts" -eq "$tables"
for look in "800 " "390 " "800 --force-dark-mode --enable-features=WebContentsForceDark"; do
    # shellcheck disable=SC2086
    browser ${look%% *} "${look#* }" --screenshot="$work/shot.png" >/dev/null 2>&1
    check "a picture at ${look}" sh -c "[ \$(stat -c %s '$work/shot.png') -gt 10000 ]"
    [ -z "${KEEP:-}" ] || cp "$work/shot.png" "$KEEP-${look%% *}${look:+$(echo "$look" | wc -c)}.png"
    rm -f "$work/shot.png"
done
check "the page says of which time it is" grep -q 'From 2025-11-01 00:00:00 until before 2026-01-01 00:00:00, UTC' "$work/dom"

# Amounts of many digits stay in their tiles; a budget of nothing, and days and lists with nothing in them, are said to be so.
"$inspect" "$work/w.bb" create >/dev/null
"$inspect" "$work/w.bb" report -o "$work/costs.html"
check "nothing is said to be nothing" test "$(grep -o 'nothing was spent' "$work/costs.html" | wc -l)" = 4
"$inspect" "$work/w.bb" apply >/dev/null <<'END'
{"op":"insert","table":"users","row":{"email":"a@example.org"}}
{"op":"insert","table":"cost_budgets","row":{"userId":1,"dailyBudget":"0","monthlyBudget":"5","monthlyPeriodStart":"2026-01-01"}}
{"op":"insert","table":"api_token_usage","row":{"userId":1,"model":"m","totalTokens":1,"inputCost":"0","outputCost":"0","totalCost":"987654.3210","createdAt":"2026-01-05"}}
END
check "the total is that of costs which can be in a line" test "$("$inspect" "$work/w.bb" costs --by storage | tail -1)" = \
    "Total 0.000000 USD, 0 costs"
check "costs without an execution are said to be in the total" test "$("$inspect" "$work/w.bb" top execution | tail -1)" = \
    "Total 987654.321000 USD, 1 costs, with those of no execution"
"$inspect" "$work/w.bb" report -o "$work/costs.html" --user 1 --at 2026-01-06
check "a budget has its numbers" grep -q '<td>month<td>5.0000<td>987654.3210<td>0.0000<td>0.0000<td>[0-9.]*<td>2026-02-01 00:00:00' "$work/costs.html"
check "a budget of nothing has a gauge" sh -c "! grep -q 'nan' '$work/costs.html'"
sed -i 's|</body>|<script>document.title = [...document.querySelectorAll(".tile b")].every(b => b.scrollWidth <= b.clientWidth \&\& b.getBoundingClientRect().right <= b.parentNode.getBoundingClientRect().right) ? "fits" : "too wide"</script></body>|' "$work/costs.html"
browser 360 "" --dump-dom >"$work/dom" 2>"$work/console"
check "an amount stays in its tile on a phone" grep -q '<title>fits</title>' "$work/dom"

"$inspect" "$work/s.bb" report --from 2025-01-01 >"$work/log" 2>&1
check "half a range is refused" test $? = 2
"$inspect" "$work/s.bb" report -o /nowhere/x.html >"$work/log" 2>&1
check "a file that cannot be made is refused" test $? = 3
finish
