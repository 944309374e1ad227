/* SPDX-License-Identifier: MIT */
/* The line discipline at random: nothing breaks, and a copy by way of its state goes on as the original does. */
#include "tests/unit/ldisc_world.h"

/* Random bytes, settings, reads: nothing may break (the sanitizers watch), and every byte of raw mode comes through. */
static void test_random(void)
{
	bool ok = true;

	fresh();
	srand(2);
	for (int i = 0; i < 300000 && ok; i++) {
		u8 buf[64];
		bool end;

		for (size_t k = 0; k < sizeof(buf); k++)
			buf[k] = (u8)rand();
		switch (rand() % 9) {
		case 0:
			t.c_lflag = (u32)rand() & 0xffff;
			t.c_iflag = (u32)rand() & 0x7fff;
			t.c_oflag = (u32)rand() & 0x1fff;
			ldisc_set(ld, &t);
			break;
		case 1:
		case 2:
		case 3: ldisc_input(ld, buf, (size_t)rand() % sizeof(buf)); break;
		case 4: ldisc_write(ld, buf, (size_t)rand() % sizeof(buf)); break;
		case 5: ldisc_rxerror(ld, buf[0], rand() % 3); break;
		case 6: ldisc_read(ld, buf, (size_t)rand() % sizeof(buf), &end); break;
		case 7:
			t.c_cc[VCKPT] = buf[0];
			ldisc_message(ld, "[message]", false);
			break;
		default: shown(); break;
		}
		ok &= ld->ld_tail - ld->ld_head <= LD_INSIZE && ld->ld_canon - ld->ld_head <= LD_INSIZE;
		ok &= ld->ld_tail - ld->ld_canon <= LD_INSIZE && ldisc_outq(ld) <= LD_OUTSIZE;
	}
	check(ok, "random");

	fresh();
	t.c_lflag = t.c_iflag = 0;
	ldisc_set(ld, &t);
	ok = true;
	for (u32 in = 0, out = 0; out < 100000 && ok;) {
		u8 buf[100];
		u32 n = (u32)rand() % 100;
		bool end;

		if (!ldisc_input_full(ld)) {
			for (u32 k = 0; k < n; k++)
				buf[k] = (u8)(in++ * 7);
			ldisc_input(ld, buf, n);
		}
		n = (u32)ldisc_read(ld, buf, (size_t)rand() % 100, &end);
		for (u32 k = 0; k < n; k++)
			ok &= buf[k] == (u8)(out++ * 7);
	}
	check(ok && ld->ld_dropped == 0, "raw mode loses nothing");
}

/* One random step of l; what came of it. */
static u32 step(struct ldisc *l, u32 what, u32 seed, u8 *out)
{
	static const u8 typed[] = "ab \t\r\n\177\025\027\022\026\003\004\021\023\377z";
	struct abi_termios now;
	const u8 *p;
	u32 n = 0;
	bool end;

	switch (what) {
	case 0:
	case 1:
	case 2: return ldisc_input(l, &typed[seed % (sizeof(typed) - 1)], 1);
	case 3: return (u32)ldisc_write(l, typed + seed % 4, 8);
	case 4: n = (u32)ldisc_read(l, out, seed % 9, &end); return n + (end ? 1000 : 0);
	case 5:
		n = (u32)MIN(ldisc_pull(l, &p), (size_t)(seed % 5));
		memcpy(out, p, n);
		ldisc_pulled(l, n);
		return n;
	case 6: return ldisc_rxerror(l, 'e', LD_PARITY);
	default:
		now = l->ld_t;
		now.c_lflag ^= seed % 16 == 0	? ICANON
			       : seed % 16 == 1 ? ECHOPRT
			       : seed % 16 == 2 ? ECHO
						: 0;
		ldisc_set(l, &now);
		return 0;
	}
}

/* A copy by way of its state goes on as the original does, whatever happened before. */
static void test_state(void)
{
	struct ldisc *copy = malloc(sizeof(*copy));
	struct ldisc_state *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
	bool ok = true;

	srand(7);
	for (u32 round = 0; round < 300 && ok; round++) {
		u8 x[16] = { 0 }, y[16] = { 0 };

		fresh();
		ld->ld_head = ld->ld_canon = ld->ld_tail = (u32)rand();
		ld->ld_ohead = ld->ld_otail = (u32)rand();
		for (u32 i = 0; i < (u32)rand() % 3000; i++)
			step(ld, (u32)rand() % 8, (u32)rand(), x);
		ldisc_get_state(ld, a);
		memset(copy, 0xa5, sizeof(*copy));
		ldisc_init(copy, &ld->ld_t);
		ldisc_put_state(copy, a);
		ldisc_get_state(copy, b);
		ok = memcmp(a, b, sizeof(*a)) == 0;
		memcpy(y, x, sizeof(x));
		for (u32 i = 0; i < 1000 && ok; i++) {
			u32 what = (u32)rand() % 8, seed = (u32)rand();

			/* A pull ends where the ring does. */
			if (what == 5)
				seed = 1;
			ok = step(ld, what, seed, x) == step(copy, what, seed, y) &&
			     memcmp(x, y, sizeof(x)) == 0;
		}
		ldisc_get_state(ld, a);
		ldisc_get_state(copy, b);
		ok &= memcmp(a, b, sizeof(*a)) == 0;
	}
	check(ok, "a copy by way of its state goes on the same");

	fresh();
	ldisc_write(ld, (const u8 *)"12345> ", 7);
	type("a\tb");
	shown();
	ldisc_get_state(ld, a);
	fresh();
	ldisc_put_state(ld, a);
	type("\177\177c\n");
	check(shows("\b \b\b\b\b\b\b\b\b\bc\r\n") && reads("ac\n"), "and knows where the line began");
	free(copy);
	free(a);
	free(b);
}
