/* SPDX-License-Identifier: MIT */
/* The kernel's printf language against the C library's: same format, same arguments, same text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define vsnprintf kernel_vsnprintf
#define snprintf kernel_snprintf
#define snprintf_visible kernel_snprintf_visible
#include "kernel/lib/vsnprintf.c"
#undef vsnprintf
#undef snprintf
#undef snprintf_visible

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

/* One format with one argument list through both, into buffers of several sizes. */
#define SAME(...)                                                                            \
	do {                                                                                 \
		static const size_t sizes[] = { 0, 1, 2, 7, 200 };                           \
		bool good = true;                                                            \
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {              \
			char ours[200], theirs[200];                                         \
			memset(ours, '#', sizeof(ours));                                     \
			memset(theirs, '#', sizeof(theirs));                                 \
			int a = kernel_snprintf(ours, sizes[i], __VA_ARGS__);                \
			int b = snprintf(theirs, sizes[i], __VA_ARGS__);                     \
			if (a != b || memcmp(ours, theirs, sizeof(ours)) != 0) {             \
				printf("size %zu: ours %d \"%.40s\", theirs %d \"%.40s\"\n", \
				       sizes[i], a, ours, b, theirs);                        \
				good = false;                                                \
			}                                                                    \
		}                                                                            \
		check(good, #__VA_ARGS__);                                                   \
	} while (0)

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

static void test_integers(void)
{
	SAME("%d %d %d", 0, -1, 12345);
	SAME("%d %i", -2147483647 - 1, 2147483647);
	SAME("%u %x %X %o", 4294967295u, 0xdeadbeefu, 0xdeadbeefu, 0777u);
	SAME("[%5d] [%-5d] [%05d] [%+d] [% d]", 42, 42, 42, 42, 42);
	SAME("[%5d] [%-5d] [%05d]", -42, -42, -42);
	SAME("[%.3d] [%8.3d] [%-8.3d] [%08.3d]", 7, 7, 7, 7);
	SAME("[%.0d] [%.0u] [%.0x]", 0, 0u, 0u);
	SAME("[%#x] [%#X] [%#o] [%#x] [%#o]", 255u, 255u, 8u, 0u, 0u);
	SAME("[%#10x] [%#010x] [%-#10x]", 255u, 255u, 255u);
	SAME("[%*d] [%-*d] [%*d] [%.*d]", 6, 1, 6, 1, -6, 1, 4, 1);
	SAME("[%.*d]", -1, 1);
	SAME("%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
	SAME("%ld %lu %lx", -5l, 5ul, 0xfeul);
	SAME("%lld %llu %llx", -9000000000000000000ll, 18000000000000000000ull, 0x123456789abcdefull);
	SAME("%llo", 01234567012345670123ull);
	SAME("%zu %zd", (size_t)123, (ssize_t)-123);
}

static void test_text(void)
{
	SAME("");
	SAME("plain");
	SAME("100%%");
	SAME("[%s] [%10s] [%-10s]", "abc", "abc", "abc");
	SAME("[%.2s] [%10.2s] [%-10.2s] [%.0s]", "abc", "abc", "abc", "abc");
	SAME("[%c] [%3c] [%-3c]", 'x', 'y', 'z');
	SAME("%s and %d and %s", "one", 2, "three");
	SAME("%p", (void *)0x1234);
	SAME("a rather long line that does not fit: %s %s", "xxxxxxxxxxxxxxxxxxxxxxxx", "yyyyyyyyyyyyyyyyyyyyyyyyyyy");
}

static void test_odd(void)
{
	char buf[64];
	char unterminated[3] = { 'a', 'b', 'c' };
	int n;

	check(kernel_snprintf(buf, sizeof(buf), "%s", (char *)NULL) == 6 && !strcmp(buf, "(null)"), "a null string");
	check(kernel_snprintf(buf, sizeof(buf), "%.3s", unterminated) == 3 && !strcmp(buf, "abc"),
	      "a string without 0, with precision");
	check(kernel_snprintf(buf, sizeof(buf), "%y %d", 5) == 4 && !strcmp(buf, "%y 5"), "an unknown conversion");
	check(kernel_snprintf(buf, sizeof(buf), "end %") == 5 && !strcmp(buf, "end %"), "a format that ends in %");
	n = kernel_snprintf(buf, sizeof(buf), "%99999999999d", 1);
	check(n == 4096 && strlen(buf) == sizeof(buf) - 1, "an absurd width");
}

static bool visible(const char *want, const char *fmt, ...)
{
	char buf[2100];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf_visible(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n == (int)strlen(want) && !strcmp(buf, want))
		return true;
	printf("visible: \"%s\" instead of \"%s\"\n", buf, want);
	return false;
}

/* Every byte as the text of %s and %c: printable ASCII alone comes out. */
static void test_visible_bytes(void)
{
	bool good = true;

	for (int c = 1; c < 256; c++) {
		char in[2] = { (char)c, 0 }, want[12];

		snprintf(want, sizeof(want), c >= 32 && c < 127 ? "%c" : "\\x%02x", c);
		good = good && visible(want, "%s", in) && visible(want, "%c", c);
	}
	check(good, "each byte is shown in printable ASCII");
}

static void test_visible(void)
{
	char big[2001], most[VISIBLE_MAX + 4];

	test_visible_bytes();
	check(visible("ckpt: a\\x0apanic: no\n", "ckpt: %s\n", "a\npanic: no"),
	      "a newline in a name; the format's own ends the line");
	check(visible("\\x1b[2J\\x9b", "%s", "\033[2J\x9b"), "escape sequences");
	check(visible("[  \\x07] [\\x07  ] [\\x0a]", "[%6s] [%-6s] [%.1s]", "\a", "\a", "\n\n"),
	      "width and precision");
	memset(big, 'x', 2000);
	big[2000] = 0;
	memset(most, 'x', VISIBLE_MAX);
	strcpy(most + VISIBLE_MAX, "...");
	check(visible(most, "%s", big), "a long string is cut, and says so");
	memset(big, '\n', 2000);
	for (size_t i = 0; i < VISIBLE_MAX; i += 4)
		memcpy(most + i, "\\x0a", 4);
	check(visible(most, "%s", big), "never within an escape");
	big[0] = 0;
	check(kernel_snprintf_visible(most, 3, "%s", "\n") == 4 && !strcmp(most, "\\x"), "a small buffer");
}

int main(void)
{
	test_integers();
	test_text();
	test_visible();
	test_odd();
	return failed;
}
