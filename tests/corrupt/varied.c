/*
 * tests/corrupt/varied.c - the large file of bitflip: a little more than a MiB, with all kinds of pages, so that
 * a flip costs little and a million of them come near most bits.
 */
#include "corrupt.h"

#include <bbots/varied.h>
#include <pages/page.h>

#define OWNERS   &varied_owners_table
#define READINGS &varied_readings_table
#define LETTERS  &varied_letters_table
#define BEGIN    INT64_C(1767225600000000) /* 2026-01-01 */
#define DAY      INT64_C(86400000000)

/* ------------------------------------------------------------------ rows */

typedef struct new_row {
    bbots_txn *txn;
    const bbots_table *table;
    bbots_value values[BBOTS_COLUMNS_MAX];
    uint64_t given;
} new_row;

static void set(new_row *row, const char *name, bbots_value value)
{
    int column = bbots_table_column(row->table, bbots_text_of(name));
    demand(column >= 0, name, NULL);
    row->values[column] = value;
    row->given |= BBOTS_COLUMN_BIT(column);
}

/* An owner that was deleted has nothing: that is no failure. */
static void insert(const new_row *row)
{
    bbots_error error;
    int rc = bbots_insert(row->txn, row->table, row->values, row->given, NULL, &error);
    demand(rc == BBOTS_OK || rc == BBOTS_FOREIGN_KEY_VIOLATION, "insert", &error);
}

static void delete_some(bbots_txn *txn, const bbots_table *table, unsigned count, uint64_t most,
                        uint64_t *random)
{
    bbots_error error;
    for (unsigned i = 0; i < count; i++) {
        bbots_value key = bbots_value_integer((int64_t)draw_below(random, most) + 1);
        demand(bbots_delete(txn, table, 0, &key, NULL, &error) >= 0, "delete", &error);
    }
}

static bbots_value letters(char *room, size_t size, uint64_t *random)
{
    for (size_t i = 0; i < size; i++) {
        room[i] = (char)('a' + draw_below(random, 26));
    }
    return bbots_value_of_bytes(BBOTS_TEXT, room, size);
}

static bbots_value some_owner(unsigned rows, uint64_t *random)
{
    return bbots_value_integer((int64_t)draw_below(random, rows) + 1);
}

static void add_owner(bbots_txn *txn, uint64_t *random)
{
    char name[240];
    new_row row = {.txn = txn, .table = OWNERS};
    set(&row, "name", letters(name, 180 + draw_below(random, 59), random));
    insert(&row);
}

static void add_letter(bbots_txn *txn, unsigned owners, uint64_t *random)
{
    static char body[20000];
    new_row row = {.txn = txn, .table = LETTERS};
    set(&row, "owner", some_owner(owners, random));
    set(&row, "body", letters(body, draw_below(random, sizeof body), random));
    insert(&row);
}

static void add_reading(bbots_txn *txn, unsigned owners, uint64_t *random)
{
    static const char *const kinds[] = {"first", "second", "", "another kind"};
    char settings[64];
    bbots_uuid token;
    new_row row = {.txn = txn, .table = READINGS};
    for (unsigned i = 0; i < sizeof token.bytes; i++) {
        token.bytes[i] = (uint8_t)draw(random);
    }
    snprintf(settings, sizeof settings, "{\"n\": %llu, \"list\": [null, true, 1.5]}",
             (unsigned long long)draw_below(random, 1000));
    set(&row, "owner", some_owner(owners, random));
    set(&row, "amount", bbots_value_decimal((int64_t)draw_below(random, 1000000), 3));
    set(&row, "moment",
        bbots_value_timestamp(BEGIN + (int64_t)draw_below(random, 40 * (uint64_t)DAY)));
    if (draw_below(random, 4) != 0) {
        set(&row, "keeper", some_owner(owners, random));
        set(&row, "kind", bbots_value_string(kinds[draw_below(random, 4)]));
        set(&row, "large", bbots_value_integer((int64_t)draw(random)));
        set(&row, "twice", bbots_value_float((double)draw_below(random, 1000) / 8));
        set(&row, "token", bbots_value_uuid(token));
        set(&row, "settings", bbots_value_json(bbots_json_of(settings)));
    }
    insert(&row);
}

/* One of several commits: new rows of all tables, and some that go. rows is how many readings come. */
static void change_all(bbots_txn *txn, unsigned rows, uint64_t *random)
{
    unsigned owners = rows / 2; /* the first ones have all of the rest */
    unsigned notes = rows / 30 + 1;
    for (unsigned i = 0; i < owners; i++) {
        add_owner(txn, random);
    }
    for (unsigned i = 0; i < rows; i++) {
        add_reading(txn, owners, random);
    }
    for (unsigned i = 0; i < notes; i++) {
        add_letter(txn, owners, random);
    }
    delete_some(txn, READINGS, rows / 8, (uint64_t)rows * IMAGES_MAX, random);
    delete_some(txn, LETTERS, 1, (uint64_t)notes * IMAGES_MAX, random);
    delete_some(txn, OWNERS, 2, (uint64_t)owners * IMAGES_MAX, random);
}

/* ------------------------------------------------------------------ pages */

typedef struct pages_seen {
    unsigned trees;
    unsigned depth; /* of the deepest */
    page_tree sum;
    uint64_t free; /* entries of the list of free pages */
} pages_seen;

static void count_tree(pages_seen *seen, page_tree tree)
{
    seen->trees++;
    seen->depth = tree.depth > seen->depth ? tree.depth : seen->depth;
    seen->sum.branches += tree.branches;
    seen->sum.leaves += tree.leaves;
    seen->sum.overflows += tree.overflows;
}

/* The records of trees lie on the leaves of the main one. */
static void count_trees_below(const world *all, uint64_t page, pages_seen *seen)
{
    const uint8_t *bytes = world_newest(all)->bytes + page * all->page_bytes;
    bool leaf = page_kind(bytes) == PAGES_LEAF;
    for (unsigned slot = 0; slot < page_slots(bytes, all->page_bytes); slot++) {
        page_node node;
        demand(page_node_at(bytes, all->page_bytes, leaf, slot, &node), "the main tree", NULL);
        if (!leaf) {
            count_trees_below(all, node.child, seen);
        } else if ((node.flags & PAGES_TREE) != 0) {
            count_tree(seen, page_tree_read(node.data));
        }
    }
}

/* docs/format.md, "Meta pages", says where the records lie. */
static pages_seen count_pages(const world *all)
{
    const uint8_t *first = world_newest(all)->bytes;
    const uint8_t *second = first + all->page_bytes;
    const uint8_t *meta = bb_load64(first + 144) > bb_load64(second + 144) ? first : second;
    page_tree free_list = page_tree_read(meta + 40);
    page_tree main_tree = page_tree_read(meta + 88);
    pages_seen seen = {.free = free_list.entries};
    count_tree(&seen, free_list);
    count_tree(&seen, main_tree);
    count_trees_below(all, main_tree.root, &seen);
    return seen;
}

void world_make_varied(world *made, unsigned rows, uint64_t seed)
{
    world_make_of(made, &bbots_varied_schema, change_all, rows, seed);
    pages_seen seen = count_pages(made);
    printf(
        "the file: %zu bytes; %u trees, the deepest of %u levels; %llu branches, %llu leaves, %llu "
        "overflow pages, %llu entries in the list of free pages\n",
        world_newest(made)->size, seen.trees, seen.depth, (unsigned long long)seen.sum.branches,
        (unsigned long long)seen.sum.leaves, (unsigned long long)seen.sum.overflows,
        (unsigned long long)seen.free);
    demand(world_newest(made)->size >= 1u << 20 && seen.depth >= 3 && seen.sum.overflows > 0 &&
               seen.free > 0,
           "the large file is not what it is to be", NULL);
}
