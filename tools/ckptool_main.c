/* SPDX-License-Identifier: MIT */
/* ckptool: looks into checkpoint images on the host, with the very reader that the kernel uses. */
#include "tools/ckptool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: ckptool COMMAND IMAGE...\n"
	"\n"
	"  info [-v] IMAGE         what the image holds, for people; -v: every seg and run of pages\n"
	"  json IMAGE              all of it, for programs\n"
	"  verify IMAGE...         checks everything, the contents of the pages too\n"
	"  diff A B                which registers, pages, files... differ\n"
	"  cat IMAGE ADDRESS LEN   memory of the process, as raw bytes on standard output\n"
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

/* The page at va as the process had it; its file's pages are not in the image. */
static int page_at(const struct tool_image *ti, u32 va, u8 page[IMG_PAGE])
{
	const struct img_run *run = img_run_find(&ti->ti_img, va);
	const struct img_seg *seg = img_seg_find(&ti->ti_img, va);

	if (run)
		return ti->ti_io.io_read(ti->ti_io.io_ctx,
					 img_page_off(&ti->ti_img, run->r_first + (va - run->r_va) / IMG_PAGE),
					 page, IMG_PAGE);
	if (!seg) {
		fprintf(stderr, "%s: nothing is mapped at %#x\n", ti->ti_name, va);
		return -EFAULT;
	}
	if (seg->s_kind != IMG_SEG_ANON) {
		fprintf(stderr, "%s: %#x is not stored: it is byte %#llx of %s\n", ti->ti_name, va,
			(unsigned long long)(seg->s_off + (va - seg->s_base)),
			ti->ti_img.i_vnode[seg->s_vnode].v_path);
		return -ENODATA;
	}
	memset(page, 0, IMG_PAGE);
	return 0;
}

static int cat_range(const struct tool_image *ti, u32 va, u32 len)
{
	u8 page[IMG_PAGE];

	while (len) {
		u32 at = va % IMG_PAGE, n = MIN(len, IMG_PAGE - at);

		if (page_at(ti, va - at, page))
			return TROUBLE;
		if (fwrite(page + at, 1, n, stdout) != n)
			return TROUBLE;
		va += n;
		len -= n;
	}
	return 0;
}

static int cmd_cat(const char *name, const char *address, const char *length)
{
	struct tool_image ti;
	char *end_address, *end_length;
	unsigned long va = strtoul(address, &end_address, 0), len = strtoul(length, &end_length, 0);
	int status;

	if (*end_address || *end_length || va > IMG_USER_MAX || len > IMG_USER_MAX - va) {
		fprintf(stderr, "ckptool: no range of user memory: %s %s\n", address, length);
		return TROUBLE;
	}
	status = tool_open(&ti, name);
	if (!status)
		status = cat_range(&ti, (u32)va, (u32)len);
	tool_close(&ti);
	return status;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";
	int status = 0;

	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
		fputs(usage, stdout);
	} else if (strcmp(command, "verify") == 0 && argc >= 3) {
		for (int i = 2; i < argc; i++)
			status = MAX(status, cmd_verify(argv[i]));
	} else if (strcmp(command, "info") == 0 && argc == 4 && strcmp(argv[2], "-v") == 0) {
		status = cmd_show("info -v", argv[3]);
	} else if ((strcmp(command, "info") == 0 || strcmp(command, "json") == 0) && argc == 3) {
		status = cmd_show(command, argv[2]);
	} else if (strcmp(command, "diff") == 0 && argc == 4) {
		status = cmd_diff(argv[2], argv[3]);
	} else if (strcmp(command, "cat") == 0 && argc == 5) {
		status = cmd_cat(argv[2], argv[3], argv[4]);
	} else {
		fputs(usage, stderr);
		status = TROUBLE;
	}
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "ckptool: standard output: %s\n", strerror(errno));
		status = TROUBLE;
	}
	return status;
}
