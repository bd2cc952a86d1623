/*
 * cname.c - from SQL's names to C's.
 *
 * Fields keep the SQL name, so that what a host reads in a query it reads in its code. Macros and
 * functions are in snake case. Two SQL names can meet in one C name ("openId", "open_id"; or the
 * column "b_c" of a table "a" and "c" of a table "a_b"); all names are noted and a clash is
 * refused here, with the line of the SQL, instead of by a C compiler later.
 */
#include "cname.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

/* Keywords of C11 and C++20, the two sets of columns, and macros of common headers. Sorted. */
static const char *const keywords[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "assert", "auto", "bitand", "bitor", "bool",
    "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class", "co_await",
    "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr",
    "constinit", "continue", "decltype", "default", "delete", "do", "double", "dynamic_cast",
    "else", "enum", "errno", "explicit", "export", "extern", "false", "float", "for", "friend",
    "given", "goto", "if", "inline", "int", "linux", "long", "mutable", "namespace", "new",
    "noexcept", "not", "not_eq", "null", "nullptr", "operator", "or", "or_eq", "private",
    "protected", "public", "register", "reinterpret_cast", "requires", "restrict", "return",
    "short", "signed", "sizeof", "static", "static_assert", "static_cast", "stderr", "stdin",
    "stdout", "struct", "switch", "template", "this", "thread_local", "throw", "true", "try",
    "typedef", "typeid", "typename", "typeof", "union", "unix", "unsigned", "using", "virtual",
    "void", "volatile", "wchar_t", "while", "xor", "xor_eq",
};

static int compare_words(const void *key, const void *element)
{
    return strcmp(key, *(const char *const *)element);
}

const char *gen_field(const char *name)
{
    bool taken = bsearch(name, keywords, sizeof keywords / sizeof keywords[0], sizeof keywords[0],
                         compare_words) != NULL;
    return taken ? gen_format("%s_", name) : name;
}

/* A new word begins at "aB" and at the last capital of "ABc". */
static bool begins_word(const char *name, size_t at)
{
    if (at == 0 || !isupper((unsigned char)name[at]))
        return false;
    bool after_small = islower((unsigned char)name[at - 1]) || isdigit((unsigned char)name[at - 1]);
    bool before_small = islower((unsigned char)name[at + 1]);
    return after_small || (isupper((unsigned char)name[at - 1]) && before_small);
}

char *gen_snake(const char *name)
{
    char *snake = gen_alloc(2 * strlen(name) + 1, 1);
    char *to = snake;
    for (size_t i = 0; name[i] != '\0'; i++) {
        if (begins_word(name, i))
            *to++ = '_';
        *to++ = isalnum((unsigned char)name[i]) ? (char)tolower((unsigned char)name[i]) : '_';
    }
    return snake;
}

char *gen_upper(const char *name)
{
    char *upper = gen_snake(name);
    for (char *byte = upper; *byte != '\0'; byte++)
        *byte = (char)toupper((unsigned char)*byte);
    return upper;
}

const char *gen_joined(const bbots_column *columns, const uint8_t *numbers, unsigned count)
{
    const char *joined = gen_snake(columns[numbers[0]].name);
    for (unsigned i = 1; i < count; i++)
        joined = gen_format("%s_%s", joined, gen_snake(columns[numbers[i]].name));
    return joined;
}

typedef struct taken_name {
    struct taken_name *next;
    const char *name;
    gen_place place;
} taken_name;

enum { BUCKETS = 4096 };
static taken_name *buckets[BUCKETS];

static taken_name **bucket(const char *name)
{
    return &buckets[bb_hash64(name, strlen(name)) % BUCKETS];
}

static const taken_name *find(const char *name)
{
    for (const taken_name *taken = *bucket(name); taken != NULL; taken = taken->next) {
        if (strcmp(taken->name, name) == 0)
            return taken;
    }
    return NULL;
}

bool gen_cname_taken(const char *name)
{
    return find(name) != NULL;
}

void gen_cname_take(gen_place place, const char *name)
{
    const taken_name *other = find(name);
    if (other != NULL)
        gen_refuse(place, "the C name %s is taken by line %u of %s", name, other->place.line,
                   other->place.file);
    taken_name *taken = gen_alloc(1, sizeof *taken);
    taken_name **at = bucket(name);
    *taken = (taken_name){*at, name, place};
    *at = taken;
}
