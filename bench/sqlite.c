/*
 * sqlite.c - SQLite set up as well as we know how, with the tables that bbots has.
 *
 * The schema is the library's own SQL, run in SQLite; one word changes: `serial` becomes `integer`,
 * which together with PRIMARY KEY makes the key the rowid. All 92 tables are there on both sides.
 * Foreign keys without a documented index get the one that bbots's generator gives them, or SQLite
 * would search whole tables in W8. Costs and times are integers, uuids 16 bytes.
 */
#include "bench/sqlite.h"

#include "bench/measure.h"

#include <bbots/schema.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sqlite_must(const bench_session *session, int result, int expected, const char *what)
{
    if (result != expected) {
        die("sqlite: %s: %s", what, sqlite3_errmsg(session->handle));
    }
}

void sqlite_run(const bench_session *session, const char *sql)
{
    sqlite_must(session, sqlite3_exec(session->handle, sql, NULL, NULL, NULL), SQLITE_OK, sql);
}

sqlite3_stmt *sqlite_prepare(const bench_session *session, const char *sql)
{
    sqlite3_stmt *prepared = NULL;
    sqlite_must(
        session,
        sqlite3_prepare_v3(session->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, NULL),
        SQLITE_OK, sql);
    return prepared;
}

/* ------------------------------------------------------------------ tables */

/* The platform's schema with `serial` as `integer`. */
static char *schema_sql(void)
{
    char *sql = NULL;
    size_t size = 0;
    if (bbots_schema_sql(&bbots_platform_schema, NULL, &sql, &size) != BBOTS_OK) {
        die("sqlite: no memory for the schema");
    }
    char *text = allocate(2 * size + 1, 1);
    char *out = text;
    const char *from = sql;
    const char *word;
    while ((word = strstr(from, " serial")) != NULL) {
        memcpy(out, from, (size_t)(word - from));
        out += word - from;
        memcpy(out, " integer", 8);
        out += 8;
        from = word + 7;
    }
    strcpy(out, from);
    free(sql);
    return text;
}

/* Indexes that bbots has because a foreign key needs one. */
static void make_reference_index(const bench_session *session, const bbots_table *table,
                                 const bbots_index *index)
{
    char sql[1024];
    int size =
        snprintf(sql, sizeof sql, "CREATE INDEX \"%s\" ON \"%s\" (", index->name, table->name);
    for (unsigned i = 0; i < index->column_count; i++) {
        size += snprintf(sql + size, sizeof sql - (size_t)size, "%s\"%s\"", i > 0 ? ", " : "",
                         table->columns[index->columns[i]].name);
    }
    snprintf(sql + size, sizeof sql - (size_t)size, ")");
    sqlite_run(session, sql);
}

static void make_tables(const bench_session *session, const char *further)
{
    char *sql = schema_sql();
    sqlite_run(session, "BEGIN");
    sqlite_run(session, sql);
    free(sql);
    for (uint32_t t = 0; t < bbots_platform_schema.table_count; t++) {
        const bbots_table *table = bbots_platform_schema.tables[t];
        for (unsigned i = 0; i < table->index_count; i++) {
            if ((table->indexes[i].flags & BBOTS_INDEX_REFERENCE) != 0) {
                make_reference_index(session, table, &table->indexes[i]);
            }
        }
    }
    sqlite_run(session, further);
    sqlite_run(session, "COMMIT");
}

char *sqlite_drop_indexes(const bench_session *session, const char *table)
{
    char *create = sqlite3_mprintf("");
    char *drop = sqlite3_mprintf("");
    sqlite3_stmt *all = sqlite_prepare(
        session, "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? "
                 "AND sql IS NOT NULL");
    sqlite3_bind_text(all, 1, table, -1, SQLITE_STATIC);
    while (sqlite3_step(all) == SQLITE_ROW) {
        create = sqlite3_mprintf("%z%s;", create, sqlite3_column_text(all, 1));
        drop = sqlite3_mprintf("%zDROP INDEX \"%w\";", drop, sqlite3_column_text(all, 0));
    }
    sqlite_must(session, sqlite3_finalize(all), SQLITE_OK, "indexes");
    sqlite_run(session, drop);
    sqlite3_free(drop);
    return create;
}

/* ------------------------------------------------------------------ open and close */

bench_store *sqlite_open(const char *path, bool create, durability level, const char *further)
{
    bench_store *store = allocate(1, sizeof *store);
    store->path = strdup(path);
    store->level = level;
    if (store->path == NULL || pthread_mutex_init(&store->writer, NULL) != 0) {
        die("sqlite: out of memory");
    }
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* no lock around each malloc */
    if (create) {
        bench_session *session = sqlite_attach(store);
        make_tables(session, further);
        sqlite_detach(session);
    }
    return store;
}

bench_store *sqlite_open_plain(const char *path, bool create, durability level)
{
    return sqlite_open(path, create, level, "");
}

bench_store *sqlite_open_covering(const char *path, bool create, durability level)
{
    return sqlite_open(path, create, level,
                       "CREATE INDEX covering_user ON api_token_usage (\"userId\", \"createdAt\", "
                       "\"totalCost\", \"totalTokens\");"
                       "CREATE INDEX covering_model ON api_token_usage (model, \"totalCost\", "
                       "\"totalTokens\")");
}

void sqlite_close(bench_store *store)
{
    pthread_mutex_destroy(&store->writer);
    free(store->path);
    free(store);
}

bench_session *sqlite_attach(bench_store *store)
{
    bench_session *session = allocate(1, sizeof *session);
    session->store = store;
    int result =
        sqlite3_open_v2(store->path, &session->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite_must(session, result, SQLITE_OK, store->path);
    sqlite3_busy_timeout(session->handle, 60000);
    sqlite_run(session, "PRAGMA journal_mode=WAL");
    sqlite_run(session,
               store->level == DURABLE ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    sqlite_run(session, "PRAGMA cache_size=-524288;"       /* 512 MiB */
                        "PRAGMA mmap_size=17179869184;"    /* as much as the build allows */
                        "PRAGMA wal_autocheckpoint=16384;" /* 64 MiB: fewer pages written twice */
                        "PRAGMA temp_store=MEMORY;"
                        "PRAGMA foreign_keys=ON");
    return session;
}

void sqlite_detach(bench_session *session)
{
    for (unsigned i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(session->prepared[i]);
    }
    sqlite_must(session, sqlite3_close(session->handle), SQLITE_OK, "close");
    free(session);
}

/* ------------------------------------------------------------------ statements */

sqlite3_stmt *sqlite_statement(bench_session *session, statement which)
{
    static const char *const texts[STATEMENTS] = {
        [BEGIN_READ] = "BEGIN",
        [BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [COMMIT] = "COMMIT",
        [INSERT_CALL] =
            "INSERT INTO api_token_usage (id, \"userId\", \"executionId\", \"requestId\", model, "
            "\"inputTokens\", \"outputTokens\", \"cacheCreationTokens\", \"cacheReadTokens\", "
            "\"totalTokens\", \"inputCost\", \"outputCost\", \"cacheCost\", \"totalCost\", "
            "\"promptType\", \"toolsUsed\", \"responseTime\", \"stopReason\", \"createdAt\") "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [READ_CALL] = "SELECT \"userId\", model, \"totalTokens\", \"totalCost\" "
                      "FROM api_token_usage WHERE id = ?",
        [FIND_USER] = "SELECT id, name FROM users WHERE email = ?",
        [SUM_WINDOW] = "SELECT count(*), sum(\"totalCost\") FROM api_token_usage "
                       "WHERE \"userId\" = ? AND \"createdAt\" >= ? AND \"createdAt\" < ?",
        [SUM_MODELS] = "SELECT model, count(*), sum(\"totalTokens\"), sum(\"totalCost\") "
                       "FROM api_token_usage GROUP BY model",
        [SUM_DAYS] = "SELECT \"userId\", \"createdAt\" / 86400000000 AS day, count(*), "
                     "sum(\"totalTokens\"), sum(\"totalCost\") "
                     "FROM api_token_usage GROUP BY \"userId\", day",
        [DELETE_USER] = "DELETE FROM users WHERE id = ?",
        [UPDATE_CALL] = "UPDATE api_token_usage SET \"responseTime\" = ? WHERE id = ?",
    };
    if (session->prepared[which] == NULL) {
        session->prepared[which] = sqlite_prepare(session, texts[which]);
    }
    return session->prepared[which];
}

void sqlite_step(const bench_session *session, sqlite3_stmt *prepared)
{
    sqlite_must(session, sqlite3_step(prepared), SQLITE_DONE, sqlite3_sql(prepared));
    sqlite3_reset(prepared);
}

void sqlite_begin_write(bench_session *session)
{
    pthread_mutex_lock(&session->store->writer);
    sqlite_step(session, sqlite_statement(session, BEGIN_WRITE));
}

void sqlite_commit_write(bench_session *session)
{
    sqlite_step(session, sqlite_statement(session, COMMIT));
    pthread_mutex_unlock(&session->store->writer);
}

/* ------------------------------------------------------------------ load and state */

static void bind_cell(sqlite3_stmt *prepared, int place, const cell *from)
{
    switch (from->kind) {
    case CELL_NULL:
        sqlite3_bind_null(prepared, place);
        break;
    case CELL_INTEGER:
    case CELL_BOOLEAN:
    case CELL_COST:
    case CELL_TIMESTAMP:
        sqlite3_bind_int64(prepared, place, from->number);
        break;
    case CELL_TEXT:
    case CELL_JSON:
        sqlite3_bind_text(prepared, place, from->data, (int)from->size, SQLITE_STATIC);
        break;
    case CELL_UUID:
        sqlite3_bind_blob(prepared, place, from->data, (int)from->size, SQLITE_STATIC);
        break;
    }
}

static sqlite3_stmt *prepare_insert(bench_session *session, const workload_table *table)
{
    char sql[1024];
    int size = snprintf(sql, sizeof sql, "INSERT INTO %s (", table->name);
    for (unsigned i = 0; i < table->column_count; i++) {
        size += snprintf(sql + size, sizeof sql - (size_t)size, "%s\"%s\"", i > 0 ? ", " : "",
                         table->columns[i]);
    }
    for (unsigned i = 0; i < table->column_count; i++) {
        size += snprintf(sql + size, sizeof sql - (size_t)size, i > 0 ? ",?" : ") VALUES (?");
    }
    snprintf(sql + size, sizeof sql - (size_t)size, ")");
    return sqlite_prepare(session, sql);
}

void sqlite_load(bench_session *session, const workload *data, workload_number number)
{
    const workload_table *table = &workload_tables[number];
    sqlite3_stmt *insert = prepare_insert(session, table);
    uint32_t rows = workload_count(data, number);
    sqlite_begin_write(session);
    for (uint32_t id = 1; id <= rows; id++) {
        cell_row row;
        workload_row(data, number, id, &row);
        for (unsigned i = 0; i < table->column_count; i++) {
            bind_cell(insert, (int)i + 1, &row.cells[i]);
        }
        sqlite_step(session, insert);
    }
    sqlite_commit_write(session);
    sqlite3_finalize(insert);
}

static uint64_t mix_column(uint64_t mixed, sqlite3_stmt *row, int column)
{
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_NULL:
        return mix_number(mixed, MIX_NULL);
    case SQLITE_INTEGER:
        return mix_number(mixed, sqlite3_column_int64(row, column));
    case SQLITE_TEXT:
    case SQLITE_BLOB:
        return mix_bytes(mixed, sqlite3_column_blob(row, column),
                         (size_t)sqlite3_column_bytes(row, column));
    default:
        die("sqlite: a floating point number in the state");
    }
}

static void table_state(bench_session *session, workload_number number, answer *found)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT * FROM %s", workload_tables[number].name);
    sqlite3_stmt *scan = sqlite_prepare(session, sql);
    int columns = sqlite3_column_count(scan);
    while (sqlite3_step(scan) == SQLITE_ROW) {
        uint64_t mixed = 0;
        for (int i = 0; i < columns; i++) {
            mixed = mix_column(mixed, scan, i);
            if (number == WORKLOAD_CALLS &&
                strcmp(sqlite3_column_name(scan, i), "totalCost") == 0) {
                found->sum += sqlite3_column_int64(scan, i);
            }
        }
        found->count++;
        found->checksum += mixed;
    }
    sqlite_must(session, sqlite3_finalize(scan), SQLITE_OK, sql);
}

void sqlite_state(bench_session *session, answer *found)
{
    for (unsigned i = 0; i < WORKLOAD_TABLES; i++) {
        table_state(session, (workload_number)i, found);
    }
}
