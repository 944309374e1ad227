/* SPDX-License-Identifier: MIT */
/* Names of errno values, for the tracer and for messages. */
#ifndef KERNEL_ABI_ERRNAME_H
#define KERNEL_ABI_ERRNAME_H

/* "ENOENT" for 2; NULL if there is no such error. */
const char *errno_name(int error);
/* The same for a negative result, in messages; never NULL. */
const char *errno_text(int result);

#endif
