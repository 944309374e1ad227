/* SPDX-License-Identifier: MIT */
/*
 * procfs: the kernel's state as files. No contents are stored: every directory
 * is a table, every file a function that writes its text.
 *
 *   struct pf_entry  one name: a file (pe_show, pe_store), a link (pe_text,
 *                    pe_follow) or a directory (pe_dir)
 *   struct pf_dir    a table of entries, and possibly numbers beside them:
 *                    processes, threads, descriptors
 *   struct pf_node   a vnode's v_data: an entry, and its process, thread and
 *                    descriptor
 *
 * To add a file: write its function, and a line in a table.
 *
 * Each lookup, or a recovery, makes a vnode, which lives as long as it is used;
 * two lookups of one name give two vnodes. A node of a process that has exited
 * answers -ESRCH. pn_start tells it from a later process with the same number.
 *
 * Locks: procfs has none of its own, except for the swap of f_data. Functions
 *   take the locks of what they read: pidlock, p_lock, p_execlock, a_lock. So
 *   reads must not hold f_lock (V_NOFLOCK), and lookups, which hold v_lock,
 *   read only fields that spinlocks guard.
 */
#ifndef FS_PROCFS_PROCFS_H
#define FS_PROCFS_PROCFS_H

#include "fs/procfs/text.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/stat.h"

struct as;
struct proc;
struct pf_dir;

/*
 * The subject of a function: the process (a reference; NULL: none), the thread
 * (0: all), the descriptor.
 */
struct pf_ctx {
	struct proc *c_proc;
	pid_t c_tid;
	int c_fd;
};

struct pf_entry {
	const char *pe_name;
	mode_t pe_mode;	 /* type and permission bits */
	bool pe_guarded; /* only for processes that proc_can_look() allows */
	int (*pe_show)(struct text *t, const struct pf_ctx *c);
	/* buf ends with a 0 */
	int (*pe_store)(const struct pf_ctx *c, char *buf, size_t len);
	/* a link's text, without 0: bytes */
	int (*pe_text)(const struct pf_ctx *c, char *buf, size_t size);
	/* NULL: only a text */
	int (*pe_follow)(const struct pf_ctx *c, struct vnode **vpp);
	const struct pf_dir *pe_dir;
	/* if not NULL, instead of pe_mode */
	mode_t (*pe_modeof)(const struct pf_ctx *c);
};

enum pf_what { PF_NONE, PF_PID, PF_TID, PF_FD };

struct pf_dir {
	const struct pf_entry *pd_entry;
	u32 pd_n;
	enum pf_what pd_what;		    /* numbers beside the entries */
	const struct pf_entry *pd_numbered; /* the entry of each number */
	/*
	 * The smallest number >= *num that exists; false: none. Takes only
	 * spinlocks.
	 */
	bool (*pd_next)(const struct pf_ctx *c, u32 *num);
};

struct pf_node {
	const struct pf_entry *pn_entry;
	pid_t pn_pid;	/* 0: none */
	u64 pn_start;	/* p_start_ns */
	u32 pn_nclosed; /* p_nclosed when it was looked up */
	pid_t pn_tid;
	int pn_fd;
	/* Of directories: a reference; NULL: the root. */
	struct vnode *pn_parent;
};

/* The process of a node, for pf_ctx_put(). -ESRCH if it has exited. */
int pf_ctx_get(const struct pf_node *pn, struct pf_ctx *c);
void pf_ctx_put(struct pf_ctx *c);

/* Tables (root.c, pid.c, pid_fd.c, sys.c). */
extern const struct pf_dir pf_root_dir, pf_pid_dir, pf_fd_dir, pf_fdinfo_dir, pf_sys_dir, pf_reprise_dir;
extern const struct pf_entry pf_pid_entry, pf_fd_entry, pf_fdinfo_entry;

/* The address space of p with a reference; NULL: none. Takes p_execlock. */
struct as *pf_as(struct proc *p);

/* Files and links of processes: pid_stat.c, */
int pf_show_stat(struct text *t, const struct pf_ctx *c);
int pf_show_status(struct text *t, const struct pf_ctx *c);
/* root.c, */
int pf_show_mounts(struct text *t, const struct pf_ctx *c);
int pf_show_mountinfo(struct text *t, const struct pf_ctx *c);
/* pid_mem.c, */
int pf_show_statm(struct text *t, const struct pf_ctx *c);
int pf_show_maps(struct text *t, const struct pf_ctx *c);
int pf_show_smaps(struct text *t, const struct pf_ctx *c);
int pf_show_cmdline(struct text *t, const struct pf_ctx *c);
int pf_show_environ(struct text *t, const struct pf_ctx *c);
int pf_show_auxv(struct text *t, const struct pf_ctx *c);
/* pid_link.c. */
int pf_text_exe(const struct pf_ctx *c, char *buf, size_t size);
int pf_follow_exe(const struct pf_ctx *c, struct vnode **vpp);
int pf_text_cwd(const struct pf_ctx *c, char *buf, size_t size);
int pf_follow_cwd(const struct pf_ctx *c, struct vnode **vpp);
int pf_text_root(const struct pf_ctx *c, char *buf, size_t size);
int pf_follow_root(const struct pf_ctx *c, struct vnode **vpp);

/* Copies a string as a link's text. */
int pf_put_text(const char *s, char *buf, size_t size);
/* "0" or "1", with or without a newline, into *on. -EINVAL */
int pf_parse_bool(const char *buf, bool *on);

#endif
