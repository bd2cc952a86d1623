/*
 * codec/json_pack.c - a tree to the packed form.
 *
 * Members are sorted when their object ends, by a merge sort of the linked list: it needs no
 * memory, it is stable, and where two runs meet at an equal name the older one is dropped, which
 * is jsonb's "the last of equal keys is kept".
 *
 * The packed form is written twice by the same code: first only counted, then into memory of
 * exactly that size. Walking a tree is cheaper than growing a buffer, and the size is known before
 * anything is allocated. Recursion is bounded by BBOTS_JSON_DEPTH_MAX, which the parser keeps.
 */
#include "codec/json_tree.h"

#include <assert.h>
#include <msgpack.h>
#include <string.h>

/* The extension type of numbers that are no 64-bit integers. */
#define DECIMAL_EXTENSION 1

/* Negative when the left name comes first, 0 when they are equal. */
static int compare_keys(const codec_json_node *left, const codec_json_node *right)
{
    if (left->key_size != right->key_size) {
        return left->key_size < right->key_size ? -1 : 1;
    }
    return memcmp(left->key, right->key, left->key_size);
}

static codec_json_node *merge(codec_json_node *older, codec_json_node *newer)
{
    codec_json_node *merged = NULL;
    codec_json_node **tail = &merged;
    while (older != NULL && newer != NULL) {
        int order = compare_keys(older, newer);
        if (order == 0) {
            older = older->next;
            continue;
        }
        codec_json_node **smaller = order < 0 ? &older : &newer;
        *tail = *smaller;
        tail = &(*smaller)->next;
        *smaller = (*smaller)->next;
    }
    *tail = older != NULL ? older : newer;
    return merged;
}

static bool is_sorted(const codec_json_node *first)
{
    for (const codec_json_node *node = first; node != NULL && node->next != NULL;
         node = node->next) {
        if (compare_keys(node, node->next) >= 0) {
            return false;
        }
    }
    return true;
}

void codec_json_sort(codec_json_node *object)
{
    if (is_sorted(object->first)) {
        return;
    }
    /* runs[n] holds 2^n members or none; a text of 64 MiB has fewer than 2^24. Lower is newer. */
    codec_json_node *runs[32] = {NULL};
    for (codec_json_node *node = object->first; node != NULL;) {
        codec_json_node *run = node;
        node = node->next;
        run->next = NULL;
        size_t level = 0;
        for (; runs[level] != NULL; level++) {
            run = merge(runs[level], run);
            runs[level] = NULL;
        }
        runs[level] = run;
    }
    codec_json_node *sorted = NULL;
    for (size_t level = 0; level < 32; level++) {
        sorted = merge(runs[level], sorted);
    }
    object->first = sorted;
    unsigned count = 0;
    for (const codec_json_node *node = sorted; node != NULL; node = node->next) {
        count++;
    }
    object->size = count & 0xFFFFFFFu;
}

static void write_node(msgpack_packer *packer, const codec_json_node *node);

static void write_elements(msgpack_packer *packer, const codec_json_node *container)
{
    bool object = container->kind == CODEC_JSON_OBJECT;
    if (object) {
        msgpack_pack_map(packer, container->size);
    } else {
        msgpack_pack_array(packer, container->size);
    }
    for (const codec_json_node *node = container->first; node != NULL; node = node->next) {
        if (object) {
            msgpack_pack_str_with_body(packer, node->key, node->key_size);
        }
        write_node(packer, node);
    }
}

/* The results of msgpack are left alone: our writers below cannot fail. */
static void write_node(msgpack_packer *packer, const codec_json_node *node)
{
    switch ((codec_json_kind)node->kind) {
    case CODEC_JSON_NULL:
        msgpack_pack_nil(packer);
        break;
    case CODEC_JSON_BOOLEAN:
        if (node->boolean) {
            msgpack_pack_true(packer);
        } else {
            msgpack_pack_false(packer);
        }
        break;
    case CODEC_JSON_SIGNED:
        msgpack_pack_int64(packer, node->integer);
        break;
    case CODEC_JSON_UNSIGNED:
        msgpack_pack_uint64(packer, node->natural);
        break;
    case CODEC_JSON_DECIMAL:
        msgpack_pack_ext_with_body(packer, node->text, node->size, DECIMAL_EXTENSION);
        break;
    case CODEC_JSON_STRING:
        msgpack_pack_str_with_body(packer, node->text, node->size);
        break;
    case CODEC_JSON_ARRAY:
    case CODEC_JSON_OBJECT:
        write_elements(packer, node);
        break;
    }
}

static int count_bytes(void *data, const char *bytes, size_t size)
{
    size_t *sum = data;
    (void)bytes;
    *sum += size;
    return 0;
}

size_t codec_json_packed_size(const codec_json_node *root)
{
    size_t sum = 0;
    msgpack_packer packer;
    msgpack_packer_init(&packer, &sum, count_bytes);
    write_node(&packer, root);
    return sum;
}

typedef struct output {
    char *at;
    char *end;
} output;

static int append_bytes(void *data, const char *bytes, size_t size)
{
    output *out = data;
    assert(size <= (size_t)(out->end - out->at));
    if (size > 0) { /* an empty string may have no address */
        memcpy(out->at, bytes, size);
    }
    out->at += size;
    return 0;
}

void codec_json_write_packed(const codec_json_node *root, void *packed, size_t size)
{
    output out = {packed, (char *)packed + size};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &out, append_bytes);
    write_node(&packer, root);
    assert(out.at == out.end);
}
