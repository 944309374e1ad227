/* SPDX-License-Identifier: MIT */
/*
 * The errors of ckpt, recover, tckpt and ckptctl, and their order.
 *
 * Source: docs/ckpt.2, docs/recover.2, docs/tckpt.2, docs/ckptctl.2.
 */
#include "t_rows.h"
#include <reprise/ckpt.h>

#define NO_PID 32001
#define USER 4321

static char long_name[5000];

static void prepare(void)
{
	memset(long_name, 'n', sizeof(long_name) - 1);
	t_put("f_ckpt", "no image, and long enough to look like the begin of one", 55);
	SYS(mkdir("d_ckpt", 0755));
	SYS(mkdir("closed", 0700));
}

TEST_ROOT(as_root)
{
	static const struct row rows[] = {
		ROW(ckptctl, ENODATA, CKPTCTL_STATS, 0, BAD),
		ROW(ckpt, EINVAL, BAD, CKPT_FLAGS + 1),
		ROW(ckpt, EFAULT, BAD, 0),
		ROW(ckpt, ENOENT, S("none/x"), CKPT_WAIT),
		ROW(ckpt, ENAMETOOLONG, S(long_name), 0),
		ROW(ckpt, ENOTDIR, S("f_ckpt/x"), CKPT_WAIT),
		ROW(tckpt, ESRCH, NO_PID, BAD, CKPT_FLAGS + 1),
		ROW(tckpt, EPERM, 1, BAD, CKPT_FLAGS + 1),
		ROW(recover, EINVAL, BAD, 0x1000),
		ROW(recover, EFAULT, BAD, 0),
		ROW(recover, ENOENT, S("none"), 0),
		ROW(recover, ENOENT, S(""), 0),
		ROW(recover, ENAMETOOLONG, S(long_name), 0),
		ROW(recover, ENOEXEC, S("f"), 0),
		ROW(recover, ENOEXEC, S("d"), 0),
		ROW(ckptctl, EINVAL, 99, 0, BAD),
		ROW(ckptctl, EINVAL, CKPTCTL_STATS, -1, BAD),
		ROW(ckptctl, ESRCH, 99, NO_PID, BAD),
		ROW(ckptctl, EFAULT, CKPTCTL_CAN, 0, BAD),
	};

	prepare();
	ROWS(rows);
}

TEST_ROOT(as_a_user)
{
	static const struct row rows[] = {
		ROW(ckpt, EACCES, S("closed/x"), CKPT_WAIT),
		ROW(tckpt, EPERM, 1, BAD, 0),
		ROW(recover, EACCES, S("closed/x"), 0),
		ROW(ckptctl, EPERM, CKPTCTL_STATS, 1, BAD),
		ROW(ckptctl, EPERM, CKPTCTL_EVERY, 0, BAD),
		ROW(ckptctl, EPERM, CKPTCTL_FAULT, 0, BAD),
	};

	prepare();
	SYS(chmod(".", 0755));
	SYS(setgid(USER));
	SYS(setuid(USER));
	ROWS(rows);
}

T_NO_HOOK
