/* SPDX-License-Identifier: MIT */
/*
 * The state that an image holds, decoded: one structure for each kind. The
 * tables that describe its fields (ckpt/image/img_field.h) stand beside it, in
 * img_proc.c, img_lwp.c, img_memory.c, img_file.c and img_tty.c: a new member
 * needs a new line there.
 */
#ifndef CKPT_IMG_STATE_H
#define CKPT_IMG_STATE_H

#include "ckpt/image/img_base.h"

struct img_chunk;

/* ---- the decoded form ---- */

/*
 * A file that the processes depend on. Each (path, identity) once, in the order
 * of first use: exe, cwd, root and segs of each process, files, ttys.
 * img_add_vnode() finds an equal one.
 */
/* not needed: the image holds the contents */
#define IMG_VF_SPARE 1u
/*
 * A directory, FIFO or device node that was removed while in use. v_ino numbers
 * these vnodes from 1. Also known: mode, former path, device number, and with
 * STATS owner and times. The other fields are 0.
 */
#define IMG_VF_REMOVED 2u
/*
 * A file or directory of /proc about a process. v_ino: 1 + the place in i_proc
 * of the process whose id stands in the path. v_ino 0: that process is not in
 * the image, and v_size tells it from earlier or later processes with its id.
 * v_rdev: where in the path the id begins. Also known: the type.
 */
#define IMG_VF_PROCESS 4u
/*
 * v_changes says how often a byte was changed that an image depends on
 * (fs/vnode.h: vop_mark).
 */
#define IMG_VF_COUNTED 8u

/* A time of a file. */
struct img_stamp {
	s64 ts_sec;
	u32 ts_ns; /* below 10^9 */
};

struct img_vnode {
	const char *v_path; /* absolute */
	u64 v_ino, v_size;
	s64 v_mtime;
	u32 v_mtime_ns; /* below 10^9 */
	u32 v_dev, v_rdev, v_gen;
	u32 v_mode;  /* S_IFMT and permission bits */
	u32 v_flags; /* IMG_VF_* */
	/*
	 * STATS. The UUID of its file system, zero: none. Owner and time of the
	 * last access only of a removed file.
	 */
	struct img_stamp v_ctime, v_atime;
	u32 v_uid, v_gid, v_changes;
	u8 v_uuid[16];
};

/*
 * In the order of user_regs_struct, hence of NT_PRSTATUS. r_orig_eax: number of
 * the call to run again, or -1.
 */
struct img_regs {
	u32 r_ebx, r_ecx, r_edx, r_esi, r_edi, r_ebp, r_eax, r_ds, r_es, r_fs, r_gs, r_orig_eax,
		r_eip, r_cs, r_eflags, r_esp, r_ss;
};

struct img_siginfo {
	/* siginfo_t of the ABI; [0] is the signal. Unused parts are zero */
	u32 si_word[32];
};

struct img_sigqueue {
	/* pending; a signal without an entry below: SI_USER, pid 0 */
	u64 q_set;
	u32 q_count;
	/* oldest first; at most one of each standard signal */
	struct img_siginfo *q_info;
};

struct img_sigaction {
	u32 sa_handler, sa_flags, sa_restorer;
	u64 sa_mask;
};

/*
 * A system call with a time limit (nanosleep, poll...) that continues with the
 * time that was left when the process was saved.
 */
struct img_restart {
	u32 rs_active; /* 0 or 1; 0: the rest is 0 */
	u32 rs_sysno;
	u32 rs_arg[5];
	u64 rs_remain; /* TIME: nanoseconds left */
#define IMG_NO_LIMIT (~0ull)
};

#define IMG_OPT_NONEWPRIVS 1u
#define IMG_OPT_KEEPCAPS 2u
/* ns, of an lwp that has never asked for another */
#define IMG_TIMER_SLACK 50000u
/*
 * The bits of personality(2) that are known: ADDR_NO_RANDOMIZE and
 * ADDR_LIMIT_3GB.
 */
#define IMG_PERSONALITY 0x08040000u

/*
 * What prctl(2) and personality(2) have set. All 0 but for the slack: the
 * default.
 */
struct img_options {
	u32 o_pdeathsig;	 /* 0: none */
	u32 o_slack, o_slackdef; /* ns, not 0 */
	u32 o_personality;
	u32 o_flags; /* IMG_OPT_* */
};

struct img_lwp {
	s32 l_tid;
	char l_name[16];
	struct img_regs l_regs;
	/* GDT slots 6, 7, 8: descriptors as the CPU has them, 0: empty */
	u64 l_tls[IMG_NTLS];
	u32 l_fpvalid;	      /* 0: never used the FPU, l_fx is all zero */
	u8 l_fx[IMG_FX_SIZE]; /* FXSAVE, after img_fx_canon() */
	u64 l_sigmask;
	struct img_sigqueue l_pending;
	u32 l_altsp, l_altsize, l_altflags;
	u32 l_clear_tid, l_robust, l_robust_len;
	struct img_restart l_restart;
	u32 l_affinity; /* CPUs it may use, a bit for each */
	struct img_options l_opt;
	/* bytes that the call to be restarted has transferred already */
	u32 l_done;
	u64 l_utime, l_stime; /* TIME */
};

#define IMG_SEG_ANON 1u /* private, zero where not stored */
/* private mapping at s_off; a page that is not stored shows the file's */
#define IMG_SEG_PRIVATE 2u
#define IMG_SEG_SHARED 3u /* shared mapping at s_off: nothing is stored */

#define IMG_SEGF_STACK 1u
#define IMG_SEGF_BRK 2u
#define IMG_SEGF_DONTFORK 4u
/* With IMG_FEATURE_LOCKED: */
#define IMG_SEGF_LOCKED 8u	/* mlock */
#define IMG_SEGF_ONFAULT 16u	/* with IMG_SEGF_LOCKED: MLOCK_ONFAULT */
#define IMG_SEGF_WIPEONFORK 32u /* madvise */
#define IMG_SEGF_NEW (IMG_SEGF_LOCKED | IMG_SEGF_ONFAULT | IMG_SEGF_WIPEONFORK)

struct img_seg {
	u32 s_base, s_size; /* bytes, page aligned; ascending, disjoint */
	u32 s_prot, s_maxprot;
	u32 s_kind, s_flags;
	/*
	 * The mapped file and the mapped data object; IMG_NONE: none. If there
	 * are both, the object (an IMG_DATA_FILE) is a copy of the file's
	 * contents, for the case that the file is missing.
	 */
	u32 s_vnode, s_data;
	u64 s_off;
};

/*
 * A run of stored pages inside one seg, or one data object. Ascending; two runs
 * never touch within a seg or an object.
 */
struct img_run {
	u32 r_va; /* address, or offset in the object */
	u32 r_npages;
	u32 r_first; /* index of its first page among all stored ones */
};

/* Pages that a process shares copy-on-write with a process before it. */
struct img_cow {
	u32 c_va;
	u32 c_npages;
	u32 c_proc; /* below its own; it stores them */
	u32 c_from; /* at this address */
};

#define IMG_FILE_REG 1u
#define IMG_FILE_DIR 2u
/* a device without state: null, zero, full, random... */
#define IMG_FILE_CHR 3u
#define IMG_FILE_TTY 4u	 /* f_obj: in i_tty */
#define IMG_FILE_PIPE 5u /* f_obj: in i_pipe; f_vnode: of a FIFO with a name */
#define IMG_FILE_DATA 6u /* a file without a name; f_obj: in i_data */
/* the master of a pseudo terminal; f_obj: the slave, in i_tty */
#define IMG_FILE_PTMX 7u
/* opened with O_PATH: the name of a symbolic link or a FIFO, nothing more */
#define IMG_FILE_NAME 8u

/*
 * An open file: shared by all descriptors that name its index. In the order of
 * first use by descriptors.
 */
struct img_file {
	u32 f_kind;
	u32 f_flags; /* O_*, without those that only act in open() */
	/*
	 * IMG_FILE_PIPE: 1 if no process has opened the pipe for writing since
	 * this file was opened; poll(2) can tell.
	 */
	u64 f_offset;
	u32 f_vnode; /* or IMG_NONE */
	/*
	 * See the kinds. IMG_FILE_REG: in i_data, a copy of the contents, for
	 * the case that the file is missing. Or IMG_NONE.
	 */
	u32 f_obj;
	s32 f_owner; /* F_SETOWN */
};

/* In the order of first use by files. */
struct img_pipe {
	/* capacity in bytes: a power of two pages */
	u32 pi_size;
	/* its contents, in i_data, or IMG_NONE */
	u32 pi_data;
	/* of a pipe without a name; else 0 */
	u32 pi_mode, pi_uid, pi_gid;
	struct img_stamp pi_atime, pi_mtime, pi_ctime; /* STATS, the same */
};

#define IMG_DATA_MEMORY 1u /* shared anonymous memory */
/* a regular file that was removed, or the contents of a file with a name */
#define IMG_DATA_FILE 2u
#define IMG_DATA_MEMFD 3u
#define IMG_DATA_PIPE 4u

/*
 * Contents. In the order of first use: segs of each process, files, pipes.
 * Pages that are not stored are zero, and so is what the last one holds behind
 * d_size.
 */
struct img_data {
	u32 d_kind;
	/* IMG_DATA_FILE, IMG_DATA_MEMFD: permission bits, owner; else 0 */
	u32 d_mode, d_uid, d_gid;
	u64 d_size;
	/* STATS, of a file; else 0 */
	struct img_stamp d_atime, d_mtime, d_ctime;
	/* as /proc/PID/fd shows it; "" where it does not */
	const char *d_path;
	struct img_run *d_run;
	u32 d_nrun;
};

#define IMG_LOCK_POSIX 1u /* of l_proc */
#define IMG_LOCK_OFD 2u	  /* of the open file l_file */
#define IMG_LOCK_FLOCK 3u /* the same; all of the file */

/*
 * An advisory lock on the file of l_file. In order of l_file, kind, process,
 * start; those of one owner do not overlap.
 */
struct img_lock {
	u32 l_kind;
	u32 l_write; /* 0 shared, 1 exclusive */
	u32 l_file;
	u32 l_proc;	    /* IMG_LOCK_POSIX; else IMG_NONE */
	u64 l_start, l_end; /* inclusive; l_end 2^63 - 1: to the end */
};

struct img_fd {
	u32 fd_num; /* ascending */
	u32 fd_file;
	u32 fd_cloexec; /* 0 or 1 */
};

/* In the order of first use: files, then the controlling terminal. */
struct img_tty {
	u32 t_vnode;
	u32 t_iflag, t_oflag, t_cflag, t_lflag;
	u8 t_line, t_cc[19];
	u32 t_ispeed, t_ospeed;
	u16 t_row, t_col, t_xpixel, t_ypixel;
	s32 t_pgrp; /* foreground process group, 0: none */
};

struct img_bytes {
	u8 *b_ptr; /* NULL if there are none */
	u32 b_len;
};

/* the master is open; if not, the slave was hung up: its queues are empty */
#define IMG_PTY_MASTER 1u
#define IMG_PTY_LOCKED 2u    /* the slave may not be opened yet */
#define IMG_PTY_HAD_SLAVE 4u /* the slave was open once */
#define IMG_PTY_EXCL 8u	     /* TIOCEXCL */
#define IMG_PTY_HELD 16u     /* input is held back */
#define IMG_PTY_LNEXT 32u    /* the next character is taken as it is */
#define IMG_PTY_ERASING 64u  /* ECHOPRT: within \.../ */
#define IMG_PTY_STOPPED 128u /* output is stopped: by a character, */
#define IMG_PTY_TCOOFF 256u  /* by tcflow(3) */
#define IMG_PTY_FLAGS 511u

/*
 * More about a terminal: a pseudo terminal of which both ends belong to the
 * processes of the image. In the order of y_tty.
 */
struct img_pty {
	u32 y_tty; /* in i_tty */
	u32 y_flags;
	s32 y_sid;		  /* the session that it controls, 0: none */
	u32 y_mode, y_uid, y_gid; /* of its name: permission bits, owner */
	/* columns: where the line being typed began; of the cursor */
	u32 y_linecol, y_column;
	/* START or STOP, to be sent before all else; 0: none */
	u32 y_xchar;
	u32 y_canon; /* how many bytes of y_in are ended lines */
	/* typed; a bit for each byte that ends a line */
	struct img_bytes y_in, y_mark;
	/* printed: not yet, and already, for the master to read */
	struct img_bytes y_out, y_sent;
};

/* Flags of a process. */
#define IMG_PF_FORKNOEXEC 1u
/* It has exited with p_xstat and was not waited for: its lists are empty. */
#define IMG_PF_ZOMBIE 2u
/* Its parent has not waited for this stop (for this continuation) yet. */
#define IMG_PF_WAITSTOP 4u
#define IMG_PF_WAITCONT 8u
/* Its parent was sent SIGCHLD for this stop. */
#define IMG_PF_STOPTOLD 16u
/* Its ids differ from those that executed it: other users may not trace it. */
#define IMG_PF_SUGID 32u
/* Its parent is to be sent SIGCHLD for its continuation. */
#define IMG_PF_TELLCONT 64u
/* It has had other rights since it was executed: the same as IMG_PF_SUGID. */
#define IMG_PF_NODUMP 128u

/* Options of a process. */
/* Orphans among its descendants become its children. */
#define IMG_PO_SUBREAPER 1u
/* Its parent has executed another program since it chose p_exitsig. */
#define IMG_PO_OLDEXIT 2u
struct img_timer {
	u64 it_remain;	 /* TIME: nanoseconds until it fires, 0: off */
	u64 it_interval; /* nanoseconds */
};

struct img_limit {
	u64 rl_cur, rl_max; /* ~0: none */
};

/* A POSIX timer. By id. */
struct img_ptimer {
	s32 pt_id;
	u32 pt_clock, pt_value;		 /* sigev_value */
	s32 pt_signo, pt_notify, pt_tid; /* SIGEV_* */
	u32 pt_overrun;
	u64 pt_interval, pt_remain; /* TIME: pt_remain, as of img_timer */
};

struct img_mm {
	u32 m_brk_start, m_brk;
	u32 m_mmap_top, m_stack_limit;
	/* with IMG_FEATURE_LOCKED: IMG_SEGF_LOCKED, _ONFAULT of new segs */
	u32 m_newflags;
	u32 m_arg_start, m_arg_end, m_env_start, m_env_end, m_stack_start;
	u32 m_code_start, m_code_end, m_data_start, m_data_end;
	u32 m_nauxv; /* words used, AT_NULL's pair included; even */
	u32 m_auxv[IMG_MAX_AUXV];
};

struct img_proc {
	/*
	 * Place of its parent in i_proc, below its own. IMG_NONE: the first
	 * process, and the other processes with which a job begins.
	 */
	u32 p_parent;
	/*
	 * Places in i_proc: the process that holds its address space, and the
	 * process that holds its descriptor table. Its own place: the process
	 * shares with no process before it. Otherwise a lower place, of a
	 * process that holds its own: then p_mm, segs and runs (or the
	 * descriptors) stand there, and are empty here.
	 */
	u32 p_mem, p_fds;
	/*
	 * Of the child of a vfork that still uses its parent's memory: place of
	 * the process that waits for it, and of the lwp in it that waits.
	 * IMG_NONE, 0: no process waits.
	 */
	u32 p_waiter, p_waiterlwp;
	s32 p_pid, p_ppid, p_pgid, p_sid;
	u32 p_flags;   /* IMG_PF_* */
	u32 p_exitsig; /* to the parent */
	u32 p_stopsig; /* stopped by this signal; 0: not stopped */
	u32 p_xstat;   /* of a zombie, as of wait(2) */
	u32 p_options; /* IMG_PO_* */
	/*
	 * Id of the parent's lwp that created it, if an lwp of this process has
	 * a death signal. 0: no such signal, or no parent in the image.
	 */
	s32 p_maker;
	u32 p_umask;
	s32 p_nice;
	u32 p_uid, p_euid, p_suid, p_fsuid, p_gid, p_egid, p_sgid, p_fsgid;
	u32 p_ngroups;
	u32 p_groups[IMG_MAX_GROUPS];
	struct img_limit p_rlimit[IMG_NRLIMIT];
	char p_comm[16]; /* terminated, zeros behind */
	/* start of the command line for ps and gdb; the same */
	char p_args[80];
	/* vnodes; no executable: IMG_NONE */
	u32 p_exe, p_cwd, p_root;
	u32 p_ctty;			      /* in i_tty, or IMG_NONE */
	struct img_sigaction p_act[IMG_NSIG]; /* [n-1] */
	struct img_sigqueue p_pending;
	struct img_timer p_itimer[3]; /* real, virtual, prof */
	/* TIME */
	u64 p_age;  /* nanoseconds since it began */
	u64 p_mono; /* its CLOCK_MONOTONIC */
	u64 p_utime, p_stime, p_cutime, p_cstime;
	u32 p_minflt, p_majflt, p_nvcsw, p_nivcsw, p_maxrss;

	struct img_mm p_mm;
	/*
	 * [0]: the lwp that called ckpt(), else the lwp with the lowest id. gdb
	 * shows it first.
	 */
	struct img_lwp *p_lwp;
	struct img_seg *p_seg;
	struct img_run *p_run;
	struct img_cow *p_cow; /* pages that stand with processes before it */
	struct img_fd *p_fd;
	struct img_ptimer *p_ptimer;
	u32 p_nlwp, p_nseg, p_nrun, p_ncow, p_nfd, p_nptimer;
	u32 p_runseg; /* the seg that img_add_page() and img_add_cow() are in */
};

/* Note IDENT, but for the checksum. */
struct img_ident {
	u8 id_image[16]; /* tells this image from every other */
	/* of the image that this one continues; zero: none */
	u8 id_parent[16];
	char id_node[64], id_system[64]; /* terminated, zeros behind */
	/* the instant that it shows, on CLOCK_REALTIME and CLOCK_MONOTONIC */
	u64 id_real_ns, id_mono_ns;
};

/* Where things are in the file; img_layout() and img_read() fill it. */
struct img_layout {
	u32 lo_phnum; /* program headers, PT_NOTE included */
	u32 lo_notes_off, lo_notes_size;
	u32 lo_check_off; /* of the checksum of the metadata, in note IDENT */
	u32 lo_data_off;  /* the metadata ends here */
	u32 lo_npages;
	u64 lo_sums_off, lo_size;
};

struct img_image {
	struct img_ident i_ident;
	/* [0]: the process that was named; parents stand before children */
	struct img_proc *i_proc;
	struct img_vnode *i_vnode;
	struct img_file *i_file;
	struct img_pipe *i_pipe;
	struct img_tty *i_tty;
	struct img_pty *i_pty;
	struct img_data *i_data;
	struct img_lock *i_lock;
	u32 i_nproc, i_nvnode, i_nfile, i_npipe, i_ntty, i_npty, i_ndata, i_nlock;
	/* 1: the fields marked STATS above are known. Older images lack them */
	u32 i_stats;

	/* From here on: not the state. */
	struct img_layout i_lo;
	u32 i_features; /* IMG_FEATURE_*, as the file has it */
	/* a sum of each block of IMG_SUMS_PER_BLOCK page sums */
	u32 *i_blocksum;

	/* The arena. */
	struct img_mem i_mem;
	struct img_chunk *i_chunk, *i_large;
	u32 i_memused, i_memmax;
};

#endif
