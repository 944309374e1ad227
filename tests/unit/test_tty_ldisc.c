/* SPDX-License-Identifier: MIT */
/* The line discipline: what is typed, what appears, what is read. */
#include "tests/unit/ldisc_random.h"

static void test_line(void)
{
	bool ok;

	fresh();
	ok = type("hello") == 0 && !ldisc_readable(ld, 1) && ldisc_inq(ld) == 0;
	ok &= type("\r") == LD_EV_INPUT && ldisc_readable(ld, 1) && ldisc_inq(ld) == 6;
	ok &= shows("hello\r\n") && reads("hello\n") && !ldisc_readable(ld, 1);
	check(ok, "a line");

	fresh();
	type("one\ntwo\nthr");
	ok = reads("one\n") && reads("two\n") && !ldisc_readable(ld, 1);
	type("ee\n");
	ok &= strcmp(got(2), "th") == 0 && strcmp(got(2), "re") == 0 && reads("e\n");
	check(ok, "several lines, short reads");
}

static void test_eof(void)
{
	bool ok, end;

	fresh();
	type("\004");
	ok = ldisc_readable(ld, 1) && ldisc_inq(ld) == 0;
	ok &= ldisc_read(ld, (u8 *)line, 10, &end) == 0 && end && !ldisc_readable(ld, 1);
	type("abc\004def\n");
	ok &= reads("abc") && reads("def\n");
	type("xyz\004");
	ok &= strcmp(got(3), "xyz") == 0 && !ldisc_readable(ld, 1);
	check(ok, "end of file");
}

static void test_editing(void)
{
	bool ok;

	fresh();
	type("abcd\177\177x\n");
	ok = shows("abcd\b \b\b \bx\r\n") && reads("abx\n");
	type("\177\177\n");
	ok &= shows("\r\n") && reads("\n");
	check(ok, "erase");

	fresh();
	type("one two  \027x\n");
	ok = reads("one x\n") && strstr(shown(), "\b \b") != NULL;
	check(ok, "erase a word");

	fresh();
	type("ab\001\025z\n");
	ok = shows("ab^A\b \b\b \b\b \b\b \bz\r\n") && reads("z\n");
	check(ok, "erase the line");

	fresh();
	t.c_lflag &= ~ECHOKE;
	ldisc_set(ld, &t);
	type("ab\025z\n");
	ok = shows("ab^U\r\nz\r\n") && reads("z\n");
	check(ok, "erase the line without ECHOKE");

	fresh();
	type("ab\tc\177\177d\n");
	ok = shows("ab\tc\b \b\b\b\b\b\b\bd\r\n") && reads("abd\n");
	check(ok, "erase a tab");

	fresh();
	t.c_iflag |= IUTF8;
	ldisc_set(ld, &t);
	type("a\303\244\177b\n");
	ok = shows("a\303\244\b \bb\r\n") && reads("ab\n");
	check(ok, "erase in UTF-8");

	fresh();
	t.c_lflag |= ECHOPRT;
	t.c_lflag &= ~ECHOE;
	ldisc_set(ld, &t);
	type("abc\177\177d\n");
	ok = shows("abc\\cb/d\r\n") && reads("ad\n");
	check(ok, "ECHOPRT");

	fresh();
	type("abc\022d\n");
	ok = shows("abc^R\r\nabcd\r\n") && reads("abcd\n");
	check(ok, "reprint");
}

static void test_quoting(void)
{
	bool ok;

	fresh();
	type("a\026\003\026\177b\n");
	ok = shows("a^\b^C^\b^?b\r\n") && reads("a\003\177b\n");
	check(ok, "quoted characters");
}

static void test_echo_modes(void)
{
	bool ok;

	fresh();
	t.c_lflag &= ~ECHO;
	ldisc_set(ld, &t);
	type("secret\n");
	ok = shows("") && reads("secret\n");
	t.c_lflag |= ECHONL;
	ldisc_set(ld, &t);
	type("secret\n");
	ok &= shows("\r\n") && reads("secret\n");
	check(ok, "no echo, ECHONL");
}

static void test_signals(void)
{
	bool ok;

	fresh();
	type("lost");
	ldisc_write(ld, (const u8 *)"pending", 7);
	ok = type("\003") == (LD_EV_INTR | LD_EV_FLUSHED) && shows("^C");
	ok &= type("\034") == (LD_EV_QUIT | LD_EV_FLUSHED) && type("\032") == (LD_EV_SUSP | LD_EV_FLUSHED);
	type("kept\n");
	ok &= reads("kept\n");
	check(ok, "signals flush");

	fresh();
	t.c_lflag |= NOFLSH;
	ldisc_set(ld, &t);
	type("kept");
	ok = type("\003") == LD_EV_INTR;
	type("\n");
	ok &= reads("kept\n");
	check(ok, "NOFLSH");

	fresh();
	t.c_lflag &= ~ISIG;
	ldisc_set(ld, &t);
	ok = type("\003\n") == LD_EV_INPUT && reads("\003\n");
	check(ok, "no ISIG");

	fresh();
	t.c_cc[VINTR] = 0;
	ldisc_set(ld, &t);
	ok = ldisc_input(ld, (const u8 *)"\0\003\n", 3) == LD_EV_INPUT;
	check(ok, "a special character switched off");

	fresh();
	ok = ldisc_rxerror(ld, 0, LD_BREAK) == 0 && ldisc_inq(ld) == 0;
	t.c_iflag |= BRKINT;
	ldisc_set(ld, &t);
	ok &= (ldisc_rxerror(ld, 0, LD_BREAK) & LD_EV_INTR) != 0;
	check(ok, "break");
}

static void with_key(void)
{
	fresh();
	t.c_cc[VCKPT] = 035;
	ldisc_set(ld, &t);
}

static void test_ckpt_key(void)
{
	bool ok;

	fresh();
	ok = type("a\035\n") == LD_EV_INPUT && reads("a\035\n");
	check(ok, "no checkpoint character at the beginning");

	with_key();
	type("kept ");
	ldisc_write(ld, (const u8 *)"pending ", 8);
	ok = type("\035") == LD_EV_CKPT && shows("kept pending ^]");
	type("line\n");
	ok &= reads("kept line\n");
	check(ok, "the checkpoint character flushes nothing");

	with_key();
	t.c_iflag |= IXANY;
	ldisc_set(ld, &t);
	type("\023");
	ok = type("\035") == LD_EV_CKPT && shows("");
	type("\021");
	ok &= shows("^]") && type("\026\035\n") == LD_EV_INPUT && reads("\035\n");
	check(ok, "the checkpoint character with output stopped, and quoted");

	with_key();
	t.c_lflag &= ~(ICANON | ECHO);
	ldisc_set(ld, &t);
	ok = type("a\035b") == (LD_EV_CKPT | LD_EV_INPUT) && reads("ab") && shows("");
	t.c_lflag &= ~ISIG;
	ldisc_set(ld, &t);
	ok &= type("\035") == LD_EV_INPUT && reads("\035");
	check(ok, "the checkpoint character without ICANON, without ISIG");
}

static void test_message(void)
{
	bool ok;

	fresh();
	ldisc_message(ld, "[one]", false);
	ok = shows("[one]\r\n");
	type("ab");
	ldisc_message(ld, "[two]", false);
	ok &= shows("ab\r\n[two]\r\nab");
	type("\177c\n");
	ok &= shows("\b \bc\r\n") && reads("ac\n");
	check(ok, "a message between what is typed");

	fresh();
	t.c_oflag = 0;
	ldisc_set(ld, &t);
	ldisc_message(ld, "[raw]", false);
	ok = shows("\r\n[raw]\r\n");
	t.c_lflag &= ~ECHO;
	ldisc_set(ld, &t);
	ldisc_message(ld, "[hidden]", false);
	ok &= shows("");
	ldisc_message(ld, "[all the same]", true);
	ok &= shows("\r\n[all the same]\r\n");
	check(ok, "a message without OPOST, without ECHO");

	fresh();
	while (ldisc_room(ld) >= 40)
		ldisc_write(ld, (const u8 *)"x", 1);
	ldisc_message(ld, "[no room]", false);
	ok = ldisc_outq(ld) == LD_OUTSIZE - 39;
	check(ok, "a message into a full ring");
}

static void test_flow(void)
{
	bool ok;

	fresh();
	type("\023");
	ldisc_write(ld, (const u8 *)"held\n", 5);
	ok = shows("") && ldisc_outq(ld) == 6;
	type("\021");
	ok &= shows("held\r\n");
	type("\023");
	t.c_iflag |= IXANY;
	ldisc_set(ld, &t);
	type("x");
	ok &= shows("x");
	type("\023");
	type("\003");
	ok &= shows("^C");
	type("\023");
	t.c_iflag &= ~IXON;
	ldisc_set(ld, &t);
	ldisc_write(ld, (const u8 *)"go", 2);
	ok &= shows("go");
	ld->ld_tcooff = true;
	ldisc_write(ld, (const u8 *)"go", 2);
	ld->ld_xchar = 023;
	ok &= shows("\023");
	ld->ld_tcooff = false;
	ok &= shows("go");
	check(ok, "flow control");
}

static void test_mapping(void)
{
	bool ok;

	fresh();
	t.c_iflag = IGNCR;
	ldisc_set(ld, &t);
	type("a\r\n");
	ok = reads("a\n");
	t.c_iflag = INLCR;
	t.c_lflag &= ~ICANON;
	ldisc_set(ld, &t);
	type("b\n");
	ok &= reads("b\r");
	t.c_iflag = ISTRIP | IUCLC;
	ldisc_set(ld, &t);
	type("\301B");
	ok &= reads("ab");
	t.c_iflag = PARMRK | INPCK;
	ldisc_set(ld, &t);
	type("\377");
	ok &= strcmp(got(10), "\377\377") == 0;
	ldisc_rxerror(ld, 'x', LD_PARITY);
	ok &= ldisc_inq(ld) == 3 && got(10) && memcmp(line, "\377\0x", 3) == 0;
	t.c_iflag = INPCK | IGNPAR;
	ldisc_set(ld, &t);
	ldisc_rxerror(ld, 'x', LD_PARITY);
	ok &= ldisc_inq(ld) == 0;
	check(ok, "input mapping");
}

static bool wrote(u32 oflag, const char *in, const char *want)
{
	fresh();
	t.c_oflag = oflag;
	ldisc_set(ld, &t);
	return ldisc_write(ld, (const u8 *)in, strlen(in)) == strlen(in) && shows(want);
}

static void test_output(void)
{
	bool ok = wrote(OPOST | ONLCR, "a\nb\n", "a\r\nb\r\n");

	ok &= wrote(0, "a\nb\tc\r", "a\nb\tc\r");
	ok &= wrote(OPOST | ONLCR | XTABS, "a\tb\n\tc", "a       b\r\n        c");
	ok &= wrote(OPOST | OCRNL, "a\rb", "a\nb");
	ok &= wrote(OPOST | ONOCR, "\ra\r\rb", "a\rb");
	ok &= wrote(OPOST | OLCUC, "aBc", "ABC");
	ok &= wrote(OPOST | ONLCR | XTABS, "ab\b\tc", "ab\b       c");
	check(ok, "output processing");
}

static void test_raw(void)
{
	bool ok;

	fresh();
	t.c_iflag = 0;
	t.c_lflag = 0;
	t.c_oflag = 0;
	ldisc_set(ld, &t);
	ok = type("ab\003\r\n\004") == LD_EV_INPUT && ldisc_inq(ld) == 6;
	ok &= ldisc_readable(ld, 6) && !ldisc_readable(ld, 7) && ldisc_readable(ld, 0);
	ok &= strcmp(got(2), "ab") == 0 && reads("\003\r\n\004") && shows("");
	check(ok, "raw");
}

static void test_switching(void)
{
	bool ok;

	fresh();
	type("line\nab\004cd");
	t.c_lflag &= ~(ICANON | ECHO);
	ldisc_set(ld, &t);
	ok = ldisc_inq(ld) == 9 && reads("line\nabcd");
	type("raw bytes");
	t.c_lflag |= ICANON;
	ldisc_set(ld, &t);
	ok &= ldisc_readable(ld, 1) && reads("raw bytes") && !ldisc_readable(ld, 1);
	type("next\n");
	ok &= reads("next\n");
	check(ok, "between canonical and raw");
}

static void test_full(void)
{
	bool ok = true;

	fresh();
	t.c_lflag &= ~ECHO;
	ldisc_set(ld, &t);
	for (u32 i = 0; i < 2 * LD_INSIZE; i++)
		type("x");
	ok &= !ldisc_input_full(ld) && !ldisc_readable(ld, 1); /* or it could never end */
	type("\n");
	ok &= strlen(got(10000)) == LD_INSIZE && line[LD_INSIZE - 1] == '\n' && ld->ld_dropped == LD_INSIZE + 1;
	for (u32 i = 0; i < LD_INSIZE / 2; i++)
		type("\n");
	ok &= !ldisc_input_full(ld) && ldisc_input_low(ld);
	while (!ldisc_input_full(ld))
		type("\n");
	ok &= LD_INSIZE - ldisc_inq(ld) == LD_THROTTLE;
	check(ok, "a full line, full input");

	fresh();
	t.c_lflag = 0;
	t.c_iflag = 0;
	ldisc_set(ld, &t);
	for (u32 i = 0; !ldisc_input_full(ld); i++)
		type("0123456789abc");
	ok = ld->ld_dropped == 0 && LD_INSIZE - ldisc_inq(ld) > LD_THROTTLE - 13;
	while (!ldisc_input_low(ld))
		got(100);
	ok &= ldisc_inq(ld) <= LD_INSIZE / 2;
	check(ok, "raw input is held back in time");

	fresh();
	while (ldisc_write(ld, (const u8 *)"abc\n", 4) == 4)
		;
	ok = ldisc_outq(ld) <= LD_OUTSIZE && ldisc_room(ld) < 5;
	type("echo into a full ring\n");
	ok &= reads("echo into a full ring\n");
	check(ok, "full output");
}

int main(void)
{
	ld = malloc(sizeof(*ld));
	test_line();
	test_eof();
	test_editing();
	test_quoting();
	test_echo_modes();
	test_signals();
	test_ckpt_key();
	test_message();
	test_flow();
	test_mapping();
	test_output();
	test_raw();
	test_switching();
	test_full();
	test_random();
	test_state();
	free(ld);
	return failed;
}
