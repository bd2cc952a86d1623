/*
 * tests/support/sanitizer.h - does a sanitizer watch this program? gcc and clang tell differently.
 *
 * Its own memory counts against limits on memory, it keeps freed memory for a while, its shadow is
 * vast, and all is slower: what measures those leaves it out, or does less.
 */
#ifndef TESTS_SANITIZER_H
#define TESTS_SANITIZER_H

#ifndef __has_feature
#define __has_feature(name) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#else
#define ADDRESS_SANITIZED 0
#endif

#if ADDRESS_SANITIZED || defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#endif
