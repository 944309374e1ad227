/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's line editing: what the erase, kill, reprint and quote
 * characters do to the line and on the screen.
 */
#include "fs/tty_ldisc_impl.h"

/* Columns that c takes as it was echoed, at column col. */
static u32 width(const struct ldisc *ld, u8 c, u32 col)
{
	if (c == '\t')
		return TABSTOP - col % TABSTOP;
	if (c < 0x20 || c == 0x7f)
		return ld_lflag(ld, ECHOCTL) ? 2 : 0;
	return !ld_is_continuation(ld, c);
}

/*
 * The column of the line's character at `pos`, which is a tab, less whole tabs:
 * what stands behind the tab before it counts.
 */
static u32 column_of_tab(const struct ldisc *ld, u32 pos)
{
	u32 col = 0;

	while (pos != ld->ld_canon) {
		u8 c = ld_in_at(ld, --pos);

		if (c == '\t')
			return col;
		col += width(ld, c, 0);
	}
	return ld->ld_linecol + col;
}

void ld_finish_erasing(struct ldisc *ld)
{
	if (!ld->ld_erasing)
		return;
	ld_echo_raw(ld, '/');
	ld->ld_erasing = false;
}

/*
 * Takes the characters from `from` on off the screen; they are still in the
 * ring.
 */
static void rub_out(struct ldisc *ld, u32 from)
{
	u32 n = 0;

	for (u32 pos = ld->ld_tail; pos != from && ldisc_room(ld) > 0;) {
		u8 c = ld_in_at(ld, --pos);

		if (c != '\t') {
			n += width(ld, c, 0);
			continue;
		}
		ld_step_back(ld, n, true);
		n = 0;
		ld_step_back(ld, width(ld, c, column_of_tab(ld, pos)), false);
	}
	ld_step_back(ld, n, true);
}

/* The place of the character before `pos`, which may be several bytes. */
static u32 char_before(const struct ldisc *ld, u32 pos)
{
	pos--;
	while (pos != ld->ld_canon && ld_is_continuation(ld, ld_in_at(ld, pos)))
		pos--;
	return pos;
}

/* ECHOPRT: shows the last character as erased. */
static void print_erased(struct ldisc *ld, u32 from)
{
	if (!ld->ld_erasing)
		ld_echo_raw(ld, '\\');
	ld->ld_erasing = true;
	for (u32 pos = from; pos != ld->ld_tail; pos++)
		ld_echo(ld, ld_in_at(ld, pos));
}

/*
 * Erases the characters from `from` on. What does not fit into the output ring
 * is not shown.
 */
static void erase_to(struct ldisc *ld, u32 from)
{
	bool print = ld_lflag(ld, ECHO) && ld_lflag(ld, ECHOPRT);

	while (print && ld->ld_tail != from && ldisc_room(ld) > 0) {
		u32 last = char_before(ld, ld->ld_tail);

		print_erased(ld, last);
		ld->ld_tail = last;
	}
	if (!print && ld_lflag(ld, ECHO) && ld_lflag(ld, ECHOE))
		rub_out(ld, from);
	ld->ld_tail = from;
}

void ld_erase(struct ldisc *ld, u8 c)
{
	if (ld->ld_tail == ld->ld_canon)
		return;
	if (ld_lflag(ld, ECHO) && !ld_lflag(ld, ECHOE | ECHOPRT))
		ld_echo(ld, c);
	erase_to(ld, char_before(ld, ld->ld_tail));
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

/* What is not a word, then the word before it. */
void ld_erase_word(struct ldisc *ld)
{
	u32 from = ld->ld_tail;

	while (from != ld->ld_canon && !is_word(ld_in_at(ld, from - 1)))
		from = char_before(ld, from);
	while (from != ld->ld_canon && is_word(ld_in_at(ld, from - 1)))
		from = char_before(ld, from);
	erase_to(ld, from);
}

void ld_erase_line(struct ldisc *ld, u8 c)
{
	bool visual = ld_lflag(ld, ECHOK) && ld_lflag(ld, ECHOKE) && ld_lflag(ld, ECHOE);

	if (ld_lflag(ld, ECHO) && !visual) {
		ld->ld_tail = ld->ld_canon;
		ld_echo(ld, c);
		if (ld_lflag(ld, ECHOK))
			ld_echo_raw(ld, '\n');
		return;
	}
	erase_to(ld, ld->ld_canon);
}

/* Again, from the column where we are. */
void ld_show_line(struct ldisc *ld)
{
	u32 at = ld->ld_canon % LD_INSIZE, len = ld->ld_tail - ld->ld_canon, first = MIN(len, LD_INSIZE - at);

	ld->ld_linecol = ld->ld_column;
	ld_echo_run(ld, ld->ld_in + at, first);
	ld_echo_run(ld, ld->ld_in, len - first);
}

void ld_reprint(struct ldisc *ld, u8 c)
{
	ld_finish_erasing(ld);
	ld_echo(ld, c);
	ld_echo_raw(ld, '\n');
	ld_show_line(ld);
}

void ld_quote_next(struct ldisc *ld)
{
	ld->ld_lnext = true;
	if (!ld_lflag(ld, ECHO))
		return;
	ld_finish_erasing(ld);
	if (ld_lflag(ld, ECHOCTL)) {
		ld_echo_raw(ld, '^');
		ld_echo_raw(ld, '\b');
	}
}
