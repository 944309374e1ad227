/* SPDX-License-Identifier: MIT */
/*
 * Pipes: writers and readers that interrupt each other anywhere, rings that change their size,
 * pages that cannot be had. Small writes must arrive whole, bytes of one writer in order, nothing
 * may be lost or left over, and nobody may sleep for ever.
 *
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c fs/pipe.c fs/pipe_ring.c fs/poll.c fs/uio.c proc/sched/later.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/file.h"
#include "fs/pipe.h"
#include "fs/pipe_ring.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "proc/proc.h"
#include "proc/sched/later.h"
#include "sim.h"

#define NWRITERS 3
#define NRECORDS 60
#define RECORD_MAX PIPE_ATOMIC

struct vfs pipefs; /* fifo is not of it */
static struct vnode fifo;
static struct file write_end[NWRITERS], read_end;
static u32 sigpipes;
static u32 writers_left;

/* What of other files the pipe asks for. */
void pipe_node_init(void)
{
}

const struct vnodeops *vn_io_ops(const struct vnode *vp)
{
	return &fifo_vnodeops;
}

int signal_lwp(struct lwp *l, int sig, const struct abi_siginfo *info)
{
	sigpipes += sig == K_SIGPIPE;
	return 0;
}

struct record {
	u32 writer, seq, len; /* of the whole record */
};

static u8 pattern(const struct record *r, u32 i)
{
	return (u8)(r->writer * 91 + r->seq * 7 + i);
}

static void open_end(struct file *f, u32 flags)
{
	*f = (struct file){ .f_ref = 1, .f_flags = flags, .f_vnode = &fifo };
	CHECK(fifo_vnodeops.vop_open(&fifo, f) == 0);
}

static int move(struct file *f, void *buf, u32 len, bool write, u32 *moved)
{
	struct uio u;
	int error;

	uio_init_kernel(&u, write, buf, len, 0);
	error = write ? fifo_vnodeops.vop_write(&fifo, &u, f) : fifo_vnodeops.vop_read(&fifo, &u, f);
	*moved = len - (u32)u.uio_resid;
	return error;
}

/* A record in one write: whole, or, without memory, not at all. */
static void write_record(struct file *f, struct record *r, u8 *buf)
{
	u32 done = 0, n;
	int error;

	memcpy(buf, r, sizeof(*r));
	for (u32 i = sizeof(*r); i < r->len; i++)
		buf[i] = pattern(r, i);
	while (done < r->len) {
		error = move(f, buf + done, r->len - done, true, &n);
		done += n;
		if (error && error != -ENOMEM) {
			sim_check(false, "writer %u: error %d", r->writer, error);
			return;
		}
		CHECK(done == r->len || (sim_fail_alloc && done == 0));
	}
}

static void writer(void *arg)
{
	struct record r = { .writer = (u32)(uintptr_t)arg };
	struct file *f = &write_end[r.writer];
	u8 *buf = malloc(RECORD_MAX);

	for (r.seq = 0; r.seq < NRECORDS; r.seq++) {
		r.len = (u32)sizeof(r) + sim_rnd(sim_rnd(3) ? 100 : RECORD_MAX - sizeof(r) + 1);
		write_record(f, &r, buf);
	}
	fifo_vnodeops.vop_close(&fifo, f);
	free(buf);
	writers_left--;
}

static void check_record(const u8 *buf, u32 next[NWRITERS])
{
	const struct record *r = (const void *)buf;
	u32 i;

	if (!CHECK(r->writer < NWRITERS && r->seq == next[r->writer]))
		return;
	next[r->writer]++;
	for (i = sizeof(*r); i < r->len && buf[i] == pattern(r, i); i++)
		;
	sim_check(i == r->len, "record %u of writer %u: byte %u of %u", r->seq, r->writer, i, r->len);
}

/* Reads pieces of any size and puts the records together again. */
static void reader(void *arg)
{
	u32 have = 0, n, next[NWRITERS] = { 0 };
	u8 *buf = malloc(4 * RECORD_MAX);
	struct record *r = (void *)buf;
	int error;

	for (;;) {
		error = move(&read_end, buf + have, sim_rnd(3 * RECORD_MAX) + 1, false, &n);
		CHECK(error == 0);
		if (n == 0)
			break;
		have += n;
		while (have >= sizeof(*r) && r->len >= sizeof(*r) && have >= r->len) {
			n = r->len;
			check_record(buf, next);
			memmove(buf, buf + n, have - n);
			have -= n;
		}
		if (!CHECK(have <= RECORD_MAX))
			break;
	}
	CHECK(have == 0);
	for (u32 i = 0; i < NWRITERS; i++)
		CHECK(next[i] == NRECORDS);
	fifo_vnodeops.vop_close(&fifo, &read_end);
	free(buf);
}

static void resizer(void *arg)
{
	struct file f;

	open_end(&f, O_RDWR);
	while (writers_left > 0) {
		u32 size = 4096u << sim_rnd(7);
		long ret = pipe_set_size(&f, size);

		CHECK(ret == (long)size || ret == -EBUSY || ret == -ENOMEM);
		CHECK(pipe_size(&f) >= 4096);
		sim_pause();
	}
	fifo_vnodeops.vop_close(&fifo, &f);
}

static void fresh_fifo(void)
{
	memset(&fifo, 0, sizeof(fifo));
	fifo.v_type = VFIFO;
	mutex_init(&fifo.v_lock, "vnode", LR_VNODE);
}

/* All ends are open before anybody uses them: otherwise the reader could see an end too early. */
static void open_ends(void *arg)
{
	open_end(&read_end, O_RDONLY | O_NONBLOCK);
	read_end.f_flags = O_RDONLY;
	for (u32 i = 0; i < NWRITERS; i++)
		open_end(&write_end[i], O_WRONLY);
}

static void run_records(u32 seed)
{
	sim_init(seed, 4096);
	later_start();
	pipe_init();
	fresh_fifo();
	sim_call(open_ends, NULL);
	sim_fail_alloc = seed % 3 == 0 ? 5 : 0;
	writers_left = NWRITERS;
	for (uintptr_t i = 0; i < NWRITERS; i++)
		sim_spawn("writer", writer, (void *)i);
	sim_spawn("reader", reader, NULL);
	if (seed % 2)
		sim_spawn("resizer", resizer, NULL);
	sim_run();
	sim_fail_alloc = 0;
	CHECK(!fifo.v_pipe);
	CHECK(sim_frames_used() == 0);
	CHECK(sim_objects_live() == 0);
}

/* --- The ring alone, against a queue of bytes --- */

static void ring_ops(void *arg)
{
	static u8 queue[1 << 20], buf[1 << 20];
	u32 head = 0, tail = 0;
	struct pipe_state ps;
	struct pipe *pi;
	struct file f;

	open_end(&f, O_RDWR);
	pi = fifo.v_pipe;
	for (u32 step = 0; step < 3000; step++) {
		u32 len = sim_rnd(sim_rnd(4) ? 5000 : 70000) + 1, n;
		int error;

		if (head > sizeof(queue) / 2) {
			memmove(queue, queue + head, tail - head);
			tail -= head;
			head = 0;
		}
		f.f_flags |= O_NONBLOCK;
		switch (sim_rnd(5)) {
		case 0:
		case 1:
			for (u32 i = 0; i < len; i++)
				buf[i] = (u8)sim_rnd(256);
			error = move(&f, buf, len, true, &n);
			CHECK(error == 0 || error == -EAGAIN);
			CHECK(len > PIPE_ATOMIC || n == 0 || n == len);
			memcpy(queue + tail, buf, n);
			tail += n;
			break;
		case 2:
		case 3:
			error = move(&f, buf, len, false, &n);
			CHECK(error == (tail == head ? -EAGAIN : 0));
			CHECK(n == MIN(len, tail - head) && memcmp(buf, queue + head, n) == 0);
			head += n;
			break;
		default:
			n = (u32)pipe_set_size(&f, 4096u << sim_rnd(6));
			CHECK((s32)n == -EBUSY || n >= tail - head);
		}
		CHECK(pi->pi_count == tail - head);
		pipe_get_state(&fifo, &ps);
		CHECK(ps.ps_count == tail - head && ps.ps_files == 1 && ps.ps_size >= ps.ps_count);
		n = sim_rnd(ps.ps_count + 1);
		pipe_peek(&fifo, n, buf, MIN(ps.ps_count - n, (u32)sizeof(buf)));
		CHECK(memcmp(buf, queue + head + n, MIN(ps.ps_count - n, (u32)sizeof(buf))) == 0);
	}
	fifo_vnodeops.vop_close(&fifo, &f);
}

/* --- Ends that are missing --- */

static void without_partner(void *arg)
{
	struct file rd, wr = { .f_flags = O_WRONLY | O_NONBLOCK, .f_vnode = &fifo };
	u8 byte = 1;
	u32 n;

	CHECK(fifo_vnodeops.vop_open(&fifo, &wr) == -ENXIO);
	CHECK(!fifo.v_pipe);
	open_end(&rd, O_RDONLY | O_NONBLOCK);
	CHECK(move(&rd, &byte, 1, false, &n) == 0 && n == 0);
	CHECK((fifo_vnodeops.vop_poll(&fifo, &rd, NULL) & K_POLLHUP) == 0);
	open_end(&wr, O_WRONLY | O_NONBLOCK);
	CHECK(move(&rd, &byte, 1, false, &n) == -EAGAIN);
	CHECK(move(&wr, &byte, 1, true, &n) == 0 && n == 1);
	CHECK(fifo_vnodeops.vop_poll(&fifo, &rd, NULL) & K_POLLIN);
	fifo_vnodeops.vop_close(&fifo, &rd);
	CHECK(fifo_vnodeops.vop_poll(&fifo, &wr, NULL) & K_POLLERR);
	CHECK(move(&wr, &byte, 1, true, &n) == -EPIPE && sigpipes == 1);
	fifo_vnodeops.vop_close(&fifo, &wr);
}

int main(void)
{
	for (u32 seed = 1; seed <= 40; seed++)
		run_records(seed);
	printf("%s records\n", sim_failures ? "FAIL" : "ok");
	for (u32 seed = 1; seed <= 5; seed++) {
		sim_init(seed, 4096);
		later_start();
		pipe_init();
		fresh_fifo();
		sim_call(ring_ops, NULL);
		CHECK(sim_frames_used() == 0 && sim_objects_live() == 0);
	}
	printf("%s ring\n", sim_failures ? "FAIL" : "ok");
	sim_init(1, 64);
	later_start();
	pipe_init();
	fresh_fifo();
	sim_call(without_partner, NULL);
	CHECK(sim_frames_used() == 0 && sim_objects_live() == 0);
	printf("%s partners\n", sim_failures ? "FAIL" : "ok");
	return sim_failures != 0;
}
