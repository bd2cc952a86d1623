/*
 * table/entries.h - the entries of a table's trees, whatever the way in which they are stored.
 *
 * Tree 0 and unique trees have a node for each entry. The entries of all other trees lie in blocks
 * (codec/block.h), many to a node. Each block names the key of the next, so a walk or a look-up is
 * complete or fails: it cannot pass over a block that damage has taken away.
 */
#ifndef TABLE_ENTRIES_H
#define TABLE_ENTRIES_H

#include "codec/block.h"
#include "store/store.h"

struct index_pending;
typedef struct engine_table engine_table;

/*
 * A place in a tree. Entries and values are valid until the cursor moves and until the transaction
 * writes; after a write it has to seek.
 */
typedef struct entries_cursor {
    store_cursor nodes;
    const engine_table *table;
    unsigned tree;
    bool blocks;
    bool behind;       /* `before` is in use: the entry in hand was reached from behind */
    codec_block block; /* the one that the cursor stands in */
    codec_run run;
    uint8_t *before; /* entries of the block, each followed by its size in two bytes */
    size_t before_size;
    size_t before_room;
} entries_cursor;

/* Zeroed or closed before; closing one that was never opened is no mistake. */
int entries_open(store_txn *txn, const engine_table *table, unsigned tree, entries_cursor *cursor,
                 bbots_error *error);
void entries_close(entries_cursor *cursor);

/* To the first entry that is not less than `key`. BBOTS_OK or BBOTS_END. */
int entries_seek(entries_cursor *cursor, store_bytes key, store_bytes *entry, store_bytes *value,
                 bbots_error *error);

/* BBOTS_OK or BBOTS_END; next and previous need an entry in hand. value is empty in blocks. */
int entries_move(entries_cursor *cursor, store_step step, store_bytes *entry, store_bytes *value,
                 bbots_error *error);

/* Whether a tree keeps its entries in blocks. */
bool entries_in_blocks(const bbots_table *table, unsigned tree);

/* BBOTS_CORRUPTED: `index tree "users(role)" <what>`. */
int entries_damaged(const engine_table *table, unsigned tree, const char *what, bbots_error *error);

/*
 * Writes the entries that wait for a tree of blocks, in its order (merge.c). An entry that is there and
 * shall be added, or is not there and shall be removed, is damage.
 */
int entries_merge(store_txn *txn, const engine_table *table, unsigned tree,
                  struct index_pending *pending, bbots_error *error);

#endif
