/* SPDX-License-Identifier: MIT */
/* Names of errno values, for the tracer. */
#ifndef KERNEL_ABI_ERRNAME_H
#define KERNEL_ABI_ERRNAME_H

/* "ENOENT" for 2; NULL if there is no such error. */
const char *errno_name(int error);

#endif
