/*
 * bbots.c - a store of libbbots: opened, loaded, and read back whole.
 *
 * Reading back ends with the library's own whole-file check, so that a work which is fast because
 * it left an index entry behind does not count.
 */
#include "bench/bbots.h"

#include "bench/measure.h"

#include <bbots/platform/api_token_usage.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bbots_must(int result, const bbots_error *error, const char *what)
{
    if (result != BBOTS_OK) {
        die("bbots: %s: %s: %s", what, bbots_status_name(result), result < 0 ? error->message : "");
    }
}

/* ------------------------------------------------------------------ open and close */

/* Flags to open with, by their names in BBOTS_BENCH_FLAGS: variants.sh shows what they cost. */
static unsigned flags_wanted(void)
{
    static const struct {
        const char *name;
        unsigned flag;
    } flags[] = {{"guard", BBOTS_OPEN_GUARD},
                 {"plain", BBOTS_OPEN_PLAIN_READS},
                 {"unfollowed", BBOTS_OPEN_UNFOLLOWED}};
    const char *wanted = getenv("BBOTS_BENCH_FLAGS");
    unsigned found = 0;
    for (size_t i = 0; wanted != NULL && i < sizeof flags / sizeof *flags; i++) {
        found |= strstr(wanted, flags[i].name) != NULL ? flags[i].flag : 0;
    }
    return found;
}

bench_store *bbots_engine_open(const char *path, bool create, durability level)
{
    bench_store *store = allocate(1, sizeof *store);
    bbots_error error;
    const char *map_mib = getenv("BBOTS_BENCH_MAP_MIB"); /* valgrind cannot map 64 GiB */
    bbots_options options = {.schema = &bbots_platform_schema,
                             .flags = flags_wanted() |
                                      (create ? BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE : 0),
                             .durability = level == DURABLE   ? BBOTS_DURABLE
                                           : level == RELAXED ? BBOTS_RELAXED
                                                              : BBOTS_BUFFERED};
    options.map_bytes = map_mib != NULL ? strtoull(map_mib, NULL, 10) << 20 : 0;
    bbots_must(bbots_open(path, &options, &store->handle, &error), &error, path);
    return store;
}

void bbots_engine_close(bench_store *store)
{
    bbots_error error;
    bbots_must(bbots_close(store->handle, &error), &error, "close");
    free(store);
}

bench_session *bbots_engine_attach(bench_store *store)
{
    bench_session *session = allocate(1, sizeof *session);
    session->handle = store->handle;
    return session;
}

void bbots_engine_detach(bench_session *session)
{
    free(session);
}

bbots_txn *bbots_engine_read(const bench_session *session)
{
    bbots_txn *txn = NULL;
    bbots_error error;
    bbots_must(bbots_begin(session->handle, BBOTS_READ, &txn, &error), &error, "begin");
    return txn;
}

/* ------------------------------------------------------------------ load */

typedef struct load_job {
    const workload *data;
    const bbots_table *table;
    workload_number number;
    uint32_t first;
    uint32_t end;
    uint8_t columns[WORKLOAD_CELLS_MAX]; /* of the cells */
} load_job;

static bbots_value value_of(const cell *from)
{
    bbots_uuid uuid;
    switch (from->kind) {
    case CELL_INTEGER:
        return bbots_value_integer(from->number);
    case CELL_BOOLEAN:
        return bbots_value_boolean(from->number != 0);
    case CELL_COST:
        return bbots_value_decimal(from->number, WORKLOAD_COST_SCALE);
    case CELL_TIMESTAMP:
        return bbots_value_timestamp(from->number);
    case CELL_TEXT:
        return bbots_value_of_bytes(BBOTS_TEXT, from->data, from->size);
    case CELL_JSON:
        return bbots_value_of_bytes(BBOTS_JSONTEXT, from->data, from->size);
    case CELL_UUID:
        memcpy(uuid.bytes, from->data, sizeof uuid.bytes);
        return bbots_value_uuid(uuid);
    case CELL_NULL:
        break;
    }
    return bbots_value_null();
}

static int insert_rows(bbots_txn *txn, void *context, bbots_error *error)
{
    const load_job *job = context;
    unsigned count = workload_tables[job->number].column_count;
    for (uint32_t id = job->first; id < job->end; id++) {
        cell_row row;
        bbots_value values[BBOTS_COLUMNS_MAX];
        uint64_t given = 0;
        workload_row(job->data, job->number, id, &row);
        for (unsigned i = 0; i < count; i++) {
            values[job->columns[i]] = value_of(&row.cells[i]);
            given |= BBOTS_COLUMN_BIT(job->columns[i]);
        }
        int result = bbots_insert(txn, job->table, values, given, NULL, error);
        if (result != BBOTS_OK) {
            return result;
        }
    }
    return BBOTS_OK;
}

void bbots_engine_load(bench_session *session, const workload *data, workload_number number)
{
    const workload_table *table = &workload_tables[number];
    load_job job = {.data = data, .number = number};
    bbots_error error;
    job.table = bbots_schema_table(&bbots_platform_schema, table->name, NULL);
    for (unsigned i = 0; i < table->column_count; i++) {
        int column = bbots_table_column(job.table, bbots_text_of(table->columns[i]));
        if (column < 0) {
            die("bbots: %s has no column %s", table->name, table->columns[i]);
        }
        job.columns[i] = (uint8_t)column;
    }
    uint32_t rows = workload_count(data, number);
    for (uint32_t first = 1; first <= rows; first += 10000) {
        job.first = first;
        job.end = rows - first < 10000 ? rows + 1 : first + 10000;
        bbots_must(bbots_write(session->handle, insert_rows, &job, &error), &error, "load");
    }
}

/* ------------------------------------------------------------------ state */

static uint64_t mix_json(uint64_t mixed, const bbots_value *value)
{
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    char *text = NULL;
    size_t size = 0;
    bbots_error error;
    bbots_must(bbots_json_print(json, &text, &size, &error), &error, "JSON");
    mixed = mix_bytes(mixed, text, size);
    free(text);
    return mixed;
}

static uint64_t mix_value(uint64_t mixed, const bbots_value *value)
{
    switch ((bbots_kind)value->kind) {
    case BBOTS_NULL:
        return mix_number(mixed, MIX_NULL);
    case BBOTS_BOOLEAN:
        return mix_number(mixed, value->boolean);
    case BBOTS_INTEGER:
    case BBOTS_DECIMAL:
    case BBOTS_TIMESTAMP:
        return mix_number(mixed, value->integer);
    case BBOTS_TEXT:
        return mix_bytes(mixed, value->data, value->size);
    case BBOTS_UUID:
        return mix_bytes(mixed, value->uuid.bytes, sizeof value->uuid.bytes);
    case BBOTS_JSON:
        return mix_json(mixed, value);
    case BBOTS_FLOAT:
    case BBOTS_JSONTEXT:
    case BBOTS_VECTOR:
    case BBOTS_BYTES:
    case BBOTS_SEALED:
        break;
    }
    die("bbots: a value of kind %u in the state", value->kind);
}

/* All columns of all rows of one table; costs into the sum where there are any. */
static void table_state(bbots_txn *txn, const bbots_table *table, answer *found)
{
    bbots_cursor *cursor = NULL;
    bbots_row row;
    bbots_error error;
    int result;
    bbots_must(bbots_cursor_open(txn, table, 0, NULL, &cursor, &error), &error, table->name);
    while ((result = bbots_cursor_next(cursor, &row, &error)) == BBOTS_OK) {
        uint64_t mixed = 0;
        for (unsigned column = 0; column < table->column_count; column++) {
            bbots_value value = bbots_row_value(&row, column);
            mixed = mix_value(mixed, &value);
        }
        if (table == &bbots_api_token_usage_table) {
            found->sum += bbots_row_value(&row, BBOTS_API_TOKEN_USAGE_COL_TOTAL_COST).integer;
        }
        found->count++;
        found->checksum += mixed;
    }
    bbots_must(result == BBOTS_END ? BBOTS_OK : result, &error, table->name);
    bbots_cursor_close(cursor);
}

static void show_finding(const bbots_finding *finding, void *context)
{
    (void)context;
    if (finding->severity != BBOTS_NOTE) {
        fprintf(stderr, "bbots-bench: check: %s %s %s: %s\n", finding->table, finding->object,
                finding->key, finding->message);
    }
}

/* The library's whole-file check: trees against rows, references, counts, digests. */
static void check_file(bbots_txn *txn)
{
    bbots_check_options options = {.findings_max = 10, .on_finding = show_finding};
    bbots_check_result result;
    bbots_error error;
    bbots_must(bbots_check(txn, &options, &result, &error), &error, "check");
    if (result.derived > 0 || result.damage > 0) {
        die("bbots: the check found damage");
    }
}

void bbots_engine_state(bench_session *session, answer *found)
{
    bbots_txn *txn = bbots_engine_read(session);
    for (unsigned i = 0; i < WORKLOAD_TABLES; i++) {
        table_state(txn, bbots_schema_table(&bbots_platform_schema, workload_tables[i].name, NULL),
                    found);
    }
    check_file(txn);
    bbots_rollback(txn);
}
