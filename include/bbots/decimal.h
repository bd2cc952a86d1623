/*
 * bbots/decimal.h - exact decimal numbers, as scaled 64-bit integers.
 *
 * A decimal(p,s) column holds the integer value x 10^s, |integer| < 10^p, p at most 18. No
 * floating point is involved anywhere. Rounding is half away from zero, as PostgreSQL's numeric
 * rounds when it is stored in a column with a smaller scale (manual, 8.1.2).
 */
#ifndef BBOTS_DECIMAL_H
#define BBOTS_DECIMAL_H

#include <bbots/value.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BBOTS_DECIMAL_PRECISION_MAX 18
#define BBOTS_DECIMAL_TEXT_MAX 24 /* sign, 18 digits, point, leading zero, NUL, and room */

/*
 * Reads a number ("-12.50", "1e-3", ".5", blanks around it allowed) and rounds it to scale digits
 * after the point. precision is 1 to 18, scale 0 to 18.
 *
 * Returns BBOTS_OK; BBOTS_INVALID_TEXT when text is no number (NaN, which PostgreSQL's numeric
 * would hold, included); BBOTS_NUMERIC_OUT_OF_RANGE when the rounded number needs more than
 * precision digits, for "infinity", and past what numeric itself can read (more than 16383 digits
 * behind the point, "1e-20000"); BBOTS_INVALID_ARGUMENT for another precision or scale. scaled is
 * written on BBOTS_OK only. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_decimal_parse(bbots_text text, unsigned precision, unsigned scale,
                                                int64_t *scaled);

/*
 * Writes scaled / 10^scale with exactly scale digits after the point ("-0.0500") and a final NUL.
 * scale is 0 to 18. buffer has at least BBOTS_DECIMAL_TEXT_MAX bytes. Returns the length without
 * the NUL. Any thread.
 */
BBOTS_API size_t bbots_decimal_print(int64_t scaled, unsigned scale, char *buffer);

/*
 * Brings a decimal from one scale to another, rounding half away from zero.
 *
 * Returns BBOTS_OK; BBOTS_NUMERIC_OUT_OF_RANGE when the result needs more than precision digits;
 * BBOTS_INVALID_ARGUMENT for a precision outside 1 to 18 or a scale outside 0 to 18. rescaled is
 * written on BBOTS_OK only. Any thread.
 */
BBOTS_API BBOTS_CHECKED int bbots_decimal_rescale(int64_t scaled, unsigned from_scale,
                                                  unsigned precision, unsigned to_scale,
                                                  int64_t *rescaled);

#ifdef __cplusplus
}
#endif
#endif
