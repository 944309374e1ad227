/* SPDX-License-Identifier: MIT */
/*
 * The C string functions that the kernel uses, with C's contracts, and a few
 * more.
 */
#ifndef KERNEL_LIB_STRING_H
#define KERNEL_LIB_STRING_H

#include "kernel/lib/types.h"

#if defined(REPRISE_HOST) && !defined(KERNEL_LIB_STRING_OWN)
#include <string.h>
#else
void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
#endif

/* Swaps n bytes of two objects that do not overlap. */
void memswap(void *a, void *b, size_t n);

/*
 * Copies at most size-1 bytes; always terminates.
 * Returns: strlen(src).
 */
size_t strlcpy_k(char *dst, const char *src, size_t size);

/*
 * Parses an unsigned number (base 0: 0x.., 0.., decimal). Saturates. *end: the
 * first byte not used.
 */
u64 strtou64(const char *s, const char **end, int base);

/*
 * Clears / copies one page that is page-aligned. page_zero_sse: the CPU has
 * SSE, and CR4 allows it (set at boot).
 */
extern bool page_zero_sse;
void page_zero(void *page);
void page_copy(void *dst, const void *src);

#endif
