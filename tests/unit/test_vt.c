/* SPDX-License-Identifier: MIT */
/* The terminal's screen: what each sequence does to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/vt.c"
#include "kernel/dev/vt_csi.c"
#include "kernel/dev/vt_parse.c"

static int failed;
static struct vt *vt;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

static void out(const char *s)
{
	vt_write(vt, (const u8 *)s, strlen(s));
}

static void fresh(const char *s)
{
	vt_init(vt);
	out(s);
}

/* Does the row begin with `want`, and is the rest of it empty? */
static bool row_is(int row, const char *want)
{
	char got[VT_COLS + 1];
	int len = VT_COLS;

	for (int col = 0; col < VT_COLS; col++)
		got[col] = (char)(vt->vt_cell[row][col] & 0xff);
	while (len > 0 && got[len - 1] == ' ')
		len--;
	got[len] = 0;
	if (strcmp(got, want) == 0)
		return true;
	printf("# row %d is \"%s\", expected \"%s\"\n", row, got, want);
	return false;
}

static bool at(int row, int col)
{
	if (vt->vt_cur.vc_row == row && vt->vt_cur.vc_col == col)
		return true;
	printf("# cursor at %d,%d, expected %d,%d\n", vt->vt_cur.vc_row, vt->vt_cur.vc_col, row, col);
	return false;
}

static u8 attr_at(int row, int col)
{
	return (u8)(vt->vt_cell[row][col] >> 8);
}

static void number_rows(void)
{
	for (int i = 0; i < VT_ROWS; i++) {
		char s[32];

		snprintf(s, sizeof(s), "\033[%d;1Hrow %d", i + 1, i);
		out(s);
	}
}

static void test_text(void)
{
	bool ok;

	fresh("one\r\ntwo\b\bX\tY");
	ok = row_is(0, "one") && row_is(1, "tXo     Y") && at(1, 9);
	check(ok, "text and controls");

	fresh("\033[1;79Hab");
	ok = at(0, 79);
	out("c");
	ok &= at(1, 1) && row_is(1, "c");
	fresh("\033[?7l\033[1;79Habc");
	ok &= at(0, 79) && row_is(1, "") && (vt->vt_cell[0][79] & 0xff) == 'c';
	fresh("\033[1;79Hab\r\nx");
	ok &= row_is(1, "x") && row_is(2, "");
	check(ok, "the last column");

	fresh("a\303\244\342\224\200\360\237\230\200b");
	ok = row_is(0, "a\204\304\376b");
	fresh("\303(\377\300\257x");
	ok &= row_is(0, "\376(\376\376\376x");
	check(ok, "UTF-8");
}

static void test_cursor(void)
{
	bool ok;

	fresh("\033[5;10H");
	ok = at(4, 9);
	out("\033[2A\033[3C\033[B\033[D");
	ok &= at(3, 11);
	out("\033[99A\033[999D");
	ok &= at(0, 0);
	out("\033[99;999H");
	ok &= at(24, 79);
	out("\033[H");
	ok &= at(0, 0);
	out("\033[7G\033[9d\033[2F");
	ok &= at(6, 0);
	out("\033[3;4H\033[1;31m\0337\033[H\033[m\0338");
	ok &= at(2, 3) && vt->vt_cur.vc_bold && vt->vt_cur.vc_fg == 1;
	out("\033[s\033[H\033[u");
	ok &= at(2, 3);
	check(ok, "cursor");

	fresh("\033[3;10r");
	ok = at(0, 0);
	out("\033[?6h");
	ok &= at(2, 0);
	out("\033[99;1H");
	ok &= at(9, 0);
	out("\033[6n");
	ok &= vt->vt_nreply == 6 && memcmp(vt->vt_reply, "\033[8;1R", 6) == 0;
	check(ok, "origin mode");

	fresh("\033[3g\033[1;5H\033H\033[1;20H\033H\r\t");
	ok = at(0, 4);
	out("\t\t");
	ok &= at(0, 79);
	out("\033[2Z");
	ok &= at(0, 4);
	check(ok, "tabs");
}

static void test_scrolling(void)
{
	bool ok;

	fresh("");
	number_rows();
	out("\033[25;1H\n\n");
	ok = row_is(0, "row 2") && row_is(24, "") && vt->vt_scrolled == 2;
	check(ok, "scrolling");

	fresh("");
	number_rows();
	out("\033[5;10r\033[10;1H\n");
	ok = row_is(3, "row 3") && row_is(4, "row 5") && row_is(9, "") && row_is(10, "row 10");
	out("\033[5;1H\033M");
	ok &= row_is(4, "") && row_is(5, "row 5") && row_is(10, "row 10") && vt->vt_scrolled == 0;
	out("\033[2S\033[T");
	ok &= row_is(4, "") && row_is(5, "row 6") && row_is(3, "row 3");
	check(ok, "scroll region");

	fresh("");
	number_rows();
	out("\033[3;1H\033[2L");
	ok = row_is(1, "row 1") && row_is(2, "") && row_is(4, "row 2") && row_is(24, "row 22");
	out("\033[99M");
	ok &= row_is(1, "row 1") && row_is(2, "") && row_is(24, "");
	check(ok, "insert and delete lines");
}

static void test_erasing(void)
{
	bool ok;

	fresh("abcdef\033[1;3H\033[K");
	ok = row_is(0, "ab");
	fresh("abcdef\033[1;3H\033[1K");
	ok &= row_is(0, "   def");
	fresh("abcdef\033[1;3H\033[2P");
	ok &= row_is(0, "abef");
	out("\033[1@");
	ok &= row_is(0, "ab ef");
	out("\033[4hXY\033[4l");
	ok &= row_is(0, "abXY ef");
	fresh("abcdef\033[1;2H\033[3X");
	ok &= row_is(0, "a   ef");
	fresh("");
	number_rows();
	out("\033[5;2H\033[J");
	ok &= row_is(3, "row 3") && row_is(4, "r") && row_is(5, "");
	number_rows();
	out("\033[5;2H\033[1J");
	ok &= row_is(3, "") && row_is(4, "  w 4") && row_is(5, "row 5");
	out("\033[44m\033[2J");
	ok &= row_is(5, "") && attr_at(5, 5) == 0x17;
	check(ok, "erasing");
}

static void test_colours(void)
{
	bool ok;

	fresh("a\033[1mb\033[31mc\033[7md\033[0;44me\033[38;5;196mf\033[48;2;0;255;0mg\033[mh\033[91mi");
	ok = attr_at(0, 0) == 0x07 && attr_at(0, 1) == 0x0f && attr_at(0, 2) == 0x0c;
	ok &= attr_at(0, 3) == 0x48 && attr_at(0, 4) == 0x17 && attr_at(0, 5) == 0x14;
	ok &= attr_at(0, 6) == 0x24 && attr_at(0, 7) == 0x07 && attr_at(0, 8) == 0x0c;
	check(ok, "colours");

	fresh("\033(0lqk\033(Bq\033)0\016x\017x");
	ok = row_is(0, "\332\304\277q\263x");
	check(ok, "line drawing");
}

static void test_odd(void)
{
	bool ok;

	fresh("a\033]0;title\ab\033]0;title\033\\c\033]P0123456d\033P1;2|junk\033\\e\033[?25lf");
	ok = row_is(0, "abcdef") && vt->vt_hidden;
	out("\033[1;2\030g\033[>1;2ch\033#8i\033%Gj");
	ok &= row_is(0, "abcdefghij");
	out("\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19mk\033[99999999999999Al");
	ok &= row_is(0, "abcdefghijkl");
	out("\033[\n\033[2\r;5Hm");
	ok &= row_is(1, "    m");
	check(ok, "strings and broken sequences");

	fresh("");
	out("\033[c\033[5n\033[?1h");
	ok = vt->vt_nreply == 9 && memcmp(vt->vt_reply, "\033[?6c\033[0n", 9) == 0 && vt->vt_appcursor;
	for (int i = 0; i < 100; i++)
		out("\033[c");
	ok &= vt->vt_nreply <= VT_REPLY;
	check(ok, "answers");
}

static void test_random(void)
{
	static const char likely[] = "\033[;?0123456789ABCDEFGHJKLMPSTXZ@`acdefghlmnrsu()#%78DEHMc\n\r\t\b\016\017]P\\";
	bool ok = true;

	srand(3);
	vt_init(vt);
	for (int i = 0; i < 2000000; i++) {
		u8 c = rand() % 4 ? (u8)likely[(size_t)rand() % (sizeof(likely) - 1)] : (u8)rand();

		vt_write(vt, &c, 1);
		ok &= vt->vt_cur.vc_row < VT_ROWS && vt->vt_cur.vc_col < VT_COLS;
		ok &= vt->vt_top < vt->vt_bottom && vt->vt_bottom < VT_ROWS;
		if (rand() % 100 == 0)
			vt->vt_nreply = 0;
	}
	check(ok, "random");
}

int main(void)
{
	vt = malloc(sizeof(*vt));
	test_text();
	test_cursor();
	test_scrolling();
	test_erasing();
	test_colours();
	test_odd();
	test_random();
	free(vt);
	return failed;
}
