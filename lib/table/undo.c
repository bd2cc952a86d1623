/*
 * table/undo.c - savepoints: row changes that can be taken back.
 *
 * While a savepoint is set, every change leaves a note of the old and the new row. Rolling back
 * makes the inverse changes, newest first, through the same one function as every write; so all
 * that follows rows follows back. LMDB's nested transactions would do it too, but each costs a
 * 2 MiB list of pages and one that meets a full map takes its parent with it.
 *
 * Past UNDO_MEMORY_MAX the notes lie in an unnamed temporary file (base/spill.h), so that a long
 * transaction under a savepoint does not need memory for all its rows.
 */
#include "table/engine.h"

#include "base/bytes.h"
#include "base/spill.h"

#include <assert.h>
#include <stdlib.h>

#define UNDO_MEMORY_MAX ((size_t)64 << 20)

/*
 * A note: table (4 bytes), size of the old row, size of the new row (4 each; 0: none), the rows'
 * bytes, and the size of the note again (4), by which the log is read backward.
 */
#define NOTE_HEADER                   12
#define NOTE_SIZE(old_size, new_size) (NOTE_HEADER + (size_t)(old_size) + (new_size) + 4)

typedef struct undo_savepoint {
    struct undo_savepoint *outer;
    uint64_t position; /* in the log */
    char name[BBOTS_NAME_MAX + 1];
} undo_savepoint;

struct undo_log {
    undo_savepoint *innermost;
    bb_spill notes;
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
    bb_spill_free(&undo->notes);
    free(undo);
}

/* ------------------------------------------------------------------ the log */

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
    int rc = bb_spill_reserve(&undo->notes, size, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint8_t *at = undo->notes.data + undo->notes.used;
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
    undo->notes.used += size;
    return BBOTS_OK;
}

/*
 * A note of a mark: the table's number with this bit, sizes of the mark that was there and of its
 * key, and both.
 */
#define NOTE_IS_MARK 0x80000000u

int undo_note_mark(bbots_txn *txn, const engine_table *table, store_bytes key, store_bytes mark,
                   bbots_error *error)
{
    undo_log *undo = txn->undo;
    if (undo == NULL) {
        return BBOTS_OK;
    }
    size_t size = NOTE_SIZE(mark.size, key.size);
    int rc = bb_spill_reserve(&undo->notes, size, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    uint8_t *at = undo->notes.data + undo->notes.used;
    bb_store32(at, table->table->number | NOTE_IS_MARK);
    bb_store32(at + 4, (uint32_t)mark.size);
    bb_store32(at + 8, (uint32_t)key.size);
    if (mark.size != 0) {
        memcpy(at + NOTE_HEADER, mark.data, mark.size);
    }
    memcpy(at + NOTE_HEADER + mark.size, key.data, key.size);
    bb_store32(at + size - 4, (uint32_t)size);
    undo->notes.used += size;
    return BBOTS_OK;
}

/* Takes the newest note off the log; it can be read until the next one is written. */
static const uint8_t *take_note(undo_log *undo)
{
    const uint8_t *end = undo->notes.data + undo->notes.used;
    undo->notes.used -= bb_load32(end - 4);
    return undo->notes.data + undo->notes.used;
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

static int take_back_mark(bbots_txn *txn, const uint8_t *note, bbots_error *error)
{
    store_bytes mark = {note + NOTE_HEADER, bb_load32(note + 4)};
    store_bytes key = {note + NOTE_HEADER + mark.size, bb_load32(note + 8)};
    txn_table *state = txn->tables[bb_load32(note) & ~NOTE_IS_MARK];
    state->marks = 0; /* to be looked up again */
    return mark_restore(txn, key, mark, error);
}

static int take_back(bbots_txn *txn, const uint8_t *note, bbots_error *error)
{
    if ((bb_load32(note) & NOTE_IS_MARK) != 0) {
        return take_back_mark(txn, note, error);
    }
    engine_table *table = &txn->store->tables[bb_load32(note)];
    uint32_t old_size = bb_load32(note + 4);
    uint32_t new_size = bb_load32(note + 8);
    engine_image old;
    engine_image new_image;
    int rc =
        old_size != 0 ? open_image(table, note + NOTE_HEADER, old_size, &old, error) : BBOTS_OK;
    if (rc == BBOTS_OK && new_size != 0) {
        rc = open_image(table, note + NOTE_HEADER + old_size, new_size, &new_image, error);
    }
    if (rc == BBOTS_OK) {
        txn_table *state = txn->tables[table->table->number]; /* whoever left the note had it */
        rc = table_change(txn, state, new_size != 0 ? &new_image : NULL,
                          old_size != 0 ? &old : NULL, error);
    }
    return rc;
}

static int take_back_to(bbots_txn *txn, uint64_t position, bbots_error *error)
{
    undo_log *undo = txn->undo;
    int rc = BBOTS_OK;
    txn->undo = NULL; /* taking back leaves no notes */
    while (rc == BBOTS_OK && undo->notes.used > position) {
        rc = take_back(txn, take_note(undo), error);
    }
    txn->undo = undo;
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
        rc = bb_fail(error, BBOTS_INVALID_ARGUMENT, "a savepoint's name has 1 to %d bytes",
                     BBOTS_NAME_MAX);
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
    return at != NULL
               ? BBOTS_OK
               : bb_fail(error, BBOTS_UNKNOWN_SAVEPOINT, "savepoint \"%s\" does not exist", name);
}

/* Forgets savepoints inside of `last`, and `last` itself when it is included. */
static void drop_savepoints(bbots_txn *txn, undo_savepoint *last, bool included)
{
    undo_log *undo = txn->undo;
    while (undo->innermost != last) {
        undo_savepoint *inner = undo->innermost;
        undo->innermost = inner->outer;
        free(inner);
    }
    if (included) {
        undo->innermost = last->outer;
        free(last);
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
            bb_spill_init(&txn->undo->notes, UNDO_MEMORY_MAX);
        }
    }
    if (savepoint == NULL || txn->undo == NULL) {
        free(savepoint);
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    strcpy(savepoint->name, name);
    savepoint->position = txn->undo->notes.used;
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
    assert(rc == BBOTS_OK); /* nobody else's has this name */
    if (!keep) {
        rc = take_back_to(txn, savepoint->position, error);
    }
    if (rc == BBOTS_OK) {
        drop_savepoints(txn, savepoint, true);
    }
    return rc;
}
