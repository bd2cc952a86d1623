/*
 * tests/contract/test_deletes.c - proves what bbots/table.h and bbots/explain.h say of deletes: what
 * a refusal tells, what an explanation foretells, the limit on rows, the rules in diamonds, and all
 * foreign keys of the platform's tables that point to users.
 */
#include "support/support.h"

#include <bbots/diamonds.h>
#include <bbots/platform.h>
#include <bbots/sample.h>

#define NODES   (&sample_nodes_table)
#define SHELVES (&sample_shelves_table)
#define OWNERS  (&sample_owners_table)
#define FOLDERS (&sample_folders_table)
#define DOCS    (&sample_docs_table)
#define HEADS   (&sample_heads_table)
#define HATS    (&sample_hats_table)
#define HELMETS (&sample_helmets_table)
#define TOPS    (&diamonds_tops_table)
#define NEAR    (&diamonds_near_table)
#define FAR     (&diamonds_far_table)
#define EARLY   (&diamonds_early_table)
#define EITHER  (&diamonds_either_table)
#define PLACES  (&diamonds_places_table)
#define VISITS  (&diamonds_visits_table)
#define USERS   (&bbots_users_table)

/* The write transaction of the test under way. */
static bbots_txn *txn;

static int setup_with(void **state, const bbots_schema *schema)
{
    if (fixture_setup(state) != 0) {
        return -1;
    }
    fixture *place = *state;
    place->store = make_store(place->path, schema);
    txn = begin(place->store, BBOTS_WRITE);
    return 0;
}

static int setup_sample(void **state)
{
    return setup_with(state, &bbots_sample_schema);
}

static int setup_diamonds(void **state)
{
    return setup_with(state, &bbots_diamonds_schema);
}

static int setup_platform(void **state)
{
    return setup_with(state, &bbots_platform_schema);
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

/* A refused delete changes nothing. */
#define assert_refused(call, status)                                                               \
    do {                                                                                           \
        bbots_digest before = digest_of(txn);                                                      \
        assert_status(call, status);                                                               \
        bbots_error kept = fault;                                                                  \
        assert_digest(txn, before);                                                                \
        fault = kept;                                                                              \
    } while (0)

/* Explains and shows that nothing changed. */
static bbots_explanation *explain_id(const bbots_table *table, int64_t id)
{
    bbots_explanation *explained = NULL;
    bbots_digest before = digest_of(txn);
    bbots_value key = integer(id);
    assert_ok(bbots_explain_delete(txn, table, 0, &key, &explained, &fault));
    assert_digest(txn, before);
    return explained;
}

static const bbots_effect *effect_on(const bbots_explanation *explained, const bbots_table *table)
{
    for (uint32_t i = 0; i < explained->effect_count; i++) {
        if (explained->effects[i].table == table) {
            return &explained->effects[i];
        }
    }
    fail_msg("nothing is said of table %s", table->name);
    return NULL;
}

/* ------------------------------------------------------------------ refusals that teach */

static void a_refusal_names_rows_and_columns(void **state)
{
    (void)state;
    for (int id = 1; id <= 8; id++) {
        assert_ok(id == 1 ? insert_named(txn, SHELVES, "id", integer(id))
                          : insert_named(txn, SHELVES, "id", integer(id), "parent", integer(1)));
    }
    assert_refused(delete_id(txn, SHELVES, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.sqlstate, "23503");
    assert_string_equal(fault.constraint, "shelves_parent_fkey");
    assert_string_equal(fault.table, "shelves");
    assert_string_equal(fault.column, "parent");
    assert_string_equal(fault.message,
                        "update or delete on table \"shelves\" violates foreign key constraint "
                        "\"shelves_parent_fkey\" on table \"shelves\": key (id)=(1) is still "
                        "referenced by (parent) of 7 rows, the first with (id) 2, 3, 4, 5, 6");
    for (int id = 3; id <= 8; id++) {
        assert_ok(delete_id(txn, SHELVES, id, NULL));
    }
    assert_refused(update_named(txn, SHELVES, 1, "id", integer(9)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.message,
                        "update or delete on table \"shelves\" violates foreign key constraint "
                        "\"shelves_parent_fkey\" on table \"shelves\": key (id)=(1) is still "
                        "referenced by (parent) of 1 row with (id) 2");
}

static void a_refusal_names_a_row_that_is_in_its_own_way(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, SHELVES, "id", integer(1)));
    assert_ok(insert_named(txn, SHELVES, "id", integer(2), "parent", integer(1)));
    assert_refused(update_named(txn, SHELVES, 1, "id", integer(5), "parent", integer(1)),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_non_null(strstr(fault.message, "by (parent) of 2 rows with (id) 1, 2"));
}

/* Past 1,000 rows are not counted: a refusal stays cheap. */
static void a_refusal_counts_to_a_thousand(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, SHELVES, "id", integer(0)));
    for (int id = 1; id <= 1000; id++) {
        assert_ok(insert_named(txn, SHELVES, "id", integer(id), "parent", integer(0)));
    }
    assert_refused(delete_id(txn, SHELVES, 0, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_non_null(strstr(fault.message, "by (parent) of 1000 rows, the first with (id) 1, 2, "));
    assert_ok(insert_named(txn, SHELVES, "id", integer(1001), "parent", integer(0)));
    assert_ok(insert_named(txn, SHELVES, "id", integer(1002), "parent", integer(0)));
    assert_refused(delete_id(txn, SHELVES, 0, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_non_null(strstr(fault.message, "of more than 1000 rows, the first with (id) 1, 2, "));
    bbots_explanation *explained = explain_id(SHELVES, 0);
    assert_int_equal(explained->refusals[0].rows.count, 1002);
    bbots_explanation_free(explained);
}

static void a_refusal_names_keys_of_several_columns(void **state)
{
    (void)state;
    bbots_value place[] = {string("a"), integer(7)};
    assert_ok(insert_named(txn, PLACES, "site", string("a"), "number", integer(7)));
    for (int turn = 1; turn <= 2; turn++) {
        assert_ok(insert_named(txn, VISITS, "site", string("a"), "number", integer(3), "turn",
                               integer(turn), "place", integer(7)));
    }
    assert_refused(bbots_delete(txn, PLACES, 0, place, NULL, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(
        fault.message, "update or delete on table \"places\" violates foreign key constraint "
                       "\"visits_site_place_fkey\" on table \"visits\": key (site, number)=(\"a\", "
                       "7) is still referenced by (site, place) of 2 rows with (site, number, "
                       "turn) (\"a\", 3, 1), (\"a\", 3, 2)");
}

/* Keys that do not fit are left out whole, and the sentence stays one. */
static void a_refusal_leaves_out_keys_that_are_too_long(void **state)
{
    (void)state;
    char site[300];
    memset(site, 'x', sizeof site);
    site[299] = '\0';
    bbots_value place[] = {string(site), integer(7)};
    assert_ok(insert_named(txn, PLACES, "site", string(site), "number", integer(7)));
    for (int turn = 1; turn <= 4; turn++) {
        assert_ok(insert_named(txn, VISITS, "site", string(site), "number", integer(3), "turn",
                               integer(turn), "place", integer(7)));
    }
    assert_refused(bbots_delete(txn, PLACES, 0, place, NULL, &fault), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_non_null(strstr(fault.message, "of 4 rows, the first with (site, number, turn) (\"xxx"));
    assert_non_null(strstr(fault.message, ", 3, 1)"));
    assert_null(strstr(fault.message, ", 3, 2)"));
}

static void a_row_that_cannot_forget_is_named(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    assert_ok(insert_named(txn, HELMETS, "id", integer(44), "head", integer(1)));
    assert_refused(delete_id(txn, HEADS, 1, NULL), BBOTS_NOT_NULL_VIOLATION);
    assert_string_equal(fault.sqlstate, "23502");
    assert_string_equal(fault.column, "head");
    assert_string_equal(fault.constraint, "");
    assert_string_equal(fault.message,
                        "null value in column \"head\" of table \"helmets\" violates not-null "
                        "constraint: \"helmets_head_fkey\" would set it to null in row 44");
    assert_ok(insert_named(txn, HELMETS, "id", integer(45), "head", integer(1)));
    assert_ok(insert_named(txn, HATS, "head", integer(1)));
    bbots_explanation *explained = explain_id(HEADS, 1);
    assert_int_equal(explained->refusal_count, 1);
    assert_int_equal(explained->refusals[0].code, BBOTS_NOT_NULL_VIOLATION);
    assert_ptr_equal(explained->refusals[0].table, HELMETS);
    assert_string_equal(explained->refusals[0].reference->name, "helmets_head_fkey");
    assert_int_equal(explained->refusals[0].rows.count, 2);
    assert_string_equal(explained->refusals[0].rows.keys, "44, 45");
    assert_int_equal(explained->deleted, 1);
    assert_int_equal(explained->set_null, 1);
    bbots_explanation_free(explained);
}

/* ------------------------------------------------------------------ a limit */

static void a_delete_is_refused_past_its_limit(void **state)
{
    (void)state;
    bbots_deleted deleted;
    bbots_value key = integer(1);
    assert_ok(insert_named(txn, HEADS, "id", integer(1)));
    for (int i = 0; i < 3; i++) {
        assert_ok(insert_named(txn, HATS, "head", integer(1)));
    }
    for (uint64_t most = 0; most < 4; most++) {
        assert_refused(bbots_delete_at_most(txn, HEADS, 0, &key, most, &deleted, &fault),
                       BBOTS_TOO_MANY_ROWS);
        assert_int_equal(deleted.rows + deleted.cascaded + deleted.set_null, 0);
        assert_string_equal(fault.sqlstate, "BB010");
        assert_string_equal(fault.table, "heads");
    }
    assert_string_equal(fault.message,
                        "the delete on table \"heads\" would delete or change more than 3 rows");
    assert_ok(bbots_delete_at_most(txn, HEADS, 0, &key, 4, &deleted, &fault));
    assert_int_equal(deleted.rows, 1);
    assert_int_equal(deleted.set_null, 3);
    assert_status(bbots_delete_at_most(txn, HEADS, 0, &key, 0, &deleted, &fault), BBOTS_NOT_FOUND);
}

/* ------------------------------------------------------------------ diamonds */

/* far is reached by CASCADE two levels down and by NO ACTION in the first: refused, as PostgreSQL
 * does (docs/decisions/0006). */
static void in_a_diamond_the_nearer_refusal_wins(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, TOPS, "id", integer(1)));
    assert_ok(insert_named(txn, NEAR, "id", integer(1), "top", integer(1)));
    assert_ok(insert_named(txn, FAR, "id", integer(5), "near", integer(1), "top", integer(1)));
    assert_refused(delete_id(txn, TOPS, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "far_top_fkey");
    assert_non_null(strstr(fault.message, "of 1 row with (id) 5"));
    bbots_explanation *explained = explain_id(TOPS, 1);
    assert_int_equal(explained->refusal_count, 1);
    assert_ptr_equal(explained->refusals[0].table, FAR);
    assert_string_equal(explained->refusals[0].reference->name, "far_top_fkey");
    assert_int_equal(explained->deleted, 3); /* it would go with near, were it not in the way */
    bbots_explanation_free(explained);
    assert_ok(update_named(txn, FAR, 5, "top", null_value()));
    assert_ok(delete_id(txn, TOPS, 1, NULL));
    assert_int_equal(count_of(txn, FAR), 0);
}

/* early goes with the top; near's turn comes after it and finds early gone. */
static void in_a_diamond_the_later_refusal_finds_nothing(void **state)
{
    (void)state;
    bbots_deleted deleted;
    assert_ok(insert_named(txn, TOPS, "id", integer(1)));
    assert_ok(insert_named(txn, TOPS, "id", integer(2)));
    assert_ok(insert_named(txn, NEAR, "id", integer(1), "top", integer(1)));
    assert_ok(insert_named(txn, EARLY, "id", integer(1), "top", integer(1), "near", integer(1)));
    assert_refused(delete_id(txn, NEAR, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(delete_id(txn, TOPS, 1, &deleted));
    assert_int_equal(deleted.cascaded, 2);
    /* That of another top stays and refuses. */
    assert_ok(insert_named(txn, TOPS, "id", integer(1)));
    assert_ok(insert_named(txn, NEAR, "id", integer(1), "top", integer(1)));
    assert_ok(insert_named(txn, EARLY, "id", integer(1), "top", integer(2), "near", integer(1)));
    assert_refused(delete_id(txn, TOPS, 1, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "early_near_fkey");
}

/* A row that one path sets to null and another deletes is deleted, and counted once. */
static void a_row_that_forgets_and_goes_is_deleted(void **state)
{
    (void)state;
    bbots_deleted deleted;
    assert_ok(insert_named(txn, TOPS, "id", integer(1)));
    assert_ok(insert_named(txn, NEAR, "id", integer(1), "top", integer(1)));
    assert_ok(insert_named(txn, EARLY, "id", integer(1), "top", integer(1)));
    assert_ok(insert_named(txn, EITHER, "id", integer(1), "near", integer(1), "early", integer(1)));
    assert_ok(insert_named(txn, EITHER, "id", integer(2), "near", integer(1)));
    bbots_explanation *explained = explain_id(TOPS, 1);
    assert_int_equal(effect_on(explained, EITHER)->deleted.count, 1);
    assert_int_equal(effect_on(explained, EITHER)->set_null.count, 1);
    assert_int_equal(effect_on(explained, EITHER)->null_columns,
                     BBOTS_COLUMN_BIT(column(EITHER, "near")));
    assert_int_equal(explained->refusal_count, 0);
    assert_ok(delete_id(txn, TOPS, 1, &deleted));
    assert_int_equal(deleted.cascaded, 3);
    assert_int_equal(deleted.set_null, 1);
    assert_int_equal(explained->deleted, 4);
    assert_int_equal(explained->set_null, 1);
    bbots_explanation_free(explained);
    assert_int_equal(count_of(txn, EITHER), 1);
}

/* ------------------------------------------------------------------ explanations */

static void an_explanation_runs_in_a_read_transaction(void **state)
{
    fixture *place = *state;
    bbots_explanation *explained = NULL;
    bbots_value key = integer(1);
    assert_ok(insert_named(txn, NODES, "label", string("root")));
    for (int i = 0; i < 7; i++) {
        assert_ok(insert_named(txn, NODES, "parent", integer(1 + i / 2)));
    }
    commit(txn);
    txn = NULL;
    bbots_txn *reader = begin(place->store, BBOTS_READ);
    assert_ok(bbots_explain_delete(reader, NODES, 0, &key, &explained, &fault));
    assert_int_equal(explained->deleted, 8);
    assert_int_equal(explained->effect_count, 1);
    assert_int_equal(explained->effects[0].deleted.named, 5);
    assert_string_equal(explained->effects[0].deleted.keys, "1, 2, 3, 4, 5");
    bbots_explanation_free(explained);
    key = integer(99);
    assert_status(bbots_explain_delete(reader, NODES, 0, &key, &explained, &fault),
                  BBOTS_NOT_FOUND);
    assert_status(bbots_explain_delete(reader, NODES, 9, &key, &explained, &fault),
                  BBOTS_UNKNOWN_INDEX);
    bbots_explanation_free(NULL);
    bbots_rollback(reader);
}

static void random_rows(random_source *source)
{
    char code[16];
    for (int id = 1; id <= 6; id++) {
        snprintf(code, sizeof code, "o%d", id);
        assert_ok(insert_named(txn, OWNERS, "id", integer(id), "code", string(code)));
    }
    for (int i = 1; i <= 8; i++) {
        snprintf(code, sizeof code, "f%d", i);
        assert_ok(insert_named(txn, FOLDERS, "id", integer(i), "owner",
                               integer(1 + (int)random_below(source, 6)), "name", string(code)));
    }
    for (int i = 0; i < 10; i++) {
        bbots_value folder = integer(1 + (int)random_below(source, 8));
        bbots_value reviewer = integer(1 + (int)random_below(source, 6));
        snprintf(code, sizeof code, "o%d", 1 + (int)random_below(source, 6));
        assert_ok(insert_named(txn, DOCS, "owner", integer(1 + (int)random_below(source, 6)),
                               "folder", random_below(source, 4) == 0 ? folder : null_value(),
                               "reviewer", random_below(source, 2) == 0 ? reviewer : null_value(),
                               "owner_code",
                               random_below(source, 8) == 0 ? string(code) : null_value()));
    }
}

/* What was foretold of a delete is what it does, or why it is refused. */
static void foretell(int64_t id)
{
    bbots_deleted deleted;
    const bbots_table *tables[] = {OWNERS, FOLDERS, DOCS};
    uint64_t before[COUNT(tables)];
    bbots_explanation *explained = explain_id(OWNERS, id);
    for (size_t t = 0; t < COUNT(tables); t++) {
        before[t] = count_of(txn, tables[t]);
    }
    int rc = delete_id(txn, OWNERS, id, &deleted);
    if (rc == BBOTS_OK) {
        assert_int_equal(explained->refusal_count, 0);
        assert_int_equal(explained->deleted, deleted.rows + deleted.cascaded);
        assert_int_equal(explained->set_null, deleted.set_null);
        for (uint32_t i = 0; i < explained->effect_count; i++) {
            size_t t = 0;
            while (tables[t] != explained->effects[i].table) {
                t++;
            }
            assert_int_equal(before[t] - count_of(txn, tables[t]),
                             explained->effects[i].deleted.count);
        }
    } else {
        assert_int_equal(rc, BBOTS_FOREIGN_KEY_VIOLATION);
        assert_true(explained->refusal_count > 0);
        assert_string_equal(fault.constraint, explained->refusals[0].reference->name);
    }
    bbots_explanation_free(explained);
}

static void explanations_foretell_random_deletes(void **state)
{
    (void)state;
    random_source source = random_begin("explanations_foretell_random_deletes");
    for (int round = 0; round < 60; round++) {
        assert_ok(bbots_savepoint(txn, "round", &fault));
        random_rows(&source);
        for (int id = 1; id <= 6; id++) {
            foretell(id);
            if (random_below(&source, 3) == 0) {
                check_txn(txn);
            }
        }
        assert_ok(bbots_savepoint_rollback(txn, "round", &fault));
    }
}

/* ------------------------------------------------------------------ the platform's tables */

/* A value that no other row has. */
static bbots_value some_value(const bbots_column *described, char *text, size_t room)
{
    static int64_t number;
    bbots_uuid uuid = {{0}};
    number++;
    switch ((bbots_type)described->type) {
    case BBOTS_TYPE_BOOLEAN:
        return bbots_value_boolean(true);
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return bbots_value_float(1.5);
    case BBOTS_TYPE_DECIMAL:
        return bbots_value_decimal(1, described->scale);
    case BBOTS_TYPE_UUID:
        memcpy(uuid.bytes, &number, sizeof number);
        return bbots_value_uuid(uuid);
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return bbots_value_timestamp(number);
    case BBOTS_TYPE_JSONB:
        return bbots_value_of_bytes(BBOTS_JSONTEXT, "{}", 2);
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        snprintf(text, room, "%lld", (long long)number);
        return string(text);
    default:
        return integer(number);
    }
}

static int64_t new_row(const bbots_table *table, const bbots_foreign_key *key, int64_t parent);

/* Fills what must have a value; parents that are needed are made. */
static void fill(const bbots_table *table, bbots_value *values, uint64_t *given, char (*texts)[32])
{
    for (unsigned c = 0; c < table->column_count; c++) {
        const bbots_column *described = &table->columns[c];
        bool needed = (described->flags & BBOTS_COLUMN_NOT_NULL) != 0 &&
                      (described->flags & BBOTS_COLUMN_SERIAL) == 0 &&
                      described->default_kind == BBOTS_DEFAULT_NONE;
        if (!needed || (*given & BBOTS_COLUMN_BIT(c)) != 0) {
            continue;
        }
        values[c] = some_value(described, texts[c], sizeof texts[c]);
        for (unsigned f = 0; f < table->foreign_key_count; f++) {
            const bbots_foreign_key *key = &table->foreign_keys[f];
            if (key->columns[0] == c) {
                const bbots_table *parent = bbots_platform_schema.tables[key->parent];
                values[c] = integer(new_row(parent, NULL, 0));
            }
        }
        *given |= BBOTS_COLUMN_BIT(c);
    }
}

/* Makes a row that references `parent` by `key` (NULL: by nothing); returns its id. */
static int64_t new_row(const bbots_table *table, const bbots_foreign_key *key, int64_t parent)
{
    static int64_t next_key = 1000000;
    bbots_value values[BBOTS_COLUMNS_MAX];
    char texts[BBOTS_COLUMNS_MAX][32];
    uint64_t given = 0;
    bbots_row row;
    if (key != NULL) {
        values[key->columns[0]] = integer(parent);
        given = BBOTS_COLUMN_BIT(key->columns[0]);
    }
    fill(table, values, &given, texts);
    assert_ok(bbots_insert(txn, table, values, given, &row, &fault));
    bbots_value id = bbots_row_value(&row, table->indexes[0].columns[0]);
    return id.kind == BBOTS_INTEGER ? id.integer : next_key++;
}

static const bbots_foreign_key *foreign_key_of(bbots_reference reference)
{
    return &bbots_platform_schema.tables[reference.table]->foreign_keys[reference.foreign_key];
}

/* One row references a user by one column: each of them, one after the other. */
static void each_reference_to_users_keeps_its_rule(void **state)
{
    (void)state;
    bbots_deleted deleted;
    unsigned by_rule[3] = {0, 0, 0};
    for (unsigned r = 0; r < USERS->reference_count; r++) {
        const bbots_foreign_key *key = foreign_key_of(USERS->references[r]);
        const bbots_table *child = bbots_platform_schema.tables[USERS->references[r].table];
        assert_ok(bbots_savepoint(txn, "one", &fault));
        int64_t user = new_row(USERS, NULL, 0);
        new_row(child, key, user);
        uint64_t rows = count_of(txn, child);
        bbots_explanation *explained = explain_id(USERS, user);
        by_rule[key->on_delete]++;
        if (key->on_delete == BBOTS_NO_ACTION) {
            assert_refused(delete_id(txn, USERS, user, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
            assert_string_equal(fault.constraint, key->name);
            assert_string_equal(fault.table, child->name);
            assert_non_null(strstr(fault.message, " of 1 row with ("));
            assert_int_equal(explained->refusal_count, 1);
            assert_ptr_equal(explained->refusals[0].reference, key);
        } else {
            bool cascade = key->on_delete == BBOTS_CASCADE;
            assert_ok(delete_id(txn, USERS, user, &deleted));
            assert_int_equal(deleted.cascaded, cascade);
            assert_int_equal(deleted.set_null, !cascade);
            assert_int_equal(count_of(txn, child), rows - cascade);
            assert_int_equal(explained->refusal_count, 0);
            assert_int_equal(explained->deleted, 1 + cascade);
            assert_int_equal(explained->set_null, !cascade);
        }
        bbots_explanation_free(explained);
        assert_ok(bbots_savepoint_rollback(txn, "one", &fault));
    }
    print_message("%u references to users: %u no action, %u cascade, %u set null\n",
                  USERS->reference_count, by_rule[BBOTS_NO_ACTION], by_rule[BBOTS_CASCADE],
                  by_rule[BBOTS_SET_NULL]);
    assert_true(USERS->reference_count >= 79);
    assert_true(by_rule[BBOTS_NO_ACTION] > 0 && by_rule[BBOTS_CASCADE] > 0 &&
                by_rule[BBOTS_SET_NULL] > 0);
}

/* A user with two rows in each table that references users, by each of its columns. */
static void a_user_with_rows_everywhere(void **state)
{
    (void)state;
    bbots_deleted deleted;
    uint64_t rows[3] = {0, 0, 0};
    unsigned refusing = 0;
    int64_t user = new_row(USERS, NULL, 0);
    for (unsigned r = 0; r < USERS->reference_count; r++) {
        const bbots_foreign_key *key = foreign_key_of(USERS->references[r]);
        const bbots_table *child = bbots_platform_schema.tables[USERS->references[r].table];
        bool once = bbots_table_unique_index(child, key->columns, 1) >= 0;
        new_row(child, key, user);
        rows[key->on_delete]++;
        refusing += key->on_delete == BBOTS_NO_ACTION;
        if (!once) {
            new_row(child, key, user);
            rows[key->on_delete]++;
        }
    }
    bbots_explanation *explained = explain_id(USERS, user);
    assert_int_equal(explained->refusal_count, refusing);
    assert_int_equal(explained->deleted, 1 + rows[BBOTS_CASCADE]);
    assert_int_equal(explained->set_null, rows[BBOTS_SET_NULL]);
    /* What refuses is cleared away, in the order in which a delete complains. */
    for (uint32_t i = 0; i < explained->refusal_count; i++) {
        const bbots_refusal *refusal = &explained->refusals[i];
        const bbots_table *child = refusal->table;
        bbots_cursor *cursor;
        bbots_row row;
        bbots_value bound = integer(user);
        bbots_range range = {.from = &bound, .to = &bound, .from_count = 1, .to_count = 1};
        assert_refused(delete_id(txn, USERS, user, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
        assert_string_equal(fault.constraint, refusal->reference->name);
        assert_ok(
            bbots_cursor_open(txn, child, refusal->reference->index, &range, &cursor, &fault));
        while (bbots_cursor_next(cursor, &row, &fault) == BBOTS_OK) {
            bbots_value key[BBOTS_KEY_COLUMNS_MAX];
            for (unsigned c = 0; c < child->indexes[0].column_count; c++) {
                key[c] = bbots_row_value(&row, child->indexes[0].columns[c]);
            }
            assert_ok(bbots_delete(txn, child, 0, key, NULL, &fault));
        }
        bbots_cursor_close(cursor);
    }
    assert_ok(delete_id(txn, USERS, user, &deleted));
    assert_int_equal(deleted.cascaded, rows[BBOTS_CASCADE]);
    assert_int_equal(deleted.set_null, rows[BBOTS_SET_NULL]);
    bbots_explanation_free(explained);
}

/* inbound_messages."parentMessageId" is NO ACTION, agency_tasks."blockedBy" SET NULL. */
static void the_platforms_self_references_keep_their_rules(void **state)
{
    (void)state;
    bbots_deleted deleted;
    bbots_row row;
    const bbots_table *messages =
        bbots_schema_table(&bbots_platform_schema, "inbound_messages", NULL);
    const bbots_table *tasks = bbots_schema_table(&bbots_platform_schema, "agency_tasks", NULL);
    int64_t first = new_row(messages, NULL, 0);
    int64_t second = new_row(messages, NULL, 0);
    assert_ok(update_named(txn, messages, second, "parentMessageId", integer(first)));
    assert_refused(delete_id(txn, messages, first, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "inbound_messages_parentMessageId_fkey");
    assert_ok(update_named(txn, messages, first, "parentMessageId", integer(first)));
    assert_ok(delete_id(txn, messages, second, NULL));
    assert_ok(delete_id(txn, messages, first, &deleted)); /* only its own parent */
    assert_int_equal(deleted.rows, 1);

    int64_t chain[4];
    for (int i = 0; i < 4; i++) {
        chain[i] = new_row(tasks, NULL, 0);
        if (i > 0) {
            assert_ok(update_named(txn, tasks, chain[i], "blockedBy", integer(chain[i - 1])));
        }
    }
    assert_ok(update_named(txn, tasks, chain[0], "blockedBy", integer(chain[3])));
    assert_ok(delete_id(txn, tasks, chain[1], &deleted));
    assert_int_equal(deleted.cascaded, 0);
    assert_int_equal(deleted.set_null, 1);
    assert_ok(get_id(txn, tasks, chain[2], &row));
    assert_int_equal(row_at(&row, "blockedBy").kind, BBOTS_NULL);
    assert_ok(get_id(txn, tasks, chain[3], &row));
    assert_int_equal(row_at(&row, "blockedBy").integer, chain[2]);
    assert_ok(get_id(txn, tasks, chain[0], &row));
    assert_int_equal(row_at(&row, "blockedBy").integer, chain[3]);
}

/* A webhook's messages go with it, each before the one that it answers: NO ACTION has its turn
 * when they are gone. A message of another webhook that answers one of them refuses. */
static void a_cascade_over_rows_that_protect_one_another(void **state)
{
    (void)state;
    bbots_deleted deleted;
    const bbots_schema *schema = &bbots_platform_schema;
    const bbots_table *webhooks = bbots_schema_table(schema, "user_webhooks", NULL);
    const bbots_table *messages = bbots_schema_table(schema, "inbound_messages", NULL);
    int64_t webhook = new_row(webhooks, NULL, 0);
    const bbots_foreign_key *to_webhook = NULL;
    for (unsigned f = 0; f < messages->foreign_key_count; f++) {
        if (messages->foreign_keys[f].parent == webhooks->number) {
            to_webhook = &messages->foreign_keys[f];
        }
    }
    int64_t last = 0;
    for (int i = 0; i < 5; i++) {
        int64_t message = new_row(messages, to_webhook, webhook);
        if (last != 0) {
            assert_ok(update_named(txn, messages, message, "parentMessageId", integer(last)));
        }
        last = message;
    }
    int64_t stranger = new_row(messages, NULL, 0);
    assert_ok(update_named(txn, messages, stranger, "parentMessageId", integer(last)));
    assert_refused(delete_id(txn, webhooks, webhook, NULL), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_string_equal(fault.constraint, "inbound_messages_parentMessageId_fkey");
    assert_ok(delete_id(txn, messages, stranger, NULL));
    assert_ok(delete_id(txn, webhooks, webhook, &deleted));
    assert_int_equal(deleted.cascaded, 5);
}

/* ------------------------------------------------------------------ keys that are missing or give way */

/* A column that others know a row by may be null: then nobody does. */
static void a_row_without_its_key_is_known_to_nobody(void **state)
{
    const bbots_table *bodies = &sample_bodies_table;
    const bbots_table *tails = &sample_tails_table;
    bbots_explanation *explanation;
    bbots_value first = integer(1);
    (void)state;
    assert_ok(insert_named(txn, &sample_heads_table, "id", integer(7)));
    assert_ok(insert_named(txn, bodies, "head", null_value()));
    assert_ok(insert_named(txn, bodies, "head", null_value()));
    assert_ok(insert_named(txn, tails, "body_head", null_value()));
    assert_ok(update_named(txn, bodies, 1, "head", integer(7)));
    assert_ok(update_named(txn, tails, 1, "body_head", integer(7)));
    assert_refused(update_named(txn, bodies, 1, "head", null_value()), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(update_named(txn, tails, 1, "body_head", null_value()));
    assert_ok(update_named(txn, bodies, 1, "head", null_value()));
    assert_ok(bbots_explain_delete(txn, bodies, 0, &first, &explanation, &fault));
    assert_int_equal(explanation->refusal_count, 0);
    bbots_explanation_free(explanation);
    assert_ok(delete_id(txn, bodies, 1, NULL));
    assert_ok(delete_id(txn, bodies, 2, NULL));
}

/* A row that refers to itself may take the reference along, and not leave it behind. */
static void a_row_keeps_no_reference_to_the_key_it_gives_up(void **state)
{
    (void)state;
    assert_ok(insert_named(txn, NODES, "id", integer(5), "parent", integer(5)));
    assert_refused(update_named(txn, NODES, 5, "id", integer(6)), BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(update_named(txn, NODES, 5, "id", integer(6), "parent", integer(6)));
    assert_refused(update_named(txn, NODES, 6, "id", integer(5), "parent", integer(6)),
                   BBOTS_FOREIGN_KEY_VIOLATION);
    assert_ok(delete_id(txn, NODES, 6, NULL));
}

#define SAMPLE(name)   cmocka_unit_test_setup_teardown(name, setup_sample, teardown)
#define DIAMONDS(name) cmocka_unit_test_setup_teardown(name, setup_diamonds, teardown)
#define PLATFORM(name) cmocka_unit_test_setup_teardown(name, setup_platform, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE(a_refusal_names_rows_and_columns),
        SAMPLE(a_refusal_names_a_row_that_is_in_its_own_way),
        SAMPLE(a_refusal_counts_to_a_thousand),
        DIAMONDS(a_refusal_names_keys_of_several_columns),
        DIAMONDS(a_refusal_leaves_out_keys_that_are_too_long),
        SAMPLE(a_row_that_cannot_forget_is_named),
        SAMPLE(a_row_without_its_key_is_known_to_nobody),
        SAMPLE(a_row_keeps_no_reference_to_the_key_it_gives_up),
        SAMPLE(a_delete_is_refused_past_its_limit),
        DIAMONDS(in_a_diamond_the_nearer_refusal_wins),
        DIAMONDS(in_a_diamond_the_later_refusal_finds_nothing),
        DIAMONDS(a_row_that_forgets_and_goes_is_deleted),
        SAMPLE(an_explanation_runs_in_a_read_transaction),
        SAMPLE(explanations_foretell_random_deletes),
        PLATFORM(each_reference_to_users_keeps_its_rule),
        PLATFORM(a_user_with_rows_everywhere),
        PLATFORM(the_platforms_self_references_keep_their_rules),
        PLATFORM(a_cascade_over_rows_that_protect_one_another),
    };
    choose_tests();
    return cmocka_run_group_tests_name("deletes", tests, NULL, NULL);
}
