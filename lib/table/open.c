/*
 * table/open.c - a store is opened: the file, its schema, and what the engine derives from it.
 */
#include "table/secret.h"

#include "codec/literal.h"
#include "schema/build.h"
#include "schema/schema.h"

#include <bbots/bbots.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ what follows from a schema */

/* Literal defaults are read once; the generator and the schema's reader made sure they fit. */
static int prepare_defaults(bb_arena *arena, engine_table *engine, bbots_error *error)
{
    const bbots_table *table = engine->table;
    engine->defaults = bb_arena_alloc(arena, sizeof(bbots_value) * table->column_count);
    if (engine->defaults == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (unsigned c = 0; c < table->column_count; c++) {
        const bbots_column *column = &table->columns[c];
        engine->defaults[c] = bbots_value_null();
        if (column->default_kind == BBOTS_DEFAULT_LITERAL) {
            bbots_value text = bbots_value_string(column->default_text);
            int rc = codec_value_store(arena, table, c, &text, &engine->defaults[c], error);
            if (rc != BBOTS_OK) {
                return rc;
            }
        }
    }
    return BBOTS_OK;
}

/* The column of a primary key that is one integer or bigint, or -1. */
static int number_key(const bbots_table *table)
{
    const bbots_tree *primary = &table->trees[0];
    const bbots_column *column = &table->columns[primary->columns[0]];
    bool number = column->type == BBOTS_TYPE_INTEGER || column->type == BBOTS_TYPE_BIGINT;
    return primary->column_count == 1 && number ? primary->columns[0] : -1;
}

/* Whether a column can say that a row is in use, or not: a boolean, or a text that has room for "false". */
static bool tells_active(const bbots_column *column)
{
    bool text = column->type == BBOTS_TYPE_VARCHAR && (column->length == 0 || column->length >= 5);
    return strcmp(column->name, "isActive") == 0 && (text || column->type == BBOTS_TYPE_BOOLEAN);
}

static void prepare_columns(engine_table *engine)
{
    const bbots_table *table = engine->table;
    engine->serial = -1;
    engine->data_key = -1;
    engine->owner = -1;
    engine->deleted_at = -1;
    engine->is_active = -1;
    engine->number_key = number_key(table);
    for (unsigned c = 0; c < table->column_count; c++) {
        const bbots_column *column = &table->columns[c];
        bool time = column->type == BBOTS_TYPE_TIMESTAMP || column->type == BBOTS_TYPE_TIMESTAMPTZ;
        if ((column->flags & BBOTS_COLUMN_NOT_NULL) != 0) {
            engine->not_null |= BBOTS_COLUMN_BIT(c);
        }
        if ((column->flags & BBOTS_COLUMN_SECRET) != 0) {
            engine->secret |= BBOTS_COLUMN_BIT(c);
        }
        if ((column->flags & BBOTS_COLUMN_UPDATED_AT) != 0) {
            engine->updated_at |= BBOTS_COLUMN_BIT(c);
        }
        if ((column->flags & BBOTS_COLUMN_SERIAL) != 0) {
            engine->serial = (int)c;
        }
        if (time && strcmp(column->name, "deletedAt") == 0) {
            engine->deleted_at = (int)c;
        }
        if (tells_active(column)) {
            engine->is_active = (int)c;
        }
    }
}

static void prepare_referenced(bbots_store *store, engine_table *engine)
{
    for (unsigned r = 0; r < engine->table->reference_count; r++) {
        bbots_reference reference = engine->table->references[r];
        const bbots_foreign_key *key =
            &store->schema->tables[reference.table]->foreign_keys[reference.foreign_key];
        for (unsigned i = 0; i < key->column_count; i++) {
            engine->referenced |= BBOTS_COLUMN_BIT(key->parent_columns[i]);
        }
    }
}

static uint64_t columns_of(const bbots_tree *tree)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < tree->column_count; i++) {
        set |= BBOTS_COLUMN_BIT(tree->columns[i]);
    }
    return set;
}

static int prepare_table(bbots_store *store, engine_table *engine, const bbots_table *table,
                         bbots_error *error)
{
    size_t older_size = sizeof *engine->older * (table->column_count + 1u);
    engine->table = table;
    engine->trees = bb_arena_alloc(&store->arena, sizeof *engine->trees * table->tree_count);
    engine->tree_seeds =
        bb_arena_alloc(&store->arena, sizeof *engine->tree_seeds * table->tree_count);
    engine->tree_columns =
        bb_arena_alloc(&store->arena, sizeof *engine->tree_columns * table->tree_count);
    engine->older = bb_arena_alloc(&store->arena, older_size);
    if (engine->older != NULL) {
        memset((void *)engine->older, 0, older_size);
    }
    if (engine->trees == NULL || engine->tree_seeds == NULL || engine->tree_columns == NULL ||
        engine->older == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (unsigned t = 0; t < table->tree_count; t++) {
        engine->tree_seeds[t] = bb_hash64(table->trees[t].name, strlen(table->trees[t].name));
        engine->tree_columns[t] = columns_of(&table->trees[t]) | columns_of(&table->trees[0]);
    }
    for (unsigned i = 1; i < table->index_count; i++) {
        if ((table->indexes[i].flags & BBOTS_INDEX_ONCE) != 0) {
            engine->once = table->indexes[i].tree;
        }
    }
    for (unsigned i = 0; i < table->live_count; i++) {
        engine->live |= schema_live_columns(&table->lives[i]);
    }
    prepare_columns(engine);
    prepare_referenced(store, engine);
    if (!store->plain) {
        follower_attach(store, engine);
    }
    int rc = prepare_defaults(&store->arena, engine, error);
    codec_layout_init(&engine->layout, table, table->column_count, engine->defaults);
    return rc;
}

static int prepare_tables(bbots_store *store, bbots_error *error)
{
    size_t size = sizeof *store->tables * store->schema->table_count;
    int rc = BBOTS_OK;
    store->tables = bb_arena_alloc(&store->arena, size);
    if (store->tables == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    memset(store->tables, 0, size);
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        rc = prepare_table(store, &store->tables[t], store->schema->tables[t], error);
    }
    if (rc == BBOTS_OK) {
        data_key_prepare(store);
    }
    return rc;
}

static int open_live_tree(bbots_store *store, store_txn *txn, bbots_error *error)
{
    store->has_lives = live_declared(store->schema);
    int rc =
        store->has_lives ? store_tree_open(txn, LIVE_TREE, false, &store->live, error) : BBOTS_OK;
    return rc == BBOTS_NOT_FOUND
               ? bb_fail(error, BBOTS_CORRUPTED, "tree \"%s\" is missing from the file", LIVE_TREE)
               : rc;
}

/*
 * All trees are opened at once, before other threads can know the store: LMDB allows one
 * transaction at a time to open some, and a reader that began before would not see them.
 */
static int open_trees(bbots_store *store, bbots_error *error)
{
    store_txn txn = {0};
    int rc = store_begin(store->file, false, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        const bbots_table *table = store->schema->tables[t];
        for (unsigned i = 0; i < table->tree_count && rc == BBOTS_OK; i++) {
            rc = store_tree_open(&txn, table->trees[i].name, false, &store->tables[t].trees[i],
                                 error);
            if (rc == BBOTS_NOT_FOUND) {
                rc = bb_fail_at(error, BBOTS_CORRUPTED, table->name, NULL, NULL,
                                "tree \"%s\" is missing from the file", table->trees[i].name);
            }
        }
    }
    if (rc == BBOTS_OK) {
        rc = open_live_tree(store, &txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = mark_open(store, &txn, false, error);
    }
    if (rc != BBOTS_OK) {
        store_abort(&txn);
        return rc;
    }
    return store_commit(&txn, error); /* so that the trees stay open */
}

/* ------------------------------------------------------------------ a schema that grew */

/* The tree of a name that the file had before, or NULL. */
static const bbots_tree *old_tree(const bbots_schema *schema, const bbots_table *table,
                                  const char *tree_name)
{
    const bbots_table *old = bbots_schema_table(schema, table->name, NULL);
    for (unsigned t = 0; old != NULL && t < old->tree_count; t++) {
        if (strcmp(old->trees[t].name, tree_name) == 0) {
            return &old->trees[t];
        }
    }
    return NULL;
}

/* Fills the index trees that the file did not have before from the rows that it has. */
static int build_new_trees(bbots_store *store, const bbots_schema *old, store_txn *txn,
                           bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        engine_table *engine = &store->tables[t];
        const bbots_table *table = engine->table;
        if (bbots_schema_table(old, table->name, NULL) == NULL) {
            continue;
        }
        rc = store_tree_open(txn, table->trees[0].name, false, &engine->trees[0], error);
        for (unsigned i = 1; i < table->tree_count && rc == BBOTS_OK; i++) {
            rc = store_tree_open(txn, table->trees[i].name, false, &engine->trees[i], error);
            const bbots_tree *before = old_tree(old, table, table->trees[i].name);
            /* A tree that becomes unique keeps its entries in another way. */
            if (rc == BBOTS_OK && (before == NULL || before->unique != table->trees[i].unique)) {
                rc = index_build(txn, engine, i, error);
            }
        }
    }
    return rc;
}

/* The next live aggregate in the order of their numbers; NULL behind the last. */
static const bbots_live *next_live(const bbots_schema *schema, uint32_t *table, unsigned *number)
{
    while (*table < schema->table_count && *number >= schema->tables[*table]->live_count) {
        (*table)++;
        *number = 0;
    }
    return *table < schema->table_count ? &schema->tables[*table]->lives[(*number)++] : NULL;
}

/* Whether two schemas have the same live aggregates under the same numbers. */
static bool same_lives(const bbots_schema *old, const bbots_schema *now)
{
    uint32_t old_table = 0;
    uint32_t table = 0;
    unsigned old_number = 0;
    unsigned number = 0;
    for (;;) {
        const bbots_live *before = next_live(old, &old_table, &old_number);
        const bbots_live *after = next_live(now, &table, &number);
        if (before == NULL || after == NULL) {
            return before == after;
        }
        if (strcmp(old->tables[old_table]->name, now->tables[table]->name) != 0 ||
            !schema_live_same(old->tables[old_table], before, now->tables[table], after)) {
            return false;
        }
    }
}

/* Live aggregates that differ from the file's are all built anew from the rows. */
static int build_lives(bbots_store *store, const bbots_schema *old, store_txn *txn,
                       bbots_error *error)
{
    if (same_lives(old, store->schema)) {
        return BBOTS_OK;
    }
    int rc = store_tree_open(txn, LIVE_TREE, true, &store->live, error);
    if (rc == BBOTS_OK) {
        rc = mark_open(store, txn, true, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_tree_clear(txn, store->live, error);
    }
    for (uint32_t t = 0; t < store->schema->table_count && rc == BBOTS_OK; t++) {
        if (bbots_schema_table(old, store->schema->tables[t]->name, NULL) != NULL) {
            rc = live_build(txn, store->live, &store->tables[t], error);
        }
    }
    return rc;
}

/* One transaction: the new schema with everything that belongs to it, or the old one. */
static int upgrade_once(bbots_store *store, const bbots_schema *old, bbots_error *error)
{
    store_txn txn = {0};
    int rc = store_begin(store->file, true, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint32_t features;
    rc = catalog_confirm(&txn, &old->fingerprint, &features, error);
    if (rc == BBOTS_OK) {
        rc = catalog_write_schema(&txn, store->schema, error);
    }
    if (rc == BBOTS_OK) {
        rc = build_new_trees(store, old, &txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = build_lives(store, old, &txn, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_keep_reserve(&txn, error);
    }
    if (rc != BBOTS_OK) {
        store_abort(&txn);
        return rc;
    }
    return store_commit(&txn, error);
}

/* As often as the map has to grow for it. */
static int upgrade(bbots_store *store, const bbots_schema *old, bbots_error *error)
{
    int rc;
    do {
        bb_error_clear(error);
        rc = upgrade_once(store, old, error);
    } while (rc == BBOTS_MAP_FULL && store_map_can_grow(store->file));
    return rc;
}

/* Settles which schema is in force: the caller's, or the file's. */
static int settle_schema(bbots_store *store, const char *path, const bbots_options *options,
                         const bbots_schema **old, bbots_error *error)
{
    const bbots_schema *found = NULL;
    *old = NULL;
    int rc = catalog_read(store->file, path, options->schema, &store->arena, &found, error);
    if (rc == BBOTS_UNCHANGED || rc < 0) {
        store->schema = options->schema;
        store->fingerprint = rc < 0 ? store->fingerprint : options->schema->fingerprint;
        return rc < 0 ? rc : BBOTS_OK;
    }
    store->fingerprint = found->fingerprint;
    if (options->schema == NULL) {
        store->schema = found;
        return BBOTS_OK;
    }
    rc = schema_compare(found, options->schema, error);
    if (rc < 0) {
        return rc;
    }
    store->schema = options->schema;
    if (rc == BBOTS_UNCHANGED && (options->flags & BBOTS_OPEN_UPGRADE) == 0) {
        return BBOTS_OK; /* only comments differ: the file keeps its own */
    }
    *old = found;
    if ((options->flags & BBOTS_OPEN_UPGRADE) == 0 || store->read_only) {
        return bb_fail(error, BBOTS_SCHEMA_MISMATCH,
                       "file \"%s\" has an earlier schema; it can be brought to the given one by "
                       "opening it for writing with BBOTS_OPEN_UPGRADE",
                       path);
    }
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ open and close */

static store_trust trust_of(uint32_t flags)
{
    return (flags & BBOTS_OPEN_REPAIR) != 0       ? STORE_TRUST_REPAIR
           : (flags & BBOTS_OPEN_VERIFY) != 0     ? STORE_TRUST_NONE
           : (flags & BBOTS_OPEN_UNVERIFIED) != 0 ? STORE_TRUST_ALWAYS
                                                  : STORE_TRUST_CLEAN;
}

static store_options file_options(const bbots_options *options)
{
    store_options result = {.trust = trust_of(options->flags),
                            .mode = options->mode != 0 ? options->mode : 0600,
                            .readers_max = options->readers_max,
                            .map_bytes = options->map_bytes,
                            .file_bytes_max = options->file_bytes_max,
                            .reserve_bytes = options->reserve_bytes,
                            .reader_commits_max = options->reader_commits_max,
                            .relaxed = options->durability == BBOTS_RELAXED,
                            .buffered = options->durability == BBOTS_BUFFERED,
                            .unflushed_bytes_max = options->unflushed_bytes_max,
                            .plain_reads = (options->flags & BBOTS_OPEN_PLAIN_READS) != 0,
                            .allow_network = (options->flags & BBOTS_OPEN_NETWORK) != 0,
                            .alone = (options->flags & BBOTS_OPEN_ALONE) != 0,
                            .read_only = (options->flags & BBOTS_OPEN_READ_ONLY) != 0,
                            .guard = (options->flags & BBOTS_OPEN_GUARD) != 0};
    /* A few thousand are as good as any number: only those that are open cost time. */
    result.trees_max = 8 * BBOTS_TABLES_MAX;
    return result;
}

static int check_options(const char *path, const bbots_options *options, bbots_error *error)
{
    const uint32_t known = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE | BBOTS_OPEN_READ_ONLY |
                           BBOTS_OPEN_UPGRADE | BBOTS_OPEN_NETWORK | BBOTS_OPEN_VERIFY |
                           BBOTS_OPEN_UNVERIFIED | BBOTS_OPEN_REPAIR | BBOTS_OPEN_ALL_KEYS |
                           BBOTS_OPEN_PLAIN_READS | BBOTS_OPEN_GUARD | BBOTS_OPEN_UNFOLLOWED |
                           BBOTS_OPEN_ALONE;
    if (path == NULL || path[0] == '\0') {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "the store's path is empty");
    }
    if ((options->flags & ~known) != 0 || options->durability > BBOTS_BUFFERED ||
        (options->mode & ~0777u) != 0 || options->readers_max > 100000) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                       "an option of bbots_open() has no such value");
    }
    if (options->file_bytes_max != 0 && options->reserve_bytes > options->file_bytes_max / 2) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT,
                       "more than half of what the file may have would be kept for deletes");
    }
    if ((options->flags & BBOTS_OPEN_CREATE) != 0 && options->schema == NULL) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "a new store needs a schema");
    }
    return BBOTS_OK;
}

static bbots_reader shown_reader(const store_reader *reader)
{
    bbots_reader shown = {reader->process, reader->own, reader->transaction, reader->behind};
    return shown;
}

/* A long reader, on its way from the file to the host. */
static int pass_reader(const store_reader *reader, void *context)
{
    const bbots_store *store = context;
    bbots_reader shown = shown_reader(reader);
    return store->on_long_reader(&shown, store->reader_context);
}

/* Opens the file; makes it first when that is wanted and there is none. */
static int open_file(bbots_store *store, const char *path, const bbots_options *options,
                     bbots_error *error)
{
    store_file **file = &store->file;
    store_options settings = file_options(options);
    settings.on_long_reader = options->on_long_reader != NULL ? pass_reader : NULL;
    settings.reader_context = store;
    store->on_long_reader = options->on_long_reader;
    store->reader_context = options->reader_context;
    bool create = (options->flags & BBOTS_OPEN_CREATE) != 0;
    bool exclusive = create && (options->flags & BBOTS_OPEN_EXCLUSIVE) != 0;
    int rc;
    if (!exclusive) {
        rc = store_file_open(path, &settings, file, error);
        if (rc != BBOTS_FILE_MISSING || !create) {
            return rc;
        }
        bb_error_clear(error);
    }
    rc = store_file_create(path, &settings, catalog_create, (void *)(uintptr_t)options->schema,
                           error);
    if (rc == BBOTS_FILE_EXISTS && !exclusive) {
        bb_error_clear(error); /* another process was faster: its file is as good */
        rc = BBOTS_OK;
    }
    return rc == BBOTS_OK ? store_file_open(path, &settings, file, error) : rc;
}

static void free_store(bbots_store *store)
{
    txn_discard_spares(store);
    if (store->tables != NULL) {
        for (uint32_t t = 0; t < store->schema->table_count; t++) {
            engine_table *engine = &store->tables[t];
            for (unsigned c = 0; engine->older != NULL && c < engine->table->column_count; c++) {
                free(atomic_load(&engine->older[c]));
            }
        }
    }
    for (unsigned i = 0; i < ENGINE_KEPT_MAX; i++) {
        free(atomic_load(&store->kept[i]));
    }
    bb_arena_free(&store->arena);
    bbots_keyring_free(store->keys);
    pthread_mutex_destroy(&store->spare_mutex);
    pthread_mutex_destroy(&store->writers.mutex);
    free(store);
}

static int open_engine(bbots_store *store, const char *path, const bbots_options *options,
                       bbots_error *error)
{
    const bbots_schema *old;
    int rc = settle_schema(store, path, options, &old, error);
    if (rc == BBOTS_OK) {
        rc = prepare_tables(store, error);
    }
    if (rc == BBOTS_OK && old != NULL) {
        rc = upgrade(store, old, error);
        store->fingerprint = store->schema->fingerprint;
    }
    if (rc == BBOTS_OK) {
        rc = open_trees(store, error);
    }
    if (rc == BBOTS_OK) {
        store_stat stat;
        rc = store_file_stat(store->file, &stat, error);
        /* Resting read transactions hold reader slots, which others may need: one of 64. */
        store->spare_max = stat.readers_max / 64;
    }
    if (rc == BBOTS_OK && (options->flags & BBOTS_OPEN_ALL_KEYS) != 0) {
        rc = secret_check_keys(store, path, error);
        txn_discard_spares(store);
    }
    return rc;
}

static int take_keys(bbots_store *store, const bbots_options *options, bbots_error *error)
{
    if (options->keys == NULL || bbots_keyring_count(options->keys) == 0) {
        return BBOTS_OK;
    }
    store->keys = vault_keyring_copy(options->keys);
    return store->keys != NULL ? BBOTS_OK
                               : bb_fail(error, BBOTS_NO_MEMORY, "out of guarded memory");
}

int bbots_open(const char *path, const bbots_options *options, bbots_store **opened,
               bbots_error *error)
{
    static const bbots_options plain;
    bb_error_clear(error);
    *opened = NULL;
    options = options != NULL ? options : &plain;
    int rc = check_options(path, options, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    bbots_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    bb_arena_init(&store->arena);
    pthread_mutex_init(&store->spare_mutex, NULL);
    pthread_mutex_init(&store->writers.mutex, NULL);
    store->read_only = (options->flags & BBOTS_OPEN_READ_ONLY) != 0;
    store->plain = (options->flags & BBOTS_OPEN_UNFOLLOWED) != 0;
    rc = take_keys(store, options, error);
    if (rc == BBOTS_OK) {
        rc = open_file(store, path, options, error);
    }
    if (rc == BBOTS_OK) {
        rc = open_engine(store, path, options, error);
        if (rc != BBOTS_OK) {
            store_file_close(store->file, NULL);
        }
    }
    if (rc != BBOTS_OK) {
        free_store(store);
        return rc;
    }
    *opened = store;
    return BBOTS_OK;
}

int bbots_close(bbots_store *store, bbots_error *error)
{
    bb_error_clear(error);
    if (store == NULL) {
        return BBOTS_OK;
    }
    txn_discard_spares(store);
    int rc = store_file_close(store->file, error);
    if (rc != BBOTS_BUSY) { /* else it is closed, also when the last flush failed */
        free_store(store);
    }
    return rc;
}

int bbots_flush(bbots_store *store, bbots_error *error)
{
    bb_error_clear(error);
    if (store->read_only) {
        return bb_fail(error, BBOTS_READ_ONLY, "the store was opened read-only");
    }
    return store_flush(store->file, error);
}

const bbots_schema *bbots_store_schema(const bbots_store *store)
{
    return store->schema;
}

const bbots_table *bbots_store_table(const bbots_store *store, const char *name, bbots_error *error)
{
    bb_error_clear(error);
    const bbots_table *table = bbots_schema_table(store->schema, name, NULL);
    if (table == NULL) {
        char shown[BB_QUOTE_MAX];
        bb_fail(error, BBOTS_UNKNOWN_TABLE, "there is no table %s",
                bb_quote(name, strlen(name), shown));
    }
    return table;
}

int bbots_store_stat(bbots_store *store, bbots_stat *stat, bbots_error *error)
{
    store_stat found;
    bb_error_clear(error);
    memset(stat, 0, sizeof *stat);
    int rc = store_file_stat(store->file, &found, error);
    if (rc == BBOTS_OK) {
        stat->file_bytes = found.file_bytes;
        stat->used_bytes = found.used_bytes;
        stat->map_bytes = found.map_bytes;
        stat->transaction = found.transaction;
        stat->page_bytes = found.page_bytes;
        stat->readers = found.readers;
        stat->readers_max = found.readers_max;
        stat->opened = found.opened;
        stat->format_version = CATALOG_FORMAT_VERSION;
    }
    return rc;
}

typedef struct reader_call {
    bbots_on_reader *on_reader;
    void *context;
} reader_call;

static int show_reader(const store_reader *reader, void *context)
{
    const reader_call *call = context;
    bbots_reader shown = shown_reader(reader);
    return call->on_reader(&shown, call->context);
}

int bbots_readers(bbots_store *store, bbots_on_reader *on_reader, void *context, bbots_error *error)
{
    reader_call call = {on_reader, context};
    bb_error_clear(error);
    return store_readers(store->file, show_reader, &call, error);
}

const char *bbots_version(void)
{
    return "0.1.0";
}
