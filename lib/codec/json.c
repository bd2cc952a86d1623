/*
 * codec/json.c - packing and printing, with the result in memory from malloc or of an arena.
 *
 * Both ways have two steps: work out the result's size without allocating it (packing: the tree,
 * in scratch memory of its own; printing: a walk that counts), then write into one piece of memory
 * of that size. Only where this piece comes from differs, so that is what the functions below pass.
 */
#include "codec/json.h"

#include "base/error.h"
#include "codec/json_text.h"
#include "codec/json_tree.h"

#include <stdlib.h>

typedef void *(*allocator)(void *from, size_t size);

static void *from_malloc(void *from, size_t size)
{
    (void)from;
    return malloc(size);
}

static void *from_arena(void *from, size_t size)
{
    return bb_arena_alloc(from, size);
}

/* Second step of packing. */
static int write_packed(const codec_json_node *root, allocator allocate, void *from, void **packed,
                        size_t *size, bbots_error *error)
{
    size_t bytes = codec_json_packed_size(root);
    if (bytes > CODEC_JSON_SIZE_MAX) {
        return bb_fail(error, BBOTS_LIMIT_EXCEEDED, "packed JSON is larger than 64 MiB");
    }
    void *memory = allocate(from, bytes);
    if (memory == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory for %zu bytes of packed JSON", bytes);
    }
    codec_json_write_packed(root, memory, bytes);
    *packed = memory;
    *size = bytes;
    return BBOTS_OK;
}

static int pack(bbots_text text, allocator allocate, void *from, bool secret, void **packed,
                size_t *size, bbots_error *error)
{
    bb_arena scratch;
    codec_json_node *root;
    bb_arena_init(&scratch);
    scratch.wipe = secret;
    int status = codec_json_parse(&scratch, text, &root, error);
    if (status == BBOTS_OK) {
        status = write_packed(root, allocate, from, packed, size, error);
    }
    bb_arena_free(&scratch);
    return status;
}

/* *text ends with a zero byte that *size does not count. */
static int print(bbots_json json, allocator allocate, void *from, char **text, size_t *size,
                 bbots_error *error)
{
    if (bbots_json_validate(json) != BBOTS_OK) {
        return bb_fail(error, BBOTS_INVALID_TEXT, "packed JSON of %zu bytes is not canonical",
                       (size_t)json.size);
    }
    size_t bytes = codec_json_text_size(json);
    char *memory = allocate(from, bytes + 1);
    if (memory == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory for %zu bytes of JSON", bytes);
    }
    codec_json_write_text(json, memory, bytes);
    memory[bytes] = '\0';
    *text = memory;
    *size = bytes;
    return BBOTS_OK;
}

int bbots_json_pack(bbots_text text, void **packed, size_t *size, bbots_error *error)
{
    bb_error_clear(error);
    return pack(text, from_malloc, NULL, false, packed, size, error);
}

int bbots_json_print(bbots_json json, char **text, size_t *size, bbots_error *error)
{
    bb_error_clear(error);
    return print(json, from_malloc, NULL, text, size, error);
}

int codec_json_pack(bb_arena *arena, bbots_text text, bbots_json *packed, bbots_error *error)
{
    void *data = NULL;
    size_t size = 0;
    int status = pack(text, from_arena, arena, arena->wipe, &data, &size, error);
    if (status == BBOTS_OK) {
        *packed = (bbots_json){data, (uint32_t)size, BBOTS_JSON_PACKED};
    }
    return status;
}

int codec_json_print(bb_arena *arena, bbots_json json, bbots_text *text, bbots_error *error)
{
    char *data = NULL;
    size_t size = 0;
    int status = print(json, from_arena, arena, &data, &size, error);
    if (status == BBOTS_OK) {
        *text = (bbots_text){data, size};
    }
    return status;
}
