/* sum_parts.h - how the result of `sum` is written. */
#ifndef INSPECT_SUM_PARTS_H
#define INSPECT_SUM_PARTS_H

#include "inspect.h"

/* Writes a summary in the command line's format; an exit code. */
int sum_put(const command_line *line, const bbots_summary_query *query,
            const bbots_summary *summary);

#endif
