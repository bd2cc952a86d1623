/*
 * table/live_tail.c - room for many new blocks in the middle of the tree.
 *
 * A page of LMDB that is full is halved, unless the new entry comes behind all others of the page.
 * New buckets of a level come behind the level's last block, but on that block's page the next
 * level begins: so every page of a long run would be halved and stay half empty. What stands
 * behind the run, about a page of it, is therefore taken out first and put back behind it.
 */
#include "table/live.h"

#include "base/bytes.h"

/* Takes out what stands behind a key, as much as may share its page. */
int live_tail_lift(live_tail *tail, store_cursor *cursor, store_bytes key, bbots_error *error)
{
    store_bytes found;
    store_bytes value;
    int rc = BBOTS_OK;
    tail->size = 0;
    while (rc == BBOTS_OK && tail->size < LIVE_TAIL) {
        rc = store_cursor_seek_behind(cursor, key, &found, &value, error);
        if (rc != BBOTS_OK || found.size > LIVE_KEY_MAX || value.size > LIVE_TAIL) {
            break;
        }
        uint8_t *at = tail->bytes + tail->size;
        store_bytes gone = {at + 4, found.size};
        bb_store16(at, (uint16_t)found.size);
        bb_store16(at + 2, (uint16_t)value.size);
        memcpy(at + 4, found.data, found.size);
        memcpy(at + 4 + found.size, value.data, value.size);
        tail->size += 4 + found.size + value.size;
        rc = store_cursor_delete(cursor, gone, error);
    }
    return rc < 0 ? rc : BBOTS_OK;
}

int live_tail_put_back(live_tail *tail, store_cursor *cursor, bbots_error *error)
{
    int rc = BBOTS_OK;
    for (size_t i = 0; i < tail->size && rc == BBOTS_OK;) {
        const uint8_t *at = tail->bytes + i;
        store_bytes key = {at + 4, bb_load16(at)};
        store_bytes value = {at + 4 + key.size, bb_load16(at + 2)};
        rc = store_cursor_put(cursor, key, value, STORE_REPLACE, error);
        i += 4 + key.size + value.size;
    }
    tail->size = 0;
    return rc;
}
