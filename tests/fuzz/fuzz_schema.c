/*
 * tests/fuzz/fuzz_schema.c - libFuzzer target over the catalogue's schema record (schema/schema.h):
 * any bytes as a serialized schema.
 *
 * Invariants: bytes are refused with a sentence, or give a schema that serializes, is read back, and
 * serializes to the same bytes; and it can be written as SQL.
 */
#include "fuzz.h"

#include "schema/schema.h"

static void round_trip(bb_arena *arena, const bbots_schema *schema)
{
    const void *first;
    const void *second;
    size_t first_size;
    size_t second_size;
    const bbots_schema *again;
    bbots_error error = {0};
    char *sql;
    size_t sql_size;
    REQUIRE(schema_serialize(arena, schema, &first, &first_size, &error) == BBOTS_OK);
    REQUIRE(schema_deserialize(arena, first, first_size, &again, &error) == BBOTS_OK);
    REQUIRE(schema_serialize(arena, again, &second, &second_size, &error) == BBOTS_OK);
    REQUIRE(first_size == second_size && memcmp(first, second, first_size) == 0);
    REQUIRE(schema_compare(schema, again, &error) == BBOTS_UNCHANGED ||
            schema_compare(schema, again, &error) == BBOTS_OK);
    REQUIRE(bbots_schema_sql(schema, NULL, &sql, &sql_size) == BBOTS_OK);
    REQUIRE(strlen(sql) == sql_size);
    free(sql);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const bbots_schema *schema;
    bbots_error error = {0};
    bb_arena arena;
    bb_arena_init(&arena);
    int rc = schema_deserialize(&arena, data, size, &schema, &error);
    REQUIRE(rc == BBOTS_OK || (rc < 0 && error.message[0] != '\0'));
    if (rc == BBOTS_OK) {
        round_trip(&arena, schema);
    }
    bb_arena_free(&arena);
    return 0;
}
