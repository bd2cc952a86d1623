/*
 * test_schema_trees.c - indexes share trees by the rules T1 to T6 of lib/schema/trees.c.
 *
 * Each case is written as the columns of its indexes in letters, unique ones marked with '!', one
 * that tells what is repeated with '?', the primary key first, and the columns of the tree that must serve each.
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

enum { COLUMNS = 8, INDEXES = 8 };

static bbots_column columns[COLUMNS];
static const char *const letters[COLUMNS] = {"a", "b", "c", "d", "e", "f", "g", "h"};

typedef struct made {
    bb_arena arena;
    bbots_index indexes[INDEXES];
    uint8_t numbers[INDEXES][BBOTS_KEY_COLUMNS_MAX];
    bbots_tree trees[INDEXES + 1];
    unsigned index_count;
    unsigned tree_count;
} made;

/* "a ab !b": three indexes, the last one unique. */
static void make(made *make, const char *description)
{
    memset(make, 0, sizeof *make);
    bb_arena_init(&make->arena);
    for (unsigned i = 0; i < COLUMNS; i++)
        columns[i].name = letters[i];
    for (const char *at = description; *at != '\0'; make->index_count++) {
        bbots_index *index = &make->indexes[make->index_count];
        uint8_t *numbers = make->numbers[make->index_count];
        index->columns = numbers;
        index->flags = make->index_count == 0 ? BBOTS_INDEX_PRIMARY | BBOTS_INDEX_UNIQUE : 0;
        for (; *at != '\0' && *at != ' '; at++) {
            if (*at == '!' || *at == '?')
                index->flags = *at == '!' ? BBOTS_INDEX_UNIQUE : BBOTS_INDEX_ONCE;
            else
                numbers[index->column_count++] = (uint8_t)(*at - 'a');
        }
        at += *at == ' ';
    }
    make->tree_count = schema_assign_trees(&make->arena, "t", columns, make->indexes,
                                           make->index_count, make->trees);
}

/* Writes the trees that serve the indexes, as letters, and compares. */
static void expect(const char *description, const char *served, unsigned tree_count)
{
    made result;
    char text[100] = "";
    make(&result, description);
    for (unsigned i = 0; i < result.index_count; i++) {
        const bbots_tree *tree = &result.trees[result.indexes[i].tree];
        strcat(text, i == 0 ? "" : " ");
        strcat(text, tree->unique ? "!" : "");
        for (unsigned k = 0; k < tree->column_count; k++)
            strcat(text, letters[tree->columns[k]]);
    }
    assert_string_equal(text, served);
    assert_int_equal(result.tree_count, tree_count);
    bb_arena_free(&result.arena);
}

static void test_rows_are_in_tree_zero(void **state)
{
    (void)state;
    expect("a", "!a", 1);
    expect("ab", "!ab", 1);
    expect("a b", "!a b", 2);
}

static void test_unique_indexes_have_their_own_trees(void **state)
{
    (void)state;
    expect("a !b !c", "!a !b !c", 3);
    expect("a !bc !b", "!a !bc !b", 3); /* (b) must be unique by itself */
    expect("a !bc !cb", "!a !bc !cb", 3);
    expect("a !b !b", "!a !b !b", 2);
    expect("a !a", "!a !a", 1);
}

static void test_a_plain_index_on_a_unique_key_uses_its_tree(void **state)
{
    (void)state;
    expect("a b !b", "!a !b !b", 2);
    expect("a !b b bc", "!a !b !b bc", 3);
    expect("a a", "!a !a", 1);
}

static void test_a_prefix_uses_the_longer_tree(void **state)
{
    (void)state;
    expect("a b bc", "!a bc bc", 2);
    expect("a bcd b bc", "!a bcd bcd bcd", 2);
    expect("a b bc bcd", "!a bcd bcd bcd", 2);
    expect("a b !bc", "!a !bc !bc", 2);
    expect("ab a", "!ab !ab", 1);
    expect("ab b", "!ab b", 2);
    expect("a b bd bc", "!a bd bd bc", 3);
}

static void test_equal_plain_indexes_share(void **state)
{
    (void)state;
    expect("a b b", "!a b b", 2);
    expect("a bc bc b", "!a bc bc bc", 2);
}

static void test_what_is_repeated_has_a_last_tree(void **state)
{
    (void)state;
    expect("a ?b", "!a b", 2);
    expect("a ?b b", "!a b b", 3);
    expect("a ?b bc", "!a b bc", 3);
    expect("a ?b !b", "!a b !b", 3);
    made result;
    make(&result, "a ?b b");
    assert_int_equal(result.indexes[1].tree, 2);
    assert_string_equal(result.trees[1].name, "t(b)");
    assert_string_equal(result.trees[2].name, "t(b) once");
    bb_arena_free(&result.arena);
}

static void test_names_tell_table_and_columns(void **state)
{
    (void)state;
    made result;
    make(&result, "a !bc d");
    assert_string_equal(result.trees[0].name, "t");
    assert_string_equal(result.trees[1].name, "t(b,c)");
    assert_string_equal(result.trees[2].name, "t(d)");
    bb_arena_free(&result.arena);
}

static void test_long_names_are_cut_and_stay_apart(void **state)
{
    (void)state;
    static char names[COLUMNS][BBOTS_NAME_MAX + 1];
    made result;
    make(&result, "a bcdefgh bcdefhg");
    for (unsigned i = 0; i < COLUMNS; i++) {
        memset(names[i], 'a' + (int)i, BBOTS_NAME_MAX);
        columns[i].name = names[i];
    }
    result.tree_count = schema_assign_trees(&result.arena, "t", columns, result.indexes,
                                            result.index_count, result.trees);
    assert_int_equal(result.tree_count, 3);
    assert_true(strlen(result.trees[1].name) <= SCHEMA_TREE_NAME_MAX);
    assert_memory_equal(result.trees[1].name, "t(#", 3);
    assert_string_not_equal(result.trees[1].name, result.trees[2].name);
    bb_arena_free(&result.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_in_tree_zero),
        cmocka_unit_test(test_unique_indexes_have_their_own_trees),
        cmocka_unit_test(test_a_plain_index_on_a_unique_key_uses_its_tree),
        cmocka_unit_test(test_a_prefix_uses_the_longer_tree),
        cmocka_unit_test(test_equal_plain_indexes_share),
        cmocka_unit_test(test_what_is_repeated_has_a_last_tree),
        cmocka_unit_test(test_names_tell_table_and_columns),
        cmocka_unit_test(test_long_names_are_cut_and_stay_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
