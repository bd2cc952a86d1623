/*
 * store/mark.c - who has the file open, and whether its last use came to an end.
 *
 * Five locks of the system on the file, behind all its bytes, belong to open descriptions and so end
 * with them, however a process dies:
 *     TURN   held alone while a file is opened or closed: one at a time
 *     USE    shared by all who have the file open; to have it alone means to be the only one
 *     WORK   held alone by whoever makes a file, as long as it has its working name (make.c)
 *     LOOK   shared by those who may only read the file: they cannot tell a writer which pages they
 *            need, so the file is open either to them or to those of USE
 *     LOCKS  one byte of many, shared by all of USE: the one that stands for the inode of LMDB's lock file
 *            that they have open. The file may have got another name, and the name another lock file
 *
 * The last 16 bytes of page 0, which LMDB never writes after the file's creation, count how many have
 * opened the file and not closed it. Who opens it as the only one and finds another number than 0
 * knows that somebody's use did not come to an end. The count is written when a file is opened and
 * closed, and not flushed: the first commit after it flushes it with its own pages, and before that
 * there is nothing to lose. A file without the mark (a copy by LMDB's tools) counts as not closed.
 *
 * Drawback, told: a child of fork() shares its parent's description. If the parent dies and the child
 * lives on without closing the store, the file looks as if it were in use, and is not walked.
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TURN_OFFSET  (INT64_C(1) << 61)
#define USE_OFFSET   (TURN_OFFSET + 1)
#define WORK_OFFSET  (TURN_OFFSET + 2)
#define LOOK_OFFSET  (TURN_OFFSET + 3)
#define LOCKS_OFFSET (INT64_C(1) << 62)
#define LOCKS_NUMBER (UINT64_C(1) << 61)
#define MARK_BYTES   16u
#define MARK_MAGIC   UINT64_C(0x316b72616d2d6262) /* "bb-mark1" */

static int set_lock(int fd, short type, off_t offset, bool wait)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1};
    int rc;
    do {
        rc = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &lock);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

static int cannot_lock(const char *path, bbots_error *error)
{
    if (errno == EAGAIN || errno == EACCES) {
        return bb_fail(error, BBOTS_BUSY, "somebody has file \"%s\" for himself", path);
    }
    return bb_fail_system(error, BBOTS_IO, errno, "cannot lock file \"%s\"", path);
}

/* Whether another description has a lock among these bytes. False with errno, and as if one had: nobody tells. */
static bool find_lock(int fd, off_t offset, off_t bytes, bool *held)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = offset, .l_len = bytes};
    bool told = fcntl(fd, F_OFD_GETLK, &lock) == 0;
    *held = lock.l_type != F_UNLCK;
    return told;
}

int store_turn_take(const char *path, int fd, bool share, bbots_error *error)
{
    return set_lock(fd, share ? F_RDLCK : F_WRLCK, TURN_OFFSET, true) == 0
               ? BBOTS_OK
               : cannot_lock(path, error);
}

void store_turn_end(int fd)
{
    set_lock(fd, F_UNLCK, TURN_OFFSET, false);
}

int store_use_alone(const char *path, int fd, bbots_error *error)
{
    if (set_lock(fd, F_WRLCK, USE_OFFSET, false) == 0) {
        return BBOTS_OK;
    }
    return errno == EAGAIN || errno == EACCES ? BBOTS_NOT_FOUND : cannot_lock(path, error);
}

int store_use_share(const char *path, int fd, bbots_error *error)
{
    return set_lock(fd, F_RDLCK, USE_OFFSET, false) == 0 ? BBOTS_OK : cannot_lock(path, error);
}

int store_look_share(const char *path, int fd, bbots_error *error)
{
    bool used;
    if (!find_lock(fd, USE_OFFSET, 1, &used)) {
        return cannot_lock(path, error);
    }
    if (used) {
        return bb_fail(error, BBOTS_BUSY,
                       "somebody has file \"%s\" open, and who may not write it can read it only "
                       "when nobody has",
                       path);
    }
    return set_lock(fd, F_RDLCK, LOOK_OFFSET, false) == 0 ? BBOTS_OK : cannot_lock(path, error);
}

int store_find_look(const char *path, int fd, bool *looked_at, bbots_error *error)
{
    return find_lock(fd, LOOK_OFFSET, 1, looked_at) ? BBOTS_OK : cannot_lock(path, error);
}

bool store_lock_name(const char *path, char name[PATH_MAX])
{
    return snprintf(name, PATH_MAX, "%s" STORE_LOCK_ENDING, path) < PATH_MAX;
}

void store_lock_make(const char *path, int fd)
{
    char name[PATH_MAX];
    struct stat status;
    int made = fstat(fd, &status) == 0 && store_lock_name(path, name)
                   ? open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)
                   : -1;
    if (made < 0) {
        return;
    }
    if (fchown(made, status.st_uid, status.st_gid) != 0) {
        (void)!fchown(made, (uid_t)-1, status.st_gid); /* only root gives files away */
    }
    fchmod(made, (status.st_mode & 0777) | 0600);
    close(made);
}

/* LMDB locks the first byte of its lock file as long as it has it open. */
bool store_lock_is_held(const char *path)
{
    char name[PATH_MAX];
    bool held = false;
    int fd = store_lock_name(path, name)
                 ? open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                 : -1;
    if (fd >= 0) {
        held = find_lock(fd, 0, 1, &held) && held;
        close(fd);
    }
    return held;
}

/* The byte that stands for the lock file of a path. */
static bool find_lock_byte(const char *path, off_t *byte)
{
    char name[PATH_MAX];
    struct stat status;
    if (!store_lock_name(path, name) || lstat(name, &status) != 0) {
        return false;
    }
    *byte = LOCKS_OFFSET + 1 + (off_t)((uint64_t)status.st_ino % LOCKS_NUMBER);
    return true;
}

int store_lock_show(const char *path, int fd, bbots_error *error)
{
    off_t byte;
    return find_lock_byte(path, &byte) && set_lock(fd, F_RDLCK, byte, false) == 0
               ? BBOTS_OK
               : cannot_lock(path, error);
}

bool store_lock_is_theirs(const char *path, int fd)
{
    off_t byte;
    bool before;
    bool behind;
    bool there;
    return find_lock_byte(path, &byte) && find_lock(fd, byte, 1, &there) && there &&
           find_lock(fd, LOCKS_OFFSET, byte - LOCKS_OFFSET, &before) && !before &&
           find_lock(fd, byte + 1, LOCKS_OFFSET + (off_t)LOCKS_NUMBER + 1 - byte, &behind) &&
           !behind;
}

bool store_work_take(int fd)
{
    return set_lock(fd, F_WRLCK, WORK_OFFSET, false) == 0;
}

bool store_mark_read(int fd, size_t page_bytes, uint32_t *open_count)
{
    uint8_t mark[MARK_BYTES];
    *open_count = 0;
    if (pread(fd, mark, sizeof mark, (off_t)(page_bytes - MARK_BYTES)) != (ssize_t)sizeof mark ||
        bb_load64(mark) != MARK_MAGIC || bb_load32(mark + 8) != ~bb_load32(mark + 12)) {
        return false;
    }
    *open_count = bb_load32(mark + 8);
    return true;
}

int store_mark_write(const char *path, int fd, size_t page_bytes, uint32_t open_count,
                     bbots_error *error)
{
    uint8_t mark[MARK_BYTES];
    bb_store64(mark, MARK_MAGIC);
    bb_store32(mark + 8, open_count);
    bb_store32(mark + 12, ~open_count);
    bb_held_signal held;
    bb_signal_hold(&held);
    ssize_t put = pwrite(fd, mark, sizeof mark, (off_t)(page_bytes - MARK_BYTES));
    bb_signal_release(&held);
    return put == (ssize_t)sizeof mark ? BBOTS_OK
                                       : bb_fail_system(error, bb_write_status(errno), errno,
                                                        "cannot mark file \"%s\" as open", path);
}
