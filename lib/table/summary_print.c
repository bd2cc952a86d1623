/*
 * table/summary_print.c - exact numbers of 128 bits: their two halves, and their text.
 */
#include "table/summary.h"

__extension__ typedef unsigned __int128 magnitude;

#define DIGITS_MAX 39 /* of 2^127 */
#define SCALE_MAX  38u

bbots_exact summary_exact(summary_number number, bool null)
{
    magnitude bits = null ? 0 : (magnitude)number;
    bbots_exact exact = {(int64_t)(uint64_t)(bits >> 64), (uint64_t)bits, null};
    return exact;
}

static summary_number number_of(bbots_exact exact)
{
    return (summary_number)((magnitude)(uint64_t)exact.high << 64 | exact.low);
}

/* Sign, 39 digits, point and NUL stay within 48 bytes; so does 0. with 38 digits. */
size_t bbots_exact_print(bbots_exact exact, unsigned scale, char buffer[48])
{
    char reversed[DIGITS_MAX];
    unsigned count = 0;
    size_t size = 0;
    buffer[0] = '\0';
    if (exact.null || scale > SCALE_MAX) {
        return 0; /* null has no text, and no column has such a scale */
    }
    summary_number number = number_of(exact);
    magnitude left = number < 0 ? 0 - (magnitude)number : (magnitude)number;
    for (; left > UINT64_MAX; left /= 10) {
        reversed[count++] = (char)('0' + (int)(left % 10));
    }
    for (uint64_t rest = (uint64_t)left; rest != 0 || count <= scale; rest /= 10) {
        reversed[count++] = (char)('0' + (int)(rest % 10));
    }
    if (number < 0) {
        buffer[size++] = '-';
    }
    while (count > 0) {
        buffer[size++] = reversed[--count];
        if (count == scale && scale != 0) {
            buffer[size++] = '.';
        }
    }
    buffer[size] = '\0';
    return size;
}
