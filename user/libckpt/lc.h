/* SPDX-License-Identifier: MIT */
/*
 * What the parts of libckpt share. All of its memory that changes is one
 * struct, lc, on pages of its own: the increments (dirty.c) leave it alone.
 *
 *	start.c     main() of the program: options, =recover, the first look at memory
 *	options.c   the option file
 *	gate.c      every system call of the C library passes here
 *	segs.c      the list of segments of memory that the program may write
 *	files.c     the table of open files
 *	limits.c    what cannot be saved
 *	save.c      checkpoint_here()
 *	write.c     the file of a checkpoint, and its commit
 *	dirty.c     increments: which pages have changed
 *	load.c      finding and checking the file
 *	restore.c   the recovery
 */
#ifndef LIBCKPT_LC_H
#define LIBCKPT_LC_H

#include "call.h"
#include "libckpt.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define LC_PAGE 4096u
#define LC_DOWN(x) ((uint32_t)(x) & ~(LC_PAGE - 1))
#define LC_UP(x) LC_DOWN((uint32_t)(x) + LC_PAGE - 1)

#define LC_SEGS 512
#define LC_FDS 256
#define LC_PATH 256
#define LC_EXCLUDED 64
#define LC_CHAIN 32 /* files that one recovery may need */
#define LC_SIGNALS 64

enum lc_kind { LC_DATA = 1, LC_HEAP, LC_MAP, LC_STACK };

struct lc_seg {
	uint32_t s_start, s_end; /* whole pages */
	uint32_t s_prot;	 /* PROT_* as the program set it */
	uint32_t s_kind;	 /* enum lc_kind */
	uint32_t s_shared;	 /* mapped MAP_SHARED: cannot be saved */
};

/* An open file. Descriptors of one share have one offset. */
struct lc_file {
	/*
	 * 0: the descriptor is not open; below 0: inherited as descriptor
	 * -share - 1.
	 */
	int32_t f_share;
	int32_t f_locked; /* it has been locked */
	/* At the time of the checkpoint: */
	int32_t f_flags, f_cloexec;
	int64_t f_offset;
	char f_path[LC_PATH];
};

/* One file of a chain: its number and its identity. */
struct lc_link {
	uint32_t l_seq, l_id;
};

struct lc_excluded {
	uint32_t e_start, e_end;
	int e_usage;
	/* CKPT_READONLY: the file that has it, 0: none yet. */
	struct lc_link e_saved;
};

/*
 * Registers that a call preserves; lc_save_context() and lc_load_context() know
 * the offsets.
 */
struct lc_context {
	uint32_t c_ebx, c_esi, c_edi, c_ebp, c_esp, c_eip, c_mxcsr, c_fpucw;
};

struct lc_action { /* Linux: struct sigaction of the kernel, i386 */
	uint32_t a_handler, a_flags, a_restorer, a_mask[2];
};

struct lc_options {
	bool o_on, o_fork, o_incremental, o_verbose;
	/* Seconds; maxtime 0: only checkpoint_here() saves. */
	int o_mintime, o_maxtime;
	/* A chain of so many files ends with a whole one. */
	int o_maxfiles;
	char o_dir[LC_PATH], o_name[64];
};

struct lc_state {
	/*
	 * The system calls: where the C library's calls went before the gate.
	 * First: gate.c knows the offset.
	 */
	uint32_t g_entry;
	int g_inside;	/* the list or the table is being changed */
	int g_timers;	/* POSIX timers of the program */
	int g_segments; /* System V segments attached */

	struct lc_options opt;
	int pid;
	bool ready; /* false: the list of segments was too short */
	struct lc_context context;
	uint32_t tls_entry, tls_base;
	/* Of the thread's id in the thread control block, 0: not found. */
	int tid_offset;
	uint32_t mask[2]; /* of blocked signals */
	struct lc_action actions[LC_SIGNALS];
	stack_t altstack;
	char cwd[LC_PATH];
	uint32_t file_mask; /* umask */

	uint32_t heap_start, heap_end;
	int nsegs;
	struct lc_seg segs[LC_SEGS];
	int next_share;
	struct lc_file files[LC_FDS];
	int nexcluded;
	struct lc_excluded excluded[LC_EXCLUDED];

	uint32_t seq; /* of the last checkpoint */
	int nchain;   /* files that the next increment needs */
	struct lc_link chain[LC_CHAIN];
	bool tracking; /* pages are protected, and faults recorded */
	struct lc_action program_segv;
	long long last_ns; /* when the last checkpoint began */

	int writer; /* pid of the forked writer; 0: there is none */
	int outcome;
	long long began_ns;
	struct libckpt_stats stats;
	struct libckpt_stats *shared; /* the forked writer's figures */
} __attribute__((aligned(4096)));

extern struct lc_state lc;
/*
 * A bit for each page of the 3 GiB below the kernel: changed since the last
 * checkpoint.
 */
extern uint32_t lc_dirty[];
#define LC_DIRTY_WORDS (0xc0000u / 32)

/* start.c */
/* One line; returns -1. */
int lc_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint32_t lc_auxv(uint32_t type);
uint32_t lc_stack_top(void); /* write.c */
long long lc_now_ns(void);
/* The sum of the program's code: two programs are the same if it is. */
uint32_t lc_program_sum(void);
void lc_set_alarm(void); /* option maxtime */

/* options.c: 0, or -1 and a line */
int lc_read_options(const char *argv0);
/*
 * The name of the file of a checkpoint; ".new" is its ending until it is whole.
 */
void lc_image_name(char *path, size_t size, uint32_t seq, const char *ending);

/* gate.c */
void lc_gate_open(void); /* from now on the C library's calls pass it */

/* segs.c: called by the gate too, so without floating point. */
void lc_seg_add(struct lc_seg seg); /* in place of what was there */
void lc_seg_remove(uint32_t start, uint32_t end);
void lc_seg_protect(uint32_t start, uint32_t end, uint32_t prot);
struct lc_seg *lc_seg_find(uint32_t addr);

/* files.c */
void lc_files_begin(void); /* what was inherited */
void lc_file_opened(int fd, int dirfd, const char *path);
void lc_file_copied(int from, int to);
void lc_file_closed(int fd);
int lc_files_save(void);    /* 0, or -1 and a line */
int lc_files_restore(void); /* the same, in the recovered program */
void lc_files_sync(void);   /* what the program has written is on the disk */

/* limits.c */
int lc_refuse(void); /* 0, or -1 and a line: why not */
void lc_signals_save(void);
void lc_signals_restore(void);

/* The file: head, contents page by page, tables. */
#define LC_MAGIC "LCKPT001"
struct lc_run {
	uint32_t r_addr, r_pages;
	uint32_t r_offset; /* of the contents in the file, 0: all zero */
};
struct lc_head {
	char h_magic[8];
	uint32_t h_sum; /* of the head, with 0 here */
	uint32_t h_seq, h_id;
	/* Offset of the segments, which the runs follow. */
	uint32_t h_nsegs, h_nruns, h_tables;
	uint32_t h_tables_sum, h_data_sum, h_size;
	uint32_t h_program, h_state, h_vdso, h_stack_top;
	uint32_t h_heap_start, h_heap_end;
	uint32_t h_nchain;
	/* Older files that it needs, oldest first. */
	struct lc_link h_chain[LC_CHAIN];
	char h_system[3][65]; /* uname: system, release, machine */
};
_Static_assert(sizeof(struct lc_head) <= LC_PAGE, "the head is a page");

/* write.c */
/* What is to be written, gathered while the program stands still. */
struct lc_job {
	struct lc_head j_head;
	struct lc_seg j_segs[LC_SEGS + 1];
	uint32_t j_npages;
	uint32_t j_nranges;
	struct lc_run j_ranges[]; /* pages to save, r_offset unused */
};
uint32_t lc_sum(uint32_t sum, const void *data, size_t len);
/* 0, or an errno and a line. */
int lc_write(struct lc_job *job, struct libckpt_stats *st);
/* The fields that recovery compares. */
void lc_describe(struct lc_head *h);

/* dirty.c */
bool lc_is_dirty(uint32_t page);
void lc_mark(uint32_t start, uint32_t end, bool dirty);
bool lc_left_out(uint32_t page); /* by exclude_bytes() */
/* From now on changes are recorded; all is clean. */
void lc_track(void);
void lc_untrack(void);
/* The kernel may write there now. */
void lc_touch(uint32_t start, uint32_t end);
void lc_touch_all(void);

/* load.c */
struct lc_image { /* a file that is open and whole */
	int i_fd;
	struct lc_head i_head;
	struct lc_seg *i_segs;
	struct lc_run *i_runs;
};
/* Number of the newest file below that number; 0: there is none. */
uint32_t lc_newest(uint32_t below);
void lc_remove_older(uint32_t seq, const struct lc_link *chain, int n);
/*
 * Returns how many files images[] has, oldest first; 0: a line says why there
 * is none.
 */
int lc_load(struct lc_image images[LC_CHAIN + 1]);

/* restore.c */
void lc_restore(struct lc_image *images, int n) __attribute__((noreturn));
int lc_save_context(struct lc_context *c) __attribute__((returns_twice));
void lc_load_context(struct lc_context *c, uint32_t result) __attribute__((noreturn));

#endif
