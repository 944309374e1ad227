/* SPDX-License-Identifier: MIT */
/* Lists of changes to a sample image, each legal or not, and what becomes of them: for the tests of the rules. */
#ifndef TESTS_UNIT_IMAGE_CASES_H
#define TESTS_UNIT_IMAGE_CASES_H

#include "tests/unit/image_io.h"

/* Names for the lists, where the image is img. */
#define P(n) (img->i_proc[n])
#define PROC P(0)
#define MM (PROC.p_mm)
#define LWP (PROC.p_lwp[0])
#define REGS (LWP.l_regs)
#define SEG(n) (PROC.p_seg[n])

/* One function for all cases of a sample: case n of the list is done when which == n. */
#define DO_CASE(is_legal, ...)        \
	if (n++ == which) {           \
		__VA_ARGS__;          \
		*text = #__VA_ARGS__; \
		*legal = is_legal;    \
		return true;          \
	}

/* The function for a list of cases X(is_legal, change). */
#define CASES(fn, LIST)                                                                  \
	static bool fn(struct img_image *img, u32 which, bool *legal, const char **text) \
	{                                                                                \
		u32 n = 0;                                                               \
                                                                                         \
		LIST(DO_CASE)                                                            \
		return false;                                                            \
	}

/* A legal state is written and read back; another is refused, with a reason. */
static bool case_right(struct img_image *img, bool legal, const char *text)
{
	struct img_err err = { 0 };
	struct memfile f = { 0 };
	int error = sample_write(img, &f, &err);
	bool right = legal ? error == 0 : (error == -EINVAL || error == -E2BIG) && err.e_what;

	if (legal && right) {
		struct img_io io = memfile_io(&f);
		struct img_image again;

		img_init(&again, &sample_mem);
		error = img_read(&again, &io, f.size, &err);
		right = error == 0;
		img_free(&again);
	}
	if (!right)
		printf("  %s: %d %s\n", text, error, err.e_what ? err.e_what : "-");
	memfile_free(&f);
	return right;
}

static void test_cases(const char *name, void (*sample)(struct img_image *img),
		       bool (*change)(struct img_image *img, u32 which, bool *legal, const char **text))
{
	bool right = true;
	u32 n = 0;

	for (;; n++) {
		struct img_image img;
		const char *text;
		bool legal, more;

		sample(&img);
		more = change(&img, n, &legal, &text);
		if (more)
			right &= case_right(&img, legal, text);
		img_free(&img);
		if (!more)
			break;
	}
	printf("  %u cases\n", n);
	check(right, name);
}

#endif
