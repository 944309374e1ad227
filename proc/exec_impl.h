/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of exec: the file (exec_open.c), the strings
 * (exec_args.c), the ELF file (exec_elf.c), the stack (exec_stack.c), the
 * exchange (exec.c).
 */
#ifndef PROC_EXEC_IMPL_H
#define PROC_EXEC_IMPL_H

#include "fs/vnode.h"
#include "kernel/lib/types.h"
#include "mm/page.h"
#include "proc/cred.h"

struct as;
struct fdtab;
struct proc;

/*
 * The argument and environment strings, packed in whole pages that become the
 * top of the new stack unchanged. The first pages stay free, so that an
 * interpreter's name can be put in front.
 *
 *   xa_page[]: | headroom ... xa_start| argv[0]\0 ... | envp[0]\0 ... |xa_end |
 */
#define XA_MAXPAGES 514u
#define XA_HEADROOM (2 * PAGE_SIZE)

struct exec_args {
	u32 xa_start, xa_end; /* offsets */
	u32 xa_env;	      /* offset of the first environment string */
	u32 xa_argc, xa_envc;
	u32 xa_limit;	       /* highest xa_end allowed */
	struct page **xa_page; /* XA_MAXPAGES */
};

int xa_init(struct exec_args *xa, u32 limit_bytes); /* Errors: -ENOMEM. */
void xa_free(struct exec_args *xa);
/*
 * Appends strings. argv and envp are arrays of pointers in user (or kernel)
 * memory, ended by 0.
 * Errors: -E2BIG, -ENOMEM, -EFAULT.
 */
int xa_user_argv(struct exec_args *xa, uaddr_t argv);
int xa_user_envp(struct exec_args *xa, uaddr_t envp);
int xa_kernel_strings(struct exec_args *xa, char *const strings[], u32 *count);
void xa_begin_env(struct exec_args *xa);
/*
 * Puts s in front / drops the first argument.
 * Errors: -E2BIG, -ENOMEM.
 */
int xa_prepend(struct exec_args *xa, const char *s);
void xa_drop_first(struct exec_args *xa);
/*
 * Moves the pages to the top of as's stack segment, which is mapped already.
 * *base: the address of offset 0 of the strings.
 */
int xa_install(struct exec_args *xa, struct as *as, u32 *base);
/* Returns: the length of the string at offset off, with its 0. */
u32 xa_strsize(const struct exec_args *xa, u32 off);

/* The result of loading an ELF file. */
struct elf_image {
	u32 ei_entry;	   /* where the program (or its interpreter) begins */
	u32 ei_prog_entry; /* AT_ENTRY */
	u32 ei_phdr;	   /* AT_PHDR, 0 if the headers are not in memory */
	u32 ei_phnum;
	u32 ei_base; /* AT_BASE */
	u32 ei_brk;  /* first page above the highest segment */
	u32 ei_code_start, ei_code_end, ei_data_start, ei_data_end;
	/*
	 * the caller may execute, but not read, the program or its interpreter
	 */
	bool ei_unreadable;
};

/*
 * Maps the ELF program vp into the empty address space as. Checks everything.
 * Errors: -ENOEXEC, -ENOMEM, -EIO, -EINVAL, -ELIBBAD...
 */
int elf_load(struct as *as, struct vnode *vp, struct elf_image *ei);

/* An exec in progress. */
struct exec_new {
	struct exec_args args;
	/* the name given to execve(2), a script's for example */
	const char *name;
	char *path;	  /* absolute, of the file that is loaded */
	struct vnode *vp; /* with a text right, once `text` is true */
	bool text;
	struct vattr va;
	struct as *as;
	struct elf_image image;
	struct cred *cred; /* credentials of the new program (exec_rights.c) */
	bool setid;	   /* the file has a set-id bit that takes effect */
	/* AT_SECURE: gains ids, or effective and real ids differ */
	bool secure;
	bool closed; /* other processes may not look inside */
	u32 esp;
	/* a copy of the descriptor table if it is shared; else NULL */
	struct fdtab *ft;
};

/*
 * Opens the file at path, searched from start. While it is a script, opens its
 * interpreter instead and puts the arguments in front. Sets vp, text and va;
 * path (its absolute form, filled by the caller) becomes the interpreter's.
 * Call exec_close() also after an error.
 * Errors: -ENOENT, -EACCES, -ELOOP, -ETXTBSY...
 */
int exec_open(struct exec_new *x, struct vnode *start, const char *path);
void exec_close(struct exec_new *x);

/*
 * Fills cred, setid, secure and closed; image is loaded.
 * Errors: -ENOMEM.
 */
int exec_choose_cred(struct exec_new *x);
/*
 * Sets the new program's credentials, and ends all settings that it must not
 * inherit. p has one lwp.
 * Locks: takes pidlock, p_lock.
 */
void exec_commit_rights(struct proc *p, struct exec_new *x);

/* Highest soft stack limit of a set-id program. */
#define EXEC_STACK_SECURE (8ull << 20)

/* Least room of a stack, whatever its limit. */
#define EXEC_STACK_MIN (128u * 1024)

/*
 * Makes the stack in x->as, as exec_stack.c shows it, and sets esp.
 * Errors: -ENOMEM.
 */
int exec_build_stack(struct exec_new *x);

#endif
