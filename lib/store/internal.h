/* store/internal.h - what the files of this room share. Nothing else includes it. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "pages/walk.h"
#include "store/store.h"

#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/*
 * The gate counts the transactions of this process. The map can only be moved while none is open:
 * LMDB would pull it from under them without a word.
 */
typedef struct store_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atomic_uint inside;
    atomic_bool closed;
} store_gate;

void store_gate_init(store_gate *gate);
void store_gate_destroy(store_gate *gate);
void store_gate_enter(store_gate *gate);
void store_gate_leave(store_gate *gate);
/* Closes the gate and waits until all have left; false (and open again) after timeout_ms. */
bool store_gate_close(store_gate *gate, unsigned timeout_ms);
void store_gate_open(store_gate *gate);

#define STORE_BOOT_BYTES 16 /* of the number that the system gives each of its runs */

struct store_file {
    MDB_env *env;
    char *path;
    int fd; /* holds the locks of mark.c; -1 while the file is made */
    store_gate gate;
    store_options options;
    size_t page_bytes;
    size_t map_bytes;
    uint32_t opened;   /* enum store_opened */
    char **tree_names; /* by tree; complete before other threads read */
    unsigned tree_count;
    atomic_bool unwritable; /* not even LMDB's locks are written: writers are kept out (mark.c) */
    bool reads_directly;    /* look-ups of readers go past LMDB (direct.c) */
    _Atomic(const uint8_t *) map; /* where the map begins, if known; does not change while a
                                     transaction is inside */
    dev_t device;
    ino_t inode;
    store_file *next;           /* in the registry */
    const volatile char *alive; /* reads 1; in a forked child the system makes it 0 */
    bool guarded;               /* faults in LMDB come back as STORE_FAULTED */
    atomic_bool poisoned;       /* one did: nothing but closing is left */
    atomic_bool unmapped;       /* poisoned because LMDB has no map any more */
    atomic_bool abandoned;      /* it was in a write: not even LMDB's end is safe */
    atomic_bool size_limited;   /* the process may not write files of any size (base/room.h) */
    _Atomic(uint64_t)
        pages_kept;           /* the file system has given the file so many for good (reserve.c) */
    atomic_uint writes_begun; /* so that readers are minded now and then */
    /* Of anchor.c; changed by whoever has the write transaction. */
    bool anchored; /* commits wait for nothing */
    bool boot_known;
    uint8_t boot[STORE_BOOT_BYTES];
    MDB_txn *hold;            /* a read transaction at the anchor, or NULL */
    _Atomic(uint64_t) held;   /* its number */
    uint64_t changed_bytes;   /* about so much changed since */
    atomic_bool map_was_full; /* a transaction met MAP_FULL: grow before the next */
    atomic_bool writing;      /* a thread of this process has the write transaction */
    _Atomic(pthread_t) writer;
};

/* Turns LMDB's result into ours and fills error. */
int store_fail(bbots_error *error, int rc, const char *what);

/* Says that a file cannot be opened, by errno; returns the status. */
int store_open_failure(const char *path, int system, bbots_error *error);

/* What LMDB says of the file; inside a transaction, or while the map cannot move. */
int store_info(store_file *file, MDB_envinfo *info, bbots_error *error);

/* Lets the map grow to at least twice the pages in use; adopts another process's growth. */
int store_map_grow(store_file *file, bbots_error *error);
int store_map_adopt(store_file *file, bbots_error *error);

/* ------------------------------------------------------------------ a file that is made (file.c) */

/* Address space to begin with, if nothing is said. */
#define STORE_MAP_BYTES (UINT64_C(64) << 30)

/* Opens an empty file that nobody else knows, unmarked; closes it and returns the size of its pages. */
int store_file_begin(const char *path, const store_options *options, store_file **file,
                     bbots_error *error);
size_t store_file_end(store_file *file);

/* ------------------------------------------------------------------ before trust (look.c) */

/* A state that was flushed before others were committed that were not. */
typedef struct store_anchor {
    bool there;
    uint8_t run[STORE_BOOT_BYTES]; /* of the system that committed since */
    uint64_t number;               /* of the state */
    uint8_t meta[PAGES_META_BYTES];
} store_anchor;

/* A file as it is before it is mapped. */
typedef struct store_view {
    pages_source source;
    pages_meta metas[2];
    store_anchor anchor;
    bool unwritable; /* what would have to be mended is refused */
    uint32_t opened; /* what was done about it: enum store_opened */
} store_view;

/* Is it a store's file, of the right version? Reads its meta pages. */
int store_look(const char *path, int fd, store_view *view, bbots_error *error);

/*
 * Of a file that nobody has open: if the system went down since the anchor was left, the anchor's state
 * takes the place of both meta pages, in the view, and the result is true.
 */
bool store_look_at_anchor(store_view *view);

/*
 * Judges a file that nobody else has open, mends its meta pages where that is needed, and walks its
 * pages unless it is trusted. clean: its last use came to an end.
 */
int store_judge(const char *path, store_view *view, store_trust trust, bool clean,
                bbots_error *error);

/* ------------------------------------------------------------------ who has it open (mark.c) */

/* One at a time opens or closes a file; several when all of them share their turns. */
int store_turn_take(const char *path, int fd, bool share, bbots_error *error);
void store_turn_end(int fd);

/* Takes the file for this process alone: BBOTS_OK, or BBOTS_NOT_FOUND when others have it open. */
int store_use_alone(const char *path, int fd, bbots_error *error);
int store_use_share(const char *path, int fd, bbots_error *error);

/*
 * Reads a file that may not be written: keeps out those who could write it, as long as fd is open. BBOTS_BUSY
 * when one of them has the file open. Others who only look may be there.
 */
int store_look_share(const char *path, int fd, bbots_error *error);
int store_find_look(const char *path, int fd, bool *looked_at, bbots_error *error);

#define STORE_LOCK_ENDING "-lock" /* LMDB's, with MDB_NOSUBDIR */

/* The name of LMDB's lock file beside a path; false: too long to lead to a file. */
bool store_lock_name(const char *path, char name[PATH_MAX]);

/*
 * Makes that file, if it is missing, for those who may use the file beneath fd: the umask would take their
 * rights, and it would be its maker's. What cannot be done LMDB does or says.
 */
void store_lock_make(const char *path, int fd);

/* Whether somebody has that file open, as far as can be told. Not of a file that this process has open. */
bool store_lock_is_held(const char *path);

/*
 * Shows others which lock file we have open, as long as fd is. store_lock_is_theirs(): all others who have the
 * file open have the one of this name.
 */
int store_lock_show(const char *path, int fd, bbots_error *error);
bool store_lock_is_theirs(const char *path, int fd);

/* Whoever makes a file holds this; false when somebody else does, with errno. */
bool store_work_take(int fd);

/* How many opened the file and have not closed it; false when the file has no mark. */
bool store_mark_read(int fd, size_t page_bytes, uint32_t *open_count);
int store_mark_write(const char *path, int fd, size_t page_bytes, uint32_t open_count,
                     bbots_error *error);

/* ------------------------------------------------------------------ commits that wait for nothing (anchor.c) */

/* The number of the system's run; false when the system does not tell. */
bool store_boot_read(uint8_t run[STORE_BOOT_BYTES]);

int store_anchor_read(int fd, uint64_t page_bytes, store_anchor *anchor, bbots_error *error);

/*
 * Flushes the file and then clears the anchor, if there is one, on the disk. False with errno: then the file
 * goes back when it is next opened.
 */
bool store_anchor_clear(int fd, uint64_t page_bytes, const store_anchor *anchor);

/* When the file is opened, its page size known: whether commits can do without waiting. */
void store_anchor_prepare(store_file *file);

/* At the beginning of each write transaction, before it writes. */
int store_anchor_mind(store_file *file, bbots_error *error);

/* At closing: flushes what was not. Lets the anchor go whatever the result. */
int store_anchor_end(store_file *file, bbots_error *error);

/* A write transaction that leaves the anchor alone and heeds no long reader (txn.c). */
int store_begin_bare(store_file *file, store_txn *txn, bbots_error *error);

/* ------------------------------------------------------------------ look-ups (direct.c) */

/*
 * Answers without LMDB when it can; otherwise false, and LMDB has to be asked. Of a seek it is also
 * false when there is no such entry.
 */
bool store_direct_get(store_txn *txn, store_tree tree, store_bytes key, store_bytes *value,
                      int *result);
bool store_direct_seek(store_txn *txn, store_tree tree, store_bytes key, store_bytes *found_key,
                       store_bytes *value);
bool store_direct_get_many(store_txn *txn, store_tree tree, store_pair *pairs, unsigned count);
void store_direct_free(store_txn *txn);

/*
 * A store_call on a reader that has begun: finds out which state it sees. Another result than 0
 * leaves it reset.
 */
int store_direct_begin(void *txn);

/* ------------------------------------------------------------------ faults (guard.c) */

/* Beside LMDB's results: a fault met inside it. */
#define STORE_FAULTED (-30000)

/* From the options: installs the handlers; ends; has LMDB's asserts come to us. */
void store_guard_begin(store_file *file);
void store_guard_end(store_file *file);
void store_guard_watch(store_file *file);

/*
 * Calls into LMDB. STORE_FAULTED when a fault was met there, now or before. writes: the call
 * changes trees, so that after a fault the transaction cannot even be aborted.
 */
typedef int store_call(void *arguments);
int store_guarded(store_file *file, store_call *call, void *arguments, bool writes);

/* The same for a call that ends something: also after a fault, unless that was in a write. */
void store_guarded_end(store_file *file, store_call *call, void *arguments);

/* BBOTS_CORRUPTED after a fault, BBOTS_NO_MEMORY when the map was lost. */
int store_check_poison(store_file *file, bbots_error *error);

/* Inside a guarded call: reads of each page of a large value, so that a fault is met here. */
void store_touch(const store_file *file, const MDB_val *value);

/* ------------------------------------------------------------------ changed pages (dirty.c) */

/* How a key comes into a tree: behind all others, in order with those put before, or anywhere. */
typedef enum store_way { STORE_PUT_APPENDED, STORE_PUT_ORDERED, STORE_PUT_ANYWHERE } store_way;

/* Puts a write transaction's number into the main tree, before anything else. Returns LMDB's result. */
int store_note_number(store_txn *txn);

/*
 * Before so many bytes are put into a tree: notes the number, and writes changed pages out when they may
 * have become too many. Returns LMDB's result.
 */
int store_note_put(store_txn *txn, store_tree tree, store_way how, size_t size);

/* Before an entry is taken out, or a tree is emptied. */
void store_note_delete(store_txn *txn);

/* ------------------------------------------------------------------ free space (reserve.c) */

/* Notes that a transaction is about to write or delete one value. */
void store_note_pages(store_txn *txn, size_t value_bytes);

/*
 * LMDB's result of a call that writes. When the system wrote only a part, as it does where room
 * ends, LMDB says EIO: then the reason is found out.
 */
int store_write_result(store_file *file, int rc);

/* Before a write: now and then clears dead readers and shows long ones; BBOTS_BUSY (readers.c). */
int store_mind_readers(store_file *file, bbots_error *error);

/* The registry of open files: one environment per file and process. */
int store_registry_add(store_file *file, bbots_error *error);
void store_registry_remove(store_file *file);

#endif
