/*
 * store/make.c - new files: made under a working name, and named when they are whole.
 *
 * The working file lies in the folder of the file that it is to be, so that giving it its name is one
 * step of the file system. Its own name begins with "bbots-new-", whatever it is to be, and
 * whoever makes it holds a lock on it (WORK, mark.c). That lock ends with the process, however it
 * ends. So who gets the lock of a working file knows for certain that nobody works on it any more, and may
 * remove it: whoever makes the next file in that folder does so.
 *
 * Two may meet. Who makes a file locks it after it has its working name, and in between somebody
 * who clears up may have got hold of it: then the lock is refused or the name is gone, and another
 * name is tried. Who clears up removes a name only while he holds the lock of the file that it leads
 * to. The lock file that LMDB puts beside the working file is removed before it, so it never
 * stays alone.
 *
 * A file without a name (O_TMPFILE) would leave nothing at all, but not every file system has them,
 * LMDB wants a name, and reading the copy back does too; this way is the same everywhere.
 */
#include "store/internal.h"

#include "base/error.h"
#include "base/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORK_NAME   "bbots-new-"
#define WORK_RANDOM "XXXXXX"
#define NAME_TRIES  16

/* ------------------------------------------------------------------ names */

/* The folder of a path, from malloc; NULL when memory is exhausted. */
static char *folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL) {
        return NULL;
    }
    char *folder = strdup(dirname(copy));
    free(copy);
    return folder;
}

/* The lock file goes first: it never stays alone. */
void store_file_remove(const char *path)
{
    char lock[PATH_MAX];
    if (store_lock_name(path, lock)) {
        unlink(lock);
    }
    unlink(path);
}

/* ------------------------------------------------------------------ what the dead left */

static bool is_working_name(const char *name)
{
    return strncmp(name, WORK_NAME, strlen(WORK_NAME)) == 0 &&
           strlen(name) == strlen(WORK_NAME WORK_RANDOM);
}

static void clear_one(const char *path)
{
    struct stat found;
    struct stat named;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && store_work_take(fd) &&
        lstat(path, &named) == 0 && named.st_dev == found.st_dev && named.st_ino == found.st_ino) {
        store_file_remove(path);
    }
    close(fd);
}

/* Removes the working files in a folder on which nobody works. What cannot be removed stays. */
static void clear_folder(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        char *path;
        if (is_working_name(entry->d_name) &&
            asprintf(&path, "%s/%s", folder, entry->d_name) >= 0) {
            clear_one(path);
            free(path);
        }
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

/* ------------------------------------------------------------------ making */

static bool is_named(const store_making *making)
{
    struct stat status;
    return fstat(making->fd, &status) == 0 && status.st_nlink != 0;
}

/* A file under a new working name, locked. BBOTS_NOT_FOUND: somebody cleared it up before that. */
static int begin_once(const char *folder, store_making *making)
{
    if (asprintf(&making->path, "%s/" WORK_NAME WORK_RANDOM, folder) < 0) {
        making->path = NULL;
        errno = ENOMEM;
        return BBOTS_IO;
    }
    making->fd = mkostemp(making->path, O_CLOEXEC); /* mode 0600, O_EXCL: no link is followed */
    if (making->fd >= 0 && store_work_take(making->fd) && is_named(making)) {
        return BBOTS_OK;
    }
    int system = errno;
    int rc = making->fd < 0 ? BBOTS_IO : BBOTS_NOT_FOUND;
    store_make_end(making);
    errno = system;
    return rc;
}

/* Whether a store may have this name. */
static int judge_name(const char *path, bbots_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (is_working_name(name)) { /* the next maker would remove it */
        return bb_fail(
            error, BBOTS_INVALID_ARGUMENT,
            "\"%s\" has the name of a file that is being made: no store may have " WORK_NAME
            " and six letters as its name",
            path);
    }
    if (strlen(name) + strlen(STORE_LOCK_ENDING) > NAME_MAX) { /* it could be made, not opened */
        return bb_fail(
            error, BBOTS_INVALID_ARGUMENT,
            "a store's name may have %zu bytes, since its lock file's has " STORE_LOCK_ENDING
            " at the end: this one has %zu",
            NAME_MAX - strlen(STORE_LOCK_ENDING), strlen(name));
    }
    return BBOTS_OK;
}

int store_make_begin(const char *path, uint32_t mode, store_making *making, bbots_error *error)
{
    *making = (store_making){.fd = -1};
    int rc = judge_name(path, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    char *folder = folder_of(path);
    if (folder == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    clear_folder(folder);
    rc = BBOTS_NOT_FOUND;
    for (int tries = 0; tries < NAME_TRIES && rc == BBOTS_NOT_FOUND; tries++) {
        rc = begin_once(folder, making);
    }
    free(folder);
    if (rc == BBOTS_OK) {
        fchmod(making->fd, mode);
        return BBOTS_OK;
    }
    return rc == BBOTS_NOT_FOUND
               ? bb_fail_system(error, BBOTS_IO, errno, "cannot lock a new file for \"%s\"", path)
               : store_open_failure(path, errno, error);
}

int store_make_belong(const store_making *making, const char *path, bbots_error *error)
{
    struct stat old;
    struct stat made;
    if (stat(path, &old) != 0 || fstat(making->fd, &made) != 0) {
        return store_open_failure(path, errno, error);
    }
    bool same = old.st_uid == made.st_uid && old.st_gid == made.st_gid;
    if (same || fchown(making->fd, old.st_uid, old.st_gid) == 0 ||
        fchown(making->fd, (uid_t)-1, old.st_gid) == 0) { /* only root gives files away */
        return BBOTS_OK;
    }
    return bb_fail_system(error, BBOTS_ACCESS_DENIED, errno,
                          "cannot give a new file to the group of \"%s\"", path);
}

void store_make_end(store_making *making)
{
    if (making->path != NULL && making->fd >= 0) {
        store_file_remove(making->path);
    }
    if (making->fd >= 0) {
        close(making->fd);
    }
    free(making->path);
    *making = (store_making){.fd = -1};
}

/* Fills and closes the file under its working name. */
static int fill_whole(const store_making *making, const store_options *options, store_fill *fill,
                      void *context, bbots_error *error)
{
    store_file *file = NULL;
    int rc = store_file_begin(making->path, options, &file, error);
    if (rc == BBOTS_OK) {
        rc = fill(file, context, error);
        size_t page_bytes = store_file_end(file);
        /* Nobody has the new file open. */
        rc = rc == BBOTS_OK ? store_mark_write(making->path, making->fd, page_bytes, 0, error) : rc;
    }
    return rc;
}

int store_make_fill(const store_making *making, const store_options *options, store_fill *fill,
                    void *context, bbots_error *error)
{
    store_options larger = *options;
    int rc;
    while ((rc = fill_whole(making, &larger, fill, context, error)) == BBOTS_MAP_FULL &&
           options->file_bytes_max == 0) {
        bb_error_clear(error);
        larger.map_bytes = 4 * (larger.map_bytes != 0 ? larger.map_bytes : STORE_MAP_BYTES);
        if (ftruncate(making->fd, 0) != 0) { /* parts of it may have been committed */
            return bb_fail_system(error, BBOTS_IO, errno, "cannot empty \"%s\"", making->path);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ its name */

static int flush_folder_of(const char *path, bbots_error *error)
{
    char *folder = folder_of(path);
    if (folder == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    int system = errno;
    if (fd >= 0) {
        close(fd);
    }
    rc = rc == 0 ? BBOTS_OK
                 : bb_fail_system(error, bb_write_status(system), system, "cannot flush \"%s\"",
                                  folder);
    free(folder);
    return rc;
}

int store_make_name(const store_making *making, const char *path, bbots_error *error)
{
    if (fsync(making->fd) != 0) {
        return bb_fail_system(error, bb_write_status(errno), errno, "cannot flush \"%s\"",
                              making->path);
    }
    if (link(making->path, path) != 0) {
        return errno == EEXIST
                   ? bb_fail(error, BBOTS_FILE_EXISTS, "file \"%s\" already exists", path)
                   : bb_fail_system(error, bb_write_status(errno), errno,
                                    "cannot name the new file \"%s\"", path);
    }
    int rc = flush_folder_of(path, error);
    if (rc != BBOTS_OK) {
        unlink(path); /* a crash could take the name away: better there is none now */
    }
    return rc;
}

int store_make_replace(const store_making *making, const char *path, int *turn, bbots_error *error)
{
    char lock[PATH_MAX];
    int fd = open(making->path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return store_open_failure(making->path, errno, error);
    }
    /* Afterwards there is no working name any more by which anybody would find the lock file. */
    if (store_lock_name(making->path, lock)) {
        unlink(lock);
    }
    int rc = store_turn_take(making->path, fd, false, error);
    if (rc == BBOTS_OK && (fsync(fd) != 0 || rename(making->path, path) != 0)) {
        rc = bb_fail_system(error, bb_write_status(errno), errno, "cannot replace file \"%s\"",
                            path);
    }
    if (rc == BBOTS_OK) {
        (void)flush_folder_of(path, NULL); /* either file is whole: there is no way back */
        *turn = fd;
    } else {
        close(fd);
    }
    return rc;
}

void store_make_release(int turn)
{
    store_turn_end(turn);
    close(turn);
}

int store_file_create(const char *path, const store_options *options, store_fill *fill,
                      void *context, bbots_error *error)
{
    store_making making;
    int rc = store_make_begin(path, options->mode, &making, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    rc = store_make_fill(&making, options, fill, context, error);
    if (rc == BBOTS_OK) {
        rc = store_make_name(&making, path, error);
    }
    store_make_end(&making);
    return rc;
}
