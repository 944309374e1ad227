/* SPDX-License-Identifier: MIT */
/* A line discipline for tests: what is typed, shown and read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/tty_ldisc.c"
#include "fs/tty_ldisc_edit.c"
#include "fs/tty_ldisc_in.c"
#include "fs/tty_ldisc_out.c"
#include "fs/tty_ldisc_state.c"

static int failed;
static struct ldisc *ld;
static struct abi_termios t;
static char screen[65536], line[65536];

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

static void fresh(void)
{
	ldisc_default_termios(&t);
	ldisc_init(ld, &t);
}

static u32 type(const char *s)
{
	return ldisc_input(ld, (const u8 *)s, strlen(s));
}

/* All output there is, as a string. */
static const char *shown(void)
{
	size_t len = 0, n;
	const u8 *p;

	while ((n = ldisc_pull(ld, &p)) > 0) {
		memcpy(screen + len, p, n);
		len += n;
		ldisc_pulled(ld, n);
	}
	screen[len] = 0;
	return screen;
}

static const char *got(size_t size)
{
	bool end;
	size_t n = ldisc_read(ld, (u8 *)line, size, &end);

	line[n] = 0;
	return line;
}

static bool shows(const char *want)
{
	if (strcmp(shown(), want) == 0)
		return true;
	printf("# shown \"%s\", expected \"%s\"\n", screen, want);
	return false;
}

static bool reads(const char *want)
{
	if (strcmp(got(1000), want) == 0)
		return true;
	printf("# read \"%s\", expected \"%s\"\n", line, want);
	return false;
}
