/*
 * store/anchor.c - commits that wait for nothing (BBOTS_BUFFERED), and cannot corrupt the file.
 *
 * Pages that nobody waited for reach the disk in any order, so after a power failure the newest
 * state may be there in part. What is certain is a state that was flushed: the anchor. Three things
 * keep the way back to it open while commits go on:
 *
 *   its pages     a read transaction of the writing process holds it, so LMDB uses none of them again
 *   its meta page LMDB overwrites it with the second commit. A copy lies in the last sector of page 1,
 *                 of which LMDB never writes more than the first 152 bytes
 *   the reason    beside the copy stands which run of the system wrote it. If another one opens the
 *                 file, the power failed, and the file goes back to the anchor. If it is the same one,
 *                 processes died and no page is lost: the newest state stands
 *
 * Whoever writes has to hold the anchor itself. One that is another's (or whose process died) is first
 * made needless: all is flushed, then the copy is cleared. So a process protects pages only from
 * itself, and it does not matter how another one ended. The same is done after so many changes, by
 * store_flush(), and at closing. Each step is on the disk before the next one begins.
 *
 * A flush that failed says nothing of the pages that the system then forgets, and a second one that
 * succeeds says nothing either. So the anchor is given a run that never was: nobody writes any more, and
 * when all have closed the file it goes back.
 *
 *     OFFSET SIZE  of the last 512 bytes of page 1
 *          0    8  "bb-anch1"
 *          8   16  the system's run: its boot number
 *         24  152  the meta page
 *        176    8  XXH3-64 of what stands before
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SECTOR       512u
#define MAGIC        UINT64_C(0x3168636e612d6262) /* "bb-anch1" */
#define RUN_AT       8u
#define META_AT      24u
#define HASH_AT      (META_AT + PAGES_META_BYTES)
#define ANCHOR_BYTES (HASH_AT + 8u)
#define NUMBER_AT    (META_AT + 144u)     /* of the state */
#define CHANGED_MAX  (UINT64_C(64) << 20) /* bytes, unless the host says something else */
#define PAGE_LEAST   1024u /* below, the copy would share a sector with the meta page */

static off_t place(uint64_t page_bytes)
{
    return (off_t)(2 * page_bytes - SECTOR);
}

bool store_boot_read(uint8_t run[STORE_BOOT_BYTES])
{
    char text[40];
    unsigned digits = 0;
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0) {
        close(fd);
    }
    memset(run, 0, STORE_BOOT_BYTES);
    for (ssize_t i = 0; i < got && digits < 2 * STORE_BOOT_BYTES; i++) {
        const char *known = "0123456789abcdef";
        const char *digit = text[i] != '\0' ? strchr(known, text[i]) : NULL;
        if (digit != NULL) {
            run[digits / 2] = (uint8_t)(run[digits / 2] << 4 | (digit - known));
            digits++;
        }
    }
    return digits == 2 * STORE_BOOT_BYTES;
}

/* ------------------------------------------------------------------ the copy in the file */

int store_anchor_read(int fd, uint64_t page_bytes, store_anchor *anchor, bbots_error *error)
{
    uint8_t bytes[ANCHOR_BYTES] = {0};
    ssize_t got;
    memset(anchor, 0, sizeof *anchor);
    if (page_bytes < PAGE_LEAST) {
        return BBOTS_OK;
    }
    do {
        got = pread(fd, bytes, sizeof bytes, place(page_bytes));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot read the file");
    }
    if (bb_load64(bytes) != MAGIC || bb_load64(bytes + HASH_AT) != bb_hash64(bytes, HASH_AT)) {
        return BBOTS_OK;
    }
    anchor->there = true;
    memcpy(anchor->run, bytes + RUN_AT, STORE_BOOT_BYTES);
    memcpy(anchor->meta, bytes + META_AT, PAGES_META_BYTES);
    anchor->number = pages_meta_read(anchor->meta, 0).transaction;
    return BBOTS_OK;
}

static bool put(int fd, uint64_t page_bytes, const uint8_t bytes[ANCHOR_BYTES])
{
    bb_held_signal held;
    bb_signal_hold(&held);
    bool done = pwrite(fd, bytes, ANCHOR_BYTES, place(page_bytes)) == (ssize_t)ANCHOR_BYTES &&
                fdatasync(fd) == 0;
    bb_signal_release(&held);
    return done;
}

static bool put_state(int fd, uint64_t page_bytes, const uint8_t run[STORE_BOOT_BYTES],
                      const uint8_t meta[PAGES_META_BYTES])
{
    uint8_t bytes[ANCHOR_BYTES];
    bb_store64(bytes, MAGIC);
    memcpy(bytes + RUN_AT, run, STORE_BOOT_BYTES);
    memcpy(bytes + META_AT, meta, PAGES_META_BYTES);
    bb_store64(bytes + HASH_AT, bb_hash64(bytes, HASH_AT));
    return put(fd, page_bytes, bytes);
}

bool store_anchor_clear(int fd, uint64_t page_bytes, const store_anchor *anchor)
{
    static const uint8_t nothing[ANCHOR_BYTES];
    static const uint8_t never[STORE_BOOT_BYTES];
    if (fdatasync(fd) == 0 && (!anchor->there || put(fd, page_bytes, nothing))) {
        return true;
    }
    int system = errno;
    if (anchor->there) {
        (void)put_state(fd, page_bytes, never, anchor->meta);
    }
    errno = system;
    return false;
}

/* ------------------------------------------------------------------ holding it */

typedef struct hold_call {
    store_file *file;
    MDB_txn *hold;
    uint64_t number;
} hold_call;

static int call_hold(void *arguments)
{
    hold_call *call = arguments;
    int dead;
    int rc = mdb_txn_begin(call->file->env, NULL, MDB_RDONLY, &call->hold);
    if (rc == MDB_READERS_FULL) {
        mdb_reader_check(call->file->env, &dead);
        rc = mdb_txn_begin(call->file->env, NULL, MDB_RDONLY, &call->hold);
    }
    call->number = rc == 0 ? mdb_txn_id(call->hold) : 0;
    return rc;
}

static int call_let_go(void *arguments)
{
    mdb_txn_abort(arguments);
    return 0;
}

static void let_go(store_file *file, MDB_txn *hold)
{
    if (hold != NULL) {
        store_guarded_end(file, call_let_go, hold);
    }
}

static int cannot_flush(const store_file *file, bbots_error *error)
{
    return bb_fail_system(error, bb_write_status(errno), errno, "cannot flush file \"%s\"",
                          file->path);
}

static void hold_instead(store_file *file, MDB_txn *hold, uint64_t number)
{
    let_go(file, file->hold);
    file->hold = hold;
    atomic_store(&file->held, number);
    file->changed_bytes = 0;
}

/*
 * Makes the last commit the anchor, on the disk, and holds it in place of the one before, which may
 * be none.
 */
static int drop_anchor(store_file *file, const store_anchor *before, bbots_error *error)
{
    static const uint8_t never[STORE_BOOT_BYTES];
    uint8_t meta[PAGES_META_BYTES];
    hold_call call = {.file = file};
    int rc = store_guarded(file, call_hold, &call, false);
    if (rc != 0) {
        return store_fail(error, rc, "cannot hold the state that is flushed");
    }
    off_t at = (off_t)((call.number & 1) * file->page_bytes);
    if (pread(file->fd, meta, sizeof meta, at) != (ssize_t)sizeof meta) {
        rc = bb_fail_system(error, BBOTS_IO, errno, "cannot read file \"%s\"", file->path);
    } else if (pages_meta_read(meta, 0).transaction != call.number) {
        rc = bb_fail(error, BBOTS_CORRUPTED, "file \"%s\": a meta page is not of its commit",
                     file->path);
    } else if (fdatasync(file->fd) != 0 ||
               !put_state(file->fd, file->page_bytes, file->boot, meta)) {
        rc = cannot_flush(file, error);
        (void)put_state(file->fd, file->page_bytes, never, before->there ? before->meta : meta);
    }
    if (rc != BBOTS_OK) {
        let_go(file, call.hold);
        return rc;
    }
    hold_instead(file, call.hold, call.number);
    return BBOTS_OK;
}

/* Flushes everything, so that the file needs no anchor. */
static int weigh_anchor(store_file *file, const store_anchor *anchor, bbots_error *error)
{
    if (!store_anchor_clear(file->fd, file->page_bytes, anchor)) {
        return cannot_flush(file, error);
    }
    hold_instead(file, NULL, 0);
    return BBOTS_OK;
}

/* Reads the anchor of a file that is open. BBOTS_IO: nobody may write any more. */
static int look_at_anchor(store_file *file, store_anchor *anchor, bbots_error *error)
{
    int rc = store_anchor_read(file->fd, file->page_bytes, anchor, error);
    if (rc == BBOTS_OK && anchor->there &&
        (!file->boot_known || memcmp(anchor->run, file->boot, STORE_BOOT_BYTES) != 0)) {
        return bb_fail(
            error, BBOTS_IO,
            "file \"%s\" has commits that could not be flushed: when all have closed it, it "
            "goes back to its last flush",
            file->path);
    }
    return rc;
}

/* ------------------------------------------------------------------ for the other files */

void store_anchor_prepare(store_file *file)
{
    if (file->options.unflushed_bytes_max == 0) {
        file->options.unflushed_bytes_max = CHANGED_MAX;
    }
    file->boot_known = store_boot_read(file->boot);
    file->anchored = file->options.buffered && !file->unwritable &&
                     file->page_bytes >= PAGE_LEAST && file->boot_known;
}

int store_anchor_mind(store_file *file, bbots_error *error)
{
    store_anchor anchor;
    if (file->fd < 0) {
        return BBOTS_OK;
    }
    int rc = look_at_anchor(file, &anchor, error);
    bool mine = anchor.there && file->hold != NULL && anchor.number == atomic_load(&file->held);
    if (rc == BBOTS_OK && anchor.there && !mine) {
        rc = weigh_anchor(file, &anchor, error);
    }
    if (rc != BBOTS_OK || !file->anchored ||
        (mine && file->changed_bytes < file->options.unflushed_bytes_max)) {
        return rc;
    }
    anchor.there = mine;
    return drop_anchor(file, &anchor, error);
}

int store_flush(store_file *file, bbots_error *error)
{
    store_anchor anchor;
    store_txn txn = {.file = NULL};
    int rc = store_begin_bare(file, &txn, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = look_at_anchor(file, &anchor, error);
    rc = rc == BBOTS_OK ? weigh_anchor(file, &anchor, error) : rc;
    store_abort(&txn);
    return rc;
}

int store_anchor_end(store_file *file, bbots_error *error)
{
    int rc = BBOTS_OK;
    if (file->hold != NULL && !atomic_load(&file->poisoned)) {
        rc = store_flush(file, error);
    }
    hold_instead(file, NULL, 0);
    return rc;
}
