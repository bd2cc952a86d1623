/*
 * answer.c - what an engine said to a statement, and whether two said the same.
 *
 * The same: SQLSTATE, name of the constraint, rows that the statement named, and every column of
 * the row that stands afterwards, as text. Table and column count where PostgreSQL names them; it
 * names none for a value that does not fit, where the store tells more.
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>

void answer_free(answer *one)
{
    free(one->row);
    memset(one, 0, sizeof *one);
}

static bool same_where_named(const char *ours, const char *theirs)
{
    return theirs[0] == '\0' || strcmp(ours, theirs) == 0;
}

bool answer_same(const answer *ours, const answer *theirs)
{
    if (strcmp(ours->sqlstate, theirs->sqlstate) != 0 ||
        strcmp(ours->constraint, theirs->constraint) != 0 || ours->rows != theirs->rows ||
        !same_where_named(ours->table, theirs->table) ||
        !same_where_named(ours->column, theirs->column)) {
        return false;
    }
    return (ours->row == NULL) == (theirs->row == NULL) && ours->row_size == theirs->row_size &&
           (ours->row == NULL || memcmp(ours->row, theirs->row, ours->row_size) == 0);
}

/* A row's text with its separators made visible. */
static void print_row(const answer *one, builder *text)
{
    builder_print(text, "; row ");
    for (size_t i = 0; i < one->row_size; i++) {
        unsigned char c = (unsigned char)one->row[i];
        if (c == (unsigned char)FIELD_END) {
            builder_print(text, "|");
        } else if (c == (unsigned char)FIELD_NULL[0]) {
            builder_print(text, "(null)");
        } else if (c < ' ' || c >= 127) {
            builder_print(text, "\\x%02x", c);
        } else {
            builder_print(text, "%c", c);
        }
    }
}

void answer_print(const char *who, const answer *one, builder *text)
{
    builder_print(text, "  %-11s %s", who, one->sqlstate);
    if (strcmp(one->sqlstate, "00000") != 0) {
        builder_print(text, " table \"%s\" column \"%s\" constraint \"%s\": %s", one->table,
                      one->column, one->constraint, one->message);
    } else if (one->rows >= 0) {
        builder_print(text, ", %lld rows", (long long)one->rows);
    }
    if (one->row != NULL) {
        print_row(one, text);
    }
    builder_print(text, "\n");
}

/* ------------------------------------------------------------------ counts */

void tally_add(tally *all, const char *sqlstate)
{
    unsigned i = 0;
    while (i < all->used && memcmp(all->entries[i].sqlstate, sqlstate, 5) != 0) {
        i++;
    }
    if (i == sizeof all->entries / sizeof *all->entries) {
        return;
    }
    if (i == all->used) {
        memcpy(all->entries[i].sqlstate, sqlstate, 6);
        all->used++;
    }
    all->entries[i].count++;
}

static uint64_t count_of(const tally *all, const char *sqlstate)
{
    for (unsigned i = 0; i < all->used; i++) {
        if (memcmp(all->entries[i].sqlstate, sqlstate, 5) == 0) {
            return all->entries[i].count;
        }
    }
    return 0;
}

static void print_count(const tally *ours, const tally *theirs, const char *sqlstate)
{
    printf("  %-10s %12llu %12llu\n", sqlstate, (unsigned long long)count_of(ours, sqlstate),
           (unsigned long long)count_of(theirs, sqlstate));
}

static int compare_entries(const void *a, const void *b)
{
    return memcmp(a, b, 5);
}

void tally_print(const tally *ours, const tally *theirs)
{
    tally sorted = *ours;
    qsort(sorted.entries, sorted.used, sizeof *sorted.entries, compare_entries);
    printf("  SQLSTATE          libbbots   PostgreSQL\n");
    for (unsigned i = 0; i < sorted.used; i++) {
        print_count(ours, theirs, sorted.entries[i].sqlstate);
    }
    for (unsigned i = 0; i < theirs->used; i++) {
        if (count_of(ours, theirs->entries[i].sqlstate) == 0) {
            print_count(ours, theirs, theirs->entries[i].sqlstate);
        }
    }
}
