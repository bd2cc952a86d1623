/*
 * test_live.c - live aggregates equal what reading all rows gives, whatever was done to the rows.
 *
 * Random inserts, updates, deletes, cascades, savepoints and rollbacks; after every few steps random
 * questions, each answered twice: by bbots_live_summarize() and by going through all rows here. The
 * number of steps is N= (BBOTS_STEPS).
 */
#include "support/support.h"

#include "schema/schema.h"
#include "table/engine.h"

#include <bbots/gauges.h>
#include <bbots/live.h>

#define OWNERS     12
#define GROUPS_MAX 20000

/* ------------------------------------------------------------------ the answer by all rows */

__extension__ typedef __int128 wide;

typedef struct group {
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    char texts[BBOTS_SUMMARY_GROUPS_MAX][64];
    wide numbers[BBOTS_SUMMARY_MEASURES_MAX];
} group;

typedef struct answer {
    group *groups;
    size_t count;
} answer;

static bool counts(const bbots_live_query *query, const bbots_row *row)
{
    const bbots_live *live = query->live;
    for (unsigned i = 0; i < live->by_count; i++) {
        bbots_value value = bbots_row_value(row, live->by[i]);
        if (value.kind == BBOTS_NULL ||
            (i < query->by_count && !same_value(&value, &query->by[i]))) {
            return false;
        }
    }
    if (live->unit_count == 0) {
        return true;
    }
    bbots_value time = bbots_row_value(row, live->time);
    if (time.kind == BBOTS_NULL || time.integer == BBOTS_TIMESTAMP_INFINITY ||
        time.integer == BBOTS_TIMESTAMP_MINUS_INFINITY) {
        return false;
    }
    return (query->from == 0 && query->to == 0) ||
           (query->from <= time.integer && time.integer < query->to);
}

static group *find_group(answer *all, const bbots_live_query *query, const bbots_row *row)
{
    bbots_value values[BBOTS_SUMMARY_GROUPS_MAX];
    for (unsigned g = 0; g < query->group_count; g++) {
        values[g] = bbots_row_value(row, query->groups[g].column);
        if (query->groups[g].unit != BBOTS_TIME_NONE) {
            values[g].integer =
                bbots_timestamp_truncate(values[g].integer, (bbots_time_unit)query->groups[g].unit);
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        bool same = true;
        for (unsigned g = 0; g < query->group_count && same; g++) {
            same = same_value(&all->groups[i].values[g], &values[g]);
        }
        if (same) {
            return &all->groups[i];
        }
    }
    assert_true(all->count < GROUPS_MAX);
    group *made = &all->groups[all->count++];
    memset(made, 0, sizeof *made);
    for (unsigned g = 0; g < query->group_count; g++) {
        made->values[g] = values[g];
        if (values[g].kind == BBOTS_TEXT) {
            memcpy(made->texts[g], values[g].data, values[g].size);
            made->values[g].data = made->texts[g];
        }
    }
    return made;
}

static answer read_all(bbots_txn *txn, const bbots_live_query *query)
{
    static group groups[GROUPS_MAX];
    answer all = {groups, 0};
    bbots_cursor *cursor;
    bbots_row row;
    assert_ok(bbots_cursor_open(txn, query->table, 0, NULL, &cursor, &fault));
    while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
        if (counts(query, &row)) {
            group *into = find_group(&all, query, &row);
            for (unsigned m = 0; m < query->measure_count; m++) {
                int place = query->measures[m].column;
                bbots_value value = bbots_value_integer(1);
                if (place >= 0) {
                    value = bbots_row_value(&row, (unsigned)place);
                }
                into->numbers[m] += value.kind != BBOTS_NULL ? value.integer : 0;
            }
        }
    }
    bbots_cursor_close(cursor);
    return all;
}

/* ------------------------------------------------------------------ both answers */

static wide number_of(bbots_exact exact)
{
    __extension__ typedef unsigned __int128 magnitude;
    return (wide)((magnitude)(uint64_t)exact.high << 64 | exact.low);
}

static void compare(bbots_txn *txn, const bbots_live_query *query)
{
    bbots_summary *summary;
    answer all = read_all(txn, query);
    assert_ok(bbots_live_summarize(txn, query, &summary, &fault));
    size_t expected = query->group_count == 0 ? 1 : all.count;
    if (bbots_summary_count(summary) != expected) {
        fail_msg("live %s: %zu groups, rows give %zu", query->live->name,
                 bbots_summary_count(summary), expected);
    }
    for (size_t i = 0; i < bbots_summary_count(summary); i++) {
        size_t at = 0;
        for (bool same = false; at < all.count && !same; at += !same) {
            same = true;
            for (unsigned g = 0; g < query->group_count && same; g++) {
                bbots_value value = bbots_summary_group(summary, i, g);
                same = same_value(&value, &all.groups[at].values[g]);
            }
        }
        assert_true(at < all.count || query->group_count == 0);
        for (unsigned m = 0; m < query->measure_count; m++) {
            wide number = number_of(bbots_summary_measure(summary, i, m));
            wide wanted = all.count != 0 ? all.groups[at].numbers[m] : 0;
            if (number != wanted) {
                fail_msg("live %s, measure %u: %lld, rows give %lld", query->live->name, m,
                         (long long)number, (long long)wanted);
            }
        }
    }
    bbots_summary_free(summary);
}

/* ------------------------------------------------------------------ drawing */

static const int64_t begin_time = INT64_C(1735689600000000); /* 2025-01-01 */
#define MINUTE INT64_C(60000000)
#define DAY    (1440 * MINUTE)

static const char *const words[] = {"", "a", "b", "north", "n\xc3\xb6rdlich", "zz"};

static bbots_value draw_time(random_source *source)
{
    switch (random_below(source, 16)) {
    case 0:
        return bbots_value_null();
    case 1:
        return bbots_value_timestamp(random_below(source, 2) != 0 ? BBOTS_TIMESTAMP_INFINITY
                                                                  : BBOTS_TIMESTAMP_MINUS_INFINITY);
    case 2:
        return bbots_value_timestamp((int64_t)random_next(source) / 64);
    case 3:
        return bbots_value_timestamp(begin_time + (int64_t)random_below(source, 800) * DAY);
    default:
        return bbots_value_timestamp(begin_time +
                                     (int64_t)random_below(source, 60 * (uint64_t)DAY));
    }
}

static bbots_value draw_column(random_source *source, unsigned number)
{
    const bbots_column *described = &gauges_readings_table.columns[number];
    bbots_uuid uuid = {{0}};
    if (random_below(source, 8) == 0) {
        return bbots_value_null();
    }
    switch (described->type) {
    case BBOTS_TYPE_BOOLEAN:
        return bbots_value_boolean(random_below(source, 2) != 0);
    case BBOTS_TYPE_UUID:
        uuid.bytes[random_below(source, 2)] = (uint8_t)random_below(source, 3);
        return bbots_value_uuid(uuid);
    case BBOTS_TYPE_DECIMAL:
        return bbots_value_decimal((int64_t)random_below(source, 2000000) - 900000, 3);
    case BBOTS_TYPE_SMALLINT:
        return integer((int64_t)random_below(source, 65536) - 32768);
    case BBOTS_TYPE_BIGINT:
        return integer(random_below(source, 3) == 0   ? INT64_MAX
                       : random_below(source, 2) == 0 ? INT64_MIN
                                                      : (int64_t)random_next(source));
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return draw_time(source);
    default:
        return string(words[random_below(source, COUNT(words))]);
    }
}

/* Random columns of a reading; owners are those that there are. */
static uint64_t draw_row(random_source *source, bbots_value *values, const int64_t *owners)
{
    uint64_t set = 0;
    for (unsigned c = 1; c < gauges_readings_table.column_count; c++) {
        if (random_below(source, 4) == 0) {
            continue;
        }
        bool reference = c == GAUGES_READINGS_COL_OWNER || c == GAUGES_READINGS_COL_KEEPER;
        values[c] =
            reference ? integer(owners[random_below(source, OWNERS)]) : draw_column(source, c);
        set |= BBOTS_COLUMN_BIT(c);
    }
    return set;
}

static bbots_timestamp draw_bound(random_source *source)
{
    int64_t time = begin_time + (int64_t)random_below(source, 70) * DAY - 5 * DAY;
    switch (random_below(source, 8)) {
    case 0:
        return BBOTS_TIMESTAMP_MINUS_INFINITY;
    case 1:
        return BBOTS_TIMESTAMP_INFINITY;
    case 2:
        return BBOTS_TIMESTAMP_MIN + (int64_t)random_below(source, 1000);
    case 3:
        return BBOTS_TIMESTAMP_MAX - (int64_t)random_below(source, 1000);
    case 4:
        return time;
    case 5:
        return bbots_timestamp_truncate(time, BBOTS_TIME_MONTH);
    case 6:
        return time + (int64_t)random_below(source, 1440) * MINUTE;
    default:
        return time + (int64_t)random_below(source, (uint64_t)DAY);
    }
}

static void draw_groups(random_source *source, bbots_live_query *query)
{
    static const bbots_time_unit units[] = {BBOTS_TIME_MINUTE, BBOTS_TIME_HOUR,  BBOTS_TIME_DAY,
                                            BBOTS_TIME_WEEK,   BBOTS_TIME_MONTH, BBOTS_TIME_YEAR};
    const bbots_live *live = query->live;
    for (unsigned i = 0; i < live->by_count; i++) {
        if (random_below(source, 3) == 0) {
            query->groups[query->group_count++].column = live->by[i];
        }
    }
    for (unsigned i = 0; i < live->split_count && query->group_count < 3; i++) {
        if (random_below(source, 3) == 0) {
            query->groups[query->group_count++].column = live->split[i];
        }
    }
    if (live->unit_count != 0 && random_below(source, 2) == 0 && query->group_count < 4) {
        query->groups[query->group_count].unit = units[random_below(source, COUNT(units))];
        query->groups[query->group_count++].column = live->time;
    }
}

static void ask(bbots_txn *txn, random_source *source, const int64_t *owners)
{
    bbots_value by[BBOTS_LIVE_BY_MAX];
    bbots_live_query query = {.table = &gauges_readings_table, .by = by};
    query.live = &query.table->lives[random_below(source, query.table->live_count)];
    query.by_count = (unsigned)random_below(source, query.live->by_count + 1u);
    for (unsigned i = 0; i < query.by_count; i++) {
        bool owner = query.live->by[i] == GAUGES_READINGS_COL_OWNER;
        by[i] = owner ? integer(owners[random_below(source, OWNERS)])
                      : draw_column(source, query.live->by[i]);
    }
    if (query.live->unit_count != 0 && random_below(source, 4) != 0) {
        query.from = draw_bound(source);
        query.to = draw_bound(source);
    }
    query.measures[query.measure_count++] = (bbots_measure){BBOTS_COUNT, -1};
    for (unsigned i = 0; i < query.live->sum_count; i++) {
        if (random_below(source, 2) == 0) {
            query.measures[query.measure_count++] =
                (bbots_measure){BBOTS_SUM, (int16_t)query.live->sums[i]};
        }
    }
    draw_groups(source, &query);
    compare(txn, &query);
}

/* ------------------------------------------------------------------ doing */

static int64_t add_owner(bbots_txn *txn)
{
    gauges_owners owner = {.given = 0};
    assert_ok(gauges_owners_insert(txn, &owner, &fault));
    return owner.id;
}

static int64_t draw_id(bbots_txn *txn, random_source *source)
{
    int64_t next = 1;
    assert_ok(bbots_serial_next(txn, &gauges_readings_table, &next, &fault));
    return 1 + (int64_t)random_below(source, (uint64_t)next);
}

static void step(bbots_txn *txn, random_source *source, int64_t *owners)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_value key = integer(draw_id(txn, source));
    uint64_t set = draw_row(source, values, owners);
    switch (random_below(source, 24)) {
    case 0: { /* an owner goes, with all that is his */
        size_t place = random_below(source, OWNERS);
        key = integer(owners[place]);
        assert_ok(bbots_delete(txn, &gauges_owners_table, 0, &key, NULL, &fault));
        owners[place] = add_owner(txn);
        break;
    }
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
        assert_true(bbots_update(txn, &gauges_readings_table, 0, &key, values, set, NULL, &fault) >=
                    0);
        break;
    case 7:
    case 8:
    case 9:
        assert_true(bbots_delete(txn, &gauges_readings_table, 0, &key, NULL, &fault) >= 0);
        break;
    default:
        assert_ok(bbots_insert(txn, &gauges_readings_table, values, set, NULL, &fault));
        break;
    }
}

/* A transaction of some steps, with savepoints that are rolled back or released. */
static void run_transaction(bbots_store *store, random_source *source, int64_t *owners)
{
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    int64_t kept[OWNERS];
    int64_t before[OWNERS];
    unsigned steps = 1 + (unsigned)random_below(source, 30);
    bool marked = false;
    memcpy(before, owners, sizeof before);
    for (unsigned i = 0; i < steps; i++) {
        if (!marked && random_below(source, 6) == 0) {
            assert_ok(bbots_savepoint(txn, "here", &fault));
            memcpy(kept, owners, sizeof kept);
            marked = true;
        }
        step(txn, source, owners);
        if (marked && random_below(source, 6) == 0) {
            if (random_below(source, 2) == 0) {
                assert_ok(bbots_savepoint_rollback(txn, "here", &fault));
                memcpy(owners, kept, sizeof kept);
            }
            assert_ok(bbots_savepoint_release(txn, "here", &fault));
            marked = false;
        }
        if (random_below(source, 12) == 0) {
            ask(txn, source, owners);
        }
    }
    if (random_below(source, 8) == 0) {
        memcpy(owners, before, sizeof before);
        bbots_rollback(txn);
    } else {
        commit(txn);
    }
}

static void make_gauges(fixture *place, int64_t *owners)
{
    place->store = make_store(place->path, &bbots_gauges_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (unsigned i = 0; i < OWNERS; i++) {
        owners[i] = add_owner(txn);
    }
    commit(txn);
}

static void test_model(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    random_source source = random_begin("test_live");
    const char *steps = getenv("BBOTS_STEPS");
    unsigned long rounds = steps != NULL ? strtoul(steps, NULL, 10) / 16 + 1 : 60;
    make_gauges(place, owners);
    for (unsigned long i = 0; i < rounds; i++) {
        run_transaction(place->store, &source, owners);
        bbots_txn *txn = begin(place->store, BBOTS_READ);
        for (unsigned k = 0; k < 12; k++) {
            ask(txn, &source, owners);
        }
        bbots_rollback(txn);
        if (i % 16 == 0) {
            reopen(place);
            check_store(place->store);
        }
    }
}

/* When all rows are gone, nothing is left of the aggregates. */
static void test_nothing_left(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    random_source source = random_begin("test_nothing_left");
    bbots_check_result result;
    make_gauges(place, owners);
    for (unsigned i = 0; i < 10; i++) {
        run_transaction(place->store, &source, owners);
    }
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int64_t id = 1; id < 1000; id++) {
        bbots_value key = integer(id);
        assert_true(bbots_delete(txn, &gauges_readings_table, 0, &key, NULL, &fault) >= 0);
    }
    assert_int_equal(count_of(txn, &gauges_readings_table), 0);
    assert_ok(bbots_check(txn, NULL, &result, &fault));
    assert_int_equal(result.derived, 0);
    assert_int_equal(result.entries, 0);
    assert_int_equal(result.blocks, 0);
    commit(txn);
}

/* Built anew, an aggregate is what it was; what is asked in between fits as well. */
static void test_rebuild(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    random_source source = random_begin("test_rebuild");
    make_gauges(place, owners);
    for (unsigned i = 0; i < 10; i++) {
        run_transaction(place->store, &source, owners);
    }
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (unsigned i = 0; i < 40; i++) {
        step(txn, &source, owners);
    }
    assert_ok(bbots_live_rebuild(txn, NULL, &fault));
    check_txn(txn);
    for (unsigned i = 0; i < 40; i++) {
        step(txn, &source, owners);
        ask(txn, &source, owners);
    }
    assert_ok(bbots_live_rebuild(txn, &gauges_readings_table, &fault));
    check_txn(txn);
    commit(txn);
}

/* More groups than wait in memory: they are written before the end, and the sums are whole. */
static void test_many_groups(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    bbots_value values[BBOTS_COLUMNS_MAX];
    random_source source = random_begin("test_many_groups");
    make_gauges(place, owners);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 70000; i++) {
        uint64_t set =
            fill_row(&gauges_readings_table, values, "owner", integer(owners[i % OWNERS]), "moment",
                     bbots_value_timestamp(begin_time + i * MINUTE), "large", integer(i), NULL);
        assert_ok(bbots_insert(txn, &gauges_readings_table, values, set, NULL, &fault));
    }
    ask(txn, &source, owners);
    commit(txn);
}

/* ------------------------------------------------------------------ another schema */

/* The schema with the aggregates that `keep` lets through. */
static const bbots_schema *with_lives(bb_arena *arena, unsigned keep)
{
    bbots_table *tables = bb_arena_alloc(arena, 3 * sizeof *tables);
    const bbots_table **list = bb_arena_alloc(arena, 3 * sizeof *list);
    bbots_live *lives = bb_arena_alloc(arena, 16 * sizeof *lives);
    bbots_schema *schema = bb_arena_alloc(arena, sizeof *schema);
    const void *data;
    size_t size;
    *schema = bbots_gauges_schema;
    schema->tables = list;
    for (unsigned t = 0; t < 3; t++) {
        tables[t] = *bbots_gauges_schema.tables[t];
        list[t] = &tables[t];
    }
    unsigned count = 0;
    for (unsigned i = 0; i < gauges_readings_table.live_count; i++) {
        if ((keep >> i & 1) != 0) {
            lives[count] = gauges_readings_table.lives[i];
            lives[count].number = (uint16_t)count;
            count++;
        }
    }
    tables[1].lives = lives;
    tables[1].live_count = (uint16_t)count;
    assert_ok(schema_serialize(arena, schema, &data, &size, &fault));
    schema->fingerprint = schema_fingerprint(data, size);
    return schema;
}

static void reopen_with(fixture *place, const bbots_schema *schema)
{
    bbots_options options = {.schema = schema, .flags = BBOTS_OPEN_UPGRADE};
    assert_ok(bbots_close(place->store, &fault));
    place->store = open_store(place->path, &options);
    check_store(place->store);
}

/* Aggregates that a schema adds are made of the rows; those that it drops leave nothing. */
static void test_upgrade(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    random_source source = random_begin("test_upgrade");
    bbots_check_result result;
    bb_arena arena;
    bb_arena_init(&arena);
    make_gauges(place, owners);
    for (unsigned i = 0; i < 12; i++) {
        run_transaction(place->store, &source, owners);
    }
    reopen_with(place, with_lives(&arena, 0));
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_ok(bbots_check(txn, NULL, &result, &fault));
    assert_int_equal(result.blocks, 0);
    bbots_rollback(txn);
    reopen_with(place, with_lives(&arena, 9));
    reopen_with(place, with_lives(&arena, 6));
    reopen_with(place, &bbots_gauges_schema);
    txn = begin(place->store, BBOTS_READ);
    for (unsigned i = 0; i < 60; i++) {
        ask(txn, &source, owners);
    }
    bbots_rollback(txn);
    bb_arena_free(&arena);
}

/* ------------------------------------------------------------------ damage */

/* Changes a byte of the first block behind a key. */
static void spoil(bbots_store *store, uint8_t number, size_t at)
{
    uint8_t head[2] = {0, number};
    store_bytes from = {head, 2};
    store_bytes key;
    store_bytes value;
    uint8_t key_copy[511];
    uint8_t copy[4096];
    store_cursor cursor;
    bbots_txn *txn = begin(store, BBOTS_WRITE);
    assert_ok(store_cursor_open(&txn->base, store->live, &cursor, &fault));
    assert_ok(store_cursor_seek(&cursor, from, &key, &value, &fault));
    assert_true(value.size <= sizeof copy && key.size <= sizeof key_copy);
    memcpy(copy, value.data, value.size);
    memcpy(key_copy, key.data, key.size);
    copy[at % value.size] ^= 1;
    store_cursor_close(&cursor);
    store_bytes same = {key_copy, key.size};
    store_bytes spoilt = {copy, value.size};
    assert_ok(store_put(&txn->base, store->live, same, spoilt, STORE_REPLACE, &fault));
    commit(txn);
}

/* A damaged block is reported by whoever meets it, and built anew from the rows. */
static void test_damage(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    random_source source = random_begin("test_damage");
    make_gauges(place, owners);
    for (unsigned i = 0; i < 12; i++) {
        run_transaction(place->store, &source, owners);
    }
    for (unsigned i = 0; i < 6; i++) {
        bbots_check_result result;
        bbots_summary *summary;
        const bbots_live *live = &gauges_readings_table.lives[1];
        bbots_live_query query = {.table = &gauges_readings_table, .live = live};
        spoil(place->store, (uint8_t)(i < 3 ? 1 : random_below(&source, 6)),
              (size_t)random_below(&source, 4096));
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        assert_ok(bbots_check(txn, NULL, &result, &fault));
        assert_true(result.derived != 0);
        assert_int_equal(result.damage, 0);
        if (i < 3) {
            assert_status(bbots_live_summarize(txn, &query, &summary, &fault), BBOTS_CORRUPTED);
        }
        assert_ok(bbots_live_rebuild(txn, NULL, &fault));
        check_txn(txn);
        commit(txn);
    }
}

/* ------------------------------------------------------------------ refusals */

static void refused(bbots_txn *txn, bbots_live_query query, int status)
{
    bbots_summary *summary = NULL;
    assert_status(bbots_live_summarize(txn, &query, &summary, &fault), status);
    assert_null(summary);
}

#define MOMENT GAUGES_READINGS_COL_MOMENT

/* Groups and measures that an aggregate has not, one after the other, and what is said of them. */
static void refuse_forms(bbots_txn *txn)
{
    static const struct {
        const char *live;
        bbots_live_query query;
        const char *says;
    } forms[] = {
        {"owners", {.groups = {{MOMENT, BBOTS_TIME_YEAR + 1}}, .group_count = 1}, "the groups"},
        {"owners",
         {.groups = {{MOMENT, BBOTS_TIME_DAY}, {MOMENT, BBOTS_TIME_MONTH}}, .group_count = 2},
         "the groups"},
        {"owners",
         {.groups = {{GAUGES_READINGS_COL_OWNER, BBOTS_TIME_DAY}}, .group_count = 1},
         "the groups"},
        {"owners",
         {.groups = {{GAUGES_READINGS_COL_KIND, BBOTS_TIME_DAY}}, .group_count = 1},
         "the groups"},
        {"owners",
         {.groups = {{GAUGES_READINGS_COL_INSTANT, BBOTS_TIME_DAY}}, .group_count = 1},
         "the groups"},
        {"tokens", {.groups = {{MOMENT, BBOTS_TIME_DAY}}, .group_count = 1}, "the groups"},
        {"owners",
         {.groups = {{GAUGES_READINGS_COL_FLAG, BBOTS_TIME_NONE}, {MOMENT, BBOTS_TIME_DAY}},
          .group_count = 2},
         "the groups"},
        {"owners",
         {.measures = {{BBOTS_COUNT, GAUGES_READINGS_COL_AMOUNT}}, .measure_count = 1},
         "the measures"},
        {"owners", {.measures = {{BBOTS_SUM, -1}}, .measure_count = 1}, "the measures"},
        {"owners",
         {.measures = {{BBOTS_MIN, GAUGES_READINGS_COL_AMOUNT}, {BBOTS_COUNT, -1}},
          .measure_count = 2},
         "the measures"},
        {"owners", {.group_count = BBOTS_SUMMARY_GROUPS_MAX + 1}, "not so many columns"},
        {"owners", {.measure_count = BBOTS_SUMMARY_MEASURES_MAX + 1}, "not so many columns"},
        {"owners", {.from = 5, .to = INT64_MIN + 1}, "none of timestamps"},
        {"tokens", {.from = 1}, "is not kept by time"},
    };
    for (size_t i = 0; i < COUNT(forms); i++) {
        bbots_live_query query = forms[i].query;
        query.table = &gauges_readings_table;
        query.live = bbots_table_live(query.table, forms[i].live);
        refused(txn, query, BBOTS_INVALID_ARGUMENT);
        if (strstr(fault.message, forms[i].says) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", fault.message, forms[i].says);
        }
    }
}

/* What is no aggregate of the table. */
static void refuse_neighbours(bbots_txn *txn)
{
    const bbots_table *table = &gauges_readings_table;
    refused(txn, (bbots_live_query){.table = table, .live = table->lives + table->live_count},
            BBOTS_INVALID_ARGUMENT);
    refused(txn, (bbots_live_query){.table = table, .live = NULL}, BBOTS_INVALID_ARGUMENT);
}

static void test_refused(void **state)
{
    fixture *place = *state;
    int64_t owners[OWNERS];
    make_gauges(place, owners);
    const bbots_table *table = &gauges_readings_table;
    const bbots_live *live = bbots_table_live(table, "owners");
    bbots_value by[] = {integer(1), integer(2)};
    bbots_txn *txn = begin(place->store, BBOTS_READ);
    assert_null(bbots_table_live(table, "nobody"));
    refused(txn, (bbots_live_query){.table = &gauges_plain_table, .live = live},
            BBOTS_INVALID_ARGUMENT);
    refused(txn, (bbots_live_query){.table = table, .live = live, .by = by, .by_count = 2},
            BBOTS_INVALID_ARGUMENT);
    refused(txn, (bbots_live_query){.table = table, .live = live, .from = INT64_MIN + 1, .to = 5},
            BBOTS_INVALID_ARGUMENT);
    refused(txn,
            (bbots_live_query){.table = table, .live = bbots_table_live(table, "tokens"), .to = 5},
            BBOTS_INVALID_ARGUMENT);
    refused(txn,
            (bbots_live_query){.table = table,
                               .live = live,
                               .measures = {{BBOTS_SUM, GAUGES_READINGS_COL_ID}},
                               .measure_count = 1},
            BBOTS_INVALID_ARGUMENT);
    refused(txn,
            (bbots_live_query){.table = table,
                               .live = live,
                               .measures = {{BBOTS_MAX, GAUGES_READINGS_COL_AMOUNT}},
                               .measure_count = 1},
            BBOTS_INVALID_ARGUMENT);
    refused(txn,
            (bbots_live_query){.table = table,
                               .live = live,
                               .groups = {{GAUGES_READINGS_COL_FLAG, BBOTS_TIME_NONE}},
                               .group_count = 1},
            BBOTS_INVALID_ARGUMENT);
    refused(txn,
            (bbots_live_query){.table = table,
                               .live = live,
                               .groups = {{GAUGES_READINGS_COL_MOMENT, BBOTS_TIME_NONE}},
                               .group_count = 1},
            BBOTS_INVALID_ARGUMENT);
    refuse_forms(txn);
    refuse_neighbours(txn);
    by[0] = string("x");
    refused(txn, (bbots_live_query){.table = table, .live = live, .by = by, .by_count = 1},
            BBOTS_INVALID_TEXT);
    assert_status(bbots_live_rebuild(txn, NULL, &fault), BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_left, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rebuild, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_many_groups, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_upgrade, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_damage, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_refused, fixture_setup, fixture_teardown),
    };
    choose_tests();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
