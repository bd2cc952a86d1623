/*
 * tests/refusal/system.c - allocation and I/O calls that fail when they are told to.
 *
 * The program's own functions stand in place of libc's, for the libraries that it uses as well. Each
 * does what libc's does, by the system call or by the name beneath, and counts. Of the other
 * calls, close() and munmap() do not fail here: nothing could be done about it; and libsodium's
 * source of random numbers does not, which ends the process by its own decision.
 *
 * What counts as memory: malloc and its kin, also where libc calls them (strdup, asprintf,
 * open_memstream, regcomp). What counts as I/O: everything below that takes a file or maps memory.
 */
#include "refusal.h"
#include "support/sanitizer.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

static struct {
    bool on;
    bool lasting;
    enum refusal what;
    uint64_t at;
    system_report report;
    places *noted; /* NULL: nobody asked */
    int64_t blocks;
    int64_t mappings;
} now;

void system_refuse(enum refusal what, uint64_t at, bool lasting)
{
    now.what = what;
    now.at = at;
    now.lasting = lasting;
    now.report = (system_report){0};
    now.on = true;
}

void system_note(enum refusal what, places *of)
{
    system_refuse(what, UINT64_MAX, false);
    now.noted = of;
}

system_report system_relent(void)
{
    now.on = false;
    now.noted = NULL;
    return now.report;
}

bool system_refuses(enum refusal what, const char *name, int number)
{
    if (!now.on || now.what != what) {
        return false;
    }
    now.report.calls++;
    if (now.noted != NULL) {
        now.on = false; /* the walk's own calls do not count */
        places_note(now.noted, now.report.calls);
        now.on = true;
        return false;
    }
    if (now.report.calls < now.at || (now.report.calls > now.at && !now.lasting)) {
        return false;
    }
    if (now.report.name == NULL) {
        now.report.name = name;
        now.report.number = number;
    } /* the place for a debugger to stop at */
    if (number > 0) {
        errno = number;
    }
    return true;
}

static bool refuses_memory(const char *name)
{
    return system_refuses(REFUSE_MEMORY, name, ENOMEM);
}

static bool refuses_io(const char *name, int number)
{
    return system_refuses(REFUSE_IO, name, number);
}

/* A disk that is full stays so, one that fails may fail once. */
static int disk_error(void)
{
    return now.lasting ? ENOSPC : EIO;
}

/* ------------------------------------------------------------------ memory */

#if ADDRESS_SANITIZED
#define BENEATH(name) __interceptor_##name
#else
#define BENEATH(name) __libc_##name
#endif

void *BENEATH(malloc)(size_t size);
void *BENEATH(calloc)(size_t count, size_t size);
void *BENEATH(realloc)(void *block, size_t size);
void BENEATH(free)(void *block);

static void *counted(void *block)
{
    now.blocks += block != NULL;
    return block;
}

BBOTS_API void *malloc(size_t size)
{
    return refuses_memory("malloc") ? NULL : counted(BENEATH(malloc)(size));
}

BBOTS_API void *calloc(size_t count, size_t size)
{
    return refuses_memory("calloc") ? NULL : counted(BENEATH(calloc)(count, size));
}

BBOTS_API void *realloc(void *block, size_t size)
{
    if (refuses_memory("realloc")) {
        return NULL;
    }
    void *moved = BENEATH(realloc)(block, size);
    now.blocks += block == NULL && moved != NULL;
    now.blocks -= block != NULL && size == 0;
    return moved;
}

BBOTS_API void free(void *block)
{
    now.blocks -= block != NULL;
    BENEATH(free)(block);
}

#if ADDRESS_SANITIZED
int __interceptor_posix_memalign(void **block, size_t alignment, size_t size);
#else
void *__libc_memalign(size_t alignment, size_t size);
#endif

BBOTS_API int posix_memalign(void **block, size_t alignment, size_t size)
{
    if (refuses_memory("posix_memalign")) {
        return ENOMEM;
    }
#if ADDRESS_SANITIZED
    int rc = __interceptor_posix_memalign(block, alignment, size);
#else
    *block = __libc_memalign(alignment, size);
    int rc = *block != NULL ? 0 : ENOMEM;
#endif
    now.blocks += rc == 0;
    return rc;
}

/* ------------------------------------------------------------------ files */

BBOTS_API int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    unsigned mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
    va_end(rest);
    return refuses_io("open", EMFILE)
               ? -1
               : (int)syscall(SYS_openat, AT_FDCWD, path, flags, (mode_t)mode);
}

BBOTS_API ssize_t read(int fd, void *data, size_t size)
{
    return refuses_io("read", EIO) ? -1 : syscall(SYS_read, fd, data, size);
}

BBOTS_API ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    return refuses_io("pread", EIO) ? -1 : syscall(SYS_pread64, fd, data, size, offset);
}

BBOTS_API ssize_t write(int fd, const void *data, size_t size)
{
    return refuses_io("write", disk_error()) ? -1 : syscall(SYS_write, fd, data, size);
}

BBOTS_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return refuses_io("pwrite", disk_error()) ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

BBOTS_API ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return refuses_io("writev", disk_error()) ? -1 : syscall(SYS_writev, fd, pieces, count);
}

BBOTS_API off_t lseek(int fd, off_t offset, int whence)
{
    return refuses_io("lseek", EIO) ? -1 : syscall(SYS_lseek, fd, offset, whence);
}

BBOTS_API int fsync(int fd)
{
    return refuses_io("fsync", EIO) ? -1 : (int)syscall(SYS_fsync, fd);
}

BBOTS_API int fdatasync(int fd)
{
    return refuses_io("fdatasync", EIO) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

BBOTS_API int ftruncate(int fd, off_t size)
{
    return refuses_io("ftruncate", disk_error()) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

BBOTS_API int posix_fallocate(int fd, off_t offset, off_t size)
{
    if (refuses_io("posix_fallocate", disk_error())) {
        return errno;
    }
    return syscall(SYS_fallocate, fd, 0, offset, size) == 0 ? 0 : errno;
}

BBOTS_API int fallocate(int fd, int mode, off_t offset, off_t size)
{
    return refuses_io("fallocate", disk_error())
               ? -1
               : (int)syscall(SYS_fallocate, fd, mode, offset, size);
}

BBOTS_API int fcntl(int fd, int command, ...)
{
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
                 command == F_OFD_SETLK || command == F_OFD_SETLKW || command == F_OFD_GETLK;
    return refuses_io("fcntl", locks ? ENOLCK : EIO)
               ? -1
               : (int)syscall(SYS_fcntl, fd, command, argument);
}

BBOTS_API int fchmod(int fd, mode_t mode)
{
    return refuses_io("fchmod", EIO) ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

BBOTS_API int stat(const char *path, struct stat *status)
{
    return refuses_io("stat", EIO) ? -1 : (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

BBOTS_API int lstat(const char *path, struct stat *status)
{
    return refuses_io("lstat", EIO)
               ? -1
               : (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

BBOTS_API int fstat(int fd, struct stat *status)
{
    return refuses_io("fstat", EIO) ? -1 : (int)syscall(SYS_fstat, fd, status);
}

BBOTS_API int fstatfs(int fd, struct statfs *status)
{
    return refuses_io("fstatfs", EIO) ? -1 : (int)syscall(SYS_fstatfs, fd, status);
}

BBOTS_API int rename(const char *from, const char *to)
{
    return refuses_io("rename", EIO) ? -1
                                     : (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

BBOTS_API int link(const char *from, const char *to)
{
    return refuses_io("link", EIO) ? -1 : (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

BBOTS_API int unlink(const char *path)
{
    return refuses_io("unlink", EIO) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* ------------------------------------------------------------------ maps */

BBOTS_API void *mmap(void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (refuses_io("mmap", ENOMEM)) {
        return MAP_FAILED;
    }
    long place = syscall(SYS_mmap, where, size, protection, flags, fd, offset);
    now.mappings += place != -1;
    return (void *)place; // NOLINT
}

BBOTS_API int munmap(void *where, size_t size)
{
    now.mappings--;
    return (int)syscall(SYS_munmap, where, size);
}

BBOTS_API void *mremap(void *where, size_t size, size_t new_size, int flags, ...)
{
    if (refuses_io("mremap", ENOMEM)) {
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mremap, where, size, new_size, flags); // NOLINT
}

BBOTS_API int msync(void *where, size_t size, int flags)
{
    return refuses_io("msync", EIO) ? -1 : (int)syscall(SYS_msync, where, size, flags);
}

BBOTS_API int madvise(void *where, size_t size, int advice)
{
    return refuses_io("madvise", EIO) ? -1 : (int)syscall(SYS_madvise, where, size, advice);
}

BBOTS_API int mlock(const void *where, size_t size)
{
    return refuses_io("mlock", ENOMEM) ? -1 : (int)syscall(SYS_mlock, where, size);
}

/* ------------------------------------------------------------------ what libc does inside */

static union {
    void *found;
    int (*mkstemp)(char *);
    int (*mkostemp)(char *, int);
    char *(*realpath)(const char *, char *);
    FILE *(*fopen)(const char *, const char *);
    size_t (*fread)(void *, size_t, size_t, FILE *);
    int (*key_create)(pthread_key_t *, void (*)(void *));
} beneath[6];

/* A sanitizer creates a key before any constructor runs. */
__attribute__((constructor)) static void look_up(void)
{
    static const char *const names[] = {"mkstemp", "mkostemp", "realpath",
                                        "fopen",   "fread",    "pthread_key_create"};
    for (unsigned i = 0; i < COUNT(names) && beneath[i].found == NULL; i++) {
        beneath[i].found = dlsym(RTLD_NEXT, names[i]);
    }
}

BBOTS_API int mkstemp(char *name)
{
    return refuses_io("mkstemp", EIO) ? -1 : beneath[0].mkstemp(name);
}

BBOTS_API int mkostemp(char *name, int flags)
{
    return refuses_io("mkostemp", EIO) ? -1 : beneath[1].mkostemp(name, flags);
}

BBOTS_API char *realpath(const char *path, char *resolved)
{
    return refuses_io("realpath", EIO) ? NULL : beneath[2].realpath(path, resolved);
}

BBOTS_API FILE *fopen(const char *path, const char *mode)
{
    return refuses_io("fopen", EMFILE) ? NULL : beneath[3].fopen(path, mode);
}

BBOTS_API size_t fread(void *data, size_t size, size_t count, FILE *file)
{
    if (refuses_io("fread", EIO)) {
        file->_flags |= 0x20; /* glibc's note of an error, for ferror() */
        return 0;
    }
    return beneath[4].fread(data, size, count, file);
}

BBOTS_API int pthread_key_create(pthread_key_t *key, void (*end)(void *))
{
    if (beneath[5].found == NULL) {
        look_up();
    }
    return refuses_io("pthread_key_create", EAGAIN) ? EAGAIN : beneath[5].key_create(key, end);
}

/* ------------------------------------------------------------------ what is held */

static int64_t count_descriptors(void)
{
    int64_t count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += syscall(SYS_fcntl, fd, F_GETFD, 0) != -1;
    }
    return count;
}

system_holdings system_hold(void)
{
    system_holdings held = {now.blocks, now.mappings, count_descriptors()};
#if ADDRESS_SANITIZED
    held.blocks = 0; /* the sanitizer's strdup() does not call malloc(); it finds leaks by itself */
#endif
    return held;
}
