/* SPDX-License-Identifier: MIT */
/*
 * 9P2000.L: the requests that move bytes of files, and entries of directories.
 */
#include "fs/p9/msg.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/page.h"

/*
 * Tread, Treaddir: fid[4] offset[8] count[4]; replies: count[4] data[count].
 * *data stays until p9_end(). On an error the count is 0.
 */
static int begin_read(struct p9_call *c, struct p9mount *pm, u8 type, u32 fid, u64 off, u32 n,
		      const u8 **data, u32 *got)
{
	int error;

	*got = 0;
	p9_begin(c, pm, type);
	p9_put32(c, fid);
	p9_put64(c, off);
	p9_put32(c, n);
	error = p9_call(c);
	if (error)
		return error;
	*got = p9_get32(c);
	*data = *got <= n ? p9_take(c, *got) : NULL;
	if (*data)
		return 0;
	*got = 0;
	return -EIO;
}

static int read_into(struct p9mount *pm, u8 type, u32 fid, u64 off, void *buf, u32 n)
{
	struct p9_call c;
	const u8 *data;
	u32 got;
	int error;

	ASSERT(n <= pm->pm_iomax);
	error = begin_read(&c, pm, type, fid, off, n, &data, &got);
	if (!error)
		memcpy(buf, data, got);
	error = p9_end(&c, error);
	return error ? error : (int)got;
}

int p9_pread(struct p9mount *pm, u32 fid, void *buf, u32 n, u64 off)
{
	return read_into(pm, P9_TREAD, fid, off, buf, n);
}

int p9_read_pages(struct p9mount *pm, u32 fid, struct page **pg, u32 n, u64 off)
{
	struct p9_call c;
	const u8 *data;
	u32 got;
	int error;

	ASSERT(n <= pm->pm_iomax / PAGE_SIZE);
	error = begin_read(&c, pm, P9_TREAD, fid, off, n * PAGE_SIZE, &data, &got);
	for (u32 done = 0; done < got; done += PAGE_SIZE)
		memcpy(page_kva(pg[done / PAGE_SIZE]), data + done, MIN(got - done, PAGE_SIZE));
	error = p9_end(&c, error);
	return error ? error : (int)got;
}

int p9_readdir(struct p9mount *pm, u32 fid, u64 off, void *buf, u32 n)
{
	return read_into(pm, P9_TREADDIR, fid, off, buf, n);
}

int p9_read_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *got, u32 *moved)
{
	size_t before = u->uio_resid;
	struct p9_call c;
	const u8 *data;
	int error;

	ASSERT(n <= pm->pm_iomax);
	error = begin_read(&c, pm, P9_TREAD, fid, (u64)u->uio_offset, n, &data, got);
	if (!error) {
		u->uio_nofault = true;
		/* how far it came shows in uio_resid */
		uiomove((void *)data, *got, u);
		u->uio_nofault = false;
	}
	*moved = (u32)(before - u->uio_resid);
	return p9_end(&c, error);
}

/*
 * Twrite: fid[4] offset[8] count[4] data[count]; Rwrite: count[4]. The data
 * begins at p9_data() of a call that was begun with begin_write(). Returns
 * bytes or an error.
 */
#define DATA_AT (P9_HEADER + 16u)

static void begin_write(struct p9_call *c, struct p9mount *pm, u32 fid, u64 off)
{
	p9_begin(c, pm, P9_TWRITE);
	p9_put32(c, fid);
	p9_put64(c, off);
	p9_put32(c, 0);
}

static int send_write(struct p9_call *c, u32 n)
{
	u32 done;
	int error;

	c->pc_len = DATA_AT - 4;
	p9_put32(c, n);
	p9_room(c, n);
	error = p9_call(c);
	if (error)
		return error;
	done = p9_get32(c);
	return done > 0 && done <= n && !c->pc_bad ? (int)done : -EIO;
}

int p9_pwrite(struct p9mount *pm, u32 fid, const void *buf, u32 n, u64 off)
{
	struct p9_call c;
	int done, error;

	ASSERT(n > 0 && n <= pm->pm_iomax);
	begin_write(&c, pm, fid, off);
	memcpy(c.pc_slot->ps_tx + DATA_AT, buf, n);
	done = send_write(&c, n);
	error = p9_end(&c, MIN(done, 0));
	return error ? error : done;
}

int p9_write_uio(struct p9mount *pm, u32 fid, struct uio *u, u32 n, u32 *moved)
{
	u64 off = (u64)u->uio_offset;
	size_t before = u->uio_resid;
	struct p9_call c;
	int done = 0;
	u32 lost;

	ASSERT(n > 0 && n <= pm->pm_iomax);
	begin_write(&c, pm, fid, off);
	u->uio_nofault = true;
	uiomove(c.pc_slot->ps_tx + DATA_AT, n, u);
	u->uio_nofault = false;
	*moved = (u32)(before - u->uio_resid);
	if (*moved > 0)
		done = send_write(&c, *moved);
	/*
	 * What the host did not take is not written: the caller's count says
	 * so, and stops there.
	 */
	lost = *moved - (u32)MAX(done, 0);
	u->uio_resid += lost;
	u->uio_offset -= lost;
	if (lost > 0 && done > 0)
		done = -ENOSPC;
	*moved -= lost;
	return p9_end(&c, MIN(done, 0));
}
