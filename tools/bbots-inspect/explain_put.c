/*
 * explain_put.c - an explanation as a sheet: a line for each table and effect, then one for each
 * constraint that refuses.
 */
#include "explain_put.h"

#include "sheet.h"

static const sheet_column columns[] = {{"table", SHEET_TEXT},      {"effect", SHEET_TEXT},
                                       {"rows", SHEET_NUMBER},     {"columns", SHEET_TEXT},
                                       {"constraint", SHEET_TEXT}, {"keys", SHEET_TEXT}};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* What a line does not have: nothing for people, NULL for programs. */
static void put_nothing(sheet *to, const command_line *line)
{
    if (line->format == FORMAT_PEOPLE) {
        sheet_text(to, "");
    } else {
        sheet_null(to);
    }
}

static void put_columns(sheet *to, const command_line *line, const bbots_table *table, uint64_t set)
{
    char text[BBOTS_COLUMNS_MAX * (BBOTS_NAME_MAX + 2)] = "";
    size_t size = 0;
    for (uint64_t left = set; left != 0 && size < sizeof text; left &= left - 1) {
        const char *name = table->columns[__builtin_ctzll(left)].name;
        int more = snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? ", " : "", name);
        size += more > 0 ? (size_t)more : 0;
    }
    if (set != 0) {
        sheet_text(to, text);
    } else {
        put_nothing(to, line);
    }
}

static void put_line(sheet *to, const command_line *line, const bbots_table *table,
                     const char *effect, uint64_t set, const char *constraint,
                     const bbots_row_sample *rows)
{
    char keys[BBOTS_SAMPLE_TEXT + 8];
    snprintf(keys, sizeof keys, "%s%s", rows->keys,
             rows->named >= rows->count ? ""
             : rows->named > 0          ? ", ..."
                                        : "...");
    sheet_text(to, table->name);
    sheet_text(to, effect);
    sheet_number(to, rows->count);
    put_columns(to, line, table, set);
    if (constraint != NULL) {
        sheet_text(to, constraint);
    } else {
        put_nothing(to, line);
    }
    sheet_text(to, keys);
}

static void put_effects(sheet *to, const command_line *line, const bbots_explanation *explained)
{
    for (uint32_t i = 0; i < explained->effect_count; i++) {
        const bbots_effect *effect = &explained->effects[i];
        if (effect->deleted.count > 0) {
            put_line(to, line, effect->table, "delete", 0, NULL, &effect->deleted);
        }
        if (effect->set_null.count > 0) {
            put_line(to, line, effect->table, "set null", effect->null_columns, NULL,
                     &effect->set_null);
        }
    }
}

static void put_refusals(sheet *to, const command_line *line, const bbots_explanation *explained)
{
    for (uint32_t i = 0; i < explained->refusal_count; i++) {
        const bbots_refusal *refusal = &explained->refusals[i];
        const bbots_foreign_key *key = refusal->reference;
        uint64_t set = 0;
        for (unsigned c = 0; c < key->column_count; c++) {
            set |= BBOTS_COLUMN_BIT(key->columns[c]);
        }
        put_line(to, line, refusal->table,
                 refusal->code == BBOTS_NOT_NULL_VIOLATION ? "refuse null" : "refuse", set,
                 key->name, &refusal->rows);
    }
}

static void put_sentence(const bbots_explanation *explained)
{
    printf("\n");
    if (explained->refusal_count > 0) {
        printf("The delete is refused");
    } else {
        printf("The delete succeeds");
    }
    printf("; %s %llu row%s and %s %llu to null.\n",
           explained->refusal_count > 0 ? "otherwise it would delete" : "it deletes",
           (unsigned long long)explained->deleted, explained->deleted == 1 ? "" : "s",
           explained->refusal_count > 0 ? "set" : "sets", (unsigned long long)explained->set_null);
}

int put_explanation(const command_line *line, const bbots_explanation *explained)
{
    sheet *to = sheet_begin(line, columns, COLUMN_COUNT, (sheet_options){.single = false});
    if (to != NULL) {
        put_effects(to, line, explained);
        put_refusals(to, line, explained);
    }
    int rc = sheet_end(to);
    if (rc == EXIT_DONE && line->format == FORMAT_PEOPLE && !line->quiet) {
        put_sentence(explained);
    }
    return rc != EXIT_DONE ? rc : explained->refusal_count > 0 ? EXIT_FINDINGS : EXIT_DONE;
}
