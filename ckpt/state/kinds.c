/* SPDX-License-Identifier: MIT */
/* The kinds of state, in the order of the image: see ckpt/kind.h. */
#include "ckpt/state/state.h"

const struct ckpt_kind *const ckpt_kinds[] = {
	&st_vnode_kind,	  /* files by name */
	&st_proc_kind,	  /* ids, limits, directories, times */
	&st_options_kind, /* prctl(2), personality(2) */
	&st_root_kind,	  /* changed roots */
	&st_lwp_kind,	  /* threads: registers, FPU, TLS */
	&st_signal_kind,  /* actions, pending signals */
	&st_timer_kind,	  /* interval timers */
	&st_ptimer_kind,  /* POSIX timers */
	&st_mem_kind,	  /* segments and their pages */
	&st_cow_kind,	  /* pages that processes share copy-on-write */
	&st_vfork_kind,	  /* parents that wait in vfork(2) */
	&st_stats_kind,	  /* owners and times of unlinked files */
	&st_file_kind,	  /* open files and descriptors */
	&st_spare_kind,	  /* files with contents in the image */
	&st_lock_kind,	  /* advisory locks */
	&st_pipe_kind,	  /* pipes and FIFOs */
	&st_tty_kind,	  /* terminals: modes */
	&st_pty_kind,	  /* pseudo terminals */
	&st_data_kind,	  /* shared memory, unlinked files */
	&st_about_kind,	  /* files of /proc about processes */
	/* Last: until then names are opened with the caller's */
	&st_cred_kind,
};
const u32 ckpt_nkinds = ARRAY_SIZE(ckpt_kinds);
