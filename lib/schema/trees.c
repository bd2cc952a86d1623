/*
 * trees.c - which index lives in which tree.
 *
 * Every tree costs a write for every row written and a handle for every transaction, and 24 of the
 * 110 documented indexes say nothing new: users_email_idx repeats a unique key, and
 * login_attempts_email_idx is the beginning of a longer one. All names stay, trees are shared:
 *
 * T1  Tree 0 is the primary key's and holds the rows.
 * T2  A unique index has a tree of its own, unless an earlier unique one (or the primary key) has
 *     the same columns in the same order.
 * T3  An index that is not unique and has exactly a unique one's columns uses that one's tree.
 * T4  Otherwise, when its columns begin those of another tree, it uses the first such tree. Which
 *     trees there are is settled first, so that (a) goes to (a, b, c) and not to (a, b), which is
 *     there itself.
 * T5  Anything else has a tree of its own.
 * T6  So has an index that tells what is repeated, the last ones; and that tree serves no other index,
 *     for it does not have all rows.
 *
 * No two other trees of a table have the same list of columns, so that a name made of them is unique.
 * Adding an index can make an older tree superfluous (T4): who brings a file to a new schema
 * compares names of trees, not of indexes.
 */
#include "base/hash.h"
#include "schema/build.h"
#include "schema/schema.h"

#include <stdio.h>
#include <string.h>

enum { NO_TREE = -1 };

typedef struct maker {
    bb_arena *arena;
    const char *table_name;
    const bbots_column *columns;
    bbots_tree *trees;
    unsigned tree_count;
} maker;

static bool same_columns(const bbots_index *a, const bbots_index *b)
{
    return a->column_count == b->column_count && schema_index_begins(a, b->columns,
                                                                     b->column_count);
}

static bool is_once(const bbots_index *index)
{
    return (index->flags & BBOTS_INDEX_ONCE) != 0;
}

/*
 * "users(email,loginMethod)", "calls(name) once"; longer than LMDB's names may be, a hash stands for
 * the columns.
 */
static const char *tree_name(const maker *make, const bbots_index *index)
{
    char name[BBOTS_NAME_MAX + BBOTS_KEY_COLUMNS_MAX * (BBOTS_NAME_MAX + 1) + 8];
    int length = snprintf(name, sizeof name, "%s", make->table_name);
    int start = length;
    for (unsigned i = 0; i < index->column_count; i++)
        length += snprintf(name + length, sizeof name - (size_t)length, "%c%s", i == 0 ? '(' : ',',
                           make->columns[index->columns[i]].name);
    length += snprintf(name + length, sizeof name - (size_t)length, ")%s",
                       is_once(index) ? " once" : "");
    if (length > SCHEMA_TREE_NAME_MAX) {
        uint64_t hash = bb_hash64(name + start, (size_t)(length - start));
        length = start + snprintf(name + start, sizeof name - (size_t)start, "(#%016llx)",
                                  (unsigned long long)hash);
    }
    return bb_arena_copy(make->arena, name, (size_t)length);
}

static bool add_tree(maker *make, bbots_index *index, const char *name)
{
    if (name == NULL)
        return false;
    bbots_tree *tree = &make->trees[make->tree_count];
    tree->name = name;
    tree->columns = index->columns;
    tree->column_count = index->column_count;
    tree->unique = (index->flags & BBOTS_INDEX_UNIQUE) != 0;
    index->tree = (uint8_t)make->tree_count++;
    return true;
}

/* The first tree whose columns begin with the index's; with exact, whose columns are these. */
static int tree_serving(const maker *make, const bbots_index *index, bool exact)
{
    for (unsigned i = 0; i < make->tree_count; i++) {
        const bbots_tree *tree = &make->trees[i];
        if (tree->column_count >= index->column_count &&
            (!exact || tree->column_count == index->column_count) &&
            memcmp(tree->columns, index->columns, index->column_count) == 0)
            return (int)i;
    }
    return NO_TREE;
}

/* T2 */
static bool place_unique(maker *make, bbots_index *index)
{
    int tree = tree_serving(make, index, true);
    if (tree == NO_TREE)
        return add_tree(make, index, tree_name(make, index));
    index->tree = (uint8_t)tree;
    return true;
}

/* Whether a plain index needs a tree: none of the unique trees, no longer index and no earlier one
 * like it has its columns. Only the unique ones' trees exist when this is asked. */
static bool stands_alone(const maker *make, const bbots_index *indexes, unsigned index_count,
                         unsigned at, unsigned unique_trees)
{
    const bbots_index *index = &indexes[at];
    int tree = tree_serving(make, index, false);
    if (tree != NO_TREE && (unsigned)tree < unique_trees)
        return false;
    for (unsigned i = 0; i < index_count; i++) {
        const bbots_index *other = &indexes[i];
        if (i == at || !schema_index_begins(other, index->columns, index->column_count))
            continue;
        if (!same_columns(other, index) || i < at)
            return false;
    }
    return true;
}

/* T3 before T4. */
static void share_tree(const maker *make, bbots_index *index)
{
    int tree = tree_serving(make, index, true);
    if (tree == NO_TREE)
        tree = tree_serving(make, index, false);
    index->tree = (uint8_t)tree;
}

unsigned schema_assign_trees(bb_arena *arena, const char *table_name, const bbots_column *columns,
                             bbots_index *indexes, unsigned index_count, bbots_tree *trees)
{
    maker make = {arena, table_name, columns, trees, 0};
    if (!add_tree(&make, &indexes[0], bb_arena_copy(arena, table_name, strlen(table_name))))
        return 0;
    for (unsigned i = 1; i < index_count; i++) {
        if ((indexes[i].flags & BBOTS_INDEX_UNIQUE) != 0 && !place_unique(&make, &indexes[i]))
            return 0;
    }
    unsigned unique_trees = make.tree_count;
    for (unsigned i = 1; i < index_count; i++) {
        if ((indexes[i].flags & BBOTS_INDEX_UNIQUE) == 0 && !is_once(&indexes[i]) &&
            stands_alone(&make, indexes, index_count, i, unique_trees) &&
            !add_tree(&make, &indexes[i], tree_name(&make, &indexes[i])))
            return 0;
    }
    for (unsigned i = 1; i < index_count; i++) {
        if ((indexes[i].flags & BBOTS_INDEX_UNIQUE) == 0 && !is_once(&indexes[i]))
            share_tree(&make, &indexes[i]);
    }
    for (unsigned i = 1; i < index_count; i++) {
        if (is_once(&indexes[i]) && !add_tree(&make, &indexes[i], tree_name(&make, &indexes[i])))
            return 0;
    }
    return make.tree_count;
}
