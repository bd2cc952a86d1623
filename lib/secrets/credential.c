/*
 * secrets/credential.c - the platform's credentials: triples of AES-256-GCM in a table.
 *
 * The columns are found by name at each call: a dozen comparisons of short words beside a cipher and
 * a write. The secret is sealed before anything is written and opened before its use is counted, so
 * a failure of either leaves the row as it was.
 */
#include "base/error.h"

#include <bbots/credential.h>
#include <bbots/cursor.h>

/* What a row has, in the order of the columns below. */
typedef enum part {
    ID,
    USER_ID,
    NAME,
    SERVICE,
    TYPE,
    ENCRYPTED_DATA,
    IV,
    AUTH_TAG,
    METADATA,
    LAST_USED_AT,
    USE_COUNT,
    IS_ACTIVE,
    DELETED_AT,
    CREATED_AT,
    UPDATED_AT,
    PART_COUNT
} part;

#define IS(type) (1u << BBOTS_TYPE_##type)
#define INTEGERS (IS(SMALLINT) | IS(INTEGER) | IS(BIGINT))
#define TEXTS    (IS(TEXT) | IS(VARCHAR))
#define TIMES    (IS(TIMESTAMP) | IS(TIMESTAMPTZ))

/* A column, and of which types it may be. */
static const struct {
    const char *name;
    uint32_t types;
} needed[PART_COUNT] = {
    [ID] = {"id", INTEGERS},
    [USER_ID] = {"userId", INTEGERS},
    [NAME] = {"name", TEXTS},
    [SERVICE] = {"service", TEXTS},
    [TYPE] = {"type", TEXTS},
    [ENCRYPTED_DATA] = {"encryptedData", TEXTS},
    [IV] = {"iv", TEXTS},
    [AUTH_TAG] = {"authTag", TEXTS},
    [METADATA] = {"metadata", IS(JSONB)},
    [LAST_USED_AT] = {"lastUsedAt", TIMES},
    [USE_COUNT] = {"useCount", INTEGERS},
    [IS_ACTIVE] = {"isActive", IS(BOOLEAN)},
    [DELETED_AT] = {"deletedAt", TIMES},
    [CREATED_AT] = {"createdAt", TIMES},
    [UPDATED_AT] = {"updatedAt", TIMES},
};

/* The table in a store's schema. */
typedef struct place {
    const bbots_table *table;
    unsigned columns[PART_COUNT];
} place;

/* A statement's values by part. */
typedef struct entry {
    const place *of;
    uint64_t set;
    bbots_value values[BBOTS_COLUMNS_MAX];
} entry;

static int find_column(place *of, part which, bbots_error *error)
{
    const char *name = needed[which].name;
    int column = bbots_table_column(of->table, bbots_text_of(name));
    if (column < 0) {
        return bb_fail_at(error, BBOTS_UNKNOWN_COLUMN, of->table->name, name, NULL,
                          "table \"credentials\" has no column \"%s\", which is needed here", name);
    }
    if ((needed[which].types & 1u << of->table->columns[column].type) == 0) {
        char type[40];
        bbots_column_type_text(&of->table->columns[column], type);
        return bb_fail_at(error, BBOTS_WRONG_TYPE, of->table->name, name, NULL,
                          "column \"%s\" of table \"credentials\" is of type %s, which cannot be "
                          "used here",
                          name, type);
    }
    of->columns[which] = (unsigned)column;
    return BBOTS_OK;
}

static int find_place(bbots_txn *txn, place *found, bbots_error *error)
{
    found->table = bbots_store_table(bbots_txn_store(txn), "credentials", error);
    int rc = found->table != NULL ? BBOTS_OK : BBOTS_UNKNOWN_TABLE;
    for (part p = 0; p < PART_COUNT && rc == BBOTS_OK; p++) {
        rc = find_column(found, p, error);
    }
    if (rc == BBOTS_OK && (found->table->indexes[0].column_count != 1 ||
                           found->table->indexes[0].columns[0] != found->columns[ID])) {
        rc = bb_fail_at(error, BBOTS_UNKNOWN_INDEX, "credentials", needed[ID].name, NULL,
                        "table \"credentials\" has no primary key (id), which is needed here");
    }
    return rc;
}

static void put(entry *to, part which, bbots_value value)
{
    to->values[to->of->columns[which]] = value;
    to->set |= BBOTS_COLUMN_BIT(to->of->columns[which]);
}

static bbots_value get(const place *of, const bbots_row *row, part which)
{
    return bbots_row_value(row, of->columns[which]);
}

static bbots_text get_text(const place *of, const bbots_row *row, part which)
{
    bbots_value value = get(of, row, which);
    bbots_text text = {value.kind == BBOTS_TEXT ? value.data : NULL, value.size};
    return text;
}

static bbots_timestamp get_time(const place *of, const bbots_row *row, part which)
{
    bbots_value value = get(of, row, which);
    return value.kind == BBOTS_TIMESTAMP ? value.integer : BBOTS_TIMESTAMP_MINUS_INFINITY;
}

static bool is_deleted(const place *of, const bbots_row *row)
{
    return get(of, row, DELETED_AT).kind != BBOTS_NULL;
}

/* The row of a credential that belongs to the user and was not deleted. */
static int find_row(bbots_txn *txn, const place *of, int64_t user_id, int64_t id, bbots_row *row,
                    bbots_error *error)
{
    bbots_value key = bbots_value_integer(id);
    int rc = bbots_get(txn, of->table, 0, &key, row, error);
    return rc == BBOTS_OK && (get(of, row, USER_ID).integer != user_id || is_deleted(of, row))
               ? BBOTS_NOT_FOUND
               : rc;
}

static int update(bbots_txn *txn, const entry *changes, int64_t id, bbots_error *error)
{
    bbots_value key = bbots_value_integer(id);
    return bbots_update(txn, changes->of->table, 0, &key, changes->values, changes->set, NULL,
                        error);
}

/* ------------------------------------------------------------------ secrets in and out */

static void put_triple(entry *to, const bbots_vault_triple *triple)
{
    put(to, ENCRYPTED_DATA, bbots_value_text(triple->encrypted_data));
    put(to, IV, bbots_value_text(triple->iv));
    put(to, AUTH_TAG, bbots_value_text(triple->auth_tag));
}

static int open_row(const place *of, const bbots_row *row, const bbots_keyring *ring,
                    bbots_secret *secret, bbots_error *error)
{
    bbots_vault_triple triple = {get_text(of, row, ENCRYPTED_DATA), get_text(of, row, IV),
                                 get_text(of, row, AUTH_TAG)};
    return bbots_vault_open(ring, &triple, secret, error);
}

int bbots_credential_store(bbots_txn *txn, const bbots_keyring *ring, const bbots_credential *of,
                           bbots_bytes secret, bbots_vault_form form, int64_t *id,
                           bbots_error *error)
{
    bbots_vault_triple triple;
    bbots_row row;
    place at;
    entry made = {.of = &at};
    int rc = find_place(txn, &at, error);
    if (rc == BBOTS_OK) {
        rc = bbots_vault_seal(ring, secret, form, &triple, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    put_triple(&made, &triple);
    put(&made, USER_ID, bbots_value_integer(of->user_id));
    put(&made, NAME, bbots_value_text(of->name));
    put(&made, SERVICE, bbots_value_text(of->service));
    put(&made, TYPE, bbots_value_text(of->type));
    put(&made, METADATA, bbots_value_json(of->metadata));
    rc = bbots_insert(txn, at.table, made.values, made.set, &row, error);
    if (rc == BBOTS_OK && id != NULL) {
        *id = get(&at, &row, ID).integer;
    }
    bbots_vault_triple_free(&triple);
    return rc;
}

int bbots_credential_fetch(bbots_txn *txn, const bbots_keyring *ring, int64_t user_id, int64_t id,
                           bbots_secret *secret, bbots_error *error)
{
    bbots_row row;
    place at;
    entry used = {.of = &at};
    secret->data = NULL;
    secret->size = 0;
    int rc = find_place(txn, &at, error);
    if (rc == BBOTS_OK) {
        rc = find_row(txn, &at, user_id, id, &row, error);
    }
    if (rc == BBOTS_OK && !get(&at, &row, IS_ACTIVE).boolean) {
        rc = BBOTS_NOT_FOUND;
    }
    int64_t uses = rc == BBOTS_OK ? get(&at, &row, USE_COUNT).integer : 0;
    if (uses == INT64_MAX) {
        rc = bb_fail_at(error, BBOTS_NUMERIC_OUT_OF_RANGE, at.table->name, needed[USE_COUNT].name,
                        NULL, "a credential's uses cannot be counted any further");
    }
    if (rc == BBOTS_OK) {
        rc = open_row(&at, &row, ring, secret, error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    put(&used, USE_COUNT, bbots_value_integer(uses + 1));
    put(&used, LAST_USED_AT, bbots_value_timestamp(bbots_txn_now(txn)));
    put(&used, UPDATED_AT, get(&at, &row, UPDATED_AT));
    rc = update(txn, &used, id, error);
    if (rc != BBOTS_OK) {
        bbots_secret_free(secret);
    }
    return rc;
}

int bbots_credential_rotate(bbots_txn *txn, const bbots_keyring *ring, int64_t user_id, int64_t id,
                            bbots_bytes secret, bbots_vault_form form, bbots_error *error)
{
    bbots_secret opened = {NULL, 0};
    bbots_vault_triple triple;
    bbots_row row;
    place at;
    entry changed = {.of = &at};
    int rc = find_place(txn, &at, error);
    if (rc == BBOTS_OK) {
        rc = find_row(txn, &at, user_id, id, &row, error);
    }
    if (rc == BBOTS_OK && secret.data == NULL) {
        rc = open_row(&at, &row, ring, &opened, error);
        secret.data = opened.data;
        secret.size = opened.size;
    }
    if (rc == BBOTS_OK) {
        rc = bbots_vault_seal(ring, secret, form, &triple, error);
    }
    bbots_secret_free(&opened);
    if (rc != BBOTS_OK) {
        return rc;
    }
    put_triple(&changed, &triple);
    rc = update(txn, &changed, id, error);
    bbots_vault_triple_free(&triple);
    return rc;
}

/* ------------------------------------------------------------------ without secrets */

static void describe(const place *of, const bbots_row *row, bbots_credential *credential)
{
    bbots_value metadata = get(of, row, METADATA);
    *credential = (bbots_credential){
        .id = get(of, row, ID).integer,
        .user_id = get(of, row, USER_ID).integer,
        .name = get_text(of, row, NAME),
        .service = get_text(of, row, SERVICE),
        .type = get_text(of, row, TYPE),
        .metadata = {metadata.kind == BBOTS_JSON ? metadata.data : NULL, metadata.size,
                     BBOTS_JSON_PACKED},
        .use_count = get(of, row, USE_COUNT).integer,
        .last_used_at = get_time(of, row, LAST_USED_AT),
        .is_active = get(of, row, IS_ACTIVE).boolean,
        .deleted_at = get_time(of, row, DELETED_AT),
        .created_at = get_time(of, row, CREATED_AT),
        .updated_at = get_time(of, row, UPDATED_AT),
    };
}

/* An index that begins with "userId": the foreign key has one. */
static int user_index(const place *of, unsigned *index, bbots_error *error)
{
    for (*index = 0; *index < of->table->index_count; ++*index) {
        if (of->table->indexes[*index].columns[0] == of->columns[USER_ID]) {
            return BBOTS_OK;
        }
    }
    return bb_fail_at(error, BBOTS_UNKNOWN_INDEX, of->table->name, needed[USER_ID].name, NULL,
                      "table \"credentials\" has no index on \"userId\"");
}

int bbots_credential_list(bbots_txn *txn, int64_t user_id, bool deleted_too,
                          bbots_credential_visit *visit, void *context, bbots_error *error)
{
    bbots_value user = bbots_value_integer(user_id);
    bbots_range range = {.from = &user, .from_count = 1, .to = &user, .to_count = 1};
    bbots_cursor *cursor = NULL;
    bbots_credential credential;
    bbots_row row;
    place at;
    unsigned index;
    bool stopped = false;
    int rc = find_place(txn, &at, error);
    if (rc == BBOTS_OK) {
        rc = user_index(&at, &index, error);
    }
    if (rc == BBOTS_OK) {
        rc = bbots_cursor_open(txn, at.table, index, &range, &cursor, error);
    }
    while (rc == BBOTS_OK && !stopped) {
        rc = bbots_cursor_next(cursor, &row, error);
        if (rc == BBOTS_OK && (deleted_too || !is_deleted(&at, &row))) {
            describe(&at, &row, &credential);
            stopped = visit(&credential, context) != 0;
        }
    }
    bbots_cursor_close(cursor);
    return rc == BBOTS_END ? BBOTS_OK : rc;
}

int bbots_credential_delete(bbots_txn *txn, int64_t user_id, int64_t id, bbots_error *error)
{
    bbots_value key = bbots_value_integer(id);
    bbots_row row;
    place at;
    int rc = find_place(txn, &at, error);
    if (rc == BBOTS_OK) {
        rc = find_row(txn, &at, user_id, id, &row, error);
    }
    return rc == BBOTS_OK ? bbots_soft_delete(txn, at.table, 0, &key, error) : rc;
}
