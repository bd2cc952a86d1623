/*
 * pool.c - memory, growing texts, random numbers, and the way out.
 *
 * What a statement is made of lives until its episode ends, because a difference found at the end
 * needs all that came before; so nothing is freed one by one.
 */
#include "diffpg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES 262144u

struct pool_block {
    struct pool_block *next;
    size_t used;
    size_t size;
    char data[];
};

static void *must_have(void *memory)
{
    if (memory == NULL) {
        give_up("out of memory");
    }
    return memory;
}

void *pool_alloc(pool *memory, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (memory->blocks == NULL || memory->blocks->size - memory->blocks->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct pool_block *block = must_have(malloc(sizeof *block + room));
        block->next = memory->blocks;
        block->used = 0;
        block->size = room;
        memory->blocks = block;
    }
    void *given = memory->blocks->data + memory->blocks->used;
    memory->blocks->used += size;
    memset(given, 0, size);
    return given;
}

char *pool_copy(pool *memory, const char *data, size_t size)
{
    char *copy = pool_alloc(memory, size + 1);
    if (size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *pool_print(pool *memory, const char *format, ...)
{
    char buffer[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    return pool_copy(memory, buffer,
                     (size_t)size < sizeof buffer ? (size_t)size : sizeof buffer - 1);
}

void pool_free(pool *memory)
{
    while (memory->blocks != NULL) {
        struct pool_block *next = memory->blocks->next;
        free(memory->blocks);
        memory->blocks = next;
    }
}

/* ------------------------------------------------------------------ texts */

void builder_add(builder *text, const char *data, size_t size)
{
    if (text->room - text->size <= size) {
        text->room = (text->size + size + 1) * 2;
        text->data = must_have(realloc(text->data, text->room));
    }
    if (size > 0) {
        memcpy(text->data + text->size, data, size);
    }
    text->size += size;
    text->data[text->size] = '\0';
}

void builder_print(builder *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *made = must_have(malloc((size_t)size + 1));
    va_start(arguments, format);
    vsnprintf(made, (size_t)size + 1, format, arguments);
    va_end(arguments);
    builder_add(text, made, (size_t)size);
    free(made);
}

void builder_free(builder *text)
{
    free(text->data);
    *text = (builder){NULL, 0, 0};
}

void statements_add(statements *all, statement *one)
{
    if (all->count == all->room) {
        all->room = all->room == 0 ? 1024 : all->room * 2;
        all->list = must_have(realloc(all->list, all->room * sizeof *all->list));
    }
    all->list[all->count++] = one;
}

/* ------------------------------------------------------------------ random numbers */

/* splitmix64 (Steele, Lea, Flood 2014): every seed is as good as any other. */
uint64_t random_next(random_source *source)
{
    uint64_t mixed = source->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

uint64_t random_below(random_source *source, uint64_t below)
{
    return random_next(source) % below;
}

bool chance(random_source *source, unsigned percent)
{
    return random_below(source, 100) < percent;
}

/* ------------------------------------------------------------------ the way out */

void give_up(const char *format, ...)
{
    va_list arguments;
    fputs("diff-pg: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}
