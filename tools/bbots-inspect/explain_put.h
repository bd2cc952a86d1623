/* explain_put.h - an explanation of a delete, written. */
#ifndef INSPECT_EXPLAIN_PUT_H
#define INSPECT_EXPLAIN_PUT_H

#include "inspect.h"

/* EXIT_DONE when the delete would succeed, EXIT_FINDINGS when not, EXIT_FAILED after a message. */
int put_explanation(const command_line *line, const bbots_explanation *explained);

#endif
