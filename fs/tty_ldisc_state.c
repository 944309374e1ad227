/* SPDX-License-Identifier: MIT */
/*
 * The line discipline as a checkpoint keeps it: what is in its rings, from
 * their first place on.
 */
#include "fs/tty_ldisc_impl.h"
#include "kernel/lib/string.h"

static const struct {
	size_t field;
	u32 flag;
} kept[] = {
	{ offsetof(struct ldisc, ld_lnext), LS_LNEXT },
	{ offsetof(struct ldisc, ld_erasing), LS_ERASING },
	{ offsetof(struct ldisc, ld_stopped), LS_STOPPED },
	{ offsetof(struct ldisc, ld_tcooff), LS_TCOOFF },
};

static bool *field(struct ldisc *ld, u32 i)
{
	return (bool *)((u8 *)ld + kept[i].field);
}

void ldisc_get_state(struct ldisc *ld, struct ldisc_state *ls)
{
	memset(ls, 0, sizeof(*ls));
	ls->ls_nin = ld->ld_tail - ld->ld_head;
	ls->ls_canon = ld->ld_canon - ld->ld_head;
	ls->ls_nout = ldisc_outq(ld);
	ls->ls_linecol = ld->ld_linecol;
	ls->ls_column = ld->ld_column;
	ls->ls_xchar = ld->ld_xchar;
	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		ls->ls_flags |= *field(ld, i) ? kept[i].flag : 0;
	for (u32 i = 0; i < ls->ls_nin; i++) {
		u32 pos = ld->ld_head + i;

		ls->ls_in[i] = ld_in_at(ld, pos);
		if (ld_marked(ld, pos))
			ls->ls_mark[i / 8] |= (u8)(1u << i % 8);
	}
	for (u32 i = 0; i < ls->ls_nout; i++)
		ls->ls_out[i] = ld->ld_out[(ld->ld_ohead + i) % LD_OUTSIZE];
}

void ldisc_put_state(struct ldisc *ld, const struct ldisc_state *ls)
{
	ld->ld_head = ld->ld_ohead = 0;
	ld->ld_tail = ls->ls_nin;
	ld->ld_canon = ls->ls_canon;
	ld->ld_otail = ls->ls_nout;
	ld->ld_linecol = ls->ls_linecol;
	ld->ld_column = ls->ls_column;
	ld->ld_xchar = ls->ls_xchar;
	for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
		*field(ld, i) = (ls->ls_flags & kept[i].flag) != 0;
	memcpy(ld->ld_mark, ls->ls_mark, sizeof(ld->ld_mark));
	memcpy(ld->ld_in, ls->ls_in, ls->ls_nin);
	memcpy(ld->ld_out, ls->ls_out, ls->ls_nout);
}
