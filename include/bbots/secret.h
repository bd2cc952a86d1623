/*
 * bbots/secret.h - sealed columns: which keys a store needs, why a value stays closed, a new key.
 *
 * A column tagged [secret] is sealed by the engine when the store was opened with keys: what reaches
 * the file is cipher text, bound to its table, column and row. Reading and writing look as always.
 * docs/security.md tells what this protects from and what not.
 *
 * Without its key a value is of kind BBOTS_SEALED, and the rest of the row is readable. A store that
 * holds sealed values takes no new secret without a key (BBOTS_KEY_MISSING). A store that never had
 * keys keeps secrets in the open.
 *
 * Memory: a sealed value is opened when it is asked for, into guarded memory of the transaction. There
 * it lives as long as the row does: until the transaction ends, in a write transaction until its
 * next write but one has begun. Then it is wiped. Who reads very many in one transaction calls
 * bbots_txn_wipe() now and then.
 *
 * Sealing the same value twice gives different bytes. So an update that sets a secret to what it
 * was is a change, and two stores with equal secrets have different digests.
 */
#ifndef BBOTS_SECRET_H
#define BBOTS_SECRET_H

#include <bbots/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A column's value as bbots_row_value() gives it, or why it is sealed.
 *
 * Errors: BBOTS_KEY_MISSING (the message names the key's id; or the row's data key is gone),
 * BBOTS_TAMPERED (changed, or moved here from another place), BBOTS_NO_MEMORY. *value is of kind
 * BBOTS_SEALED then.
 */
BBOTS_API BBOTS_CHECKED int bbots_row_secret(const bbots_row *row, unsigned column,
                                             bbots_value *value, bbots_error *error);

/* Wipes all sealed values that the transaction opened: what pointed to them must not be used again. */
BBOTS_API void bbots_txn_wipe(bbots_txn *txn);

/* What the store holds of one key. */
typedef struct bbots_key_use {
    bbots_key_id id; /* zeros: keys that are rows of the store, taken together */
    uint64_t values; /* sealed by it */
    bool given;      /* the store was opened with it (of zeros: true) */
} bbots_key_use;

/*
 * How many values each key sealed, from the catalogue: by id, at most `room` of them. *count receives
 * how many there are. A key that was given and sealed nothing is not among them.
 * Errors: BBOTS_FORKED, BBOTS_CORRUPTED, BBOTS_IO, BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_key_uses(bbots_txn *txn, bbots_key_use *uses, unsigned room,
                                           unsigned *count, bbots_error *error);

/* A rotation: what is wanted of it, and what it did. */
typedef struct bbots_rotation {
    uint32_t batch_rows; /* rows of one transaction; 0 means 500 */
    /* May be NULL. Called after each batch: rows changed by this call, rows of all tables with secrets;
     * anything but 0 stops. */
    int (*on_progress)(uint64_t renewed, uint64_t rows, void *context);
    void *context;
    uint64_t renewed; /* rows that were changed */
    uint64_t closed;  /* values that could not be opened and stay as they are */
} bbots_rotation;

/*
 * Seals every secret value by the key that would seal it today: the first of the store's keys, or its
 * owner's data key. Values in the open are sealed too. Each batch of rows is a transaction of its
 * own, so others read and write meanwhile, and the call may be stopped, or killed, and made again: it
 * goes on where there is something to do. Old keys have to be among the store's keys until no value
 * needs them (bbots_key_uses()). Pages that held the old values are used again at some time and not
 * wiped: a copy of the file made afterwards does not have them.
 *
 * Errors: BBOTS_KEY_MISSING (the store was opened without keys, or a data key does not open),
 * BBOTS_CANCELLED, BBOTS_INVALID_ARGUMENT (batch_rows past 100,000), BBOTS_READ_ONLY, and those of a
 * write. What was done until then stays.
 */
BBOTS_API BBOTS_CHECKED int bbots_keys_rotate(bbots_store *store, bbots_rotation *rotation,
                                              bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
