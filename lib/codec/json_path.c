/*
 * codec/json_path.c - the value at a path.
 *
 *   path  = [ "$" ] { step }
 *   step  = "." name            any characters but . [ ] " and blanks, one at least
 *         | "[" integer "]"     from 0; from -1 backwards from the end
 *         | "[" quoted "]"      in double quotes; \" and \\ stand for " and \
 *
 * A path is read to its end even when a step has already led nowhere: whether a path can be
 * understood must not depend on the data.
 */
#include "codec/json_reader.h"

#include <string.h>

typedef struct step {
    bool is_name;
    bbots_text name;  /* as written, with its escapes */
    size_t name_size; /* bytes without the escapes */
    int64_t index;
} step;

/* The place behind the step, or NULL when it cannot be understood. */
static const char *read_plain_name(const char *at, step *to)
{
    size_t size = strcspn(at, ".[]\" \t\n\r\v\f");
    to->is_name = true;
    to->name = (bbots_text){at, size};
    to->name_size = size;
    return size > 0 ? at + size : NULL;
}

/* at stands behind the opening quote. */
static const char *read_quoted_name(const char *at, step *to)
{
    to->is_name = true;
    to->name.data = at;
    to->name_size = 0;
    for (; *at != '"'; at++) {
        if (*at == '\\') {
            at++;
            if (*at != '"' && *at != '\\') {
                return NULL;
            }
        }
        if (*at == '\0') {
            return NULL;
        }
        to->name_size++;
    }
    to->name.size = (size_t)(at - to->name.data);
    return at[1] == ']' ? at + 2 : NULL;
}

/* Past any count of elements a larger number makes no difference. */
static const char *read_index(const char *at, step *to)
{
    bool negative = *at == '-';
    at += negative;
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || at[digits] != ']') {
        return NULL;
    }
    int64_t index = 0;
    for (size_t i = 0; i < digits && index <= UINT32_MAX; i++) {
        index = index * 10 + (at[i] - '0');
    }
    to->is_name = false;
    to->index = negative ? -index : index;
    return at + digits + 1;
}

static const char *read_step(const char *at, step *to)
{
    if (at[0] == '.') {
        return read_plain_name(at + 1, to);
    }
    if (at[0] != '[') {
        return NULL;
    }
    return at[1] == '"' ? read_quoted_name(at + 2, to) : read_index(at + 1, to);
}

/* Whether a member's name is the step's; their sizes are equal. */
static bool name_equals(const step *by, bbots_text name)
{
    const char *written = by->name.data;
    for (size_t i = 0; i < name.size; i++, written++) {
        written += *written == '\\';
        if (*written != name.data[i]) {
            return false;
        }
    }
    return true;
}

static int find_name(bbots_json json, const step *by, bbots_json *found)
{
    if (by->name_size == by->name.size) { /* no escapes */
        return bbots_json_member(json, by->name, found);
    }
    if (bbots_json_type_of(json) != BBOTS_JSON_OBJECT) {
        return BBOTS_NOT_FOUND;
    }
    bbots_text name;
    bbots_json value;
    size_t position = 0;
    while (bbots_json_next(json, &position, &name, &value) == BBOTS_OK) {
        if (name.size == by->name_size && name_equals(by, name)) {
            *found = value;
            return BBOTS_OK;
        }
    }
    return BBOTS_NOT_FOUND;
}

static int find_index(bbots_json json, int64_t index, bbots_json *found)
{
    codec_json_reader reader = codec_json_reader_on(json);
    codec_json_item head;
    if (!codec_json_read(&reader, &head) || head.type != BBOTS_JSON_ARRAY) {
        return BBOTS_NOT_FOUND;
    }
    index += index < 0 ? (int64_t)head.count : 0;
    if (index < 0 || index >= (int64_t)head.count) {
        return BBOTS_NOT_FOUND;
    }
    bbots_json value;
    for (int64_t i = 0; i <= index; i++) {
        if (!codec_json_skip(&reader, &value)) {
            return BBOTS_NOT_FOUND;
        }
    }
    *found = value;
    return BBOTS_OK;
}

int bbots_json_get(bbots_json json, const char *path, bbots_json *found)
{
    bool nowhere = json.data == NULL;
    step to;
    path += *path == '$';
    while (*path != '\0') {
        path = read_step(path, &to);
        if (path == NULL) {
            return BBOTS_SYNTAX;
        }
        if (!nowhere) {
            nowhere = (to.is_name ? find_name(json, &to, &json)
                                  : find_index(json, to.index, &json)) != BBOTS_OK;
        }
    }
    if (nowhere) {
        return BBOTS_NOT_FOUND;
    }
    *found = json;
    return BBOTS_OK;
}
