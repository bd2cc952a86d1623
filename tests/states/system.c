/*
 * tests/states/system.c - the calls that change files or flush them, recorded in their order.
 *
 * The program's own functions stand in place of libc's, for LMDB as well. Each does what libc's does, by
 * the system call, and tells it to the trace, or tells a disk which blocks of its scratch files
 * changed. One call at a time: their order in the trace is the order in which they happened.
 *
 * What is flushed: fsync() and fdatasync() of a file, its content and size; a write to a descriptor
 * with O_DSYNC, its own blocks; fsync() of the folder, all names. Nothing else, although
 * journals of file systems do more.
 */
#include "states.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FLUSH_US = 150 }; /* so that those who wait for a commit gather */

static struct {
    unsigned runs; /* recordings so far: each is made in another run of the system */
    trace *recorded;
    disk *noted;
    pthread_mutex_t mutex;
} now = {.mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP};

void system_record(trace *run)
{
    now.runs++;
    now.recorded = run;
}

void system_note(disk *changed)
{
    now.noted = changed;
}

void system_rest(void)
{
    now.recorded = NULL;
    now.noted = NULL;
}

void system_lock(void)
{
    pthread_mutex_lock(&now.mutex);
}

void system_unlock(void)
{
    int kept = errno;
    pthread_mutex_unlock(&now.mutex);
    errno = kept;
}

/* ------------------------------------------------------------------ what is told */

/* The number of the file beneath a descriptor; FILES_MAX: it is not recorded. */
static unsigned file_of(int fd)
{
    struct stat status;
    return now.recorded != NULL && fstat(fd, &status) == 0
               ? trace_file(now.recorded, status.st_dev, status.st_ino)
               : FILES_MAX;
}

static void tell_write(int fd, uint64_t offset, const struct iovec *pieces, int count, size_t size)
{
    struct stat status;
    if (now.noted != NULL && fstat(fd, &status) == 0) {
        disk_touched(now.noted, status.st_ino, offset, size);
    }
    unsigned file = file_of(fd);
    if (file == FILES_MAX || size == 0) {
        return;
    }
    event *next = trace_add(now.recorded, EVENT_WRITE, file);
    next->offset = offset;
    next->size = size;
    next->bytes = malloc(size);
    demand(next->bytes != NULL, "memory for a write", NULL);
    size_t at = 0;
    for (int i = 0; i < count && at < size; i++) {
        size_t part = pieces[i].iov_len < size - at ? pieces[i].iov_len : size - at;
        memcpy(next->bytes + at, pieces[i].iov_base, part);
        at += part;
    }
    if ((syscall(SYS_fcntl, fd, F_GETFL, 0) & O_DSYNC) != 0) {
        next = trace_add(now.recorded, EVENT_FLUSH_PART, file);
        next->offset = offset;
        next->size = size;
    }
}

static void tell_size(int fd, uint64_t size)
{
    struct stat status;
    unsigned file = file_of(fd);
    if (now.noted != NULL && fstat(fd, &status) == 0) {
        disk_touched(now.noted, status.st_ino, 0, UINT64_MAX);
    }
    if (file != FILES_MAX) {
        trace_add(now.recorded, EVENT_SIZE, file)->offset = size;
    }
}

static void tell_name(event_kind kind, const char *name, const char *other, unsigned file)
{
    event *next = trace_add(now.recorded, kind, file);
    snprintf(next->name, sizeof next->name, "%s", name);
    snprintf(next->other, sizeof next->other, "%s", other);
}

static void tell_created(int fd, const char *path)
{
    struct stat status;
    const char *name = now.recorded != NULL ? trace_name(now.recorded, path) : NULL;
    if (name != NULL && fd >= 0 && fstat(fd, &status) == 0) {
        tell_name(EVENT_LINK, name, "", trace_new_file(now.recorded, status.st_ino));
    }
}

static int tell_flush(int fd)
{
    struct stat status;
    if (now.recorded == NULL || fstat(fd, &status) != 0) {
        return 0;
    }
    if (status.st_dev == now.recorded->device && status.st_ino == now.recorded->folder_inode) {
        trace_add(now.recorded, EVENT_FLUSH_FOLDER, 0);
    } else {
        unsigned file = trace_file(now.recorded, status.st_dev, status.st_ino);
        if (file != FILES_MAX) {
            trace_add(now.recorded, EVENT_FLUSH, file);
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ content */

BBOTS_API ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t offset)
{
    system_lock();
    ssize_t put = syscall(SYS_pwritev, fd, pieces, count, offset, 0);
    if (put > 0) {
        tell_write(fd, (uint64_t)offset, pieces, count, (size_t)put);
    }
    system_unlock();
    return put;
}

BBOTS_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    return pwritev(fd, &piece, 1, offset);
}

BBOTS_API ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    system_lock();
    off_t offset = lseek(fd, 0, SEEK_CUR);
    ssize_t put = syscall(SYS_writev, fd, pieces, count);
    if (put > 0 && offset >= 0) {
        tell_write(fd, (uint64_t)offset, pieces, count, (size_t)put);
    }
    system_unlock();
    return put;
}

BBOTS_API ssize_t write(int fd, const void *data, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)data, size};
    return writev(fd, &piece, 1);
}

BBOTS_API int ftruncate(int fd, off_t size)
{
    system_lock();
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc == 0) {
        tell_size(fd, (uint64_t)size);
    }
    system_unlock();
    return rc;
}

BBOTS_API int posix_fallocate(int fd, off_t offset, off_t size)
{
    struct stat status;
    system_lock();
    int rc = syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
    if (rc == 0 && fstat(fd, &status) == 0) {
        tell_size(fd, (uint64_t)status.st_size);
    }
    system_unlock();
    return rc;
}

/* Room behind a file's end is nothing that anybody can see. */
BBOTS_API int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return mode == FALLOC_FL_KEEP_SIZE ? 0 : posix_fallocate(fd, offset, size);
}

/* ------------------------------------------------------------------ flushes */

BBOTS_API int fdatasync(int fd)
{
    system_lock();
    int rc = tell_flush(fd);
    bool recorded = now.recorded != NULL;
    system_unlock();
    if (recorded) {
        usleep(FLUSH_US);
    }
    return rc;
}

BBOTS_API int fsync(int fd)
{
    system_lock();
    int rc = tell_flush(fd);
    system_unlock();
    return rc;
}

/* A file's memory that can be written to would pass by all of this. */
BBOTS_API void *mmap(void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0) {
        demand(file_of(fd) == FILES_MAX, "a file is mapped for writing", NULL);
    }
    return (void *)syscall(SYS_mmap, where, size, protection, flags, fd, offset); // NOLINT
}

/* ------------------------------------------------------------------ names */

#define BOOT_NUMBER "/proc/sys/kernel/random/boot_id"

/* The system gives each recording another run's number: who opens a state finds that it went down since. */
static int open_number(void)
{
    char number[33];
    int fd = memfd_create("run", MFD_CLOEXEC);
    snprintf(number, sizeof number, "%032x", now.runs);
    demand(fd >= 0 && syscall(SYS_pwrite64, fd, number, 32, 0) == 32, "a number for the run", NULL);
    return fd;
}

BBOTS_API int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
    va_end(rest);
    if (now.recorded != NULL && strcmp(path, BOOT_NUMBER) == 0) {
        return open_number();
    }
    system_lock();
    bool creates = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, (mode_t)mode);
    if (creates) {
        tell_created(fd, path);
    }
    if (fd >= 0 && (flags & O_TRUNC) != 0) {
        tell_size(fd, 0);
    }
    system_unlock();
    return fd;
}

static int (*beneath_mkstemp)(char *);
static int (*beneath_mkostemp)(char *, int);

__attribute__((constructor)) static void look_up(void)
{
    *(void **)&beneath_mkstemp = dlsym(RTLD_NEXT, "mkstemp");
    *(void **)&beneath_mkostemp = dlsym(RTLD_NEXT, "mkostemp");
}

BBOTS_API int mkstemp(char *name)
{
    system_lock();
    int fd = beneath_mkstemp(name);
    tell_created(fd, name);
    system_unlock();
    return fd;
}

BBOTS_API int mkostemp(char *name, int flags)
{
    system_lock();
    int fd = beneath_mkostemp(name, flags);
    tell_created(fd, name);
    system_unlock();
    return fd;
}

BBOTS_API int rename(const char *from, const char *to)
{
    system_lock();
    int rc = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    const char *name = rc == 0 && now.recorded != NULL ? trace_name(now.recorded, from) : NULL;
    if (name != NULL) {
        const char *other = trace_name(now.recorded, to);
        demand(other != NULL, "renamed to another folder", NULL);
        tell_name(EVENT_RENAME, name, other, 0);
    }
    system_unlock();
    return rc;
}

BBOTS_API int link(const char *from, const char *to)
{
    struct stat status;
    system_lock();
    int rc = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    const char *name = rc == 0 && now.recorded != NULL ? trace_name(now.recorded, to) : NULL;
    if (name != NULL && stat(to, &status) == 0) {
        unsigned file = trace_file(now.recorded, status.st_dev, status.st_ino);
        demand(file != FILES_MAX, "a link to an unknown file", NULL);
        tell_name(EVENT_LINK, name, "", file);
    }
    system_unlock();
    return rc;
}

BBOTS_API int unlink(const char *path)
{
    system_lock();
    int rc = (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    const char *name = rc == 0 && now.recorded != NULL ? trace_name(now.recorded, path) : NULL;
    if (name != NULL) {
        tell_name(EVENT_UNLINK, name, "", 0);
    }
    system_unlock();
    return rc;
}
