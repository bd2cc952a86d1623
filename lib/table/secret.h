/*
 * table/secret.h - sealed columns from the inside: secret.c opens and seals values, secret_count.c
 * keeps count of them by key, secret_memory.c holds what was opened, data_key.c finds the keys that
 * are rows, rotate.c brings values to the key of today.
 *
 * Rows, images, undo notes and whatever else the engine holds have the sealed bytes. Plain text is
 * only in what a caller gives, until row_make(), and in what he asks for, from bbots_row_value() on.
 */
#ifndef TABLE_SECRET_H
#define TABLE_SECRET_H

#include "table/engine.h"

#include <bbots/secret.h>

/* ------------------------------------------------------------------ values (secret.c) */

/* Opens the sealed value of a row that was given out. BBOTS_KEY_MISSING, BBOTS_TAMPERED,
 * BBOTS_NO_MEMORY; *value is as it was then. */
int secret_open(const bbots_row *row, unsigned column, bbots_value *value, bbots_error *error);

/*
 * Seals a row's secret values before row_make(). old is NULL for an insert; set are the columns that
 * the statement gives. A value that the row had is sealed anew when its place or owner changed.
 */
int secret_seal(bbots_txn *txn, engine_table *table, const engine_image *old, bbots_value *values,
                uint64_t set, bbots_error *error);

/*
 * Brings the secret values of a row to the key that would seal them today. *changed says whether
 * there was one to bring; *closed counts those that could not be opened.
 */
int secret_renew(bbots_txn *txn, engine_table *table, const engine_image *old, bbots_value *values,
                 bool *changed, uint64_t *closed, bbots_error *error);

/* Whether a row has a value that secret_renew() would change. */
int secret_is_old(bbots_txn *txn, engine_table *table, const bbots_row *row, bool *old,
                  bbots_error *error);

/* ------------------------------------------------------------------ a transaction's part */

typedef struct secret_count {
    bbots_key_id id; /* zeros: keys that are rows */
    uint64_t values;
} secret_count;

/* A value that was opened: where the sealed one lies, its nonce, and the plain one. */
typedef struct secret_opened {
    const uint8_t *sealed; /* NULL: a free place */
    const void *plain;
    uint8_t nonce[VAULT_NONCE_BYTES];
} secret_opened;

/* Guarded memory of values that live equally long. */
typedef struct secret_block secret_block;
typedef struct secret_memory {
    secret_block *first;
    secret_opened *places; /* a hash table: places_room is a power of two */
    size_t places_room;
    size_t places_used;
} secret_memory;

#define DATA_KEYS_AT_HAND 32u

/* Keys of rows that were opened a moment ago, by the nonce of the row's own sealed value. */
typedef struct data_key_cache {
    uint8_t nonces[DATA_KEYS_AT_HAND][VAULT_NONCE_BYTES];
    vault_key keys[DATA_KEYS_AT_HAND];
} data_key_cache;

typedef struct secret_state {
    secret_memory opened;      /* since the last write; in a reading transaction since it began */
    secret_memory last_opened; /* before the last write, whose caller may have given it */
    vault_nonces nonces;
    data_key_cache *data_keys; /* guarded; NULL: none was needed */
    secret_count *counts;      /* the catalogue's record, by id; from malloc */
    unsigned count_room;
    unsigned count_used;
    bool counts_loaded;
    bool counts_dirty;
} secret_state;

/* The transaction's part, made when it is first needed. */
int secret_state_of(bbots_txn *txn, secret_state **state, bbots_error *error);

/* A write begins: what was opened before the last one is wiped. */
void secret_turn(secret_state *state);

/* The transaction ends: all is wiped. It rests: memory is kept for the next one. */
void secret_end(bbots_txn *txn);
void secret_rest(secret_state *state);

/* ------------------------------------------------------------------ memory (secret_memory.c) */

/* The plain text of a value that was opened before, or NULL. */
const void *secret_memory_find(const secret_memory *memory, const uint8_t *sealed);
/* Room for size bytes of plain text among what was opened; also makes the transaction's part. */
int secret_room(bbots_txn *txn, size_t size, void **room, bbots_error *error);
/* Remembers that the sealed value was opened; to forget it is no harm. */
void secret_memory_note(secret_memory *memory, const uint8_t *sealed, const void *plain);
/* Wipes it all; kept memory is empty. */
void secret_memory_wipe(secret_memory *memory, bool keep);

/* ------------------------------------------------------------------ counts (secret_count.c) */

#define SECRET_COUNT_BYTES 16u /* of one key in the catalogue's record */

/* A row changed: its sealed values are counted by key, the file is marked as sealed. */
int secret_note_change(bbots_txn *txn, const engine_table *table, const engine_image *old,
                       const engine_image *new_image, bbots_error *error);

/* Reads the catalogue's record into the transaction's part. */
int secret_load_counts(bbots_txn *txn, secret_state **state, bbots_error *error);

/* Counts the sealed values of a row. */
int secret_count_row(secret_state *state, const engine_table *table, const bbots_row *row,
                     bbots_error *error);

/*
 * Puts the counts of another list in place of the catalogue's when they differ, and then takes over its
 * memory, for which the other one gets its own.
 */
int secret_replace_counts(bbots_txn *txn, secret_state *counted, bool *changed, bbots_error *error);

/* Writes the record with the commit. */
int secret_save_counts(bbots_txn *txn, bbots_error *error);

/* When the store is opened: BBOTS_KEY_MISSING names a key that its values need and that is not given. */
int secret_check_keys(bbots_store *store, const char *path, bbots_error *error);

/* Adds delta to the count of a sealed value's key. */
int secret_count_value(secret_state *state, const bbots_value *sealed, int delta,
                       bbots_error *error);

/* ------------------------------------------------------------------ keys that are rows (data_key.c) */

/* When the store is opened: finds the table that holds data keys, and whom the others belong to. */
void data_key_prepare(bbots_store *store);

/*
 * The data key of the owner of a row: BBOTS_OK, or BBOTS_NOT_FOUND when the table has no owners, this
 * row has none, or its owner has no key. BBOTS_KEY_MISSING, BBOTS_TAMPERED: there is one that does
 * not open.
 */
int data_key_of_row(bbots_txn *txn, const engine_table *table, const bbots_row *row,
                    const vault_key **key, bbots_error *error);
int data_key_of_values(bbots_txn *txn, const engine_table *table, const bbots_value *values,
                       const vault_key **key, bbots_error *error);

/* A new random key as text in the scratch arena, for a column that holds one. */
int data_key_make(bbots_txn *txn, const bbots_table *table, unsigned column, bbots_value *value,
                  bbots_error *error);

#endif
