/*
 * store.c - statements on the store, through the C API alone.
 *
 * Outside of an explicit transaction every statement has one of its own, as in PostgreSQL.
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ------------------------------------------------------------------ the file */

void store_close(store_side *side)
{
    bbots_error error;
    bbots_rollback(side->txn);
    side->txn = NULL;
    if (bbots_close(side->store, &error) != BBOTS_OK) {
        give_up("closing the store: %s", error.message);
    }
    side->store = NULL;
    unlink(side->path);
}

void store_reset(store_side *side)
{
    bbots_error error;
    char lock[300];
    if (side->store != NULL) {
        store_close(side);
    }
    snprintf(lock, sizeof lock, "%s-lock", side->path);
    unlink(lock);
    bbots_options options = {.schema = side->schema,
                             .flags = BBOTS_OPEN_CREATE | BBOTS_OPEN_EXCLUSIVE | BBOTS_OPEN_UNFOLLOWED,
                             .durability = BBOTS_RELAXED};
    if (bbots_open(side->path, &options, &side->store, &error) != BBOTS_OK) {
        give_up("opening the store: %s", error.message);
    }
}

bbots_txn *store_peek(store_side *side, bool *began)
{
    bbots_error error;
    bbots_txn *txn = side->txn;
    *began = txn == NULL;
    if (*began && bbots_begin(side->store, BBOTS_READ, &txn, &error) != BBOTS_OK) {
        give_up("reading the store: %s", error.message);
    }
    return txn;
}

void store_peek_end(bbots_txn *txn, bool began)
{
    if (began) {
        bbots_rollback(txn);
    }
}

/* ------------------------------------------------------------------ values */

void store_print_value(const bbots_table *table, unsigned column, const bbots_value *value,
                       builder *text)
{
    bbots_error error;
    char *printed;
    size_t size;
    if (value->kind == BBOTS_NULL) {
        builder_add(text, FIELD_NULL, 1);
        return;
    }
    if (value->kind == BBOTS_BOOLEAN) {
        builder_add(text, value->boolean ? "t" : "f", 1);
        return;
    }
    if (value->kind == BBOTS_TEXT) {
        builder_add(text, value->data, value->size);
        return;
    }
    int rc =
        bbots_value_print(table, column, value, BBOTS_TIMESTAMP_POSTGRES, &printed, &size, &error);
    if (rc != BBOTS_OK) {
        builder_print(text, "(cannot be printed: %s)", error.message);
        return;
    }
    builder_add(text, printed, size);
    free(printed);
}

static bbots_value value_of(const literal *given)
{
    return given->typed.kind != BBOTS_NULL ? given->typed
           : given->text == NULL           ? bbots_value_null()
                                 : bbots_value_of_bytes(BBOTS_TEXT, given->text, given->size);
}

static void spread(const literal *packed, uint64_t columns, bbots_value *values)
{
    for (; columns != 0; columns &= columns - 1) {
        values[__builtin_ctzll(columns)] = value_of(packed++);
    }
}

/* ------------------------------------------------------------------ answers */

static void say_error(answer *said, const bbots_error *error)
{
    memcpy(said->sqlstate, error->sqlstate, sizeof said->sqlstate);
    memcpy(said->table, error->table, sizeof said->table);
    memcpy(said->column, error->column, sizeof said->column);
    memcpy(said->constraint, error->constraint, sizeof said->constraint);
    snprintf(said->message, sizeof said->message, "%s", error->message);
    said->rows = 0;
}

static void say_row(answer *said, const bbots_row *row)
{
    builder text = {NULL, 0, 0};
    for (uint64_t left = shared_columns(row->table); left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        bbots_value value = bbots_row_value(row, column);
        store_print_value(row->table, column, &value, &text);
        builder_add(&text, &(char){FIELD_END}, 1);
    }
    said->row = text.data;
    said->row_size = text.size;
}

/* A table whose rows take others with them, or leave nulls behind. */
static bool has_rules(const store_side *side, const bbots_table *table)
{
    for (unsigned r = 0; r < table->reference_count; r++) {
        bbots_reference reference = table->references[r];
        if (side->schema->tables[reference.table]->foreign_keys[reference.foreign_key].on_delete !=
            BBOTS_NO_ACTION) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ statements */

static int run_upsert(bbots_txn *txn, const statement *one, const bbots_value *values,
                      bbots_row *row, int64_t *rows, bbots_error *error)
{
    bbots_value changes[BBOTS_COLUMNS_MAX];
    bool inserted = false;
    spread(one->changes, one->set, changes);
    int rc = bbots_upsert(txn, one->table, one->index, values, one->given, changes, one->set, row,
                          &inserted, error);
    *rows = rc == BBOTS_OK && (inserted || one->set != 0);
    return rc;
}

/* What an explanation foretold is what the delete said; otherwise it counts as an error of ours. */
static int hold_against(const bbots_explanation *foretold, int rc, const bbots_deleted *deleted,
                        bbots_error *error)
{
    bool refused = foretold->refusal_count > 0;
    const bbots_refusal *first = foretold->refusals;
    bool as_foretold =
        refused ? rc == first->code && (rc != BBOTS_FOREIGN_KEY_VIOLATION ||
                                        strcmp(error->constraint, first->reference->name) == 0)
                : rc == BBOTS_OK && foretold->deleted == deleted->rows + deleted->cascaded &&
                      foretold->set_null == deleted->set_null;
    if (as_foretold) {
        return rc;
    }
    *error = (bbots_error){.code = BBOTS_CORRUPTED, .sqlstate = "XX001"};
    snprintf(error->message, sizeof error->message,
             "explained otherwise: %llu deleted, %llu set to null, %s",
             (unsigned long long)foretold->deleted, (unsigned long long)foretold->set_null,
             refused ? first->reference->name : "not refused");
    return BBOTS_CORRUPTED;
}

static int run_delete(store_side *side, bbots_txn *txn, const statement *one,
                      const bbots_value *key, answer *said, bbots_error *error)
{
    bbots_deleted deleted;
    bbots_explanation *foretold = NULL;
    int explained = bbots_explain_delete(txn, one->table, one->index, key, &foretold, error);
    int rc = bbots_delete(txn, one->table, one->index, key, &deleted, error);
    said->rows = rc == BBOTS_OK ? (int64_t)deleted.rows : 0;
    said->cascaded = deleted.cascaded;
    said->set_null = deleted.set_null;
    if (explained == BBOTS_OK) {
        rc = hold_against(foretold, rc, &deleted, error);
        bbots_explanation_free(foretold);
    }
    said->far_reaching =
        deleted.cascaded + deleted.set_null > 0 || (rc < 0 && has_rules(side, one->table));
    return rc;
}

/* When a list is made shorter, what is left takes the numbers that it took in the long one. */
static void keep_serial(bbots_txn *txn, const statement *one)
{
    bbots_error error;
    if (one->serial != 0 && bbots_serial_advance(txn, one->table, one->serial, &error) < 0) {
        give_up("moving a serial on: %s", error.message);
    }
}

static void run_on_rows(store_side *side, bbots_txn *txn, const statement *one, answer *said)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    bbots_error error;
    bbots_row row;
    int rc;
    bool upsert = one->verb == UPSERT;
    for (unsigned i = 0; one->key != NULL && i < one->table->indexes[one->index].column_count;
         i++) {
        key[i] = value_of(&one->key[i]);
    }
    if (one->verb == DELETE) {
        rc = run_delete(side, txn, one, key, said, &error);
    } else if (one->verb == UPDATE) {
        spread(one->changes, one->set, values);
        rc = bbots_update(txn, one->table, one->index, key, values, one->set, &row, &error);
        said->rows = rc == BBOTS_OK;
    } else {
        keep_serial(txn, one);
        spread(one->values, one->given, values);
        rc = upsert ? run_upsert(txn, one, values, &row, &said->rows, &error)
                    : bbots_insert(txn, one->table, values, one->given, &row, &error);
        said->rows = upsert ? said->rows : 1;
    }
    if (rc < 0) {
        say_error(said, &error);
    } else if (one->verb != DELETE && said->rows == 1) {
        say_row(said, &row);
    }
}

static void set_now(bbots_txn *txn, const char *now)
{
    bbots_timestamp at;
    if (bbots_timestamp_parse(bbots_text_of(now), false, &at) == BBOTS_OK) {
        bbots_txn_set_now(txn, at);
    }
}

static int run_on_transaction(store_side *side, const statement *one, bbots_error *error)
{
    int rc = BBOTS_OK;
    switch (one->verb) {
    case BEGIN:
        rc = bbots_begin(side->store, BBOTS_WRITE, &side->txn, error);
        if (rc == BBOTS_OK) {
            set_now(side->txn, one->now);
        }
        break;
    case COMMIT:
        rc = bbots_commit(side->txn, error);
        side->txn = NULL;
        break;
    case ROLLBACK:
        bbots_rollback(side->txn);
        side->txn = NULL;
        break;
    case SAVEPOINT:
        rc = bbots_savepoint(side->txn, one->name, error);
        break;
    case ROLLBACK_TO:
        rc = bbots_savepoint_rollback(side->txn, one->name, error);
        break;
    default:
        rc = bbots_savepoint_release(side->txn, one->name, error);
        break;
    }
    return rc;
}

static void run_alone(store_side *side, const statement *one, answer *said)
{
    bbots_error error;
    bbots_txn *txn;
    if (bbots_begin(side->store, BBOTS_WRITE, &txn, &error) != BBOTS_OK) {
        say_error(said, &error);
        return;
    }
    set_now(txn, side->now);
    run_on_rows(side, txn, one, said);
    if (strcmp(said->sqlstate, "00000") != 0) {
        bbots_rollback(txn);
    } else if (bbots_commit(txn, &error) != BBOTS_OK) {
        say_error(said, &error);
    }
}

void store_run(store_side *side, const statement *one, answer *said)
{
    bbots_error error;
    memset(said, 0, sizeof *said);
    memcpy(said->sqlstate, "00000", 6);
    said->rows = -1;
    if (one->verb >= BEGIN) {
        if (run_on_transaction(side, one, &error) < 0) {
            say_error(said, &error);
            said->rows = -1;
        }
    } else if (side->txn != NULL) {
        run_on_rows(side, side->txn, one, said);
    } else {
        run_alone(side, one, said);
    }
}
