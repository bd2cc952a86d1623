/*
 * store/look.c - a look at a file before it is trusted.
 *
 * LMDB maps a file and follows page numbers in it. A file that is something else, of another
 * version, or cut off would be met as a crash, so its first two pages are read and judged here.
 *
 * LMDB 0.9 data file, as far as it is used here (little endian, 64 bit):
 *     page header    0  8 page number | 8 2 unused | 10 2 flags (8: meta page) | 12 4 bounds
 *     meta, from 16  0  4 magic BEEFC0DE | 4 4 version 1 | 8 8 address | 16 8 map size
 *                   24 48 free list's record (its first 4 bytes: the page size)
 *                   72 48 main tree's record | 120 8 last page | 128 8 transaction
 */
#include "store/internal.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_HEADER 16
#define META_SIZE 136
#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1u
#define PAGE_FLAG_META 8u

typedef struct meta {
    uint32_t magic;
    uint32_t version;
    uint32_t page_bytes;
    uint16_t page_flags;
    uint64_t last_page;
    uint64_t transaction;
    uint64_t roots[2]; /* of the free list and of the main tree */
} meta;

/* Reads the meta page at an offset; false when the file ends before. */
static bool read_meta(int fd, off_t offset, meta *found)
{
    uint8_t bytes[PAGE_HEADER + META_SIZE];
    ssize_t got;
    do {
        got = pread(fd, bytes, sizeof bytes, offset);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof bytes) {
        return false;
    }
    const uint8_t *at = bytes + PAGE_HEADER;
    found->page_flags = bb_load16(bytes + 10);
    found->magic = bb_load32(at);
    found->version = bb_load32(at + 4);
    found->page_bytes = bb_load32(at + 24);
    found->roots[0] = bb_load64(at + 64);
    found->roots[1] = bb_load64(at + 112);
    found->last_page = bb_load64(at + 120);
    found->transaction = bb_load64(at + 128);
    return true;
}

static int refuse_foreign(const char *path, int fd, bbots_error *error)
{
    char start[16] = {0};
    ssize_t got = pread(fd, start, sizeof start, 0);
    if (got == 0) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is empty, not a store", path);
    }
    if (memcmp(start, "SQLite format 3", 16) == 0) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is an SQLite database, not a store",
                       path);
    }
    return bb_fail(error, BBOTS_NOT_A_STORE, "file \"%s\" is not a store of this library", path);
}

static bool is_page_size(uint32_t bytes)
{
    return bytes >= 512 && bytes <= 65536 && (bytes & (bytes - 1)) == 0;
}

static int check_meta(const char *path, const meta *found, unsigned number, bbots_error *error)
{
    if (found->magic != META_MAGIC || (found->page_flags & PAGE_FLAG_META) == 0 ||
        !is_page_size(found->page_bytes)) {
        return bb_fail(error, BBOTS_CORRUPTED, "file \"%s\" is damaged: meta page %u", path,
                       number);
    }
    if (found->version != META_VERSION) {
        return bb_fail(error, BBOTS_UNSUPPORTED_VERSION,
                       "file \"%s\" has page format %u (LMDB 1.0 or a development version); this "
                       "library reads format %u of LMDB 0.9",
                       path, found->version, META_VERSION);
    }
    return BBOTS_OK;
}

int store_look(const char *path, int fd, size_t *page_bytes, bbots_error *error)
{
    meta first;
    meta second;
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot look at file \"%s\"", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return bb_fail(error, BBOTS_NOT_A_STORE, "\"%s\" is not a regular file", path);
    }
    if (!read_meta(fd, 0, &first) || first.magic != META_MAGIC) {
        return refuse_foreign(path, fd, error);
    }
    int rc = check_meta(path, &first, 0, error);
    if (rc == BBOTS_OK && !read_meta(fd, (off_t)first.page_bytes, &second)) {
        rc = bb_fail(error, BBOTS_CORRUPTED, "file \"%s\" is cut off within its first two pages",
                     path);
    }
    if (rc == BBOTS_OK) {
        rc = check_meta(path, &second, 1, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    const meta *newest = first.transaction > second.transaction ? &first : &second;
    store_extent extent = {fd, first.page_bytes, (uint64_t)status.st_size / first.page_bytes};
    *page_bytes = first.page_bytes;
    if (newest->last_page < extent.page_count) {
        return BBOTS_OK;
    }
    /* Pages that were taken and given back in one transaction count but were never written: a file
     * may be shorter than its last page number, if only no tree reaches behind its end. */
    if (!store_trees_within(&extent, newest->roots)) {
        return bb_fail(error, BBOTS_CORRUPTED,
                       "file \"%s\" is cut off: it has %llu pages of %u bytes, and pages behind its "
                       "end are in use (the last one's number is %llu)",
                       path, (unsigned long long)extent.page_count, first.page_bytes,
                       (unsigned long long)newest->last_page);
    }
    return BBOTS_OK;
}
