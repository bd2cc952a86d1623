/*
 * jsonl_value.c - from JSON to values of columns, without losing a digit.
 *
 * Numbers never pass through a double: bbots_json_pack() keeps their digits, and the digits are
 * handed to the library as text, which it reads like PostgreSQL reads a literal. Only integers for
 * integer and decimal columns go as numbers. A vector goes as the text of its array for the same
 * reason: the library reads each number once, straight to single precision.
 */
#include "jsonl_value.h"

#include "jsonl_error.h"

#include <stdio.h>
#include <stdlib.h>

void jsonl_values_init(jsonl_values *values)
{
    values->given = 0;
    memset(values->texts, 0, sizeof values->texts);
}

void jsonl_values_free(jsonl_values *values)
{
    for (uint64_t left = values->given; left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        free(values->texts[column]);
        values->texts[column] = NULL;
    }
    values->given = 0;
}

static bool takes_numbers(const bbots_column *column)
{
    return column->type >= BBOTS_TYPE_SMALLINT && column->type <= BBOTS_TYPE_DECIMAL;
}

static bool is_float(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_REAL || column->type == BBOTS_TYPE_DOUBLE;
}

static int wrong_type(const bbots_table *table, unsigned column, const char *what,
                      bbots_error *error)
{
    const bbots_column *description = &table->columns[column];
    char type[40];
    bbots_column_type_text(description, type);
    return jsonl_fail(error, BBOTS_WRONG_TYPE, table, description->name,
                      "column \"%s\" is of type %s and cannot take a JSON %s", description->name,
                      type, what);
}

static void set_number(jsonl_values *values, const bbots_table *table, unsigned column,
                       bbots_json element)
{
    bbots_text digits;
    int64_t integer;
    if (!is_float(&table->columns[column]) && bbots_json_integer(element, &integer) == BBOTS_OK) {
        values->values[column] = bbots_value_integer(integer);
    } else if (bbots_json_number(element, values->digits[column], &digits) == BBOTS_OK) {
        values->values[column] = bbots_value_text(digits);
    }
}

static int set_array(jsonl_values *values, const bbots_table *table, unsigned column,
                     bbots_json element, bbots_error *error)
{
    size_t size;
    free(values->texts[column]);
    values->texts[column] = NULL;
    int rc = bbots_json_print(element, &values->texts[column], &size, error);
    if (rc == BBOTS_OK) {
        values->values[column] = bbots_value_of_bytes(BBOTS_TEXT, values->texts[column], size);
        values->given |= BBOTS_COLUMN_BIT(column); /* so that the text is freed */
    } else {
        snprintf(error->table, sizeof error->table, "%s", table->name);
    }
    return rc;
}

static int set_string(jsonl_values *values, unsigned column, bbots_json element)
{
    bbots_text text;
    int rc = bbots_json_string(element, &text);
    if (rc == BBOTS_OK) {
        values->values[column] = bbots_value_text(text);
    }
    return rc;
}

static int set_scalar(jsonl_values *values, const bbots_table *table, unsigned column,
                      bbots_json element, bbots_error *error)
{
    const bbots_column *description = &table->columns[column];
    bool boolean = false;
    switch (bbots_json_type_of(element)) {
    case BBOTS_JSON_STRING:
        return set_string(values, column, element);
    case BBOTS_JSON_BOOLEAN:
        if (description->type != BBOTS_TYPE_BOOLEAN) {
            return wrong_type(table, column, "boolean", error);
        }
        values->values[column] = bbots_json_boolean(element, &boolean) == BBOTS_OK
                                     ? bbots_value_boolean(boolean)
                                     : bbots_value_null();
        return BBOTS_OK;
    case BBOTS_JSON_INTEGER:
    case BBOTS_JSON_NUMBER:
        if (!takes_numbers(description)) {
            return wrong_type(table, column, "number", error);
        }
        set_number(values, table, column, element);
        return BBOTS_OK;
    case BBOTS_JSON_ARRAY:
        return description->type == BBOTS_TYPE_VECTOR
                   ? set_array(values, table, column, element, error)
                   : wrong_type(table, column, "array", error);
    default:
        return wrong_type(table, column, "object", error);
    }
}

/* What json_put_value() writes of a sealed value says that there is one and not what it is. */
static bool stands_for_sealed(const bbots_column *column, bbots_json element)
{
    bbots_json found;
    return (column->flags & BBOTS_COLUMN_SECRET) != 0 &&
           bbots_json_type_of(element) == BBOTS_JSON_OBJECT &&
           bbots_json_member(element, bbots_text_of("$sealed"), &found) == BBOTS_OK;
}

int jsonl_value_set(jsonl_values *values, const bbots_table *table, unsigned column,
                    bbots_json element, bbots_error *error)
{
    int rc = BBOTS_OK;
    if (bbots_json_type_of(element) == BBOTS_JSON_NULL) {
        values->values[column] = bbots_value_null();
    } else if (stands_for_sealed(&table->columns[column], element)) {
        rc = jsonl_fail(error, BBOTS_WRONG_TYPE, table, table->columns[column].name,
                        "column \"%s\": {\"$sealed\":true} is no value; leave the column out",
                        table->columns[column].name);
    } else if (table->columns[column].type == BBOTS_TYPE_JSONB) {
        values->values[column] = bbots_value_json(element);
    } else {
        rc = set_scalar(values, table, column, element, error);
    }
    if (rc == BBOTS_OK) {
        values->given |= BBOTS_COLUMN_BIT(column);
    }
    return rc;
}

int jsonl_values_read(jsonl_values *values, const bbots_table *table, bbots_json object,
                      bbots_error *error)
{
    size_t position = 0;
    bbots_text name;
    bbots_json element;
    int rc = BBOTS_OK;
    while (rc == BBOTS_OK && bbots_json_next(object, &position, &name, &element) == BBOTS_OK) {
        char shown[JSONL_NAME_SHOWN];
        int column = bbots_table_column(table, name);
        rc = column >= 0 ? jsonl_value_set(values, table, (unsigned)column, element, error)
                         : jsonl_fail(error, BBOTS_UNKNOWN_COLUMN, table, NULL,
                                      "column %s of table \"%s\" does not exist",
                                      jsonl_name(name, shown), table->name);
    }
    return rc;
}
