/*
 * bbots/backup.h - whole copies of a store: a backup while it is in use, and a file without gaps.
 *
 * Both write every tree of one snapshot in the order of its keys into a new file, which makes it as
 * small as it can be, read each row of the copy back against its checksum, hold count and
 * digest of each table against the catalogue's of the snapshot, flush, and only then give the copy
 * its name. Rows are copied as bytes: secrets stay sealed, and no key is needed.
 */
#ifndef BBOTS_BACKUP_H
#define BBOTS_BACKUP_H

#include <bbots/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes a copy of the last commit to `path`, while others read and write the store. The copy has
 * mode 0600. It takes a read transaction for as long as it runs: pages that are freed meanwhile
 * cannot be used again until it is done. In the folder of `path` there are meanwhile files whose names
 * begin with `bbots-new-`. What a process that was killed left of them is removed by the next backup,
 * compaction or creation of a store in that folder (docs/format.md).
 *
 * Errors: BBOTS_FILE_EXISTS (nothing is overwritten), BBOTS_INVALID_ARGUMENT (a working file's name), BBOTS_CORRUPTED (a row cannot be read, or the
 * copy is not what the catalogue says), BBOTS_ACCESS_DENIED, BBOTS_DISK_FULL, BBOTS_IO, BBOTS_FORKED,
 * BBOTS_READERS_FULL, BBOTS_NO_MEMORY. There is no file of that name then.
 */
BBOTS_API BBOTS_CHECKED int bbots_backup(bbots_store *store, const char *path, bbots_error *error);

/*
 * Replaces the closed store at `path` by a copy without gaps, in one step: whatever happens, the
 * name leads to the old file or to the new one. The new file keeps the old one's mode, group, and, if root
 * compacts it, owner. Others who open the store meanwhile wait or get BBOTS_BUSY. Needs as much free space as the rows take.
 * Working files are those of bbots_backup().
 * Before and after (both may be NULL) receive the file's sizes in bytes.
 *
 * Errors: BBOTS_BUSY (somebody has the store open), BBOTS_ALREADY_OPEN (this process has), BBOTS_ACCESS_DENIED (also when the
 * new file could not have the old one's group), those of bbots_open() and bbots_backup(). The old file is in place then.
 */
BBOTS_API BBOTS_CHECKED int bbots_compact(const char *path, uint64_t *before_bytes,
                                          uint64_t *after_bytes, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
