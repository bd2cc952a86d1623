/* store/fail.c - LMDB's results as ours. */
#include "store/internal.h"

#include "base/error.h"

#include <errno.h>

static int status_of(int rc)
{
    switch (rc) {
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_INVALID:
    case MDB_PANIC:
        return BBOTS_CORRUPTED;
    case MDB_VERSION_MISMATCH:
        return BBOTS_UNSUPPORTED_VERSION;
    case MDB_MAP_FULL:
        return BBOTS_MAP_FULL;
    case MDB_READERS_FULL:
        return BBOTS_READERS_FULL;
    case MDB_TXN_FULL:
        return BBOTS_LIMIT_EXCEEDED;
    case MDB_BAD_TXN:
        return BBOTS_TRANSACTION_BROKEN;
    case ENOMEM:
        return BBOTS_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return BBOTS_DISK_FULL;
    case ENOENT:
        return BBOTS_FILE_MISSING;
    case EACCES:
    case EPERM:
    case EROFS:
        return BBOTS_ACCESS_DENIED;
    case EAGAIN:
    case EBUSY:
        return BBOTS_BUSY;
    default:
        return rc > 0 ? BBOTS_IO : BBOTS_CORRUPTED; /* the file is not what we wrote */
    }
}

int store_fail(bbots_error *error, int rc, const char *what)
{
    int status = status_of(rc);
    if (rc == STORE_FAULTED) {
        return bb_fail(
            error, BBOTS_CORRUPTED,
            "%s: the file is damaged or was cut off; close the store, and check the file", what);
    }
    if (rc > 0) {
        return bb_fail_system(error, status, rc, "%s", what);
    }
    return bb_fail(error, status, "%s: %s", what, mdb_strerror(rc));
}

int store_check_process(const store_file *file, bbots_error *error)
{
    if (*file->alive != 0) {
        return BBOTS_OK;
    }
    return bb_fail(error, BBOTS_FORKED,
                   "file \"%s\" was opened before a fork: the child has to open it again",
                   file->path);
}
