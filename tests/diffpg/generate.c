/*
 * generate.c - random statements.
 *
 * Every table is used. Tables are kept small, so that rows meet: few users with many references,
 * parents that often have children, deletes that reach far. A table that is full loses rows, an
 * empty one gets some.
 */
#include "diffpg.h"

#define ROWS_MAX     40u
#define ROWS_MAX_TOP 14u /* of a table that many refer to */

/* ------------------------------------------------------------------ transactions */

static const char *const savepoint_names[] = {"a", "b", "A b", "c"};

static verb transaction_verb(generator *from)
{
    random_source *source = &from->source;
    if (from->side->txn == NULL) {
        return chance(source, 25) ? BEGIN : INSERT;
    }
    switch (random_below(source, 100)) {
    case 0:
    case 1:
        return COMMIT;
    case 2:
        return ROLLBACK;
    case 3:
    case 4:
    case 5:
        return SAVEPOINT;
    case 6:
    case 7:
        return ROLLBACK_TO;
    case 8:
        return RELEASE;
    default:
        return INSERT;
    }
}

static void generate_transaction(generator *from, statement *made)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    if (made->verb == BEGIN) {
        int64_t at = INT64_C(1772366400000000) +
                     (int64_t)random_below(&from->source, UINT64_C(100000000000));
        bbots_timestamp_print(at, false, BBOTS_TIMESTAMP_POSTGRES, text);
        made->now = pool_print(from->memory, "%s", text);
    } else if (made->verb >= SAVEPOINT) {
        made->name = savepoint_names[random_below(&from->source, 4)];
    }
}

/* ------------------------------------------------------------------ keys */

/* A unique index; the primary key most often. */
static unsigned unique_index(generator *from, const bbots_table *table)
{
    unsigned index = (unsigned)random_below(&from->source, table->index_count);
    bool unique = (table->indexes[index].flags & BBOTS_INDEX_UNIQUE) != 0;
    return unique && chance(&from->source, 60) ? index : 0;
}

static void bad_key(generator *from, const bbots_table *table, const bbots_index *index,
                    literal *key)
{
    unsigned i = (unsigned)random_below(&from->source, index->column_count);
    manner how = chance(&from->source, 60) ? PLAIN : chance(&from->source, 50) ? ODD : BAD;
    literal_make(&from->source, from->memory, &table->columns[index->columns[i]], how, true,
                 &key[i]);
    if (chance(&from->source, 5)) {
        literal_null(&key[i]);
    }
}

static void generate_key(generator *from, statement *made)
{
    literal row[BBOTS_COLUMNS_MAX];
    uint64_t columns = 0;
    made->index = unique_index(from, made->table);
    const bbots_index *index = &made->table->indexes[made->index];
    made->key = pool_alloc(from->memory, index->column_count * sizeof *made->key);
    for (unsigned i = 0; i < index->column_count; i++) {
        columns |= BBOTS_COLUMN_BIT(index->columns[i]);
    }
    if (living_row(from, made->table, columns, row)) {
        for (unsigned i = 0; i < index->column_count; i++) {
            made->key[i] = row[index->columns[i]];
        }
    }
    if (chance(&from->source, 5)) {
        bad_key(from, made->table, index, made->key);
    }
}

/* ------------------------------------------------------------------ rows */

/* Half of the upserts meet a row. */
static void clash(generator *from, statement *made)
{
    literal row[BBOTS_COLUMNS_MAX];
    const bbots_index *index = &made->table->indexes[made->index];
    if (!living_row(from, made->table, shared_columns(made->table), row)) {
        return;
    }
    for (unsigned i = 0; i < index->column_count; i++) {
        uint64_t bit = BBOTS_COLUMN_BIT(index->columns[i]);
        if ((made->given & bit) != 0) {
            made->values[__builtin_popcountll(made->given & (bit - 1))] = row[index->columns[i]];
        }
    }
}

static void generate_upsert(generator *from, statement *made)
{
    generate_row(from, made);
    made->index = unique_index(from, made->table);
    if (chance(&from->source, 60)) {
        clash(from, made);
    }
    if (chance(&from->source, 70)) {
        generate_changes(from, made);
    }
}

/* The number that a serial will take, for PostgreSQL's sequence. */
static void note_serial(generator *from, statement *made)
{
    bool began;
    int64_t next;
    for (unsigned c = 0; c < made->table->column_count; c++) {
        bool serial = (made->table->columns[c].flags & BBOTS_COLUMN_SERIAL) != 0;
        if (serial && (made->given & BBOTS_COLUMN_BIT(c)) == 0) {
            bbots_txn *txn = store_peek(from->side, &began);
            if (bbots_serial_next(txn, made->table, &next, NULL) == BBOTS_OK) {
                made->serial = next;
            }
            store_peek_end(txn, began);
        }
    }
}

static verb row_verb(generator *from, const bbots_table *table)
{
    uint64_t rows = living_count(from, table);
    uint64_t most = table->reference_count > 20 ? ROWS_MAX_TOP : ROWS_MAX;
    uint64_t choice = random_below(&from->source, 100);
    if (rows == 0) {
        return choice < 85 ? INSERT : UPSERT;
    }
    if (rows > most) {
        return choice < 60 ? DELETE : choice < 85 ? UPDATE : UPSERT;
    }
    return choice < 42 ? INSERT : choice < 70 ? UPDATE : choice < 84 ? DELETE : UPSERT;
}

statement *generate(generator *from)
{
    statement *made = pool_alloc(from->memory, sizeof *made);
    made->verb = transaction_verb(from);
    if (made->verb >= BEGIN) {
        generate_transaction(from, made);
        return made;
    }
    const bbots_schema *schema = from->side->schema;
    made->table =
        schema->tables[chance(&from->source, 5) ? 0
                                                : random_below(&from->source, schema->table_count)];
    made->verb = row_verb(from, made->table);
    if (made->verb == INSERT) {
        generate_row(from, made);
    } else if (made->verb == UPSERT) {
        generate_upsert(from, made);
    } else {
        generate_key(from, made);
        if (made->verb == UPDATE) {
            generate_changes(from, made);
        }
    }
    if (made->verb == INSERT || made->verb == UPSERT) {
        note_serial(from, made);
    }
    return made;
}
