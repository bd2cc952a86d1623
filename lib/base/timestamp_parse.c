/*
 * base/timestamp_parse.c - reading a date and time from text.
 *
 * PostgreSQL cuts a text into fields and then guesses what each one is; much of that guessing
 * depends on settings of the session, on the clock and on files of zones. Here only what needs no
 * guess is read, and read with PostgreSQL's result: a date that starts with its year, and behind it
 * in any order, each at most once, a time, a zone, AM or PM, BC or AD.
 *
 *     text  = date { blank | ["T"] time | zone | "AM" | "PM" | "BC" | "AD" }
 *           | "infinity" | "-infinity" | "epoch"
 *     date  = year d month d day          d one of - / . and the same twice
 *           | yyyymmdd                    seven digits or more
 *     time  = h ":" m [":" s ["." f]] | hhmm | hhmmss ["." f]
 *     zone  = ("+" | "-") (h [":" m [":" s]] | hhmm) | "Z" | "UTC" | "GMT" | ...
 *
 * Numbers are read without losing their size: one with very many digits becomes NUMBER_MAX, which
 * every check of a range refuses. Checks come in PostgreSQL's order, so that a text with two faults
 * has the same SQLSTATE: the fields of a time as they are read, those of the date at the end.
 */
#include <bbots/timestamp.h>

#include <base/calendar.h>

#define NUMBER_MAX    INT64_C(1000000000000000)
#define ZONE_HOUR_MAX 15 /* as in PostgreSQL, MAX_TZDISP_HOUR */

/* What has been read; bits of fields.seen. */
enum { SEEN_TIME = 1, SEEN_ZONE = 2, SEEN_ERA = 4, SEEN_HALF = 8 };

typedef struct reader {
    const char *at;
    const char *end;
} reader;

typedef struct fields {
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t microsecond;  /* 1,000,000 when the fraction is rounded up to a second */
    int64_t zone_seconds; /* east of Greenwich */
    unsigned seen;
    bool before_christ;
    bool afternoon;
} fields;

/* The character that comes next, NUL at the end (a NUL in the text fits nowhere either). */
static char peek(const reader *input)
{
    return input->at < input->end ? *input->at : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_date_separator(char c)
{
    return c == '-' || c == '/' || c == '.';
}

static void skip_blanks(reader *input)
{
    while (is_blank(peek(input))) {
        input->at++;
    }
}

/* Reads digits; returns how many. */
static size_t read_digits(reader *input, int64_t *number)
{
    const char *start = input->at;
    *number = 0;
    for (; is_digit(peek(input)); input->at++) {
        *number = *number * 10 + (*input->at - '0');
        *number = *number < NUMBER_MAX ? *number : NUMBER_MAX;
    }
    return (size_t)(input->at - start);
}

/* Reads a separator and digits; false, with nothing read, when the separator does not come. */
static bool read_further(reader *input, char separator, size_t *digits, int64_t *number)
{
    if (peek(input) != separator) {
        return false;
    }
    input->at++;
    *digits = read_digits(input, number);
    return true;
}

/* Whether text is a word, given in lower case, in any case. */
static bool is_word(const char *text, size_t size, const char *word)
{
    if (size != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char lower = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i];
        if (lower != word[i]) {
            return false;
        }
    }
    return true;
}

/*
 * Reads a date. A separator directly behind it is refused: in "2026-01-01-02" PostgreSQL does not
 * take the end for a zone either. A month of three digits would be a day of the year.
 */
static int read_date(reader *input, fields *read)
{
    size_t digits = read_digits(input, &read->year);
    char separator = peek(input);
    if (is_date_separator(separator)) {
        size_t month_digits = 0;
        size_t day_digits = 0;
        if (digits < 3 || !read_further(input, separator, &month_digits, &read->month) ||
            month_digits < 1 || month_digits > 2 ||
            !read_further(input, separator, &day_digits, &read->day) || day_digits < 1) {
            return BBOTS_INVALID_DATETIME;
        }
        return peek(input) == separator ? BBOTS_INVALID_DATETIME : BBOTS_OK;
    }
    if (digits < 7) {
        return BBOTS_INVALID_DATETIME;
    }
    read->day = read->year % 100;
    read->month = read->year / 100 % 100;
    read->year /= 10000;
    return BBOTS_OK;
}

/*
 * Reads the digits behind a point as microseconds, rounded as PostgreSQL does it: the fraction
 * becomes a double, a million times that is rounded half to even. Eighteen digits are more than a
 * double holds. Neither strtod() nor rint() is used, as both listen to settings of the process.
 */
static void read_fraction(reader *input, int64_t *microsecond)
{
    int64_t number = 0;
    double divisor = 1;
    for (int count = 0; is_digit(peek(input)); input->at++, count++) {
        if (count < 18) {
            number = number * 10 + (*input->at - '0');
            divisor *= 10; /* exact: powers of ten are, up to 10^22 */
        }
    }
    double exact = (double)number / divisor * 1e6;
    int64_t whole = (int64_t)exact;
    double rest = exact - (double)whole;
    *microsecond = whole + (rest > 0.5 || (rest == 0.5 && whole % 2 == 1));
}

/*
 * Takes hhmm or hhmmss apart. A fraction needs digits here, and none may follow hhmm: PostgreSQL
 * reads that as seconds where ISO 8601 means minutes.
 */
static int split_run(reader *input, size_t digits, fields *read)
{
    if (digits != 4 && digits != 6) {
        return BBOTS_INVALID_DATETIME;
    }
    int64_t run = digits == 6 ? read->hour : read->hour * 100;
    read->hour = run / 10000;
    read->minute = run / 100 % 100;
    read->second = run % 100;
    if (digits == 6 && peek(input) == '.') {
        input->at++;
        if (!is_digit(peek(input))) {
            return BBOTS_INVALID_DATETIME;
        }
        read_fraction(input, &read->microsecond);
    }
    return BBOTS_OK;
}

/* Each field has its limit, and together they reach at most the end of the day: "24:00:00" and
 * "23:59:60" are the next day's start, but "23:59:60.5" is refused. */
static int check_time(const fields *read)
{
    if (read->hour > 24 || read->minute > 59 || read->second > 60) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    int64_t second = read->hour * 3600 + read->minute * 60 + read->second;
    bool within_day =
        second < BB_DAY_SECONDS || (second == BB_DAY_SECONDS && read->microsecond == 0);
    return within_day ? BBOTS_OK : BBOTS_DATETIME_OUT_OF_RANGE;
}

static int read_time(reader *input, fields *read)
{
    size_t digits = read_digits(input, &read->hour);
    if (digits == 0 || (read->seen & SEEN_TIME) != 0) {
        return BBOTS_INVALID_DATETIME;
    }
    read->seen |= SEEN_TIME;
    if (!read_further(input, ':', &digits, &read->minute)) {
        int status = split_run(input, digits, read);
        return status != BBOTS_OK ? status : check_time(read);
    }
    if (digits == 0) {
        return BBOTS_INVALID_DATETIME;
    }
    if (read_further(input, ':', &digits, &read->second)) {
        if (digits == 0) {
            return BBOTS_INVALID_DATETIME;
        }
        if (peek(input) == '.') {
            input->at++;
            read_fraction(input, &read->microsecond);
        }
    }
    return check_time(read);
}

/* Reads a zone that starts with its sign. Four digits, and three, are hours and minutes. */
static int read_zone(reader *input, fields *read)
{
    bool west = peek(input) == '-';
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    input->at++;
    skip_blanks(input);
    size_t digits = read_digits(input, &hour);
    if (digits == 0 || (read->seen & SEEN_ZONE) != 0) {
        return BBOTS_INVALID_DATETIME;
    }
    read->seen |= SEEN_ZONE;
    if (read_further(input, ':', &digits, &minute)) {
        if (digits == 0 || (read_further(input, ':', &digits, &second) && digits == 0)) {
            return BBOTS_INVALID_DATETIME;
        }
    } else if (digits > 2) {
        minute = hour % 100;
        hour /= 100;
    }
    if (hour > ZONE_HOUR_MAX || minute > 59 || second > 59) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    int64_t seconds = hour * 3600 + minute * 60 + second;
    read->zone_seconds = west ? -seconds : seconds;
    return BBOTS_OK;
}

/* A word that may stand behind a date, and what it tells; 0 is the mark before a time. */
typedef struct word {
    const char *text;
    unsigned seen;
} word;

static const word words[] = {
    {"t", 0},          {"z", SEEN_ZONE},    {"utc", SEEN_ZONE}, {"gmt", SEEN_ZONE},
    {"ut", SEEN_ZONE}, {"zulu", SEEN_ZONE}, {"uct", SEEN_ZONE}, {"bc", SEEN_ERA},
    {"ad", SEEN_ERA},  {"pm", SEEN_HALF},   {"am", SEEN_HALF},
};

static const word *find_word(const char *text, size_t size)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_word(text, size, words[i].text)) {
            return &words[i];
        }
    }
    return NULL;
}

/*
 * Reads a word. A minus directly behind it is refused: PostgreSQL takes even "PM-2" for a zone in
 * POSIX style, where the sign means the opposite. ("UTC+3" is refused as a second zone.)
 */
static int read_word(reader *input, fields *read)
{
    const char *start = input->at;
    while (is_letter(peek(input))) {
        input->at++;
    }
    const word *found = find_word(start, (size_t)(input->at - start));
    if (found == NULL || peek(input) == '-') {
        return BBOTS_INVALID_DATETIME;
    }
    if (found->seen == 0) {
        skip_blanks(input);
        return read_time(input, read);
    }
    if ((read->seen & found->seen) != 0) {
        return BBOTS_INVALID_DATETIME;
    }
    read->seen |= found->seen;
    read->before_christ |= found->text[0] == 'b';
    read->afternoon |= found->text[0] == 'p';
    return BBOTS_OK;
}

static int read_part(reader *input, fields *read)
{
    char next = peek(input);
    if (is_digit(next)) {
        return read_time(input, read);
    }
    if (next == '+' || next == '-') {
        return read_zone(input, read);
    }
    return is_letter(next) ? read_word(input, read) : BBOTS_INVALID_DATETIME;
}

/* Brings the year of an era and the hour of a half day to the plain ones, and checks the date. */
static int settle(fields *read)
{
    if (read->year < 1 || read->year > BB_YEAR_MAX || read->month < 1 || read->month > 12) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    read->year = read->before_christ ? 1 - read->year : read->year;
    if (read->day < 1 || read->day > bb_calendar_month_days(read->year, read->month)) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    if ((read->seen & SEEN_HALF) != 0) {
        if (read->hour > 12) {
            return BBOTS_DATETIME_OUT_OF_RANGE;
        }
        read->hour = read->hour % 12 + (read->afternoon ? 12 : 0);
    }
    return BBOTS_OK;
}

/* Adds up the fields. A second of 60, an hour of 24 and a full fraction carry by themselves. */
static int add_up(const fields *read, bool with_zone, bbots_timestamp *timestamp)
{
    int64_t second = bb_calendar_day(read->year, read->month, read->day) * BB_DAY_SECONDS +
                     read->hour * 3600 + read->minute * 60 + read->second;
    if (with_zone) {
        second -= read->zone_seconds;
    }
    int64_t sum;
    if (__builtin_mul_overflow(second, BB_SECOND_MICROSECONDS, &sum) ||
        __builtin_add_overflow(sum, read->microsecond, &sum) || sum < BBOTS_TIMESTAMP_MIN ||
        sum > BBOTS_TIMESTAMP_MAX) {
        return BBOTS_DATETIME_OUT_OF_RANGE;
    }
    *timestamp = sum;
    return BBOTS_OK;
}

/* Whether text is one of the words that stand for a timestamp. */
static bool read_special(const reader *input, bbots_timestamp *timestamp)
{
    size_t size = (size_t)(input->end - input->at);
    if (is_word(input->at, size, "infinity")) {
        *timestamp = BBOTS_TIMESTAMP_INFINITY;
    } else if (is_word(input->at, size, "-infinity")) {
        *timestamp = BBOTS_TIMESTAMP_MINUS_INFINITY;
    } else if (is_word(input->at, size, "epoch")) {
        *timestamp = 0;
    } else {
        return false;
    }
    return true;
}

int bbots_timestamp_parse(bbots_text text, bool with_zone, bbots_timestamp *timestamp)
{
    if (text.data == NULL) {
        return BBOTS_INVALID_DATETIME;
    }
    reader input = {text.data, text.data + text.size};
    while (input.end > input.at && is_blank(input.end[-1])) {
        input.end--;
    }
    skip_blanks(&input);
    if (read_special(&input, timestamp)) {
        return BBOTS_OK;
    }
    fields read;
    memset(&read, 0, sizeof read);
    int status = read_date(&input, &read);
    while (status == BBOTS_OK && (skip_blanks(&input), input.at < input.end)) {
        status = read_part(&input, &read);
    }
    if (status == BBOTS_OK) {
        status = settle(&read);
    }
    return status == BBOTS_OK ? add_up(&read, with_zone, timestamp) : status;
}
