/* pages/source.c - pages from a file or from memory. */
#include "pages/source.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int read_file(int fd, uint64_t offset, size_t size, uint8_t *buffer, bbots_error *error)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = pread(fd, buffer + done, size - done, (off_t)(offset + done));
        if (got == 0) {
            return BBOTS_END;
        }
        if (got < 0 && errno != EINTR) {
            return bb_fail_system(error, BBOTS_IO, errno, "cannot read the file");
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return BBOTS_OK;
}

int pages_read_bytes(const pages_source *source, uint64_t offset, size_t size, uint8_t *buffer,
                     bbots_error *error)
{
    uint64_t end = source->page_count * source->page_bytes;
    if (offset > end || size > end - offset) {
        return BBOTS_END;
    }
    if (source->memory != NULL) {
        memcpy(buffer, source->memory + offset, size);
        return BBOTS_OK;
    }
    return read_file(source->fd, offset, size, buffer, error);
}

int pages_read(const pages_source *source, uint64_t first, size_t count, uint8_t *buffer,
               const uint8_t **pages, bbots_error *error)
{
    if (source->memory != NULL) {
        *pages = source->memory + first * source->page_bytes;
        return BBOTS_OK;
    }
    *pages = buffer;
    return read_file(source->fd, first * source->page_bytes, count * source->page_bytes, buffer,
                     error);
}
