/*
 * tests/contract/test_records.c - proves the typed form of bbots/table.h, through the functions
 * that the generator wrote: fields go in and come out as the types that C programs use.
 */
#include "support/support.h"

#include <bbots/platform.h>
#include <bbots/sample.h>

#include <math.h>

static bbots_txn *txn;

static int setup(void **state)
{
    if (fixture_setup_store(state) != 0) {
        return -1;
    }
    txn = begin(((fixture *)*state)->store, BBOTS_WRITE);
    return 0;
}

static int setup_platform(void **state)
{
    if (fixture_setup(state) != 0) {
        return -1;
    }
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    txn = begin(place->store, BBOTS_WRITE);
    return 0;
}

static int teardown(void **state)
{
    if (txn != NULL) {
        check_txn(txn);
        commit(txn);
        txn = NULL;
    }
    return fixture_teardown(state);
}

static void assert_text(bbots_text text, const char *expected)
{
    if (expected == NULL) {
        assert_null(text.data);
        return;
    }
    assert_non_null(text.data);
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}

static void assert_json(bbots_json json, const char *expected)
{
    char *text;
    size_t size;
    assert_int_equal(json.form, BBOTS_JSON_PACKED);
    assert_ok(bbots_json_print(json, &text, &size, &fault));
    assert_string_equal(text, expected);
    free(text);
}

static const float place_numbers[3] = {1.5f, -2, 0};

static sample_kinds full_row(void)
{
    sample_kinds row;
    memset(&row, 0, sizeof row);
    row.given = ((UINT64_C(1) << SAMPLE_KINDS_COL_COUNT) - 1) & ~SAMPLE_KINDS_ID;
    row.flag = true;
    row.small = -32768;
    row.medium = INT32_MAX;
    row.large = INT64_MIN;
    row.single = 0.1f;
    row.twice = -1e300;
    row.amount = -123456789012;
    row.wide = 999999999999999999;
    row.words = bbots_text_of("words \xc3\xa4");
    row.short_ = bbots_text_of("");
    row.raw = (bbots_bytes){"\0\xff", 2};
    row.token = (bbots_uuid){{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    row.moment = BBOTS_TIMESTAMP_MINUS_INFINITY;
    row.instant = -1;
    row.settings = bbots_json_of("{\"b\": 1.50, \"a\": null}");
    row.place = (bbots_vector){place_numbers, 3};
    return row;
}

static void assert_full(const sample_kinds *row)
{
    assert_int_equal(row->given, (UINT64_C(1) << SAMPLE_KINDS_COL_COUNT) - 1);
    assert_int_equal(row->null, 0);
    assert_true(row->flag);
    assert_int_equal(row->small, -32768);
    assert_int_equal(row->medium, INT32_MAX);
    assert_true(row->large == INT64_MIN);
    assert_true(row->single == 0.1f);
    assert_true(row->twice == -1e300);
    assert_true(row->amount == -123456789012);
    assert_true(row->wide == 999999999999999999);
    assert_text(row->words, "words \xc3\xa4");
    assert_text(row->short_, "");
    assert_int_equal(row->raw.size, 2);
    assert_memory_equal(row->raw.data, "\0\xff", 2);
    assert_int_equal(row->token.bytes[15], 16);
    assert_true(row->moment == BBOTS_TIMESTAMP_MINUS_INFINITY);
    assert_true(row->instant == -1);
    assert_json(row->settings, "{\"a\": null, \"b\": 1.50}");
    assert_int_equal(row->place.count, 3);
    assert_memory_equal(row->place.data, place_numbers, sizeof place_numbers);
}

static void every_type_goes_in_and_comes_out(void **state)
{
    (void)state;
    sample_kinds row = full_row();
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    assert_int_equal(row.id, 1);
    assert_full(&row);
    sample_kinds found;
    memset(&found, 0xa5, sizeof found);
    assert_ok(sample_kinds_get(txn, 1, &found, &fault));
    assert_full(&found);
    /* What came out goes in again: packed JSON, vectors of the store. */
    found.given &= ~SAMPLE_KINDS_ID;
    assert_ok(sample_kinds_insert(txn, &found, &fault));
    assert_int_equal(found.id, 2);
    assert_full(&found);
}

static void nulls_go_in_and_come_out(void **state)
{
    (void)state;
    sample_kinds row = full_row();
    row.null = row.given;
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    assert_int_equal(row.null, row.given & ~SAMPLE_KINDS_ID);
    sample_kinds found;
    memset(&found, 0xa5, sizeof found);
    assert_ok(sample_kinds_get(txn, row.id, &found, &fault));
    assert_int_equal(found.null, found.given & ~SAMPLE_KINDS_ID);
    assert_null(found.words.data);
    assert_null(found.raw.data);
    assert_null(found.settings.data);
    assert_null(found.place.data);
    assert_int_equal(found.small, 0);
    assert_int_equal(found.moment, 0);
    assert_false(found.flag);
    /* A pointer that is NULL says the same as the bit. */
    memset(&row, 0, sizeof row);
    row.given = SAMPLE_KINDS_WORDS | SAMPLE_KINDS_RAW | SAMPLE_KINDS_SETTINGS | SAMPLE_KINDS_PLACE;
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    assert_true((row.null & SAMPLE_KINDS_WORDS) != 0 && (row.null & SAMPLE_KINDS_PLACE) != 0);
    /* JSON null is a value. */
    row.given = SAMPLE_KINDS_SETTINGS;
    row.null = 0;
    row.settings = bbots_json_of("null");
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    assert_int_equal(row.null & SAMPLE_KINDS_SETTINGS, 0);
    assert_json(row.settings, "null");
}

static void an_insert_completes_the_struct(void **state)
{
    (void)state;
    sample_tickets row;
    memset(&row, 0xa5, sizeof row); /* what is not given is not looked at */
    row.given = SAMPLE_TICKETS_PIN;
    row.null = 0;
    row.pin = bbots_text_of("1234");
    bbots_txn_set_now(txn, 99);
    assert_ok(sample_tickets_insert(txn, &row, &fault));
    assert_int_equal(row.id, 1);
    assert_int_equal(row.token.bytes[6] >> 4, 4);
    assert_true(row.price == 15000);
    assert_int_equal(row.quantity, 7);
    assert_true(row.made == 99);
    assert_json(row.settings, "{\"a\": \"x\", \"b\": [1, null]}");
    assert_text(row.pin, "1234");
    assert_int_equal(row.null, 0);
    bbots_uuid token = row.token;
    sample_tickets found;
    assert_ok(sample_tickets_get_by_token(txn, token, &found, &fault));
    assert_int_equal(found.id, 1);
    assert_ok(sample_tickets_get_by_pin(txn, bbots_text_of("1234"), &found, &fault));
    assert_int_equal(found.id, 1);
    assert_status(sample_tickets_get_by_pin(txn, bbots_text_of("12345"), &found, &fault),
                  BBOTS_NOT_FOUND);
    assert_status(sample_tickets_get_by_pin(txn, bbots_text_of(NULL), &found, &fault),
                  BBOTS_NOT_FOUND);
}

static void an_update_changes_the_columns_named_and_completes_the_struct(void **state)
{
    (void)state;
    sample_kinds row = full_row();
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    sample_kinds change;
    memset(&change, 0, sizeof change);
    change.id = 1;
    change.small = 5;
    change.medium = 6;
    assert_ok(sample_kinds_update(txn, &change, SAMPLE_KINDS_SMALL, &fault));
    assert_int_equal(change.small, 5);
    assert_int_equal(change.medium, INT32_MAX); /* completed from the row */
    assert_text(change.words, "words \xc3\xa4");
    change.null |= SAMPLE_KINDS_FLAG;
    assert_ok(sample_kinds_update(txn, &change, SAMPLE_KINDS_FLAG, &fault));
    assert_int_equal(change.null, SAMPLE_KINDS_FLAG);
    memset(&change, 0, sizeof change);
    change.id = 2;
    assert_status(sample_kinds_update(txn, &change, SAMPLE_KINDS_SMALL, &fault), BBOTS_NOT_FOUND);
    assert_status(sample_kinds_update(txn, &change, UINT64_C(1) << 40, &fault),
                  BBOTS_UNKNOWN_COLUMN);
    change.given = UINT64_C(1) << 40;
    assert_status(sample_kinds_insert(txn, &change, &fault), BBOTS_UNKNOWN_COLUMN);
}

/* A program inserts a row, changes a field of the struct and hands it back: the texts that the
 * library put into it have to hold until that call returns. */
static void a_completed_struct_can_be_handed_back(void **state)
{
    (void)state;
    sample_kinds row = full_row();
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    row.settings = bbots_json_of("[\"other bytes that take their place\", 1, 2, 3, 4, 5, 6, 7, 8]");
    assert_ok(sample_kinds_update(
        txn, &row, SAMPLE_KINDS_SETTINGS | SAMPLE_KINDS_WORDS | SAMPLE_KINDS_RAW, &fault));
    assert_text(row.words, "words \xc3\xa4");
    assert_memory_equal(row.raw.data, "\0\xff", 2);
    row.given &= ~SAMPLE_KINDS_ID;
    row.settings = bbots_json_of("[9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]");
    assert_ok(sample_kinds_insert(txn, &row, &fault));
    assert_text(row.words, "words \xc3\xa4");
    sample_owners owner = {.given = SAMPLE_OWNERS_CODE, .code = bbots_text_of("a code")};
    assert_ok(sample_owners_insert(txn, &owner, &fault));
    bool inserted;
    owner.score = 4;
    assert_ok(sample_owners_upsert_by_code(txn, &owner, SAMPLE_OWNERS_SCORE, &inserted, &fault));
    assert_false(inserted);
    assert_text(owner.code, "a code");
}

static void an_upsert_takes_over_the_columns_named(void **state)
{
    (void)state;
    bool inserted;
    sample_owners row = {
        .given = SAMPLE_OWNERS_CODE | SAMPLE_OWNERS_SCORE, .code = bbots_text_of("a"), .score = 1};
    assert_ok(sample_owners_upsert_by_code(txn, &row, SAMPLE_OWNERS_SCORE, &inserted, &fault));
    assert_true(inserted);
    assert_int_equal(row.id, 1);
    row = (sample_owners){
        .given = SAMPLE_OWNERS_CODE | SAMPLE_OWNERS_SCORE, .code = bbots_text_of("a"), .score = 2};
    assert_ok(sample_owners_upsert_by_code(txn, &row, SAMPLE_OWNERS_SCORE, &inserted, &fault));
    assert_false(inserted);
    assert_int_equal(row.id, 1);
    assert_int_equal(row.score, 2);
    row = (sample_owners){
        .given = SAMPLE_OWNERS_CODE | SAMPLE_OWNERS_SCORE, .code = bbots_text_of("a"), .score = 3};
    assert_ok(sample_owners_upsert_by_code(txn, &row, 0, NULL, &fault));
    assert_int_equal(row.score, 2); /* the row that stands */
    row = (sample_owners){
        .given = SAMPLE_OWNERS_ID | SAMPLE_OWNERS_CODE, .id = 9, .code = bbots_text_of("b")};
    assert_ok(sample_owners_upsert(txn, &row, SAMPLE_OWNERS_CODE, &inserted, &fault));
    assert_true(inserted);
    row.code = bbots_text_of("c");
    row.given = SAMPLE_OWNERS_ID | SAMPLE_OWNERS_CODE;
    assert_ok(sample_owners_upsert(txn, &row, SAMPLE_OWNERS_CODE, &inserted, &fault));
    assert_false(inserted);
    assert_text(row.code, "c");
}

static void keys_of_several_texts_and_their_rows(void **state)
{
    (void)state;
    sample_pages row = {.given = SAMPLE_PAGES_SITE | SAMPLE_PAGES_PATH | SAMPLE_PAGES_TITLE |
                                 SAMPLE_PAGES_RANK,
                        .site = bbots_text_of("s"),
                        .path = bbots_text_of("/"),
                        .title = bbots_text_of("t"),
                        .rank = 4};
    assert_ok(sample_pages_insert(txn, &row, &fault));
    sample_pages found;
    assert_ok(sample_pages_get(txn, bbots_text_of("s"), bbots_text_of("/"), &found, &fault));
    assert_int_equal(found.rank, 4);
    assert_ok(sample_pages_get_by_title_rank(txn, bbots_text_of("t"), 4, &found, &fault));
    assert_text(found.path, "/");
    for (int i = 0; i < 3; i++) {
        char path[2] = {(char)('a' + i), '\0'};
        sample_pages below = {.given = SAMPLE_PAGES_SITE | SAMPLE_PAGES_PATH |
                                       SAMPLE_PAGES_ABOVE_SITE | SAMPLE_PAGES_ABOVE_PATH,
                              .site = bbots_text_of("s"),
                              .path = bbots_text_of(path),
                              .above_site = bbots_text_of("s"),
                              .above_path = bbots_text_of("/")};
        assert_ok(sample_pages_insert(txn, &below, &fault));
    }
    bbots_cursor *cursor;
    bbots_range options = {.reverse = true, .limit = 2};
    assert_ok(sample_pages_of_above_site_above_path(txn, bbots_text_of("s"), bbots_text_of("/"),
                                                    options, &cursor, &fault));
    assert_ok(sample_pages_next(cursor, &found, &fault));
    assert_text(found.path, "c");
    assert_ok(sample_pages_next(cursor, &found, &fault));
    assert_text(found.path, "b");
    assert_status(sample_pages_next(cursor, &found, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
    bbots_deleted deleted;
    assert_ok(sample_pages_delete(txn, bbots_text_of("s"), bbots_text_of("/"), &deleted, &fault));
    assert_int_equal(deleted.set_null, 3);
    assert_ok(sample_pages_get(txn, bbots_text_of("s"), bbots_text_of("a"), &found, &fault));
    assert_text(found.above_site, NULL);
    assert_ok(bbots_record_delete(txn, &sample_pages_table, &found, &deleted, &fault));
    assert_int_equal(deleted.rows, 1);
    sample_pages gone = {.site = bbots_text_of("s"), .path = bbots_text_of("a")};
    assert_status(bbots_record_delete(txn, &sample_pages_table, &gone, NULL, &fault),
                  BBOTS_NOT_FOUND);
}

/* All five statements of records refuse with this status and leave the struct as it is. */
static void expect_refusals(const bbots_table *table, uint64_t columns, int status)
{
    sample_nodes node = {
        .given = SAMPLE_NODES_LABEL | columns, .id = 1, .label = bbots_text_of("x")};
    sample_nodes before = node;
    bbots_deleted deleted;
    bool inserted;
    assert_status(bbots_record_insert(txn, table, &node, &fault), status);
    assert_status(bbots_record_update(txn, table, &node, SAMPLE_NODES_LABEL | columns, &fault),
                  status);
    assert_status(bbots_record_upsert(txn, table, 0, &node, SAMPLE_NODES_LABEL, &inserted, &fault),
                  status);
    if (columns == 0) { /* these two take none */
        assert_status(bbots_record_get(txn, table, 0, &node, &fault), status);
        assert_status(bbots_record_delete(txn, table, &node, &deleted, &fault), status);
    }
    assert_memory_equal(&node, &before, sizeof node);
}

static void a_table_without_a_struct_and_columns_that_are_none_are_refused(void **state)
{
    (void)state;
    bbots_table untyped = sample_nodes_table;
    sample_nodes node = {.given = SAMPLE_NODES_LABEL, .label = bbots_text_of("x")};
    untyped.struct_size = 0; /* as one that was read from a file */
    expect_refusals(&untyped, 0, BBOTS_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.message, "table \"nodes\" has no row struct"));
    expect_refusals(NULL, 0, BBOTS_INVALID_ARGUMENT);
    expect_refusals(&sample_nodes_table, UINT64_C(1) << 63, BBOTS_UNKNOWN_COLUMN);
    assert_status(bbots_record_get(txn, &sample_nodes_table, 99, &node, &fault),
                  BBOTS_UNKNOWN_INDEX);
    assert_int_equal(count_of(txn, &sample_nodes_table), 0);
}

static void a_failed_insert_leaves_the_struct(void **state)
{
    (void)state;
    sample_owners row = {.given = SAMPLE_OWNERS_ID | SAMPLE_OWNERS_CODE,
                         .id = 3,
                         .code = bbots_text_of("a"),
                         .score = 77};
    assert_ok(sample_owners_insert(txn, &row, &fault));
    sample_owners again = {.given = SAMPLE_OWNERS_ID | SAMPLE_OWNERS_CODE,
                           .id = 3,
                           .code = bbots_text_of("b"),
                           .score = 77};
    sample_owners kept = again;
    assert_status(sample_owners_insert(txn, &again, &fault), BBOTS_UNIQUE_VIOLATION);
    assert_memory_equal(&again, &kept, sizeof kept);
    assert_status(bbots_record_get(txn, &sample_owners_table, 9, &again, &fault),
                  BBOTS_UNKNOWN_INDEX);
}

static void users_and_what_belongs_to_them(void **state)
{
    (void)state;
    bbots_users user = {.given = BBOTS_USERS_EMAIL | BBOTS_USERS_NAME,
                        .email = bbots_text_of("ada@example.com"),
                        .name = bbots_text_of("Ada")};
    bbots_txn_set_now(txn, 1700000000000000);
    assert_ok(bbots_users_insert(txn, &user, &fault));
    assert_text(user.loginMethod, BBOTS_USERS_LOGIN_METHOD_EMAIL);
    assert_text(user.role, "user");
    assert_false(user.onboardingCompleted);
    assert_true(user.createdAt == 1700000000000000);
    assert_true((user.null & BBOTS_USERS_PASSWORD) != 0);
    bbots_user_profiles profile = {.given = BBOTS_USER_PROFILES_USER_ID |
                                            BBOTS_USER_PROFILES_GOALS |
                                            BBOTS_USER_PROFILES_GHL_API_KEY,
                                   .userId = user.id,
                                   .goals = bbots_json_of("[\"grow\"]"),
                                   .ghlApiKey = bbots_text_of("sealed")};
    assert_ok(bbots_user_profiles_insert(txn, &profile, &fault));
    assert_json(profile.goals, "[\"grow\"]");
    bbots_json goal;
    bbots_text word;
    assert_ok(bbots_json_get(profile.goals, "[0]", &goal));
    assert_ok(bbots_json_string(goal, &word));
    assert_text(word, "grow");
    bbots_txn_set_now(txn, 1700000001000000);
    profile.website = bbots_text_of("https://example.com");
    assert_ok(bbots_user_profiles_update(txn, &profile, BBOTS_USER_PROFILES_WEBSITE, &fault));
    assert_true(profile.updatedAt == 1700000001000000);
    assert_true(profile.createdAt == 1700000000000000);
    assert_status(bbots_users_delete(txn, user.id, NULL, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    bbots_sessions session = {.given = BBOTS_SESSIONS_ID | BBOTS_SESSIONS_USER_ID |
                                       BBOTS_SESSIONS_EXPIRES_AT,
                              .id = bbots_text_of("opaque"),
                              .userId = user.id,
                              .expiresAt = BBOTS_TIMESTAMP_INFINITY};
    assert_ok(bbots_sessions_insert(txn, &session, &fault));
    bbots_cursor *cursor;
    assert_ok(bbots_sessions_of_user_id(txn, user.id, (bbots_range){0}, &cursor, &fault));
    assert_ok(bbots_sessions_next(cursor, &session, &fault));
    assert_true(session.expiresAt == BBOTS_TIMESTAMP_INFINITY);
    assert_status(bbots_sessions_next(cursor, &session, &fault), BBOTS_END);
    bbots_cursor_close(cursor);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_type_goes_in_and_comes_out),
        TEST(nulls_go_in_and_come_out),
        TEST(an_insert_completes_the_struct),
        TEST(an_update_changes_the_columns_named_and_completes_the_struct),
        TEST(a_completed_struct_can_be_handed_back),
        TEST(an_upsert_takes_over_the_columns_named),
        TEST(keys_of_several_texts_and_their_rows),
        TEST(a_table_without_a_struct_and_columns_that_are_none_are_refused),
        TEST(a_failed_insert_leaves_the_struct),
        cmocka_unit_test_setup_teardown(users_and_what_belongs_to_them, setup_platform, teardown),
    };
    choose_tests();
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
