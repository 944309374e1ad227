/* SPDX-License-Identifier: MIT */
/*
 * A machine for unit tests of kernel code that sleeps: lwps as coroutines, sleep queues and mutexes, a clock that is only moved when nothing else can
 * happen, frames and kernel objects from malloc (so that ASan sees every use of freed ones), and disks whose requests end in any order.
 *
 * One seed decides all: which lwp runs next, where it is interrupted (whenever it has given up its last spinlock), when a
 * request ends, which allocation fails. So a failure is repeated by its seed.
 *
 * Use: UNIT-FLAGS: -iquote tests/unit/shim        UNIT-SOURCES: tests/unit/shim/sim_*.c [tests/unit/shim/simdisk.c] ...
 */
#ifndef SHIM_SIM_H
#define SHIM_SIM_H

#include "kernel/dev/blk.h"
#include "kernel/lib/types.h"
#include "mm/page.h"

/* --- The machine --- */
void sim_init(u32 seed, u32 nframes); /* may be called again: everything starts anew */
u32 sim_rnd(u32 n);		      /* 0 .. n-1 */
extern u32 sim_yield;		      /* one in so many unlocks is an interruption; 0: never */
extern u32 sim_fail_alloc;	      /* one in so many allocations that may fail does; 0: none */
extern bool sim_verbose;	      /* show printk's lines */
extern char sim_log[1 << 16];	      /* printk's lines since sim_log_clear() */
void sim_log_clear(void);

/* Starts an lwp; it runs when sim_run() does. */
void sim_spawn(const char *name, void (*fn)(void *arg), void *arg);
/* Runs until no lwp but the kernel's own threads is left. Nobody can go on: prints who waits for what, and aborts. */
void sim_run(void);
/* Runs fn in an lwp, to its end. */
void sim_call(void (*fn)(void *arg), void *arg);
void sim_pause(void); /* in an lwp: let others run */

/* --- What is left over --- */
u32 sim_frames_used(void);
u32 sim_objects_live(void); /* of all kmem caches, and kmalloc */
void sim_print_live(void);

/* --- Checks --- */
extern int sim_failures;
bool sim_check(bool ok, const char *fmt, ...) __printf(2, 3); /* prints FAIL and counts unless ok */
#define CHECK(c) sim_check((c), "%s:%d: %s", __FILE__, __LINE__, #c)

/* --- Disks (simdisk.c) --- */
struct simdisk {
	struct bdev sd_bdev;
	u8 *sd_data;   /* as the machine sees it */
	u8 *sd_stable; /* as it was at the last flush */
	u32 sd_nlog;
	struct simdisk_write *sd_log; /* what was written since, in order */
	struct list sd_inflight;
	u32 sd_fail_read, sd_fail_write; /* one in so many requests fails; 0: none */
	bool sd_sync;			 /* requests end at once */
	u64 sd_bytes_written;
	u32 sd_states; /* that the medium has gone through: one more with each write and flush */
};
void simdisk_init(struct simdisk *sd, const char *name, dev_t rdev, u64 bytes);
void simdisk_load(struct simdisk *sd, const char *path);
void simdisk_save(const struct simdisk *sd, const char *path);
void simdisk_write_image(const char *path, const u8 *data, size_t len); /* a copy of a disk, as a new file */
void simdisk_free(struct simdisk *sd);
/* What the medium may hold if the power goes now: all up to the last flush, any part of the rest (4 KiB pieces). */
void simdisk_crash(const struct simdisk *sd, u8 *out);
/* Ends one request of some disk, if there is one. Called by the scheduler. */
bool simdisk_step(void);
bool simdisk_busy(void);

#endif
