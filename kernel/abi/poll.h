/* SPDX-License-Identifier: MIT */
/*
 * poll and select structures of the i386 ABI (facts: linux-libc-dev asm-generic/poll.h,
 * linux/posix_types.h).
 */
#ifndef KERNEL_ABI_POLL_H
#define KERNEL_ABI_POLL_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"

ABI_WHOLE

struct abi_pollfd {
	s32 fd;
	s16 events, revents;
};
_Static_assert(sizeof(struct abi_pollfd) == 8, "pollfd");

#define K_FD_SETSIZE 1024u /* as many as NOFILE_MAX */

/* The sixth argument of pselect6. */
struct abi_sigset_arg {
	u32 ss_ptr, ss_len;
};

/* The one argument of the old select (82). */
struct abi_sel_arg {
	u32 n, rd, wr, ex, tv;
};

ABI_WHOLE_END

#endif
