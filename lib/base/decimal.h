/* base/decimal.h - what the library itself needs of decimals beside bbots/decimal.h. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <bbots/decimal.h>

/* As bbots_decimal_parse(), without rounding: BBOTS_NOT_FOUND when the type has no such number. */
int bb_decimal_parse_exactly(bbots_text text, unsigned precision, unsigned scale, int64_t *scaled);

/*
 * Whether a text is a number that PostgreSQL's numeric can hold, infinity included, whatever its
 * precision in a column: at most 131072 digits before the point and 16383 behind it.
 */
bool bb_decimal_is_numeric(bbots_text text);

#endif
