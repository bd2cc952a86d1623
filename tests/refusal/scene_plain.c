/* tests/refusal/scene_plain.c - functions that need no store; see refusal.h. */
#include "refusal.h"

static int act_json(stage *at, bbots_error *error)
{
    static const char text[] =
        "{\"name\": \"x\", \"list\": [1, 2.50, true, null, {\"b\": \"\\u00e4\"}],"
        "\"deep\": [[[[1e3]]]], \"name\": \"y\"}";
    void *packed;
    size_t size;
    char *printed;
    (void)at;
    int rc = bbots_json_pack(bbots_text_of(text), &packed, &size, error);
    if (rc < 0) {
        return rc;
    }
    rc = bbots_json_print((bbots_json){packed, (uint32_t)size, BBOTS_JSON_PACKED}, &printed, &size,
                          error);
    if (rc >= 0) {
        free(printed);
    }
    free(packed);
    return rc;
}

/* Functions that allocate nothing: whatever is refused, they answer. */
static int act_json_reading(stage *at, bbots_error *error)
{
    static const uint8_t packed[] = {0x82, 0xa1, 'a', 0x92, 1, 0xc3, 0xa1, 'b', 0xa1, 'x'};
    bbots_json json = {packed, sizeof packed, BBOTS_JSON_PACKED};
    bbots_json found;
    bbots_text text;
    char buffer[24];
    bool boolean;
    int64_t number;
    size_t position = 0;
    (void)at;
    (void)error;
    bool all = bbots_json_validate(json) == BBOTS_OK &&
               bbots_json_type_of(json) == BBOTS_JSON_OBJECT && bbots_json_count(json) == 2 &&
               bbots_json_get(json, "$.a[1]", &found) == BBOTS_OK &&
               bbots_json_boolean(found, &boolean) == BBOTS_OK && boolean &&
               bbots_json_get(json, "$.a[0]", &found) == BBOTS_OK &&
               bbots_json_integer(found, &number) == BBOTS_OK && number == 1 &&
               bbots_json_number(found, buffer, &text) == BBOTS_OK &&
               bbots_json_member(json, bbots_text_of("b"), &found) == BBOTS_OK &&
               bbots_json_string(found, &text) == BBOTS_OK &&
               bbots_json_next(json, &position, &text, &found) == BBOTS_OK;
    return all ? BBOTS_OK : BBOTS_IO;
}

static int act_scalars(stage *at, bbots_error *error)
{
    char buffer[64];
    int64_t number;
    bbots_timestamp time;
    bbots_calendar calendar;
    bbots_uuid uuid = bbots_uuid_random();
    bbots_exact exact = {.low = 5};
    (void)at;
    (void)error;
    bool all = bbots_decimal_parse(bbots_text_of("1.25"), 10, 4, &number) == BBOTS_OK &&
               bbots_decimal_print(number, 4, buffer) == 6 &&
               bbots_decimal_rescale(number, 4, 10, 2, &number) == BBOTS_OK && number == 125 &&
               bbots_timestamp_parse(bbots_text_of("2026-01-15 12:00"), true, &time) == BBOTS_OK &&
               time == NOW && bbots_timestamp_print(time, true, BBOTS_TIMESTAMP_ISO, buffer) > 0 &&
               bbots_timestamp_now() > NOW &&
               bbots_timestamp_truncate(time, BBOTS_TIME_DAY) == NOW - DAY / 2 &&
               bbots_uuid_print(&uuid, buffer) == 36 &&
               bbots_uuid_parse(bbots_text_of(buffer), &uuid) == BBOTS_OK &&
               bbots_exact_print(exact, 1, buffer) == 3 && strcmp(buffer, "0.5") == 0;
    bbots_timestamp_split(NOW, &calendar);
    all = all && bbots_timestamp_join(&calendar, &time) == BBOTS_OK && time == NOW;
    return all ? BBOTS_OK : BBOTS_IO;
}

static int act_names(stage *at, bbots_error *error)
{
    const bbots_table *users = bbots_schema_table(&bbots_platform_schema, "users", NULL);
    const bbots_table *usage = bbots_schema_table(&bbots_platform_schema, "api_token_usage", NULL);
    char buffer[40];
    (void)at;
    (void)error;
    int email = bbots_table_column(users, bbots_text_of("email"));
    uint8_t columns[1] = {(uint8_t)email};
    bool all = bbots_table_index(users, "users_email_key") > 0 &&
               bbots_table_unique_index(users, columns, 1) > 0 && usage->live_count > 0 &&
               bbots_table_live(usage, usage->lives[0].name) == &usage->lives[0] &&
               bbots_column_type_text(&users->columns[email], buffer) > 0 &&
               bbots_status_name(BBOTS_IO)[0] == 'I' && bbots_status_sqlstate(BBOTS_IO)[0] != 0 &&
               bbots_status_text(BBOTS_IO)[0] != 0 && bbots_version()[0] != 0 &&
               bbots_queue_table(BBOTS_QUEUE_AGENCY_TASKS) != NULL &&
               bbots_usage_reason_text(BBOTS_USAGE_ALLOWED) != NULL &&
               bbots_usage_advice_text(BBOTS_ADVICE_NONE) != NULL;
    return all ? BBOTS_OK : BBOTS_IO;
}

static int act_schema_sql(stage *at, bbots_error *error)
{
    char *sql;
    size_t size;
    (void)at;
    (void)error;
    int rc = bbots_schema_sql(&bbots_platform_schema, &bbots_users_table, &sql, &size);
    if (rc >= 0) {
        free(sql);
        rc = bbots_schema_sql(&bbots_platform_schema, NULL, &sql, &size);
    }
    if (rc >= 0) {
        static size_t usual; /* the whole of it, though libc may do without some memory */
        usual = usual == 0 ? size : usual;
        rc = size == usual && strlen(sql) == size ? BBOTS_OK : BBOTS_IO;
        free(sql);
    }
    return rc;
}

static int act_values(stage *at, bbots_error *error)
{
    const bbots_table *table = &bbots_user_profiles_table;
    unsigned goals = (unsigned)bbots_table_column(table, bbots_text_of("goals"));
    void *packed;
    char *text;
    size_t size;
    bbots_value value;
    (void)at;
    int rc = bbots_value_parse(table, 0, bbots_text_of("7"), &value, error);
    if (rc >= 0) {
        rc = bbots_value_print(table, 0, &value, BBOTS_TIMESTAMP_ISO, &text, &size, error);
    }
    if (rc < 0) {
        return rc;
    }
    free(text);
    rc = bbots_json_pack(bbots_text_of("[1, 2]"), &packed, &size, error);
    if (rc < 0) {
        return rc;
    }
    value = bbots_value_of_bytes(BBOTS_JSON, packed, size);
    rc = bbots_value_print(table, goals, &value, BBOTS_TIMESTAMP_ISO, &text, &size, error);
    free(packed);
    if (rc < 0) {
        return rc;
    }
    free(text);
    static const float point[] = {1, 2.5F, -3};
    table = &bbots_documentation_chunks_table;
    unsigned embedding = (unsigned)bbots_table_column(table, bbots_text_of("embedding"));
    value = bbots_value_of_bytes(BBOTS_VECTOR, point, sizeof point);
    rc = bbots_value_print(table, embedding, &value, BBOTS_TIMESTAMP_ISO, &text, &size, error);
    if (rc >= 0) {
        free(text);
    }
    return rc;
}

static int act_zones(stage *at, bbots_error *error)
{
    bbots_timestamp from;
    bbots_timestamp to;
    (void)at;
    int rc = bbots_zone_unit("+05:30", NOW, BBOTS_TIME_DAY, &from, &to, error);
    rc = rc < 0 ? rc : bbots_zone_unit("Europe/Berlin", NOW, BBOTS_TIME_DAY, &from, &to, error);
    return rc < 0 || from == NOW - 13 * DAY / 24 ? rc : BBOTS_CORRUPTED;
}

static int act_costs_of(stage *at, bbots_error *error)
{
    bbots_price price = {.given = (1u << BBOTS_PRICE_PARTS) - 1, .parts = {1000000, 2000000}};
    bbots_tokens tokens = {1000, 10, 0, 0};
    bbots_price_token_costs token_costs;
    bbots_price_session_costs session_costs;
    bbots_price_storage_costs storage_costs;
    bbots_cost_sums sums = {.input_tokens = 5};
    (void)at;
    int rc = bbots_price_tokens(&price, &tokens, 6, &token_costs, error);
    rc = rc < 0 ? rc : bbots_price_session(&price, 60000, true, 1, 4, &session_costs, error);
    rc = rc < 0 ? rc : bbots_price_storage(&price, 1000, 6, &storage_costs, error);
    return bbots_cost_cache_hits(&sums) == 0 ? rc : BBOTS_IO;
}

const scene plain_scenes[] = {
    {"json", PLAIN, 0, act_json},
    {"json reading", PLAIN, 0, act_json_reading},
    {"scalars", PLAIN, 0, act_scalars},
    {"names", PLAIN, 0, act_names},
    {"schema as SQL", PLAIN, NAMELESS | TOLERANT, act_schema_sql},
    {"values", PLAIN, 0, act_values},
    {"time zones", PLAIN, TOLERANT, act_zones},
    {"costs of", PLAIN, 0, act_costs_of},
    {NULL, PLAIN, 0, NULL},
};
