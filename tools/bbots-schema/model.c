/* model.c - memory, refusals and look-ups of the generator; see gen.h. */
#include "gen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

bb_arena *gen_arena(void)
{
    static bb_arena arena; /* zeroed is empty; of the whole run */
    return &arena;
}

_Noreturn void gen_refuse(gen_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%u: ", place.file, place.line);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

_Noreturn void gen_give_up(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bbots-schema: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

void *gen_alloc(size_t count, size_t size)
{
    void *memory = bb_arena_alloc(gen_arena(), count * size);
    if (memory == NULL)
        gen_give_up("memory is exhausted");
    return memset(memory, 0, count * size);
}

char *gen_copy(const char *data, size_t size)
{
    char *copy = gen_alloc(size + 1, 1);
    memcpy(copy, data, size);
    return copy;
}

char *gen_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int size = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (size < 0)
        gen_give_up("memory is exhausted");
    char *copy = gen_copy(text, (size_t)size);
    free(text);
    return copy;
}

gen_table *gen_table_find(const gen_model *model, const char *name, unsigned *number)
{
    for (unsigned i = 0; i < model->table_count; i++) {
        if (strcmp(model->tables[i]->table.name, name) == 0) {
            if (number != NULL)
                *number = i;
            return model->tables[i];
        }
    }
    return NULL;
}

int gen_column_find(const gen_table *table, const char *name)
{
    return bbots_table_column(&table->table, bbots_text_of(name));
}
