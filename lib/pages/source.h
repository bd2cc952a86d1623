/*
 * pages/source.h - where pages come from: a file that is read, or memory.
 *
 * Files are read with pread() and not mapped: a file that is cut off while it is read gives a short
 * read, not a signal.
 */
#ifndef PAGES_SOURCE_H
#define PAGES_SOURCE_H

#include <bbots/error.h>
#include <stddef.h>
#include <stdint.h>

typedef struct pages_source {
    const uint8_t *memory; /* NULL: read from fd */
    int fd;
    uint32_t page_bytes;
    uint64_t page_count; /* whole pages that there are */
} pages_source;

/*
 * Bytes at an offset. BBOTS_OK; BBOTS_END when the file ends before, without an error; BBOTS_IO.
 */
int pages_read_bytes(const pages_source *source, uint64_t offset, size_t size, uint8_t *buffer,
                     bbots_error *error);

/*
 * Pages of which the caller knows that they are below page_count: in memory they are pointed to,
 * otherwise read into buffer. BBOTS_END as above.
 */
int pages_read(const pages_source *source, uint64_t first, size_t count, uint8_t *buffer,
               const uint8_t **pages, bbots_error *error);

#endif
