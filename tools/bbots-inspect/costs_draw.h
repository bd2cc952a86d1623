/* costs_draw.h - what the commands about costs draw for eyes. */
#ifndef INSPECT_COSTS_DRAW_H
#define INSPECT_COSTS_DRAW_H

#include "sheet.h"

/* Bars and the row of columns are for eyes: what is piped on is a plain table. */
bool costs_drawn(const command_line *line);

/* A bar in eighths of a column: as long as the share of the greatest. */
void costs_put_bar(sheet *to, int64_t amount, int64_t most);

/* none, within, alert, over, stop */
const char *costs_verdict_name(bbots_budget_verdict verdict);

#endif
