/*
 * base/uuid.c - identifiers of 128 bits as text, and random ones.
 *
 * Reading accepts just what PostgreSQL 15 accepts: hyphens are allowed after every four digits and
 * may be missing, braces come in pairs, blanks are an error.
 */
#include <bbots/uuid.h>

#include <pthread.h>
#include <sodium.h>

/* The value of a hexadecimal digit, or -1. */
static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

/* Reads two digits; false when there are none. */
static bool read_byte(const char *at, const char *end, uint8_t *byte)
{
    if (end - at < 2) {
        return false;
    }
    int high = digit_value(at[0]);
    int low = digit_value(at[1]);
    *byte = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    return high >= 0 && low >= 0;
}

int bbots_uuid_parse(bbots_text text, bbots_uuid *uuid)
{
    if (text.data == NULL) {
        return BBOTS_INVALID_TEXT;
    }
    const char *at = text.data;
    const char *end = at + text.size;
    if (at < end && *at == '{') {
        at++;
        if (at == end || *--end != '}') {
            return BBOTS_INVALID_TEXT;
        }
    }
    bbots_uuid read;
    for (size_t i = 0; i < sizeof read.bytes; i++) {
        if (!read_byte(at, end, &read.bytes[i])) {
            return BBOTS_INVALID_TEXT;
        }
        at += 2;
        bool group_ends = i % 2 == 1 && i + 1 < sizeof read.bytes;
        if (group_ends && at < end && *at == '-') {
            at++;
        }
    }
    if (at != end) {
        return BBOTS_INVALID_TEXT;
    }
    *uuid = read;
    return BBOTS_OK;
}

size_t bbots_uuid_print(const bbots_uuid *uuid, char buffer[BBOTS_UUID_TEXT_MAX])
{
    static const char digits[] = "0123456789abcdef";
    char *out = buffer;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[uuid->bytes[i] >> 4];
        *out++ = digits[uuid->bytes[i] & 15];
    }
    *out = '\0';
    return (size_t)(out - buffer);
}

/*
 * libsodium picks its generator in sodium_init(), which must have run before two threads ask for
 * bytes. It could be called each time, but then takes a lock of the whole process each time. The
 * result is not looked at: when the system has no randomness, libsodium stops the process itself.
 */
static void start_sodium(void)
{
    (void)!sodium_init();
}

bbots_uuid bbots_uuid_random(void)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    (void)pthread_once(&started, start_sodium);
    bbots_uuid uuid;
    randombytes_buf(uuid.bytes, sizeof uuid.bytes);
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0Fu) | 0x40u); /* version 4 */
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3Fu) | 0x80u); /* variant of RFC 9562 */
    return uuid;
}
