/*
 * tests/fuzz/fuzz_json.c - libFuzzer target over bbots/json.h.
 *
 * Covers: each input is taken as JSON text, as packed bytes, and (split at its first zero byte) as
 * a path with packed bytes behind it. Invariants:
 *   1. what is packed is valid, and printing and packing it again gives the same bytes;
 *   2. bytes that validate accepts print, and pack back to themselves;
 *   3. a value found by a path or a walk lies inside the bytes it was found in, and is valid when
 *      the whole is; a walk of a valid value gives as many elements as it counts;
 *   4. a refusal has one line of message; nothing is read outside the input (the sanitizers).
 */
#include "fuzz.h"

static void check_round_trip(bbots_json json)
{
    char *text;
    size_t text_size;
    void *packed;
    size_t packed_size;
    bbots_error error;
    REQUIRE(bbots_json_print(json, &text, &text_size, &error) == BBOTS_OK);
    REQUIRE(strlen(text) == text_size);
    bbots_text again = {text, text_size};
    REQUIRE(bbots_json_pack(again, &packed, &packed_size, &error) == BBOTS_OK);
    REQUIRE(packed_size == json.size && memcmp(packed, json.data, packed_size) == 0);
    free(packed);
    free(text);
}

static void check_text(bbots_text text)
{
    void *packed;
    size_t size;
    bbots_error error;
    memset(&error, 0, sizeof error);
    int status = bbots_json_pack(text, &packed, &size, &error);
    if (status != BBOTS_OK) {
        REQUIRE(status < 0 && error.code == status && error.message[0] != '\0');
        REQUIRE(strchr(error.message, '\n') == NULL);
        return;
    }
    bbots_json json = {packed, (uint32_t)size, BBOTS_JSON_PACKED};
    REQUIRE(bbots_json_validate(json) == BBOTS_OK);
    check_round_trip(json);
    free(packed);
}

static void check_inside(bbots_json whole, bbots_json part, bool valid)
{
    const char *start = whole.data;
    const char *at = part.data;
    REQUIRE(at >= start && at <= start + whole.size);
    REQUIRE(part.size <= (size_t)(start + whole.size - at));
    REQUIRE(!valid || bbots_json_validate(part) == BBOTS_OK);
}

static void read_scalar(bbots_json json)
{
    bool boolean;
    int64_t integer;
    char buffer[24];
    bbots_text text;
    int taken = 0;
    taken += bbots_json_boolean(json, &boolean) == BBOTS_OK;
    taken += bbots_json_string(json, &text) == BBOTS_OK;
    taken += bbots_json_number(json, buffer, &text) == BBOTS_OK;
    REQUIRE(taken <= 1);
    if (bbots_json_integer(json, &integer) == BBOTS_OK) {
        REQUIRE(bbots_json_type_of(json) == BBOTS_JSON_INTEGER && text.data == buffer);
        REQUIRE(text.size < sizeof buffer);
    }
}

static void walk(bbots_json json, bool valid, unsigned depth)
{
    size_t position = 0;
    uint32_t count = 0;
    bbots_text name;
    bbots_json element;
    bbots_json member;
    read_scalar(json);
    while (bbots_json_next(json, &position, &name, &element) == BBOTS_OK) {
        count++;
        REQUIRE(position <= json.size);
        check_inside(json, element, valid && depth == 0);
        if (valid && name.data != NULL) {
            REQUIRE(bbots_json_member(json, name, &member) == BBOTS_OK);
            REQUIRE(member.data == element.data && member.size == element.size);
        }
        if (depth < 3 && count < 100) {
            walk(element, valid, depth + 1);
        }
    }
    REQUIRE(!valid || count == bbots_json_count(json));
}

static void check_packed(bbots_json json)
{
    bool valid = bbots_json_validate(json) == BBOTS_OK;
    if (valid) {
        check_round_trip(json);
    }
    walk(json, valid, 0);
}

static void check_path(const uint8_t *data, size_t size)
{
    const uint8_t *zero = memchr(data, 0, size);
    if (zero == NULL) {
        return;
    }
    size_t rest = (size_t)(data + size - zero - 1);
    bbots_json json = {zero + 1, (uint32_t)rest, BBOTS_JSON_PACKED};
    bbots_json found;
    int status = bbots_json_get(json, (const char *)data, &found);
    REQUIRE(status == BBOTS_OK || status == BBOTS_NOT_FOUND || status == BBOTS_SYNTAX);
    if (status == BBOTS_OK) {
        check_inside(json, found, bbots_json_validate(json) == BBOTS_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bbots_text text = {(const char *)data, size};
    bbots_json json = {data, (uint32_t)size, BBOTS_JSON_PACKED};
    if (size == 0) {
        return 0;
    }
    check_text(text);
    check_packed(json);
    check_path(data, size);
    return 0;
}
