/* lines.h - rows as JSON lines that `bbots-inspect` loads. */
#ifndef SAMPLE_LINES_H
#define SAMPLE_LINES_H

#include "bench/workload.h"

typedef enum line_form {
    LINE_OPERATION, /* {"op":"insert","table":...,"row":{...}} for apply, 10,000 a transaction */
    LINE_ROW        /* {...} alone, for import */
} line_form;

/* Writes the cells that are not NULL, and a newline. All lines of a run have the same form. */
void line_put(line_form form, workload_number table, const cell cells[WORKLOAD_CELLS_MAX]);

/* Ends the last transaction and writes what is left. Returns 0, or -1 with errno when the output could not be written. */
int lines_end(void);

#endif
