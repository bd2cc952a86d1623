/* tests/refusal/scene_files.c - opening, committing, copying: the file itself; see refusal.h. */
#include "refusal.h"

#include <bbots/evolve_1.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int close_after(int rc, bbots_store *store, bbots_error *error)
{
    bbots_error closing;
    int closed = bbots_close(store, &closing);
    if (rc >= 0 && closed < 0) {
        *error = closing;
        return closed;
    }
    return rc;
}

static int open_with(stage *at, const char *path, uint32_t flags, bbots_error *error)
{
    bbots_options options = stage_options(at);
    bbots_store *store;
    options.flags |= flags;
    int rc = bbots_open(path, &options, &store, error);
    return rc < 0 ? rc : close_after(rc, store, error);
}

static int act_open(stage *at, bbots_error *error)
{
    return open_with(at, at->path, 0, error);
}

static int act_open_verified(stage *at, bbots_error *error)
{
    return open_with(at, at->path, BBOTS_OPEN_VERIFY | BBOTS_OPEN_GUARD, error);
}

static int act_open_alone(stage *at, bbots_error *error)
{
    return open_with(at, at->path, BBOTS_OPEN_ALONE | BBOTS_OPEN_PLAIN_READS, error);
}

/* With the schema that the file holds. */
static int act_open_any(stage *at, bbots_error *error)
{
    bbots_store *store;
    int rc = bbots_open(at->path, NULL, &store, error);
    return rc < 0 ? rc : close_after(rc, store, error);
}

/* As by one who may not write the file, beside another of that kind: his lock is byte 2^61 + 3 (format.md). */
static int act_open_to_read(stage *at, bbots_error *error)
{
    struct flock lock = {.l_type = F_RDLCK, .l_start = (INT64_C(1) << 61) + 3, .l_len = 1};
    int fd = (int)syscall(SYS_openat, AT_FDCWD, at->path, O_RDONLY | O_CLOEXEC); /* not refused */
    (void)syscall(SYS_fcntl, fd, F_OFD_SETLK, &lock);
    int rc = open_with(at, at->path, BBOTS_OPEN_READ_ONLY, error);
    (void)syscall(SYS_close, fd);
    return rc;
}

static int act_open_unclean(stage *at, bbots_error *error)
{
    return open_with(at, at->path, BBOTS_OPEN_REPAIR, error);
}

static int act_create(stage *at, bbots_error *error)
{
    return open_with(at, at->other, BBOTS_OPEN_CREATE, error);
}

static int act_compact(stage *at, bbots_error *error)
{
    uint64_t before;
    uint64_t after;
    return bbots_compact(at->path, &before, &after, error);
}

static int act_salvage(stage *at, bbots_error *error)
{
    bbots_salvage_options options = {0};
    bbots_salvage_result result;
    return bbots_salvage(at->path, at->other, &options, &result, error);
}

/* Another store, which takes over what a second schema adds to the first. */
static int act_upgrade(stage *at, bbots_error *error)
{
    bbots_options options = {.schema = &bbots_evolve_1_schema, .flags = BBOTS_OPEN_CREATE};
    bbots_store *store;
    int rc = bbots_open(at->other, &options, &store, error);
    rc = rc < 0 ? rc : close_after(rc, store, error);
    if (rc >= 0) {
        options.schema = &at->grown;
        options.flags = BBOTS_OPEN_UPGRADE;
        rc = bbots_open(at->other, &options, &store, error);
    }
    return rc < 0 ? rc : close_after(rc, store, error);
}

static int begin_and_forget(bbots_store *store, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_begin(store, BBOTS_WRITE, &txn, error);
    if (rc >= 0) {
        bbots_rollback(txn);
    }
    return rc;
}

/* Transactions that would wait for nothing, a flush between them, and one when the store is closed. */
static int act_buffered(stage *at, bbots_error *error)
{
    bbots_options options = stage_options(at);
    options.durability = BBOTS_BUFFERED;
    bbots_store *store;
    int rc = bbots_open(at->path, &options, &store, error);
    if (rc < 0) {
        return rc;
    }
    rc = begin_and_forget(store, error);
    if (rc >= 0) {
        rc = bbots_flush(store, error);
    }
    if (rc >= 0) {
        rc = begin_and_forget(store, error);
    }
    return close_after(rc, store, error);
}

/* ------------------------------------------------------------------ on an open store */

/* Begins, inserts, commits. */
static int act_commit(stage *at, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_begin(at->store, BBOTS_WRITE, &txn, error);
    if (rc < 0) {
        return rc;
    }
    bbots_txn_set_now(txn, NOW);
    rc = put(txn, error, &bbots_users_table, "email", string("new@example.org"), NULL);
    if (rc < 0) {
        bbots_rollback(txn);
        return rc;
    }
    return bbots_commit(txn, error);
}

static int act_load(stage *at, bbots_error *error)
{
    bbots_txn *txn;
    int rc = bbots_load_begin(at->store, &txn, error);
    if (rc < 0) {
        return rc;
    }
    bbots_users user = {.given = BBOTS_USERS_EMAIL, .email = bbots_text_of("loaded@example.org")};
    bbots_load_number(txn, 7);
    rc = bbots_users_insert(txn, &user, error);
    bbots_rollback(txn);
    return rc;
}

static int act_read(stage *at, bbots_error *error)
{
    bbots_txn *txn;
    bbots_value key = integer(1);
    bbots_row row;
    int rc = bbots_begin(at->store, BBOTS_READ, &txn, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_get(txn, &bbots_users_table, 0, &key, &row, error);
    rc = rc >= 0 && bbots_txn_now(txn) == 0 ? BBOTS_CORRUPTED : rc;
    bbots_rollback(txn);
    return rc;
}

static int insert_work(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)context;
    bbots_txn_set_now(txn, NOW);
    return put(txn, error, &bbots_users_table, "email", string("work@example.org"), NULL);
}

static int act_write(stage *at, bbots_error *error)
{
    return bbots_write(at->store, insert_work, NULL, error);
}

static int act_backup(stage *at, bbots_error *error)
{
    return bbots_backup(at->store, at->other, error);
}

static int on_reader(const bbots_reader *reader, void *context)
{
    *(unsigned *)context += reader->own;
    return 0;
}

static int act_state(stage *at, bbots_error *error)
{
    bbots_stat stat;
    unsigned readers = 0;
    int rc = bbots_store_stat(at->store, &stat, error);
    return rc < 0 ? rc : bbots_readers(at->store, on_reader, &readers, error);
}

const scene file_scenes[] = {
    {"open", FILES, TOLERANT, act_open},
    {"open verified", FILES, TOLERANT, act_open_verified},
    {"open alone", FILES, TOLERANT, act_open_alone},
    {"open any", FILES, TOLERANT, act_open_any},
    {"open to read", FILES, TOLERANT, act_open_to_read},
    {"open unclean", FILES, UNCLEAN | TOLERANT, act_open_unclean},
    {"buffered", FILES, TOLERANT, act_buffered},
    {"create", FILES, STEPWISE | TOLERANT, act_create},
    {"upgrade", FILES, STEPWISE | TOLERANT, act_upgrade},
    {"compact", FILES, TOLERANT, act_compact},
    {"salvage", FILES, TOLERANT | COPIES | LOSSY, act_salvage},
    {"commit", USES, 0, act_commit},
    {"load", USES, 0, act_load},
    {"read", USES, TOLERANT_MEMORY, act_read}, /* it reads as well without a table of roots */
    {"write", USES, 0, act_write},
    {"backup", USES, TOLERANT | COPIES, act_backup},
    {"state", USES, 0, act_state},
    {NULL, PLAIN, 0, NULL},
};
