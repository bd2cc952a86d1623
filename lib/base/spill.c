/*
 * base/spill.c - bytes that grow at their end, in memory or in a file.
 *
 * The file is mapped. Its blocks are reserved before they are touched: a write to a page for which
 * the disk has no room left would be a signal and not an error. The whole length stays mapped, but
 * pages that were written or passed are handed back to the system every FILE_STEP bytes, so that
 * hardly more than that is resident, whatever the length.
 */
#include "base/spill.h"

#include "base/error.h"
#include "base/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY_FIRST ((size_t)4 << 10)
#define FILE_STEP    ((size_t)16 << 20)

void bb_spill_init(bb_spill *spill, size_t memory_max)
{
    *spill = (bb_spill){.memory_max = memory_max, .file = -1};
}

void bb_spill_free(bb_spill *spill)
{
    if (spill->file >= 0) {
        munmap(spill->data, spill->room);
        close(spill->file);
    } else {
        free(spill->data);
    }
    bb_spill_init(spill, spill->memory_max);
}

static int no_memory(bbots_error *error)
{
    return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------ in a file */

/* A file without a name; where the file system has none such, one that loses its name at once. */
static int temporary_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    folder = folder != NULL && folder[0] != '\0' ? folder : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
        return fd;
    }
    snprintf(path, sizeof path, "%s/bbots-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    return fd;
}

static int extend_file(int fd, size_t from, size_t to, bbots_error *error)
{
    bb_held_signal held;
    int failed;
    bb_signal_hold(&held);
    do {
        failed = posix_fallocate(fd, (off_t)from, (off_t)(to - from));
    } while (failed == EINTR);
    bb_signal_release(&held);
    return failed == 0 ? BBOTS_OK
                       : bb_fail_system(error, bb_write_status(failed), failed,
                                        "cannot make a temporary file longer");
}

/* The first step from memory to a file. */
static int move_to_file(bb_spill *spill, size_t room, bbots_error *error)
{
    int fd = temporary_file();
    if (fd < 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot make a temporary file");
    }
    int rc = extend_file(fd, 0, room, error);
    void *mapped = MAP_FAILED;
    if (rc == BBOTS_OK) {
        mapped = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        rc = mapped == MAP_FAILED ? no_memory(error) : BBOTS_OK;
    }
    if (rc != BBOTS_OK) {
        close(fd);
        return rc;
    }
    if (spill->used != 0) {
        memcpy(mapped, spill->data, spill->used);
    }
    free(spill->data);
    spill->data = mapped;
    spill->room = room;
    spill->file = fd;
    return BBOTS_OK;
}

/* Pages of the file up to an offset leave the process; what was written to them stays. */
static void leave_memory(const bb_spill *spill, size_t up_to)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (up_to >= page) {
        (void)madvise(spill->data, up_to / page * page, MADV_DONTNEED);
    }
}

static int grow_file(bb_spill *spill, size_t needed, bbots_error *error)
{
    size_t room = (needed + FILE_STEP - 1) / FILE_STEP * FILE_STEP;
    if (spill->file < 0) {
        return move_to_file(spill, room, error);
    }
    int rc = extend_file(spill->file, spill->room, room, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    void *mapped = mremap(spill->data, spill->room, room, MREMAP_MAYMOVE);
    if (mapped == MAP_FAILED) {
        return no_memory(error);
    }
    spill->data = mapped;
    spill->room = room;
    leave_memory(spill, spill->used);
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ in memory */

static int grow_memory(bb_spill *spill, size_t needed, bbots_error *error)
{
    size_t room = spill->room == 0 ? MEMORY_FIRST : spill->room;
    while (room < needed) {
        room *= 2;
    }
    uint8_t *moved = realloc(spill->data, room);
    if (moved == NULL) {
        return no_memory(error);
    }
    spill->data = moved;
    spill->room = room;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ either way */

int bb_spill_reserve(bb_spill *spill, size_t more, bbots_error *error)
{
    if (more <= spill->room - spill->used) {
        return BBOTS_OK;
    }
    if (more > PTRDIFF_MAX / 2 - spill->used) {
        return no_memory(error);
    }
    size_t needed = spill->used + more;
    return spill->file >= 0 || needed > spill->memory_max ? grow_file(spill, needed, error)
                                                          : grow_memory(spill, needed, error);
}

int bb_spill_add_zeroes(bb_spill *spill, size_t size, bbots_error *error)
{
    int rc = bb_spill_reserve(spill, size, error);
    if (rc == BBOTS_OK && size != 0) {
        memset(spill->data + spill->used, 0, size);
        spill->used += size;
    }
    return rc;
}

void bb_spill_pass(bb_spill *spill, size_t at)
{
    if (at < spill->passed) {
        spill->passed = 0; /* another reader begins */
    }
    if (spill->file >= 0 && at - spill->passed >= FILE_STEP) {
        leave_memory(spill, at);
        spill->passed = at;
    }
}
