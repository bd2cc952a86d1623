/*
 * table/secret_count.c - how many values each key sealed.
 *
 * The counts follow rows, like a table's digest: whatever changes a row comes through
 * table_change(), and so do the counts, also when a savepoint takes it back. They lie in the
 * catalogue as one record, so it takes no walk over rows to say which keys a file needs.
 *
 *     16 bytes for each key, by id: the id (8), how many values it sealed (8, little endian)
 *
 * Keys that are rows of the store are too many for that; they are counted together under zeros.
 */
#include "table/secret.h"

#include "base/bytes.h"

#include <stdlib.h>

#define IDS_MAX                                                                                    \
    4096u /* more keys than that no host ever had: somebody writes sealed bytes of his own */

/* ------------------------------------------------------------------ the record in memory */

/* Where an id is, or where it would have to come in. */
static unsigned find(const secret_state *state, bbots_key_id id, bool *found)
{
    unsigned from = 0;
    unsigned to = state->count_used;
    while (from < to) {
        unsigned middle = (from + to) / 2;
        int order = memcmp(state->counts[middle].id.bytes, id.bytes, sizeof id.bytes);
        if (order == 0) {
            *found = true;
            return middle;
        }
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    *found = false;
    return from;
}

static int reserve(secret_state *state, unsigned count, bbots_error *error)
{
    if (count > IDS_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "a store has values of at most %u keys",
                       IDS_MAX);
    }
    if (count > state->count_room) {
        unsigned room = count < 8 ? 8 : 2 * count;
        secret_count *moved = realloc(state->counts, room * sizeof *moved);
        if (moved == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        state->counts = moved;
        state->count_room = room;
    }
    return BBOTS_OK;
}

int secret_count_value(secret_state *state, const bbots_value *sealed, int delta,
                       bbots_error *error)
{
    bbots_key_id id;
    uint8_t by;
    bool found;
    if (!vault_sealed_shape(sealed->data, sealed->size, &by, &id)) {
        return BBOTS_OK; /* damage, which the check reports */
    }
    if (by == VAULT_BY_ROW) {
        memset(&id, 0, sizeof id);
    }
    unsigned at = find(state, id, &found);
    if (!found) {
        int rc = reserve(state, state->count_used + 1, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        memmove(state->counts + at + 1, state->counts + at,
                (state->count_used - at) * sizeof *state->counts);
        state->counts[at] = (secret_count){id, 0};
        state->count_used++;
    }
    state->counts[at].values += (uint64_t)(int64_t)delta;
    state->counts_dirty = true;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ the record in the file */

int secret_load_counts(bbots_txn *txn, secret_state **state, bbots_error *error)
{
    store_bytes record;
    int rc = secret_state_of(txn, state, error);
    if (rc != BBOTS_OK || (*state)->counts_loaded) {
        return rc;
    }
    rc = catalog_load_keys(&txn->base, &record, error);
    if (rc == BBOTS_OK && record.size % SECRET_COUNT_BYTES != 0) {
        rc = bb_fail(error, BBOTS_CORRUPTED, "the catalogue's record of keys is damaged");
    }
    if (rc == BBOTS_OK) {
        rc = reserve(*state, (unsigned)(record.size / SECRET_COUNT_BYTES), error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    (*state)->count_used = (unsigned)(record.size / SECRET_COUNT_BYTES);
    for (unsigned i = 0; i < (*state)->count_used; i++) {
        const uint8_t *at = (const uint8_t *)record.data + (size_t)i * SECRET_COUNT_BYTES;
        memcpy((*state)->counts[i].id.bytes, at, 8);
        (*state)->counts[i].values = bb_load64(at + 8);
    }
    (*state)->counts_loaded = true;
    return BBOTS_OK;
}

int secret_save_counts(bbots_txn *txn, bbots_error *error)
{
    secret_state *state = txn->secrets;
    unsigned used = 0;
    if (state == NULL || !state->counts_dirty) {
        return BBOTS_OK;
    }
    uint8_t *bytes = bb_arena_alloc(&txn->arena, (size_t)state->count_used * SECRET_COUNT_BYTES);
    if (bytes == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    for (unsigned i = 0; i < state->count_used; i++) {
        if (state->counts[i].values != 0) {
            memcpy(bytes + (size_t)used * SECRET_COUNT_BYTES, state->counts[i].id.bytes, 8);
            bb_store64(bytes + (size_t)used * SECRET_COUNT_BYTES + 8, state->counts[i].values);
            used++;
        }
    }
    store_bytes record = {bytes, (size_t)used * SECRET_COUNT_BYTES};
    state->counts_dirty = false;
    return catalog_save_keys(&txn->base, record, error);
}

/* ------------------------------------------------------------------ following rows */

static int count_row(secret_state *state, const engine_table *table, const bbots_row *row,
                     int delta, bool *sealed, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (uint64_t left = table->secret; left != 0 && rc == BBOTS_OK; left &= left - 1) {
        bbots_value value =
            codec_row_value(row->layout, row->data, row->size, (unsigned)__builtin_ctzll(left));
        if (value.kind == BBOTS_SEALED) {
            *sealed = true;
            rc = secret_count_value(state, &value, delta, error);
        }
    }
    return rc;
}

int secret_count_row(secret_state *state, const engine_table *table, const bbots_row *row,
                     bbots_error *error)
{
    bool sealed;
    return count_row(state, table, row, 1, &sealed, error);
}

/* Whether two lists say the same; a key without values counts as none. */
static bool same_counts(const secret_state *a, const secret_state *b)
{
    bool same = true;
    for (unsigned i = 0; i < a->count_used && same; i++) {
        bool found;
        unsigned at = find(b, a->counts[i].id, &found);
        same = a->counts[i].values == (found ? b->counts[at].values : 0);
    }
    return same;
}

int secret_replace_counts(bbots_txn *txn, secret_state *counted, bool *changed, bbots_error *error)
{
    secret_state *state;
    int rc = secret_state_of(txn, &state, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (secret_load_counts(txn, &state, NULL) == BBOTS_OK && same_counts(state, counted) &&
        same_counts(counted, state)) {
        return BBOTS_OK;
    }
    secret_count *before = state->counts;
    state->counts = counted->counts;
    state->count_room = counted->count_room;
    state->count_used = counted->count_used;
    state->counts_loaded = true;
    state->counts_dirty = true;
    counted->counts = before;
    *changed = true;
    return secret_save_counts(txn, error);
}

int secret_note_change(bbots_txn *txn, const engine_table *table, const engine_image *old,
                       const engine_image *new_image, bbots_error *error)
{
    secret_state *state;
    bool sealed = false;
    int rc = secret_load_counts(txn, &state, error);
    if (rc == BBOTS_OK && old != NULL) {
        rc = count_row(state, table, &old->row, -1, &sealed, error);
    }
    if (rc == BBOTS_OK && new_image != NULL) {
        rc = count_row(state, table, &new_image->row, 1, &sealed, error);
    }
    if (rc == BBOTS_OK && sealed && (txn->features & CATALOG_SEALED) == 0) {
        rc = catalog_save_features(&txn->base, txn->features | CATALOG_SEALED, error);
        txn->features |= CATALOG_SEALED;
    }
    return rc;
}

int bbots_key_uses(bbots_txn *txn, bbots_key_use *uses, unsigned room, unsigned *count,
                   bbots_error *error)
{
    static const bbots_key_id rows;
    secret_state *state;
    engine_table *engine;
    *count = 0;
    int rc = statement_begin(txn, txn->store->schema->tables[0], false, &engine, error);
    if (rc == BBOTS_OK) {
        rc = secret_load_counts(txn, &state, error);
    }
    for (unsigned i = 0; rc == BBOTS_OK && i < state->count_used; i++) {
        bbots_key_id id = state->counts[i].id;
        if (state->counts[i].values == 0) {
            continue;
        }
        if (*count < room) {
            bool by_rows = memcmp(&id, &rows, sizeof id) == 0;
            uses[*count] =
                (bbots_key_use){id, state->counts[i].values,
                                by_rows || vault_keyring_find(txn->store->keys, id) != NULL};
        }
        ++*count;
    }
    return rc;
}

int secret_check_keys(bbots_store *store, const char *path, bbots_error *error)
{
    bbots_key_use uses[64];
    bbots_txn *txn;
    unsigned count;
    int rc = bbots_begin(store, BBOTS_READ, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = bbots_key_uses(txn, uses, sizeof uses / sizeof *uses, &count, error);
    bbots_rollback(txn);
    for (unsigned i = 0; rc == BBOTS_OK && i < count && i < sizeof uses / sizeof *uses; i++) {
        char shown[BBOTS_KEY_ID_TEXT_MAX];
        if (!uses[i].given || store->keys == NULL) {
            bbots_key_id_print(uses[i].id, shown);
            rc = bb_fail(error, BBOTS_KEY_MISSING,
                         "file \"%s\" has %llu values sealed with key %s, which was not given",
                         path, (unsigned long long)uses[i].values, shown);
        }
    }
    return rc;
}
