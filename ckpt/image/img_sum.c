/* SPDX-License-Identifier: MIT */
/*
 * The sum of a page.
 *
 * Two lanes, each taking every other word: x = (x ^ word) * odd; x ^= x >> 15.
 * For a given word each step is a one-to-one map of x, and for a given x of the
 * word: so a page that differs in one word has another sum, always. The shift
 * brings the top bits down, where the next multiplication spreads them: without
 * it two changes of bit 31 (a stuck data line) would cancel; for the same
 * reason one lane is multiplied before it meets the other. Two lanes, because
 * the multiplications of one chain wait for each other.
 */
#include "ckpt/image/image.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the words of a page are summed as they lie");

/* odd; 2^32 divided by the golden ratio: no short pattern of bits */
#define MULTIPLIER 0x9e3779b1u

static inline u32 sum_step(u32 x, u32 word)
{
	x = (x ^ word) * MULTIPLIER;
	return x ^ (x >> 15);
}

u32 img_sum_add(u32 sum, u32 page_sum)
{
	return sum_step(sum, page_sum);
}

u32 img_page_sum(const void *page)
{
	const u32 __attribute__((may_alias)) *w = page;
	u32 a = 1, b = 2;

	for (u32 i = 0; i < IMG_PAGE / 4; i += 4) {
		a = sum_step(a, w[i]);
		b = sum_step(b, w[i + 1]);
		a = sum_step(a, w[i + 2]);
		b = sum_step(b, w[i + 3]);
	}
	return sum_step(a, b * MULTIPLIER);
}
