#!/bin/bash
# fuzz.sh - searches targets with libFuzzer, in turns, and says what was found.
#
#   fuzz.sh FOLDER-OF-PROGRAMS SECONDS SEED TARGET...
#
# First the canary, which has to be found: else the search is worth nothing. SECONDS are what each
# target gets of a processor's time, so that a busy machine flatters nobody. What was spent is kept in
# build/fuzz-spent/TARGET (seconds, inputs, rounds): a search that was stopped goes on from there.
# Remove that folder to begin anew, as a new build may deserve.
#
# Each target begins with tests/fuzz/corpus/TARGET; what it finds goes to build/fuzz-found/TARGET,
# breaking inputs to build/fuzz-broken. A target with an input that still breaks is not searched
# further; one that no longer breaks is an input like any other. The last line is the proof's.
set -u
programs=$1 seconds=$2 seed=$3
shift 3
broken=build/fuzz-broken spent=build/fuzz-spent
longest=180 # seconds of a round by the clock: what is lost when it is stopped
mkdir -p "$broken" "$spent"
export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}

look_for_canary() {
    if "$programs/canary" -seed="$seed" -max_total_time=60 -artifact_prefix="$broken/canary-" \
        >"$broken/canary.log" 2>&1; then
        echo "fuzz: the canary was not found in 60 seconds (it must be) FAIL"
        exit 1
    fi
    rm -f "$broken"/canary*
}

# Sets used, inputs and rounds to what target $1 got so far.
so_far() {
    used=0 inputs=0 rounds=0
    [ ! -e "$spent/$1" ] || read -r used inputs rounds <"$spent/$1"
}

# Is there an input that breaks target $1 still?
is_broken() {
    local input answer=1
    for input in "$broken/$1"-crash-* "$broken/$1"-leak-* "$broken/$1"-timeout-* "$broken/$1"-oom-*; do
        [ -e "$input" ] || continue
        if "$programs/$1" -timeout=60 "$input" >/dev/null 2>&1; then
            mv "$input" "build/fuzz-found/$1"
        else
            answer=0
        fi
    done
    return $answer
}

# A round of target $1, whose processor seconds are no more than $2: one thread uses no more than the
# clock says.
search() {
    local target=$1 words=tests/fuzz/$1.dict log=$broken/$1.log time=$broken/$1.time TIMEFORMAT='%U %S' count
    { time "$programs/$target" -seed=$((seed + rounds)) -max_total_time="$2" -timeout=60 -rss_limit_mb=3000 \
        -max_len="$(case $target in schema | sql | import | apply) echo 4096 ;; *) echo 1024 ;; esac)" \
        -print_final_stats=1 -artifact_prefix="$broken/$target-" \
        $([ -e "$words" ] && echo "-dict=$words") "build/fuzz-found/$target" "tests/fuzz/corpus/$target" \
        >"$log" 2>&1; } 2>"$time"
    count=$(awk '/stat::number_of_executed_units/ { print $2 }' "$log")
    used=$(awk -v before="$used" '{ printf "%.1f", before + $1 + $2 }' "$time")
    inputs=$((inputs + ${count:-0})) rounds=$((rounds + 1))
    echo "$used $inputs $rounds" >"$spent/$target"
    rm -f "$time"
}

# Turns until each target has had its seconds: a search that is stopped has looked at all alike.
look_for_canary
missing=yes
while [ -n "$missing" ]; do
    missing=
    for target in "$@"; do
        mkdir -p "build/fuzz-found/$target"
        so_far "$target"
        left=$(awk -v used="$used" -v all="$seconds" -v most="$longest" \
            'BEGIN { left = all - used; print (left <= 0 ? 0 : left > most ? most : int(left) + 1) }')
        if [ "$left" != 0 ] && ! is_broken "$target"; then
            missing=yes
            search "$target" "$left"
        fi
    done
done

findings=0 all=0 sum=0 least=
for target in "$@"; do
    so_far "$target"
    all=$((all + inputs))
    sum=$(awk "BEGIN { print $sum + $used }")
    least=$(awk -v least="${least:-$used}" -v used="$used" 'BEGIN { print (int(used < least ? used : least)) }')
    word=nothing
    if is_broken "$target"; then
        findings=$((findings + 1))
        word="FOUND: see $broken/$target.log"
    fi
    echo "  $target: $inputs inputs in $used s, $(ls "build/fuzz-found/$target" | wc -l) kept, $word"
done
echo "fuzz: $all inputs in $# targets, at least $least s of a processor each, $sum s in all, canary found," \
    "$findings findings (0) $([ $findings = 0 ] && echo ok || echo FAIL)"
[ $findings = 0 ]
