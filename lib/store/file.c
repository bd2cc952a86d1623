/*
 * store/file.c - opening, growing and closing the file.
 */
#include "store/internal.h"

#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define MAP_BYTES_LEAST (UINT64_C(1) << 30)
#define READERS_DEFAULT 1024
#define GROW_WAIT_MS    10000
#define MAP_BYTES_AT    32 /* in a meta page (docs/format.md) */
#define REPLACED_TRIES  16
#define OTHERS_TRIES    100 /* of a hundredth of a second */

/* ------------------------------------------------------------------ process and place */

/*
 * A page that the system fills with zeros in a forked child: the cheapest way to know at every
 * call that this is not the process that opened the file.
 */
static const volatile char *make_alive_page(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        return NULL;
    }
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        return NULL;
    }
    page[0] = 1;
    return page;
}

static void free_alive_page(const volatile char *page)
{
    if (page != NULL) {
        munmap((void *)(uintptr_t)page, (size_t)sysconf(_SC_PAGESIZE));
    }
}

/* Locks and shared maps do not work over these (LMDB's documentation, "Caveats"). */
static bool is_network_file_system(int fd)
{
    static const uint32_t types[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x01021997, /* 9P */
        0x5346414f, /* AFS */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x19830326, /* BeeGFS */
    };
    struct statfs status;
    if (fstatfs(fd, &status) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if ((uint32_t)status.f_type == types[i]) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ the environment */

static unsigned environment_flags(const store_file *file)
{
    /*
     * MDB_NOMEMINIT would leave old memory in the file; MDB_WRITEMAP can corrupt, and so can
     * MDB_NOSYNC without what anchor.c does. A lost meta page (MDB_NOMETASYNC) only takes the file
     * back to the commit before.
     */
    return MDB_NOSUBDIR | MDB_NOTLS | (file->options.relaxed ? MDB_NOMETASYNC : 0) |
           (file->anchored ? MDB_NOSYNC : 0) | (file->unwritable ? MDB_RDONLY | MDB_NOLOCK : 0);
}

/* Who may use the file has to be able to use LMDB's lock file. */
static mode_t lock_mode(const store_file *file)
{
    return store_file_mode(file) | 0600;
}

static int try_environment(store_file *file)
{
    const store_options *options = &file->options;
    int rc = mdb_env_create(&file->env);
    if (rc == 0) {
        store_guard_watch(file);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(file->env, options->readers_max);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxdbs(file->env, options->trees_max);
    }
    if (rc == 0) {
        rc = mdb_env_set_mapsize(file->env, file->map_bytes);
    }
    if (rc == 0) {
        rc = mdb_env_open(file->env, file->path, environment_flags(file), lock_mode(file));
    }
    if (rc != 0) {
        mdb_env_close(file->env);
        file->env = NULL;
    }
    return rc;
}

/*
 * Opens LMDB's environment. Where the address space for the default map is not to be had (a limit
 * of the process, a debugger), a smaller one does: it grows by itself.
 */
static int open_environment(store_file *file, bbots_error *error)
{
    bb_held_signal held;
    bb_signal_hold(&held); /* LMDB makes the lock file, and the first pages of a new one */
    int rc = try_environment(file);
    while ((rc == ENOMEM || rc == EINVAL) && file->options.map_bytes == 0 &&
           file->map_bytes / 4 >= MAP_BYTES_LEAST) {
        file->map_bytes /= 4;
        rc = try_environment(file);
    }
    bb_signal_release(&held);
    if (rc != 0) {
        char what[512];
        snprintf(what, sizeof what, "cannot open file \"%.400s\"", file->path);
        return store_fail(error, rc, what);
    }
    MDB_envinfo info;
    mdb_env_info(file->env, &info);
    file->map_bytes = info.me_mapsize;
    int dead;
    mdb_reader_check(file->env, &dead);
    return BBOTS_OK;
}

/* The main tree has to be opened once like any other; its number is always 1. */
static int call_open_main(void *arguments)
{
    store_file *file = arguments;
    MDB_txn *txn;
    MDB_dbi main_tree;
    int rc = mdb_txn_begin(file->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0) {
        rc = mdb_dbi_open(txn, NULL, 0, &main_tree);
        if (rc == 0) {
            rc = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    return rc;
}

static int open_main(store_file *file, bbots_error *error)
{
    int rc = store_guarded(file, call_open_main, file, false);
    return rc == 0 ? BBOTS_OK : store_fail(error, rc, "cannot read the main tree");
}

typedef struct info_call {
    MDB_env *env;
    MDB_envinfo info;
} info_call;

static int call_info(void *arguments)
{
    info_call *call = arguments;
    return mdb_env_info(call->env, &call->info);
}

int store_info(store_file *file, MDB_envinfo *info, bbots_error *error)
{
    info_call call = {.env = file->env};
    int rc = store_check_poison(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_guarded(file, call_info, &call, false);
    *info = call.info;
    return rc == 0 ? BBOTS_OK : store_fail(error, rc, "cannot read the file's state");
}

/* The meta page is read from the map, which must not move meanwhile: inside the gate. */
static int read_info(store_file *file, MDB_envinfo *info, bbots_error *error)
{
    store_gate_enter(&file->gate);
    int rc = store_info(file, info, error);
    store_gate_leave(&file->gate);
    return rc;
}

static void free_file(store_file *file)
{
    if (file != NULL) {
        free_alive_page(file->alive);
        store_gate_destroy(&file->gate);
        store_guard_end(file);
        if (file->fd >= 0) {
            close(file->fd);
        }
        for (unsigned i = 0; i < file->tree_count; i++) {
            free(file->tree_names[i]);
        }
        free(file->tree_names);
        free(file->path);
        free(file);
    }
}

static store_file *new_file(const char *path, const store_options *options)
{
    store_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    store_gate_init(&file->gate);
    file->fd = -1;
    file->options = *options;
    store_guard_begin(file);
    if (file->options.readers_max == 0) {
        file->options.readers_max = READERS_DEFAULT;
    }
    file->map_bytes = options->map_bytes != 0 ? options->map_bytes : STORE_MAP_BYTES;
    if (options->file_bytes_max != 0 && options->file_bytes_max < file->map_bytes) {
        file->map_bytes = options->file_bytes_max;
    }
    file->path = strdup(path);
    file->alive = make_alive_page();
    if (file->path == NULL || file->alive == NULL) {
        free_file(file);
        return NULL;
    }
    return file;
}

int store_open_failure(const char *path, int system, bbots_error *error)
{
    if (system == EISDIR) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "\"%s\" is not a regular file", path);
    }
    int status = system == ENOENT                                         ? BBOTS_FILE_MISSING
                 : system == EACCES || system == EPERM || system == EROFS ? BBOTS_ACCESS_DENIED
                 : system == ENOMEM                                       ? BBOTS_NO_MEMORY
                                                                          : bb_write_status(system);
    return bb_fail_system(error, status, system, "cannot open file \"%s\"", path);
}

/* Judges the file beneath an open descriptor and the place where it lies. */
static int judge_place(store_file *file, bbots_error *error)
{
    struct stat status;
    store_view view;
    int rc = store_look(file->path, file->fd, &view, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (fstat(file->fd, &status) != 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot look at file \"%s\"", file->path);
    }
    file->device = status.st_dev;
    file->inode = status.st_ino;
    if (!file->options.allow_network && is_network_file_system(file->fd)) {
        return bb_fail(error, BBOTS_NETWORK_FILE_SYSTEM,
                       "file \"%s\" lies on a network file system, where locks and shared memory "
                       "cannot be relied on",
                       file->path);
    }
    return BBOTS_OK;
}

/* Whether the name still leads to the file: it may have been replaced while we waited. */
static bool is_still_named(const store_file *file)
{
    struct stat status;
    return stat(file->path, &status) == 0 && status.st_dev == file->device &&
           status.st_ino == file->inode;
}

/*
 * Those who have the file open have to have LMDB's lock file open that we would open: otherwise we would be a
 * second writer beside them. They do not when the file had another name (a hard link, a rename), or when its
 * lock file was removed or replaced. One that dies meanwhile is given time.
 */
static int judge_others(const store_file *file, bbots_error *error)
{
    const struct timespec moment = {0, 10000000};
    int alone = BBOTS_NOT_FOUND;
    for (int tries = 0; alone == BBOTS_NOT_FOUND && tries < OTHERS_TRIES; tries++) {
        if (store_lock_is_theirs(file->path, file->fd)) {
            return alone;
        }
        nanosleep(&moment, NULL);
        alone = store_use_alone(file->path, file->fd, error);
    }
    return alone != BBOTS_NOT_FOUND
               ? alone
               : bb_fail(error, BBOTS_BUSY,
                         "somebody else has file \"%s\" open by another name, or its lock file was "
                         "removed meanwhile",
                         file->path);
}

/*
 * Nobody has the file open. If its lock file is held all the same, another file had the name when it was
 * opened (a backup was put in its place): its commits would be taken for ours.
 */
static int judge_lock_users(const store_file *file, bbots_error *error)
{
    const struct timespec moment = {0, 10000000};
    for (int tries = 0; tries < OTHERS_TRIES; tries++) {
        if (!store_lock_is_held(file->path)) {
            return BBOTS_OK;
        }
        nanosleep(&moment, NULL);
    }
    return bb_fail(error, BBOTS_BUSY,
                   "somebody else has the lock file of \"%s\" open, and not the file: he opened "
                   "another one that had this name",
                   file->path);
}

/*
 * Takes the file for this process alone, as far as that can be: BBOTS_NOT_FOUND when others have it open
 * and that is allowed.
 */
static int take_use(store_file *file, bbots_error *error)
{
    const store_options *options = &file->options;
    bool looked_at = false;
    int rc = file->unwritable ? BBOTS_OK : store_find_look(file->path, file->fd, &looked_at, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (looked_at) {
        if (!options->read_only || options->alone) {
            return bb_fail(error, BBOTS_BUSY,
                           "somebody reads file \"%s\" who may not write it, and keeps writers out",
                           file->path);
        }
        file->unwritable = true;
    }
    if (file->unwritable) {
        return store_look_share(file->path, file->fd, error);
    }
    int alone = store_use_alone(file->path, file->fd, error);
    if (alone == BBOTS_NOT_FOUND && options->alone) {
        return bb_fail(error, BBOTS_BUSY, "somebody else has file \"%s\" open", file->path);
    }
    return alone == BBOTS_NOT_FOUND ? judge_others(file, error)
           : alone == BBOTS_OK      ? judge_lock_users(file, error)
                                    : alone;
}

/* A look that counts: nobody opens or closes the file meanwhile. *count: to be written as mark. */
static int judge(store_file *file, uint32_t *count, bbots_error *error)
{
    store_view view;
    int rc = store_look(file->path, file->fd, &view, error);
    int alone = rc == BBOTS_OK ? take_use(file, error) : rc;
    if (alone < 0) {
        return alone;
    }
    view.unwritable = file->unwritable;
    file->page_bytes = view.source.page_bytes;
    bool marked = store_mark_read(file->fd, file->page_bytes, count);
    if (alone == BBOTS_OK) {
        rc = store_judge(file->path, &view, file->options.trust, marked && *count == 0, error);
        file->opened = view.opened;
        *count = (view.opened & STORE_WALKED) != 0 ? 0 : *count;
    }
    uint64_t bytes = view.source.page_count * view.source.page_bytes;
    if (bytes > file->map_bytes) {
        file->map_bytes = bytes;
    }
    *count += 1;
    return rc == BBOTS_OK && !file->options.alone && !file->unwritable
               ? store_use_share(file->path, file->fd, error)
               : rc;
}

/* Our turn has come: judges the file, opens LMDB's environment, and marks the file as open. */
static int enter(store_file *file, bbots_error *error)
{
    uint32_t count = 0;
    int rc = judge(file, &count, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    store_anchor_prepare(file);
    if (!file->unwritable) {
        store_lock_make(file->path, file->fd);
    }
    rc = open_environment(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    /* A page's address tells its place in the map when pages lie at multiples of their size. */
    file->reads_directly =
        !file->options.plain_reads && (long)file->page_bytes == sysconf(_SC_PAGESIZE);
    rc = open_main(file, error);
    if (rc == BBOTS_OK && !file->unwritable) {
        rc = store_lock_show(file->path, file->fd, error);
    }
    if (rc == BBOTS_OK && !file->unwritable) {
        rc = store_mark_write(file->path, file->fd, file->page_bytes, count, error);
    }
    if (rc != BBOTS_OK) {
        mdb_env_close(file->env);
    }
    return rc;
}

/* BBOTS_NOT_FOUND: the name leads to another file by now. */
static int open_registered(store_file *file, bbots_error *error)
{
    int rc = store_turn_take(file->path, file->fd, file->unwritable, error);
    if (rc == BBOTS_OK) {
        rc = is_still_named(file) ? enter(file, error) : BBOTS_NOT_FOUND;
        store_turn_end(file->fd);
    }
    return rc;
}

/*
 * LMDB makes the lock file, or opens the one that is there, and would follow a link that somebody
 * put there before to a file that he wants overwritten.
 */
static int judge_lock(const store_file *file, bbots_error *error)
{
    struct stat status;
    char lock[PATH_MAX];
    bool foreign =
        store_lock_name(file->path, lock) && lstat(lock, &status) == 0 && !S_ISREG(status.st_mode);
    return foreign ? bb_fail(error, BBOTS_ACCESS_DENIED,
                             "lock file \"%s\" is a link or no regular file", lock)
                   : BBOTS_OK;
}

static int open_once(const char *path, const store_options *options, store_file **opened,
                     bbots_error *error)
{
    const int flags = O_CLOEXEC | O_NONBLOCK; /* a pipe must not hold us up */
    int fd = open(path, O_RDWR | flags);
    bool unwritable = fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS) &&
                      options->read_only && !options->alone;
    fd = unwritable ? open(path, O_RDONLY | flags) : fd;
    if (fd < 0) {
        return store_open_failure(path, errno, error);
    }
    /* The lock file's name is made of the file's: by two names there would be two writers. */
    char *real = realpath(path, NULL);
    int system = errno;
    if (real == NULL) {
        close(fd);
        return store_open_failure(path, system, error);
    }
    store_file *file = new_file(real, options);
    free(real);
    if (file == NULL) {
        close(fd);
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    file->fd = fd;
    file->unwritable = unwritable;
    int rc = judge_place(file, error);
    if (rc == BBOTS_OK) {
        rc = judge_lock(file, error);
    }
    if (rc == BBOTS_OK) {
        rc = store_registry_add(file, error);
        if (rc == BBOTS_OK) {
            rc = open_registered(file, error);
            if (rc != BBOTS_OK) {
                store_registry_remove(file);
            }
        }
    }
    if (rc != BBOTS_OK) {
        free_file(file);
        return rc;
    }
    *opened = file;
    return BBOTS_OK;
}

int store_file_open(const char *path, const store_options *options, store_file **opened,
                    bbots_error *error)
{
    *opened = NULL;
    for (int tries = 0; tries < REPLACED_TRIES; tries++) {
        int rc = open_once(path, options, opened, error);
        if (rc != BBOTS_NOT_FOUND) {
            return rc;
        }
    }
    return bb_fail(error, BBOTS_BUSY, "file \"%s\" is replaced again and again", path);
}

/* Takes one from the mark. A failure only means that the file is walked when it is next opened. */
static void unmark(const store_file *file)
{
    uint32_t count;
    if (store_mark_read(file->fd, file->page_bytes, &count) && count > 0) {
        (void)store_mark_write(file->path, file->fd, file->page_bytes, count - 1, NULL);
    }
}

int store_file_close(store_file *file, bbots_error *error)
{
    if (file == NULL) {
        return BBOTS_OK;
    }
    if (*file->alive == 0) {
        /* A forked child: closing the environment would free the parent's reader slots. */
        store_registry_remove(file);
        free_file(file);
        return BBOTS_OK;
    }
    if (atomic_load(&file->gate.inside) != 0) {
        return bb_fail(error, BBOTS_BUSY, "file \"%s\" has open transactions", file->path);
    }
    if (atomic_load(&file->abandoned)) {
        return BBOTS_OK; /* LMDB's write lock is still ours: the end of the process gives it back */
    }
    int rc = store_anchor_end(file, error);
    bool turn = !file->unwritable && store_turn_take(file->path, file->fd, false, NULL) == BBOTS_OK;
    mdb_env_close(file->env);
    if (turn) {
        if (!atomic_load(&file->poisoned)) { /* else the next one looks closely */
            unmark(file);
        }
        store_turn_end(file->fd);
    }
    store_registry_remove(file);
    free_file(file);
    return rc;
}

/* ------------------------------------------------------------------ a file that is made */

int store_file_begin(const char *path, const store_options *options, store_file **begun,
                     bbots_error *error)
{
    store_file *file = new_file(path, options);
    if (file == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int rc = open_environment(file, error);
    if (rc == BBOTS_OK) {
        MDB_stat stat;
        mdb_env_stat(file->env, &stat);
        file->page_bytes = stat.ms_psize;
        rc = open_main(file, error);
        if (rc == BBOTS_OK) {
            *begun = file;
            return BBOTS_OK;
        }
        mdb_env_close(file->env);
    }
    free_file(file);
    return rc;
}

size_t store_file_end(store_file *file)
{
    size_t page_bytes = file->page_bytes;
    mdb_env_close(file->env);
    free_file(file);
    return page_bytes;
}

/* ------------------------------------------------------------------ files by name */

bool store_file_exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

uint64_t store_file_size(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
}

const char *store_file_path(const store_file *file)
{
    return file->path;
}

uint32_t store_file_mode(const store_file *file)
{
    struct stat status;
    return fstat(file->fd, &status) == 0 ? (uint32_t)status.st_mode & 0777u : 0600;
}

/* ------------------------------------------------------------------ size */

/*
 * LMDB gives its map back before it takes a larger one, and cannot go on without any. So whether there is the
 * space is found out before.
 */
static bool has_space(size_t bytes)
{
    void *space = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return space != MAP_FAILED && munmap(space, bytes) == 0;
}

/* Nobody is inside the gate. */
static int move_map(store_file *file, size_t bytes, bbots_error *error)
{
    MDB_envinfo info;
    int rc = store_check_poison(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    if (bytes > file->map_bytes && !has_space(bytes - file->map_bytes)) {
        return bb_fail_system(error, BBOTS_NO_MEMORY, errno,
                              "no address space for a larger map of file \"%s\"", file->path);
    }
    rc = mdb_env_set_mapsize(file->env, bytes);
    if (rc != 0) { /* another thread took the space */
        atomic_store(&file->unmapped, true);
        atomic_store(&file->poisoned, true);
        return store_check_poison(file, error);
    }
    mdb_env_info(file->env, &info);
    file->map_bytes = info.me_mapsize;
    atomic_store(&file->map, NULL);
    return BBOTS_OK;
}

static int set_map(store_file *file, size_t bytes, unsigned wait_ms, bbots_error *error)
{
    if (!store_gate_close(&file->gate, wait_ms)) {
        return bb_fail(error, BBOTS_BUSY,
                       "the map of file \"%s\" has to grow, and a transaction of this process has "
                       "been open for more than %u seconds",
                       file->path, wait_ms / 1000);
    }
    int rc = move_map(file, bytes, error);
    store_gate_open(&file->gate);
    return rc;
}

int store_map_grow(store_file *file, bbots_error *error)
{
    MDB_envinfo info;
    int known = read_info(file, &info, error);
    if (known != BBOTS_OK) {
        return known;
    }
    uint64_t used = (info.me_last_pgno + 1) * (uint64_t)file->page_bytes;
    bool full = atomic_load(&file->map_was_full);
    if (!full && used < file->map_bytes / 2) {
        return BBOTS_OK;
    }
    uint64_t bytes = (uint64_t)file->map_bytes * 2;
    uint64_t most = file->options.file_bytes_max;
    if (most != 0 && bytes > most) {
        bytes = most;
    }
    if (bytes <= file->map_bytes) {
        return BBOTS_OK; /* at its limit: the transaction will say MAP_FULL when it gets there */
    }
    /* Not yet needed, it waits for nobody: an open reader only puts it off. */
    int rc = set_map(file, (size_t)bytes, full ? GROW_WAIT_MS : 0, full ? error : NULL);
    if (rc == BBOTS_OK) {
        atomic_store(&file->map_was_full, false);
    }
    return full ? rc : store_check_poison(file, error); /* not yet needed: try again another time */
}

bool store_map_can_grow(const store_file *file)
{
    return file->options.file_bytes_max == 0 || file->map_bytes < file->options.file_bytes_max;
}

/* The size that others' commits say, as LMDB would take it. */
int store_map_adopt(store_file *file, bbots_error *error)
{
    uint64_t most = 0;
    for (unsigned at = 0; at < 2; at++) {
        uint64_t bytes;
        off_t place = (off_t)(at * file->page_bytes + MAP_BYTES_AT);
        if (pread(file->fd, &bytes, sizeof bytes, place) == (ssize_t)sizeof bytes && bytes > most) {
            most = bytes;
        }
    }
    return set_map(file, (size_t)most, GROW_WAIT_MS, error);
}

int store_file_stat(store_file *file, store_stat *stat, bbots_error *error)
{
    MDB_envinfo info;
    struct stat status;
    int rc = store_check_process(file, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    int fd;
    if (mdb_env_get_fd(file->env, &fd) != 0 || fstat(fd, &status) != 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot look at file \"%s\"", file->path);
    }
    rc = read_info(file, &info, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    stat->file_bytes = (uint64_t)status.st_size;
    stat->used_bytes = (info.me_last_pgno + 1) * (uint64_t)file->page_bytes;
    stat->map_bytes = info.me_mapsize;
    stat->transaction = info.me_last_txnid;
    stat->page_bytes = (uint32_t)file->page_bytes;
    stat->readers = info.me_numreaders;
    stat->readers_max = info.me_maxreaders;
    stat->opened = file->opened;
    return BBOTS_OK;
}
