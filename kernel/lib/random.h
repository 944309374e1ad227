/* SPDX-License-Identifier: MIT */
/*
 * Random bytes: a ChaCha20 generator (RFC 8439's block function), keyed from
 * the time-stamp counter, RDRAND if the CPU has it, and the data given to
 * random_stir(). From any context.
 */
#ifndef KERNEL_LIB_RANDOM_H
#define KERNEL_LIB_RANDOM_H

#include "kernel/lib/types.h"

void random_bytes(void *buf, size_t len);
void random_stir(const void *data, size_t len);

#endif
