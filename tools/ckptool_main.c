/* SPDX-License-Identifier: MIT */
/* ckptool: looks into checkpoint images on the host, with the very reader that the kernel uses. */
#include "tools/ckptool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: ckptool COMMAND IMAGE...\n"
	"\n"
	"  info [-v] IMAGE              what the image holds, for people; -v: every run of pages\n"
	"  json IMAGE                   all of it, for programs\n"
	"  verify IMAGE...              checks everything, the contents of the pages too\n"
	"  diff A B                     which registers, segs, pages, files... of which process differ\n"
	"  cat [-p PID] IMAGE ADDR LEN  memory of a process, the first without -p: raw bytes on standard output\n"
	"  extract IMAGE PID OUT        process PID alone as an image, for a debugger\n"
	"  format                       the fields of an image, as the tables of ckpt(5)\n"
	"\n"
	"Exit status: 0 all is well (diff: no difference), 1 the image is damaged, forged or none at all (diff: the\n"
	"images differ), 2 wrong usage, or a file cannot be read.\n";

static int cmd_verify(const char *name)
{
	struct tool_image ti;
	struct img_err err = { 0 };
	int status = tool_open(&ti, name);
	int error;

	if (!status) {
		error = img_verify_pages(&ti.ti_img, &ti.ti_io, &err);
		if (error)
			status = tool_complain(&ti, error, &err);
		else
			printf("%s: whole, %u pages\n", name, ti.ti_img.i_lo.lo_npages);
	}
	tool_close(&ti);
	return status;
}

static int cmd_show(const char *command, const char *name)
{
	struct tool_image ti;
	int status = tool_open(&ti, name);

	if (!status && strcmp(command, "json") == 0)
		tool_json(&ti);
	else if (!status)
		tool_info(&ti, strcmp(command, "info -v") == 0);
	tool_close(&ti);
	return status;
}

static int cmd_diff(const char *name_a, const char *name_b)
{
	struct tool_image a, b;
	int status = tool_open(&a, name_a);

	if (!status) {
		status = tool_open(&b, name_b);
		status = status ? TROUBLE : tool_diff(&a, &b);
		tool_close(&b);
	} else {
		status = TROUBLE;
	}
	tool_close(&a);
	return status;
}

u32 tool_find(const struct tool_image *ti, s32 pid)
{
	const struct img_image *img = &ti->ti_img;

	for (u32 i = 0; i < img->i_nproc; i++)
		if (pid == 0 || img->i_proc[i].p_pid == pid)
			return i;
	fprintf(stderr, "%s: holds no process %d\n", ti->ti_name, pid);
	return IMG_NONE;
}

bool tool_page(const struct tool_image *ti, u32 k, u32 at, u8 page[IMG_PAGE])
{
	u32 index = img_find_page(&ti->ti_img, k, at);

	if (index == IMG_NONE)
		return false;
	if (ti->ti_io.io_read(ti->ti_io.io_ctx, img_page_off(&ti->ti_img, index), page, IMG_PAGE)) {
		fprintf(stderr, "%s: a page cannot be read\n", ti->ti_name);
		exit(TROUBLE);
	}
	return true;
}

/* A number up to max; false: a message was printed. */
static bool number(const char *text, unsigned long max, u32 *value)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (*end || end == text || n > max) {
		fprintf(stderr, "ckptool: no such number: %s\n", text);
		return false;
	}
	*value = (u32)n;
	return true;
}

static int cmd_cat(const char *pid, const char *name, const char *address, const char *length)
{
	struct tool_image ti;
	u32 va, len, id, proc;
	int status;

	if (!number(pid, IMG_PID_MAX, &id) || !number(address, IMG_USER_MAX, &va) ||
	    !number(length, IMG_USER_MAX - va, &len))
		return TROUBLE;
	status = tool_open(&ti, name);
	if (!status) {
		proc = tool_find(&ti, (s32)id);
		status = proc == IMG_NONE ? TROUBLE : tool_cat(&ti, proc, va, len);
	}
	tool_close(&ti);
	return status;
}

static int cmd_extract(const char *name, const char *pid, const char *out)
{
	struct tool_image ti;
	u32 id, proc;
	int status;

	if (!number(pid, IMG_PID_MAX, &id))
		return TROUBLE;
	status = tool_open(&ti, name);
	if (!status) {
		proc = tool_find(&ti, (s32)id);
		status = proc == IMG_NONE ? TROUBLE : tool_extract(&ti, proc, out);
	}
	tool_close(&ti);
	return status;
}

static int dispatch(const char *command, int argc, char **argv)
{
	int status = 0;

	if (strcmp(command, "verify") == 0 && argc >= 1) {
		for (int i = 0; i < argc; i++)
			status = MAX(status, cmd_verify(argv[i]));
		return status;
	}
	if (strcmp(command, "info") == 0 && argc == 2 && strcmp(argv[0], "-v") == 0)
		return cmd_show("info -v", argv[1]);
	if ((strcmp(command, "info") == 0 || strcmp(command, "json") == 0) && argc == 1)
		return cmd_show(command, argv[0]);
	if (strcmp(command, "format") == 0 && argc == 0) {
		tool_format();
		return 0;
	}
	if (strcmp(command, "diff") == 0 && argc == 2)
		return cmd_diff(argv[0], argv[1]);
	if (strcmp(command, "cat") == 0 && argc == 3)
		return cmd_cat("0", argv[0], argv[1], argv[2]);
	if (strcmp(command, "cat") == 0 && argc == 5 && strcmp(argv[0], "-p") == 0)
		return cmd_cat(argv[1], argv[2], argv[3], argv[4]);
	if (strcmp(command, "extract") == 0 && argc == 3)
		return cmd_extract(argv[0], argv[1], argv[2]);
	fputs(usage, stderr);
	return TROUBLE;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	int status = 0;

	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
		fputs(usage, stdout);
	else
		status = dispatch(command, argc - 2, argv + 2);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "ckptool: standard output: %s\n", strerror(errno));
		status = TROUBLE;
	}
	return status;
}
