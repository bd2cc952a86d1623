/*
 * tests/unit/test_table_entries.c - proves table/entries.h: a tree of blocks is a sorted set.
 *
 * Batches of random additions and removals go into a tree and into a sorted array; then walks in
 * both directions, look-ups and turns have to give what the array has. After each batch the blocks
 * themselves are looked at: sizes, fences, none empty. Keys come as indexes have them: numbers that
 * ascend, numbers at random, few values with many rows, and texts that share most of their bytes.
 *
 * The entries are of no rows, so the transaction is rolled back. BBOTS_BATCHES is their number.
 */
#include "support/support.h"
#include "table/engine.h"
#include "table/pending.h"

#include <bbots/sample.h>

#define KEYS_MAX 20000u
#define ENTRY    300u /* longest key in use */

typedef struct key {
    size_t size;
    uint8_t bytes[ENTRY];
} key;

/* A sorted array. */
typedef struct model {
    size_t count;
    key *at;
} model;

typedef struct place {
    bbots_txn *txn;
    engine_table *table;
    unsigned tree;
    index_pending *pending;
    unsigned run; /* entries of which runs are made, about; 0: all stay in memory */
    model all;
    random_source source;
    uint64_t serial;
} place;

typedef void make_key(place *in, key *made);

/* ------------------------------------------------------------------ keys */

static void put_number(key *made, uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        made->bytes[made->size++] = (uint8_t)(number >> (8 * (width - 1 - i)));
    }
}

static void ascending(place *in, key *made)
{
    in->serial += 1 + random_below(&in->source, 1000);
    put_number(made, in->serial, 8);
    put_number(made, 0x80000000u + in->serial, 4);
}

static void descending(place *in, key *made)
{
    in->serial += 1 + random_below(&in->source, 1000);
    put_number(made, (UINT64_C(1) << 63) - in->serial, 8);
}

static void at_random(place *in, key *made)
{
    put_number(made, random_next(&in->source), 8);
}

/* Many rows of few users, in the order of time. */
static void by_user(place *in, key *made)
{
    in->serial++;
    put_number(made, random_below(&in->source, 40), 4);
    put_number(made, in->serial * 1000 + random_below(&in->source, 1000), 8);
    put_number(made, in->serial, 4);
}

static void few_values(place *in, key *made)
{
    put_number(made, random_below(&in->source, 3), 1);
    put_number(made, random_below(&in->source, KEYS_MAX), 4);
}

/* Many are the beginning of others. */
static void zeros_and_ones(place *in, key *made)
{
    for (uint64_t i = 1 + random_below(&in->source, 14); i > 0; i--) {
        put_number(made, random_below(&in->source, 5) == 0, 1);
    }
}

static void long_texts(place *in, key *made)
{
    made->size = 1 + random_below(&in->source, ENTRY);
    memset(made->bytes, 'x', made->size);
    for (uint64_t i = random_below(&in->source, 3); i > 0; i--) {
        made->bytes[random_below(&in->source, made->size)] = (uint8_t)random_next(&in->source);
    }
}

/* ------------------------------------------------------------------ the array */

static int compare(const key *a, const void *bytes, size_t size)
{
    int order = memcmp(a->bytes, bytes, a->size < size ? a->size : size);
    return order != 0 ? order : (a->size > size) - (a->size < size);
}

/* Where a key is, or would be. */
static size_t find(const model *all, const void *bytes, size_t size)
{
    size_t low = 0;
    size_t high = all->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(&all->at[middle], bytes, size) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has(const model *all, const key *wanted)
{
    size_t at = find(all, wanted->bytes, wanted->size);
    return at < all->count && compare(&all->at[at], wanted->bytes, wanted->size) == 0;
}

/* What waits lies in memory or in runs: either comes to the same. */
static void note(place *in, const key *noted, bool added)
{
    assert_true(pending_note(in->pending, noted->bytes, noted->size, added));
    if (in->run != 0 && random_below(&in->source, in->run) == 0) {
        assert_ok(pending_spill(in->pending, &fault));
    }
}

static void add(place *in, const key *added)
{
    model *all = &in->all;
    size_t at = find(all, added->bytes, added->size);
    assert_true(all->count < KEYS_MAX);
    memmove(&all->at[at + 1], &all->at[at], (all->count - at) * sizeof *all->at);
    all->at[at] = *added;
    all->count++;
    note(in, added, true);
}

static void remove_at(place *in, size_t at)
{
    model *all = &in->all;
    note(in, &all->at[at], false);
    memmove(&all->at[at], &all->at[at + 1], (all->count - at - 1) * sizeof *all->at);
    all->count--;
}

/* ------------------------------------------------------------------ the tree */

/* An index tree of a table without rows. */
static void begin_tree(place *in, bbots_store *store, const char *name)
{
    const bbots_table *table = &sample_kinds_table;
    memset(in, 0, sizeof *in);
    in->source = random_begin(name);
    in->txn = begin(store, BBOTS_WRITE);
    in->tree = table->indexes[index_of(table, "kinds_large_idx")].tree;
    const unsigned runs[] = {0, 3, 100, 5000};
    in->run = runs[random_below(&in->source, COUNT(runs))];
    in->pending = pending_new();
    assert_non_null(in->pending);
    in->all.at = malloc((KEYS_MAX + 1) * sizeof *in->all.at);
    assert_non_null(in->all.at);
    assert_ok(txn_engine_table(in->txn, table, &in->table, &fault));
    assert_true(entries_in_blocks(table, in->tree));
}

static void end_tree(place *in)
{
    free(in->all.at);
    pending_free(in->pending);
    bbots_rollback(in->txn);
}

static void flush(place *in)
{
    assert_ok(entries_merge(&in->txn->base, in->table, in->tree, in->pending, &fault));
    pending_clear(in->pending);
}

static void same(const model *all, size_t at, store_bytes entry)
{
    assert_int_equal(entry.size, all->at[at].size);
    assert_memory_equal(entry.data, all->at[at].bytes, entry.size);
}

static void walk(place *in, store_step first, store_step next)
{
    entries_cursor cursor;
    store_bytes entry;
    store_bytes value;
    size_t seen = 0;
    assert_ok(entries_open(&in->txn->base, in->table, in->tree, &cursor, &fault));
    int rc = entries_move(&cursor, first, &entry, &value, &fault);
    for (; rc == BBOTS_OK; seen++) {
        assert_true(seen < in->all.count);
        same(&in->all, first == STORE_FIRST ? seen : in->all.count - 1 - seen, entry);
        assert_int_equal(value.size, 0);
        rc = entries_move(&cursor, next, &entry, &value, &fault);
    }
    assert_status(rc, BBOTS_END);
    assert_int_equal(seen, in->all.count);
    entries_close(&cursor);
}

/* A look-up, and from there some steps forward and back. */
static void wander(place *in, entries_cursor *cursor, make_key *make)
{
    const model *all = &in->all;
    key wanted = {0};
    store_bytes entry;
    store_bytes value;
    uint64_t serial = in->serial;
    in->serial = serial != 0 ? random_below(&in->source, serial) : 0;
    make(in, &wanted);
    in->serial = serial;
    if (all->count != 0 && random_below(&in->source, 3) == 0) {
        wanted = all->at[random_below(&in->source, all->count)];
        wanted.size -= random_below(&in->source, wanted.size); /* a start of it: a bound */
    }
    size_t at = find(all, wanted.bytes, wanted.size);
    store_bytes target = {wanted.bytes, wanted.size};
    int rc = entries_seek(cursor, target, &entry, &value, &fault);
    for (int steps = 0; steps < 8; steps++) {
        assert_status(rc, at < all->count ? BBOTS_OK : BBOTS_END);
        if (rc != BBOTS_OK) {
            return;
        }
        same(all, at, entry);
        bool back = random_below(&in->source, 2) == 0;
        at += back ? (size_t)-1 : 1; /* before the first: no place either */
        rc = entries_move(cursor, back ? STORE_PREVIOUS : STORE_NEXT, &entry, &value, &fault);
    }
}

/* The blocks as docs/format.md has them. Returns their number. */
static size_t look_at_blocks(place *in)
{
    store_cursor nodes;
    store_bytes at;
    store_bytes value;
    key fence = {.size = 1};
    size_t count = 0;
    size_t entries = 0;
    assert_ok(store_cursor_open(&in->txn->base, in->table->trees[in->tree], &nodes, &fault));
    int rc = store_cursor_move(&nodes, STORE_FIRST, &at, &value, &fault);
    for (; rc == BBOTS_OK; count++) {
        codec_block block;
        codec_run run;
        assert_int_equal(compare(&fence, at.data, at.size), 0);
        assert_true(codec_block_open(in->table->tree_seeds[in->tree], at.data, at.size, value.data,
                                     value.size, &block));
        codec_run_begin(&run, &block);
        size_t here = 0;
        while (codec_run_next(&run) == BBOTS_OK) {
            here++;
        }
        assert_true(run.at == run.end && here > 0);
        /* As long as it should be, but for a fence longer than the key and single long entries. */
        assert_true(at.size + value.size <= CODEC_BLOCK_BYTES + block.fence_size || here == 1 ||
                    run.size > 100);
        assert_true(block.fence_size == 0 ||
                    codec_entry_compare(run.entry, run.size, block.fence, block.fence_size) < 0);
        fence.size = block.fence_size;
        memcpy(fence.bytes, block.fence, block.fence_size);
        entries += here;
        rc = store_cursor_move(&nodes, STORE_NEXT, &at, &value, &fault);
    }
    assert_status(rc, BBOTS_END);
    assert_int_equal(fence.size, count == 0);
    assert_int_equal(entries, in->all.count);
    store_cursor_close(&nodes);
    return count;
}

static void compare_all(place *in, make_key *make)
{
    entries_cursor cursor;
    walk(in, STORE_FIRST, STORE_NEXT);
    walk(in, STORE_LAST, STORE_PREVIOUS);
    assert_ok(entries_open(&in->txn->base, in->table, in->tree, &cursor, &fault));
    for (int i = 0; i < 40; i++) {
        wander(in, &cursor, make);
    }
    entries_close(&cursor);
    look_at_blocks(in);
}

/* ------------------------------------------------------------------ proofs */

static void random_batch(place *in, make_key *make)
{
    static const unsigned sizes[] = {1, 1, 2, 10, 100, 1000};
    uint64_t size = 1 + random_below(&in->source, sizes[random_below(&in->source, COUNT(sizes))]);
    uint64_t removals = random_below(&in->source, 101); /* in a hundred */
    bool near = random_below(&in->source, 2) == 0;      /* removals lie side by side */
    size_t start = in->all.count != 0 ? random_below(&in->source, in->all.count) : 0;
    for (uint64_t i = 0; i < size; i++) {
        key made = {0};
        if (random_below(&in->source, 100) < removals && in->all.count != 0) {
            size_t at = near ? start : random_below(&in->source, in->all.count);
            remove_at(in, at < in->all.count ? at : in->all.count - 1);
            continue;
        }
        make(in, &made);
        if (in->all.count < KEYS_MAX && !has(&in->all, &made)) {
            add(in, &made);
        }
    }
    flush(in);
}

/* All that is there goes, in one of four ways. */
static void empty(place *in, unsigned way)
{
    while (in->all.count != 0) {
        for (unsigned i = 0; i < 50 && in->all.count != 0; i++) {
            size_t last = in->all.count - 1;
            remove_at(in, way == 0   ? 0
                          : way == 1 ? last
                          : way == 2 ? random_below(&in->source, last + 1)
                                     : last / 2);
        }
        flush(in);
        look_at_blocks(in);
    }
    assert_int_equal(look_at_blocks(in), 0);
}

static void prove(fixture *at, const char *name, make_key *make)
{
    place in;
    const char *given = getenv("BBOTS_BATCHES");
    unsigned batches = given != NULL ? (unsigned)strtoul(given, NULL, 10) : 12;
    begin_tree(&in, at->store, name);
    for (unsigned way = 0; way < 4; way++) {
        for (unsigned i = 0; i < batches; i++) {
            random_batch(&in, make);
            compare_all(&in, make);
        }
        empty(&in, way);
        compare_all(&in, make);
    }
    end_tree(&in);
}

#define PROOF(make)                                                                                \
    static void keys_##make(void **state)                                                          \
    {                                                                                              \
        prove(*state, #make, make);                                                                \
    }

PROOF(ascending)
PROOF(descending)
PROOF(at_random)
PROOF(by_user)
PROOF(few_values)
PROOF(zeros_and_ones)
PROOF(long_texts)

/* Keys that ascend leave full blocks behind, whether they come in one batch or one by one. */
static void ascending_keys_fill_blocks(void **state)
{
    fixture *at = *state;
    for (unsigned step = 1; step <= 1000; step *= 10) {
        place in;
        begin_tree(&in, at->store, "ascending_keys_fill_blocks");
        for (unsigned i = 0; i < 5000; i++) {
            key made = {0};
            put_number(&made, i, 8);
            add(&in, &made);
            if (i % step == step - 1) {
                flush(&in);
            }
        }
        /* Two bytes each, three at every 256th. */
        assert_true(look_at_blocks(&in) <= 5000 * 2 / (CODEC_BLOCK_BYTES - 60) + 1);
        end_tree(&in);
    }
}

/* After most entries went, few blocks are left: none but the last is small. */
static void removals_join_blocks(void **state)
{
    fixture *at = *state;
    place in;
    begin_tree(&in, at->store, "removals_join_blocks");
    while (in.all.count < 3000) {
        key made = {0};
        at_random(&in, &made);
        if (!has(&in.all, &made)) {
            add(&in, &made);
        }
    }
    flush(&in);
    while (in.all.count > 100) {
        for (unsigned i = 0; i < 20; i++) {
            remove_at(&in, random_below(&in.source, in.all.count));
        }
        flush(&in);
        /* Each entry has at most 9 bytes of its own. */
        assert_true(look_at_blocks(&in) <= in.all.count * 9 / (CODEC_BLOCK_BYTES / 4 - 9) + 1);
    }
    end_tree(&in);
}

/* An entry that is there already, or that is not there: damage, and nothing is passed over. */
static void what_cannot_be_is_refused(void **state)
{
    fixture *at = *state;
    for (int what = 0; what < 2; what++) {
        place in;
        begin_tree(&in, at->store, "what_cannot_be_is_refused");
        for (uint8_t i = 0; i < 200; i += 2) {
            assert_true(pending_note(in.pending, &i, 1, true));
        }
        flush(&in);
        uint8_t wrong = what == 0 ? 100 : 101;
        assert_true(pending_note(in.pending, &wrong, 1, what == 0));
        assert_status(entries_merge(&in.txn->base, in.table, in.tree, in.pending, &fault),
                      BBOTS_CORRUPTED);
        assert_non_null(
            strstr(fault.message, what == 0 ? "an entry of no row" : "lacks the entry"));
        end_tree(&in);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_store, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(keys_ascending),       TEST(keys_descending),
        TEST(keys_at_random),       TEST(keys_by_user),
        TEST(keys_few_values),      TEST(keys_zeros_and_ones),
        TEST(keys_long_texts),      TEST(ascending_keys_fill_blocks),
        TEST(removals_join_blocks), TEST(what_cannot_be_is_refused),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
