/*
 * ledger/prices_cost.c - what usage costs, exactly.
 *
 * Every cost is a sum of products of a quantity and a price, over one divisor: 1,000,000 tokens,
 * 60,000 milliseconds, 1,073,741,824 bytes. The sum is a 128-bit integer, at 12 digits after the
 * point; it is divided once, at the end, by the divisor and the digits that the column has not.
 * Quantities end at 10^15 and prices at 10^18, and the greatest divisor that a sum is brought to
 * is 60,000 or 2^30, so that no sum comes near 10^38.
 */
#include "base/error.h"

#include <bbots/prices.h>

__extension__ typedef __int128 wide;

#define QUANTITY_MAX INT64_C(1000000000000000)
#define COST_MAX     INT64_C(999999999999999999)

#define TOKENS_PER_PRICE 1000000
#define MS_PER_MINUTE    60000
#define BYTES_PER_GB     1073741824

/* A sum over a divisor, at BBOTS_PRICE_SCALE digits; the first failure stays. */
typedef struct sum {
    const bbots_price *price;
    bbots_error *error;
    wide divisor; /* with the digits that are left out */
    int rc;
} sum;

static const char *const part_texts[BBOTS_PRICE_PARTS] = {
    [BBOTS_PRICE_INPUT] = "input tokens",
    [BBOTS_PRICE_OUTPUT] = "output tokens",
    [BBOTS_PRICE_CACHE_WRITE] = "tokens written to the cache",
    [BBOTS_PRICE_CACHE_READ] = "tokens read from the cache",
    [BBOTS_PRICE_MINUTE] = "milliseconds",
    [BBOTS_PRICE_RECORDING] = "recordings",
    [BBOTS_PRICE_SCREENSHOT] = "screenshots",
    [BBOTS_PRICE_REQUEST] = "requests",
    [BBOTS_PRICE_TRANSFER_GB] = "bytes transferred",
    [BBOTS_PRICE_STORAGE_GB] = "bytes stored",
};

static sum begin(const bbots_price *price, int64_t divisor, unsigned scale, bbots_error *error)
{
    sum begun = {price, error, divisor, BBOTS_OK};
    bb_error_clear(error);
    if (scale > BBOTS_PRICE_SCALE) {
        begun.rc = bb_fail(error, BBOTS_INVALID_ARGUMENT,
                           "a cost has at most %d digits after the point", BBOTS_PRICE_SCALE);
    }
    for (unsigned digits = scale; digits < BBOTS_PRICE_SCALE; digits++) {
        begun.divisor *= 10;
    }
    return begun;
}

/* quantity times a price; nothing of something needs no price. */
static wide product(sum *of, bbots_price_part part, int64_t quantity)
{
    if (of->rc != BBOTS_OK || quantity == 0) {
        return 0;
    }
    if (quantity < 0) {
        of->rc = bb_fail(of->error, BBOTS_INVALID_ARGUMENT, "there cannot be %lld %s",
                         (long long)quantity, part_texts[part]);
    } else if (quantity > QUANTITY_MAX) {
        of->rc = bb_fail(of->error, BBOTS_NUMERIC_OUT_OF_RANGE, "%lld %s are too many to be priced",
                         (long long)quantity, part_texts[part]);
    } else if ((of->price->given & 1u << part) == 0) {
        of->rc = bb_fail(of->error, BBOTS_UNKNOWN_PRICE, "entry \"%s\" has no price for %s",
                         of->price->id, part_texts[part]);
    }
    return of->rc == BBOTS_OK ? (wide)quantity * of->price->parts[part] : 0;
}

/* Half away from zero; nothing here is negative. */
static int64_t rounded(sum *of, wide number)
{
    wide quotient = number / of->divisor;
    quotient += number % of->divisor * 2 >= of->divisor;
    if (of->rc == BBOTS_OK && quotient > COST_MAX) {
        of->rc = bb_fail(of->error, BBOTS_NUMERIC_OUT_OF_RANGE,
                         "a cost by entry \"%s\" needs more than 18 digits", of->price->id);
    }
    return of->rc == BBOTS_OK ? (int64_t)quotient : 0;
}

int bbots_price_tokens(const bbots_price *price, const bbots_tokens *tokens, unsigned scale,
                       bbots_price_token_costs *costs, bbots_error *error)
{
    sum of = begin(price, TOKENS_PER_PRICE, scale, error);
    wide input = product(&of, BBOTS_PRICE_INPUT, tokens->input);
    wide output = product(&of, BBOTS_PRICE_OUTPUT, tokens->output);
    wide cache = product(&of, BBOTS_PRICE_CACHE_WRITE, tokens->cache_write) +
                 product(&of, BBOTS_PRICE_CACHE_READ, tokens->cache_read);
    bbots_price_token_costs result = {rounded(&of, input), rounded(&of, output),
                                      rounded(&of, cache), rounded(&of, input + output + cache)};
    if (of.rc == BBOTS_OK) {
        *costs = result;
    }
    return of.rc;
}

int bbots_price_session(const bbots_price *price, int64_t duration_ms, bool recorded,
                        int64_t screenshots, unsigned scale, bbots_price_session_costs *costs,
                        bbots_error *error)
{
    sum of = begin(price, MS_PER_MINUTE, scale, error);
    wide time = product(&of, BBOTS_PRICE_MINUTE, duration_ms);
    wide recording = product(&of, BBOTS_PRICE_RECORDING, recorded) * MS_PER_MINUTE;
    wide pictures = product(&of, BBOTS_PRICE_SCREENSHOT, screenshots) * MS_PER_MINUTE;
    bbots_price_session_costs result = {rounded(&of, time), rounded(&of, recording),
                                        rounded(&of, pictures),
                                        rounded(&of, time + recording + pictures)};
    if (of.rc == BBOTS_OK) {
        *costs = result;
    }
    return of.rc;
}

int bbots_price_storage(const bbots_price *price, int64_t transferred_bytes, unsigned scale,
                        bbots_price_storage_costs *costs, bbots_error *error)
{
    sum of = begin(price, BYTES_PER_GB, scale, error);
    bool has_request = (price->given & 1u << BBOTS_PRICE_REQUEST) != 0;
    wide request = product(&of, BBOTS_PRICE_REQUEST, has_request) * BYTES_PER_GB;
    wide transfer = product(&of, BBOTS_PRICE_TRANSFER_GB, transferred_bytes);
    bbots_price_storage_costs result = {rounded(&of, request), rounded(&of, transfer),
                                        rounded(&of, request + transfer)};
    if (of.rc == BBOTS_OK) {
        *costs = result;
    }
    return of.rc;
}
