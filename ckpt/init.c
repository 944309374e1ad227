/* SPDX-License-Identifier: MIT */
/* Start-up of the facility: sets the hooks that the lower layers call. */
#include "ckpt/ckpt.h"
#include "ckpt/inplace.h"
#include "ckpt/save.h"

void ckpt_init(void)
{
	ckpt_commit_init();
	ckpt_request_init();
	proc_hooks.ph_boundary = ckpt_boundary;
	proc_hooks.ph_exit = ckpt_exit;
	proc_hooks.ph_exec_image = ckpt_exec_image;
	ckpt_key_init();
}
