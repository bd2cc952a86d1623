/*
 * tests/contract/test_batch.c - proves bbots/batch.h: a batch holds what bbots_get() and a cursor give,
 * row by row and column by column, and an insert of many is one statement.
 */
#include "support/support.h"

#include <bbots/batch.h>
#include <bbots/json.h>
#include <bbots/sample.h>
#include <bbots/secret.h>
#include <bbots/secrets.h>

#define KINDS  (&sample_kinds_table)
#define OWNERS (&sample_owners_table)
#define ROWS   200u

/* ------------------------------------------------------------------ against single rows */

static void assert_bytes(const bbots_batch_values *column, uint32_t row, const void *data,
                         size_t size)
{
    uint64_t from = row != 0 ? column->ends[row - 1] : 0;
    assert_int_equal(column->ends[row] - from, size);
    assert_memory_equal(column->bytes + from, data, size);
}

static void assert_json(const bbots_batch_values *column, uint32_t row, const bbots_value *value)
{
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    char *text;
    size_t size;
    assert_ok(bbots_json_print(json, &text, &size, &fault));
    assert_bytes(column, row, text, size);
    free(text);
}

static void assert_cell(const bbots_batch_values *column, uint32_t row, const bbots_value *value)
{
    assert_int_equal(column->cells[row],
                     value->kind == BBOTS_NULL ? BBOTS_CELL_NULL : BBOTS_CELL_VALUE);
    if (value->kind == BBOTS_NULL) {
        assert_true(column->numbers == NULL || column->numbers[row] == 0);
        return;
    }
    assert_int_equal(column->kind, value->kind);
    switch ((bbots_kind)value->kind) {
    case BBOTS_BOOLEAN:
        assert_int_equal(column->numbers[row], value->boolean);
        break;
    case BBOTS_DECIMAL:
        assert_int_equal(column->scale, value->scale);
        assert_int_equal(column->numbers[row], value->integer);
        break;
    case BBOTS_INTEGER:
    case BBOTS_TIMESTAMP:
        assert_int_equal(column->numbers[row], value->integer);
        break;
    case BBOTS_FLOAT:
        assert_memory_equal(&column->reals[row], &value->real, sizeof value->real);
        break;
    case BBOTS_UUID:
        assert_bytes(column, row, value->uuid.bytes, 16);
        break;
    case BBOTS_JSON:
        assert_json(column, row, value);
        break;
    default:
        assert_bytes(column, row, value->data, value->size);
    }
}

/* Row number `number` of a batch of all columns is this row, or with NULL none. */
static void assert_batch_row(const bbots_batch *batch, uint32_t number, const bbots_row *row)
{
    for (unsigned c = 0; c < KINDS->column_count; c++) {
        bbots_batch_values column;
        bbots_batch_column(batch, c, &column);
        assert_int_equal(column.rows, bbots_batch_rows(batch));
        if (row == NULL) {
            assert_int_equal(column.cells[number], BBOTS_CELL_NO_ROW);
        } else {
            bbots_value value = bbots_row_value(row, c);
            assert_cell(&column, number, &value);
        }
    }
}

/* Rows with ids 1 to ROWS, without every seventh. */
static void fill(bbots_store *store, random_source *random)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    for (unsigned i = 1; i <= ROWS; i++) {
        bbots_value values[BBOTS_COLUMNS_MAX];
        static char texts[BBOTS_COLUMNS_MAX][RANDOM_TEXT];
        for (unsigned c = 1; c < KINDS->column_count; c++) {
            values[c] = random_value(random, &KINDS->columns[c], texts[c]);
        }
        uint64_t all = (UINT64_C(1) << KINDS->column_count) - 2;
        assert_ok(insert_filled(txn, KINDS, values, all));
    }
    for (unsigned i = 7; i <= ROWS; i += 7) {
        assert_ok(delete_id(txn, KINDS, i, NULL));
    }
    commit(txn);
}

static void keys_give_rows_in_their_order(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("keys_give_rows_in_their_order");
    bbots_batch *batch;
    bbots_value keys[3 * ROWS];
    uint32_t found;
    place->store = make_store(place->path, &bbots_sample_schema);
    fill(place->store, &random);
    assert_ok(bbots_batch_new(KINDS, NULL, 0, &batch, &fault));
    assert_int_equal(bbots_batch_rows(batch), 0);
    for (unsigned round = 0; round < 40; round++) {
        bbots_txn *txn = begin(place->store, round % 3 == 0 ? BBOTS_WRITE : BBOTS_READ);
        uint32_t count = (uint32_t)random_below(&random, round < 20 ? 20 : 3 * ROWS);
        uint32_t there = 0;
        for (uint32_t i = 0; i < count; i++) {
            keys[i] = bbots_value_integer((int64_t)random_below(&random, ROWS + 20));
        }
        if (count != 0 && round % 4 == 1) { /* not the common way */
            keys[random_below(&random, count)] = bbots_value_string("12");
            keys[random_below(&random, count)] = bbots_value_null();
        }
        assert_ok(bbots_get_batch(txn, 0, keys, count, batch, &found, &fault));
        assert_int_equal(bbots_batch_rows(batch), count);
        for (uint32_t i = 0; i < count; i++) {
            bbots_row row;
            int rc = bbots_get(txn, KINDS, 0, &keys[i], &row, &fault);
            assert_batch_row(batch, i, rc == BBOTS_OK ? &row : NULL);
            there += rc == BBOTS_OK;
        }
        assert_int_equal(found, there);
        bbots_rollback(txn);
    }
    bbots_batch_free(batch);
    bbots_batch_free(NULL);
}

static void cursors_give_their_rows_in_batches(void **state)
{
    fixture *place = *state;
    random_source random = random_begin("cursors_give_their_rows_in_batches");
    bbots_batch *batch;
    place->store = make_store(place->path, &bbots_sample_schema);
    fill(place->store, &random);
    assert_ok(bbots_batch_new(KINDS, NULL, 0, &batch, &fault));
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    for (unsigned index = 0; index < KINDS->index_count; index++) {
        bbots_cursor *many;
        bbots_cursor *one;
        bbots_row row;
        uint32_t room = 1 + (uint32_t)random_below(&random, 90);
        assert_ok(bbots_cursor_open(txn, KINDS, index, NULL, &many, &fault));
        assert_ok(bbots_cursor_open(txn, KINDS, index, NULL, &one, &fault));
        int rc;
        while ((rc = bbots_cursor_next_batch(many, room, batch, &fault)) == BBOTS_OK) {
            assert_in_range(bbots_batch_rows(batch), 1, room);
            for (uint32_t i = 0; i < bbots_batch_rows(batch); i++) {
                assert_ok(bbots_cursor_next(one, &row, &fault));
                assert_batch_row(batch, i, &row);
            }
        }
        assert_int_equal(rc, BBOTS_END);
        assert_int_equal(bbots_batch_rows(batch), 0);
        assert_int_equal(bbots_cursor_next(one, &row, &fault), BBOTS_END);
        bbots_cursor_close(many);
        bbots_cursor_close(one);
    }
    bbots_rollback(txn);
    bbots_batch_free(batch);
}

/* The copy is the batch's own: the rows may go, and their transaction. */
static void a_batch_outlives_its_transaction(void **state)
{
    fixture *place = *state;
    static const uint16_t columns[] = {9, 0};
    bbots_batch *batch;
    bbots_batch_values words;
    bbots_value keys[2] = {bbots_value_integer(1), bbots_value_integer(2)};
    place->store = make_store(place->path, &bbots_sample_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, KINDS, "words", string("first")));
    assert_ok(insert_named(txn, KINDS, "words", string("second")));
    assert_ok(bbots_batch_new(KINDS, columns, 2, &batch, &fault));
    assert_ok(bbots_get_batch(txn, 0, keys, 2, batch, NULL, &fault));
    assert_ok(delete_id(txn, KINDS, 1, NULL));
    assert_ok(delete_id(txn, KINDS, 2, NULL));
    commit(txn);
    bbots_batch_column(batch, 0, &words);
    assert_bytes(&words, 0, "first", 5);
    assert_bytes(&words, 1, "second", 6);
    bbots_batch_free(batch);
}

/* ------------------------------------------------------------------ inserting */

static void an_insert_of_many_is_all_or_nothing(void **state)
{
    fixture *place = *state;
    enum { MANY = 50 };
    bbots_value values[MANY * BBOTS_COLUMNS_MAX];
    unsigned width = OWNERS->column_count;
    uint64_t given = 0;
    place->store = make_store(place->path, &bbots_sample_schema);
    for (unsigned i = 0; i < MANY; i++) {
        static char names[MANY][16];
        snprintf(names[i], sizeof names[i], "owner %u", i);
        given = fill_row(OWNERS, values + i * width, "code", string(names[i]), NULL);
    }
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, OWNERS, "code", string("before")));
    assert_ok(bbots_insert_batch(txn, OWNERS, values, given, MANY, &fault));
    assert_int_equal(count_of(txn, OWNERS), MANY + 1);
    assert_ok(bbots_insert_batch(txn, OWNERS, values, given, 0, &fault));
    bbots_digest before = digest_of(txn);
    for (unsigned i = 0; i < 30; i++) {
        ((char *)(uintptr_t)values[i * width + column(OWNERS, "code")].data)[0] = 'p';
    }
    assert_status(bbots_insert_batch(txn, OWNERS, values, given, MANY, &fault),
                  BBOTS_UNIQUE_VIOLATION);
    assert_int_equal(fault.row, 31); /* those before it were new */
    assert_digest(txn, before);
    assert_int_equal(count_of(txn, OWNERS), MANY + 1);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_status(bbots_insert_batch(txn, OWNERS, values, given, 1, &fault), BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ refusals */

static void what_cannot_be_is_refused(void **state)
{
    fixture *place = *state;
    static const uint16_t columns[] = {0, 99};
    bbots_batch *batch;
    bbots_cursor *cursor;
    bbots_value key = bbots_value_integer(1);
    uint32_t found = 7;
    place->store = make_store(place->path, &bbots_sample_schema);
    assert_status(bbots_batch_new(KINDS, columns, 2, &batch, &fault), BBOTS_UNKNOWN_COLUMN);
    assert_null(batch);
    assert_status(bbots_batch_new(KINDS, columns, 0, &batch, &fault), BBOTS_INVALID_ARGUMENT);
    assert_ok(bbots_batch_new(KINDS, columns, 1, &batch, &fault));
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_status(bbots_get_batch(txn, 1, &key, 1, batch, &found, &fault), BBOTS_UNKNOWN_INDEX);
    assert_int_equal(found, 0);
    assert_status(bbots_get_batch(txn, 0, &key, BBOTS_BATCH_ROWS_MAX + 1, batch, NULL, &fault),
                  BBOTS_LIMIT_EXCEEDED);
    key = bbots_value_string("no number");
    assert_status(bbots_get_batch(txn, 0, &key, 1, batch, NULL, &fault), BBOTS_INVALID_TEXT);
    assert_int_equal(bbots_batch_rows(batch), 0);
    assert_ok(bbots_cursor_open(txn, OWNERS, 0, NULL, &cursor, &fault));
    assert_status(bbots_cursor_next_batch(cursor, 5, batch, &fault), BBOTS_INVALID_ARGUMENT);
    bbots_cursor_close(cursor);
    assert_ok(bbots_cursor_open(txn, KINDS, 0, NULL, &cursor, &fault));
    assert_status(bbots_cursor_next_batch(cursor, 0, batch, &fault), BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_cursor_next_batch(cursor, BBOTS_BATCH_ROWS_MAX + 1, batch, &fault),
                  BBOTS_LIMIT_EXCEEDED);
    assert_int_equal(bbots_cursor_next_batch(cursor, 5, batch, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
    bbots_batch_free(batch);
}

static void a_secret_without_its_key_is_sealed(void **state)
{
    fixture *place = *state;
    const bbots_table *grown = &secrets_grown_table;
    bbots_keyring *ring;
    bbots_batch *batch;
    bbots_batch_values secret;
    bbots_value key = bbots_value_integer(1);
    assert_ok(bbots_keyring_new(&ring, &fault));
    assert_ok(bbots_keyring_add_text(
        ring,
        bbots_text_of("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"), &fault));
    bbots_options options = {
        .schema = &bbots_secrets_schema, .flags = BBOTS_OPEN_CREATE, .keys = ring};
    place->store = open_store(place->path, &options);
    bbots_keyring_free(ring);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, grown, "secret", string("a secret")));
    assert_ok(bbots_batch_new(grown, NULL, 0, &batch, &fault));
    assert_ok(bbots_get_batch(txn, 0, &key, 1, batch, NULL, &fault));
    bbots_batch_column(batch, 1, &secret);
    assert_bytes(&secret, 0, "a secret", 8);
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    options.keys = NULL;
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_get_batch(txn, 0, &key, 1, batch, NULL, &fault));
    bbots_batch_column(batch, 1, &secret);
    assert_int_equal(secret.cells[0], BBOTS_CELL_SEALED);
    assert_bytes(&secret, 0, "", 0);
    bbots_rollback(txn);
    bbots_batch_free(batch);
}

int main(void)
{
#define batch_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        batch_test(keys_give_rows_in_their_order),
        batch_test(cursors_give_their_rows_in_batches),
        batch_test(a_batch_outlives_its_transaction),
        batch_test(an_insert_of_many_is_all_or_nothing),
        batch_test(what_cannot_be_is_refused),
        batch_test(a_secret_without_its_key_is_sealed),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
