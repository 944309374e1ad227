/* SPDX-License-Identifier: MIT */
/*
 * One 9P request and its reply. Numbers are little-endian, strings have a
 * 16-bit length.
 *
 *   p9_begin(&c, pm, P9_TWALK);  p9_put32(&c, fid); ...
 *   error = p9_call(&c);
 *   x = p9_get32(&c); ...        return p9_end(&c, error);
 *
 * Between begin and end the caller holds a slot of the device
 * (kernel/dev/virtio_9p.h), and sleeps only for the reply. A get beyond the end
 * of the reply gives 0, and makes p9_end() return -EIO.
 */
#ifndef FS_P9_MSG_H
#define FS_P9_MSG_H

#include "fs/p9/p9.h"

/* The type of a reply is that of its request plus 1. */
#define P9_RLERROR 7
#define P9_TSTATFS 8
#define P9_TLOPEN 12
#define P9_TLCREATE 14
#define P9_TSYMLINK 16
#define P9_TREADLINK 22
#define P9_TGETATTR 24
#define P9_TSETATTR 26
#define P9_TREADDIR 40
#define P9_TFSYNC 50
#define P9_TLINK 70
#define P9_TMKDIR 72
#define P9_TRENAMEAT 74
#define P9_TUNLINKAT 76
#define P9_TVERSION 100
#define P9_TATTACH 104
#define P9_TWALK 110
#define P9_TREAD 116
#define P9_TWRITE 118
#define P9_TCLUNK 120

#define P9_HEADER 7u /* size[4] type[1] tag[2] */

struct p9_call {
	struct p9mount *pc_mount;
	struct p9_slot *pc_slot;
	u8 pc_type;
	bool pc_bad;	 /* a get went beyond the end of the reply */
	u32 pc_len;	 /* bytes of the request so far */
	const u8 *pc_in; /* the unread rest of the reply */
	u32 pc_left;
};

/* Takes a slot. Sleeps. */
void p9_begin(struct p9_call *c, struct p9mount *pm, u8 type);
void p9_put8(struct p9_call *c, u8 v);
void p9_put16(struct p9_call *c, u16 v);
void p9_put32(struct p9_call *c, u32 v);
void p9_put64(struct p9_call *c, u64 v);
void p9_putstr(struct p9_call *c, const char *s, u32 len);
/* Room for n more bytes of the request. */
u8 *p9_room(struct p9_call *c, u32 n);
/*
 * Sends the request and waits.
 * Errors: the host's (Rlerror); -EIO (the reply does not match the request)
 */
int p9_call(struct p9_call *c);
u8 p9_get8(struct p9_call *c);
u16 p9_get16(struct p9_call *c);
u32 p9_get32(struct p9_call *c);
u64 p9_get64(struct p9_call *c);
/* The next n bytes; NULL: fewer are left. */
const u8 *p9_take(struct p9_call *c, u32 n);
/* qid[13]: returns the path, which is the file's inode number. */
u64 p9_getqid(struct p9_call *c);
/* Releases the slot. Returns error, or -EIO if the reply was too short. */
int p9_end(struct p9_call *c, int error);

#endif
