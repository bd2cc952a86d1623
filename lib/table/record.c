/*
 * table/record.c - typed row structs: the fields lie where the descriptor says.
 *
 * Generated code passes its structs as plain memory; here they become values and come back. A
 * field is read and written with memcpy at column->field, in the type that the generator gives to
 * the column's type.
 */
#include "table/engine.h"

static void read_field(const bbots_column *column, const uint8_t *at, bbots_value *value)
{
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN: {
        bool boolean;
        memcpy(&boolean, at, sizeof boolean);
        *value = bbots_value_boolean(boolean);
        break;
    }
    case BBOTS_TYPE_SMALLINT: {
        int16_t integer;
        memcpy(&integer, at, sizeof integer);
        *value = bbots_value_integer(integer);
        break;
    }
    case BBOTS_TYPE_INTEGER: {
        int32_t integer;
        memcpy(&integer, at, sizeof integer);
        *value = bbots_value_integer(integer);
        break;
    }
    case BBOTS_TYPE_BIGINT: {
        int64_t integer;
        memcpy(&integer, at, sizeof integer);
        *value = bbots_value_integer(integer);
        break;
    }
    case BBOTS_TYPE_DECIMAL: {
        int64_t scaled;
        memcpy(&scaled, at, sizeof scaled);
        *value = bbots_value_decimal(scaled, column->scale);
        break;
    }
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ: {
        bbots_timestamp time;
        memcpy(&time, at, sizeof time);
        *value = bbots_value_timestamp(time);
        break;
    }
    case BBOTS_TYPE_REAL: {
        float real;
        memcpy(&real, at, sizeof real);
        *value = bbots_value_float((double)real);
        break;
    }
    case BBOTS_TYPE_DOUBLE: {
        double real;
        memcpy(&real, at, sizeof real);
        *value = bbots_value_float(real);
        break;
    }
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR: {
        bbots_text text;
        memcpy(&text, at, sizeof text);
        *value = bbots_value_text(text);
        break;
    }
    case BBOTS_TYPE_BYTEA: {
        bbots_bytes bytes;
        memcpy(&bytes, at, sizeof bytes);
        *value = bbots_value_of_bytes(BBOTS_BYTES, bytes.data, bytes.size);
        break;
    }
    case BBOTS_TYPE_UUID: {
        bbots_uuid uuid;
        memcpy(&uuid, at, sizeof uuid);
        *value = bbots_value_uuid(uuid);
        break;
    }
    case BBOTS_TYPE_JSONB: {
        bbots_json json;
        memcpy(&json, at, sizeof json);
        *value = bbots_value_json(json);
        break;
    }
    case BBOTS_TYPE_VECTOR: {
        bbots_vector vector;
        memcpy(&vector, at, sizeof vector);
        *value = bbots_value_of_bytes(BBOTS_VECTOR, vector.data, vector.count * sizeof(float));
        break;
    }
    }
}

static void set_field(const bbots_column *column, const bbots_value *value, uint8_t *at)
{
    bool null = value->kind == BBOTS_NULL;
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN: {
        bool boolean = !null && value->boolean;
        memcpy(at, &boolean, sizeof boolean);
        break;
    }
    case BBOTS_TYPE_SMALLINT: {
        int16_t integer = null ? 0 : (int16_t)value->integer;
        memcpy(at, &integer, sizeof integer);
        break;
    }
    case BBOTS_TYPE_INTEGER: {
        int32_t integer = null ? 0 : (int32_t)value->integer;
        memcpy(at, &integer, sizeof integer);
        break;
    }
    case BBOTS_TYPE_BIGINT:
    case BBOTS_TYPE_DECIMAL:
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ: {
        int64_t integer = null ? 0 : value->integer;
        memcpy(at, &integer, sizeof integer);
        break;
    }
    case BBOTS_TYPE_REAL: {
        float real = null ? 0.0f : (float)value->real;
        memcpy(at, &real, sizeof real);
        break;
    }
    case BBOTS_TYPE_DOUBLE: {
        double real = null ? 0.0 : value->real;
        memcpy(at, &real, sizeof real);
        break;
    }
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR: {
        bbots_text text = {null ? NULL : value->data, null ? 0 : value->size};
        memcpy(at, &text, sizeof text);
        break;
    }
    case BBOTS_TYPE_BYTEA: {
        bbots_bytes bytes = {null ? NULL : value->data, null ? 0 : value->size};
        memcpy(at, &bytes, sizeof bytes);
        break;
    }
    case BBOTS_TYPE_UUID: {
        bbots_uuid uuid = {{0}};
        memcpy(at, null ? &uuid : &value->uuid, sizeof uuid);
        break;
    }
    case BBOTS_TYPE_JSONB: {
        bbots_json json = {null ? NULL : value->data, null ? 0 : value->size, BBOTS_JSON_PACKED};
        memcpy(at, &json, sizeof json);
        break;
    }
    case BBOTS_TYPE_VECTOR: {
        bbots_vector vector = {null ? NULL : value->data,
                               null ? 0 : value->size / (uint32_t)sizeof(float)};
        memcpy(at, &vector, sizeof vector);
        break;
    }
    }
}

/* The values of the columns in a set; null bits win over what a field holds. */
static void read_fields(const bbots_table *table, const void *record, uint64_t columns,
                        bbots_value *values)
{
    const bbots_record *sets = record;
    for (uint64_t left = columns; left != 0; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctzll(left);
        if ((sets->null & BBOTS_COLUMN_BIT(c)) != 0) {
            values[c] = bbots_value_null();
        } else {
            read_field(&table->columns[c], (const uint8_t *)record + table->columns[c].field,
                       &values[c]);
        }
    }
}

static uint64_t all_columns(const bbots_table *table)
{
    return table->column_count == BBOTS_COLUMNS_MAX ? ~UINT64_C(0)
                                                    : BBOTS_COLUMN_BIT(table->column_count) - 1;
}

/* Fills the fields of some columns; the sets become those of a whole row. */
static void write_fields(const bbots_row *row, uint64_t columns, void *record)
{
    bbots_record *sets = record;
    sets->given = all_columns(row->table);
    sets->null &= ~columns;
    for (uint64_t left = columns & sets->given; left != 0; left &= left - 1) {
        unsigned c = (unsigned)__builtin_ctzll(left);
        bbots_value value;
        row_read(row, c, &value);
        if (value.kind == BBOTS_NULL) {
            sets->null |= BBOTS_COLUMN_BIT(c);
        } else if (value.kind == BBOTS_SEALED) {
            sets->given &= ~BBOTS_COLUMN_BIT(c); /* neither null nor known */
            value = bbots_value_null();
        }
        set_field(&row->table->columns[c], &value,
                  (uint8_t *)record + row->table->columns[c].field);
    }
}

void bbots_record_read(const bbots_row *row, void *record)
{
    write_fields(row, ~UINT64_C(0), record);
}

/*
 * Columns that a write may have stored otherwise than their fields say: texts and JSON change
 * place or form. Numbers and times that were given are what is stored.
 */
static uint64_t variable_columns(const bbots_table *table)
{
    uint64_t columns = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        if (codec_column_width(&table->columns[c]) == 0) {
            columns |= BBOTS_COLUMN_BIT(c);
        }
    }
    return columns;
}

/* The key of a unique index out of a struct. */
static int read_key(const bbots_table *table, unsigned index, const void *record, bbots_value *key,
                    bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    if (index >= table->index_count) {
        return bb_fail_at(error, BBOTS_UNKNOWN_INDEX, table->name, NULL, NULL,
                          "table \"%s\" has no index number %u", table->name, index);
    }
    for (unsigned i = 0; i < table->indexes[index].column_count; i++) {
        unsigned column = table->indexes[index].columns[i];
        read_fields(table, record, BBOTS_COLUMN_BIT(column), values);
        key[i] = values[column];
    }
    return BBOTS_OK;
}

/* A table that was read from a file has no struct. */
static int check_typed(const bbots_table *table, bbots_error *error)
{
    bb_error_clear(error);
    return table != NULL && table->struct_size != 0
               ? BBOTS_OK
               : bb_fail(error, BBOTS_INVALID_ARGUMENT, "table \"%s\" has no row struct",
                         table != NULL ? table->name : "");
}

int bbots_record_insert(bbots_txn *txn, const bbots_table *table, void *record, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_row row;
    uint64_t given = ((const bbots_record *)record)->given;
    int rc = check_typed(table, error);
    if (rc == BBOTS_OK) {
        rc = statement_check_columns(table, given, error);
    }
    if (rc == BBOTS_OK) {
        read_fields(table, record, given, values);
        rc = bbots_insert(txn, table, values, given, &row, error);
    }
    if (rc == BBOTS_OK) {
        write_fields(&row, ~given | variable_columns(table), record);
    }
    return rc;
}

int bbots_record_get(bbots_txn *txn, const bbots_table *table, unsigned index, void *record,
                     bbots_error *error)
{
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    bbots_row row;
    int rc = check_typed(table, error);
    if (rc == BBOTS_OK) {
        rc = read_key(table, index, record, key, error);
    }
    if (rc == BBOTS_OK) {
        rc = bbots_get(txn, table, index, key, &row, error);
    }
    if (rc == BBOTS_OK) {
        bbots_record_read(&row, record);
    }
    return rc;
}

int bbots_record_update(bbots_txn *txn, const bbots_table *table, void *record, uint64_t columns,
                        bbots_error *error)
{
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_row row;
    int rc = check_typed(table, error);
    if (rc == BBOTS_OK) {
        rc = statement_check_columns(table, columns, error);
    }
    if (rc == BBOTS_OK) {
        rc = read_key(table, 0, record, key, error);
    }
    if (rc == BBOTS_OK) {
        read_fields(table, record, columns, values);
        rc = bbots_update(txn, table, 0, key, values, columns, &row, error);
    }
    if (rc == BBOTS_OK) {
        bbots_record_read(&row, record);
    }
    return rc;
}

int bbots_record_delete(bbots_txn *txn, const bbots_table *table, const void *record,
                        bbots_deleted *deleted, bbots_error *error)
{
    bbots_value key[BBOTS_KEY_COLUMNS_MAX];
    int rc = check_typed(table, error);
    if (rc == BBOTS_OK) {
        rc = read_key(table, 0, record, key, error);
    }
    return rc == BBOTS_OK ? bbots_delete(txn, table, 0, key, deleted, error) : rc;
}

int bbots_record_upsert(bbots_txn *txn, const bbots_table *table, unsigned conflict, void *record,
                        uint64_t set, bool *inserted, bbots_error *error)
{
    bbots_value values[BBOTS_COLUMNS_MAX];
    bbots_row row;
    uint64_t given = ((const bbots_record *)record)->given;
    int rc = check_typed(table, error);
    if (rc == BBOTS_OK) {
        rc = statement_check_columns(table, given | set, error);
    }
    if (rc == BBOTS_OK) {
        read_fields(table, record, given | set, values);
        rc = bbots_upsert(txn, table, conflict, values, given, values, set, &row, inserted, error);
    }
    if (rc == BBOTS_OK) {
        bbots_record_read(&row, record);
    }
    return rc;
}
