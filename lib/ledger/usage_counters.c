/*
 * ledger/usage_counters.c - counters of the running period that have no column of their own.
 *
 * They are one member of the subscription's metadata, which is the host's otherwise:
 *
 *     "usage": {"periodStart": 1767225600000000, "packExecutions": 10, "overageExecutions": 2,
 *               "peakAgents": 4, "anchorDay": 0}
 *
 * They count for the period that began at periodStart, in microseconds since 1970. anchorDay is the
 * day of the month on which periods begin, when a short month hides it. So a host that
 * begins a period by itself, or counts "executionsUsedThisPeriod" up by itself, needs to know
 * nothing of them: what is not in them was used of the plan.
 */
#include "ledger/usage.h"

#include "codec/json.h"
#include "codec/json_tree.h"

#define MEMBER "usage"

enum { PERIOD, PACKS, OVERAGE, PEAK, ANCHOR, COUNTERS };

static const char *const names[COUNTERS] = {"periodStart", "packExecutions", "overageExecutions",
                                            "peakAgents", "anchorDay"};

static bool read_number(bbots_json object, const char *name, int64_t *number)
{
    bbots_json found;
    return bbots_json_member(object, bbots_text_of(name), &found) == BBOTS_OK &&
           bbots_json_integer(found, number) == BBOTS_OK;
}

void usage_read_counters(usage *of)
{
    int64_t numbers[COUNTERS] = {0};
    bbots_json counters;
    if (of->metadata.data == NULL ||
        bbots_json_member(of->metadata, bbots_text_of(MEMBER), &counters) != BBOTS_OK ||
        !read_number(counters, names[PERIOD], &numbers[PERIOD])) {
        return;
    }
    of->counted = true;
    if (numbers[PERIOD] != of->start) {
        return;
    }
    for (unsigned i = PACKS; i < COUNTERS; i++) {
        if (!read_number(counters, names[i], &numbers[i]) || numbers[i] < 0) {
            numbers[i] = 0;
        }
    }
    of->used_of_packs = numbers[PACKS];
    of->overage = numbers[OVERAGE];
    of->peak_agents = numbers[PEAK];
    of->anchor_day = numbers[ANCHOR] <= 31 ? (int)numbers[ANCHOR] : 0;
}

/* Metadata as a tree; beside what is no object nothing can be kept. */
static int read_tree(const usage *of, bb_arena *arena, codec_json_node **root, bbots_error *error)
{
    bbots_text text = bbots_text_of("{}");
    int rc = BBOTS_OK;
    if (of->metadata.data != NULL && bbots_json_type_of(of->metadata) != BBOTS_JSON_OBJECT) {
        return bb_fail_at(error, BBOTS_WRONG_TYPE, of->of->table->name, "metadata", NULL,
                          "the metadata of user %lld's subscription is no object",
                          (long long)of->user.integer);
    }
    if (of->metadata.data != NULL) {
        rc = codec_json_print(arena, of->metadata, &text, error);
    }
    return rc == BBOTS_OK ? codec_json_parse(arena, text, root, error) : rc;
}

static void drop_member(codec_json_node *object, const char *name)
{
    for (codec_json_node **at = &object->first; *at != NULL; at = &(*at)->next) {
        if ((*at)->key_size == strlen(name) && memcmp((*at)->key, name, (*at)->key_size) == 0) {
            *at = (*at)->next;
            object->size--;
            return;
        }
    }
}

/* A new member of an object, or NULL. */
static codec_json_node *add_member(bb_arena *arena, codec_json_node *object, const char *name,
                                   codec_json_kind kind)
{
    codec_json_node *made = bb_arena_alloc(arena, sizeof *made);
    if (made != NULL) {
        memset(made, 0, sizeof *made);
        made->kind = (uint32_t)kind & 0xf;
        made->key = name;
        made->key_size = (uint32_t)strlen(name);
        made->next = object->first;
        object->first = made;
        object->size++;
    }
    return made;
}

static bool add_counters(const usage *of, bb_arena *arena, codec_json_node *root)
{
    const int64_t numbers[COUNTERS] = {of->start, of->used_of_packs, of->overage, of->peak_agents,
                                       of->anchor_day};
    codec_json_node *counters = add_member(arena, root, MEMBER, CODEC_JSON_OBJECT);
    for (unsigned i = 0; i < COUNTERS && counters != NULL; i++) {
        codec_json_node *one = add_member(arena, counters, names[i], CODEC_JSON_SIGNED);
        if (one == NULL) {
            return false;
        }
        one->integer = numbers[i];
    }
    if (counters != NULL) {
        codec_json_sort(counters);
    }
    return counters != NULL;
}

int usage_write_counters(const usage *of, bb_arena *arena, bbots_value *metadata,
                         bbots_error *error)
{
    codec_json_node *root;
    int rc = read_tree(of, arena, &root, error);
    if (rc != BBOTS_OK) {
        return rc;
    }
    drop_member(root, MEMBER);
    bool fine = add_counters(of, arena, root);
    codec_json_sort(root);
    size_t size = codec_json_packed_size(root);
    void *packed = fine ? bb_arena_alloc(arena, size) : NULL;
    if (packed == NULL) {
        return bb_fail(error, BBOTS_NO_MEMORY, "out of memory");
    }
    codec_json_write_packed(root, packed, size);
    *metadata = bbots_value_of_bytes(BBOTS_JSON, packed, size);
    return BBOTS_OK;
}
