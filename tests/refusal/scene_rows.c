/* tests/refusal/scene_rows.c - statements, cursors, sums and savepoints; see refusal.h. */
#include "refusal.h"

static const bbots_table *const users = &bbots_users_table;

static int act_insert(stage *at, bbots_error *error)
{
    return put(at->txn, error, &bbots_user_profiles_table, "userId", integer(4), "goals",
               json_of("{\"a\": [1, {\"b\": 2.5}], \"c\": \"x\"}"), "notes", string("n"), NULL);
}

static int act_refused_insert(stage *at, bbots_error *error)
{
    bbots_error refused;
    int rc = put(at->txn, &refused, users, "email", string("user1@example.org"), NULL);
    if (rc == BBOTS_UNIQUE_VIOLATION) {
        return BBOTS_OK;
    }
    *error = refused;
    return rc;
}

static int act_get(stage *at, bbots_error *error)
{
    bbots_value key = string("user2@example.org");
    bbots_row row;
    int index = bbots_table_index(users, "users_email_key");
    int rc = bbots_get(at->txn, users, (unsigned)index, &key, &row, error);
    if (rc == BBOTS_OK && (bbots_row_value(&row, 0).integer != 2 || bbots_row_is_deleted(&row))) {
        return BBOTS_CORRUPTED;
    }
    return rc;
}

static int act_update(stage *at, bbots_error *error)
{
    return change(at->txn, error, users, 2, "email", string("new@example.org"), "name",
                  bbots_value_null(), NULL);
}

static int act_upsert(stage *at, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bool inserted;
    int email = bbots_table_column(users, bbots_text_of("email"));
    int name = bbots_table_column(users, bbots_text_of("name"));
    int index = bbots_table_index(users, "users_email_key");
    uint64_t set = BBOTS_COLUMN_BIT(email) | BBOTS_COLUMN_BIT(name);
    values[email] = string("user3@example.org");
    values[name] = string("again");
    return bbots_upsert(at->txn, users, (unsigned)index, values, set, values, set, NULL, &inserted,
                        error);
}

/* User 2 goes with his tasks, and a run of them with its task. */
static int act_delete(stage *at, bbots_error *error)
{
    bbots_value key = integer(1);
    bbots_deleted deleted;
    return bbots_delete(at->txn, &bbots_agency_tasks_table, 0, &key, &deleted, error);
}

static int act_delete_at_most(stage *at, bbots_error *error)
{
    bbots_value key = integer(3);
    bbots_deleted deleted;
    return bbots_delete_at_most(at->txn, users, 0, &key, 100, &deleted, error);
}

static int act_soft_delete(stage *at, bbots_error *error)
{
    bbots_value key = integer(1);
    return bbots_soft_delete(at->txn, &bbots_credentials_table, 0, &key, error);
}

static int act_explain(stage *at, bbots_error *error)
{
    bbots_value key = integer(2);
    bbots_explanation *found;
    int rc = bbots_explain_delete(at->txn, users, 0, &key, &found, error);
    if (rc == BBOTS_OK) {
        bbots_explanation_free(found);
    }
    return rc;
}

static int act_records(stage *at, bbots_error *error)
{
    bbots_users ada = {.given = BBOTS_USERS_EMAIL, .email = bbots_text_of("ada@example.org")};
    bool inserted;
    int rc = bbots_record_insert(at->txn, users, &ada, error);
    rc = rc < 0 ? rc : bbots_record_get(at->txn, users, 0, &ada, error);
    ada.name = bbots_text_of("Ada");
    rc = rc < 0 ? rc : bbots_record_update(at->txn, users, &ada, BBOTS_USERS_NAME, error);
    ada = (bbots_users){.given = BBOTS_USERS_EMAIL, .email = bbots_text_of("ada@example.org")};
    int index = bbots_table_index(users, "users_email_key");
    rc = rc < 0 ? rc
                : bbots_record_upsert(at->txn, users, (unsigned)index, &ada, BBOTS_USERS_EMAIL,
                                      &inserted, error);
    return rc < 0 ? rc : bbots_record_delete(at->txn, users, &ada, NULL, error);
}

static int act_counts(stage *at, bbots_error *error)
{
    uint64_t count;
    bbots_digest digest;
    int64_t next;
    int rc = bbots_count(at->txn, users, &count, error);
    rc = rc < 0 ? rc : bbots_table_digest(at->txn, users, &digest, error);
    rc = rc < 0 ? rc : bbots_store_digest(at->txn, &digest, error);
    rc = rc < 0 ? rc : bbots_serial_next(at->txn, users, &next, error);
    return bbots_txn_store(at->txn) == at->store ? rc : BBOTS_CORRUPTED;
}

static int act_serial(stage *at, bbots_error *error)
{
    return bbots_serial_advance(at->txn, users, 1000, error);
}

/* ------------------------------------------------------------------ cursors and sums */

static int act_cursor(stage *at, bbots_error *error)
{
    bbots_value from = string("user1@example.org");
    bbots_range range = {.from = &from, .from_count = 1, .limit = 3};
    bbots_cursor *cursor;
    bbots_users record;
    bbots_row row;
    int index = bbots_table_index(users, "users_email_key");
    int rc = bbots_cursor_open(at->txn, users, (unsigned)index, &range, &cursor, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_cursor_next(cursor, &row, error);
    if (rc == BBOTS_OK) {
        bbots_record_read(&row, &record);
    }
    while (rc == BBOTS_OK) {
        rc = bbots_cursor_next_record(cursor, &record, error);
    }
    bbots_cursor_close(cursor);
    return rc;
}

/* All rows of all tables. */
static int act_all_tables(stage *at, bbots_error *error)
{
    const bbots_schema *schema = bbots_store_schema(at->store);
    int rc = BBOTS_OK;
    for (unsigned t = 0; t < schema->table_count && rc >= 0; t++) {
        const bbots_table *table = bbots_store_table(at->store, schema->tables[t]->name, error);
        bbots_cursor *cursor;
        bbots_row row;
        rc = table == NULL ? BBOTS_UNKNOWN_TABLE
                           : bbots_cursor_open(at->txn, table, 0, NULL, &cursor, error);
        if (rc >= 0) {
            while ((rc = bbots_cursor_next(cursor, &row, error)) == BBOTS_OK) {
            }
            bbots_cursor_close(cursor);
        }
    }
    return rc;
}

static int act_summary(stage *at, bbots_error *error)
{
    const bbots_table *table = &bbots_api_token_usage_table;
    int model = bbots_table_column(table, bbots_text_of("model"));
    int cost = bbots_table_column(table, bbots_text_of("totalCost"));
    int time = bbots_table_column(table, bbots_text_of("createdAt"));
    bbots_summary_query query = {
        .table = table,
        .groups = {{(uint16_t)model, 0}, {(uint16_t)time, BBOTS_TIME_DAY}},
        .group_count = 2,
        .measures = {{BBOTS_COUNT, -1}, {BBOTS_SUM, (int16_t)cost}, {BBOTS_MAX, (int16_t)time}},
        .measure_count = 3};
    bbots_summary *summary;
    int rc = bbots_summarize(at->txn, &query, &summary, error);
    if (rc >= 0) {
        if (bbots_summary_count(summary) == 0 ||
            bbots_summary_group(summary, 0, 0).kind != BBOTS_TEXT ||
            bbots_summary_measure(summary, 0, 0).low == 0) {
            rc = BBOTS_CORRUPTED;
        }
        bbots_summary_free(summary);
    }
    return rc;
}

static int act_get_batch(stage *at, bbots_error *error)
{
    bbots_value keys[] = {integer(1), integer(2), integer(999)};
    bbots_batch *batch;
    bbots_batch_values emails;
    uint32_t found = 0;
    int email = bbots_table_column(users, bbots_text_of("email"));
    int rc = bbots_batch_new(users, NULL, 0, &batch, error);
    if (rc >= 0) {
        rc = bbots_get_batch(at->txn, 0, keys, 3, batch, &found, error);
        bbots_batch_column(batch, (unsigned)email, &emails);
        if (rc >= 0 && (found != 2 || bbots_batch_rows(batch) != 3 || emails.ends[1] == 0)) {
            rc = BBOTS_CORRUPTED;
        }
        bbots_batch_free(batch);
    }
    return rc;
}

static int act_cursor_batch(stage *at, bbots_error *error)
{
    bbots_batch *batch;
    bbots_cursor *cursor = NULL;
    int rc = bbots_batch_new(&bbots_api_token_usage_table, NULL, 0, &batch, error);
    if (rc >= 0) {
        rc = bbots_cursor_open(at->txn, &bbots_api_token_usage_table, 1, NULL, &cursor, error);
        while (rc == BBOTS_OK) {
            rc = bbots_cursor_next_batch(cursor, 5, batch, error);
        }
        bbots_cursor_close(cursor);
        bbots_batch_free(batch);
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int act_insert_batch(stage *at, bbots_error *error)
{
    bbots_value values[2 * BBOTS_COLUMNS_MAX];
    int email = bbots_table_column(users, bbots_text_of("email"));
    values[email] = string("batch1@example.org");
    values[users->column_count + email] = string("batch2@example.org");
    return bbots_insert_batch(at->txn, users, values, BBOTS_COLUMN_BIT(email), 2, error);
}

static int act_live(stage *at, bbots_error *error)
{
    const bbots_table *table = &bbots_api_token_usage_table;
    int model = bbots_table_column(table, bbots_text_of("model"));
    int cost = bbots_table_column(table, bbots_text_of("totalCost"));
    bbots_live_query query = {.table = table,
                              .live = &table->lives[0],
                              .from = NOW - 3 * DAY,
                              .to = NOW - 1,
                              .groups = {{(uint16_t)model, 0}},
                              .group_count = 1,
                              .measures = {{BBOTS_COUNT, -1}, {BBOTS_SUM, (int16_t)cost}},
                              .measure_count = 2};
    bbots_summary *summary;
    int rc = bbots_live_summarize(at->txn, &query, &summary, error);
    if (rc >= 0) {
        bbots_summary_free(summary);
    }
    return rc;
}

static int act_live_rebuild(stage *at, bbots_error *error)
{
    return bbots_live_rebuild(at->txn, NULL, error);
}

/* ------------------------------------------------------------------ transactions */

static int act_savepoint(stage *at, bbots_error *error)
{
    int rc = bbots_savepoint(at->txn, "one", error);
    rc = rc < 0 ? rc : change(at->txn, error, users, 2, "name", string("other"), NULL);
    rc = rc < 0 ? rc : bbots_savepoint(at->txn, "two", error);
    rc = rc < 0 ? rc : act_delete(at, error);
    rc = rc < 0 ? rc : bbots_savepoint_rollback(at->txn, "one", error);
    return rc < 0 ? rc : bbots_savepoint_release(at->txn, "one", error);
}

static void count_orphan(const bbots_orphan *orphan, void *context)
{
    *(unsigned *)context += orphan->row != NULL;
}

static int act_defer(stage *at, bbots_error *error)
{
    unsigned orphans = 0;
    uint64_t count;
    int rc = bbots_defer_references(at->txn, NULL, error);
    rc = rc < 0 ? rc
                : put(at->txn, error, &bbots_sessions_table, "id", string("s"), "userId",
                      integer(9), "expiresAt", time_at(NOW), NULL);
    rc = rc < 0 ? rc
                : put(at->txn, error, users, "id", integer(9), "email", string("late@example.org"),
                      NULL);
    return rc < 0 ? rc : bbots_judge_references(at->txn, count_orphan, &orphans, &count, error);
}

static int act_check(stage *at, bbots_error *error)
{
    bbots_check_result result;
    bbots_check_options options = {.usual_values = true};
    return bbots_check(at->txn, &options, &result, error);
}

static int act_repair(stage *at, bbots_error *error)
{
    bbots_check_result result;
    return bbots_repair(at->txn, NULL, NULL, &result, error);
}

const scene row_scenes[] = {
    {"insert", WRITES, 0, act_insert},
    {"refused insert", WRITES, 0, act_refused_insert},
    {"get", READS, 0, act_get},
    {"update", WRITES, 0, act_update},
    {"upsert", WRITES, 0, act_upsert},
    {"delete", WRITES, 0, act_delete},
    {"delete at most", WRITES, 0, act_delete_at_most},
    {"soft delete", WRITES, 0, act_soft_delete},
    {"explain", READS, 0, act_explain},
    {"records", WRITES, STEPWISE, act_records},
    {"counts", READS, 0, act_counts},
    {"serial", WRITES, 0, act_serial},
    {"cursor", READS, TOLERANT_LMDB, act_cursor}, /* what it meets ahead it meets again */
    {"get batch", READS, 0, act_get_batch},
    {"cursor batch", READS, 0, act_cursor_batch},
    {"insert batch", WRITES, 0, act_insert_batch},
    {"all tables", READS, 0, act_all_tables},
    {"summary", READS, 0, act_summary},
    {"live", READS, 0, act_live},
    {"live rebuild", WRITES, 0, act_live_rebuild},
    {"savepoint", WRITES, STEPWISE, act_savepoint},
    {"defer", WRITES, STEPWISE, act_defer},
    {"check", READS, TOLERANT, act_check},
    {"repair", WRITES, UNFORGIVING, act_repair},
    {NULL, PLAIN, 0, NULL},
};
