/* SPDX-License-Identifier: MIT */
/* The errors of ckpt(2), tckpt(2) and recover(2) in words: what it is, and what to do. The kernel's log has the particulars. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEE_LOG "`dmesg | grep ckpt:` names it"

struct reason {
	int r_error;
	const char *r_text;
};

static const char *look_up(const struct reason *table, int error)
{
	while (table->r_error && table->r_error != error)
		table++;
	return table->r_error ? table->r_text : strerror(error);
}

const char *why_not_saved(int error)
{
	static const struct reason reasons[] = {
		{ ESRCH, "there is no such process, or it has ended" },
		{ EPERM, "it is another user's, a set-id program, or process 1" },
		{ EBUSY, "a checkpoint of it, or to this name, is under way; try again when that is done" },
		{ EOPNOTSUPP, "it has something that cannot be saved; " SEE_LOG ", `ckptinfo --can PID` lists all" },
		{ EINVAL, "the kernel knows no such kind of checkpoint" },
		{ ENOENT, "the directory for the image is not there" },
		{ EACCES, "the directory for the image may not be written by you" },
		{ EROFS, "the file system for the image is read-only" },
		{ ETIMEDOUT, "it did not come to a stand in time; " SEE_LOG },
		{ ECANCELED, "the request was withdrawn" },
		{ ENOSPC, "no space is left for the image; one that was there is untouched" },
		{ EDQUOT, "no space is left for the image; one that was there is untouched" },
		{ EFBIG, "it is too large for one file" },
		{ E2BIG, "it has more parts than an image can hold; " SEE_LOG },
		{ ENOMEM, "there is not enough memory to save it; a forked checkpoint takes more than another" },
		{ EAGAIN, "there are too many processes for a forked checkpoint; save it without -f" },
		{ EIO, "the disk cannot be written: see dmesg" },
		{ 0, NULL },
	};

	return look_up(reasons, error);
}

/* -1, errno: the image itself is what cannot be had. */
static int image_access(const char *base)
{
	size_t size = strlen(base) + sizeof("_ckpt");
	char *path = malloc(size);
	int result;

	if (!path)
		return 0;
	strcpy(path, base);
	strcat(path, "_ckpt");
	result = access(path, R_OK);
	free(path);
	return result;
}

const char *why_not_recovered(const char *base, int error)
{
	static const struct reason reasons[] = {
		{ ENOENT, "a file that it needs is not there any more; " SEE_LOG },
		{ EACCES, "a file that it needs is closed to you; " SEE_LOG },
		{ ENOEXEC, "this is no checkpoint image" },
		{ EBADMSG, "the image is damaged; " SEE_LOG },
		{ EOPNOTSUPP, "the image is of another version, or needs what this kernel has not; " SEE_LOG },
		{ ESTALE, "a file that it needs has changed; " SEE_LOG ", -c takes it as it is now, if it is not a program" },
		{ EPERM, "the image names rights that you have not, or another user may have written it; " SEE_LOG },
		{ ENOTTY, "its terminal is none now; " SEE_LOG },
		{ ENXIO, "there is no terminal to bring it back to" },
		{ EEXIST, "another process has an id that it needs; " SEE_LOG },
		{ EAGAIN, "there are too many processes" },
		{ ENOMEM, "there is not enough memory for it" },
		{ EINVAL, "the kernel knows no such way to recover" },
		{ EIO, "the image cannot be read: see dmesg" },
		{ 0, NULL },
	};

	if ((error == ENOENT || error == EACCES) && image_access(base) != 0)
		return strerror(error);
	return look_up(reasons, error);
}
