/* measure.h - the clock, memory, files, and the end when something goes wrong. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Prints the name of the program and a message, and ends the process. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc that never fails: count elements of size bytes, zeroed. */
void *allocate(size_t count, size_t size);

/* Whether a list "A,B" has a word of this size; no list has all. */
bool list_has(const char *list, const char *word, size_t size);

/* The middle of numbers, which are sorted for it. */
double median(double *values, size_t count);

/* Seconds of the monotonic clock. */
double clock_seconds(void);

/* This process's memory in KiB: field is "VmHWM:", "RssAnon:", ... of /proc/self/status. */
uint64_t memory_kib(const char *field);

/* The size of a file, or 0 when there is none. */
uint64_t file_bytes(const char *path);

/* Makes `to` a copy of `from`. */
void file_copy(const char *from, const char *to);

/* Removes a store and what engines put beside it: -lock, -wal, -shm, .wal. */
void file_remove(const char *path);

/* Whether two files hold the same bytes. */
bool files_equal(const char *left, const char *right);

/* Runs a program (looked for in PATH) and gives the first line that it prints; dies if it fails. */
void program_line(const char *program, char *const *arguments, char *line, size_t size);

/* What flushing an appended 4 KiB block takes in a folder, in seconds: the median of 21. */
double flush_seconds(const char *folder);

/* Makes a folder and those above it. */
void folder_make(const char *path);

#endif
