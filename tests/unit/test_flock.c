/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: several owners set, change and drop ranges at random; an array with one cell a
 * byte says what must come out. Then owners that wait: never two who exclude each other, no circle
 * of waiters, nobody left asleep.
 *
 * UNIT-FLAGS: -D_GNU_SOURCE -iquote tests/unit/shim
 * UNIT-SOURCES: tests/unit/shim/sim_*.c fs/flock.c fs/flock_table.c kernel/lib/tree.c
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/file.h"
#include "fs/flock.h"
#include "kernel/abi/errno.h"
#include "proc/pidspace.h"
#include "proc/proc.h"
#include "sim.h"

#define NOWNERS 4
#define BYTES 40 /* cells; the last one stands for all that follow */

static struct vnode file;
static struct file desc[NOWNERS];
static struct fdtab table[NOWNERS];
static u8 model[NOWNERS][BYTES]; /* 0 none, 1 read, 2 write */

pid_t pid_seen(pid_t real)
{
	return real;
}

int file_readable(const struct file *f)
{
	return 0;
}

int file_writable(const struct file *f)
{
	return 0;
}

static bool no_locks(void)
{
	return tree_empty(&file.v_records.ft_range) && tree_empty(&file.v_records.ft_owned) &&
	       tree_empty(&file.v_wholes.ft_range) && tree_empty(&file.v_wholes.ft_owned);
}

static void fresh(u32 seed)
{
	sim_init(seed, 64);
	flock_init();
	memset(&file, 0, sizeof(file));
	for (u32 i = 0; i < NOWNERS; i++)
		desc[i] = (struct file){ .f_vnode = &file };
	memset(model, 0, sizeof(model));
}

/* Owner `o` is a process, or an open description, by turns. */
static bool is_ofd(u32 o)
{
	return o % 2;
}

static int lock_call(u32 o, u32 cmd, struct abi_flock64 *l)
{
	curproc()->p_fdtab = &table[o];
	curproc()->p_pid = (pid_t)(100 + o);
	return flock_fcntl(&desc[o], is_ofd(o) ? cmd - F_GETLK64 + K_F_OFD_GETLK : cmd, l);
}

static struct abi_flock64 make_lock(int type, u32 from, u32 to)
{
	struct abi_flock64 l = { .l_type = (s16)type, .l_whence = K_SEEK_SET, .l_start = from };

	l.l_len = to >= BYTES - 1 ? 0 : to - from + 1;
	return l;
}

static u8 cell_of(int type)
{
	return type == F_WRLCK ? 2 : type == F_RDLCK ? 1 : 0;
}

/* Does somebody else's lock keep owner o from this one? */
static bool excluded(u32 o, u8 cell, u32 from, u32 to)
{
	for (u32 i = 0; i < NOWNERS; i++) {
		for (u32 b = from; b <= to && i != o; b++) {
			if (model[i][b] && (model[i][b] == 2 || cell == 2))
				return true;
		}
	}
	return false;
}

static void note(const struct flock_info *fi, u8 seen[NOWNERS][BYTES])
{
	u32 o = 0;

	while (o < NOWNERS && fi->fi_owner != (is_ofd(o) ? (const void *)&desc[o] : (const void *)&table[o]))
		o++;
	CHECK(o < NOWNERS && fi->fi_start >= 0 && fi->fi_start < BYTES && fi->fi_end >= fi->fi_start);
	CHECK(fi->fi_kind == (is_ofd(o) ? FLOCK_OFD : FLOCK_POSIX));
	for (s64 b = fi->fi_start; b < BYTES && b <= fi->fi_end; b++) {
		CHECK(seen[o][b] == 0); /* locks of one owner do not overlap */
		seen[o][b] = cell_of(fi->fi_write ? F_WRLCK : F_RDLCK);
	}
}

/* All locks, a few at a time. */
static void compare(void)
{
	u8 seen[NOWNERS][BYTES] = { { 0 } };
	struct flock_cursor at = { 0 };
	struct flock_info list[3];
	u32 n;

	while ((n = flock_list(&file, &at, list, ARRAY_SIZE(list))) > 0) {
		CHECK(n <= ARRAY_SIZE(list));
		for (u32 i = 0; i < n; i++)
			note(&list[i], seen);
	}
	sim_check(memcmp(seen, model, sizeof(model)) == 0, "locks differ from the model");
}

/* Where the first lock begins that keeps o from such a lock, by the model; BYTES: none does. */
static u32 first_in_the_way(u32 o, u8 cell, u32 from, u32 to)
{
	u32 first = BYTES;

	for (u32 other = 0; other < NOWNERS; other++) {
		const u8 *m = model[other];

		for (u32 b = from; other != o && b <= to; b++) {
			u32 start = b;

			if (m[b] == 0 || (m[b] == 1 && cell == 1))
				continue;
			while (start > 0 && m[start - 1] == m[b])
				start--;
			first = MIN(first, start);
			break;
		}
	}
	return first;
}

static void random_ops(void *arg)
{
	static const int types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	for (u32 step = 0; step < 4000 && !sim_failures; step++) {
		u32 o = sim_rnd(NOWNERS), a = sim_rnd(BYTES), b = sim_rnd(BYTES), from = MIN(a, b),
		    to = MAX(a, b);
		int type = types[sim_rnd(3)], error;
		struct abi_flock64 l = make_lock(type, from, to), probe = l;
		bool ex = type != F_UNLCK && excluded(o, cell_of(type), from, to);

		if (sim_rnd(30) == 0) {
			if (is_ofd(o))
				flock_file_closed(&desc[o]);
			else
				flock_owner_closed(&file, &table[o]);
			memset(model[o], 0, BYTES);
			compare();
			continue;
		}
		if (type != F_UNLCK) {
			CHECK(lock_call(o, F_GETLK64, &probe) == 0);
			CHECK((probe.l_type != F_UNLCK) == ex);
			CHECK(!ex || probe.l_start == first_in_the_way(o, cell_of(type), from, to));
		}
		error = lock_call(o, F_SETLK64, &l);
		CHECK(error == (ex ? -EAGAIN : 0));
		if (!error)
			memset(&model[o][from], cell_of(type), to - from + 1);
		compare();
	}
	for (u32 o = 0; o < NOWNERS; o++) {
		flock_file_closed(&desc[o]);
		flock_owner_closed(&file, &table[o]);
	}
	CHECK(no_locks());
}

/* --- Waiting. All tasks of the simulation are one process, so owners are descriptions here. --- */

static u32 inside_readers, inside_writers;

static void whole_file(void *arg)
{
	struct file *f = arg;

	for (u32 i = 0; i < 200; i++) {
		bool excl = sim_rnd(2);

		CHECK(flock_whole(f, excl ? LOCK_EX : LOCK_SH) == 0);
		CHECK(inside_writers == 0 && (!excl || inside_readers == 0));
		*(excl ? &inside_writers : &inside_readers) += 1;
		sim_pause();
		*(excl ? &inside_writers : &inside_readers) -= 1;
		CHECK(flock_whole(f, LOCK_UN) == 0);
	}
	flock_file_closed(f);
}

static void waiters(u32 seed)
{
	fresh(seed);
	for (u32 i = 0; i < NOWNERS; i++)
		sim_spawn("locker", whole_file, &desc[i]);
	sim_run();
	CHECK(no_locks() && sim_objects_live() == 0);
}

static void odd_arguments(void *arg)
{
	struct abi_flock64 l = make_lock(F_WRLCK, 5, 9);

	l.l_len = -5; /* the five bytes before */
	CHECK(lock_call(1, F_SETLK64, &l) == 0);
	l = make_lock(F_WRLCK, 0, 0);
	CHECK(lock_call(3, F_GETLK64, &l) == 0 && l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 5);
	CHECK(l.l_pid == -1);
	l = make_lock(F_WRLCK, 4, 4);
	l.l_len = -5;
	CHECK(lock_call(1, F_SETLK64, &l) == -EINVAL);
	l = make_lock(F_RDLCK, 1, 1);
	l.l_start = INT64_MAX;
	l.l_len = 2;
	CHECK(lock_call(1, F_SETLK64, &l) == -EOVERFLOW);
	l = make_lock(7, 1, 1);
	CHECK(lock_call(1, F_SETLK64, &l) == -EINVAL);
	l = make_lock(F_RDLCK, 1, 1);
	l.l_whence = 9;
	CHECK(lock_call(1, F_SETLK64, &l) == -EINVAL);
	CHECK(flock_whole(&desc[1], 77) == -EINVAL);
	flock_file_closed(&desc[1]);
}

int main(void)
{
	for (u32 seed = 1; seed <= 10; seed++) {
		fresh(seed);
		sim_call(random_ops, NULL);
		CHECK(sim_objects_live() == 0);
	}
	printf("%s ranges\n", sim_failures ? "FAIL" : "ok");
	for (u32 seed = 1; seed <= 10; seed++)
		waiters(seed);
	printf("%s waiting\n", sim_failures ? "FAIL" : "ok");
	fresh(1);
	sim_call(odd_arguments, NULL);
	CHECK(sim_objects_live() == 0);
	printf("%s arguments\n", sim_failures ? "FAIL" : "ok");
	return sim_failures != 0;
}
