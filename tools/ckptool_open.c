/* SPDX-License-Identifier: MIT */
/* Opening an image, and saying what is wrong with one: for ckptool on the host and ckptinfo on the machine. */
#include "tools/ckptool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *mem_alloc(void *ctx, u32 size)
{
	return malloc(size);
}

static void mem_free(void *ctx, void *p)
{
	free(p);
}

static int file_read(void *ctx, u64 off, void *buf, u32 len)
{
	const struct tool_image *ti = ctx;
	u8 *p = buf;

	while (len) {
		ssize_t n = pread(ti->ti_fd, p, len, (off_t)off);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		p += n;
		off += (u64)n;
		len -= (u32)n;
	}
	return 0;
}

int tool_complain(const struct tool_image *ti, int error, const struct img_err *err)
{
	fprintf(stderr, "%s: %s", ti->ti_name, err->e_what ? err->e_what : strerror(-error));
	if (err->e_val)
		fprintf(stderr, " (%#x)", err->e_val);
	if (err->e_off)
		fprintf(stderr, ", at byte %llu", (unsigned long long)err->e_off);
	if (error != -EBADMSG && error != -ENOEXEC)
		fprintf(stderr, ": %s", strerror(-error));
	fputc('\n', stderr);
	return error == -EIO || error == -ENOMEM ? TROUBLE : BAD_IMAGE;
}

int tool_open(struct tool_image *ti, const char *name)
{
	const struct img_mem mem = { mem_alloc, mem_free, NULL };
	struct img_err err = { 0 };
	struct stat st;
	int error;

	*ti = (struct tool_image){ .ti_name = name, .ti_fd = open(name, O_RDONLY) };
	img_init(&ti->ti_img, &mem);
	if (ti->ti_fd < 0 || fstat(ti->ti_fd, &st) < 0) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return TROUBLE;
	}
	ti->ti_size = (u64)st.st_size;
	ti->ti_io = (struct img_io){ .io_read = file_read, .io_ctx = ti };
	error = img_read(&ti->ti_img, &ti->ti_io, ti->ti_size, &err);
	return error ? tool_complain(ti, error, &err) : 0;
}

void tool_close(struct tool_image *ti)
{
	img_free(&ti->ti_img);
	if (ti->ti_fd >= 0)
		close(ti->ti_fd);
}
