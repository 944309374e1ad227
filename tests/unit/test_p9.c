/* SPDX-License-Identifier: MIT */
/* 9P requests and replies, against a host played by the test: honest, then hostile. */
#include "fs/p9/entries.c"
#include "fs/p9/msg.c"
#include "fs/p9/proto.c"
#include "fs/p9/proto_io.c"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define GUARD 64u
#define ROUNDS 200000

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

/* --- The device: one slot, and a reply that the test has put together. */
static u8 *tx, *rx;
static struct p9_slot slot;
static u32 slots_out, sent;
static u8 reply[P9_MSIZE];
static u32 reply_len;
static bool keep_header; /* the reply's header is the test's, too */

struct p9_slot *v9p_slot_get(struct v9p *v)
{
	if (slots_out++ != 0)
		panic("two slots at a time");
	return &slot;
}

void v9p_slot_put(struct v9p *v, struct p9_slot *s)
{
	slots_out--;
}

int v9p_transact(struct v9p *v, struct p9_slot *s, u32 len)
{
	u32 got;

	sent = len;
	/* A reply's bytes end where the memory does: whoever reads on is caught. */
	rx = realloc(rx, MAX(reply_len, 7u));
	memcpy(rx, reply, reply_len);
	s->ps_rx = rx;
	if (!keep_header) {
		memcpy(rx, &reply_len, 4);
		rx[4] = (u8)(tx[4] + 1);
		memcpy(rx + 5, tx + 5, 2);
	}
	memcpy(&got, rx, 4);
	return got >= 7 && got <= reply_len ? 0 : -EIO;
}

/* Takes up to uio_done bytes, as if the page behind them were not there. */
int uiomove(void *kbuf, size_t n, struct uio *u)
{
	size_t take = MIN(n, u->uio_done);

	if (u->uio_write)
		memset(kbuf, 'u', take);
	u->uio_resid -= take;
	u->uio_offset += (off_t)take;
	u->uio_done -= take;
	return take < n ? -EFAULT : 0;
}

void *page_kva(const struct page *pg)
{
	return (void *)pg;
}

static struct p9mount pm = { .pm_iomax = P9_IOMAX };

static void begin(void)
{
	reply_len = 7;
	keep_header = false;
}

static void add(u64 v, u32 n)
{
	memcpy(reply + reply_len, &v, n);
	reply_len += n;
}

/* --- Honest replies */

static void honest(void)
{
	struct p9_name name = { "file", 4 };
	struct vattr va;
	u8 buf[64];

	begin();
	add(4096 + 24, 4);
	add(8, 2);
	memcpy(reply + reply_len, "9P2000.L", 8);
	reply_len += 8;
	check(p9_version(&pm) == 0 && pm.pm_iomax == 4096, "version: the smaller size counts");
	check(tx[4] == 100 && tx[0] == sent && memcmp(tx + 13, "9P2000.L", 8) == 0, "version: the request");
	pm.pm_iomax = P9_IOMAX;

	begin();
	add(1, 2);
	add(0, 8);
	add(0, 5);
	check(p9_walk(&pm, 5, 6, &name) == 0, "walk");
	check(sent == 7 + 4 + 4 + 2 + 2 + 4 && tx[7] == 5 && tx[11] == 6 && tx[15] == 1 &&
		      tx[17] == 4 && !memcmp(tx + 19, "file", 4),
	      "walk: the request");
	begin();
	add(0, 2);
	check(p9_walk(&pm, 5, 6, &name) == -ENOENT, "walk: not all of the way");

	begin();
	add(0x7ff, 8);
	add(0, 5);
	add(77, 8);
	add(0100644, 4);
	add(1, 4);
	add(2, 4);
	for (u64 v = 3; v < 8; v++) /* nlink, rdev, size, blksize, blocks */
		add(v, 8);
	for (int i = 0; i < 10; i++)
		add(1000 + i, 8);
	check(p9_getattr(&pm, 5, &va) == 0 && va.va_type == VREG && va.va_ino == 77 &&
		      va.va_nlink == 3 && va.va_size == 5 && va.va_blksize == 4096 &&
		      va.va_mtime.tv_sec == 1002 && va.va_uid == 1 && va.va_gid == 2,
	      "getattr");
	reply_len--;
	check(p9_getattr(&pm, 5, &va) == 0, "getattr: the last fields are not needed");
	reply_len = 60;
	check(p9_getattr(&pm, 5, &va) == -EIO, "getattr: cut short");

	begin();
	add(3, 4);
	add(0x636261, 3);
	check(p9_pread(&pm, 5, buf, 10, 0) == 3 && !memcmp(buf, "abc", 3), "read");
	begin();
	add(11, 4);
	reply_len += 11;
	check(p9_pread(&pm, 5, buf, 10, 0) == -EIO, "read: more than was asked for");
	begin();
	add(9, 4);
	check(p9_pread(&pm, 5, buf, 10, 0) == -EIO, "read: more than the reply holds");
}

static void writes(void)
{
	struct uio u = { .uio_write = true, .uio_resid = 100, .uio_offset = 7, .uio_done = 60 };
	u32 moved, got;

	begin();
	add(60, 4);
	check(p9_write_uio(&pm, 5, &u, 100, &moved) == 0 && moved == 60 && u.uio_resid == 40 &&
		      u.uio_offset == 67 && sent == 23 + 60,
	      "write: as far as the pages are there");
	u.uio_done = 40;
	begin();
	add(10, 4);
	check(p9_write_uio(&pm, 5, &u, 40, &moved) == -ENOSPC && moved == 10 && u.uio_resid == 30 &&
		      u.uio_offset == 77,
	      "write: the host takes less");
	begin();
	add(50, 4);
	u.uio_done = 30;
	check(p9_write_uio(&pm, 5, &u, 30, &moved) == -EIO && moved == 0 && u.uio_resid == 30,
	      "write: the host says more than it got");
	u = (struct uio){ .uio_resid = 100, .uio_done = 3 };
	begin();
	add(8, 4);
	add(0, 8);
	check(p9_read_uio(&pm, 5, &u, 100, &got, &moved) == 0 && got == 8 && moved == 3 && u.uio_offset == 3,
	      "read into missing pages");
}

static void errors(void)
{
	static const struct {
		u32 number;
		int error;
	} cases[] = { { 2, -ENOENT }, { 28, -ENOSPC }, { 133, -133 },	    { 0, -EIO },
		      { 134, -EIO },  { 512, -EIO },   { 0xffffffff, -EIO } };
	bool ok = true;

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		begin();
		add(cases[i].number, 4);
		keep_header = true;
		memcpy(reply, &reply_len, 4);
		reply[4] = P9_RLERROR;
		reply[5] = (u8)slot.ps_tag;
		reply[6] = 0;
		ok &= p9_lopen(&pm, 5, 0) == cases[i].error;
	}
	check(ok, "error numbers: Linux's, and no others");
	reply[5]++;
	check(p9_lopen(&pm, 5, 0) == -EIO, "another request's tag");
	reply[5]--;
	reply[4] = 99;
	check(p9_lopen(&pm, 5, 0) == -EIO, "another type");
	keep_header = false;
}

/* --- Directories */

static u32 entries, longest;

static bool one(void *arg, const char *name, u32 len, ino_t ino, enum vtype type, off_t next)
{
	u32 *most = arg;

	if (len == 0 || len > 255 || memchr(name, 0, len) || memchr(name, '/', len) || next < 0)
		panic("an entry that cannot be");
	entries++;
	longest = MAX(longest, len);
	return entries < *most;
}

static u32 entry(u8 *p, const char *name, u64 next)
{
	u16 len = (u16)strlen(name);

	memset(p, 0, 24);
	p[21] = 8;
	memcpy(p + 13, &next, 8);
	memcpy(p + 22, &len, 2);
	memcpy(p + 24, name, len);
	return 24u + len;
}

static void directories(void)
{
	static const char *const bad[] = { "", "a/b", "/" };
	u32 most = 100, n;
	u64 next = 0;
	u8 buf[1024];
	bool ok = true;

	n = entry(buf, "one", 1);
	n += entry(buf + n, "two", 2);
	check(p9_hand_on(buf, n, &next, one, &most) == 1 && entries == 2 && next == 2, "entries");
	entries = 0;
	most = 1;
	check(p9_hand_on(buf, n, &next, one, &most) == 0 && entries == 1, "entries: no more room");
	most = 100;
	for (u32 cut = 1; cut < 27; cut++)
		ok &= p9_hand_on(buf, cut, &next, one, &most) == -EIO;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		ok &= p9_hand_on(buf, entry(buf, bad[i], 1), &next, one, &most) == -EIO;
	ok &= p9_hand_on(buf, entry(buf, "x", 1ull << 63), &next, one, &most) == -EIO;
	check(ok, "entries that cannot be");
}

/* --- Replies of random bytes: nothing but errors and values in range, and no byte beyond their end. */
static void hostile(void)
{
	static u8 data[P9_IOMAX];
	struct statfs_k st;
	struct vattr va;
	u32 most = 1000000, got, moved;
	u64 next;
	int n;

	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct uio u = { .uio_resid = 200, .uio_done = (size_t)(rand() % 300) };

		reply_len = 7 + (u32)(rand() % 200);
		for (u32 i = 0; i < reply_len; i++)
			reply[i] = rand() % 4 ? (u8)rand() : 0;
		reply[4] = rand() % 2 ? P9_RLERROR : (u8)(8 + 2 * (rand() % 60) + 1);
		keep_header = rand() % 4 == 0;
		reply[7] = rand() % 2 ? (u8)(rand() % 190) : reply[7];
		if (rand() % 2)
			memset(reply + 8, 0, 3);
		switch (rand() % 7) {
		case 0: n = p9_getattr(&pm, 1, &va); break;
		case 1: n = p9_pread(&pm, 1, data, 180, 0); break;
		case 2: n = p9_readlink(&pm, 1, (char *)data, 100); break;
		case 3: n = p9_statfs(&pm, 1, &st); break;
		case 4: n = p9_read_uio(&pm, 1, &u, 180, &got, &moved); break;
		case 5: n = p9_version(&pm); break;
		default:
			n = p9_readdir(&pm, 1, 0, data, 190);
			entries = 0;
			if (n > 0)
				n = p9_hand_on(data, (u32)n, &next, one, &most);
		}
		if (n < -133 || n > 190 || slots_out != 0)
			panic("round %d: %d", round, n);
		pm.pm_iomax = P9_IOMAX;
	}
	check(true, "random replies");
}

int main(void)
{
	tx = calloc(1, P9_MSIZE + GUARD);
	slot = (struct p9_slot){ .ps_tx = tx, .ps_tag = 3 };
	honest();
	writes();
	errors();
	directories();
	hostile();
	return failed;
}
