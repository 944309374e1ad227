/* SPDX-License-Identifier: MIT */
/*
 * The kernel's command line: words `key=value` or `flag`, separated by spaces;
 * a value may be in double quotes. Of several words with one key the last
 * counts. Words that cannot be understood are skipped.
 */
#ifndef KERNEL_CMDLINE_H
#define KERNEL_CMDLINE_H

#include "kernel/lib/types.h"

/* Splits the line into words. Called once, before the other functions. */
void cmdline_init(const char *line);
/* The whole line, as given. */
const char *cmdline_text(void);
/* Returns: the last value of `key`; "" if it is a flag; NULL if absent. */
const char *cmdline_get(const char *key);
/*
 * The value as a number, with a suffix K, M or G; `def` if absent or not a
 * number.
 */
u64 cmdline_number(const char *key, u64 def);
/*
 * Is there a word `key=value` or `key=value,more`, among others with the same
 * key?
 */
bool cmdline_has(const char *key, const char *value);

#endif
