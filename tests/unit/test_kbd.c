/* SPDX-License-Identifier: MIT */
/* The keyboard: from scan codes to bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/kbd_decode.c"

static int failed;
static struct kbd_state ks;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

/* Do these codes send that? */
static bool sends(const char *codes, size_t n, bool appcursor, const char *want, size_t len)
{
	u8 got[256];
	size_t have = 0;

	for (size_t i = 0; i < n; i++)
		have += kbd_decode(&ks, (u8)codes[i], appcursor, got + have);
	return have == len && memcmp(got, want, len) == 0;
}

#define S(codes, want) sends(codes, sizeof(codes) - 1, false, want, sizeof(want) - 1)

static void fresh(void)
{
	memset(&ks, 0, sizeof(ks));
}

int main(void)
{
	bool ok;

	fresh();
	ok = S("\x1e\x9e\x30\xb0\x2e\xae", "abc") && S("\x39\xb9\x1c\x9c\x0e\x8e\x0f\x01", " \r\177\t\033");
	ok &= S("\x02\x03\x0b\x0c\x0d\x1a\x1b\x27\x28\x29\x2b\x33\x34\x35", "120-=[];'`\\,./");
	check(ok, "plain");

	fresh();
	ok = S("\x2a\x1e\x9e\x02\x82\xaa\x1e", "A!a") && S("\x36\x1e\x35\xb6\x1e", "A?a");
	ok &= S("\x2a\x36\xaa\x1e\xb6\x1e", "Aa") && S("\x2a\x0f\xaa", "\033[Z");
	check(ok, "shift");

	fresh();
	ok = S("\x3a\xba\x1e\x02\x2a\x1e\xaa", "A1a") && ks.ks_caps && S("\x3a\xba\x1e", "a");
	check(ok, "caps lock");

	fresh();
	ok = S("\x1d\x2e\x9d\x2e", "\003c") && S("\xe0\x1d\x20\xe0\x9d\x20", "\004d");
	ok &= S("\x1d\x2b\x39\x03\x07\x0e\x9d", "\034\0\0\036\b") && S("\x1d\x2a\x1e\xaa\x9d", "\001");
	ok &= S("\x38\x1e\xb8\x1e", "\033aa") && S("\xe0\x38\x1e\xe0\xb8", "\033a");
	check(ok, "control and alt");

	fresh();
	ok = S("\xe0\x48\xe0\xc8\xe0\x50\xe0\x4d\xe0\x4b", "\033[A\033[B\033[C\033[D");
	ok &= sends("\xe0\x48", 2, true, "\033OA", 3) && S("\xe0\x47\xe0\x4f\xe0\x53", "\033[1~\033[4~\033[3~");
	/* Grey keys with Num Lock on come wrapped in shifts of the keyboard's own. */
	ok &= S("\xe0\x2a\xe0\x49\xe0\xc9\xe0\xaa", "\033[5~");
	ok &= S("\x3b\x3f\x40\x44\x57\x58", "\033[[A\033[[E\033[17~\033[21~\033[23~\033[24~");
	check(ok, "arrows and function keys");

	fresh();
	ok = S("\x47\x50", "\033[1~\033[B") && S("\x45\xc5\x47\x50\x53\x4a\x4e", "72.-+");
	ok &= S("\x2a\x47\xaa", "\033[1~") && S("\xe0\x1c\xe0\x35\x37", "\r/*") && ks.ks_num;
	check(ok, "keypad");

	fresh();
	ok = S("\xe1\x1d\x45\xe1\x9d\xc5\x1e", "a") && !ks.ks_num && !any(ks.ks_ctrl);
	ok &= S("\xe0\x5b\xe0\xdb\x7f\x54", "");
	check(ok, "Pause and unknown keys");

	srand(4);
	fresh();
	for (int i = 0; i < 1000000; i++) {
		u8 out[KBD_MAXOUT];

		ok &= kbd_decode(&ks, (u8)rand(), rand() & 1, out) <= KBD_MAXOUT;
	}
	check(ok, "random");
	return failed;
}
