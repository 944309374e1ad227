/* SPDX-License-Identifier: MIT */
/* What a restart of the machine takes away: files in memory. */
#include "command.h"

#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define TMPFS_MAGIC 0x01021994 /* linux-libc-dev: linux/magic.h */

/* Does the image of that name lie in memory, or would it? */
static int image_in_memory(const char *base)
{
	const char *slash = strrchr(base, '/');
	char *dir = slash ? strndup(base, slash - base + 1) : strdup(".");
	struct statfs st;
	int result = dir && statfs(dir, &st) == 0 && st.f_type == TMPFS_MAGIC;

	free(dir);
	return result;
}

void print_volatile(FILE *out, pid_t pid, unsigned flags, const char *base)
{
	static struct ckpt_obstacles ob;

	ob.ob_flags = flags & (CKPT_TREE | CKPT_JOB | CKPT_SELF);
	if (ckptctl(CKPTCTL_VOLATILE, pid, &ob) > 0) {
		ob.ob_text[sizeof(ob.ob_text) - 1] = '\0';
		fputs(ob.ob_text, out);
		if (ob.ob_length >= sizeof(ob.ob_text))
			fputs("...\n", out);
	}
	if (base && image_in_memory(base))
		fprintf(out, "%s_ckpt lies in memory, and is gone after a restart of the machine\n", base);
}
