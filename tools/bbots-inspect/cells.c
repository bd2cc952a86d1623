/* cells.c - cells of a sheet that are no column of a table. */
#include "cells.h"

#include <inttypes.h>

void cell_text(sheet *to, bbots_text text)
{
    char copy[513];
    snprintf(copy, sizeof copy, "%.*s", text.size < sizeof copy ? (int)text.size : 512, text.data);
    sheet_text(to, copy);
}

void cell_time(const command_line *line, sheet *to, bbots_timestamp time)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    bool people = line->format == FORMAT_PEOPLE;
    size_t size = bbots_timestamp_print(
        time, false, people ? BBOTS_TIMESTAMP_POSTGRES : BBOTS_TIMESTAMP_ISO, text);
    if (people && size == 19 && strcmp(text + 10, " 00:00:00") == 0) {
        text[10] = '\0';
    }
    sheet_text(to, text);
}

void cell_day(sheet *to, bbots_timestamp day)
{
    char text[BBOTS_TIMESTAMP_TEXT_MAX];
    if (bbots_timestamp_print(day, false, BBOTS_TIMESTAMP_POSTGRES, text) == 19) {
        text[10] = '\0';
    }
    sheet_text(to, text);
}

void cell_decimal(sheet *to, int64_t scaled, unsigned scale)
{
    char text[BBOTS_DECIMAL_TEXT_MAX];
    bbots_decimal_print(scaled, scale, text);
    sheet_figure(to, text, false);
}

void cell_short_decimal(sheet *to, int64_t scaled, unsigned scale)
{
    char text[BBOTS_DECIMAL_TEXT_MAX];
    size_t size = bbots_decimal_print(scaled, scale, text);
    while (scale > 0 && text[size - 1] == '0') {
        text[--size] = '\0';
        scale--;
    }
    if (text[size - 1] == '.') {
        text[size - 1] = '\0';
    }
    sheet_figure(to, text, false);
}

void cell_integer(sheet *to, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    sheet_figure(to, text, true);
}
