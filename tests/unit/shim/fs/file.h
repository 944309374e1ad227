/* SPDX-License-Identifier: MIT */
/* The kernel's header of descriptors, on a host whose <sys/types.h> has an fd_set of its own. */
#ifndef SHIM_FS_FILE_H
#define SHIM_FS_FILE_H

#include "kernel/lib/types.h"

#define fd_set kernel_fd_set
#include "../../../../fs/file.h"
#undef fd_set

#endif
