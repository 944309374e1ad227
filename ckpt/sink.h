/* SPDX-License-Identifier: MIT */
/*
 * Where refusals go while CKPTCTL_CAN looks for obstacles (l_ckptsink), instead
 * of into the log. Only the lwp that looks uses it: no lock.
 */
#ifndef CKPT_SINK_H
#define CKPT_SINK_H

#include "ckpt/save.h"

struct ckpt_sink {
	struct ckpt_obstacles s_out;
	u32 s_count;
	/* list files that a reboot removes, instead of obstacles */
	bool s_volatile;
};

/* A refusal of the object `name`. */
void ckpt_sink_line(struct ckpt_sink *s, const char *name, const char *text);

#endif
