/*
 * table/salvage.c - every provable row of a broken file goes into a new store.
 *
 * A row is provable when its checksum fits: the checksum is seeded with the table's name, so it tells
 * the table too, and the row holds its own key. Where it was found then matters little. Leaves are
 * read without LMDB (store_leaves()): those of trees by their tree's name, others against every
 * table of the schema.
 *
 * The new store holds all constraints. A row is written unless it lacks a value that must be
 * there, or another row has its primary key or a unique key already. References are judged
 * when all rows are there, by going over them until none is left that leads nowhere: rows that
 * reference one another in a circle stay. What is dropped is reported with its reason.
 *
 * Which of two rows with one key is the newer nothing in the file tells. The one that a tree reached
 * comes first, and stays.
 *
 * The new store is made under a working name (store/make.c) and gets its own when it is whole: what a
 * salvage leaves that is killed half way is never taken for its result.
 */
#include "table/check.h"

#include "schema/schema.h"

#include <stdlib.h>

#define BATCH_ROWS 5000u

typedef struct salvage {
    const bbots_salvage_options *options;
    bbots_salvage_result *result;
    bbots_error *error;
    bbots_store *store; /* the new one */
    bbots_txn *txn;
    unsigned batch;
    bb_arena arena; /* of a schema that was found */
    const bbots_schema *candidate;
    bbots_fingerprint fingerprint;
    bool fingerprint_known;
    const bbots_schema *schema;
} salvage;

/* ------------------------------------------------------------------ reporting */

static void report(const salvage *run, const bbots_table *table, const char *object,
                   store_bytes key, const char *message)
{
    char text[ROW_KEY_TEXT_MAX];
    if (run->options->on_loss == NULL) {
        return;
    }
    bbots_finding finding = {.severity = BBOTS_DAMAGE,
                             .table = table->name,
                             .object = object,
                             .key = check_key_text(table, key, text),
                             .message = message};
    run->options->on_loss(&finding, run->options->context);
}

/* A failure that is not the row's: it ends the salvage. */
static int fail_with(salvage *run, const bbots_error *why)
{
    bb_error_give(run->error, why);
    return why->code;
}

/* ------------------------------------------------------------------ the schema */

static bool is_key(store_bytes key, const char *name)
{
    return key.size == strlen(name) && memcmp(key.data, name, key.size) == 0;
}

/*
 * The schema record has no checksum of its own: the format record's fingerprint proves it. Either
 * may come first.
 */
static int find_schema(store_bytes tree, store_bytes key, store_bytes value, void *context)
{
    salvage *run = context;
    (void)tree;
    if (is_key(key, "@bbots") && value.size >= CATALOG_FORMAT_SIZE) {
        memcpy(run->fingerprint.bytes, (const uint8_t *)value.data + CATALOG_FINGERPRINT_AT,
               sizeof run->fingerprint.bytes);
        run->fingerprint_known = true;
    } else if (is_key(key, "@schema")) {
        const bbots_schema *found = NULL;
        bbots_error why;
        bb_error_clear(&why);
        int rc = schema_deserialize(&run->arena, value.data, value.size, &found, &why);
        if (rc == BBOTS_NO_MEMORY) {
            return fail_with(run, &why);
        }
        run->candidate = rc == BBOTS_OK ? found : run->candidate;
    }
    if (run->fingerprint_known && run->candidate != NULL &&
        memcmp(&run->candidate->fingerprint, &run->fingerprint, sizeof run->fingerprint) == 0) {
        run->schema = run->candidate;
        return BBOTS_END;
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ rows */

static int next_batch(salvage *run)
{
    int rc = BBOTS_OK;
    if (run->txn != NULL && run->batch >= BATCH_ROWS) {
        bbots_txn *full = run->txn;
        run->txn = NULL;
        rc = bbots_commit(full, run->error);
    }
    if (rc == BBOTS_OK && run->txn == NULL) {
        run->batch = 0;
        rc = bbots_begin(run->store, BBOTS_WRITE, &run->txn, run->error);
    }
    return rc;
}

/* A row that is the same, byte by byte, under the same key: found twice. */
static bool is_there(salvage *run, engine_table *engine, const engine_image *image)
{
    bbots_row row;
    bb_hash hash;
    store_bytes key = {image->key, image->key_size};
    return row_fetch(run->txn, engine, key, &row, &hash, NULL) == BBOTS_OK &&
           hash.low == image->hash.low && hash.high == image->hash.high;
}

static int write_row(salvage *run, engine_table *engine, const engine_image *image)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_error why;
    txn_table *state;
    store_bytes key = {image->key, image->key_size};
    for (unsigned c = 0; c < engine->table->column_count; c++) {
        values[c] = codec_row_value(image->row.layout, image->row.data, image->row.size, c);
    }
    bb_error_clear(&why);
    int rc = txn_touch(run->txn, engine, &state, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = check_not_null(engine, values, ~UINT64_C(0), &why);
    if (rc == BBOTS_OK) {
        rc = check_unique(run->txn, engine, NULL, image, ~UINT64_C(0), &why);
        if (rc == BBOTS_UNIQUE_VIOLATION && is_there(run, engine, image)) {
            return BBOTS_OK;
        }
    }
    if (rc == BBOTS_NOT_NULL_VIOLATION || rc == BBOTS_UNIQUE_VIOLATION) {
        run->result->dropped++;
        report(run, engine->table, why.constraint, key, why.message);
        return BBOTS_OK;
    }
    if (rc != BBOTS_OK) {
        return fail_with(run, &why);
    }
    rc = table_change(run->txn, state, NULL, image, run->error);
    if (rc == BBOTS_OK) {
        serial_note(state, &image->row);
        run->result->rows++;
        run->batch++;
    }
    return rc;
}

/* The row that some bytes prove to be, of this table. */
static bool prove(engine_table *engine, store_bytes key, store_bytes value, engine_image *image)
{
    if (row_open(engine, value, &image->row, &image->hash, NULL) != BBOTS_OK ||
        row_confirm_key(engine, &image->row, key, NULL) != BBOTS_OK ||
        key.size > sizeof image->key) {
        return false;
    }
    memcpy(image->key, key.data, key.size);
    image->key_size = key.size;
    return true;
}

static engine_table *table_of_tree(const salvage *run, store_bytes tree)
{
    for (uint32_t t = 0; t < run->schema->table_count; t++) {
        const char *name = run->schema->tables[t]->trees[0].name;
        if (strlen(name) == tree.size && memcmp(name, tree.data, tree.size) == 0) {
            return &run->store->tables[t];
        }
    }
    return NULL;
}

static int take_row(store_bytes tree, store_bytes key, store_bytes value, void *context)
{
    salvage *run = context;
    engine_image image;
    engine_table *engine = tree.data != NULL ? table_of_tree(run, tree) : NULL;
    engine_table *statement;
    int rc = next_batch(run);
    if (rc == BBOTS_OK) {
        rc = statement_begin(run->txn, run->schema->tables[0], true, &statement, run->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (tree.data != NULL) {
        if (engine == NULL) {
            return BBOTS_OK; /* an index tree */
        }
        if (prove(engine, key, value, &image)) {
            return write_row(run, engine, &image);
        }
        run->result->damaged++;
        report(run, engine->table, "", key, "the row's checksum, shape or key does not fit");
        return BBOTS_OK;
    }
    for (uint32_t t = 0; t < run->schema->table_count; t++) {
        if (prove(&run->store->tables[t], key, value, &image)) {
            run->result->scattered++;
            return write_row(run, &run->store->tables[t], &image);
        }
    }
    return BBOTS_OK; /* no row, or not provable */
}

/* ------------------------------------------------------------------ references */

/* Takes a row out whose reference leads nowhere. */
static int drop_orphan(salvage *run, engine_table *engine, engine_image *image, const char *why,
                       const char *constraint)
{
    txn_table *state;
    store_bytes key = {image->key, image->key_size};
    int rc = txn_touch(run->txn, engine, &state, run->error);
    report(run, engine->table, constraint, key, why);
    run->result->dropped++;
    run->result->rows--;
    if (rc == BBOTS_OK) {
        rc = row_keep(run->txn, image, run->error);
    }
    return rc == BBOTS_OK ? table_change(run->txn, state, image, NULL, run->error) : rc;
}

/* The first row behind `after` whose references do not hold. BBOTS_END: there is none. */
static int find_orphan(salvage *run, engine_table *engine, store_bytes after, engine_image *image,
                       bbots_error *why)
{
    store_cursor cursor;
    store_bytes key;
    store_bytes data;
    int rc = store_cursor_open(&run->txn->base, engine->trees[0], &cursor, run->error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int step = store_cursor_seek(&cursor, after, &key, &data, run->error);
    while (step == BBOTS_OK) {
        bb_error_clear(why);
        step = row_open(engine, data, &image->row, &image->hash, run->error);
        rc = step == BBOTS_OK
                 ? reference_check_parents(run->txn, engine, NULL, &image->row, ~UINT64_C(0), why)
                 : step;
        if (rc != BBOTS_OK) {
            memcpy(image->key, key.data, key.size);
            image->key_size = key.size;
            break;
        }
        step = store_cursor_move(&cursor, STORE_NEXT, &key, &data, run->error);
    }
    store_cursor_close(&cursor);
    if (step != BBOTS_OK) {
        return step;
    }
    return rc == BBOTS_FOREIGN_KEY_VIOLATION ? BBOTS_OK : fail_with(run, why);
}

static int drop_orphans_of(salvage *run, engine_table *engine, bool *any)
{
    engine_image image = {.key_size = 0};
    bbots_error why;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK) {
        store_bytes after = {image.key, image.key_size};
        engine_table *statement;
        rc = next_batch(run);
        if (rc == BBOTS_OK) {
            rc = statement_begin(run->txn, engine->table, true, &statement, run->error);
        }
        if (rc == BBOTS_OK) {
            rc = find_orphan(run, engine, after, &image, &why);
        }
        if (rc == BBOTS_OK) {
            *any = true;
            run->batch++;
            rc = drop_orphan(run, engine, &image, why.message, why.constraint);
            reference_forget(run->txn);
        }
    }
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

static int drop_orphans(salvage *run)
{
    bool any = true;
    int rc = BBOTS_OK;
    while (any && rc == BBOTS_OK) {
        any = false;
        for (uint32_t t = 0; t < run->schema->table_count && rc == BBOTS_OK; t++) {
            if (run->schema->tables[t]->foreign_key_count > 0) {
                rc = drop_orphans_of(run, &run->store->tables[t], &any);
            }
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ the run */

static int fill(salvage *run, const char *broken)
{
    int rc = store_leaves(broken, take_row, run, run->error);
    if (rc == BBOTS_OK) {
        rc = drop_orphans(run);
    }
    if (run->txn == NULL) {
        return rc;
    }
    bbots_txn *last = run->txn;
    run->txn = NULL;
    if (rc != BBOTS_OK) {
        bbots_rollback(last);
        return rc;
    }
    return bbots_commit(last, run->error);
}

/* An empty store under the working name, which is filled as any other. */
static int make_store(salvage *run, const store_making *making, const char *broken)
{
    store_options making_options = {.trees_max = 8 * BBOTS_TABLES_MAX};
    bbots_options options = {.schema = run->schema,
                             .flags = BBOTS_OPEN_NETWORK, /* it is ours alone */
                             .durability = BBOTS_RELAXED};
    int rc = store_make_fill(making, &making_options, catalog_create,
                             (void *)(uintptr_t)run->schema, run->error);
    if (rc == BBOTS_OK) {
        rc = bbots_open(making->path, &options, &run->store, run->error);
    }
    if (rc == BBOTS_OK) {
        rc = fill(run, broken);
        int closed = bbots_close(run->store, rc == BBOTS_OK ? run->error : NULL);
        rc = rc == BBOTS_OK ? closed : rc;
    }
    return rc;
}

static int make_file(salvage *run, const char *broken, const char *path)
{
    store_making making;
    if (store_file_exists(path)) { /* it would be found out at the end */
        return bb_fail(run->error, BBOTS_FILE_EXISTS, "file \"%s\" already exists", path);
    }
    int rc = store_make_begin(path, 0600, &making, run->error);
    if (rc == BBOTS_OK) {
        rc = make_store(run, &making, broken);
        if (rc == BBOTS_OK) {
            rc = store_make_name(&making, path, run->error);
        }
        store_make_end(&making);
    }
    return rc;
}

int bbots_salvage(const char *broken, const char *path, const bbots_salvage_options *options,
                  bbots_salvage_result *result, bbots_error *error)
{
    static const bbots_salvage_options plain;
    salvage run = {.options = options != NULL ? options : &plain, .result = result, .error = error};
    bb_error_clear(error);
    memset(result, 0, sizeof *result);
    if (path == NULL || path[0] == '\0') {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the new store's path is empty");
    }
    bb_arena_init(&run.arena);
    run.schema = run.options->schema;
    int rc = run.schema == NULL ? store_leaves(broken, find_schema, &run, error) : BBOTS_OK;
    if (rc >= 0 && run.schema == NULL) {
        rc = bb_fail(error, BBOTS_CORRUPTED,
                     "file \"%s\" has no readable schema record: name the schema", broken);
    }
    if (rc >= 0) {
        rc = make_file(&run, broken, path);
    }
    bb_arena_free(&run.arena);
    return rc;
}
