/*
 * table/change.c - the one way into the file.
 *
 * A change is a table, an old row and a new row. Whoever has to follow rows is called here and
 * nowhere else, so nothing can be forgotten by a cascade, an import or a rollback to a savepoint,
 * which all come through.
 */
#include "table/secret.h"

static bool same_key(const engine_image *old, const engine_image *new_image)
{
    return old->key_size == new_image->key_size &&
           memcmp(old->key, new_image->key, old->key_size) == 0;
}

static int key_clash(const txn_table *state, bbots_error *error)
{
    const char *name = state->engine->table->name;
    return bb_fail_at(error, BBOTS_CORRUPTED, name, NULL, NULL,
                      "table \"%s\": a key was found by one way and not by the other", name);
}

static int compare_key(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t common = a_size < b_size ? a_size : b_size;
    int order = memcmp(a, b, common);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

/*
 * Whether a key comes behind every other of the table, which lets pages be filled. The greatest
 * key is looked up once and then kept; a removal leaves it too great at worst, which only makes
 * the answer "no" more often.
 */
static int is_behind_all(bbots_txn *txn, txn_table *state, const engine_image *image, bool *behind,
                         bbots_error *error)
{
    if (!state->last_known) {
        store_cursor cursor;
        store_bytes key;
        store_bytes value;
        int rc = store_cursor_open(&txn->base, state->engine->trees[0], &cursor, error);
        if (rc == BBOTS_OK) {
            rc = store_cursor_move(&cursor, STORE_LAST, &key, &value, error);
            store_cursor_close(&cursor);
        }
        if (rc < 0) {
            return rc;
        }
        state->last_size = rc == BBOTS_OK && key.size <= CODEC_KEY_MAX ? key.size : 0;
        if (state->last_size != 0) {
            memcpy(state->last_key, key.data, state->last_size);
        }
        state->last_known = true;
    }
    *behind = compare_key(image->key, image->key_size, state->last_key, state->last_size) > 0;
    if (*behind) {
        memcpy(state->last_key, image->key, image->key_size);
        state->last_size = image->key_size;
    }
    return BBOTS_OK;
}

static int put_row(bbots_txn *txn, txn_table *state, const engine_image *image, bool replace,
                   bbots_error *error)
{
    store_bytes key = {image->key, image->key_size};
    store_bytes data = {image->row.data, image->row.size};
    store_put_mode mode = STORE_REPLACE;
    if (!replace) {
        bool behind = false;
        int rc = is_behind_all(txn, state, image, &behind, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
        mode = behind ? STORE_APPEND : STORE_NEW;
    }
    int rc = store_put(&txn->base, state->engine->trees[0], key, data, mode, error);
    return rc == BBOTS_UNCHANGED ? key_clash(state, error) : rc;
}

static int delete_row(bbots_txn *txn, txn_table *state, const engine_image *image,
                      bbots_error *error)
{
    store_bytes key = {image->key, image->key_size};
    int rc = store_delete(&txn->base, state->engine->trees[0], key, error);
    return rc == BBOTS_NOT_FOUND ? key_clash(state, error) : rc;
}

static int change_row(bbots_txn *txn, txn_table *state, const engine_image *old,
                      const engine_image *new_image, bbots_error *error)
{
    bool replace = old != NULL && new_image != NULL && same_key(old, new_image);
    int rc = BBOTS_OK;
    if (old != NULL && !replace) {
        rc = delete_row(txn, state, old, error);
    }
    if (new_image != NULL && rc == BBOTS_OK) {
        rc = put_row(txn, state, new_image, replace, error);
    }
    return rc;
}

static void change_stat(txn_table *state, const engine_image *old, const engine_image *new_image)
{
    if (old != NULL) {
        state->stat.count--;
        state->stat.digest = bb_hash_subtract(state->stat.digest, old->hash);
        state->removals++;
    }
    if (new_image != NULL) {
        state->stat.count++;
        state->stat.digest = bb_hash_add(state->stat.digest, new_image->hash);
    }
    state->dirty = true;
}

static int64_t size_of(const engine_image *image)
{
    return image != NULL ? (int64_t)(image->key_size + image->row.size) : 0;
}

/* The columns in which an old and a new row differ, or may: all, when there is only one. */
static uint64_t changed_columns(const engine_image *old, const engine_image *new_image)
{
    if (old == NULL || new_image == NULL || old->row.layout != new_image->row.layout) {
        return ~UINT64_C(0);
    }
    return codec_row_difference(old->row.layout, old->row.data, old->row.size, new_image->row.data,
                                new_image->row.size);
}

int table_change(bbots_txn *txn, txn_table *state, const engine_image *old,
                 const engine_image *new_image, bbots_error *error)
{
    /* What reads the old row comes first: it may lie on a page that the write moves. */
    uint64_t changed = changed_columns(old, new_image);
    int rc = index_change(txn, state, old, new_image, changed, error);
    if (rc == BBOTS_OK && (changed & state->engine->live) != 0) {
        rc = live_note(txn, state, old, new_image, error);
    }
    if (rc == BBOTS_OK) {
        rc = follower_note(txn, state, old, new_image, changed, error);
    }
    if (rc == BBOTS_OK) {
        rc = mark_follow(txn, state, old, new_image, error);
    }
    if (rc == BBOTS_OK) {
        rc = undo_note(txn, state->engine, old, new_image, error);
    }
    if (rc == BBOTS_OK && state->engine->secret != 0) {
        rc = secret_note_change(txn, state->engine, old, new_image, error);
    }
    if (rc == BBOTS_OK) {
        rc = change_row(txn, state, old, new_image, error);
    }
    if (rc != BBOTS_OK) {
        return txn_break(txn, rc);
    }
    change_stat(state, old, new_image);
    txn->changes++;
    txn->growth += size_of(new_image) - size_of(old);
    return BBOTS_OK;
}
