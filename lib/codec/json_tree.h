/*
 * codec/json_tree.h - JSON text as a tree in scratch memory, on its way to the packed form.
 *
 * A tree is needed at all because MessagePack writes the count of members in front of them and
 * because the members of an object have to be sorted, while the text names neither beforehand.
 * It lives for one call: strings point into the text wherever that is possible.
 */
#ifndef CODEC_JSON_TREE_H
#define CODEC_JSON_TREE_H

#include "base/arena.h"

#include <bbots/json.h>

/* The longest text that is read and the largest packed value that is made, in bytes. */
#define CODEC_JSON_SIZE_MAX ((size_t)64 << 20)

typedef enum codec_json_kind {
    CODEC_JSON_NULL,
    CODEC_JSON_BOOLEAN,
    CODEC_JSON_SIGNED,   /* .integer: a number that fits int64_t */
    CODEC_JSON_UNSIGNED, /* .natural: one that fits uint64_t only */
    CODEC_JSON_DECIMAL,  /* .text: any other, in numeric's canonical form */
    CODEC_JSON_STRING,   /* .text */
    CODEC_JSON_ARRAY,    /* .first */
    CODEC_JSON_OBJECT    /* .first, whose nodes have keys */
} codec_json_kind;

/* One value. 32 bytes on a 64-bit machine, as there may be one for every two bytes of text. */
typedef struct codec_json_node {
    struct codec_json_node *next; /* in the same array or object */
    const char *key;              /* in an object: the member's name */
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        const char *text;
        struct codec_json_node *first;
    };
    uint32_t key_size;  /* bytes */
    uint32_t kind : 4;  /* enum codec_json_kind */
    uint32_t size : 28; /* bytes of the text, or elements of the array or object */
} codec_json_node;

/*
 * Reads JSON text (json_parse.c). Nodes are allocated from scratch; they and the text must outlive
 * the tree. Members are sorted and unique. Fails as bbots_json_pack().
 */
int codec_json_parse(bb_arena *scratch, bbots_text text, codec_json_node **root,
                     bbots_error *error);

/* Sorts the members of an object by length, then bytes; of equal names the last stays. */
void codec_json_sort(codec_json_node *object);

/* The bytes of the packed form, and the packed form itself into that many bytes (json_pack.c). */
size_t codec_json_packed_size(const codec_json_node *root);
void codec_json_write_packed(const codec_json_node *root, void *packed, size_t size);

/*
 * Sets the kind, the size and the value of a number from its JSON text (json_number.c). The text
 * must outlive the node. Expanding an exponent takes memory from scratch.
 *
 * Returns BBOTS_OK, BBOTS_NUMERIC_OUT_OF_RANGE or BBOTS_NO_MEMORY.
 */
int codec_json_set_number(bb_arena *scratch, bbots_text text, codec_json_node *node);

/* Whether this is how a number that does not fit 64 bits or has a point is kept (ext type 1). */
bool codec_json_decimal_valid(const char *text, size_t size);

#endif
