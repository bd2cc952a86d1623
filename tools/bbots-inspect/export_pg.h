/* export_pg.h - the whole store as a script for psql. */
#ifndef EXPORT_PG_H
#define EXPORT_PG_H

#include "pg_schema.h"
#include "session.h"

typedef struct export_pg_options {
    bool schema; /* write the definitions */
    bool data;   /* write the rows and the sequences */
    bool secrets; /* write secret columns */
    pg_vectors vectors;
} export_pg_options;

/*
 * Writes the script to a stream, all of it as the session's transaction sees it. A failure of the
 * stream is found by who closes it. Returns BBOTS_OK or a failure.
 */
int export_pg(session *in, const export_pg_options *options, FILE *out, progress *bar,
              bbots_error *error);

#endif
