/* SPDX-License-Identifier: MIT */
/*
 * The texts of uname(2) and /proc/version. The release number is the level of
 * the Linux ABI that programs may expect.
 */
#ifndef PROC_UTSNAME_H
#define PROC_UTSNAME_H

#include "kernel/lib/types.h"

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "5.10.0-reprise"
#define UTS_VERSION "#1 SMP Reprise"
#define UTS_MACHINE "i686"

void uts_hostname(char *buf, size_t size);
int uts_set_hostname(const char *name, size_t len); /* -EINVAL: too long */

#endif
