/*
 * table/undo.c - savepoints: row changes that can be taken back.
 *
 * While a savepoint is set, every change leaves a note of the old and the new row. Rolling back
 * makes the inverse changes, newest first, through the same one function as every write; so all
 * that follows rows follows back. LMDB's nested transactions would do it too, but each costs a
 * 2 MiB list of pages and one that meets a full map takes its parent with it.
 *
 * Notes lie in blocks of memory. Past UNDO_MEMORY_MAX the blocks go to an unnamed temporary file,
 * so that a long transaction under a savepoint does not need memory for all its rows.
 */
#include "table/engine.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define UNDO_BLOCK (1u << 20)
#define UNDO_MEMORY_MAX (64u << 20)

/*
 * A note: table (4 bytes), size of the old row, size of the new row (4 each; 0: none), the rows'
 * bytes, and the size of the note again (4), by which the log is read backward.
 */
#define NOTE_HEADER 12
#define NOTE_SIZE(old_size, new_size) (NOTE_HEADER + (size_t)(old_size) + (new_size) + 4)

typedef struct undo_savepoint {
    struct undo_savepoint *outer;
    uint64_t position; /* in the log */
    char name[BBOTS_NAME_MAX + 1];
} undo_savepoint;

struct undo_log {
    undo_savepoint *innermost;
    uint8_t *memory;  /* the newest part of the log */
    size_t used;
    size_t room;
    uint64_t spilled; /* bytes in the file: the older part */
    int file;         /* or -1 */
};

void undo_free(undo_log *undo)
{
    if (undo == NULL) {
        return;
    }
    while (undo->innermost != NULL) {
        undo_savepoint *outer = undo->innermost->outer;
        free(undo->innermost);
        undo->innermost = outer;
    }
    if (undo->file >= 0) {
        close(undo->file);
    }
    free(undo->memory);
    free(undo);
}

/* ------------------------------------------------------------------ the log */

static bool write_all(int fd, const uint8_t *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t wrote = pwrite(fd, data, size, (off_t)offset);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        data += wrote;
        size -= (size_t)wrote;
        offset += (uint64_t)wrote;
    }
    return true;
}

static bool read_all(int fd, uint8_t *data, size_t size, uint64_t offset)
{
    while (size > 0) {
        ssize_t got = pread(fd, data, size, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        data += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

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
    snprintf(path, sizeof path, "%s/bbots-undo-XXXXXX", folder);
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    return fd;
}

static int spill(undo_log *undo, bbots_error *error)
{
    if (undo->file < 0) {
        undo->file = temporary_file();
        if (undo->file < 0) {
            return bb_fail_system(error, BBOTS_IO, errno, "cannot make a temporary file");
        }
    }
    if (!write_all(undo->file, undo->memory, undo->used, undo->spilled)) {
        return bb_fail_system(error, BBOTS_IO, errno, "cannot write a temporary file");
    }
    undo->spilled += undo->used;
    undo->used = 0;
    return BBOTS_OK;
}

static int reserve(undo_log *undo, size_t size, bbots_error *error)
{
    if (undo->used + size > UNDO_MEMORY_MAX && undo->used > 0) {
        int rc = spill(undo, error);
        if (rc != BBOTS_OK) {
            return rc;
        }
    }
    if (undo->used + size > undo->room) {
        size_t room = undo->room == 0 ? UNDO_BLOCK : undo->room * 2;
        while (room < undo->used + size) {
            room *= 2;
        }
        uint8_t *moved = realloc(undo->memory, room);
        if (moved == NULL) {
            return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
        }
        undo->memory = moved;
        undo->room = room;
    }
    return BBOTS_OK;
}

int undo_note(bbots_txn *txn, engine_table *table, const engine_image *old,
              const engine_image *new_image, bbots_error *error)
{
    undo_log *undo = txn->undo;
    if (undo == NULL) {
        return BBOTS_OK;
    }
    uint32_t old_size = old != NULL ? old->row.size : 0;
    uint32_t new_size = new_image != NULL ? new_image->row.size : 0;
    size_t size = NOTE_SIZE(old_size, new_size);
    int rc = reserve(undo, size, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint8_t *at = undo->memory + undo->used;
    bb_store32(at, table->table->number);
    bb_store32(at + 4, old_size);
    bb_store32(at + 8, new_size);
    if (old_size != 0) {
        memcpy(at + NOTE_HEADER, old->row.data, old_size);
    }
    if (new_size != 0) {
        memcpy(at + NOTE_HEADER + old_size, new_image->row.data, new_size);
    }
    bb_store32(at + size - 4, (uint32_t)size);
    undo->used += size;
    return BBOTS_OK;
}

/* Takes the newest note off the log; *note is from malloc. */
static int take_note(undo_log *undo, uint8_t **note, bbots_error *error)
{
    uint8_t tail[4];
    uint8_t *copy = NULL;
    bool in_memory = undo->used != 0;
    bool fine = true;
    if (in_memory) {
        memcpy(tail, undo->memory + undo->used - 4, 4);
    } else {
        fine = read_all(undo->file, tail, 4, undo->spilled - 4);
    }
    uint32_t size = fine ? bb_load32(tail) : 0;
    copy = malloc(size != 0 ? size : 1);
    if (copy == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    if (in_memory) {
        undo->used -= size;
        memcpy(copy, undo->memory + undo->used, size);
    } else if (fine) {
        fine = read_all(undo->file, copy, size, undo->spilled - size);
        undo->spilled -= size;
    }
    if (!fine) {
        free(copy);
        return bb_fail_system(error, BBOTS_IO, errno, "cannot read a temporary file");
    }
    *note = copy;
    return BBOTS_OK;
}

/* ------------------------------------------------------------------ taking back */

static int open_image(engine_table *table, const uint8_t *data, uint32_t size, engine_image *image,
                      bbots_error *error)
{
    const bbots_tree *primary = &table->table->trees[0];
    store_bytes bytes = {data, size};
    int rc = row_open(table, bytes, &image->row, &image->hash, error);
    if (rc == BBOTS_OK) {
        image->key_size = codec_key_of_row(&image->row, primary->columns, primary->column_count,
                                           image->key, NULL);
    }
    return rc;
}

static int take_back(bbots_txn *txn, const uint8_t *note, bbots_error *error)
{
    engine_table *table = &txn->store->tables[bb_load32(note)];
    uint32_t old_size = bb_load32(note + 4);
    uint32_t new_size = bb_load32(note + 8);
    engine_image old;
    engine_image new_image;
    txn_table *state;
    int rc = txn_touch(txn, table, &state, error);
    if (rc == BBOTS_OK && old_size != 0) {
        rc = open_image(table, note + NOTE_HEADER, old_size, &old, error);
    }
    if (rc == BBOTS_OK && new_size != 0) {
        rc = open_image(table, note + NOTE_HEADER + old_size, new_size, &new_image, error);
    }
    if (rc == BBOTS_OK) {
        rc = table_change(txn, state, new_size != 0 ? &new_image : NULL,
                          old_size != 0 ? &old : NULL, error);
    }
    return rc;
}

static int take_back_to(bbots_txn *txn, uint64_t position, bbots_error *error)
{
    undo_log *undo = txn->undo;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && undo->spilled + undo->used > position) {
        uint8_t *note = NULL;
        rc = take_note(undo, &note, error);
        if (rc == BBOTS_OK) {
            txn->undo = NULL; /* taking back leaves no notes */
            rc = take_back(txn, note, error);
            txn->undo = undo;
            free(note);
        }
    }
    return rc == BBOTS_OK ? rc : txn_break(txn, rc);
}

/* ------------------------------------------------------------------ savepoints */

static int check_savepoint(bbots_txn *txn, const char *name, bbots_error *error)
{
    bb_error_clear(error);
    int rc = store_check_process(txn->store->file, error);
    if (rc == BBOTS_OK) {
        rc = txn_check(txn, true, error);
    }
    if (rc == BBOTS_OK && (name == NULL || name[0] == '\0' || strlen(name) > BBOTS_NAME_MAX)) {
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT,
                     "a savepoint's name has 1 to %d bytes", BBOTS_NAME_MAX);
    }
    return rc;
}

/* The innermost savepoint of a name. */
static int find_savepoint(bbots_txn *txn, const char *name, undo_savepoint **found,
                          bbots_error *error)
{
    undo_savepoint *at = txn->undo != NULL ? txn->undo->innermost : NULL;
    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->outer;
    }
    *found = at;
    return at != NULL ? BBOTS_OK
                      : bb_fail(error, BBOTS_UNKNOWN_SAVEPOINT, "savepoint \"%s\" does not exist",
                                name);
}

/* Forgets savepoints inside of `last`, and `last` itself when it is included. */
static void drop_savepoints(bbots_txn *txn, const undo_savepoint *last, bool included)
{
    undo_log *undo = txn->undo;
    bool done = false;
    while (!done && undo->innermost != NULL) {
        undo_savepoint *inner = undo->innermost;
        done = inner == last;
        if (done && !included) {
            break;
        }
        undo->innermost = inner->outer;
        free(inner);
    }
    if (undo->innermost == NULL) {
        undo_free(undo);
        txn->undo = NULL;
    }
}

static int set_savepoint(bbots_txn *txn, const char *name, bbots_error *error)
{
    undo_savepoint *savepoint = calloc(1, sizeof *savepoint);
    if (savepoint != NULL && txn->undo == NULL) {
        txn->undo = calloc(1, sizeof *txn->undo);
        if (txn->undo != NULL) {
            txn->undo->file = -1;
        }
    }
    if (savepoint == NULL || txn->undo == NULL) {
        free(savepoint);
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    strcpy(savepoint->name, name);
    savepoint->position = txn->undo->spilled + txn->undo->used;
    savepoint->outer = txn->undo->innermost;
    txn->undo->innermost = savepoint;
    return BBOTS_OK;
}

int bbots_savepoint(bbots_txn *txn, const char *name, bbots_error *error)
{
    int rc = check_savepoint(txn, name, error);
    return rc == BBOTS_OK ? set_savepoint(txn, name, error) : rc;
}

int bbots_savepoint_rollback(bbots_txn *txn, const char *name, bbots_error *error)
{
    undo_savepoint *savepoint;
    int rc = check_savepoint(txn, name, error);
    if (rc == BBOTS_OK) {
        rc = find_savepoint(txn, name, &savepoint, error);
    }
    if (rc == BBOTS_OK) {
        rc = take_back_to(txn, savepoint->position, error);
    }
    if (rc == BBOTS_OK) {
        drop_savepoints(txn, savepoint, false);
    }
    return rc;
}

int bbots_savepoint_release(bbots_txn *txn, const char *name, bbots_error *error)
{
    undo_savepoint *savepoint;
    int rc = check_savepoint(txn, name, error);
    if (rc == BBOTS_OK) {
        rc = find_savepoint(txn, name, &savepoint, error);
    }
    if (rc == BBOTS_OK) {
        drop_savepoints(txn, savepoint, true);
    }
    return rc;
}

int undo_begin(bbots_txn *txn, bbots_error *error)
{
    return set_savepoint(txn, "", error);
}

int undo_end(bbots_txn *txn, bool keep, bbots_error *error)
{
    undo_savepoint *savepoint;
    int rc = find_savepoint(txn, "", &savepoint, error);
    if (rc == BBOTS_OK && !keep) {
        rc = take_back_to(txn, savepoint->position, error);
    }
    if (rc == BBOTS_OK) {
        drop_savepoints(txn, savepoint, true);
    }
    return rc;
}
