/*
 * table/engine.h - a store and a transaction from the inside, and what the files of this room
 * share. README.md tells the way of a write and numbers the invariants.
 */
#ifndef TABLE_ENGINE_H
#define TABLE_ENGINE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "codec/key.h"
#include "codec/row.h"
#include "store/store.h"
#include "table/entries.h"
#include "vault/vault.h"

#include <bbots/cursor.h>
#include <bbots/explain.h>
#include <pthread.h>
#include <stdatomic.h>

/* ------------------------------------------------------------------ the open store (open.c) */

#define FOLLOWERS_MAX 4

/* What the engine knows of a table beside its descriptor. */
typedef struct engine_table {
    const bbots_table *table;
    store_tree *trees;        /* as table->trees */
    uint64_t *tree_seeds;     /* of the checksums of blocks (entries.h) */
    uint64_t *tree_columns;   /* sets: what an entry is made of, the primary key included */
    bbots_value *defaults;    /* per column: literal defaults in stored form, else null */
    codec_layout layout;      /* of rows that this schema writes */
    _Atomic(codec_layout *) *older; /* by number of columns: made when such a row is met */
    uint64_t not_null;        /* sets of columns */
    uint64_t updated_at;
    uint64_t referenced;      /* columns that foreign keys of any table point to */
    uint64_t live;            /* columns that a live aggregate looks at */
    uint64_t followed[FOLLOWERS_MAX]; /* columns that each of table_followers (follower.h) looks at */
    uint64_t secret;          /* columns that are sealed when the host gave keys */
    int data_key;             /* column that holds an owner's data key, or -1 */
    unsigned once;            /* the tree that tells what is repeated (once.c), or 0 */
    int owner;                /* column that names whose data key seals, or -1 */
    int serial;               /* column, or -1 */
    int number_key;           /* column that is the whole primary key, an integer or bigint, or -1 */
    int deleted_at;           /* column, or -1 */
    int is_active;            /* column, or -1 */
} engine_table;

/* Answers that a room above keeps with the store, by its own numbers: made once, freed with it. */
#define ENGINE_KEPT_MAX 64

/* Threads that wait for their turn in bbots_write() (group.c). */
typedef struct group_queue {
    pthread_mutex_t mutex;
    struct group_member *first;
    struct group_member *last;
    bool led;                 /* a thread runs and commits a group */
} group_queue;

struct bbots_store {
    store_file *file;
    const bbots_schema *schema;
    bbots_fingerprint fingerprint; /* of the schema that the file holds; comments may differ */
    engine_table *tables;
    bb_arena arena;           /* everything above */
    store_tree live;          /* of all live aggregates, when the schema has any */
    bool has_lives;
    bool plain;               /* nothing follows rows */
    bbots_on_reader *on_long_reader; /* the host's, or NULL */
    void *reader_context;
    store_tree marks;         /* of all marks (mark.c), when the schema has live aggregates */
    bool has_marks;
    bool read_only;
    bbots_keyring *keys;      /* NULL: none were given */
    engine_table *data_keys;  /* the table that holds data keys, or NULL */
    pthread_mutex_t spare_mutex;
    bbots_txn *spare;         /* resting read transactions */
    unsigned spare_count;
    unsigned spare_max;
    group_queue writers;      /* threads in bbots_write() */
    _Atomic(void *) kept[ENGINE_KEPT_MAX]; /* from malloc, or NULL */
};

/* ------------------------------------------------------------------ a row in hand (row.c) */

/* A row with its hash and its primary key: what a change is made of. */
typedef struct engine_image {
    bbots_row row;
    bb_hash hash;
    uint8_t key[CODEC_KEY_MAX];
    size_t key_size;
} engine_image;

/* ------------------------------------------------------------------ transactions (txn.c) */

/* A table's record in the catalogue. */
typedef struct engine_stat {
    uint64_t count;
    bb_hash digest;
    int64_t serial_next;
} engine_stat;

/* Index entries that wait to be written in the order of their tree (pending.h). */
struct index_pending;

/* Differences of one live aggregate that wait (live.h). */
struct live_log;

/* What a write transaction knows of a table that it touched. */
typedef struct txn_table {
    engine_table *engine;
    engine_stat stat;
    bool dirty;                   /* stat differs from the file's */
    bool last_known;              /* last_key holds the greatest primary key */
    uint8_t last_key[CODEC_KEY_MAX];
    size_t last_size;
    uint64_t removals;            /* keys that went away: what was known of references is void */
    struct index_pending **pending; /* by tree; NULL: nothing waits */
    struct live_log **lives;        /* by live aggregate; NULL: nothing waits */
    uint8_t marks;                  /* whether the table has any (mark.c) */
    bool once_known;                /* the next two are the file's (once.c) */
    size_t once_end_size;
    uint8_t once_end[CODEC_KEY_MAX];
} txn_table;

/* A row change that can be taken back (undo.c). */
typedef struct undo_log undo_log;

struct bbots_txn {
    bbots_store *store;
    store_txn base;
    bbots_txn *next_spare;
    bool write;
    bool broken;                  /* a write failed beneath: nothing but rollback is left */
    bool now_known;
    bbots_timestamp now;
    uint64_t changes;             /* row changes so far; cursors notice */
    int64_t growth;               /* bytes of rows that came, less those that went */
    size_t waiting_bytes;         /* memory of index entries that wait, since it was last given up */
    txn_table **tables;           /* by number; NULL: untouched */
    bb_arena arena;               /* lives as long as the transaction */
    bb_arena scratch;             /* of the statement under way */
    bb_arena last_scratch;        /* of the write before */
    uint64_t load_row;            /* of a load: the number of the next row; 0: it is none (load.c) */
    undo_log *undo;               /* NULL: no savepoint is set */
    uint32_t features;            /* of a write transaction: the file's, CATALOG_SEALED and others */
    struct secret_state *secrets; /* NULL: no sealed value was met (secret.c) */
    struct reference_cache *references; /* parents seen by this transaction (reference.c) */
    uint8_t **deferred;           /* by table and foreign key (defer.c); NULL: none is deferred */
    void *kept;                   /* what a room above keeps in the arena for as long */
    void *followers[FOLLOWERS_MAX]; /* what each has noted (follower.h) */
};

/* Refuses a transaction of another process, a broken one, and for writes a reading one. */
int txn_check(const bbots_txn *txn, bool write, bbots_error *error);

/* Says that a write failed beneath: the transaction is broken from here on. Returns rc. */
int txn_break(bbots_txn *txn, int rc);

/* The state of a table in a write transaction, made at the first touch. */
int txn_touch(bbots_txn *txn, engine_table *table, txn_table **state, bbots_error *error);

/* The engine's side of a descriptor; BBOTS_UNKNOWN_TABLE when it is not of this store. */
int txn_engine_table(const bbots_txn *txn, const bbots_table *table, engine_table **engine,
                     bbots_error *error);

/* Frees the resting read transactions of a store that is closed. */
void txn_discard_spares(bbots_store *store);

/* ------------------------------------------------------------------ the catalogue (catalog.c) */

#define CATALOG_FORMAT_VERSION 1u
#define CATALOG_FORMAT_SIZE    32u /* of the format record ... */
#define CATALOG_FINGERPRINT_AT 16u /* ... in which the schema's fingerprint is from here on */

/* BBOTS_CORRUPTED unless the file's schema record can be read and has the fingerprint noted. */
int catalog_check_schema(store_txn *txn, bbots_error *error);

/* What a file may have that not every reader knows: bits in its format record. */
#define CATALOG_SEALED 1u /* sealed values are or were in it */

/* Fills a new file: format record, schema, trees and records of all tables. */
int catalog_create(store_file *file, void *schema, bbots_error *error);

/*
 * Reads the format record and, unless expected has the file's fingerprint, the file's schema into
 * the arena. BBOTS_UNCHANGED: expected is the file's. BBOTS_OK: *found is the file's schema.
 */
int catalog_read(store_file *file, const char *path, const bbots_schema *expected, bb_arena *arena,
                 const bbots_schema **found, bbots_error *error);

/* Records a new schema with its additional trees and tables; indexes are built by the caller. */
int catalog_write_schema(store_txn *txn, const bbots_schema *schema, bbots_error *error);

/* Whether the file still has this schema (another process may have changed it); its features. */
int catalog_confirm(store_txn *txn, const bbots_fingerprint *fingerprint, uint32_t *features,
                    bbots_error *error);

/* Notes what the file has from now on. */
int catalog_save_features(store_txn *txn, uint32_t features, bbots_error *error);

/* The record of how many values each key sealed, as bytes; size 0 when there is none. */
int catalog_load_keys(store_txn *txn, store_bytes *record, bbots_error *error);
int catalog_save_keys(store_txn *txn, store_bytes record, bbots_error *error);

int catalog_load_stat(store_txn *txn, const bbots_table *table, engine_stat *stat,
                      bbots_error *error);
int catalog_save_stat(store_txn *txn, const bbots_table *table, const engine_stat *stat,
                      bbots_error *error);

/*
 * Count and digest of a table as its rows say, each verified, and a serial behind all of them, but
 * not before the one that stat has (repair.c). BBOTS_CORRUPTED: a row cannot be read.
 */
int stat_add_up(store_txn *txn, engine_table *engine, engine_stat *stat, bbots_error *error);

/* ------------------------------------------------------------------ rows (row.c) */

/* Makes a verified row of stored bytes; BBOTS_CORRUPTED names the table. hash may be NULL. */
int row_open(engine_table *table, store_bytes data, bbots_row *row, bb_hash *hash,
             bbots_error *error);

/* BBOTS_UNKNOWN_INDEX unless the number is that of a unique index. */
int row_check_unique_index(const bbots_table *table, unsigned index, bbots_error *error);

/* bbots_row_value() into a place in memory, without a copy. */
void row_read(const bbots_row *row, unsigned column, bbots_value *value);

/* Brings a caller's key values of a unique index to stored form and to a key part. */
int row_key(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
            bbots_value *stored, uint8_t *bytes, size_t *size, bbots_error *error);

/* BBOTS_CORRUPTED when a row lies under a key that is not its own. */
int row_confirm_key(const engine_table *table, const bbots_row *row, store_bytes key,
                    bbots_error *error);

/* BBOTS_CORRUPTED when the first part of an index entry does not fit the row that it leads to. */
int row_confirm_entry(const engine_table *table, unsigned tree, const bbots_row *row,
                      store_bytes part, bbots_error *error);

/* A number as the key of codec/key.h has it, read as a big-endian number of 4 or 8 bytes. */
static inline uint64_t row_number_key(int64_t number, unsigned width)
{
    return width == 4 ? (uint32_t)number ^ UINT32_C(1) << 31 : (uint64_t)number ^ UINT64_C(1) << 63;
}

/* row_open() and row_confirm_key() of what lies under a key. hash may be NULL. */
int row_accept(engine_table *table, store_bytes key, store_bytes data, bbots_row *row,
               bb_hash *hash, bbots_error *error);

/* Finds a row by its primary key's bytes. BBOTS_OK or BBOTS_NOT_FOUND. hash may be NULL. */
int row_fetch(bbots_txn *txn, engine_table *table, store_bytes key, bbots_row *row,
              bb_hash *hash, bbots_error *error);

/*
 * Finds a row by a unique index and stored-form values in the index's order. BBOTS_OK or
 * BBOTS_NOT_FOUND (also when one is null). image->row points into the store.
 */
int row_find(bbots_txn *txn, engine_table *table, unsigned index, const bbots_value *values,
             engine_image *image, bbots_error *error);

/* Encodes stored-form values into memory of the scratch arena. */
int row_make(bbots_txn *txn, engine_table *table, const bbots_value *values, engine_image *image,
             bbots_error *error);

/* Whether row_patch() can change these columns of a row: today's layout, and no other size. */
static inline bool row_can_patch(const engine_table *table, const bbots_row *row, uint64_t columns)
{
    return row->layout == &table->layout && (columns & table->layout.variable) == 0;
}

/* As row_make(), of an old row in which some columns are replaced. */
int row_patch(bbots_txn *txn, engine_table *table, const engine_image *old,
              const bbots_value *values, uint64_t columns, engine_image *image, bbots_error *error);

/*
 * The common look-up, of a number by the primary key: its bytes are made at once, in image->key. False
 * when it is another one, or a number that the general way has to judge.
 */
bool row_number_bytes(const engine_table *table, unsigned index, const bbots_value *key,
                      engine_image *image);

/* A row that goes to the caller: its sealed columns can be opened. */
static inline void row_give(bbots_txn *txn, const engine_table *table, bbots_row *row)
{
    row->txn = table->secret != 0 && txn->store->keys != NULL ? txn : NULL;
}

/* Copies a row's bytes into the scratch arena, so that it outlives writes. */
int row_keep(bbots_txn *txn, engine_image *image, bbots_error *error);

/* The primary key as text for a message: `7`, `(3, "x")`. buffer is returned. */
#define ROW_KEY_TEXT_MAX 256
const char *row_key_text(const bbots_row *row, const uint8_t *columns, unsigned count,
                         char buffer[ROW_KEY_TEXT_MAX]);

/* The names of columns for a message: `userId`, `a, b`. buffer is returned. */
const char *row_column_names(const bbots_table *table, const uint8_t *columns, unsigned count,
                             char buffer[ROW_KEY_TEXT_MAX]);

/* ------------------------------------------------------------------ indexes (index.c) */

/* Writes the entries that wait in one tree, in its order. */
int index_flush(bbots_txn *txn, txn_table *state, unsigned tree, bbots_error *error);

/* Writes all that wait in a transaction. */
int index_flush_all(bbots_txn *txn, bbots_error *error);

/*
 * Brings a table's index trees from a row to another; either may be NULL. changed: the columns in
 * which they differ, or may.
 */
int index_change(bbots_txn *txn, txn_table *state, const engine_image *old,
                 const engine_image *new_image, uint64_t changed, bbots_error *error);

/*
 * Fills a tree of an existing table from its rows (a schema that grew). BBOTS_UNIQUE_VIOLATION when
 * the tree is unique and two rows have the same columns, none of them null.
 */
int index_build(store_txn *txn, engine_table *table, unsigned tree, bbots_error *error);

/*
 * Looks for a row with the same key in a unique tree, other than the one with primary key `except`
 * (size 0: none excepted). BBOTS_OK: *row_key is its primary key's bytes. BBOTS_NOT_FOUND.
 */
int index_find_unique(bbots_txn *txn, engine_table *table, unsigned tree,
                      const bbots_value *values, store_bytes except, store_bytes *row_key,
                      bbots_error *error);

/* The entry that a row makes: the tree's columns, then its primary key. Returns the size. */
size_t index_entry(const bbots_tree *tree, const engine_image *image,
                   uint8_t entry[CODEC_ENTRY_MAX]);

/* Notes a change of a tree that is not unique; it waits. */
int index_wait(bbots_txn *txn, txn_table *state, unsigned tree, store_bytes key, bool add,
               bbots_error *error);

/* ------------------------------------------------------------------ what is repeated (once.c) */

/* Whether the tree that tells what is repeated has an entry of a row, which may be NULL. */
int once_follows(bbots_txn *txn, txn_table *state, const engine_image *image, bool *follows,
                 bbots_error *error);

/* Whether an entry of such a tree is none of a row, but says how far the tree goes. */
bool once_is_end(store_bytes entry);

/*
 * Finds the row with a name, the first one in the order of primary keys, by the table's index
 * [once: ...], however many rows there are. In a write transaction: rows that came since the last
 * question are added to the index. Row valid as one of bbots_get(). BBOTS_NOT_FOUND,
 * BBOTS_UNKNOWN_INDEX.
 */
int once_find(bbots_txn *txn, const bbots_table *table, bbots_text name, bbots_row *row,
              bbots_error *error);

/* ------------------------------------------------------------------ live aggregates (live.c) */

#define LIVE_TREE "@live"

/* Counts a change in all live aggregates of its table; either row may be NULL. */
int live_note(bbots_txn *txn, txn_table *state, const engine_image *old,
              const engine_image *new_image, bbots_error *error);

/* Writes what waits for one aggregate, for all of them. */
int live_flush(bbots_txn *txn, txn_table *state, const bbots_live *live, bbots_error *error);
int live_flush_all(bbots_txn *txn, bbots_error *error);

/* Frees what waits. */
void live_forget(txn_table *state);

/* Builds the aggregates of a table anew from its rows. */
int live_build(store_txn *txn, store_tree tree, engine_table *table, bbots_error *error);

/* Whether a schema has any. */
bool live_declared(const bbots_schema *schema);

/* ------------------------------------------------------------------ followers (follower.c) */

/* Asks every follower what it looks at of a table. */
void follower_attach(bbots_store *store, engine_table *table);
int follower_note(bbots_txn *txn, txn_table *state, const engine_image *old,
                  const engine_image *new_image, uint64_t changed, bbots_error *error);
void follower_forget(bbots_txn *txn);

/* ------------------------------------------------------------------ marks (mark.c) */

#define MARK_TREE "@marks"
#define MARK_MAX 255 /* bytes */

/* Opens the tree of marks, when the store has one. */
int mark_open(bbots_store *store, store_txn *txn, bool create, bbots_error *error);

/* Puts a mark beside a row, in place of one that is there. BBOTS_NOT_FOUND: no such row. */
int mark_put(bbots_txn *txn, const bbots_table *table, const bbots_value *key, bbots_text mark,
             bbots_error *error);

/* The mark beside a row, valid as a row is. BBOTS_NOT_FOUND: none, or no such row. */
int mark_get(bbots_txn *txn, const bbots_table *table, const bbots_value *key, bbots_text *mark,
             bbots_error *error);

/* A row goes or changes its key: so does its mark. */
int mark_follow(bbots_txn *txn, txn_table *state, const engine_image *old,
                const engine_image *new_image, bbots_error *error);

/* Writes a mark as it was before, or removes it (no bytes): for undo.c. */
int mark_restore(bbots_txn *txn, store_bytes key, store_bytes mark, bbots_error *error);

/* Leaves a note of the mark that stood at a key, no bytes for none (undo.c). */
int undo_note_mark(bbots_txn *txn, const engine_table *table, store_bytes key, store_bytes mark,
                   bbots_error *error);

/* ------------------------------------------------------------------ the write path (change.c) */

/*
 * The one function in which every write ends: old -> new_image, either NULL for an insert or a
 * delete. All checks are done. Rows, indexes, count, digest and undo log follow. A failure here is
 * one of the file's and breaks the transaction.
 */
int table_change(bbots_txn *txn, txn_table *state, const engine_image *old,
                 const engine_image *new_image, bbots_error *error);

/* ------------------------------------------------------------------ savepoints (undo.c) */

/* Notes a change while a savepoint is set. */
int undo_note(bbots_txn *txn, engine_table *table, const engine_image *old,
              const engine_image *new_image, bbots_error *error);
void undo_free(undo_log *undo);

/*
 * A savepoint without a name, which no caller can reach; ended by keeping what came after it or by
 * taking it back.
 */
int undo_begin(bbots_txn *txn, bbots_error *error);
int undo_end(bbots_txn *txn, bool keep, bbots_error *error);

/* ------------------------------------------------------------------ cursors (cursor.c) */

const bbots_table *cursor_table(const bbots_cursor *cursor);

/* ------------------------------------------------------------------ references (reference.c) */

/*
 * Whether every foreign key of a new or changed row points to a row. changed: the columns to look
 * at. The row itself counts as present (a self reference), with its new key and not with the one
 * that it had before; old is NULL for an insert.
 */
int reference_check_parents(bbots_txn *txn, engine_table *table, const bbots_row *old,
                            const bbots_row *row, uint64_t changed, bbots_error *error);

/* The same for one foreign key. */
int reference_check_parent(bbots_txn *txn, const bbots_row *old, const bbots_row *row,
                           const bbots_foreign_key *key, bbots_error *error);

/*
 * Whether no row is left that references a key which this change takes away (an update of
 * referenced columns).
 */
int reference_check_children(bbots_txn *txn, engine_table *table, const engine_image *old,
                             const engine_image *new_image, bbots_error *error);

/* The rows that reference a parent row by one foreign key, in the order of its tree. */
typedef struct reference_scan {
    entries_cursor cursor;
    engine_table *child;
    const bbots_foreign_key *key;
    unsigned tree;
    uint8_t prefix[CODEC_ENTRY_MAX];
    size_t prefix_size;
    bool exact;
    bool started;
    bool nothing;               /* the parent's columns have a null: no row can reference it */
    bbots_value values[BBOTS_KEY_COLUMNS_MAX];
} reference_scan;

/* Writes the entries that wait in the tree of a foreign key: rows that were read may move. */
int reference_settle(bbots_txn *txn, bbots_reference reference, bbots_error *error);

int reference_scan_open(bbots_txn *txn, bbots_reference reference, const bbots_row *parent,
                        reference_scan *scan, bbots_error *error);
/* BBOTS_OK with the row's primary key, or BBOTS_END. */
int reference_scan_next(bbots_txn *txn, reference_scan *scan, store_bytes *row_key,
                        bbots_error *error);
void reference_scan_close(reference_scan *scan);

/*
 * BBOTS_FOREIGN_KEY_VIOLATION: the scan found rows that still reference the parent. They are counted
 * up to REFERENCE_COUNT_MAX, so that a refusal costs little; one more stands for all others.
 */
#define REFERENCE_COUNT_MAX 1000u
int reference_refuse(const bbots_row *parent, const reference_scan *scan,
                     const bbots_row_sample *in_the_way, bbots_error *error);

void reference_forget(bbots_txn *txn);

/* ------------------------------------------------------------------ deferred references (defer.c) */

/* As reference_check_parents(), except that what is deferred is left for the end. */
int defer_check_parents(bbots_txn *txn, engine_table *table, const bbots_row *old,
                        const bbots_row *row, uint64_t changed, bbots_error *error);

/* Judges what was left; BBOTS_FOREIGN_KEY_VIOLATION with the first failure. */
int defer_judge(bbots_txn *txn, bbots_error *error);

/* ------------------------------------------------------------------ loads (load.c) */

/* Counts an insert of a load, and says in its failure which row it was. Returns rc. */
int load_count(bbots_txn *txn, int rc, bbots_error *error);

/* ------------------------------------------------------------------ samples (sample.c) */

/* Counts a row of a table, by its primary key's bytes or at hand; the first few are named. */
int sample_add(bbots_txn *txn, engine_table *table, store_bytes key, bbots_row_sample *sample,
               bbots_error *error);
void sample_add_row(const bbots_row *row, bbots_row_sample *sample);

/* ------------------------------------------------------------------ statements */

/*
 * Begins a statement (insert.c): checks process, transaction and table, and takes back the memory
 * of the statement before. Every public function on tables calls it first.
 */
int statement_begin(bbots_txn *txn, const bbots_table *table, bool write, engine_table **engine,
                    bbots_error *error);

/* A set of columns may only name the table's (insert.c). */
int statement_check_columns(const bbots_table *table, uint64_t columns, bbots_error *error);

/*
 * Moves the serial behind a row's number (insert.c): it never gives one twice, also not one that a
 * caller chose himself.
 */
void serial_note(txn_table *state, const bbots_row *row);

/* A complaint about a value that waits until the others were read. */
typedef struct complaint {
    int code; /* BBOTS_OK: none */
    bbots_error error;
} complaint;

/*
 * Brings a statement's values to stored form as PostgreSQL does: first all are read, then lengths
 * and precisions are judged. late->code is BBOTS_OK at the beginning; values_judge() is called when
 * all of the statement's values were stored (insert.c).
 */
int values_store(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                 uint64_t columns, bbots_value *stored, complaint *late, bbots_error *error);
int values_judge(const complaint *late, bbots_error *error);

/*
 * Begins a delete or its explanation and finds the row (delete.c). BBOTS_OK or BBOTS_NOT_FOUND.
 */
int delete_find(bbots_txn *txn, const bbots_table *table, unsigned index, const bbots_value *key,
                bool write, engine_table **engine, engine_image *image, bbots_error *error);

/* Changes the columns in set, stored-form values, of a row that was found (update.c). */
int update_row(bbots_txn *txn, engine_table *table, engine_image *old, const bbots_value *values,
               uint64_t set, bbots_row *stored, bbots_error *error);

/* The unique index that a tree was made for: its name is the one that PostgreSQL reports. */
const bbots_index *unique_index_of(const bbots_table *table, unsigned tree);

/*
 * The checks that insert and update share, in PostgreSQL's order (insert.c). columns: those that are
 * written; the others of a stored row have passed.
 */
int check_not_null(const engine_table *table, const bbots_value *values, uint64_t columns,
                   bbots_error *error);
int check_unique(bbots_txn *txn, engine_table *table, const engine_image *old,
                 const engine_image *new_image, uint64_t columns, bbots_error *error);

#endif
