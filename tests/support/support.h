/*
 * tests/support/support.h - what the tests of the store share: a folder of their own, a store in
 * it, repeatable random numbers, and the check of the whole file with which every test ends.
 *
 * A test takes a `fixture` from fixture_setup() and gives it back to fixture_teardown():
 *     cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
 * The teardown checks the store when the test left it open, closes it and removes the folder.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bbots/bbots.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ------------------------------------------------------------------ a test's place */

typedef struct fixture {
    char folder[64];
    char path[96];      /* of the store within */
    bbots_store *store; /* NULL: not open */
} fixture;

/* cmocka's setup and teardown of a test; *state is a fixture. */
int fixture_setup(void **state);       /* a folder only */
int fixture_setup_store(void **state); /* and a fresh store with the sample schema in it */
int fixture_teardown(void **state);

/* Makes a store at a path; the test fails when it cannot be made. */
bbots_store *make_store(const char *path, const bbots_schema *schema);

/* Opens a store that is there, with options or without (NULL). */
bbots_store *open_store(const char *path, const bbots_options *options);

/* A ring with these keys, as text; the caller frees it. */
bbots_keyring *ring_of(const char *keys);

/* Closes the fixture's store, if it is open, and opens it with these keys (NULL: none), or makes it. */
void open_with_keys(fixture *place, const bbots_schema *schema, const char *keys);

/* Lets BBOTS_TEST (a name, with * for anything) choose among a program's tests. */
void choose_tests(void);

/* Closes the fixture's store and opens it again. */
void reopen(fixture *place);

/* ------------------------------------------------------------------ what must be true */

/* The whole-file check finds nothing. Returns how many rows there are. */
uint64_t check_store(bbots_store *store);

/* The same as seen by a transaction, also one that writes. */
uint64_t check_txn(bbots_txn *txn);

/* A call succeeded; otherwise the test fails with the error's sentence. */
#define assert_ok(call) expect_status((call), BBOTS_OK, &fault, #call, __FILE__, __LINE__)

/* A call gave this status; a negative one has filled `fault` with code, SQLSTATE and a sentence. */
#define assert_status(call, status)                                                                \
    expect_status((call), (status), &fault, #call, __FILE__, __LINE__)

void expect_status(int got, int wanted, bbots_error *error, const char *call, const char *file,
                   int line);

/* The error object that assert_ok() and assert_status() look at: hand it to every call. */
extern bbots_error fault;

/* Two values are equal as a store sees them: kind, and what it holds. */
bool same_value(const bbots_value *a, const bbots_value *b);

/* ------------------------------------------------------------------ short forms */

bbots_txn *begin(bbots_store *store, bbots_access access);
void commit(bbots_txn *txn);

uint64_t count_of(bbots_txn *txn, const bbots_table *table);
bbots_digest digest_of(bbots_txn *txn);

/* The store's digest is this one. */
void assert_digest(bbots_txn *txn, bbots_digest expected);

#define integer(number) bbots_value_integer(number)
#define string(text)    bbots_value_string(text)
#define null_value()    bbots_value_null()

/* The time that a text says, in UTC; it must be one. */
bbots_timestamp time_of(const char *text);

/* The values of a row by name: row(table, values, "id", integer(1), "name", string("x"), NULL).
 * Returns the set of columns. */
uint64_t fill_row(const bbots_table *table, bbots_value *values, ...);

/* Inserts a row of named values; the status is returned and `fault` filled. */
#define insert_named(txn, table, ...)                                                              \
    insert_filled((txn), (table), named, fill_row((table), named, __VA_ARGS__, NULL))

/* Where insert_named() and update_named() put the values. */
extern _Thread_local bbots_value named[BBOTS_COLUMNS_MAX];

int insert_filled(bbots_txn *txn, const bbots_table *table, const bbots_value *values,
                  uint64_t given);

/* Updates the row with an integer primary key. */
#define update_named(txn, table, id, ...)                                                          \
    update_filled((txn), (table), (id), named, fill_row((table), named, __VA_ARGS__, NULL))

int update_filled(bbots_txn *txn, const bbots_table *table, int64_t id, const bbots_value *values,
                  uint64_t set);

/* Deletes and gets by an integer primary key. */
int delete_id(bbots_txn *txn, const bbots_table *table, int64_t id, bbots_deleted *deleted);
int get_id(bbots_txn *txn, const bbots_table *table, int64_t id, bbots_row *row);

/* The column of a name, which must be there. */
unsigned column(const bbots_table *table, const char *name);

/* The index of a name, which must be there. */
unsigned index_of(const bbots_table *table, const char *name);

/* The value of a named column of a row. */
bbots_value row_at(const bbots_row *row, const char *name);

/* ------------------------------------------------------------------ random numbers */

/* splitmix64 (Steele, Lea, Flood 2014): every seed is as good as any other. */
typedef struct random_source {
    uint64_t state;
} random_source;

/* Seeded by BBOTS_SEED, otherwise by the clock; the seed is printed so that a run can be had
 * again. */
random_source random_begin(const char *test);

uint64_t random_next(random_source *source);

/* 0 to below - 1. */
uint64_t random_below(random_source *source, uint64_t below);

/* A stored-form value of a column: null now and then where it may be, else likely to be near a
 * border of the type or equal to another one. Texts lie in buffer, which has RANDOM_TEXT bytes. */
#define RANDOM_TEXT 400
bbots_value random_value(random_source *source, const bbots_column *described, char *buffer);

/* ------------------------------------------------------------------ order of values */

/* SQL's order of two values of a column, written without the key codec: null last. */
int compare_values(const bbots_value *a, const bbots_value *b);

/* ------------------------------------------------------------------ processes */

/* Runs a function in a child and returns its exit status, -1 when it was killed. */
int in_child(int (*work)(void *context), void *context);

/*
 * Ends a child. What it has from its parent, and what it leaves open on purpose, is no leak: under
 * valgrind it becomes another program, which nobody watches.
 */
void end_child(int status);

/* Writes, reads one byte; a byte is what processes and threads wait for here, never a time. */
void send_byte(int fd);
void await_byte(int fd);

#endif
