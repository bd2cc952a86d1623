/* codec/float.h - real and double precision as PostgreSQL reads and writes them. */
#ifndef CODEC_FLOAT_H
#define CODEC_FLOAT_H

#include <bbots/value.h>

#define CODEC_FLOAT_TEXT_MAX 32

/*
 * Reads a number of float4 (single) or float8. Returns BBOTS_OK, BBOTS_INVALID_TEXT or
 * BBOTS_NUMERIC_OUT_OF_RANGE (too large, or so small that it would become zero).
 */
int codec_float_parse(bbots_text text, bool single, double *real);

/*
 * Writes the shortest decimal that reads back as the same number, laid out as PostgreSQL does:
 * with an exponent below 1e-4 and from 1e6 (float4) or 1e15 (float8) on. Returns the length.
 */
size_t codec_float_print(double real, bool single, char buffer[CODEC_FLOAT_TEXT_MAX]);

#endif
