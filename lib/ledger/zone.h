/* ledger/zone.h - time zones: the system's zone files and fixed offsets. */
#ifndef LEDGER_ZONE_H
#define LEDGER_ZONE_H

#include <bbots/costs.h>

/* A zone in hand: its changes, and the rule behind the last one. */
typedef struct zone {
    int64_t *times;   /* seconds since 1970 at which an offset begins; ascending */
    int32_t *offsets; /* seconds east of UTC */
    size_t count;
    int32_t first;     /* before the first change */
    struct zone_rule { /* summer time behind the last change */
        bool there;
        int32_t standard;
        int32_t summer;
        struct zone_date {
            int month;
            int week;    /* 5 is the last one */
            int weekday; /* 0 is Sunday */
            int32_t second;
        } begin, end;
    } rule;
} zone;

/* Errors: BBOTS_INVALID_ARGUMENT (unknown), BBOTS_NO_MEMORY. name NULL is UTC. */
int zone_open(const char *name, zone *opened, bbots_error *error);
void zone_close(zone *opened);

/* The same of a zone file's bytes, whatever they are; *made is all zeros before, and is to be closed
 * also after a failure. */
int zone_read(const char *name, const uint8_t *data, size_t size, zone *made, bbots_error *error);

/* Whether it is UTC for good. */
bool zone_is_utc(const zone *at);

/* Microseconds to be added to a time for what the zone's clocks show. */
int64_t zone_offset(const zone *at, bbots_timestamp time);

/*
 * Whether a time is within 400 days of where times end, or infinite: a zone's time, or the end of a
 * unit that holds it, may be none any more. Zones have the clocks of UTC there.
 */
bool zone_is_past_calendar(bbots_timestamp time);

/* The unit of the zone's calendar in which a time lies: from <= time < to. */
void zone_unit(const zone *at, bbots_timestamp time, bbots_time_unit unit, bbots_timestamp *from,
               bbots_timestamp *to);

#endif
