/*
 * codec/json_parse.c - JSON text to a tree, by way of yajl.
 *
 * yajl reads the grammar; this file decides what PostgreSQL would decide differently:
 *
 *  1. yajl's check of UTF-8 lets overlong forms and surrogates pass. It is switched off; the text
 *     as a whole is checked before, which is also where PostgreSQL checks it.
 *  2. yajl takes vertical tab and form feed for blanks, and turns a lone surrogate (\ud800) into a
 *     question mark and \u0000 into a zero byte. The first such place is searched for beforehand:
 *     the snare. yajl then reads the whole text; when it gets past the snare, the snare is the
 *     error, otherwise its own earlier one is. So the first error in the text is reported.
 *  3. yajl takes the end of the text inside a string for a good end when a whole value stands
 *     before the string ("1\""). A line's end is fed behind the text, which no string can hold.
 *  4. yajl nests without limit; the callbacks count.
 *  5. yajl does not look whether its allocator returned NULL. The allocator therefore never
 *     returns NULL: it leaves the parse with longjmp. All that yajl holds lies in the scratch
 *     arena, so nothing leaks, and yajl's handle is never freed one by one.
 *
 * A hostile "1e131071" is eight bytes of text and 128 KiB of number. The sum of all such expanded
 * numbers is held below the limit of a packed value, so the memory stays proportional to the limit.
 */
#include "codec/json_tree.h"

#include "base/error.h"
#include "base/utf8.h"

#include <assert.h>
#include <setjmp.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* An open array or object: where it is, and where its next element will be linked. */
typedef struct open_container {
    codec_json_node *node;
    codec_json_node **tail;
} open_container;

typedef struct parse {
    bb_arena *scratch;
    bbots_text text;
    size_t snare;    /* offset of what yajl would wrongly accept; text.size when there is none */
    size_t expanded; /* bytes of numbers so far that are not in the text */
    codec_json_node *root;
    bbots_text key; /* of the next value, in an object */
    bbots_error *error;
    int status; /* why a callback stopped yajl */
    unsigned depth;
    jmp_buf no_memory;
    open_container open[BBOTS_JSON_DEPTH_MAX];
} parse;

/* Stops yajl from a callback. */
static int stop(parse *p, int status, const char *reason)
{
    p->status = bb_fail(p->error, status, "%s", reason);
    return 0;
}

static int stop_no_memory(parse *p)
{
    return stop(p, BBOTS_NO_MEMORY, "out of memory while reading JSON");
}

/* Text that lives as long as the tree: yajl's own buffers are overwritten by its next token. */
static const char *keep(parse *p, const unsigned char *data, size_t size)
{
    uintptr_t offset = (uintptr_t)data - (uintptr_t)p->text.data;
    if (offset <= p->text.size && size <= p->text.size - offset) {
        return p->text.data + offset;
    }
    return bb_arena_copy(p->scratch, data, size);
}

/* A new value, linked to where it stands; NULL when memory is exhausted. */
static codec_json_node *add(parse *p, codec_json_kind kind)
{
    codec_json_node *node = bb_arena_alloc(p->scratch, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    node->next = NULL;
    node->key = p->key.data;
    node->key_size = (uint32_t)p->key.size;
    node->kind = (unsigned)kind & 0xFu;
    node->size = 0;
    if (p->depth == 0) {
        assert(p->root == NULL);
        p->root = node;
    } else {
        open_container *top = &p->open[p->depth - 1];
        *top->tail = node;
        top->tail = &node->next;
        top->node->size = (top->node->size + 1u) & 0xFFFFFFFu;
    }
    return node;
}

static int on_null(void *context)
{
    return add(context, CODEC_JSON_NULL) != NULL ? 1 : stop_no_memory(context);
}

static int on_boolean(void *context, int boolean)
{
    codec_json_node *node = add(context, CODEC_JSON_BOOLEAN);
    if (node == NULL) {
        return stop_no_memory(context);
    }
    node->boolean = boolean != 0;
    return 1;
}

static int on_number(void *context, const char *data, size_t size)
{
    parse *p = context;
    const char *kept = keep(p, (const unsigned char *)data, size);
    codec_json_node *node = add(p, CODEC_JSON_DECIMAL);
    if (kept == NULL || node == NULL) {
        return stop_no_memory(p);
    }
    bbots_text text = {kept, size};
    int status = codec_json_set_number(p->scratch, text, node);
    if (status == BBOTS_NO_MEMORY) {
        return stop_no_memory(p);
    }
    if (status != BBOTS_OK) {
        char quoted[BB_QUOTE_MAX];
        p->status = bb_fail(p->error, status, "number %s in JSON is past the range of numeric",
                            bb_quote(kept, size, quoted));
        return 0;
    }
    if (node->kind == CODEC_JSON_DECIMAL && node->text != kept) {
        p->expanded += node->size;
    }
    if (p->expanded > CODEC_JSON_SIZE_MAX) {
        return stop(p, BBOTS_LIMIT_EXCEEDED, "packed JSON is larger than 64 MiB");
    }
    return 1;
}

static int on_string(void *context, const unsigned char *data, size_t size)
{
    parse *p = context;
    const char *kept = keep(p, data, size);
    codec_json_node *node = add(p, CODEC_JSON_STRING);
    if (kept == NULL || node == NULL) {
        return stop_no_memory(p);
    }
    node->text = kept;
    node->size = size & 0xFFFFFFFu;
    return 1;
}

static int on_key(void *context, const unsigned char *data, size_t size)
{
    parse *p = context;
    p->key.data = keep(p, data, size);
    p->key.size = size;
    return p->key.data != NULL ? 1 : stop_no_memory(p);
}

static int start_container(parse *p, codec_json_kind kind)
{
    if (p->depth == BBOTS_JSON_DEPTH_MAX) {
        return stop(p, BBOTS_LIMIT_EXCEEDED, "JSON is nested deeper than 256 levels");
    }
    codec_json_node *node = add(p, kind);
    if (node == NULL) {
        return stop_no_memory(p);
    }
    node->first = NULL;
    open_container *top = &p->open[p->depth++];
    top->node = node;
    top->tail = &node->first;
    return 1;
}

static int on_start_object(void *context)
{
    return start_container(context, CODEC_JSON_OBJECT);
}

static int on_start_array(void *context)
{
    return start_container(context, CODEC_JSON_ARRAY);
}

static int on_end_object(void *context)
{
    parse *p = context;
    assert(p->depth > 0);
    codec_json_sort(p->open[--p->depth].node);
    return 1;
}

static int on_end_array(void *context)
{
    parse *p = context;
    assert(p->depth > 0);
    p->depth--;
    return 1;
}

/* Every block of yajl's is led by its size, which realloc needs; 16 bytes keep it aligned. */
#define BLOCK_HEAD 16

static void *allocate(void *context, size_t size)
{
    parse *p = context;
    char *block = bb_arena_alloc(p->scratch, BLOCK_HEAD + size);
    if (block == NULL) {
        longjmp(p->no_memory, 1);
    }
    memcpy(block, &size, sizeof size);
    return block + BLOCK_HEAD;
}

static void *reallocate(void *context, void *old, size_t size)
{
    void *block = allocate(context, size);
    if (old != NULL) {
        size_t old_size;
        memcpy(&old_size, (char *)old - BLOCK_HEAD, sizeof old_size);
        memcpy(block, old, old_size < size ? old_size : size);
    }
    return block;
}

/* The arena takes everything back at once. */
static void release(void *context, void *block)
{
    (void)context;
    (void)block;
}

/* The code unit of "\uXXXX" at a place, or -1 when no such escape stands there. */
static int read_escape(const char *at, const char *end)
{
    int unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    for (int i = 2; i < 6; i++) {
        char digit = at[i];
        char lower = (char)(digit | 0x20);
        if (digit >= '0' && digit <= '9') {
            unit = unit * 16 + (digit - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            unit = unit * 16 + (lower - 'a' + 10);
        } else {
            return -1;
        }
    }
    return unit;
}

/* The first escape for a zero byte or half a surrogate pair, or the end. */
static const char *find_bad_escape(const char *at, const char *end)
{
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        int unit = read_escape(at, end);
        if (unit < 0) { /* another escape, or a mistake that yajl finds */
            at += end - at < 2 ? 1 : 2;
            continue;
        }
        if (unit == 0 || (unit & 0xFC00) == 0xDC00) {
            return at;
        }
        if ((unit & 0xFC00) == 0xD800) {
            int low = read_escape(at + 6, end);
            if (low < 0 || (low & 0xFC00) != 0xDC00) {
                return at;
            }
            at += 6;
        }
        at += 6;
    }
    return end;
}

static size_t find_snare(bbots_text text)
{
    const char *end = find_bad_escape(text.data, text.data + text.size);
    const char blanks[2] = {'\v', '\f'};
    for (size_t i = 0; i < sizeof blanks; i++) {
        const char *blank = memchr(text.data, blanks[i], (size_t)(end - text.data));
        end = blank != NULL ? blank : end;
    }
    return (size_t)(end - text.data);
}

static int fail_at_snare(parse *p)
{
    const char *at = p->text.data + p->snare;
    if (*at != '\\') {
        return bb_fail(p->error, BBOTS_INVALID_TEXT,
                       "invalid JSON near byte %zu: invalid char in json text", p->snare);
    }
    if (read_escape(at, at + 6) == 0) {
        return bb_fail(p->error, BBOTS_UNTRANSLATABLE_CHARACTER,
                       "JSON escape %.6s near byte %zu is a zero byte, which text cannot hold", at,
                       p->snare);
    }
    return bb_fail(p->error, BBOTS_INVALID_TEXT,
                   "JSON escape %.6s near byte %zu is half of a surrogate pair", at, p->snare);
}

/* yajl's reason on one line: "parse error: ...\n" without the line's end. */
static int fail_as_yajl(parse *p, yajl_handle handle, size_t offset)
{
    const char *reason = (const char *)yajl_get_error(handle, 0, NULL, 0);
    return bb_fail(p->error, BBOTS_INVALID_TEXT, "invalid JSON near byte %zu: %.*s", offset,
                   (int)strcspn(reason, "\n"), reason);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_object,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* Whether yajl's error at the offset, or its success, came after it read over the snare. */
static bool passed_snare(const parse *p, yajl_status status, size_t offset)
{
    if (p->snare == p->text.size) {
        return false;
    }
    /* Just behind the backslash yajl stumbled over the backslash itself: it is in no string. */
    return status == yajl_status_ok || offset > p->snare + 1;
}

static yajl_status finish(yajl_handle handle)
{
    yajl_status status = yajl_complete_parse(handle);
    return status == yajl_status_ok ? yajl_parse(handle, (const unsigned char *)"\n", 1) : status;
}

static int run(parse *p)
{
    if (setjmp(p->no_memory) != 0) {
        return bb_fail(p->error, BBOTS_NO_MEMORY, "out of memory while reading JSON");
    }
    yajl_alloc_funcs functions = {allocate, reallocate, release, p};
    yajl_handle handle = yajl_alloc(&callbacks, &functions, p);
    yajl_config(handle, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(handle, (const unsigned char *)p->text.data, p->text.size);
    size_t offset = p->text.size; /* the end of the text adds no offset of its own */
    if (status == yajl_status_ok) {
        status = finish(handle);
    } else {
        offset = yajl_get_bytes_consumed(handle);
    }
    if (p->status == BBOTS_NO_MEMORY) {
        return p->status;
    }
    if (passed_snare(p, status, offset)) {
        bb_error_clear(p->error); /* a callback may have recorded a later error */
        return fail_at_snare(p);
    }
    if (status == yajl_status_client_canceled) {
        return p->status;
    }
    return status == yajl_status_ok ? BBOTS_OK : fail_as_yajl(p, handle, offset);
}

int codec_json_parse(bb_arena *scratch, bbots_text text, codec_json_node **root, bbots_error *error)
{
    if (text.data == NULL) {
        text = bbots_text_of("");
    }
    if (text.size > CODEC_JSON_SIZE_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "JSON text of %zu bytes is larger than 64 MiB",
                       text.size);
    }
    if (!bb_utf8_valid(text.data, text.size)) {
        return bb_fail(error, BBOTS_INVALID_ENCODING,
                       "JSON text is not valid UTF-8 or has a zero byte");
    }
    parse p;
    p.scratch = scratch;
    p.text = text;
    p.snare = find_snare(text);
    p.expanded = 0;
    p.root = NULL;
    p.key = bbots_text_of(NULL);
    p.error = error;
    p.status = BBOTS_OK;
    p.depth = 0;
    int status = run(&p);
    *root = status == BBOTS_OK ? p.root : NULL;
    return status;
}
