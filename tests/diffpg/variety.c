/*
 * variety.c - which kinds of statements there were, so that a run shows that none was left out.
 */
#include "diffpg.h"

#include <stdio.h>

const char *verb_name(verb which)
{
    static const char *const names[VERB_COUNT] = {"INSERT",      "UPDATE", "DELETE",   "UPSERT",
                                                  "BEGIN",       "COMMIT", "ROLLBACK", "SAVEPOINT",
                                                  "ROLLBACK TO", "RELEASE"};
    return names[which];
}

/* ------------------------------------------------------------------ columns of a kind */

static uint64_t with_defaults(const bbots_table *table)
{
    uint64_t set = 0;
    for (unsigned c = 0; c < table->column_count; c++) {
        if (table->columns[c].default_kind != BBOTS_DEFAULT_NONE) {
            set |= BBOTS_COLUMN_BIT(c);
        }
    }
    return set;
}

static uint64_t column_set(const uint8_t *columns, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++) {
        set |= BBOTS_COLUMN_BIT(columns[i]);
    }
    return set;
}

static uint64_t referencing(const bbots_table *table)
{
    uint64_t set = 0;
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        set |= column_set(table->foreign_keys[f].columns, table->foreign_keys[f].column_count);
    }
    return set;
}

static uint64_t referenced(const bbots_schema *schema, const bbots_table *table)
{
    uint64_t set = 0;
    for (unsigned r = 0; r < table->reference_count; r++) {
        bbots_reference at = table->references[r];
        const bbots_foreign_key *key = &schema->tables[at.table]->foreign_keys[at.foreign_key];
        set |= column_set(key->parent_columns, key->column_count);
    }
    return set;
}

static bool any_null(const literal *values, uint64_t columns)
{
    for (int i = 0; i < __builtin_popcountll(columns); i++) {
        if (values[i].text == NULL) {
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ counting */

void variety_add(variety *all, const bbots_schema *schema, const statement *one, const answer *ours)
{
    bool done = strcmp(ours->sqlstate, "00000") == 0;
    all->done[one->verb] += done;
    all->refused[one->verb] += !done;
    if (one->table == NULL) {
        return;
    }
    bool inserts = one->verb == INSERT || one->verb == UPSERT;
    const bbots_index *primary = &one->table->indexes[0];
    all->defaults += inserts && (with_defaults(one->table) & ~one->given) != 0;
    all->nulls += any_null(one->values, one->given) || any_null(one->changes, one->set);
    all->keys += (column_set(primary->columns, primary->column_count) & one->set) != 0;
    all->references += (referencing(one->table) & one->set) != 0;
    all->referenced += (referenced(schema, one->table) & one->set) != 0;
    all->far += ours->cascaded + ours->set_null > 0;
    all->cascaded += ours->cascaded;
    all->set_null += ours->set_null;
}

static void print_number(const char *what, uint64_t count)
{
    printf("  %12llu %s\n", (unsigned long long)count, what);
}

void variety_print(const variety *all)
{
    printf("  statement           done      refused\n");
    for (unsigned v = 0; v < VERB_COUNT; v++) {
        printf("  %-11s %12llu %12llu\n", verb_name((verb)v), (unsigned long long)all->done[v],
               (unsigned long long)all->refused[v]);
    }
    printf("  among them\n");
    print_number("rows with a column left to its default", all->defaults);
    print_number("statements with a NULL among their values", all->nulls);
    print_number("changes of a primary key", all->keys);
    print_number("changes of a foreign key", all->references);
    print_number("changes of a column that others reference", all->referenced);
    print_number("deletes that reached other rows", all->far);
    print_number("rows deleted by CASCADE", all->cascaded);
    print_number("rows set to null", all->set_null);
}
