/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what stands between the characters on a line and what programs read and write (POSIX.1-2017,
 * chapter 11). Knows no hardware, process or lock, so that it compiles natively for its test.
 *
 *   hardware -> ldisc_input -> [ input ring ] -> ldisc_read  -> program
 *                    | echo
 *   hardware <- ldisc_pull  <- [ output ring ] <- ldisc_write <- program
 *
 * The input ring, indices running free:      ld_head      ld_canon     ld_tail
 *                                              | lines ... |  line being typed  |
 * Without ICANON everything up to ld_tail can be read. In ld_mark a bit is set for each character that ends a line; an end of
 * file is a 0 with such a mark.
 * Locks: the owner's; each function is called with it held.
 */
#ifndef FS_TTY_LDISC_H
#define FS_TTY_LDISC_H

#include "kernel/abi/termios.h"
#include "kernel/lib/types.h"

#define LD_INSIZE 4096u /* powers of two */
#define LD_OUTSIZE 8192u
#define LD_THROTTLE \
	512u /* room in the input ring at which the hardware is held back; more than any burst of it */

/* What the owner must do after input. */
#define LD_EV_INTR 0x01u /* signals to the foreground group */
#define LD_EV_QUIT 0x02u
#define LD_EV_SUSP 0x04u
#define LD_EV_INPUT 0x08u   /* readers may find something */
#define LD_EV_FLUSHED 0x10u /* the output ring was emptied: writers may go on */
#define LD_EV_CKPT 0x20u    /* a checkpoint of the foreground group */
#define LD_EV_KEYS (LD_EV_INTR | LD_EV_QUIT | LD_EV_SUSP | LD_EV_CKPT)

enum ld_error { LD_BREAK, LD_PARITY, LD_OVERRUN };

struct ldisc {
	struct abi_termios ld_t;

	u32 ld_head, ld_canon, ld_tail;
	u32 ld_linecol;	 /* column at which the line being typed began */
	bool ld_lnext;	 /* the next character is taken as it is */
	bool ld_erasing; /* ECHOPRT: inside \.../ */
	u32 ld_dropped;	 /* characters lost to a full ring */

	u32 ld_ohead, ld_otail;
	u32 ld_column;
	bool ld_stopped; /* by VSTOP */
	bool ld_tcooff;	 /* by tcflow() */
	u8 ld_xchar;	 /* START or STOP to be sent before anything else; 0: none */

	u8 ld_mark[LD_INSIZE / 8];
	u8 ld_in[LD_INSIZE];
	u8 ld_out[LD_OUTSIZE];
};

void ldisc_init(struct ldisc *ld, const struct abi_termios *t);
/* What a terminal starts with: as "stty sane". */
void ldisc_default_termios(struct abi_termios *t);
/* Changes the settings; what has been typed stays readable. */
void ldisc_set(struct ldisc *ld, const struct abi_termios *t);

/* From the hardware. Both return LD_EV_*. */
u32 ldisc_input(struct ldisc *ld, const u8 *buf, size_t len);
u32 ldisc_rxerror(struct ldisc *ld, u8 c, enum ld_error error);

/* Should the hardware be held back? A line being typed alone never does that, or it could not be ended. */
bool ldisc_input_full(const struct ldisc *ld);
/* Is there room enough to let it go on? */
bool ldisc_input_low(const struct ldisc *ld);

/* Is there a line (ICANON), or are there `min` characters (at least one)? */
bool ldisc_readable(const struct ldisc *ld, u32 min);
/* Moves characters to buf, at most to the end of one line; *end: the line ended there (without ICANON never). */
size_t ldisc_read(struct ldisc *ld, u8 *buf, size_t size, bool *end);
u32 ldisc_inq(const struct ldisc *ld); /* for FIONREAD */
void ldisc_flush_in(struct ldisc *ld);

/* From programs: returns how many characters were taken. */
size_t ldisc_write(struct ldisc *ld, const u8 *buf, size_t len);
/* Room in the output ring; a character needs up to 8 places. */
u32 ldisc_room(const struct ldisc *ld);
#define LD_EXPANSION 8u
/*
 * A line of the kernel's own, as echo: it begins a new line if need be, and what is being typed is shown again behind it. Not without
 * ECHO, unless `always`, and not if there is no room.
 */
void ldisc_message(struct ldisc *ld, const char *text, bool always);
/* To the hardware: a run of bytes at *buf, 0 if there are none or output is stopped; and how many of them it took. */
size_t ldisc_pull(struct ldisc *ld, const u8 **buf);
void ldisc_pulled(struct ldisc *ld, size_t n);
u32 ldisc_outq(const struct ldisc *ld);
void ldisc_flush_out(struct ldisc *ld);

/* All of it but the settings, as a checkpoint keeps it. */
#define LS_LNEXT 1u
#define LS_ERASING 2u
#define LS_STOPPED 4u
#define LS_TCOOFF 8u
#define LS_FLAGS 15u

struct ldisc_state {
	u32 ls_nin, ls_canon; /* what can be read and what is being typed, bytes; the ended lines of that */
	u32 ls_nout;
	u32 ls_linecol, ls_column;
	u32 ls_flags; /* LS_* */
	u8 ls_xchar;
	u8 ls_mark[LD_INSIZE / 8]; /* of ls_in */
	u8 ls_in[LD_INSIZE], ls_out[LD_OUTSIZE];
};

/* The same state gives the same bytes, zeros behind. */
void ldisc_get_state(struct ldisc *ld, struct ldisc_state *ls);
/* ls_canon <= ls_nin <= LD_INSIZE, ls_nout <= LD_OUTSIZE. Nothing is said to anybody. */
void ldisc_put_state(struct ldisc *ld, const struct ldisc_state *ls);

#endif
