/*
 * ledger/audit.c - packs, subscriptions and closed periods before their judges (audit.h).
 */
#include "ledger/audit.h"

#include "ledger/usage.h"

bool audit_is(const bbots_schema *schema, const bbots_table *table, const ledger_need *need)
{
    return strcmp(table->name, need->table) == 0 && ledger_has(schema, need);
}

static const char *name_of(const ledger_table *table, unsigned column)
{
    return table->table->columns[table->columns[column]].name;
}

bool audit_negative(judged_row *of, const ledger_table *table, unsigned column)
{
    bbots_value value = ledger_value(table, &of->row, column);
    bool negative = value.kind != BBOTS_NULL && value.integer < 0;
    if (negative) {
        const char *name = name_of(table, column);
        judge_tell(of, BBOTS_DAMAGE, name, "\"%s\" is negative", name);
    }
    return negative;
}

static void judge_period(judged_row *of, const ledger_table *table, unsigned start, unsigned end)
{
    if (ledger_integer(table, &of->row, end) < ledger_integer(table, &of->row, start)) {
        judge_tell(of, BBOTS_DAMAGE, name_of(table, end), "the period ends before it begins");
    }
}

/* ------------------------------------------------------------------ packs */

static bool judges_packs(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &usage_bought);
}

/*
 * Whether the status agrees with what remains. A pack of which nothing remains is depleted, whatever it
 * says; of one that is depleted and has something left nobody knows which of the two is right.
 */
static int judge_status(judged_row *of, const ledger_table *table, bbots_error *error)
{
    ledger_values change;
    bbots_value status = ledger_value(table, &of->row, BOUGHT_STATUS);
    bbots_value remaining = ledger_value(table, &of->row, BOUGHT_REMAINING);
    bool empty = remaining.kind != BBOTS_NULL && remaining.integer == 0 &&
                 ledger_integer(table, &of->row, BOUGHT_INCLUDED) > 0;
    if (usage_text_is(status, "depleted") &&
        (remaining.kind == BBOTS_NULL || remaining.integer > 0)) {
        judge_tell(of, BBOTS_DAMAGE, name_of(table, BOUGHT_STATUS),
                   "the status is \"depleted\", but executions remain");
    }
    if (!empty || !usage_text_is(status, "active")) {
        return BBOTS_OK;
    }
    judge_tell(of, BBOTS_DERIVED, name_of(table, BOUGHT_STATUS),
               "the status is \"active\", but no executions remain");
    ledger_values_begin(&change, table);
    ledger_set(&change, BOUGHT_STATUS, bbots_value_string("depleted"));
    return of->mend
               ? ledger_update(of->txn, &change, ledger_value(table, &of->row, BOUGHT_ID), error)
               : BBOTS_OK;
}

static int judge_pack(judged_row *of, bbots_error *error)
{
    const ledger_table *table;
    int rc = ledger_find(of->txn, &usage_bought, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_value included = ledger_value(table, &of->row, BOUGHT_INCLUDED);
    bbots_value remaining = ledger_value(table, &of->row, BOUGHT_REMAINING);
    bool negative = audit_negative(of, table, BOUGHT_INCLUDED);
    if (audit_negative(of, table, BOUGHT_REMAINING) || negative) {
        return BBOTS_OK;
    }
    if ((included.kind == BBOTS_NULL) != (remaining.kind == BBOTS_NULL)) {
        judge_tell(of, BBOTS_DAMAGE, name_of(table, BOUGHT_REMAINING),
                   "a pack of %s number has %s left", included.kind == BBOTS_NULL ? "any" : "a",
                   remaining.kind == BBOTS_NULL ? "any number" : "a number");
        return BBOTS_OK;
    }
    if (included.kind != BBOTS_NULL && remaining.integer > included.integer) {
        judge_tell(of, BBOTS_DAMAGE, name_of(table, BOUGHT_REMAINING),
                   "%lld executions remain of a pack of %lld", (long long)remaining.integer,
                   (long long)included.integer);
        return BBOTS_OK;
    }
    return judge_status(of, table, error);
}

const table_judge packs_judge = {false, judges_packs, judge_pack};

/* ------------------------------------------------------------------ subscriptions */

static bool judges_subscriptions(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &usage_subscriptions) && ledger_has(schema, &usage_tiers);
}

static void read_subscription(const ledger_table *table, const bbots_row *row, usage *read)
{
    bbots_value metadata = ledger_value(table, row, SUB_METADATA);
    memset(read, 0, sizeof *read);
    read->of = table;
    read->start = ledger_integer(table, row, SUB_START);
    read->used = ledger_integer(table, row, SUB_USED);
    read->additional = ledger_integer(table, row, SUB_ADDITIONAL);
    if (metadata.kind != BBOTS_NULL) {
        read->metadata = (bbots_json){metadata.data, metadata.size, BBOTS_JSON_PACKED};
    }
    usage_read_counters(read);
}

/* Plans may change within a period: to have used more than the plan of today grants is unusual only. */
static int note_plan(judged_row *of, const ledger_table *table, const usage *read,
                     bbots_error *error)
{
    const ledger_table *tiers;
    bbots_row tier;
    bbots_value id = ledger_value(table, &of->row, SUB_TIER);
    int rc = ledger_get(of->txn, &usage_tiers, TIER_BY_ID, &id, &tiers, &tier, error);
    if (rc != BBOTS_OK) {
        return rc == BBOTS_NOT_FOUND ? BBOTS_OK : rc;
    }
    bbots_value limit = ledger_value(tiers, &tier, TIER_LIMIT);
    int64_t of_plan = read->used - read->used_of_packs - read->overage;
    int64_t granted;
    if (limit.kind != BBOTS_NULL &&
        !__builtin_add_overflow(limit.integer, read->additional, &granted) && of_plan > granted) {
        judge_tell(of, BBOTS_NOTE, name_of(table, SUB_USED),
                   "%lld executions were used of the plan, which grants %lld", (long long)of_plan,
                   (long long)granted);
    }
    return BBOTS_OK;
}

static int judge_subscription(judged_row *of, bbots_error *error)
{
    static const uint8_t counters[] = {SUB_USED, SUB_SPAWNED, SUB_SLOTS, SUB_ADDITIONAL};
    const ledger_table *table;
    usage read;
    bool negative = false;
    int rc = ledger_find(of->txn, &usage_subscriptions, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < sizeof counters; i++) {
        negative = audit_negative(of, table, counters[i]) || negative;
    }
    judge_period(of, table, SUB_START, SUB_END);
    read_subscription(table, &of->row, &read);
    if (!negative &&
        (read.used_of_packs > read.used || read.overage > read.used - read.used_of_packs)) {
        judge_tell(of, BBOTS_DAMAGE, name_of(table, SUB_USED),
                   "%lld executions were used, but %lld of packs and %lld beyond what was granted",
                   (long long)read.used, (long long)read.used_of_packs, (long long)read.overage);
        return BBOTS_OK;
    }
    return of->usual && !negative ? note_plan(of, table, &read, error) : BBOTS_OK;
}

const table_judge subscriptions_judge = {false, judges_subscriptions, judge_subscription};

/* ------------------------------------------------------------------ closed periods */

static bool judges_periods(const bbots_schema *schema, const bbots_table *table)
{
    return audit_is(schema, table, &usage_records);
}

static int judge_closed(judged_row *of, bbots_error *error)
{
    static const uint8_t counters[] = {RECORD_USED, RECORD_PEAK, RECORD_PURCHASED,
                                       RECORD_PURCHASED_USED, RECORD_OVERAGE};
    const ledger_table *table;
    bool negative = false;
    int rc = ledger_find(of->txn, &usage_records, &table, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (size_t i = 0; i < sizeof counters; i++) {
        negative = audit_negative(of, table, counters[i]) || negative;
    }
    judge_period(of, table, RECORD_START, RECORD_END);
    int64_t used = ledger_integer(table, &of->row, RECORD_USED);
    int64_t bought = ledger_integer(table, &of->row, RECORD_PURCHASED_USED);
    int64_t overage = ledger_integer(table, &of->row, RECORD_OVERAGE);
    if (!negative && (bought > used || overage > used - bought)) {
        judge_tell(
            of, BBOTS_DAMAGE, name_of(table, RECORD_USED),
            "%lld executions were used, but %lld of additional ones and %lld beyond what was "
            "granted",
            (long long)used, (long long)bought, (long long)overage);
    }
    return BBOTS_OK;
}

const table_judge periods_judge = {false, judges_periods, judge_closed};
