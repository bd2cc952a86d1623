/*
 * test_schema_serialize.c - a schema survives its serialized form, and nothing else gets through.
 *
 * A small schema with every kind of member is built by hand. What is proven: reading it back gives
 * the same descriptors; the same schema gives the same bytes; every truncation is refused; every
 * change of one byte is refused or gives a schema that has just these bytes; random bytes and
 * hostile counts are refused without large memory.
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

static const char *const roles[] = {"user", "admin", NULL};
static const bbots_column user_columns[] = {
    {.name = "id", .type = BBOTS_TYPE_INTEGER, .comment = "Number.", .unit = "",
     .flags = BBOTS_COLUMN_NOT_NULL | BBOTS_COLUMN_SERIAL},
    {.name = "email", .type = BBOTS_TYPE_VARCHAR, .length = 320, .comment = "Address, \xc3\xa4.",
     .unit = "", .flags = BBOTS_COLUMN_NOT_NULL},
    {.name = "role", .type = BBOTS_TYPE_TEXT, .comment = "", .unit = "", .usual = roles,
     .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = "it's\nnew"},
    {.name = "password", .type = BBOTS_TYPE_TEXT, .comment = "", .unit = "",
     .flags = BBOTS_COLUMN_SECRET | BBOTS_COLUMN_VAULT},
    {.name = "balance", .type = BBOTS_TYPE_DECIMAL, .length = 12, .scale = 4, .comment = "",
     .unit = "USD", .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = "0.5"},
    {.name = "updatedAt", .type = BBOTS_TYPE_TIMESTAMPTZ, .comment = "", .unit = "",
     .flags = BBOTS_COLUMN_UPDATED_AT, .default_kind = BBOTS_DEFAULT_NOW},
    {.name = "token", .type = BBOTS_TYPE_UUID, .comment = "", .unit = "",
     .default_kind = BBOTS_DEFAULT_UUID},
    {.name = "note", .type = BBOTS_TYPE_TEXT, .comment = "", .unit = "",
     .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = ""},
};
static const bbots_column line_columns[] = {
    {.name = "user", .type = BBOTS_TYPE_INTEGER, .comment = "", .unit = "",
     .flags = BBOTS_COLUMN_NOT_NULL},
    {.name = "number", .type = BBOTS_TYPE_BIGINT, .comment = "", .unit = "",
     .flags = BBOTS_COLUMN_NOT_NULL},
    {.name = "owner", .type = BBOTS_TYPE_TEXT, .comment = "", .unit = ""},
    {.name = "before_user", .type = BBOTS_TYPE_INTEGER, .comment = "", .unit = ""},
    {.name = "before_number", .type = BBOTS_TYPE_BIGINT, .comment = "", .unit = ""},
    {.name = "embedding", .type = BBOTS_TYPE_VECTOR, .length = 3, .comment = "", .unit = ""},
    {.name = "extra", .type = BBOTS_TYPE_JSONB, .comment = "", .unit = "",
     .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = "{}"},
};

#define NUMBERS(...) (const uint8_t[]){__VA_ARGS__}
#define COUNT(array) (uint16_t)(sizeof(array) / sizeof(array)[0])
enum { PRIMARY = BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT };

typedef struct sample {
    bb_arena arena;
    bbots_index user_indexes[4];
    bbots_index line_indexes[3];
    bbots_foreign_key line_keys[3];
    bbots_tree user_trees[5];
    bbots_tree line_trees[4];
    bbots_table users;
    bbots_table lines;
    bbots_table *tables[2];
    bbots_schema schema;
    const void *data;
    size_t size;
} sample;

static void fill_indexes(sample *made)
{
    const bbots_index users[] = {
        {"users_pkey", NUMBERS(0), 1, PRIMARY, 0},
        {"users_email_key", NUMBERS(1), 1, BBOTS_INDEX_UNIQUE | BBOTS_INDEX_CONSTRAINT, 0},
        {"users_email_idx", NUMBERS(1), 1, 0, 0},
        {"users_token_idx", NUMBERS(6, 2), 2, BBOTS_INDEX_UNIQUE, 0},
    };
    const bbots_index lines[] = {
        {"lines_pkey", NUMBERS(0, 1), 2, PRIMARY, 0},
        {"lines_owner_idx", NUMBERS(2), 1, 0, 0},
        {"lines_before_fkey", NUMBERS(3, 4), 2, BBOTS_INDEX_REFERENCE, 0},
    };
    const bbots_foreign_key keys[] = {
        {"lines_user_fkey", NUMBERS(0), NUMBERS(0), 0, 1, BBOTS_CASCADE, 0, 0},
        {"lines_owner_fkey", NUMBERS(2), NUMBERS(1), 0, 1, BBOTS_NO_ACTION, 0, 0},
        {"lines_before_fkey", NUMBERS(3, 4), NUMBERS(0, 1), 1, 2, BBOTS_SET_NULL, 0, 0},
    };
    /* The compound literals live only here: their numbers are copied. */
    memcpy(made->user_indexes, users, sizeof users);
    memcpy(made->line_indexes, lines, sizeof lines);
    memcpy(made->line_keys, keys, sizeof keys);
    for (unsigned i = 0; i < COUNT(users); i++)
        made->user_indexes[i].columns =
            bb_arena_copy(&made->arena, users[i].columns, users[i].column_count);
    for (unsigned i = 0; i < COUNT(lines); i++)
        made->line_indexes[i].columns =
            bb_arena_copy(&made->arena, lines[i].columns, lines[i].column_count);
    for (unsigned i = 0; i < COUNT(keys); i++) {
        bbots_foreign_key *key = &made->line_keys[i];
        key->columns = bb_arena_copy(&made->arena, key->columns, key->column_count);
        key->parent_columns = bb_arena_copy(&made->arena, key->parent_columns, key->column_count);
    }
}

static void build(sample *made)
{
    bbots_reference fault;
    memset(made, 0, sizeof *made);
    bb_arena_init(&made->arena);
    fill_indexes(made);
    made->users = (bbots_table){.name = "users", .comment = "People.", .columns = user_columns,
                                .column_count = COUNT(user_columns),
                                .indexes = made->user_indexes, .index_count = 4,
                                .trees = made->user_trees};
    made->lines = (bbots_table){.name = "lines", .comment = "", .columns = line_columns,
                                .column_count = COUNT(line_columns),
                                .indexes = made->line_indexes, .index_count = 3,
                                .foreign_keys = made->line_keys, .foreign_key_count = 3,
                                .trees = made->line_trees};
    made->users.tree_count = (uint16_t)schema_assign_trees(
        &made->arena, "users", user_columns, made->user_indexes, 4, made->user_trees);
    made->lines.tree_count = (uint16_t)schema_assign_trees(
        &made->arena, "lines", line_columns, made->line_indexes, 3, made->line_trees);
    made->tables[0] = &made->users;
    made->tables[1] = &made->lines;
    assert_int_equal(schema_link(&made->arena, made->tables, 2, &fault), BBOTS_OK);
    made->schema.name = "sample";
    made->schema.tables = (const bbots_table *const *)made->tables;
    made->schema.table_count = 2;
    assert_int_equal(schema_serialize(&made->arena, &made->schema, &made->data, &made->size, NULL),
                     BBOTS_OK);
    made->schema.fingerprint = schema_fingerprint(made->data, made->size);
}

static int setup(void **state)
{
    sample *made = malloc(sizeof *made);
    build(made);
    *state = made;
    return 0;
}

static int teardown(void **state)
{
    sample *made = *state;
    bb_arena_free(&made->arena);
    free(made);
    return 0;
}

static void same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void same_column(const bbots_column *a, const bbots_column *b)
{
    same_text(a->name, b->name);
    same_text(a->comment, b->comment);
    same_text(a->unit, b->unit);
    same_text(a->default_text, b->default_text);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->length, b->length);
    assert_int_equal(a->scale, b->scale);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->default_kind, b->default_kind);
    assert_int_equal(a->field, 0);
    assert_int_equal(a->usual == NULL, b->usual == NULL);
    for (size_t i = 0; a->usual != NULL && (a->usual[i] != NULL || b->usual[i] != NULL); i++)
        same_text(a->usual[i], b->usual[i]);
}

static void same_index(const bbots_index *a, const bbots_index *b)
{
    same_text(a->name, b->name);
    assert_int_equal(a->flags, b->flags);
    assert_int_equal(a->tree, b->tree);
    assert_int_equal(a->column_count, b->column_count);
    assert_memory_equal(a->columns, b->columns, a->column_count);
}

static void same_tree(const bbots_tree *a, const bbots_tree *b)
{
    same_text(a->name, b->name);
    assert_int_equal(a->unique, b->unique);
    assert_int_equal(a->column_count, b->column_count);
    assert_memory_equal(a->columns, b->columns, a->column_count);
}

static void same_key(const bbots_foreign_key *a, const bbots_foreign_key *b)
{
    same_text(a->name, b->name);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->on_delete, b->on_delete);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->parent_index, b->parent_index);
    assert_int_equal(a->column_count, b->column_count);
    assert_memory_equal(a->columns, b->columns, a->column_count);
    assert_memory_equal(a->parent_columns, b->parent_columns, a->column_count);
}

static void same_table(const bbots_table *a, const bbots_table *b)
{
    same_text(a->name, b->name);
    same_text(a->comment, b->comment);
    assert_int_equal(a->struct_size, 0);
    assert_int_equal(a->column_count, b->column_count);
    for (unsigned i = 0; i < a->column_count; i++)
        same_column(&a->columns[i], &b->columns[i]);
    assert_int_equal(a->index_count, b->index_count);
    for (unsigned i = 0; i < a->index_count; i++)
        same_index(&a->indexes[i], &b->indexes[i]);
    assert_int_equal(a->tree_count, b->tree_count);
    for (unsigned i = 0; i < a->tree_count; i++)
        same_tree(&a->trees[i], &b->trees[i]);
    assert_int_equal(a->foreign_key_count, b->foreign_key_count);
    for (unsigned i = 0; i < a->foreign_key_count; i++)
        same_key(&a->foreign_keys[i], &b->foreign_keys[i]);
    assert_int_equal(a->reference_count, b->reference_count);
    for (unsigned i = 0; i < a->reference_count; i++)
        assert_memory_equal(&a->references[i], &b->references[i], sizeof a->references[i]);
}

static void test_read_back_it_is_the_same(void **state)
{
    sample *made = *state;
    const bbots_schema *back;
    bbots_error error = {0};
    assert_int_equal(schema_deserialize(&made->arena, made->data, made->size, &back, &error),
                     BBOTS_OK);
    assert_string_equal(back->name, "sample");
    assert_int_equal(back->table_count, 2);
    for (unsigned i = 0; i < 2; i++)
        same_table(back->tables[i], made->schema.tables[i]);
    assert_memory_equal(&back->fingerprint, &made->schema.fingerprint, sizeof back->fingerprint);
}

static void test_links_are_found(void **state)
{
    sample *made = *state;
    assert_int_equal(made->line_keys[0].index, 0);
    assert_int_equal(made->line_keys[1].parent_index, 1);
    assert_int_equal(made->line_keys[2].index, 2);
    assert_int_equal(made->users.reference_count, 2);
    assert_int_equal(made->lines.reference_count, 1); /* its own */
    assert_int_equal(made->lines.references[0].foreign_key, 2);
}

static void test_same_schema_same_bytes(void **state)
{
    sample *made = *state;
    sample other;
    build(&other);
    assert_int_equal(other.size, made->size);
    assert_memory_equal(other.data, made->data, made->size);
    bb_arena_free(&other.arena);
}

static void test_the_fingerprint_follows_every_comment(void **state)
{
    sample *made = *state;
    sample other;
    const void *data;
    size_t size;
    build(&other);
    other.users.comment = "Persons.";
    assert_int_equal(schema_serialize(&other.arena, &other.schema, &data, &size, NULL), BBOTS_OK);
    bbots_fingerprint changed = schema_fingerprint(data, size);
    assert_memory_not_equal(&changed, &made->schema.fingerprint, sizeof changed);
    bb_arena_free(&other.arena);
}

/* Bytes that are read must be refused, or be the one form of what they give. */
static bool accepted(const uint8_t *data, size_t size)
{
    bb_arena arena;
    const bbots_schema *schema = NULL;
    const void *again;
    size_t again_size;
    bbots_error error = {0};
    bb_arena_init(&arena);
    int status = schema_deserialize(&arena, data, size, &schema, &error);
    if (status == BBOTS_OK) {
        assert_int_equal(schema_serialize(&arena, schema, &again, &again_size, NULL), BBOTS_OK);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, data, size);
    } else {
        assert_int_equal(status, BBOTS_CORRUPTED);
        assert_int_equal(error.code, BBOTS_CORRUPTED);
        assert_true(error.message[0] != '\0');
    }
    bb_arena_free(&arena);
    return status == BBOTS_OK;
}

static void test_every_truncation_is_refused(void **state)
{
    sample *made = *state;
    for (size_t size = 0; size < made->size; size++) {
        uint8_t *cut = malloc(size + (size == 0)); /* so that reading past it is seen */
        memcpy(cut, made->data, size);
        assert_false(accepted(cut, size));
        free(cut);
    }
}

static void test_a_byte_more_is_refused(void **state)
{
    sample *made = *state;
    uint8_t *longer = calloc(1, made->size + 1);
    memcpy(longer, made->data, made->size);
    assert_false(accepted(longer, made->size + 1));
    free(longer);
}

static void test_every_changed_byte_is_refused_or_makes_sense(void **state)
{
    sample *made = *state;
    uint8_t *changed = malloc(made->size);
    size_t refused = 0;
    for (size_t i = 0; i < made->size; i++) {
        for (unsigned bit = 0; bit < 9; bit++) {
            memcpy(changed, made->data, made->size);
            changed[i] = (uint8_t)(bit < 8 ? changed[i] ^ 1U << bit : 0xff);
            refused += !accepted(changed, made->size);
        }
    }
    assert_true(refused > made->size); /* most are; letters in comments are not */
    free(changed);
}

static void test_every_missing_byte_is_refused_or_makes_sense(void **state)
{
    sample *made = *state;
    uint8_t *changed = malloc(made->size);
    for (size_t i = 0; i < made->size; i++) {
        memcpy(changed, made->data, i);
        memcpy(changed + i, (const uint8_t *)made->data + i + 1, made->size - i - 1);
        accepted(changed, made->size - 1);
    }
    free(changed);
}

static void test_hostile_counts_are_refused(void **state)
{
    (void)state;
    static const uint8_t map[] = {0xdf, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t tables[] = "\x83\xa6" "format\x01\xa4" "name\xa1" "x\xa6" "tables"
                                    "\xdd\xff\xff\xff\xff";
    static const uint8_t string[] = "\x83\xa6" "format\x01\xa4" "name\xdb\xff\xff\xff\xff";
    static const uint8_t other_format[] = "\x83\xa6" "format\x02\xa4" "name\xa1" "x\xa6" "tables"
                                          "\x90";
    assert_false(accepted(map, sizeof map));
    assert_false(accepted(tables, sizeof tables - 1));
    assert_false(accepted(string, sizeof string - 1));
    assert_false(accepted(other_format, sizeof other_format - 1));
}

static void test_random_bytes_are_refused(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252U; /* xorshift64: the same bytes in every run */
    uint8_t bytes[64];
    for (unsigned round = 0; round < 20000; round++) {
        for (unsigned i = 0; i < sizeof bytes; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            bytes[i] = (uint8_t)seed;
        }
        assert_false(accepted(bytes, round % sizeof bytes));
    }
}

static void test_names_are_looked_up(void **state)
{
    sample *made = *state;
    uint32_t number = 99;
    assert_ptr_equal(bbots_schema_table(&made->schema, "lines", &number), &made->lines);
    assert_int_equal(number, 1);
    assert_null(bbots_schema_table(&made->schema, "line", NULL));
    assert_int_equal(bbots_table_column(&made->users, bbots_text_of("role")), 2);
    assert_int_equal(bbots_table_column(&made->users, bbots_text_of("rol")), -1);
    assert_int_equal(bbots_table_column(&made->users, bbots_text_of(NULL)), -1);
    assert_int_equal(bbots_table_index(&made->users, "users_email_idx"), 2);
    assert_int_equal(bbots_table_index(&made->users, "users"), -1);
    assert_int_equal(bbots_table_unique_index(&made->lines, NUMBERS(1, 0), 2), 0);
    assert_int_equal(bbots_table_unique_index(&made->lines, NUMBERS(0), 1), -1);
    assert_int_equal(bbots_table_unique_index(&made->lines, NUMBERS(2), 1), -1);
}

static void test_types_are_written_as_postgresql_does(void **state)
{
    sample *made = *state;
    char text[40];
    assert_int_equal(bbots_column_type_text(&made->users.columns[0], text), 6);
    assert_string_equal(text, "serial");
    bbots_column_type_text(&made->users.columns[1], text);
    assert_string_equal(text, "varchar(320)");
    bbots_column_type_text(&made->users.columns[4], text);
    assert_string_equal(text, "decimal(12,4)");
    bbots_column_type_text(&made->users.columns[5], text);
    assert_string_equal(text, "timestamp with time zone");
    bbots_column_type_text(&made->lines.columns[5], text);
    assert_string_equal(text, "vector(3)");
}

static void test_sql_says_it_all(void **state)
{
    sample *made = *state;
    char *sql;
    size_t size;
    assert_int_equal(bbots_schema_sql(&made->schema, &made->users, &sql, &size), BBOTS_OK);
    assert_int_equal(strlen(sql), size);
    assert_string_equal(
        sql, "CREATE TABLE users ( -- People.\n"
             "    id serial, -- Number.\n"
             "    email varchar(320) NOT NULL, -- Address, \xc3\xa4.\n"
             "    role text DEFAULT 'it''s\nnew', -- [values: user, admin]\n"
             "    password text, -- [secret] [vault]\n"
             "    balance decimal(12,4) DEFAULT 0.5, -- [unit: USD]\n"
             "    \"updatedAt\" timestamp with time zone DEFAULT CURRENT_TIMESTAMP,\n"
             "    token uuid DEFAULT (gen_random_uuid()),\n"
             "    note text DEFAULT '',\n"
             "    PRIMARY KEY (id),\n"
             "    UNIQUE (email)\n"
             ");\n"
             "CREATE INDEX users_email_idx ON users (email);\n"
             "CREATE UNIQUE INDEX users_token_idx ON users (token, role);\n");
    free(sql);
    assert_int_equal(bbots_schema_sql(&made->schema, &made->lines, &sql, &size), BBOTS_OK);
    assert_non_null(strstr(sql, "    \"user\" integer NOT NULL,\n"));
    assert_non_null(strstr(sql, ",\n    FOREIGN KEY (before_user, before_number) REFERENCES lines "
                                "(\"user\", number) ON DELETE SET NULL\n"));
    free(sql);
}

/* Names that SQL does not take bare, a default that is no number, and a comment of tags alone. */
static void test_sql_of_odd_names(void **state)
{
    static const bbots_column columns[] = {
        {.name = "1st", .type = BBOTS_TYPE_INTEGER, .comment = "", .unit = "",
         .flags = BBOTS_COLUMN_NOT_NULL},
        {.name = "select", .type = BBOTS_TYPE_REAL, .comment = "", .unit = "",
         .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = "Infinity"},
        {.name = "x9", .type = BBOTS_TYPE_BOOLEAN, .comment = "", .unit = "",
         .default_kind = BBOTS_DEFAULT_LITERAL, .default_text = "true"},
    };
    const bbots_index indexes[] = {
        {"odd_pkey", NUMBERS(0), 1, PRIMARY, 0},
        {"odd_once", NUMBERS(2), 1, BBOTS_INDEX_ONCE, 0},
        {"odd_queue", NUMBERS(1, 2), 2, BBOTS_INDEX_QUEUE, 0},
    };
    const bbots_table table = {.name = "0dd", .comment = "", .columns = columns,
                                      .indexes = indexes, .column_count = COUNT(columns),
                                      .index_count = COUNT(indexes)};
    const bbots_table *const tables[] = {&table};
    const bbots_schema schema = {.name = "odd", .tables = tables, .table_count = 1};
    char *sql;
    size_t size;
    (void)state;
    assert_int_equal(bbots_schema_sql(&schema, NULL, &sql, &size), BBOTS_OK);
    assert_string_equal(sql, "CREATE TABLE \"0dd\" ( -- [once: x9] [queue: select, x9]\n"
                             "    \"1st\" integer NOT NULL,\n"
                             "    \"select\" real DEFAULT 'Infinity',\n"
                             "    x9 boolean DEFAULT true,\n"
                             "    PRIMARY KEY (\"1st\")\n"
                             ");\n");
    free(sql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read_back_it_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_schema_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_fingerprint_follows_every_comment, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_byte_more_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_changed_byte_is_refused_or_makes_sense, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_every_missing_byte_is_refused_or_makes_sense, setup,
                                        teardown),
        cmocka_unit_test(test_hostile_counts_are_refused),
        cmocka_unit_test(test_random_bytes_are_refused),
        cmocka_unit_test_setup_teardown(test_names_are_looked_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types_are_written_as_postgresql_does, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_sql_says_it_all, setup, teardown),
        cmocka_unit_test(test_sql_of_odd_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
