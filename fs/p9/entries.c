/* SPDX-License-Identifier: MIT */
/*
 * 9P: the entries of a directory, as Rreaddir packs them: qid[13] offset[8]
 * type[1] name[s].
 */
#include "fs/p9/p9.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

#define ENTRY_HEAD 24u /* all but the text of the name */
#define NAME_MAX_P9 255u
#define QID_DIR 0x80u
#define QID_SYMLINK 0x02u

static u64 get_le(const u8 *p, u32 n)
{
	u64 v = 0;

	for (u32 i = 0; i < n; i++)
		v |= (u64)p[i] << 8 * i;
	return v;
}

static enum vtype entry_type(u8 qid_type, u8 dtype)
{
	static const enum vtype types[] = {
		[1] = VFIFO, [2] = VCHR, [4] = VDIR, [6] = VBLK, [8] = VREG, [10] = VLNK
	};

	if (qid_type & QID_DIR)
		return VDIR;
	if (qid_type & QID_SYMLINK)
		return VLNK;
	return dtype < ARRAY_SIZE(types) ? types[dtype] : VNON;
}

static bool name_ok(const u8 *name, u32 len)
{
	return len > 0 && len <= NAME_MAX_P9 && !memchr(name, 0, len) && !memchr(name, '/', len);
}

int p9_hand_on(const u8 *p, u32 left, u64 *next, dirent_fn fn, void *arg)
{
	while (left > 0) {
		u32 len = left >= ENTRY_HEAD ? (u32)get_le(p + 22, 2) : 0;

		if (left < ENTRY_HEAD || len > left - ENTRY_HEAD || !name_ok(p + ENTRY_HEAD, len))
			return -EIO;
		*next = get_le(p + 13, 8);
		if (*next > INT64_MAX)
			return -EIO;
		if (!fn(arg, (const char *)p + ENTRY_HEAD, len, get_le(p + 5, 8),
			entry_type(p[0], p[21]), (off_t)*next))
			return 0;
		p += ENTRY_HEAD + len;
		left -= ENTRY_HEAD + len;
	}
	return 1;
}
