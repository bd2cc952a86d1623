/*
 * shrink.c - delta debugging (Zeller, Hildebrandt 2002) over statements.
 *
 * A list counts when it shows the same kind of difference from empty tables. What failed or was
 * rolled back goes first: it would do something once other statements are gone. Then only the
 * tables are kept that the statement needs by its references, then one table after the other is
 * left out, then parts of the list, smaller ones each round, then columns of the statements that
 * remain. Statements carry their values, so leaving one out changes nothing in the others.
 */
#include "diffpg.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct shrinking {
    session *both;
    char kind[160];
    time_t end;
} shrinking;

static bool still(shrinking *work, const statements *all)
{
    session *both = work->both;
    return !session_replay(both, all) && strcmp(both->kind, work->kind) == 0;
}

static bool time_is_left(const shrinking *work)
{
    return interrupted == 0 && time(NULL) < work->end;
}

/* ------------------------------------------------------------------ statements */

/* Tries the list without count statements at start. */
static bool without(shrinking *work, statements *all, size_t start, size_t count)
{
    statements fewer = {NULL, 0, 0};
    for (size_t i = 0; i < all->count; i++) {
        if (i < start || i >= start + count) {
            statements_add(&fewer, all->list[i]);
        }
    }
    bool shows = fewer.count > 0 && still(work, &fewer);
    if (shows) {
        free(all->list);
        *all = fewer;
    } else {
        free(fewer.list);
    }
    return shows;
}

static void leave_out_statements(shrinking *work, statements *all)
{
    size_t part = all->count / 2;
    while (part > 0 && time_is_left(work)) {
        bool any = false;
        for (size_t start = all->count; start > 0 && time_is_left(work);) {
            start = start > part ? start - part : 0;
            any = without(work, all, start, part) || any;
            start = start < all->count ? start : all->count;
        }
        part = any && part == 1 ? 1 : part / 2;
    }
}

/* Often a statement alone is enough, or with those just before it. */
static void try_the_end(shrinking *work, statements *all)
{
    for (size_t keep = 1; keep < all->count && keep <= 4; keep *= 2) {
        if (without(work, all, 0, all->count - keep)) {
            return;
        }
    }
}

/* What is tried to be left out beside whole tables. */
enum { WITHOUT_TRANSACTIONS = 1, WITHOUT_LOSSES = 2 };

/* Whether a statement takes something away. */
static bool is_loss(const statement *one)
{
    return one->verb == DELETE;
}

/* Tries the list of the statements on some tables; the last statement always stays. */
static bool only_tables(shrinking *work, statements *all, const bool *keep, unsigned leave)
{
    statements fewer = {NULL, 0, 0};
    for (size_t i = 0; i < all->count; i++) {
        statement *one = all->list[i];
        bool stays = one->table == NULL ? (leave & WITHOUT_TRANSACTIONS) == 0
                                        : keep[one->table->number] &&
                                              ((leave & WITHOUT_LOSSES) == 0 || !is_loss(one));
        if (stays || i + 1 == all->count) {
            statements_add(&fewer, one);
        }
    }
    bool shows = fewer.count < all->count && time_is_left(work) && still(work, &fewer);
    if (shows) {
        free(all->list);
        *all = fewer;
    } else {
        free(fewer.list);
    }
    return shows;
}

/* Adds the tables that those in the set refer to and, when wanted, those that refer to them. */
static void add_relatives(const bbots_schema *schema, bool *set, bool children)
{
    for (bool more = true; more;) {
        more = false;
        for (uint32_t t = 0; t < schema->table_count; t++) {
            const bbots_table *table = schema->tables[t];
            for (unsigned f = 0; f < table->foreign_key_count; f++) {
                uint16_t parent = table->foreign_keys[f].parent;
                bool joins = (set[t] && !set[parent]) || (children && set[parent] && !set[t]);
                set[t] = set[t] || joins;
                set[parent] = set[parent] || joins;
                more = more || joins;
            }
        }
    }
}

/* Most differences need the statement's own table and those that it refers to. */
static void keep_relatives(shrinking *work, statements *all)
{
    const statement *culprit = work->both->culprit;
    if (culprit == NULL || culprit->table == NULL) {
        return;
    }
    static const unsigned leave[] = {WITHOUT_TRANSACTIONS | WITHOUT_LOSSES, WITHOUT_TRANSACTIONS, 0,
                                     WITHOUT_TRANSACTIONS | WITHOUT_LOSSES, 0};
    for (unsigned attempt = 0; attempt < 5; attempt++) {
        bool set[BBOTS_TABLES_MAX] = {false};
        set[culprit->table->number] = true;
        add_relatives(work->both->ours.schema, set, attempt > 2);
        if (only_tables(work, all, set, leave[attempt])) {
            return;
        }
    }
}

/* ------------------------------------------------------------------ without effect */

/* Marks the statements that a rollback undid as failed. Savepoints still stand in the list. */
static void mark_undone(const statements *all)
{
    size_t open[64];
    size_t depth = 0;
    size_t start = 0;
    for (size_t i = 0; i < all->count; i++) {
        const statement *one = all->list[i];
        size_t from = i;
        if (one->verb == BEGIN) {
            start = i;
            depth = 0;
        } else if (one->verb == SAVEPOINT && !one->failed && depth < 64) {
            open[depth++] = i;
        } else if (one->verb == ROLLBACK) {
            from = start;
        } else if ((one->verb == ROLLBACK_TO || one->verb == RELEASE) && !one->failed) {
            while (depth > 0 && strcmp(all->list[open[depth - 1]]->name, one->name) != 0) {
                depth--;
            }
            from = one->verb == ROLLBACK_TO && depth > 0 ? open[depth - 1] : i;
            depth -= one->verb == RELEASE && depth > 0;
        }
        for (size_t j = from; j < i; j++) {
            all->list[j]->failed = all->list[j]->failed || all->list[j]->verb < BEGIN;
        }
    }
}

/* A statement that failed or was undone can go without any change to the others. */
static void leave_out_failures(shrinking *work, statements *all)
{
    statements fewer = {NULL, 0, 0};
    mark_undone(all);
    for (size_t i = 0; i < all->count; i++) {
        if (!all->list[i]->failed || i + 1 == all->count) {
            statements_add(&fewer, all->list[i]);
        }
    }
    if (still(work, &fewer)) {
        free(all->list);
        *all = fewer;
    } else {
        free(fewer.list);
    }
}

static void leave_out_tables(shrinking *work, statements *all)
{
    bool keep[BBOTS_TABLES_MAX];
    uint32_t count = work->both->ours.schema->table_count;
    memset(keep, true, sizeof keep);
    only_tables(work, all, keep, WITHOUT_TRANSACTIONS | WITHOUT_LOSSES);
    only_tables(work, all, keep, WITHOUT_TRANSACTIONS);
    for (uint32_t t = count; t > 0; t--) {
        keep[t - 1] = false;
        keep[t - 1] = !only_tables(work, all, keep, 0);
    }
}

/* What comes behind the statement that differs is of no use. */
static void cut_behind(statements *all, const statement *culprit)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i] == culprit) {
            all->count = i + 1;
        }
    }
}

/* ------------------------------------------------------------------ columns */

static void drop_column(uint64_t *columns, literal *packed, unsigned column)
{
    uint64_t bit = BBOTS_COLUMN_BIT(column);
    unsigned place = (unsigned)__builtin_popcountll(*columns & (bit - 1));
    unsigned count = (unsigned)__builtin_popcountll(*columns);
    memmove(packed + place, packed + place + 1, (count - place - 1) * sizeof *packed);
    *columns &= ~bit;
}

static void leave_out_columns(shrinking *work, statements *all, statement *one, bool changes)
{
    uint64_t *columns = changes ? &one->set : &one->given;
    literal *packed = changes ? one->changes : one->values;
    for (unsigned c = 0; c < BBOTS_COLUMNS_MAX && time_is_left(work); c++) {
        literal saved[BBOTS_COLUMNS_MAX];
        uint64_t before = *columns;
        bool serial = c < one->table->column_count &&
                      (one->table->columns[c].flags & BBOTS_COLUMN_SERIAL) != 0;
        bool random = c < one->table->column_count &&
                      one->table->columns[c].default_kind == BBOTS_DEFAULT_UUID;
        bool only = changes && __builtin_popcountll(before) == 1;
        if ((before & BBOTS_COLUMN_BIT(c)) == 0 || serial || random || only) {
            continue;
        }
        memcpy(saved, packed, (size_t)__builtin_popcountll(before) * sizeof *saved);
        drop_column(columns, packed, c);
        if (!still(work, all)) {
            *columns = before;
            memcpy(packed, saved, (size_t)__builtin_popcountll(before) * sizeof *saved);
        }
    }
}

static void leave_out_all_columns(shrinking *work, statements *all)
{
    for (size_t i = 0; i < all->count; i++) {
        statement *one = all->list[i];
        if (one->table != NULL && one->given != 0) {
            leave_out_columns(work, all, one, false);
        }
        if (one->table != NULL && one->set != 0) {
            leave_out_columns(work, all, one, true);
        }
    }
}

void shrink(session *both, statements *all, unsigned seconds_max)
{
    shrinking work = {.both = both, .end = time(NULL) + seconds_max};
    snprintf(work.kind, sizeof work.kind, "%s", both->kind);
    cut_behind(all, both->culprit);
    if (!still(&work, all)) {
        printf("(not seen again when run anew)\n");
        return;
    }
    try_the_end(&work, all);
    leave_out_failures(&work, all);
    keep_relatives(&work, all);
    leave_out_tables(&work, all);
    leave_out_statements(&work, all);
    leave_out_all_columns(&work, all);
    leave_out_statements(&work, all); /* what only those columns referred to */
    if (!still(&work, all)) {         /* so that the report is the short list's */
        printf("(not seen again when run anew)\n");
    }
}
