/* SPDX-License-Identifier: MIT */
/* The kernel's command line, sensible and hostile. Numbers: strtou64. */
#include "kernel/cmdline.c"
#include "kernel/lib/string.c"

#include <stdio.h>
#include <stdlib.h>

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

static bool is(const char *key, const char *value)
{
	const char *got = cmdline_get(key);

	return value ? got && !strcmp(got, value) : !got;
}

static void test_words(void)
{
	cmdline_init("build/kernel.elf init=/bin/sh debug panic=exit root=/dev/vda  console=ttyS0,9600 console=tty1 ");
	check(is("init", "/bin/sh") && is("root", "/dev/vda"), "values");
	check(is("debug", "") && is("absent", NULL) && is("", NULL), "a flag, and what is absent");
	check(is("console", "tty1") && cmdline_has("console", "ttyS0") && !cmdline_has("console", "tty2") &&
		      !cmdline_has("console", "ttyS") && !cmdline_has("console", "ttyS01"),
	      "the last of several counts, all are there");
	check(!strncmp(cmdline_text(), "build/kernel.elf init=", 22), "the whole line");
	cmdline_init("a=\"b c\" d=e=f \"g h\"=i j= =k \"l");
	check(is("a", "b c") && is("d", "e=f") && is("g h", "i") && is("j", "") && is("", "k") && is("l", ""),
	      "quotes and odd words");
	cmdline_init("");
	check(is("a", NULL), "an empty line");
	cmdline_init("   \t\n ");
	check(is("", NULL), "a blank line");
}

static void test_hostile(void)
{
	static char line[5000];

	memset(line, 'x', sizeof(line) - 1);
	cmdline_init(line);
	check(strlen(cmdline_text()) == 1023, "one word of 5000 characters");
	for (size_t i = 0; i < sizeof(line) - 1; i++)
		line[i] = i % 2 ? ' ' : 'y';
	cmdline_init(line);
	check(is("y", ""), "2500 words");
	memset(line, '=', sizeof(line) - 1);
	cmdline_init(line);
	check(cmdline_get("") != NULL, "nothing but =");
	memset(line, '"', sizeof(line) - 1);
	cmdline_init(line);
	check(is("", ""), "nothing but quotes");
	srand(1);
	for (int round = 0; round < 20000; round++) {
		static const char set[] = "ab= \"\t1k";
		size_t n = (size_t)rand() % 60;

		for (size_t i = 0; i < n; i++)
			line[i] = set[rand() % 8];
		line[n] = 0;
		cmdline_init(line);
		cmdline_number("a", 3);
		cmdline_has("b", "1");
	}
	check(true, "20000 random lines");
}

static void test_numbers(void)
{
	const char *end;

	cmdline_init("a=12 b=0x10 c=64M d=3k e=1G f= g=x h=12x i=99999999999999999999 j=16777216T k=17179869184G n");
	check(cmdline_number("a", 1) == 12 && cmdline_number("b", 1) == 16, "decimal and hexadecimal");
	check(cmdline_number("c", 1) == 64 << 20 && cmdline_number("d", 1) == 3072 &&
		      cmdline_number("e", 1) == 1 << 30,
	      "suffixes");
	check(cmdline_number("f", 7) == 7 && cmdline_number("g", 7) == 7 && cmdline_number("h", 7) == 7 &&
		      cmdline_number("j", 7) == 7 && cmdline_number("k", 7) == 7 &&
		      cmdline_number("n", 7) == 7 && cmdline_number("o", 7) == 7,
	      "no number: the default");
	check(cmdline_number("i", 7) == ~0ull, "too large: the largest");
	check(strtou64("0x", &end, 0) == 0 && !strcmp(end, "x"), "0x without digits");
	check(strtou64("0777 ", &end, 0) == 511 && *end == ' ', "octal");
	check(strtou64("18446744073709551615", &end, 10) == ~0ull && !*end, "the largest number");
	check(strtou64("zz", &end, 36) == 35 * 36 + 35, "base 36");
	check(strtou64("", &end, 10) == 0 && !*end, "nothing");
}

int main(void)
{
	test_words();
	test_hostile();
	test_numbers();
	return failed;
}
