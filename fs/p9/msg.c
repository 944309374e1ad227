/* SPDX-License-Identifier: MIT */
/* 9P messages: put together, sent, taken apart. */
#include "fs/p9/msg.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"

#define LAST_ERRNO 133u /* Linux's largest; beyond lie the kernel's own */

void p9_begin(struct p9_call *c, struct p9mount *pm, u8 type)
{
	*c = (struct p9_call){ .pc_mount = pm, .pc_type = type, .pc_len = P9_HEADER };
	c->pc_slot = v9p_slot_get(pm->pm_dev);
}

u8 *p9_room(struct p9_call *c, u32 n)
{
	u8 *p = c->pc_slot->ps_tx + c->pc_len;

	ASSERT(n <= P9_MSIZE - c->pc_len);
	c->pc_len += n;
	return p;
}

static void msg_put(struct p9_call *c, u64 v, u32 n)
{
	u8 *p = p9_room(c, n);

	for (u32 i = 0; i < n; i++)
		p[i] = (u8)(v >> 8 * i);
}

void p9_put8(struct p9_call *c, u8 v)
{
	msg_put(c, v, 1);
}

void p9_put16(struct p9_call *c, u16 v)
{
	msg_put(c, v, 2);
}

void p9_put32(struct p9_call *c, u32 v)
{
	msg_put(c, v, 4);
}

void p9_put64(struct p9_call *c, u64 v)
{
	msg_put(c, v, 8);
}

void p9_putstr(struct p9_call *c, const char *s, u32 len)
{
	p9_put16(c, (u16)len);
	memcpy(p9_room(c, len), s, len);
}

const u8 *p9_take(struct p9_call *c, u32 n)
{
	const u8 *p = c->pc_in;

	if (n > c->pc_left) {
		c->pc_bad = true;
		c->pc_left = 0;
		return NULL;
	}
	c->pc_in += n;
	c->pc_left -= n;
	return p;
}

static u64 msg_get(struct p9_call *c, u32 n)
{
	const u8 *p = p9_take(c, n);
	u64 v = 0;

	for (u32 i = 0; p && i < n; i++)
		v |= (u64)p[i] << 8 * i;
	return v;
}

u8 p9_get8(struct p9_call *c)
{
	return (u8)msg_get(c, 1);
}

u16 p9_get16(struct p9_call *c)
{
	return (u16)msg_get(c, 2);
}

u32 p9_get32(struct p9_call *c)
{
	return (u32)msg_get(c, 4);
}

u64 p9_get64(struct p9_call *c)
{
	return msg_get(c, 8);
}

u64 p9_getqid(struct p9_call *c)
{
	p9_take(c, 5); /* type, version */
	return p9_get64(c);
}

/*
 * The request has been put together: its header, which p9_begin() left room
 * for.
 */
static void put_header(struct p9_call *c)
{
	u32 len = c->pc_len;

	c->pc_len = 0;
	p9_put32(c, len);
	p9_put8(c, c->pc_type);
	p9_put16(c, c->pc_slot->ps_tag);
	c->pc_len = len;
}

int p9_call(struct p9_call *c)
{
	u32 type, tag, number;
	int error;

	put_header(c);
	error = v9p_transact(c->pc_mount->pm_dev, c->pc_slot, c->pc_len);
	if (error)
		return error;
	c->pc_in = c->pc_slot->ps_rx;
	c->pc_left = P9_HEADER;
	c->pc_left = p9_get32(c); /* checked by v9p_transact() */
	c->pc_left -= 4;
	type = p9_get8(c);
	tag = p9_get16(c);
	if (tag != c->pc_slot->ps_tag)
		return -EIO;
	if (type == P9_RLERROR) {
		number = p9_get32(c);
		return number > 0 && number <= LAST_ERRNO ? -(int)number : -EIO;
	}
	return type == c->pc_type + 1u ? 0 : -EIO;
}

int p9_end(struct p9_call *c, int error)
{
	v9p_slot_put(c->pc_mount->pm_dev, c->pc_slot);
	return error ? error : c->pc_bad ? -EIO : 0;
}
