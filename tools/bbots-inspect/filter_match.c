/*
 * filter_match.c - whether a row meets a condition, and the order of values.
 *
 * The order is PostgreSQL's as the store keeps it: texts by their bytes, NaN above every number,
 * nulls above everything. Inside jsonb a number compares with a number and a string with the text
 * of the operand; a value of another type is not equal and has no order.
 */
#include "filter.h"

#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ order */

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
    size_t least = a_size < b_size ? a_size : b_size;
    int order = least > 0 ? memcmp(a, b, least) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_reals(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return (isnan(a) != 0) - (isnan(b) != 0);
    }
    return (a > b) - (a < b);
}

int value_compare(const bbots_column *column, const bbots_value *a, const bbots_value *b)
{
    if (a->kind == BBOTS_NULL || b->kind == BBOTS_NULL) {
        return (a->kind == BBOTS_NULL) - (b->kind == BBOTS_NULL);
    }
    switch (column->type) {
    case BBOTS_TYPE_BOOLEAN:
        return a->boolean - b->boolean;
    case BBOTS_TYPE_REAL:
    case BBOTS_TYPE_DOUBLE:
        return compare_reals(a->real, b->real);
    case BBOTS_TYPE_UUID:
        return memcmp(a->uuid.bytes, b->uuid.bytes, sizeof a->uuid.bytes);
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
    case BBOTS_TYPE_BYTEA:
    case BBOTS_TYPE_JSONB:
    case BBOTS_TYPE_VECTOR:
        return compare_bytes(a->data, a->size, b->data, b->size);
    default: /* integers, times, and decimals, which have the column's scale */
        return (a->integer > b->integer) - (a->integer < b->integer);
    }
}

static bool order_fits(filter_operator operator, int order)
{
    switch (operator) {
    case FILTER_EQUAL:
        return order == 0;
    case FILTER_DIFFERS:
        return order != 0;
    case FILTER_LESS:
        return order < 0;
    case FILTER_LESS_EQUAL:
        return order <= 0;
    case FILTER_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool contains(const filter *condition, const void *data, size_t size)
{
    return condition->text_size == 0 ||
           (size >= condition->text_size &&
            memmem(data, size, condition->text, condition->text_size) != NULL);
}

/* ------------------------------------------------------------------ inside jsonb */

/* Compares the numbers of two packed values; as integers when both are, so that none is rounded. */
static bool compare_json_numbers(bbots_json a, bbots_json b, int *order)
{
    int64_t a_integer, b_integer;
    char a_buffer[24], b_buffer[24];
    bbots_text a_text, b_text;
    if (bbots_json_integer(a, &a_integer) == BBOTS_OK &&
        bbots_json_integer(b, &b_integer) == BBOTS_OK) {
        *order = (a_integer > b_integer) - (a_integer < b_integer);
        return true;
    }
    if (bbots_json_number(a, a_buffer, &a_text) != BBOTS_OK ||
        bbots_json_number(b, b_buffer, &b_text) != BBOTS_OK) {
        return false;
    }
    char a_copy[512], b_copy[512]; /* no number that long fits a double any better */
    snprintf(a_copy, sizeof a_copy, "%.*s", a_text.size < 500 ? (int)a_text.size : 500,
             a_text.data);
    snprintf(b_copy, sizeof b_copy, "%.*s", b_text.size < 500 ? (int)b_text.size : 500,
             b_text.data);
    *order = compare_reals(strtod(a_copy, NULL), strtod(b_copy, NULL));
    return true;
}

/* Compares a value inside jsonb with the operand; false when they have no order. */
static bool compare_json(const filter *condition, bbots_json json, int *order)
{
    bbots_text string;
    bbots_json operand = {condition->packed, (uint32_t)condition->packed_size, BBOTS_JSON_PACKED};
    if (bbots_json_string(json, &string) == BBOTS_OK) {
        bbots_text other = {condition->text, condition->text_size};
        if (condition->packed != NULL && bbots_json_type_of(operand) == BBOTS_JSON_STRING &&
            bbots_json_string(operand, &other) != BBOTS_OK) {
            return false;
        }
        *order = compare_bytes(string.data, string.size, other.data, other.size);
        return true;
    }
    if (condition->packed == NULL) {
        return false;
    }
    if (compare_json_numbers(json, operand, order)) {
        return true;
    }
    bool equal = compare_bytes(json.data, json.size, operand.data, operand.size) == 0;
    *order = equal ? 0 : 1;
    return equal || condition->operator<= FILTER_DIFFERS;
}

static bool json_contains(const filter *condition, bbots_json json, bool *failed)
{
    bbots_text string;
    char *text;
    size_t size;
    if (bbots_json_string(json, &string) == BBOTS_OK) {
        return contains(condition, string.data, string.size);
    }
    if (bbots_json_print(json, &text, &size, NULL) != BBOTS_OK) {
        *failed = true;
        return false;
    }
    bool found = contains(condition, text, size);
    free(text);
    return found;
}

static bool json_matches(const filter *condition, const bbots_value *value, bool *failed)
{
    int order;
    bbots_json json = {value->data, value->size, BBOTS_JSON_PACKED};
    bool null = value->kind == BBOTS_NULL;
    if (!null && condition->path != NULL) {
        null = bbots_json_get(json, condition->path, &json) != BBOTS_OK ||
               (condition->operator>= FILTER_NULL && bbots_json_type_of(json) == BBOTS_JSON_NULL);
    }
    switch (condition->operator) {
    case FILTER_NULL:
        return null;
    case FILTER_NOT_NULL:
        return !null;
    case FILTER_CONTAINS:
        return !null && json_contains(condition, json, failed);
    default:
        break;
    }
    if (null) {
        return false;
    }
    return compare_json(condition, json, &order) ? order_fits(condition->operator, order)
                                                 : condition->operator== FILTER_DIFFERS;
}

/* ------------------------------------------------------------------ rows */

/* By the value's text: ~ on every type, and = on those whose operand stays text. */
static bool text_matches(const filter *condition, const bbots_value *value, bool *failed)
{
    char *text;
    size_t size;
    if (bbots_value_print(condition->table, condition->column, value, BBOTS_TIMESTAMP_POSTGRES,
                          &text, &size, NULL) != BBOTS_OK) {
        *failed = true;
        return false;
    }
    bool fits = condition->operator== FILTER_CONTAINS
                    ? contains(condition, text, size)
                    : order_fits(condition->operator,
                                 compare_bytes(text, size, condition->text, condition->text_size));
    free(text);
    return fits;
}

bool filter_matches(const filter *condition, const bbots_row *row, bool *failed)
{
    const bbots_column *column = &condition->table->columns[condition->column];
    bbots_value value = bbots_row_value(row, condition->column);
    bool asks_for_null = condition->operator>= FILTER_NULL;
    if (value.kind == BBOTS_SEALED && !asks_for_null) {
        return false; /* nobody here knows what it is */
    }
    if (column->type == BBOTS_TYPE_JSONB && value.kind != BBOTS_SEALED) {
        return json_matches(condition, &value, failed);
    }
    if (asks_for_null) {
        return (value.kind == BBOTS_NULL) == (condition->operator== FILTER_NULL);
    }
    if (value.kind == BBOTS_NULL) {
        return false;
    }
    if (condition->operator== FILTER_CONTAINS || column->type == BBOTS_TYPE_BYTEA ||
        column->type == BBOTS_TYPE_VECTOR) {
        return text_matches(condition, &value, failed);
    }
    return order_fits(condition->operator, value_compare(column, &value, &condition->operand));
}
