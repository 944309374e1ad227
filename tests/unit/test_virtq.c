/* SPDX-License-Identifier: MIT */
/* The virtqueue against a device played by the test: honest, then hostile. */
#include "kernel/dev/virtq.c"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	printf("\nFAIL panic\n");
	exit(1);
}

#define SIZE 16
#define INDLEN 8
#define IND_PA 0x100000u

static u8 mem[3 * PAGE_SIZE] __aligned(4096);
static u16 own[2 * SIZE];
static struct vring_desc ind[SIZE * INDLEN];
static struct virtq vq;
static u16 dev_avail; /* the device's place in the available ring */

static void setup(bool indirect, bool event_idx)
{
	memset(mem, 0, sizeof(mem));
	dev_avail = 0;
	virtq_init(&vq, SIZE, mem, own, event_idx);
	if (indirect)
		virtq_set_indirect(&vq, ind, IND_PA, INDLEN);
}

/* Adds a chain of n pieces, the last one for the device to write; piece i lies at base + i. */
static u16 add(u32 n, u32 base, u32 table)
{
	struct virtq_seg seg[SIZE];

	for (u32 i = 0; i < n; i++)
		seg[i] = (struct virtq_seg){ .vs_pa = base + i, .vs_len = i + 1 };
	return virtq_add(&vq, seg, n - 1, 1, table);
}

/* Walks the chain as a device does; true if it holds what add() put in. */
static bool chain_ok(u16 head, u32 n, u32 base)
{
	const struct vring_desc *table = vq.vq_desc;
	u32 at = head;

	if (vq.vq_desc[head].vr_flags & DESC_INDIRECT) {
		table = ind + (vq.vq_desc[head].vr_addr - IND_PA) / sizeof(*table);
		if (vq.vq_desc[head].vr_len != n * sizeof(*table))
			return false;
		at = 0;
	}
	for (u32 i = 0; i < n; i++, at = table[at].vr_next) {
		bool last = i + 1 == n;

		if (table[at].vr_addr != base + i || table[at].vr_len != i + 1)
			return false;
		if (((table[at].vr_flags & DESC_NEXT) == 0) != last ||
		    ((table[at].vr_flags & DESC_WRITE) != 0) != last)
			return false;
	}
	return true;
}

static u16 dev_take(void)
{
	return vq.vq_avail->va_ring[dev_avail++ % SIZE];
}

static void dev_done(u32 head)
{
	vq.vq_used->vu_ring[vq.vq_used->vu_idx % SIZE].vu_id = head;
	vq.vq_used->vu_idx++;
}

/* Many requests of many lengths, done out of order, over the wrap of the 16-bit indices. */
static void test_traffic(bool indirect, const char *name)
{
	u16 flying[SIZE];
	u32 nfly = 0, len[SIZE], base[SIZE], table = 0;
	bool ok = true;

	setup(indirect, true);
	srand(1);
	for (u32 step = 0; step < 200000 && ok; step++) {
		u32 n = 2 + (u32)rand() % 5;

		if (rand() % 2 && virtq_fits(&vq, n)) {
			u16 head = add(n, step, table++ % SIZE);

			ok &= dev_take() == head && chain_ok(head, n, step);
			len[nfly] = n;
			base[nfly] = step;
			flying[nfly++] = head;
		} else if (nfly) {
			u32 pick = (u32)rand() % nfly;
			u16 head;

			ok &= indirect || chain_ok(flying[pick], len[pick], base[pick]);
			dev_done(flying[pick]);
			ok &= virtq_pop(&vq, &head) == 1 && head == flying[pick];
			nfly--;
			flying[pick] = flying[nfly];
			len[pick] = len[nfly];
			base[pick] = base[nfly];
		}
	}
	while (nfly) {
		u16 head;

		dev_done(flying[--nfly]);
		ok &= virtq_pop(&vq, &head) == 1;
	}
	check(ok && vq.vq_nfree == SIZE, name);
}

static void test_full(void)
{
	bool ok = true;

	setup(false, false);
	for (u32 i = 0; i < SIZE / 4; i++)
		add(4, i, 0);
	ok &= !virtq_fits(&vq, 1);
	setup(true, false);
	for (u32 i = 0; i < SIZE; i++)
		add(4, i, i);
	ok &= !virtq_fits(&vq, 1) && !virtq_fits(&vq, 4);
	check(ok, "full");
}

static void test_kick(void)
{
	bool ok = true;

	setup(true, false);
	ok &= !virtq_must_kick(&vq);
	add(2, 0, 0);
	ok &= virtq_must_kick(&vq) && !virtq_must_kick(&vq);
	vq.vq_used->vu_flags = USED_NO_NOTIFY;
	add(2, 0, 1);
	ok &= !virtq_must_kick(&vq);

	setup(true, true);
	*avail_event(&vq) = 2; /* told only when the third is there */
	add(2, 0, 0);
	add(2, 0, 1);
	ok &= !virtq_must_kick(&vq);
	add(2, 0, 2);
	ok &= virtq_must_kick(&vq);
	check(ok, "kick");
}

static void test_interrupt_race(void)
{
	bool ok = true;
	u16 head;

	setup(true, true);
	add(2, 0, 0);
	ok &= virtq_enable_intr(&vq) && *used_event(&vq) == 0;
	dev_done(dev_take());
	ok &= !virtq_enable_intr(&vq);
	ok &= virtq_pop(&vq, &head) == 1 && virtq_enable_intr(&vq) && *used_event(&vq) == 1;
	check(ok, "interrupt race");
}

static void test_hostile(void)
{
	bool ok = true;
	u16 head;

	setup(true, false);
	add(2, 0, 0);
	dev_done(SIZE); /* no such head */
	ok &= virtq_pop(&vq, &head) == -EIO;

	setup(true, false);
	add(2, 0, 0);
	dev_done(5); /* not in flight */
	ok &= virtq_pop(&vq, &head) == -EIO;

	setup(true, false);
	head = add(2, 0, 0);
	dev_done(head);
	dev_done(head); /* twice */
	ok &= virtq_pop(&vq, &head) == 1 && virtq_pop(&vq, &head) == -EIO;

	setup(true, false);
	add(2, 0, 0);
	vq.vq_used->vu_idx = SIZE + 1; /* more than there can be */
	ok &= virtq_pop(&vq, &head) == -EIO;

	setup(false, false);
	head = add(4, 0, 0);
	for (u32 i = 0; i < SIZE; i++) /* descriptors overwritten: our own records count */
		vq.vq_desc[i].vr_next = 0xffff;
	dev_done(head);
	ok &= virtq_pop(&vq, &head) == 1 && vq.vq_nfree == SIZE;
	for (u32 i = 0; i < SIZE / 4; i++)
		add(4, i, 0);
	ok &= vq.vq_nfree == 0;
	check(ok, "hostile device");
}

int main(void)
{
	test_traffic(false, "traffic, direct");
	test_traffic(true, "traffic, indirect");
	test_full();
	test_kick();
	test_interrupt_race();
	test_hostile();
	return failed;
}
