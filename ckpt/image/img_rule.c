/* SPDX-License-Identifier: MIT */
/* What rules of an image need: the message about the item that breaks one. */
#include "ckpt/image/img_check.h"

#define TEXT_SIZE 160u

static u32 append(char *text, u32 at, const char *s)
{
	while (*s && at < TEXT_SIZE - 1)
		text[at++] = *s++;
	text[at] = 0;
	return at;
}

static u32 append_number(char *text, u32 at, u32 n)
{
	char digits[12];
	u32 i = sizeof(digits) - 1;

	digits[i] = 0;
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	return append(text, at, digits + i);
}

/* "process 1, lwp 0: field what"; without memory for that, what. */
int imgc_bad_field(struct imgc *c, const char *field, const char *what, u32 val)
{
	char *text = img_alloc(c->c_img, TEXT_SIZE);
	u32 at = 0;

	*c->c_err = (struct img_err){ .e_what = text ? text : what, .e_val = val };
	for (u32 i = 0; i < c->c_depth && text; i++) {
		at = append(text, at, i ? ", " : "");
		at = append(text, at, c->c_path[i].name);
		at = append(text, at, " ");
		at = append_number(text, at, c->c_path[i].index);
	}
	if (text) {
		at = append(text, at, at ? ": " : "");
		at = append(text, at, field ? field : "");
		at = append(text, at, field ? " " : "");
		append(text, at, what);
	}
	return -EINVAL;
}

int imgc_bad(struct imgc *c, const char *what, u32 val)
{
	return imgc_bad_field(c, NULL, what, val);
}

bool imgc_take_id(u8 map[IMG_PID_MAX / 8], s32 id)
{
	u8 *byte = &map[(u32)id / 8], bit = (u8)(1 << id % 8);
	bool free = !(*byte & bit);

	*byte |= bit;
	return free;
}
