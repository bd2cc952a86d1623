/* type.c - the names of types that are accepted: PostgreSQL's, in all their spellings. */
#include "column.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ACCEPTED                                                                                  \
    "boolean, smallint, integer, bigint, smallserial, serial, bigserial, real, double precision, " \
    "decimal(p,s), numeric(p,s), text, varchar(n), bytea, uuid, timestamp, timestamp with time "   \
    "zone, jsonb, vector(n)"

static const struct {
    const char *word;
    uint8_t type;
    uint8_t flags;
    uint8_t sizes_least; /* how many numbers stand in parentheses */
    uint8_t sizes_most;
} types[] = {
    {"boolean", BBOTS_TYPE_BOOLEAN, 0, 0, 0},
    {"bool", BBOTS_TYPE_BOOLEAN, 0, 0, 0},
    {"smallint", BBOTS_TYPE_SMALLINT, 0, 0, 0},
    {"int2", BBOTS_TYPE_SMALLINT, 0, 0, 0},
    {"integer", BBOTS_TYPE_INTEGER, 0, 0, 0},
    {"int", BBOTS_TYPE_INTEGER, 0, 0, 0},
    {"int4", BBOTS_TYPE_INTEGER, 0, 0, 0},
    {"bigint", BBOTS_TYPE_BIGINT, 0, 0, 0},
    {"int8", BBOTS_TYPE_BIGINT, 0, 0, 0},
    {"smallserial", BBOTS_TYPE_SMALLINT, BBOTS_COLUMN_SERIAL, 0, 0},
    {"serial", BBOTS_TYPE_INTEGER, BBOTS_COLUMN_SERIAL, 0, 0},
    {"bigserial", BBOTS_TYPE_BIGINT, BBOTS_COLUMN_SERIAL, 0, 0},
    {"real", BBOTS_TYPE_REAL, 0, 0, 0},
    {"float4", BBOTS_TYPE_REAL, 0, 0, 0},
    {"double precision", BBOTS_TYPE_DOUBLE, 0, 0, 0},
    {"float8", BBOTS_TYPE_DOUBLE, 0, 0, 0},
    {"decimal", BBOTS_TYPE_DECIMAL, 0, 1, 2},
    {"numeric", BBOTS_TYPE_DECIMAL, 0, 1, 2},
    {"text", BBOTS_TYPE_TEXT, 0, 0, 0},
    {"varchar", BBOTS_TYPE_VARCHAR, 0, 0, 1},
    {"character varying", BBOTS_TYPE_VARCHAR, 0, 0, 1},
    {"bytea", BBOTS_TYPE_BYTEA, 0, 0, 0},
    {"uuid", BBOTS_TYPE_UUID, 0, 0, 0},
    {"timestamp", BBOTS_TYPE_TIMESTAMP, 0, 0, 0},
    {"timestamp without time zone", BBOTS_TYPE_TIMESTAMP, 0, 0, 0},
    {"timestamptz", BBOTS_TYPE_TIMESTAMPTZ, 0, 0, 0},
    {"timestamp with time zone", BBOTS_TYPE_TIMESTAMPTZ, 0, 0, 0},
    {"jsonb", BBOTS_TYPE_JSONB, 0, 0, 0},
    {"vector", BBOTS_TYPE_VECTOR, 0, 1, 1},
};

/* The words in lower case with one blank between them, up to the parenthesis. */
static const gen_token *words(const gen_token *token, char **text)
{
    *text = gen_format("%s", "");
    for (; token->kind == GEN_WORD; token++)
        *text = gen_format("%s%s%.*s", *text, **text == '\0' ? "" : " ", (int)token->size,
                           token->start);
    for (char *byte = *text; *byte != '\0'; byte++)
        *byte = (char)tolower((unsigned char)*byte);
    return token;
}

/* "(10,4)": returns how many numbers there are, 3 for anything else. */
static unsigned sizes(const gen_token *token, uint32_t numbers[2])
{
    unsigned count = 0;
    if (token->kind == GEN_END)
        return 0;
    do {
        char *end = NULL;
        token++;
        if (token->kind != GEN_NUMBER || count == 2 || token->size > 8)
            return 3;
        numbers[count++] = (uint32_t)strtoul(token->start, &end, 10);
        if (end != token->start + token->size)
            return 3;
        token++;
    } while (gen_is(token, ","));
    return gen_is(token, ")") && token[1].kind == GEN_END ? count : 3;
}

static void set_sizes(gen_place place, const char *text, unsigned count, const uint32_t numbers[2],
                      bbots_column *column)
{
    column->length = numbers[0];
    column->scale = numbers[1] > UINT8_MAX ? UINT8_MAX : (uint8_t)numbers[1];
    if (column->type == BBOTS_TYPE_DECIMAL &&
        !schema_type_sized(column->type, column->length, column->scale))
        gen_refuse(place, "type \"%s\" of column \"%s\" is out of range: a decimal has 1 to 18 "
                          "digits, of which some or all stand behind the point",
                   text, column->name);
    if (!schema_type_sized(column->type, column->length, column->scale) ||
        (count == 1 && numbers[0] == 0))
        gen_refuse(place, "the size of type \"%s\" of column \"%s\" is out of range", text,
                   column->name);
}

void gen_type(gen_place place, const char *text, bbots_column *column)
{
    char *word;
    uint32_t numbers[2] = {0, 0};
    const gen_token *token = words(gen_tokens(text, place), &word);
    unsigned count = sizes(token, numbers);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(word, types[i].word) != 0)
            continue;
        column->type = types[i].type;
        column->flags |= types[i].flags;
        if (types[i].flags != 0)
            column->flags |= BBOTS_COLUMN_NOT_NULL;
        if (count < types[i].sizes_least || count > types[i].sizes_most)
            break;
        set_sizes(place, text, count, numbers, column);
        return;
    }
    gen_refuse(place, "type \"%s\" of column \"%s\" is not known; accepted are " ACCEPTED, text,
               column->name);
}
