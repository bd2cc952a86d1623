/*
 * store/reserve.c - free space that only what makes the store smaller may use.
 *
 * To delete a row LMDB writes pages anew before it may use the old ones again, two commits later and
 * when no reader sees them any more. In a file without a free page nothing could be deleted. So
 * before a commit that makes the store larger, store_keep_reserve() makes sure that a certain number
 * of pages is left for whoever comes next, and otherwise refuses. Left are pages
 *     that LMDB would give: free ones that no reader holds, or new ones behind the last,
 *     that the map has room for, and the limits of the host and of the process,
 *     that the file system has given to the file for good (fallocate), so that a disk that others filled
 *     meanwhile does not matter.
 *
 * Mostly that costs an addition: the place behind the last page that the transaction took is known, and the
 * file was given more. When there is no more at the end, pages are asked of LMDB itself, as many as the
 * reserve has, in a child transaction that is given up: the places that it names are those that
 * it will give. docs/decisions/0019 weighs it.
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE_LEAST  (UINT64_C(1) << 20)
#define RESERVE_MOST   (UINT64_C(4) << 20)
#define PART_OF_FILE   4u
#define PART_OF_LIMIT  8u /* of file_bytes_max is the reserve at most, unless the host wants more */
#define COMMIT_PAGES   64u /* LMDB's own: list of free pages, main tree */
#define SHORT_OF_BYTES ((off_t)1 << 20)

/* How many pages the reserve has when so many are in use. */
static uint64_t reserve_pages(const store_file *file, uint64_t used)
{
    const store_options *options = &file->options;
    uint64_t bytes = used * file->page_bytes / PART_OF_FILE;
    uint64_t most = options->file_bytes_max / PART_OF_LIMIT;
    bytes = bytes < RESERVE_LEAST ? RESERVE_LEAST : bytes > RESERVE_MOST ? RESERVE_MOST : bytes;
    bytes = options->reserve_bytes != 0 ? options->reserve_bytes
            : most != 0 && bytes > most ? most
                                        : bytes;
    return bytes / file->page_bytes;
}

/*
 * A tree of depth d has d pages of a key's path written anew and at most d + 1 split off, and its record
 * lies in the main tree, where the same happens. No tree of ours comes near depth 8.
 */
void store_note_pages(store_txn *txn, size_t value_bytes)
{
    txn->pages_most += 32 + value_bytes / txn->file->page_bytes;
}

/* ------------------------------------------------------------------ limits and the disk */

/* Pages that the file may have; *of_process: it is the process that sets the limit. */
static uint64_t pages_allowed(const store_file *file, bool *of_process)
{
    uint64_t bytes = UINT64_MAX;
    uint64_t process = bb_file_limit();
    if (!store_map_can_grow(file)) {
        bytes = file->map_bytes;
    }
    if (file->options.file_bytes_max != 0 && file->options.file_bytes_max < bytes) {
        bytes = file->options.file_bytes_max; /* another process made the map larger */
    }
    *of_process = process < bytes;
    return (*of_process ? process : bytes) / file->page_bytes;
}

/* Has the file system give the file all blocks up to a page. Returns 0 or errno's number. */
static int allocate(store_file *file, uint64_t pages)
{
    uint64_t have = atomic_load(&file->pages_kept);
    off_t from = (off_t)(have * file->page_bytes);
    off_t to = (off_t)(pages * file->page_bytes);
    int rc = 0;
    if (pages <= have) {
        return 0;
    }
    do {
        rc = fallocate(file->fd, FALLOC_FL_KEEP_SIZE, from, to - from) == 0 ? 0 : errno;
    } while (rc == EINTR);
    if (rc == EOPNOTSUPP || rc == ENOSYS) {
        rc = 0; /* nothing can be kept there */
    }
    if (rc == 0) {
        atomic_store(&file->pages_kept, pages);
    }
    return rc;
}

/* system: errno's number, or 0 when it is the host's limit that says no. */
static int refuse(const store_file *file, int system, bbots_error *error)
{
    if (system == 0) {
        return bb_fail(
            error, BBOTS_MAP_FULL,
            "file \"%s\" may have %llu bytes, and what is left of them is kept for deletes",
            file->path, (unsigned long long)file->options.file_bytes_max);
    }
    return bb_fail_system(error, bb_write_status(system), system,
                          "file \"%s\" has no more room than what is kept for deletes", file->path);
}

/*
 * The file has to have so many pages for good. Some more are taken at once, where they are to be
 * had, so that this is done now and then and not at each commit.
 */
static int secure(store_file *file, uint64_t pages, uint64_t more, bbots_error *error)
{
    bool of_process;
    uint64_t allowed = pages_allowed(file, &of_process);
    if (pages > allowed) {
        return refuse(file, of_process ? EFBIG : 0, error);
    }
    if (pages + more <= allowed && allocate(file, pages + more) == 0) {
        return BBOTS_OK;
    }
    int system = allocate(file, pages);
    return system == 0 ? BBOTS_OK : refuse(file, system, error);
}

/* ------------------------------------------------------------------ asking LMDB */

typedef struct probe {
    const store_txn *txn;
    uint64_t pages;
    uint64_t end; /* behind the last of the places */
} probe;

/* A value that fills one overflow page; the page's header lies before it (pages/page.h). */
static int ask_for_page(MDB_txn *child, uint64_t i, size_t page_bytes, uint64_t *end)
{
    char name[32];
    MDB_val key = {(size_t)snprintf(name, sizeof name, "@reserve%016llx", (unsigned long long)i),
                   name};
    MDB_val value = {page_bytes - PAGES_HEADER, NULL};
    int rc = mdb_put(child, STORE_MAIN, &key, &value, MDB_RESERVE);
    if (rc == 0) {
        uint64_t page = page_number((const uint8_t *)value.mv_data - PAGES_HEADER);
        *end = page >= *end ? page + 1 : *end;
    }
    return rc;
}

static int call_probe(void *arguments)
{
    probe *asked = arguments;
    MDB_txn *child;
    int rc = mdb_txn_begin(asked->txn->file->env, asked->txn->handle, 0, &child);
    if (rc != 0) {
        return rc;
    }
    for (uint64_t i = 0; i < asked->pages && rc == 0; i++) {
        rc = ask_for_page(child, i, asked->txn->file->page_bytes, &asked->end);
    }
    mdb_txn_abort(child);
    return rc;
}

/* ------------------------------------------------------------------ before a commit */

/*
 * Behind the last page that the transaction has taken at the file's end. LMDB has no function that
 * says it; it is the third word of its transaction's struct, before the transaction's number and its environment.
 * Where those two are not what LMDB's functions say, the struct is another one, and a bound has to do.
 */
static uint64_t end_of(const store_txn *txn, uint64_t used, uint64_t reserve)
{
    struct {
        const void *parent;
        const void *child;
        size_t next_page;
        size_t number;
        const void *environment;
    } known;
    memcpy(&known, txn->handle, sizeof known);
    if (known.number == mdb_txn_id(txn->handle) && known.environment == mdb_txn_env(txn->handle) &&
        known.next_page >= used && known.next_page <= used + txn->pages_most) {
        return known.next_page;
    }
    return txn->pages_most <= reserve ? used + txn->pages_most : UINT64_MAX / 2;
}

/* What is left at the file's end is not enough, or not to be had: free pages may be. */
static int ask_for_reserve(store_txn *txn, uint64_t reserve, bbots_error *error)
{
    store_file *file = txn->file;
    probe asked = {.txn = txn, .pages = reserve};
    int rc = store_guarded(file, call_probe, &asked, true);
    if (rc == MDB_MAP_FULL) { /* a map that can grow does so before the next write begins */
        return store_map_can_grow(file) ? BBOTS_OK : refuse(file, 0, error);
    }
    return rc == 0 ? secure(file, asked.end, 0, error)
                   : store_fail(error, rc, "cannot find out how much room is left");
}

int store_keep_reserve(store_txn *txn, bbots_error *error)
{
    store_file *file = txn->file;
    MDB_envinfo info;
    int rc = store_info(file, &info, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint64_t used = info.me_last_pgno + 1; /* by the commit before */
    uint64_t reserve = reserve_pages(file, used) + COMMIT_PAGES;
    uint64_t wanted = end_of(txn, used, reserve) + reserve;
    if (wanted <= atomic_load(&file->pages_kept) ||
        secure(file, wanted, reserve / 4, NULL) == BBOTS_OK) {
        return BBOTS_OK;
    }
    return ask_for_reserve(txn, reserve, error);
}

/* ------------------------------------------------------------------ a write that failed */

int store_write_result(store_file *file, int rc)
{
    struct stat status;
    int fd;
    if (rc != EIO || mdb_env_get_fd(file->env, &fd) != 0 || fstat(fd, &status) != 0) {
        return rc;
    }
    uint64_t limit = bb_file_limit();
    if ((uint64_t)status.st_size + file->page_bytes > limit) {
        return EFBIG;
    }
    off_t more = SHORT_OF_BYTES; /* and not past the limit, where some file systems send SIGXFSZ */
    more = limit - (uint64_t)status.st_size < (uint64_t)more ? (off_t)limit - status.st_size : more;
    int system = fallocate(fd, FALLOC_FL_KEEP_SIZE, status.st_size, more) == 0 ? 0 : errno;
    return bb_write_status(system) == BBOTS_DISK_FULL ? system : rc;
}
