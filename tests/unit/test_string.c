/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own memory and string functions, compiled under other names, against the C library's, on random
 * contents, lengths and alignments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define memcpy k_memcpy
#define memmove k_memmove
#define memset k_memset
#define memcmp k_memcmp
#define memchr k_memchr
#define strlen k_strlen
#define strnlen k_strnlen
#define strcmp k_strcmp
#define strncmp k_strncmp
#define strchr k_strchr
#define strrchr k_strrchr
#define KERNEL_LIB_STRING_OWN
#include "kernel/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

#define SIZE 300
static u8 a[SIZE], b[SIZE], src[SIZE];

static void fill(u8 *p, int letters)
{
	for (int i = 0; i < SIZE; i++)
		p[i] = (u8)(rand() % letters);
}

static bool copies(void)
{
	size_t n = (size_t)rand() % 150, from = (size_t)rand() % 75, to = (size_t)rand() % 75;

	fill(a, 256);
	fill(src, 256);
	memcpy(b, a, SIZE);
	if (k_memcpy(a + to, src + from, n) != a + to)
		return false;
	memcpy(b + to, src + from, n);
	if (memcmp(a, b, SIZE) != 0)
		return false;
	k_memmove(a + to, a + from, n);
	memmove(b + to, b + from, n);
	if (memcmp(a, b, SIZE) != 0)
		return false;
	k_memset(a + to, (int)from, n);
	memset(b + to, (int)from, n);
	return memcmp(a, b, SIZE) == 0;
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static bool searches(void)
{
	size_t n = (size_t)rand() % 150, at = (size_t)rand() % 75, bt = (size_t)rand() % 75;
	int c = rand() % 3;

	fill(a, 3);
	fill(b, 3);
	memcpy(a + at, b + bt, n / 2);
	a[SIZE - 1] = b[SIZE - 1] = 0;

	const char *s = (const char *)a + at, *t = (const char *)b + bt;

	return sign(k_memcmp(s, t, n)) == sign(memcmp(s, t, n)) &&
	       k_memchr(s, c, n) == memchr(s, c, n) && k_strlen(s) == strlen(s) &&
	       k_strnlen(s, n) == strnlen(s, n) && sign(k_strcmp(s, t)) == sign(strcmp(s, t)) &&
	       sign(k_strncmp(s, t, n)) == sign(strncmp(s, t, n)) &&
	       k_strchr(s, c) == strchr(s, c) && k_strrchr(s, c) == strrchr(s, c);
}

static void test_random(void)
{
	bool good = true;

	srand(5);
	for (int i = 0; i < 20000 && good; i++)
		good = copies();
	check(good, "20000 copies, moves and fills");
	for (int i = 0; i < 20000 && good; i++)
		good = searches();
	check(good, "20000 comparisons and searches");
}

static void test_cut(void)
{
	char buf[4] = "xyz";

	check(strlcpy_k(buf, "abcdef", sizeof(buf)) == 6 && !strcmp(buf, "abc"), "a string that is cut");
	check(strlcpy_k(buf, "a", sizeof(buf)) == 1 && !strcmp(buf, "a"), "one that fits");
	check(strlcpy_k(buf, "b", 0) == 1 && !strcmp(buf, "a"), "no room at all");
}

int main(void)
{
	test_random();
	test_cut();
	return failed;
}
