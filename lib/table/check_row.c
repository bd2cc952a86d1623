/*
 * table/check_row.c - rows against themselves: key, shape, each value's rules, references.
 *
 * A checksum only says that a row is as it was written. Who writes past the library can make one
 * that fits, so everything that an insert would have refused is looked for again here, and so is
 * the one spelling that the format allows (docs/format.md, "Row"): two tables with the same rows
 * could otherwise differ in their digests.
 */
#include "table/check.h"

#include "base/bytes.h"
#include "base/utf8.h"
#include "codec/literal.h"

#include <bbots/json.h>
#include <math.h>

/* A row under check. */
typedef struct subject {
    check *run;
    store_bytes key; /* where it lies */
    bbots_row row;
} subject;

/* ------------------------------------------------------------------ shape */

/* The end of a variable column's bytes, counted from the first one's start. */
static uint32_t variable_end(const bbots_row *row, const codec_layout *layout, unsigned ordinal)
{
    const uint8_t *ends = row->data + layout->variable_at;
    return (row->data[5] & CODEC_ROW_WIDE) != 0 ? bb_load32(ends + (size_t)4 * ordinal)
                                                : bb_load16(ends + (size_t)2 * ordinal);
}

static bool is_marked_null(const bbots_row *row, unsigned column)
{
    return (row->data[CODEC_ROW_HEADER + column / 8] >> column % 8 & 1) != 0;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    while (size > 0 && *data == 0) {
        data++;
        size--;
    }
    return size == 0;
}

/* What is wrong with a column's place in the row, or NULL. *end is the last variable one's. */
static const char *place_fault(const bbots_row *row, const codec_layout *layout, unsigned column,
                               uint32_t *end)
{
    bool null = is_marked_null(row, column);
    const uint8_t *fixed = row->data + layout->place[column];
    if (layout->width[column] == 0) {
        uint32_t start = *end;
        *end = variable_end(row, layout, layout->place[column]);
        return *end < start           ? "ends before it begins"
               : null && *end > start ? "is null and has bytes"
                                      : NULL;
    }
    if (null) {
        return is_zero(fixed, layout->width[column]) ? NULL : "is null and has bytes";
    }
    bool boolean = layout->table->columns[column].type == BBOTS_TYPE_BOOLEAN;
    return boolean && *fixed > 1 ? "is a boolean that is neither 0 nor 1" : NULL;
}

/* Bits of the null bitmap behind the last column, and wide ends that need not be. */
static bool has_stray_bits(const bbots_row *row, const codec_layout *layout)
{
    unsigned columns = layout->column_count;
    bool wide = (row->data[5] & CODEC_ROW_WIDE) != 0;
    unsigned last = row->data[CODEC_ROW_HEADER + (columns - 1) / 8];
    uint32_t bytes =
        layout->variable_count != 0 ? variable_end(row, layout, layout->variable_count - 1u) : 0;
    return (columns % 8 != 0 && last >> columns % 8 != 0) || (wide && bytes <= UINT16_MAX);
}

static int check_shape(const subject *of)
{
    const codec_layout *layout = of->row.layout;
    uint32_t end = 0;
    int rc = BBOTS_OK;
    if (has_stray_bits(&of->row, layout)) {
        rc = check_report(of->run, BBOTS_DAMAGE, NULL, of->key,
                          "the row's head is not as the format has it");
    }
    for (unsigned c = 0; c < layout->column_count && rc == BBOTS_OK; c++) {
        const char *fault = place_fault(&of->row, layout, c, &end);
        if (fault != NULL) {
            const char *name = layout->table->columns[c].name;
            rc =
                check_report(of->run, BBOTS_DAMAGE, name, of->key, "column \"%s\" %s", name, fault);
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ values */

static const char *text_fault(const bbots_column *column, const bbots_value *value)
{
    if (!bb_utf8_valid(value->data, value->size)) {
        return "is not valid UTF-8 or has a zero byte";
    }
    bool limited = column->type == BBOTS_TYPE_VARCHAR && column->length != 0;
    return limited && bb_utf8_length(value->data, value->size) > column->length
               ? "is longer than its type allows"
               : NULL;
}

static const char *decimal_fault(const bbots_column *column, const bbots_value *value)
{
    int64_t limit = 1;
    for (uint32_t i = 0; i < column->length; i++) {
        limit *= 10;
    }
    return value->integer >= limit || value->integer <= -limit
               ? "has more digits than its type allows"
               : NULL;
}

static const char *timestamp_fault(int64_t time)
{
    bool infinite = time == BBOTS_TIMESTAMP_INFINITY || time == BBOTS_TIMESTAMP_MINUS_INFINITY;
    return infinite || (time >= BBOTS_TIMESTAMP_MIN && time <= BBOTS_TIMESTAMP_MAX)
               ? NULL
               : "is a time out of range";
}

static const char *json_fault(const bbots_value *value)
{
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    return bbots_json_validate(json) == BBOTS_OK ? NULL : "is not JSON in its canonical form";
}

static const char *vector_fault(const bbots_column *column, const bbots_value *value)
{
    if (value->size != (uint64_t)column->length * sizeof(float)) {
        return "has not the number of dimensions of its type";
    }
    for (uint32_t i = 0; i < column->length; i++) {
        float number;
        memcpy(&number, (const uint8_t *)value->data + sizeof number * i, sizeof number);
        if (!isfinite(number)) {
            return "has a number that is not finite";
        }
    }
    return NULL;
}

/* What a column's own rules say against a value that is not null; NULL when nothing. */
static const char *value_fault(const bbots_column *column, const bbots_value *value)
{
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        return text_fault(column, value);
    case BBOTS_TYPE_DECIMAL:
        return decimal_fault(column, value);
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        return timestamp_fault(value->integer);
    case BBOTS_TYPE_JSONB:
        return json_fault(value);
    case BBOTS_TYPE_VECTOR:
        return vector_fault(column, value);
    default: /* the others are whatever their width holds; booleans: see place_fault() */
        return NULL;
    }
}

/* ------------------------------------------------------------------ usual values */

static bool is_listed(const bbots_column *column, const char *text, size_t size)
{
    for (const char *const *usual = column->usual; *usual != NULL; usual++) {
        if (strlen(*usual) == size && memcmp(*usual, text, size) == 0) {
            return true;
        }
    }
    return false;
}

/* A usual value is written as text, whatever the column's type. */
static int check_usual(const subject *of, const bbots_column *column, const bbots_value *value)
{
    bb_arena *scratch = &of->run->txn->scratch;
    bb_arena_mark mark = bb_arena_mark_here(scratch);
    char shown[BB_QUOTE_MAX];
    bbots_text text = {value->data, value->size};
    int rc = BBOTS_OK;
    if (value->kind != BBOTS_TEXT) {
        rc = codec_value_print(scratch, column, value, BBOTS_TIMESTAMP_POSTGRES, &text,
                               of->run->error);
    }
    bool listed = rc == BBOTS_OK && is_listed(column, text.data, text.size);
    bb_arena_rewind(scratch, mark); /* before the caller is asked, who may use it */
    if (rc == BBOTS_OK && !listed) {
        rc = check_report(of->run, BBOTS_NOTE, column->name, of->key,
                          "column \"%s\" has the unusual value %s", column->name,
                          codec_value_show(column, value, shown));
    }
    return rc;
}

/*
 * A sealed value has its shape, and where its key is at hand it opens and is what its column may
 * hold. Nothing of it is shown.
 */
static int check_sealed(const subject *of, unsigned c, bbots_value *value)
{
    check *run = of->run;
    const bbots_column *column = &of->row.table->columns[c];
    bbots_row row = of->row;
    bbots_error why;
    secret_state *state;
    int rc = check_sealed_count(run, value);
    if (rc == BBOTS_OK) {
        rc = secret_state_of(run->txn, &state, run->error);
    }
    if (rc != BBOTS_OK) {
        return rc;
    }
    secret_memory callers = state->opened; /* what the caller opened before stays at hand */
    state->opened = run->opened;
    row_give(run->txn, run->engine, &row);
    rc = bbots_row_secret(&row, c, value, &why);
    const char *fault = rc == BBOTS_TAMPERED ? "is sealed and was changed or moved"
                        : rc == BBOTS_OK     ? value_fault(column, value)
                                             : NULL;
    secret_memory_wipe(&state->opened, true);
    run->opened = state->opened;
    state->opened = callers;
    if (fault != NULL) {
        return check_report(run, BBOTS_DAMAGE, column->name, of->key, "column \"%s\" %s",
                            column->name, fault);
    }
    if (rc < 0 && rc != BBOTS_KEY_MISSING) {
        return bb_fail(run->error, rc, "%s", why.message);
    }
    return BBOTS_OK;
}

static int check_value(const subject *of, unsigned c)
{
    const bbots_column *column = &of->row.table->columns[c];
    bbots_value value = bbots_row_value(&of->row, c);
    if (value.kind == BBOTS_NULL) {
        return (column->flags & BBOTS_COLUMN_NOT_NULL) == 0
                   ? BBOTS_OK
                   : check_report(of->run, BBOTS_DAMAGE, column->name, of->key,
                                  "column \"%s\" must have a value and is null", column->name);
    }
    if (value.kind == BBOTS_SEALED) {
        return check_sealed(of, c, &value);
    }
    const char *fault = value_fault(column, &value);
    if (fault != NULL) {
        return check_report(of->run, BBOTS_DAMAGE, column->name, of->key, "column \"%s\" %s",
                            column->name, fault);
    }
    return of->run->options->usual_values && column->usual != NULL ? check_usual(of, column, &value)
                                                                   : BBOTS_OK;
}

/* ------------------------------------------------------------------ the row among others */

static int check_own_key(const subject *of)
{
    const bbots_tree *tree = &of->row.table->trees[0];
    uint8_t own[CODEC_KEY_MAX];
    char shown[ROW_KEY_TEXT_MAX];
    size_t size = codec_key_of_row(&of->row, tree->columns, tree->column_count, own, NULL);
    if (size == of->key.size && memcmp(own, of->key.data, size) == 0) {
        return BBOTS_OK;
    }
    return check_report(of->run, BBOTS_DAMAGE, tree->name, of->key,
                        "the row lies under another key than its own, which is (%s)",
                        row_key_text(&of->row, tree->columns, tree->column_count, shown));
}

/*
 * One foreign key. The function behind also looks at others that share a column with it; what it
 * says of those is not for now. A parent's index that cannot be read is a finding of its own table.
 */
static int check_reference(const subject *of, const bbots_foreign_key *key)
{
    check *run = of->run;
    char names[ROW_KEY_TEXT_MAX];
    char values[ROW_KEY_TEXT_MAX];
    uint64_t columns = 0;
    bbots_error error;
    bb_error_clear(&error);
    for (unsigned i = 0; i < key->column_count; i++) {
        columns |= BBOTS_COLUMN_BIT(key->columns[i]);
    }
    int rc = reference_check_parents(run->txn, run->engine, NULL, &of->row, columns, &error);
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION && strcmp(error.constraint, key->name) == 0) {
        return check_report(run, BBOTS_DAMAGE, key->name, of->key,
                            "the reference (%s)=(%s) finds no row in table \"%s\"",
                            row_column_names(of->row.table, key->columns, key->column_count, names),
                            row_key_text(&of->row, key->columns, key->column_count, values),
                            run->txn->store->schema->tables[key->parent]->name);
    }
    if (rc == BBOTS_FOREIGN_KEY_VIOLATION || (rc == BBOTS_CORRUPTED && error.table[0] != '\0')) {
        return BBOTS_OK;
    }
    if (rc < 0) {
        bb_error_give(run->error, &error);
    }
    return rc;
}

static int check_references(const subject *of)
{
    const bbots_table *table = of->row.table;
    int rc =
        reference_check_parents(of->run->txn, of->run->engine, NULL, &of->row, ~UINT64_C(0), NULL);
    if (rc == BBOTS_OK) {
        return BBOTS_OK; /* nearly always: one call for all */
    }
    rc = BBOTS_OK;
    for (unsigned f = 0; f < table->foreign_key_count && rc == BBOTS_OK; f++) {
        rc = check_reference(of, &table->foreign_keys[f]);
    }
    return rc;
}

/* ------------------------------------------------------------------ rows */

static void note_serial(check *run, const subject *of)
{
    if (run->engine->serial < 0 || of->key.size > CODEC_KEY_MAX) {
        return;
    }
    bbots_value value = bbots_row_value(&of->row, (unsigned)run->engine->serial);
    if (value.kind == BBOTS_INTEGER && (!run->serial_seen || value.integer > run->serial_most)) {
        run->serial_seen = true;
        run->serial_most = value.integer;
        memcpy(run->serial_key, of->key.data, of->key.size);
        run->serial_key_size = of->key.size;
    }
}

static int visit_row(check *run, store_bytes key, store_bytes data, void *context)
{
    subject of = {.run = run, .key = key};
    bb_hash hash;
    (void)context;
    run->rows++;
    run->result->rows++;
    int rc = row_open(run->engine, data, &of.row, &hash, NULL);
    if (rc == BBOTS_CORRUPTED || rc == BBOTS_SCHEMA_MISMATCH) {
        run->unreadable++;
        return check_report(run, BBOTS_DAMAGE, run->engine->table->trees[0].name, key,
                            "the row is damaged: its checksum or shape does not fit");
    }
    if (rc != BBOTS_OK) {
        return bb_fail(run->error, rc, "out of memory");
    }
    run->digest = bb_hash_add(run->digest, hash);
    note_serial(run, &of);
    rc = check_own_key(&of);
    if (rc == BBOTS_OK) {
        rc = check_shape(&of);
    }
    for (unsigned c = 0; c < of.row.table->column_count && rc == BBOTS_OK; c++) {
        rc = check_value(&of, c);
    }
    return rc == BBOTS_OK ? check_references(&of) : rc;
}

int check_rows(check *run)
{
    return check_walk(run, run->engine->trees[0], visit_row, NULL);
}
