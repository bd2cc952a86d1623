/*
 * test_schema_compare.c - which changes of a schema leave stored rows readable, and which do not.
 *
 * Two equal schemas are made; a test changes one of them and says what the comparison must answer
 * (rules M1 to M3 of lib/schema/compare.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "schema/build.h"
#include "schema/schema.h"

#include <string.h>

enum { PRIMARY = BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT };

static const uint8_t zero[] = {0};
static const uint8_t one[] = {1};
static const uint8_t two[] = {2};
static const uint8_t three[] = {3};

/* Two tables, "users" and "notes"; a note belongs to a user. There is room for one more of all. */
typedef struct sample {
    bbots_column columns[2][4];
    bbots_index indexes[2][3];
    bbots_foreign_key keys[2];
    bbots_table tables[3];
    const bbots_table *pointers[3];
    bbots_schema schema;
} sample;

static sample old;
static sample new_one;

static void build(sample *made)
{
    static const bbots_column id = {.name = "id", .type = BBOTS_TYPE_INTEGER, .comment = "",
                                    .unit = "", .flags = BBOTS_COLUMN_NOT_NULL};
    memset(made, 0, sizeof *made);
    for (unsigned i = 0; i < 2; i++) {
        made->columns[i][0] = id;
        made->columns[i][1] = id;
        made->columns[i][2] = id;
        made->columns[i][1].name = i == 0 ? "age" : "user";
        made->columns[i][2].name = "name";
        made->columns[i][2].type = BBOTS_TYPE_VARCHAR;
        made->columns[i][2].length = 20;
        made->columns[i][3] = made->columns[i][2]; /* behind column_count */
        made->columns[i][3].name = "extra";
        made->indexes[i][0] = (bbots_index){i == 0 ? "users_pkey" : "notes_pkey", zero, 1, PRIMARY,
                                            0};
        made->indexes[i][1] = (bbots_index){"name_idx", two, 1, 0, 1};
        made->tables[i] = (bbots_table){.name = i == 0 ? "users" : "notes", .comment = "",
                                        .columns = made->columns[i], .column_count = 3,
                                        .indexes = made->indexes[i], .index_count = 2};
        made->pointers[i] = &made->tables[i];
    }
    made->indexes[1][2] = (bbots_index){"notes_user_fkey", one, 1, BBOTS_INDEX_REFERENCE, 2};
    made->tables[1].index_count = 3;
    made->keys[0] = (bbots_foreign_key){"notes_user_fkey", one, zero, 0, 1, BBOTS_CASCADE, 2, 0};
    made->keys[1] = (bbots_foreign_key){"notes_extra_fkey", three, zero, 0, 1, BBOTS_CASCADE, 2, 0};
    made->tables[1].foreign_keys = made->keys;
    made->tables[1].foreign_key_count = 1;
    made->tables[2] = made->tables[0];
    made->tables[2].name = "more";
    made->pointers[2] = &made->tables[2];
    made->schema = (bbots_schema){"sample", made->pointers, 2, {{0}}};
}

static int setup(void **state)
{
    (void)state;
    build(&old);
    build(&new_one);
    return 0;
}

static void expect(int status)
{
    assert_int_equal(schema_compare(&old.schema, &new_one.schema, NULL), status);
}

/* A mismatch whose message has these words and whose object has these names. */
static void expect_mismatch(const char *words, const char *table, const char *column,
                            const char *constraint)
{
    bbots_error error;
    memset(&error, 0, sizeof error);
    assert_int_equal(schema_compare(&old.schema, &new_one.schema, &error), BBOTS_SCHEMA_MISMATCH);
    assert_non_null(strstr(error.message, words));
    assert_string_equal(error.table, table);
    assert_string_equal(error.column, column);
    assert_string_equal(error.constraint, constraint);
}

static void test_equal_is_unchanged(void **state)
{
    (void)state;
    expect(BBOTS_UNCHANGED);
}

static void test_comments_units_and_values_do_not_count(void **state)
{
    (void)state;
    static const char *const usual[] = {"a", NULL};
    new_one.columns[0][1].comment = "In years.";
    new_one.columns[0][1].unit = "years";
    new_one.columns[0][2].usual = usual;
    new_one.tables[0].comment = "People.";
    expect(BBOTS_UNCHANGED);
}

static void test_a_table_may_come(void **state)
{
    (void)state;
    new_one.schema.table_count = 3;
    expect(BBOTS_OK);
}

static void test_no_table_may_go_or_move(void **state)
{
    (void)state;
    new_one.schema.table_count = 1;
    expect_mismatch("missing", "notes", "", "");
    new_one.schema.table_count = 2;
    new_one.pointers[0] = &new_one.tables[1];
    new_one.pointers[1] = &new_one.tables[0];
    new_one.keys[0].parent = 1;
    expect_mismatch("moved", "notes", "", "");
}

static void test_another_name_is_another_schema(void **state)
{
    (void)state;
    new_one.schema.name = "other";
    expect_mismatch("\"sample\"", "", "", "");
}

static void test_a_nullable_column_may_come(void **state)
{
    (void)state;
    new_one.tables[0].column_count = 4;
    new_one.columns[0][3].flags = 0;
    expect(BBOTS_OK);
}

static void test_a_column_with_a_literal_default_may_come(void **state)
{
    (void)state;
    new_one.tables[0].column_count = 4;
    new_one.columns[0][3].default_kind = BBOTS_DEFAULT_LITERAL;
    new_one.columns[0][3].default_text = "x";
    expect(BBOTS_OK);
}

static void test_no_column_may_come_that_old_rows_lack(void **state)
{
    (void)state;
    new_one.tables[0].column_count = 4;
    expect_mismatch("must have a value", "users", "extra", "");
    new_one.columns[0][3].default_kind = BBOTS_DEFAULT_NOW;
    expect_mismatch("must have a value", "users", "extra", "");
}

static void test_no_column_may_go_move_or_change(void **state)
{
    (void)state;
    new_one.tables[0].column_count = 2;
    expect_mismatch("missing", "users", "name", "");
    build(&new_one);
    new_one.columns[0][1] = old.columns[0][2];
    new_one.columns[0][2] = old.columns[0][1];
    expect_mismatch("moved", "users", "age", "");
    build(&new_one);
    new_one.columns[0][2].length = 21;
    expect_mismatch("changed", "users", "name", "");
    build(&new_one);
    new_one.columns[0][1].type = BBOTS_TYPE_BIGINT;
    expect_mismatch("changed", "users", "age", "");
    build(&new_one);
    new_one.columns[0][1].flags = 0;
    expect_mismatch("changed", "users", "age", "");
    build(&new_one);
    new_one.columns[0][2].default_kind = BBOTS_DEFAULT_LITERAL;
    new_one.columns[0][2].default_text = "x";
    expect_mismatch("changed", "users", "name", "");
}

/* What a column is made of, each part by itself; texts are compared, not where they lie. */
static void test_each_part_of_a_column_counts(void **state)
{
    (void)state;
    char same[] = "7";
    old.columns[0][1].default_kind = new_one.columns[0][1].default_kind = BBOTS_DEFAULT_LITERAL;
    old.columns[0][1].default_text = "7";
    new_one.columns[0][1].default_text = same;
    expect(BBOTS_UNCHANGED);
    new_one.columns[0][1].default_text = "8";
    expect_mismatch("changed", "users", "age", "");
    new_one.columns[0][1].default_text = NULL;
    expect_mismatch("changed", "users", "age", "");
    old.columns[0][1].default_text = NULL;
    expect(BBOTS_UNCHANGED);
    new_one.columns[0][1].default_text = "7";
    expect_mismatch("changed", "users", "age", "");
    build(&old);
    build(&new_one);
    new_one.columns[0][1].scale = 1;
    expect_mismatch("changed", "users", "age", "");
    /* The first thing that is wrong is told, whatever else is new. */
    new_one.tables[0].column_count = 4;
    expect_mismatch("changed", "users", "age", "");
}

static void test_each_part_of_an_index_counts(void **state)
{
    static const uint8_t both[] = {2, 1};
    (void)state;
    new_one.indexes[0][1].columns = both;
    new_one.indexes[0][1].column_count = 2;
    expect_mismatch("changed", "users", "", "name_idx");
    build(&new_one);
    new_one.indexes[0][1].columns = one;
    expect_mismatch("changed", "users", "", "name_idx");
    build(&new_one);
    new_one.indexes[1][1].flags = BBOTS_INDEX_UNIQUE; /* of three the second one */
    expect_mismatch("changed", "notes", "", "name_idx");
}

static void test_each_part_of_a_foreign_key_counts(void **state)
{
    static const uint8_t both[] = {1, 2};
    (void)state;
    old.tables[1].foreign_key_count = new_one.tables[1].foreign_key_count = 2;
    old.tables[1].column_count = new_one.tables[1].column_count = 4;
    expect(BBOTS_UNCHANGED);
    new_one.keys[0].columns = both;
    new_one.keys[0].column_count = 2;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
    new_one.keys[0] = old.keys[0];
    new_one.keys[0].columns = two;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
    new_one.keys[0] = old.keys[0];
    new_one.keys[0].parent_columns = one;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
    new_one.keys[0] = old.keys[0];
    new_one.keys[0].on_delete = BBOTS_SET_NULL;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
    new_one.keys[0] = old.keys[0];
    new_one.keys[0].parent = 1;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
}

static void test_an_index_may_come(void **state)
{
    (void)state;
    new_one.indexes[0][2] = (bbots_index){"age_idx", one, 1, 0, 2};
    new_one.tables[0].index_count = 3;
    expect(BBOTS_OK);
}

static void test_no_index_may_go_or_change(void **state)
{
    (void)state;
    new_one.tables[0].index_count = 1;
    expect_mismatch("missing", "users", "", "name_idx");
    build(&new_one);
    new_one.indexes[0][1].columns = one;
    expect_mismatch("changed", "users", "", "name_idx");
    build(&new_one);
    new_one.indexes[0][1].flags = BBOTS_INDEX_UNIQUE;
    expect_mismatch("changed", "users", "", "name_idx");
}

static void test_a_foreign_keys_own_index_may_give_way(void **state)
{
    (void)state;
    new_one.indexes[1][2] = (bbots_index){"user_idx", one, 1, 0, 2};
    expect(BBOTS_OK);
}

static void test_no_foreign_key_may_go_or_change(void **state)
{
    (void)state;
    new_one.keys[0].on_delete = BBOTS_SET_NULL;
    expect_mismatch("changed", "notes", "", "notes_user_fkey");
    build(&new_one);
    new_one.tables[1].foreign_key_count = 0;
    expect_mismatch("missing", "notes", "", "notes_user_fkey");
}

static void test_a_foreign_key_may_come_on_a_new_nullable_column(void **state)
{
    (void)state;
    new_one.tables[1].column_count = 4;
    new_one.columns[1][3].flags = 0;
    new_one.columns[1][3].type = BBOTS_TYPE_INTEGER;
    new_one.tables[1].foreign_key_count = 2;
    expect(BBOTS_OK);
    new_one.keys[1].columns = zero;
    expect_mismatch("columns of old rows", "notes", "", "notes_extra_fkey");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_equal_is_unchanged, setup),
        cmocka_unit_test_setup(test_comments_units_and_values_do_not_count, setup),
        cmocka_unit_test_setup(test_a_table_may_come, setup),
        cmocka_unit_test_setup(test_no_table_may_go_or_move, setup),
        cmocka_unit_test_setup(test_another_name_is_another_schema, setup),
        cmocka_unit_test_setup(test_a_nullable_column_may_come, setup),
        cmocka_unit_test_setup(test_a_column_with_a_literal_default_may_come, setup),
        cmocka_unit_test_setup(test_no_column_may_come_that_old_rows_lack, setup),
        cmocka_unit_test_setup(test_no_column_may_go_move_or_change, setup),
        cmocka_unit_test_setup(test_each_part_of_a_column_counts, setup),
        cmocka_unit_test_setup(test_each_part_of_an_index_counts, setup),
        cmocka_unit_test_setup(test_each_part_of_a_foreign_key_counts, setup),
        cmocka_unit_test_setup(test_an_index_may_come, setup),
        cmocka_unit_test_setup(test_no_index_may_go_or_change, setup),
        cmocka_unit_test_setup(test_a_foreign_keys_own_index_may_give_way, setup),
        cmocka_unit_test_setup(test_no_foreign_key_may_go_or_change, setup),
        cmocka_unit_test_setup(test_a_foreign_key_may_come_on_a_new_nullable_column, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
