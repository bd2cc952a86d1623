/*
 * store/store.h - one file of trees: the only room that knows LMDB.
 *
 * The rest of the library sees files, transactions, trees of plain keys and cursors. The rules
 * that keep LMDB safe hold here and nowhere else; README.md numbers them.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <bbots/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct store_file store_file;

typedef struct store_bytes {
    const void *data;
    size_t size;
} store_bytes;

/* A tree of the file; STORE_MAIN is the one that holds the others' records and our own. */
typedef unsigned store_tree;
#define STORE_MAIN 1u

/*
 * The record of the main tree in which each commit repeats its number (store_txn_number()), 8
 * bytes: it tells whether a meta page and the trees that it leads to are of the same commit.
 */
#define STORE_COMMIT_KEY "@commit"

/* When the pages of a file are walked before it is mapped. */
typedef enum store_trust {
    STORE_TRUST_CLEAN,  /* unless its last use came to an end */
    STORE_TRUST_NONE,   /* always */
    STORE_TRUST_ALWAYS, /* only when it is shorter than it says */
    STORE_TRUST_REPAIR  /* always; and the file may go back by one commit, if it must */
} store_trust;

/* What opening a file took. */
enum store_opened {
    STORE_WALKED = 1,
    STORE_META_REPAIRED = 2,
    STORE_WENT_BACK = 4, /* a newer commit may have been there; its meta page was torn */
    STORE_TAKEN_BACK = 8 /* to its last flush: the system went down (anchor.c) */
};

/* A read transaction of any process. */
typedef struct store_reader {
    int process;
    bool own;             /* of this process */
    uint64_t transaction; /* the commit that it sees */
    uint64_t behind;      /* commits since */
} store_reader;

/* A result other than 0 ends the list. */
typedef int store_reader_seen(const store_reader *reader, void *context);

typedef struct store_options {
    store_trust trust;
    bool plain_reads; /* through LMDB only */
    uint32_t mode;    /* of the file's permissions */
    uint32_t readers_max;
    uint32_t trees_max;
    uint64_t map_bytes;
    uint64_t file_bytes_max; /* 0: no limit */
    uint64_t reserve_bytes;  /* kept for what makes the contents smaller; 0: as many as is usual */
    uint64_t reader_commits_max; /* readers further behind go to on_long_reader; NULL: to nobody */
    store_reader_seen *on_long_reader;
    void *reader_context;
    bool relaxed;                 /* do not wait for the meta page (BBOTS_RELAXED) */
    bool buffered;                /* do not wait at all (BBOTS_BUFFERED), ... */
    uint64_t unflushed_bytes_max; /* ... until about so much was changed; 0: as much as is usual */
    bool allow_network;
    bool alone; /* nobody else may have the file open, now or meanwhile */
    bool read_only; /* a file that may not be written is opened all the same, unless alone is asked for */
    bool guard; /* faults in the map become errors (guard.c) */
} store_options;

/* A transaction. The struct belongs to the caller and can be used again after its end. */
typedef struct store_txn {
    store_file *file;
    struct MDB_txn *handle;
    bool write;
    bool resting; /* a read transaction that was reset and can be renewed */
    /* Of a writer, for dirty.c: */
    bool numbered;        /* its number stands in the main tree */
    size_t dirty_bytes;   /* about so many were changed since pages were last written out ... */
    size_t dirty_max;     /* ... which is done when there are more */
    size_t changed_bytes; /* of anchor.c: the same as dirty_bytes, of the whole transaction */
    uint64_t pages_most;  /* of reserve.c: pages that it may have taken at most */
    /* Of a reader, for direct.c: */
    uint64_t number;    /* the state that it sees; 0: not known for certain */
    const uint8_t *map; /* and where its pages are */
    uint64_t page_count;
    struct store_direct *direct; /* roots of trees, or NULL */
} store_txn;

typedef struct store_stat {
    uint64_t file_bytes;
    uint64_t used_bytes;
    uint64_t map_bytes;
    uint64_t transaction;
    uint32_t page_bytes;
    uint32_t readers;
    uint32_t readers_max;
    uint32_t opened; /* enum store_opened */
} store_stat;

/* ------------------------------------------------------------------ files (file.c) */

int store_file_open(const char *path, const store_options *options, store_file **file,
                    bbots_error *error);

/* Whether there is something of that name. */
bool store_file_exists(const char *path);

uint64_t store_file_size(const char *path);
const char *store_file_path(const store_file *file);
uint32_t store_file_mode(const store_file *file);

/* Closes a file without open transactions; BBOTS_BUSY otherwise. */
int store_file_close(store_file *file, bbots_error *error);

/* Waits until all that was committed is on the disk (anchor.c). Takes the write transaction. */
int store_flush(store_file *file, bbots_error *error);

/* BBOTS_OK, or BBOTS_FORKED in a child of the process that opened the file. */
int store_check_process(const store_file *file, bbots_error *error);

/* After BBOTS_MAP_FULL: whether the next write transaction will find a larger map. */
bool store_map_can_grow(const store_file *file);

int store_file_stat(store_file *file, store_stat *stat, bbots_error *error);

/*
 * Clears dead readers, then shows all that read now (readers.c). Returns BBOTS_OK, or what ended
 * the list.
 */
int store_readers(store_file *file, store_reader_seen *seen, void *context, bbots_error *error);

/* ------------------------------------------------------------------ new files (make.c) */

/* A file that is being made, under a working name in the folder in which it will be. */
typedef struct store_making {
    char *path; /* its working name */
    int fd;     /* holds the lock by which others know that it is worked on */
} store_making;

/* Fills a new file. It may be called again, with the file empty again, when the map was too small. */
typedef int store_fill(store_file *file, void *context, bbots_error *error);

/*
 * Begins a file that is to lie beside `path` or to be it. What makers that died left in that folder is
 * removed. store_make_end() removes the working file, unless it took another one's place.
 */
int store_make_begin(const char *path, uint32_t mode, store_making *making, bbots_error *error);

/*
 * Gives it the owner and the group of the file at `path`; at least the group, if this process may not give files
 * away. BBOTS_ACCESS_DENIED: not even that.
 */
int store_make_belong(const store_making *making, const char *path, bbots_error *error);

int store_make_fill(const store_making *making, const store_options *options, store_fill *fill,
                    void *context, bbots_error *error);
void store_make_end(store_making *making);

/* Gives the file its name, flushed; BBOTS_FILE_EXISTS when there is a file of that name. */
int store_make_name(const store_making *making, const char *path, bbots_error *error);

/*
 * Puts the file in the place of an open one that nobody else has open (store_options.alone). Nobody
 * can open the new file until store_make_release(turn), which is called after the old one was closed:
 * they share a lock file.
 */
int store_make_replace(const store_making *making, const char *path, int *turn, bbots_error *error);
void store_make_release(int turn);

/*
 * Makes a new file: it gets its name when it is filled and flushed, so that a file of this name is
 * always whole. BBOTS_FILE_EXISTS when there is one.
 */
int store_file_create(const char *path, const store_options *options, store_fill *fill,
                      void *context, bbots_error *error);

/* Removes a file and its lock file, if they are there. */
void store_file_remove(const char *path);

/* ------------------------------------------------------------------ transactions (txn.c) */

/*
 * Begins a transaction in *txn (zeroed, or one that rests). Waits for another writer; never for
 * anything else but the growth of the map.
 */
int store_begin(store_file *file, bool write, store_txn *txn, bbots_error *error);

/* BBOTS_TRANSACTION_ACTIVE when this thread has the write transaction: it would wait for itself. */
int store_check_thread(store_file *file, bbots_error *error);

/*
 * Makes this thread the one that has the write transaction, while the one that began it waits. The
 * one that began it ends it.
 */
void store_take_over(store_txn *txn);

/*
 * How many bytes of changed pages a write transaction may hold in memory, about; STORE_DIRTY_MAX if
 * nothing is said, which is what LMDB allows anyway. More are written to the file before the commit,
 * where nobody sees them. Pages that change again are read back: few transactions should ask for it.
 */
#define STORE_DIRTY_MAX ((size_t)512 << 20)
void store_limit_dirty(store_txn *txn, size_t bytes);

/*
 * Before the commit of a transaction that makes the contents larger: makes sure that the reserve will be
 * left (reserve.c). BBOTS_MAP_FULL, BBOTS_DISK_FULL or another failure: it has to be aborted.
 */
int store_keep_reserve(store_txn *txn, bbots_error *error);

int store_commit(store_txn *txn, bbots_error *error);
void store_abort(store_txn *txn);

/* Ends a read transaction but keeps its place, so that the next begin is cheap. */
void store_rest(store_txn *txn);

/* Frees a resting transaction. */
void store_discard(store_txn *txn);

/* LMDB's number of the transaction: of a reader, the last commit it sees. */
uint64_t store_txn_number(const store_txn *txn);

/* ------------------------------------------------------------------ pages (walk.c) */

typedef struct store_fault {
    uint64_t page;    /* UINT64_MAX: no single one */
    const char *tree; /* "" when none is concerned */
    const char *message;
    bool harmless;
} store_fault;

/* Called for each fault; a result other than 0 stops the walk and is what it returns. */
typedef int store_fault_seen(const store_fault *fault, void *context);

/* Walks the pages of the last commit, while others may write. */
int store_walk(store_file *file, store_fault_seen *seen, void *context, bbots_error *error);

/*
 * Called for what a leaf holds. tree: the name of the tree that reached it, "" for the main tree; its
 * data is NULL for a page that was found by itself. A result other than BBOTS_OK stops.
 */
typedef int store_leaf_seen(store_bytes tree, store_bytes key, store_bytes value, void *context);

/* All leaves of a file that may be broken in any way, read without LMDB (leaves.c). */
int store_leaves(const char *path, store_leaf_seen *seen, void *context, bbots_error *error);

/* Whether faults in the file's memory come back as errors. */
bool store_is_guarded(const store_file *file);

/* ------------------------------------------------------------------ trees (tree.c) */

/*
 * Opens a tree of a name; made when it is missing and create is set, otherwise BBOTS_NOT_FOUND.
 * Only before other threads use the file, and in a transaction that commits.
 */
int store_tree_open(store_txn *txn, const char *name, bool create, store_tree *tree,
                    bbots_error *error);

/* BBOTS_OK or BBOTS_NOT_FOUND; the value lies in the file's memory. */
int store_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
              bbots_error *error);

/* A key, and the value that was found under it: data is NULL when none was. */
typedef struct store_pair {
    store_bytes key;
    store_bytes value;
} store_pair;

#define STORE_MANY 16u

/*
 * Up to STORE_MANY look-ups. A reader's wait for memory together, which takes little longer than
 * one of them would.
 */
int store_get_many(store_txn *txn, store_tree tree, store_pair *pairs, unsigned count,
                   bbots_error *error);

/*
 * The first entry whose key is not less; BBOTS_OK or BBOTS_END. For one look: a cursor is better
 * for several.
 */
int store_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
               store_bytes *value, bbots_error *error);

/*
 * A walk through a tree that is written to on the way: the first entry behind a key, which takes the
 * key's place. key has room for PAGES_KEY_MAX bytes; *size 0: the first of all. BBOTS_OK or BBOTS_END.
 */
int store_next(store_txn *txn, store_tree tree, uint8_t key[], size_t *size, store_bytes *value,
               bbots_error *error);

typedef enum store_put_mode {
    STORE_REPLACE, /* whether it is there or not */
    STORE_NEW,     /* BBOTS_UNCHANGED when it is there */
    STORE_APPEND   /* the key is greater than every other: fills pages */
} store_put_mode;

int store_put(store_txn *txn, store_tree tree, store_bytes key, store_bytes value,
              store_put_mode mode, bbots_error *error);

/* BBOTS_OK or BBOTS_NOT_FOUND. */
int store_delete(store_txn *txn, store_tree tree, store_bytes key, bbots_error *error);

/* Takes all keys out of a tree. */
int store_tree_clear(store_txn *txn, store_tree tree, bbots_error *error);

/* Whether a key that a cursor over STORE_MAIN gave is a tree's. */
bool store_is_tree_record(store_bytes key);

/* The number of keys of a tree. */
int store_tree_count(store_txn *txn, store_tree tree, uint64_t *count, bbots_error *error);

/* ------------------------------------------------------------------ cursors (tree.c) */

typedef struct store_cursor {
    struct MDB_cursor *handle; /* NULL: not open */
    store_txn *txn;
    store_bytes last; /* of a read transaction: the key that it is at */
} store_cursor;

typedef enum store_step { STORE_FIRST, STORE_LAST, STORE_NEXT, STORE_PREVIOUS } store_step;

int store_cursor_open(store_txn *txn, store_tree tree, store_cursor *cursor, bbots_error *error);
void store_cursor_close(store_cursor *cursor);

/* To the first key that is not less than `key`. BBOTS_OK or BBOTS_END. */
int store_cursor_seek(store_cursor *cursor, store_bytes key, store_bytes *found_key,
                      store_bytes *value, bbots_error *error);

/* To the first key that is greater than `key`; an empty one is less than all. BBOTS_OK or BBOTS_END. */
int store_cursor_seek_behind(store_cursor *cursor, store_bytes key, store_bytes *found_key,
                             store_bytes *value, bbots_error *error);

/* BBOTS_OK or BBOTS_END. */
int store_cursor_move(store_cursor *cursor, store_step step, store_bytes *key, store_bytes *value,
                      bbots_error *error);

/* As store_put(), from where the cursor stands: cheap when keys ascend. */
int store_cursor_put(store_cursor *cursor, store_bytes key, store_bytes value, store_put_mode mode,
                     bbots_error *error);

/* Deletes a key; BBOTS_OK or BBOTS_NOT_FOUND. Afterwards the cursor has to seek. */
int store_cursor_delete(store_cursor *cursor, store_bytes key, bbots_error *error);

#endif
