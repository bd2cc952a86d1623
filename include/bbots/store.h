/*
 * bbots/store.h - a store is one file; transactions read and write it.
 *
 * Threads: a bbots_store may be used by all threads of the process that opened it. A bbots_txn and
 * what comes from it (cursors, rows) belong to one thread at a time; a write transaction has to
 * end on the thread that began it. Processes may open the same file at the same time. A child that
 * was made by fork() cannot use its parent's stores: every call returns BBOTS_FORKED.
 *
 * Transactions: a read transaction sees the store as it was when it began and never waits. There
 * is one write transaction at a time, over all threads and processes; another one waits. A
 * statement that fails has changed nothing and the transaction goes on (PostgreSQL aborts it).
 *
 * Caveats: do not keep a read transaction open for long: pages freed since it began cannot be
 * used again and the file grows. Memory that a row points to is the file's own, mapped read-only.
 */
#ifndef BBOTS_STORE_H
#define BBOTS_STORE_H

#include <bbots/schema.h>
#include <bbots/timestamp.h>
#include <bbots/vault.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bbots_store bbots_store;
typedef struct bbots_txn bbots_txn;

typedef enum bbots_open_flag {
    BBOTS_OPEN_CREATE = 1,       /* make the file when there is none (needs a schema) */
    BBOTS_OPEN_EXCLUSIVE = 2,    /* with BBOTS_OPEN_CREATE: an existing file is an error */
    BBOTS_OPEN_READ_ONLY = 4,    /* refuse writes through this handle; see below */
    BBOTS_OPEN_UPGRADE = 8,      /* bring the file to the given schema when only additions separate them */
    BBOTS_OPEN_NETWORK = 16, /* open although the file lies on a network file system */
    BBOTS_OPEN_VERIFY = 32,  /* walk all pages before the file is used, gigabytes in a second */
    BBOTS_OPEN_UNVERIFIED = 64, /* do not, not even after a use that did not come to an end */
    BBOTS_OPEN_REPAIR = 128, /* walk; and when the last commit's main tree is damaged, go back by one */
    BBOTS_OPEN_ALL_KEYS = 256, /* refuse when a key that the file needs is not among the keys */
    BBOTS_OPEN_PLAIN_READS = 512, /* look up rows through LMDB only: slower, for comparison */
    BBOTS_OPEN_GUARD = 2048, /* faults in the file's memory become errors; see below */
    BBOTS_OPEN_UNFOLLOWED = 4096, /* tables, and nothing that follows them: daily_cost_summaries
                                    and the spends of cost_budgets are left to the caller */
    BBOTS_OPEN_ALONE = 8192 /* refuse when another process has the file open, and keep others out */
} bbots_open_flag;

/* What a commit waits for. No level can damage the file. */
typedef enum bbots_durability {
    BBOTS_DURABLE = 0, /* the commit is on the disk when it returns */
    BBOTS_RELAXED = 1, /* a power failure may take back the last commit, never part of one */
    BBOTS_BUFFERED = 2 /* the commit waits for nothing: a power failure may take back all since the last
                          flush, never part of one; see below */
} bbots_durability;

/*
 * BBOTS_BUFFERED: changes go to the system, which writes them to the disk when it likes. A process that
 * is killed loses nothing. After a power failure the file is as it was at its last flush, whole. It is
 * flushed by bbots_flush(), by bbots_close(), by a write of another process or of another level, and by the
 * write transaction that finds unflushed_bytes_max changed since: so what may be lost is bounded in size, not in time.
 * A host that writes now and then calls bbots_flush() now and then.
 *
 * Until its next flush the process keeps the pages of the state that was flushed from being used again,
 * also while others write. What was not flushed belongs to this run of the system: such a file, copied to
 * another machine before anybody opened it again, goes back there as after a power failure. A disk's
 * snapshot that was taken while the file was in use must not be opened by the same run of the system.
 * When a flush fails, what was not flushed can no longer be trusted to be there: nobody can write any more
 * (BBOTS_IO), and when all have closed the file it goes back to its last flush.
 * Where the system does not number its runs (/proc/sys/kernel/random/boot_id), and with pages of 512 bytes,
 * commits wait as BBOTS_DURABLE does.
 */

/*
 * BBOTS_OPEN_READ_ONLY: rows are only read. Who may write the file still makes its lock file, counts as
 * one who has it open, and mends what an unclean end left. Who may not (its permissions, a file system
 * that is mounted read-only) reads it all the same and writes nothing at all. A writer could not see
 * such a reader, so they keep each other out: BBOTS_BUSY for whoever comes second, unless he only reads as
 * well. What would have to be mended first is refused there, as BBOTS_ACCESS_DENIED.
 */

/*
 * BBOTS_OPEN_GUARD: the file is memory of the process, so a file that is cut off while it is open, a
 * disk that fails, or a damaged page that leads astray is met as SIGBUS or SIGSEGV. With the guard,
 * the call in which that happens returns BBOTS_CORRUPTED instead, and so does every later one until
 * the store is closed. If it happened in a write, the file cannot be opened again by this process,
 * and other processes' writers wait until it ends.
 *
 * The host's duties: handlers for the two signals are installed when the first guarded store is opened
 * and taken away when the last is closed. A host that sets its own in between must call the
 * ones that it replaces; faults outside the library's calls are handed to the ones that were there
 * before. Outside of calls there is no guard: rows that were read are pointers into the file, whose
 * pages were there and whose checksums fitted when they were handed out; a file that is cut off later
 * takes them away.
 */

/*
 * Room for deletes: a delete needs free pages before it gives any back. So reserve_bytes of the file are
 * kept for transactions that take more bytes of rows away than they bring: no other commits when less than that
 * would be left (but a repair of derived data), by file_bytes_max (BBOTS_MAP_FULL), by the process's RLIMIT_FSIZE, or on the
 * disk (BBOTS_DISK_FULL). The reserve is real: the file system has given its blocks to the file, with fallocate(), though
 * the file's length does not show it.
 *
 * A delete takes as many pages as it has to change: four or so for each tree of a row's table, and
 * fewer for each of many rows. One that needs more than the reserve, or comes after others that used
 * it up, is refused as well, and changes nothing; then delete in smaller parts, children first. What a delete frees can
 * be used by the second write transaction after it, as soon as no read transaction is older.
 *
 * Not promised: on file systems without fallocate(), and on those that write each block to a new place
 * (btrfs, ZFS, snapshots), a full disk can refuse a delete too. A file to which this library has written
 * no row since it was opened or copied has no blocks beyond its own.
 */

/* What opening the file took; see bbots_stat. */
typedef enum bbots_opened {
    BBOTS_OPENED_WALKED = 1,        /* all pages were walked */
    BBOTS_OPENED_META_REPAIRED = 2, /* a torn meta page was written anew */
    BBOTS_OPENED_WENT_BACK = 4,     /* ... and a commit newer than the state in force may have been there */
    BBOTS_OPENED_TAKEN_BACK = 8     /* the power failed: as at the last flush (BBOTS_BUFFERED) */
} bbots_opened;

/* A read transaction that is open, of any process. */
typedef struct bbots_reader {
    int process;          /* its number */
    bool own;             /* of this process */
    uint64_t transaction; /* number of the commit that it sees */
    uint64_t behind;      /* commits since: their freed pages cannot be used again */
} bbots_reader;

/* Called with a reader; it lives during the call. */
typedef int bbots_on_reader(const bbots_reader *reader, void *context);

typedef struct bbots_options {
    const bbots_schema *schema;  /* expected of the file, or NULL: whatever the file holds */
    uint32_t flags;              /* enum bbots_open_flag */
    uint32_t mode;               /* of a new file; 0 means 0600 */
    uint32_t durability;         /* enum bbots_durability */
    uint32_t readers_max;        /* read transactions at once, all processes; 0 means 1,024 */
    uint64_t map_bytes;          /* address space to begin with; 0 means 64 GiB. It grows by itself */
    uint64_t file_bytes_max;     /* the file may not grow past this; 0 means no limit */
    uint64_t reserve_bytes;      /* kept free for deletes, see below; 0 means a quarter of the file, but
                                    1 to 4 MiB, and no more than an eighth of file_bytes_max. At most
                                    half of file_bytes_max */
    const bbots_keyring *keys;   /* seal and open secret columns (bbots/secret.h); copied, may be freed
                                    after the call. NULL: secret columns of a new store are stored in
                                    the open, and those of a sealed one stay closed */
    /*
     * Long readers make the file grow. When on_long_reader is set, it is called every 64 write
     * transactions, before one begins, for each reader that is more than reader_commits_max commits
     * behind. A result other than 0 refuses the write transaction: BBOTS_BUSY. It must not call the
     * library. (Readers of processes that are gone are cleared at the same time, always.)
     */
    uint64_t reader_commits_max;
    bbots_on_reader *on_long_reader;
    void *reader_context;
    uint64_t unflushed_bytes_max; /* BBOTS_BUFFERED flushes when about so much was changed; 0 means 64 MiB */
} bbots_options;

/*
 * Opens or creates a store. options may be NULL (open an existing file with its own schema, for
 * reading and writing). The file's schema must equal options->schema; see BBOTS_OPEN_UPGRADE.
 * A store belongs to the caller until bbots_close(). A new file gets its name when it is whole; until
 * then it lies in the same folder as `bbots-new-` and six letters (bbots/backup.h), a name that no store may
 * have, as none longer than 250 bytes, which would leave no room for that of the lock file (BBOTS_INVALID_ARGUMENT).
 *
 * Before the file is mapped its pages are looked at. When its last use did not come to an end (a
 * process died, the power failed), or it is a copy of a file in use, all of them are walked, which is
 * not done while another process has the file open. A meta page that a failure tore is written anew
 * from the other one; bbots_stat tells. Others who open or close the file meanwhile wait.
 *
 * Errors: BBOTS_FILE_MISSING, BBOTS_FILE_EXISTS, BBOTS_ACCESS_DENIED, BBOTS_NOT_A_STORE,
 * BBOTS_UNSUPPORTED_VERSION, BBOTS_CORRUPTED (also: cut off), BBOTS_SCHEMA_MISMATCH,
 * BBOTS_ALREADY_OPEN (in this process), BBOTS_BUSY (see BBOTS_OPEN_ALONE and BBOTS_OPEN_READ_ONLY;
 * or another process has it open by another name, or by a lock file that was removed or replaced, or has
 * another file open that had this name),
 * BBOTS_NETWORK_FILE_SYSTEM, BBOTS_INVALID_ARGUMENT,
 * BBOTS_KEY_MISSING (see BBOTS_OPEN_ALL_KEYS; the message names the key's id),
 * BBOTS_DISK_FULL, BBOTS_IO, BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_open(const char *path, const bbots_options *options,
                                       bbots_store **store, bbots_error *error);

/*
 * Closes a store and frees it. NULL is allowed. With BBOTS_BUFFERED it flushes first, and so waits for the write
 * transaction.
 * Errors: BBOTS_BUSY when transactions are open (the store stays open). With BBOTS_BUFFERED, BBOTS_IO and
 * BBOTS_DISK_FULL: the store is closed, and what was not flushed is as before the call.
 */
BBOTS_API int bbots_close(bbots_store *store, bbots_error *error);

/*
 * Waits until everything that was committed to the file is on the disk, by whomever and at whatever level. Takes the
 * write transaction for the time, so it waits for the one that is open. Any thread.
 * Errors: BBOTS_READ_ONLY, BBOTS_TRANSACTION_ACTIVE (this thread writes), BBOTS_FORKED, BBOTS_CORRUPTED (after a fault),
 * BBOTS_DISK_FULL, BBOTS_IO.
 */
BBOTS_API BBOTS_CHECKED int bbots_flush(bbots_store *store, bbots_error *error);

/* The schema in force; lives as long as the store. */
BBOTS_API const bbots_schema *bbots_store_schema(const bbots_store *store);

/* The table of a name, or NULL with BBOTS_UNKNOWN_TABLE in error. */
BBOTS_API const bbots_table *bbots_store_table(const bbots_store *store, const char *name,
                                               bbots_error *error);

typedef enum bbots_access { BBOTS_READ = 0, BBOTS_WRITE = 1 } bbots_access;

/*
 * Begins a transaction. It must be ended by bbots_commit() or bbots_rollback().
 *
 * Errors: BBOTS_READ_ONLY, BBOTS_FORKED, BBOTS_TRANSACTION_ACTIVE (this thread has the store's
 * write transaction already), BBOTS_READERS_FULL, BBOTS_SCHEMA_MISMATCH (another process changed
 * the schema: open again; a reader is told when it meets a row that its schema does not know),
 * BBOTS_BUSY (the map has to grow and a transaction of this process stays open for ten seconds), BBOTS_MAP_FULL, BBOTS_IO, BBOTS_NO_MEMORY (also: no address space for a map that has to grow).
 */
BBOTS_API BBOTS_CHECKED int bbots_begin(bbots_store *store, bbots_access access, bbots_txn **txn,
                                        bbots_error *error);

/*
 * Makes a write transaction's changes permanent, all or none, and frees it; of a read transaction
 * the same as bbots_rollback(). The txn is gone whatever the result.
 *
 * Errors: BBOTS_TRANSACTION_BROKEN, BBOTS_DISK_FULL, BBOTS_MAP_FULL, BBOTS_IO, BBOTS_NO_MEMORY,
 * BBOTS_FOREIGN_KEY_VIOLATION (of a deferred reference, bbots/defer.h). Nothing was committed then.
 */
BBOTS_API BBOTS_CHECKED int bbots_commit(bbots_txn *txn, bbots_error *error);

/* Drops a transaction's changes and frees it. NULL is allowed. */
BBOTS_API void bbots_rollback(bbots_txn *txn);

/* Work to do in a write transaction: a negative result rolls back, any other commits. */
typedef int bbots_work(bbots_txn *txn, void *context, bbots_error *error);

/*
 * Runs work as one write transaction and commits it.
 *
 * Threads that call it at the same time share commits, and so the wait for the disk: while one
 * commits, the others' work is gathered, done one after the other, each in its own thread and behind a
 * savepoint of its own, and committed together. Each caller gets its own answer, and it gets it
 * when its changes are as durable as the store's durability says. A caller that is alone commits
 * at once.
 *
 * work may be run more than once (when the map had to grow, or when a shared transaction broke
 * beneath; before that everything was rolled back), so it should touch nothing but the transaction.
 * It must not wait for another thread that calls bbots_write(), not end the transaction, and have
 * closed its cursors when it returns. Each work has its own bbots_txn_now().
 *
 * Returns what work returned, or the failure of begin or commit. Errors also:
 * BBOTS_TRANSACTION_ACTIVE when this thread has a write transaction already.
 */
BBOTS_API BBOTS_CHECKED int bbots_write(bbots_store *store, bbots_work *work, void *context,
                                        bbots_error *error);

/*
 * Savepoints of a write transaction. They nest; a name may be used again and then hides the
 * earlier one. Rolling back to a savepoint undoes what came after it and keeps it; releasing keeps
 * the changes and forgets it and those after it. Semantics of PostgreSQL's SAVEPOINT, ROLLBACK TO
 * and RELEASE. name is at most BBOTS_NAME_MAX bytes.
 *
 * Errors: BBOTS_READ_ONLY (a read transaction), BBOTS_UNKNOWN_SAVEPOINT, BBOTS_INVALID_ARGUMENT,
 * BBOTS_TRANSACTION_BROKEN, BBOTS_NO_MEMORY.
 */
BBOTS_API BBOTS_CHECKED int bbots_savepoint(bbots_txn *txn, const char *name, bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_savepoint_rollback(bbots_txn *txn, const char *name,
                                                     bbots_error *error);
BBOTS_API BBOTS_CHECKED int bbots_savepoint_release(bbots_txn *txn, const char *name,
                                                    bbots_error *error);

/*
 * The transaction's time: what defaults and updatedAt take, the same during all of it. It is the
 * clock's time when it is first asked for, unless set. Setting it is for backfills and tests.
 */
BBOTS_API bbots_timestamp bbots_txn_now(bbots_txn *txn);
BBOTS_API void bbots_txn_set_now(bbots_txn *txn, bbots_timestamp now);

/* Where the transaction belongs. */
BBOTS_API bbots_store *bbots_txn_store(const bbots_txn *txn);

/* Sizes and state, as of a moment. */
typedef struct bbots_stat {
    uint64_t file_bytes;        /* the file's size */
    uint64_t used_bytes;        /* up to the last page that the last commit knows */
    uint64_t map_bytes;         /* address space */
    uint64_t transaction;       /* number of the last commit */
    uint32_t page_bytes;
    uint32_t readers;           /* reader slots that were ever in use at once */
    uint32_t readers_max;
    uint32_t format_version;
    uint32_t opened;            /* enum bbots_opened: what this handle's opening took */
} bbots_stat;

/* Errors: BBOTS_FORKED, BBOTS_IO. */
BBOTS_API BBOTS_CHECKED int bbots_store_stat(bbots_store *store, bbots_stat *stat,
                                             bbots_error *error);

/*
 * Calls on_reader for each read transaction that is open on the file, of all processes; those whose
 * process is gone are cleared before. A result other than 0 ends it and is returned.
 * Errors: BBOTS_FORKED, BBOTS_IO.
 */
BBOTS_API BBOTS_CHECKED int bbots_readers(bbots_store *store, bbots_on_reader *on_reader,
                                          void *context, bbots_error *error);

#ifdef __cplusplus
}
#endif
#endif
