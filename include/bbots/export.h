/* bbots/export.h - what the shared library exports, and the hints that compilers understand. */
#ifndef BBOTS_EXPORT_H
#define BBOTS_EXPORT_H

#if defined(__GNUC__)
#define BBOTS_API __attribute__((visibility("default")))
/* The result must be looked at. */
#define BBOTS_CHECKED __attribute__((warn_unused_result))
#else
#define BBOTS_API
#define BBOTS_CHECKED
#endif

#endif
