/*
 * sheet_people.c - cells laid out for people: an aligned table, or a block a row.
 *
 * Widths come from the rows that wait when the first ones are laid out. When they do not fit the
 * terminal the widest texts are made narrower, all to the same width, but none below TEXT_LEAST;
 * numbers are never cut. If even that is too wide, every row becomes a block with a column a line:
 * on 40 columns a table of more than a few columns cannot be read in any other way.
 */
#include "sheet_parts.h"

#include "terminal.h"

#include <inttypes.h>
#include <stdlib.h>

enum { GAP = 2, TEXT_LEAST = 12, ELLIPSIS_WIDTH = 1, ROOM_ENOUGH = 40, BELOW_INDENT = 4 };

/* ------------------------------------------------------------------ the rows that wait */

static bool reserve(sheet *to, size_t bytes)
{
    page *held = &to->page;
    if (held->size + bytes > held->capacity) {
        size_t capacity = 2 * (held->size + bytes) + 4096;
        char *grown = realloc(held->bytes, capacity);
        if (grown == NULL) {
            return false;
        }
        held->bytes = grown;
        held->capacity = capacity;
    }
    if (held->cell_count == held->cell_capacity) {
        size_t capacity = 2 * held->cell_capacity + 256;
        cell *grown = realloc(held->cells, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        held->cells = grown;
        held->cell_capacity = capacity;
    }
    return true;
}

/* Text past what a terminal line can show is left out: 64 MiB of it need not be held. */
void page_add(sheet *to, cell_kind kind, const char *text, size_t size)
{
    page *held = &to->page;
    cell made = {held->size, 0, 0, kind};
    glyph shown;
    for (size_t at = 0; at < size && (to->text_max == 0 || made.width <= to->text_max);) {
        at += glyph_next(text + at, size - at, &shown);
        if (!reserve(to, shown.size)) {
            to->failed = true;
            return;
        }
        memcpy(held->bytes + held->size, shown.bytes, shown.size);
        held->size += shown.size;
        made.width += shown.width;
    }
    if (!reserve(to, 0)) {
        to->failed = true;
        return;
    }
    made.size = held->size - made.offset;
    held->cells[held->cell_count++] = made;
}

/* ------------------------------------------------------------------ cells */

static void blanks(size_t count)
{
    while (count-- > 0) {
        putchar(' ');
    }
}

/* Writes harmless text in at most `width` columns (0: all), with an ellipsis when it is cut. */
static size_t put_cut(const char *text, size_t size, size_t text_columns, size_t width)
{
    glyph shown;
    size_t used = 0;
    if (width == 0 || text_columns <= width) {
        fwrite(text, 1, size, stdout);
        return text_columns;
    }
    for (size_t at = 0; at < size;) {
        at += glyph_next(text + at, size - at, &shown);
        if (used + shown.width + ELLIPSIS_WIDTH > width) {
            break;
        }
        fwrite(shown.bytes, 1, shown.size, stdout);
        used += shown.width;
    }
    fputs("…", stdout);
    return used + ELLIPSIS_WIDTH;
}

static size_t put_cell(const sheet *to, const cell *shown, size_t width)
{
    bool dim = to->colour && shown->kind != CELL_PLAIN;
    fputs(dim ? "\033[2m" : "", stdout);
    size_t used = put_cut(to->page.bytes + shown->offset, shown->size, shown->width, width);
    fputs(dim ? "\033[0m" : "", stdout);
    return used;
}

static size_t put_name(const sheet *to, unsigned column, size_t width)
{
    const char *name = to->names[column];
    size_t size = strlen(name);
    fputs(to->colour ? "\033[1m" : "", stdout);
    size_t used = put_cut(name, size, text_width(name, size), width);
    fputs(to->colour ? "\033[0m" : "", stdout);
    return used;
}

/* ------------------------------------------------------------------ widths */

static size_t name_width(const sheet *to, unsigned column)
{
    return text_width(to->names[column], strlen(to->names[column]));
}

static void measure(sheet *to)
{
    for (unsigned i = 0; i < to->column_count; i++) {
        to->widths[i] = name_width(to, i);
    }
    for (size_t i = 0; i < to->page.cell_count; i++) {
        size_t *width = &to->widths[i % to->column_count];
        *width = to->page.cells[i].width > *width ? to->page.cells[i].width : *width;
    }
}

/* The table's width when no text column is wider than `most`. */
static size_t total_width(const sheet *to, size_t most)
{
    size_t total = (size_t)GAP * (to->column_count - 1);
    for (unsigned i = 0; i < to->column_count; i++) {
        bool cut = to->shapes[i] == SHEET_TEXT && to->widths[i] > most;
        total += cut ? most : to->widths[i];
    }
    return total;
}

static void plan(sheet *to)
{
    measure(to);
    to->planned = true;
    to->blocks = to->options.single;
    if (to->terminal == 0 || to->options.single || total_width(to, SIZE_MAX) <= to->terminal) {
        return;
    }
    to->blocks = to->options.full || total_width(to, TEXT_LEAST) > to->terminal;
    if (to->blocks) {
        return;
    }
    size_t most = TEXT_LEAST;
    while (total_width(to, most + 1) <= to->terminal) {
        most++;
    }
    for (unsigned i = 0; i < to->column_count; i++) {
        if (to->shapes[i] == SHEET_TEXT && to->widths[i] > most) {
            to->widths[i] = most;
        }
    }
}

/* ------------------------------------------------------------------ layouts */

static void put_header(const sheet *to)
{
    for (unsigned i = 0; i < to->column_count; i++) {
        bool last = i + 1 == to->column_count;
        bool right = to->shapes[i] == SHEET_NUMBER;
        size_t width = name_width(to, i);
        size_t pad = to->widths[i] > width ? to->widths[i] - width : 0;
        blanks(right ? pad : 0);
        put_name(to, i, to->terminal > 0 ? to->widths[i] : 0);
        blanks(last ? 0 : GAP + (right ? 0 : pad));
    }
    putchar('\n');
    for (unsigned i = 0; i < to->column_count; i++) {
        for (size_t j = 0; j < to->widths[i]; j++) {
            putchar('-');
        }
        blanks(i + 1 < to->column_count ? GAP : 0);
    }
    putchar('\n');
}

/* A number wider than the ones before keeps its digits; its row is out of line instead. */
static void put_line(const sheet *to, const cell *row)
{
    for (unsigned i = 0; i < to->column_count; i++) {
        bool last = i + 1 == to->column_count;
        bool right = to->shapes[i] == SHEET_NUMBER;
        bool cut = to->terminal > 0 && to->shapes[i] == SHEET_TEXT && !to->options.full;
        size_t pad = to->widths[i] > row[i].width ? to->widths[i] - row[i].width : 0;
        blanks(right ? pad : 0);
        size_t used = put_cell(to, &row[i], cut ? to->widths[i] : 0);
        pad = !right && to->widths[i] > used ? to->widths[i] - used : 0;
        blanks(last ? 0 : GAP + pad);
    }
    putchar('\n');
}

/* A name and its value; a value without enough room beside its name goes below it. */
static void put_pair(const sheet *to, unsigned column, const cell *value, size_t names)
{
    bool cut = to->terminal > 0 && !to->options.full;
    size_t used = put_name(to, column, to->terminal > 0 ? names : 0);
    size_t room = to->terminal > names + GAP ? to->terminal - names - GAP : 1;
    if (cut && value->width > room && room < ROOM_ENOUGH) {
        room = to->terminal > BELOW_INDENT ? to->terminal - BELOW_INDENT : 1;
        putchar('\n');
        blanks(BELOW_INDENT);
        put_cell(to, value, room);
    } else if (value->size > 0) {
        blanks(names - (used < names ? used : names) + GAP);
        put_cell(to, value, cut ? room : 0);
    }
    putchar('\n');
}

static void put_block(const sheet *to, const cell *row)
{
    size_t names = 0;
    for (unsigned i = 0; i < to->column_count; i++) {
        names = name_width(to, i) > names ? name_width(to, i) : names;
    }
    if (to->terminal > 0 && names > to->terminal / 2) {
        names = to->terminal / 2;
    }
    if (!to->options.single) {
        printf("%s-- row %" PRIu64 "\n", to->shown > 0 ? "\n" : "", to->shown + 1);
    }
    for (unsigned i = 0; i < to->column_count; i++) {
        put_pair(to, i, &row[i], names);
    }
}

void page_flush(sheet *to)
{
    size_t rows = to->page.cell_count / to->column_count;
    if (!to->planned) {
        plan(to);
        if (!to->blocks && rows > 0) {
            put_header(to);
        }
    }
    for (size_t i = 0; i < rows && !to->failed; i++) {
        const cell *row = &to->page.cells[i * to->column_count];
        if (to->blocks) {
            put_block(to, row);
        } else {
            put_line(to, row);
        }
        to->shown++;
    }
    to->page.size = 0;
    to->page.cell_count = 0;
}
