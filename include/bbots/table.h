/*
 * bbots/table.h - rows in, rows out: by descriptor and values, or by typed structs.
 *
 * The dynamic form takes a table's descriptor and an array of values, one per column in the
 * table's order, with a set of columns (bit n = column n) that says which of them count. The typed
 * form (bbots_record_...) takes the row struct that the generator wrote for the table; use it
 * through the generated functions, bbots_users_insert() and so on.
 *
 * All functions run in the caller's transaction; those that change something need a write
 * transaction. Errors of every function: BBOTS_FORKED, BBOTS_CORRUPTED (a row's checksum does not
 * fit), BBOTS_UNKNOWN_TABLE (the table is not of this store's schema), BBOTS_IO, BBOTS_NO_MEMORY;
 * of those that change something also BBOTS_READ_ONLY, BBOTS_TRANSACTION_BROKEN, BBOTS_MAP_FULL.
 */
#ifndef BBOTS_TABLE_H
#define BBOTS_TABLE_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bit of a column number. */
#define BBOTS_COLUMN_BIT(number) (UINT64_C(1) << (number))

/*
 * A stored row, decoded on demand. It points into the store: valid until the transaction ends and,
 * in a write transaction, until its next write.
 */
typedef struct bbots_row {
    const bbots_table *table;
    const uint8_t *data;  /* docs/format.md, "Row" */
    const void *layout;   /* the engine's */
    uint32_t size;
    bbots_txn *txn;       /* where sealed columns are opened; NULL: they stay sealed */
} bbots_row;

/*
 * A column's value; reached in constant time. A sealed column is opened when it is asked for (what
 * that means for its memory: bbots/secret.h); one that cannot be opened gives BBOTS_SEALED.
 */
BBOTS_API bbots_value bbots_row_value(const bbots_row *row, unsigned column);

/*
 * Inserts a row. given says which of values count; the others take their defaults, a serial its
 * next number. stored (may be NULL) receives the row as it stands.
 *
 * Errors, judged in PostgreSQL's order: BBOTS_WRONG_TYPE, BBOTS_INVALID_TEXT, BBOTS_STRING_TOO_LONG,
 * BBOTS_NUMERIC_OUT_OF_RANGE and the other complaints about a value; BBOTS_NOT_NULL_VIOLATION;
 * BBOTS_UNIQUE_VIOLATION; BBOTS_FOREIGN_KEY_VIOLATION; BBOTS_SERIAL_EXHAUSTED;
 * BBOTS_LIMIT_EXCEEDED (a row past 64 MiB).
 */
BBOTS_API BBOTS_CHECKED int bbots_insert(bbots_txn *txn, const bbots_table *table,
                                         const bbots_value *values, uint64_t given,
                                         bbots_row *stored, bbots_error *error);

/*
 * Finds a row by a unique index: key holds the values of the index's columns in its order. Index 0
 * is the primary key. A null in the key finds nothing.
 *
 * Returns BBOTS_OK or BBOTS_NOT_FOUND. Errors: BBOTS_UNKNOWN_INDEX (no such, or not unique) and
 * the complaints about a value.
 */
BBOTS_API BBOTS_CHECKED int bbots_get(bbots_txn *txn, const bbots_table *table, unsigned index,
                                      const bbots_value *key, bbots_row *row, bbots_error *error);

/*
 * Changes the columns in set of the row that the key of a unique index finds. The primary key and
 * referenced columns may be changed too, as long as no reference is left pointing to nothing.
 * updatedAt columns take the transaction's time unless they are in set.
 *
 * Returns BBOTS_OK or BBOTS_NOT_FOUND. Errors as bbots_insert().
 */
BBOTS_API BBOTS_CHECKED int bbots_update(bbots_txn *txn, const bbots_table *table, unsigned index,
                                         const bbots_value *key, const bbots_value *values,
                                         uint64_t set, bbots_row *stored, bbots_error *error);

/* What a delete did beside deleting the row itself. */
typedef struct bbots_deleted {
    uint64_t rows;     /* rows that the key named: 0 or 1 */
    uint64_t cascaded; /* rows deleted because they referenced a deleted one */
    uint64_t set_null; /* rows whose reference was set to null */
} bbots_deleted;

/*
 * Deletes the row that the key of a unique index finds, with everything that its references'
 * rules say: CASCADE and SET NULL to any depth; NO ACTION refuses when, at its turn, a row is left
 * that references a deleted one. deleted may be NULL.
 *
 * All is planned before anything is changed. A plan of many rows lies in a temporary file (TMPDIR
 * or /tmp, some 40 bytes a row), so memory stays bounded. bbots/explain.h shows a plan without
 * carrying it out.
 *
 * Returns BBOTS_OK or BBOTS_NOT_FOUND. Errors: BBOTS_FOREIGN_KEY_VIOLATION (the sentence says how
 * many rows are in the way, counted up to 1,000, and the primary keys of the first),
 * BBOTS_NOT_NULL_VIOLATION (SET NULL on a column that must have a value), BBOTS_DISK_FULL (no room
 * for the temporary file).
 */
BBOTS_API BBOTS_CHECKED int bbots_delete(bbots_txn *txn, const bbots_table *table, unsigned index,
                                         const bbots_value *key, bbots_deleted *deleted,
                                         bbots_error *error);

/*
 * The same, unless it would delete or set to null more than rows_max rows in all, the row itself
 * among them: then it is refused with BBOTS_TOO_MANY_ROWS. It looks at no more rows than that, so a
 * refusal by a foreign key that would come later is not found.
 */
BBOTS_API BBOTS_CHECKED int bbots_delete_at_most(bbots_txn *txn, const bbots_table *table,
                                                 unsigned index, const bbots_value *key,
                                                 uint64_t rows_max, bbots_deleted *deleted,
                                                 bbots_error *error);

/*
 * Inserts a row, or, when a row with the same key of the unique index `conflict` stands, changes
 * the columns in set of that one to set_values (INSERT … ON CONFLICT (…) DO UPDATE; with set 0:
 * DO NOTHING). inserted (may be NULL) tells which; stored (may be NULL) receives the row that
 * stands at the end. Errors as bbots_insert().
 */
BBOTS_API BBOTS_CHECKED int bbots_upsert(bbots_txn *txn, const bbots_table *table,
                                         unsigned conflict, const bbots_value *values,
                                         uint64_t given, const bbots_value *set_values,
                                         uint64_t set, bbots_row *stored, bool *inserted,
                                         bbots_error *error);

/*
 * Marks a row as deleted and keeps it: deletedAt becomes the transaction's time (a time that is
 * there stays), isActive (a boolean, or a varchar with room for the word) becomes false. Scans with
 * live_only leave such rows out.
 *
 * Returns BBOTS_OK, BBOTS_UNCHANGED (it was marked already) or BBOTS_NOT_FOUND. Errors:
 * BBOTS_UNKNOWN_COLUMN when the table has neither column.
 */
BBOTS_API BBOTS_CHECKED int bbots_soft_delete(bbots_txn *txn, const bbots_table *table,
                                              unsigned index, const bbots_value *key,
                                              bbots_error *error);

/* Whether soft delete marked the row; false for tables without such columns. */
BBOTS_API bool bbots_row_is_deleted(const bbots_row *row);

/* The number of rows, from the catalogue: constant time. */
BBOTS_API BBOTS_CHECKED int bbots_count(bbots_txn *txn, const bbots_table *table, uint64_t *count,
                                        bbots_error *error);

/*
 * A table's digest: the sum modulo 2^128 of the XXH3-128 of its rows (docs/format.md). Two tables
 * with the same rows have the same digest, whatever the order in which they came in. (A row keeps
 * the bytes it was written with: one from before a column was added hashes without that column.)
 */
typedef struct bbots_digest {
    uint8_t bytes[16]; /* big endian */
} bbots_digest;

BBOTS_API BBOTS_CHECKED int bbots_table_digest(bbots_txn *txn, const bbots_table *table,
                                               bbots_digest *digest, bbots_error *error);

/*
 * Digest of the whole store: the sum modulo 2^128 of the XXH3-128 of each table's count and digest,
 * seeded by the table's name.
 */
BBOTS_API BBOTS_CHECKED int bbots_store_digest(bbots_txn *txn, bbots_digest *digest,
                                               bbots_error *error);

/* The number that the table's serial column takes next; NOT_FOUND for a table without one. */
BBOTS_API BBOTS_CHECKED int bbots_serial_next(bbots_txn *txn, const bbots_table *table,
                                              int64_t *next, bbots_error *error);

/* Moves it on to at least `next`; a smaller number changes nothing. Errors: BBOTS_UNKNOWN_COLUMN. */
BBOTS_API BBOTS_CHECKED int bbots_serial_advance(bbots_txn *txn, const bbots_table *table,
                                                 int64_t next, bbots_error *error);

/*
 * Reads a text as a value of a column, as PostgreSQL reads a quoted literal. For text, numbers and
 * times the value points to nothing but text itself; jsonb gives BBOTS_JSONTEXT. vector reads
 * "[1,2.5]" into memory from malloc only through an insert: here BBOTS_TEXT is handed on.
 * Errors: the complaints about a value.
 */
BBOTS_API BBOTS_CHECKED int bbots_value_parse(const bbots_table *table, unsigned column,
                                              bbots_text text, bbots_value *value,
                                              bbots_error *error);

/*
 * Writes a value of a column as text: PostgreSQL's output form except that timestamps follow
 * `style`. *text is from malloc, with a NUL; the caller frees it. NULL gives *text == NULL.
 * Errors: BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_value_print(const bbots_table *table, unsigned column,
                                              const bbots_value *value, bbots_timestamp_style style,
                                              char **text, size_t *size, bbots_error *error);

/* ------------------------------------------------------------------ typed rows */

/*
 * A typed row struct begins with two sets of columns: given (on the way in: which fields count)
 * and null (which of them are NULL; a text, JSON, bytes or vector field with data == NULL is NULL
 * too). On the way out given has all columns and null those that are NULL. A secret column that
 * could not be opened is in neither, and its data is NULL: what is written back from given leaves it
 * as it is.
 */
typedef struct bbots_record {
    uint64_t given;
    uint64_t null;
} bbots_record;

/* As the functions above; key fields are taken from the struct. The struct is completed in place:
 * its texts then point into the store. */
BBOTS_API BBOTS_CHECKED int bbots_record_insert(bbots_txn *txn, const bbots_table *table,
                                                void *record, bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_record_get(bbots_txn *txn, const bbots_table *table,
                                             unsigned index, void *record, bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_record_update(bbots_txn *txn, const bbots_table *table,
                                                void *record, uint64_t columns, bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_record_delete(bbots_txn *txn, const bbots_table *table,
                                                const void *record, bbots_deleted *deleted,
                                                bbots_error *error);
/* set: the columns of record that an existing row takes over. */
BBOTS_API BBOTS_CHECKED int bbots_record_upsert(bbots_txn *txn, const bbots_table *table,
                                                unsigned conflict, void *record, uint64_t set,
                                                bool *inserted, bbots_error *error);
/* Fills a struct from a stored row. */
BBOTS_API void bbots_record_read(const bbots_row *row, void *record);

#ifdef __cplusplus
}
#endif
#endif
