/*
 * postgres.c - statements on PostgreSQL, many at a time.
 *
 * A statement is one group of the pipeline, ended by a sync; a statement that will fail inside a
 * transaction stands between a savepoint and a return to it, so that the transaction goes on as
 * the store's does. Whether it will fail is what the store said: if PostgreSQL says otherwise that
 * is a difference, and nothing after it counts.
 *
 * Three things are set up so that both sides can be compared at all:
 *   1. defaults of CURRENT_TIMESTAMP read the setting diffpg.now, since PostgreSQL's clock cannot
 *      be set and the store's can;
 *   2. a serial that is left out gets the store's next number, because a sequence does not take
 *      back its numbers when a statement fails;
 *   3. foreign keys are DEFERRABLE INITIALLY IMMEDIATE, which changes no answer and allows to ask
 *      what NO ACTION says at the end of a statement (excuse.c);
 *   4. the rows of a cascade come in the order of the store's index. PostgreSQL takes them as they
 *      lie in its heap, and when two of them would be refused, the first one's constraint is named:
 *      without an order that name would be chance. So each foreign key has an index on its columns
 *      and the primary key, and the server scans by indexes (server.c).
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>

#define DIFF_NOW "2026-03-01 12:00:00.123456"

/* The parts of a statement's group beside the statement. */
enum { GUARDED = 1, SERIAL = 2, CLOCK = 4 };

/* ------------------------------------------------------------------ plain queries */

static PGresult *must_work(postgres *engine, PGresult *result, const char *sql)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_OUT) {
        give_up("%.300s: %s", sql, PQerrorMessage(engine->connection));
    }
    return result;
}

static void run(postgres *engine, const char *sql)
{
    PQclear(must_work(engine, PQexec(engine->connection, sql), sql));
}

PGresult *postgres_ask(postgres *engine, const char *sql)
{
    PQexitPipelineMode(engine->connection);
    PGresult *result = must_work(engine, PQexec(engine->connection, sql), sql);
    PQenterPipelineMode(engine->connection);
    return result;
}

/* ------------------------------------------------------------------ opening */

static void load(postgres *engine, const char *path)
{
    builder text = {NULL, 0, 0};
    char buffer[65536];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        give_up("cannot read %s", path);
    }
    for (size_t size; (size = fread(buffer, 1, sizeof buffer, file)) > 0;) {
        builder_add(&text, buffer, size);
    }
    fclose(file);
    run(engine, text.data);
    builder_free(&text);
}

static void prepare_table(const bbots_table *table, builder *sql)
{
    for (unsigned c = 0; c < table->column_count; c++) {
        const bbots_column *column = &table->columns[c];
        if (column->default_kind == BBOTS_DEFAULT_NOW) {
            builder_print(sql,
                          "ALTER TABLE \"%s\" ALTER \"%s\" SET DEFAULT "
                          "current_setting('diffpg.now')::%s;\n",
                          table->name, column->name,
                          column->type == BBOTS_TYPE_TIMESTAMP ? "timestamp" : "timestamptz");
        }
    }
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        builder_print(sql,
                      "ALTER TABLE \"%s\" ALTER CONSTRAINT \"%s\" DEFERRABLE INITIALLY "
                      "IMMEDIATE;\n",
                      table->name, table->foreign_keys[f].name);
    }
}

static bool is_first_of_reference(const bbots_table *table, unsigned column)
{
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        const bbots_foreign_key *key = &table->foreign_keys[f];
        if (table->trees[table->indexes[key->index].tree].columns[0] == column) {
            return true;
        }
    }
    return false;
}

static void add_columns(const bbots_table *table, const uint8_t *columns, unsigned count,
                        uint64_t *done, builder *sql)
{
    for (unsigned i = 0; i < count; i++) {
        if ((*done & BBOTS_COLUMN_BIT(columns[i])) == 0) {
            builder_print(sql, "%s\"%s\"", *done != 0 ? ", " : "", table->columns[columns[i]].name);
            *done |= BBOTS_COLUMN_BIT(columns[i]);
        }
    }
}

/* Gives PostgreSQL the store's order of the rows that reference one. */
static void order_references(const bbots_table *table, builder *sql)
{
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        if ((index->flags & (BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE | BBOTS_INDEX_REFERENCE |
                             BBOTS_INDEX_QUEUE | BBOTS_INDEX_ONCE)) == 0 &&
            is_first_of_reference(table, index->columns[0])) {
            builder_print(sql, "DROP INDEX \"%s\";\n", index->name);
        }
    }
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        unsigned number = table->indexes[table->foreign_keys[f].index].tree;
        const bbots_tree *tree = &table->trees[number];
        uint64_t done = 0;
        if (number != 0) {
            builder_print(sql, "CREATE INDEX ON \"%s\" (", table->name);
            add_columns(table, tree->columns, tree->column_count, &done, sql);
            add_columns(table, table->trees[0].columns, table->trees[0].column_count, &done, sql);
            builder_print(sql, ");\n");
        }
    }
}

void postgres_open(postgres *engine, const char *database, const bbots_schema *schema,
                   const char *const *files)
{
    builder sql = {NULL, 0, 0};
    memset(engine, 0, sizeof *engine);
    snprintf(engine->database, sizeof engine->database, "%s", database);
    engine->connection = server_connect("postgres");
    builder_print(&sql, "CREATE DATABASE \"%s\"", database);
    run(engine, sql.data);
    PQfinish(engine->connection);
    engine->connection = server_connect(database);
    for (; *files != NULL; files++) {
        load(engine, *files);
    }
    sql.size = 0;
    for (unsigned t = 0; t < schema->table_count; t++) {
        prepare_table(schema->tables[t], &sql);
        order_references(schema->tables[t], &sql);
    }
    run(engine, sql.data);
    run(engine, "SET diffpg.now = '" DIFF_NOW "'");
    PQenterPipelineMode(engine->connection);
    builder_free(&sql);
}

void postgres_close(postgres *engine)
{
    PQfinish(engine->connection);
    engine->connection = NULL;
}

const char *postgres_now(void)
{
    return DIFF_NOW;
}

/* ------------------------------------------------------------------ sending */

static void send_text(postgres *engine, const char *sql, int count, const char *const *values)
{
    if (PQsendQueryParams(engine->connection, sql, count, NULL, values, NULL, NULL, 0) != 1) {
        give_up("sending to PostgreSQL: %s", PQerrorMessage(engine->connection));
    }
}

static const bbots_column *serial_column(const bbots_table *table)
{
    const bbots_column *column = table->columns;
    while ((column->flags & BBOTS_COLUMN_SERIAL) == 0) {
        column++;
    }
    return column;
}

/* A sequence at its end has given its last number. */
static void send_serial(postgres *engine, const statement *one)
{
    char sql[300];
    const bbots_column *column = serial_column(one->table);
    int64_t most = column->type == BBOTS_TYPE_SMALLINT  ? INT16_MAX
                   : column->type == BBOTS_TYPE_INTEGER ? INT32_MAX
                                                        : INT64_MAX;
    bool past = one->serial > most;
    snprintf(sql, sizeof sql, "SELECT setval('\"%s_%s_seq\"', %lld, %s)", one->table->name,
             column->name, (long long)(past ? most : one->serial), past ? "true" : "false");
    send_text(engine, sql, 0, NULL);
}

static void sync(postgres *engine)
{
    if (PQpipelineSync(engine->connection) != 1) {
        give_up("PostgreSQL's pipeline: %s", PQerrorMessage(engine->connection));
    }
}

void postgres_send(postgres *engine, const statement *one, bool within, bool fails)
{
    static query made;
    char clock[100];
    unsigned shape = (within && fails ? GUARDED : 0) | (one->serial != 0 ? SERIAL : 0) |
                     (one->verb == BEGIN ? CLOCK : 0);
    if ((shape & GUARDED) != 0) {
        send_text(engine, "SAVEPOINT _diff", 0, NULL);
    }
    if ((shape & SERIAL) != 0) {
        send_serial(engine, one);
    }
    sql_query(one, &made);
    send_text(engine, made.sql.data, made.count, made.values);
    if ((shape & CLOCK) != 0) {
        snprintf(clock, sizeof clock, "SET LOCAL diffpg.now = '%s'", one->now);
        send_text(engine, clock, 0, NULL);
    }
    sync(engine);
    if ((shape & GUARDED) != 0) {
        send_text(engine, "ROLLBACK TO _diff", 0, NULL);
        send_text(engine, "RELEASE _diff", 0, NULL);
        sync(engine);
    }
    if (one->table != NULL) {
        engine->dirty[one->table->number] = true;
    }
    engine->sent++;
    engine->shape[engine->expected++] = (unsigned char)shape;
}

void postgres_flush(postgres *engine)
{
    if (PQflush(engine->connection) < 0) {
        give_up("PostgreSQL: %s", PQerrorMessage(engine->connection));
    }
}

/* ------------------------------------------------------------------ receiving */

static void copy_field(char *to, size_t room, const PGresult *result, int field)
{
    const char *text = PQresultErrorField(result, field);
    snprintf(to, room, "%s", text != NULL ? text : "");
}

static void read_error(const PGresult *result, answer *said)
{
    copy_field(said->sqlstate, sizeof said->sqlstate, result, PG_DIAG_SQLSTATE);
    copy_field(said->table, sizeof said->table, result, PG_DIAG_TABLE_NAME);
    copy_field(said->column, sizeof said->column, result, PG_DIAG_COLUMN_NAME);
    copy_field(said->constraint, sizeof said->constraint, result, PG_DIAG_CONSTRAINT_NAME);
    copy_field(said->message, sizeof said->message, result, PG_DIAG_MESSAGE_PRIMARY);
    if (said->sqlstate[0] == '\0') {
        memcpy(said->sqlstate, "25P02", 6); /* skipped behind an error */
        snprintf(said->message, sizeof said->message, "%s", PQresStatus(PQresultStatus(result)));
    }
}

static void read_row(const PGresult *result, answer *said)
{
    builder text = {NULL, 0, 0};
    for (int c = 0; c < PQnfields(result); c++) {
        if (PQgetisnull(result, 0, c)) {
            builder_add(&text, FIELD_NULL, 1);
        } else {
            builder_add(&text, PQgetvalue(result, 0, c), (size_t)PQgetlength(result, 0, c));
        }
        builder_add(&text, &(char){FIELD_END}, 1);
    }
    said->row = text.data;
    said->row_size = text.size;
}

static void read_result(PGresult *result, const statement *one, answer *said)
{
    ExecStatusType status = PQresultStatus(result);
    memset(said, 0, sizeof *said);
    memcpy(said->sqlstate, "00000", 6);
    said->rows = -1;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        read_error(result, said);
        said->rows = one == NULL || one->verb >= BEGIN ? -1 : 0;
    } else if (one != NULL && one->verb < BEGIN) {
        said->rows = atoll(PQcmdTuples(result));
        if (PQntuples(result) > 0) {
            read_row(result, said);
        }
    }
}

/* The result of one query of the pipeline, or of a sync. */
static PGresult *next_result(postgres *engine)
{
    PGresult *result = PQgetResult(engine->connection);
    if (result == NULL) {
        give_up("PostgreSQL gave no answer: %s", PQerrorMessage(engine->connection));
    }
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) {
        PGresult *none = PQgetResult(engine->connection);
        if (none != NULL) {
            give_up("PostgreSQL gave two answers to one query");
        }
    }
    return result;
}

static void skip(postgres *engine, unsigned count)
{
    while (count-- > 0) {
        PQclear(next_result(engine));
    }
}

/* The answer to what stands for one statement. */
static void receive_one(postgres *engine, unsigned shape, const statement *one, answer *said)
{
    skip(engine, (shape & GUARDED) != 0);
    skip(engine, (shape & SERIAL) != 0);
    PGresult *result = next_result(engine);
    read_result(result, one, said);
    PQclear(result);
    skip(engine, (shape & CLOCK) != 0);
    skip(engine, 1);
    skip(engine, (shape & GUARDED) != 0 ? 3 : 0);
}

void postgres_receive(postgres *engine, const statement *const *sent, answer *answers)
{
    for (unsigned i = 0; i < engine->expected; i++) {
        receive_one(engine, engine->shape[i], sent[i], &answers[i]);
    }
    engine->expected = 0;
}

/* ------------------------------------------------------------------ one alone */

static void run_one(postgres *engine, const statement *one, answer *said)
{
    query made = {.count = 0};
    sql_query(one, &made);
    PGresult *result = PQexecParams(engine->connection, made.sql.data, made.count, NULL,
                                    made.values, NULL, NULL, 0);
    read_result(result, one, said);
    PQclear(result);
    builder_free(&made.sql);
}

static bool succeeded(const answer *said)
{
    return strcmp(said->sqlstate, "00000") == 0;
}

static void run_deferred(postgres *engine, const statement *one, answer *said)
{
    answer checked;
    run(engine, "SET CONSTRAINTS ALL DEFERRED");
    run_one(engine, one, said);
    if (succeeded(said)) {
        PGresult *result = PQexec(engine->connection, "SET CONSTRAINTS ALL IMMEDIATE");
        read_result(result, NULL, &checked);
        PQclear(result);
        if (!succeeded(&checked)) {
            *said = checked;
            said->rows = 0;
        }
    }
}

void postgres_judge(postgres *engine, const statement *one, bool within, const answer *ours,
                    answer *first, answer *second)
{
    const char *undo = within ? "ROLLBACK TO _diff; RELEASE _diff" : "ROLLBACK";
    const char *begin = within ? "SAVEPOINT _diff" : "BEGIN";
    const answer *last = first;
    PQexitPipelineMode(engine->connection);
    engine->dirty[one->table->number] = true;
    engine->sent++;
    memset(second, 0, sizeof *second);
    run(engine, begin);
    run_one(engine, one, first);
    if (!answer_same(ours, first)) {
        run(engine, undo);
        run(engine, begin);
        run_deferred(engine, one, second);
        last = second;
    }
    run(engine, !succeeded(last) ? undo : within ? "RELEASE _diff" : "COMMIT");
    PQenterPipelineMode(engine->connection);
}

/* ------------------------------------------------------------------ emptying */

static void empty_tables(postgres *engine, const bbots_schema *schema)
{
    builder sql = {NULL, 0, 0};
    const char *before = "TRUNCATE ";
    bool many = engine->sent > 3000;
    builder_print(&sql, "%s", many ? "" : "SET session_replication_role = replica;");
    for (unsigned t = 0; t < schema->table_count; t++) {
        if (many) {
            builder_print(&sql, "%s\"%s\"", before, schema->tables[t]->name);
            before = ", ";
        } else if (engine->dirty[t]) {
            builder_print(&sql, "DELETE FROM \"%s\";", schema->tables[t]->name);
        }
        engine->dirty[t] = engine->dirty[t] && !many;
    }
    builder_print(&sql, "%s", many ? "" : "SET session_replication_role = origin;");
    run(engine, sql.data);
    builder_free(&sql);
}

void postgres_reset(postgres *engine, const bbots_schema *schema)
{
    PQexitPipelineMode(engine->connection);
    if (PQtransactionStatus(engine->connection) != PQTRANS_IDLE) {
        run(engine, "ROLLBACK");
    }
    empty_tables(engine, schema);
    engine->sent = 0;
    PQenterPipelineMode(engine->connection);
}
