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
 * Takes the last character, which begins at `from`, off the screen; it is still
 * in the ring.
 */
static void rub_out(struct ldisc *ld, u32 from)
{
	bool tab = ld->ld_tail - from == 1 && ld_in_at(ld, from) == '\t';
	u32 n = 0;

	for (u32 pos = from; pos != ld->ld_tail; pos++) {
		u8 c = ld_in_at(ld, pos);

		n += width(ld, c, c == '\t' ? column_of_tab(ld, pos) : 0);
	}
	while (n--) {
		ld_echo_raw(ld, '\b');
		if (tab)
			continue;
		ld_echo_raw(ld, ' ');
		ld_echo_raw(ld, '\b');
	}
}

/*
 * The place of the last character, which may be several bytes, of the line
 * being typed.
 */
static u32 last_char(const struct ldisc *ld)
{
	u32 pos = ld->ld_tail - 1;

	while (pos != ld->ld_canon && ld_is_continuation(ld, ld_in_at(ld, pos)))
		pos--;
	return pos;
}

static void erase_last(struct ldisc *ld)
{
	u32 from = last_char(ld);

	if (ld_lflag(ld, ECHO)) {
		if (ld_lflag(ld, ECHOPRT)) {
			if (!ld->ld_erasing)
				ld_echo_raw(ld, '\\');
			ld->ld_erasing = true;
			for (u32 pos = from; pos != ld->ld_tail; pos++)
				ld_echo(ld, ld_in_at(ld, pos));
		} else if (ld_lflag(ld, ECHOE)) {
			rub_out(ld, from);
		}
	}
	ld->ld_tail = from;
}

void ld_erase(struct ldisc *ld, u8 c)
{
	if (ld->ld_tail == ld->ld_canon)
		return;
	if (ld_lflag(ld, ECHO) && !ld_lflag(ld, ECHOE | ECHOPRT))
		ld_echo(ld, c);
	erase_last(ld);
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c >= 0x80;
}

/* What is not a word, then the word before it. */
void ld_erase_word(struct ldisc *ld)
{
	while (ld->ld_tail != ld->ld_canon && !is_word(ld_in_at(ld, ld->ld_tail - 1)))
		erase_last(ld);
	while (ld->ld_tail != ld->ld_canon && is_word(ld_in_at(ld, ld->ld_tail - 1)))
		erase_last(ld);
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
	/* What does not fit into the output ring would not be shown anyway. */
	while (ld->ld_tail != ld->ld_canon && ldisc_room(ld) > 0)
		erase_last(ld);
	ld->ld_tail = ld->ld_canon;
}

/* Again, from the column where we are. */
void ld_show_line(struct ldisc *ld)
{
	ld->ld_linecol = ld->ld_column;
	for (u32 pos = ld->ld_canon; pos != ld->ld_tail && ldisc_room(ld) > 0; pos++)
		ld_echo(ld, ld_in_at(ld, pos));
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
