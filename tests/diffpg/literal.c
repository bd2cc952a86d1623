/*
 * literal.c - random values of a column, as text and sometimes typed.
 *
 * Three manners. PLAIN fits the column. ODD fits too, but lies at a border of the type or is
 * written in a form that few would choose. BAD most often does not fit, in one of the ways for
 * which PostgreSQL has an SQLSTATE; sometimes it does, because what looks bad is not always.
 *
 * Texts of columns in an index stay short: PostgreSQL's btree refuses keys past 2,704 bytes and
 * the store does not (54000, a limit of PostgreSQL, not an answer about data).
 */
#include "diffpg.h"

#include <stdarg.h>
#include <stdio.h>

#define COUNT(list) (sizeof(list) / sizeof *(list))

void literal_null(literal *made)
{
    memset(made, 0, sizeof *made);
}

static void literal_bytes(pool *memory, literal *made, const char *data, size_t size)
{
    literal_null(made);
    made->text = pool_copy(memory, data, size);
    made->size = size;
}

void literal_text(pool *memory, literal *made, const char *format, ...)
{
    char buffer[600];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    literal_bytes(memory, made, buffer, (size_t)size < sizeof buffer ? (size_t)size : 599);
}

static void literal_string(pool *memory, literal *made, const char *text)
{
    literal_bytes(memory, made, text, strlen(text));
}

/* ------------------------------------------------------------------ texts */

/* One, two, three and four bytes; combining marks, no-break and zero-width blanks, the byte order
 * mark, the last character of all. */
static const char *const characters[] = {
    "a",      "B",          "z",          "0",          "9",         "-",
    "_",      ".",          "@",          "'",          "\"",        "\\",
    "%",      "\t",         "\n",         "\x7f",       " ",         "\u00e9",
    "\u00df", "\u0301",     "\u0308",     "\u00a0",     "\u0416",    "\u05d0",
    "\u20ac", "\u200b",     "\u3042",     "\ufeff",     "\uffff",    "\xed\x9f\xbf",
    "\ue000", "\U0001F600", "\U00010000", "\U0010FFFF", "\U0001F468"};

void random_characters(random_source *source, unsigned count, builder *text)
{
    bool ascii = chance(source, 60);
    for (unsigned i = 0; i < count; i++) {
        if (ascii) {
            char c = (char)('a' + random_below(source, 26));
            builder_add(text, &c, 1);
        } else {
            const char *c = characters[random_below(source, COUNT(characters))];
            builder_add(text, c, strlen(c));
        }
    }
}

static const char *const not_utf8[] = {
    "\x80",     "a\xff",         "\xc0\x80",        "\xed\xa0\x80", "\xf4\x90\x80\x80",
    "\xe2\x82", "x\xf0\x9f\x98", "\xf5\x80\x80\x80"};

static unsigned odd_length(random_source *source, unsigned length, bool keyed)
{
    unsigned most = length != 0 ? length : keyed ? 300 : 3000;
    unsigned kinds[] = {0, 1, most, most > 0 ? most - 1 : 0,
                        (unsigned)random_below(source, most + 1)};
    unsigned chosen = kinds[random_below(source, COUNT(kinds))];
    return keyed && chosen > 300 ? 300 : chosen;
}

static void make_text(random_source *source, pool *memory, const bbots_column *column, manner how,
                      bool keyed, literal *made)
{
    builder text = {NULL, 0, 0};
    unsigned length = column->type == BBOTS_TYPE_VARCHAR ? column->length : 0;
    unsigned count = 1 + (unsigned)random_below(source, keyed ? 4 : 8);
    builder_add(&text, "", 0);
    if (how == ODD) {
        count = odd_length(source, length, keyed);
    } else if (how == BAD && length != 0 && chance(source, 70)) {
        count = length + 1 + (unsigned)random_below(source, 3);
    } else if (length != 0 && count > length) {
        count = length;
    }
    random_characters(source, count, &text);
    if (how != PLAIN && chance(source, 20)) { /* blanks past the length are cut off */
        for (uint64_t i = 1 + random_below(source, 4); i > 0; i--) {
            builder_add(&text, " ", 1);
        }
    }
    if (how == BAD && chance(source, 20)) {
        const char *wrong = not_utf8[random_below(source, COUNT(not_utf8))];
        builder_add(&text, wrong, strlen(wrong));
    }
    literal_bytes(memory, made, text.data, text.size);
    builder_free(&text);
}

/* ------------------------------------------------------------------ booleans */

static void make_boolean(random_source *source, pool *memory, manner how, literal *made)
{
    static const char *const plain[] = {"t", "f", "true", "false"};
    static const char *const odd[] = {"TRUE", "False", "y",   "n",   "yes",    "NO",   "on",
                                      "off",  "oF",    "1",   "0",   "tr",     "fals", " t ",
                                      "ye",   "of",    "tru", "f\t", "\ntrue", "ON"};
    static const char *const bad[] = {"",  "2",   "o",    "truee", "nope", "null",  "01",    "10",
                                      " ", "t f", "offf", "-1",    "yes.", "trueo", "\u00fe"};
    if (how == PLAIN && chance(source, 30)) {
        bool value = chance(source, 50);
        literal_string(memory, made, value ? "true" : "false");
        made->typed = bbots_value_boolean(value);
        return;
    }
    literal_string(memory, made,
                   how == PLAIN ? plain[random_below(source, COUNT(plain))]
                   : how == ODD ? odd[random_below(source, COUNT(odd))]
                                : bad[random_below(source, COUNT(bad))]);
}

/* ------------------------------------------------------------------ uuid, bytea */

static void make_uuid(random_source *source, pool *memory, manner how, literal *made)
{
    char digits[80];
    bbots_uuid uuid;
    for (unsigned i = 0; i < 16; i++) {
        uuid.bytes[i] = (uint8_t)(chance(source, 20) ? 0 : random_next(source));
    }
    bbots_uuid_print(&uuid, digits);
    if (how == ODD) {
        static const char *const odd[] = {
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",  "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a13",      "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a14",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a15}", "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",  "{FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE}"};
        literal_string(memory, made, odd[random_below(source, COUNT(odd))]);
    } else if (how == BAD) {
        static const char *const bad[] = {"",
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
                                          "null",
                                          " a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                                          "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "a0e-ebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ",
                                          "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11-"};
        literal_string(memory, made, bad[random_below(source, COUNT(bad))]);
    } else {
        literal_string(memory, made, digits);
        made->typed = chance(source, 40) ? bbots_value_uuid(uuid) : bbots_value_null();
    }
}

static void make_bytes(random_source *source, pool *memory, manner how, literal *made)
{
    static const char *const odd[] = {"\\x", "\\xDEADbeef", "\\x00", "\\xff00ff", "\\x00ff"};
    static const char *const bad[] = {"\\x0", "\\xzz", "\\x0g", "\\x123", "\\X00"};
    if (how != PLAIN) {
        literal_string(memory, made,
                       how == ODD ? odd[random_below(source, COUNT(odd))]
                                  : bad[random_below(source, COUNT(bad) - 1)]);
        return;
    }
    builder text = {NULL, 0, 0};
    unsigned count = (unsigned)random_below(source, 9);
    uint8_t *raw = pool_alloc(memory, 16);
    builder_add(&text, "\\x", 2);
    for (unsigned i = 0; i < count; i++) {
        raw[i] = (uint8_t)random_next(source);
        builder_print(&text, "%02x", raw[i]);
    }
    literal_bytes(memory, made, text.data, text.size);
    if (chance(source, 50)) {
        made->typed = bbots_value_of_bytes(BBOTS_BYTES, raw, count);
    }
    builder_free(&text);
}

/* ------------------------------------------------------------------ any type */

void literal_make(random_source *source, pool *memory, const bbots_column *column, manner how,
                  bool keyed, literal *made)
{
    switch ((bbots_type)column->type) {
    case BBOTS_TYPE_BOOLEAN:
        make_boolean(source, memory, how, made);
        break;
    case BBOTS_TYPE_TEXT:
    case BBOTS_TYPE_VARCHAR:
        make_text(source, memory, column, how, keyed, made);
        break;
    case BBOTS_TYPE_UUID:
        make_uuid(source, memory, how, made);
        break;
    case BBOTS_TYPE_BYTEA:
        make_bytes(source, memory, how, made);
        break;
    case BBOTS_TYPE_TIMESTAMP:
    case BBOTS_TYPE_TIMESTAMPTZ:
        literal_time(source, memory, column, how, made);
        break;
    case BBOTS_TYPE_JSONB:
        literal_json(source, memory, how, made);
        break;
    case BBOTS_TYPE_VECTOR:
        literal_null(made);
        break;
    default:
        literal_number(source, memory, column, how, made);
        break;
    }
}
