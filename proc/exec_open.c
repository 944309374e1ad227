/* SPDX-License-Identifier: MIT */
/* exec's file: may it be executed, is it a script, who interprets it. */
#include "fs/file.h"
#include "fs/namei.h"
#include "fs/vnode.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/lib/string.h"
#include "mm/kmalloc.h"
#include "proc/exec_impl.h"
#include "proc/proc.h"

#define SHEBANG_MAX 256
#define SHEBANG_DEPTH 4

/* Opens the file to execute: a regular file with an execute bit, not on a path we may not search. */
static int open_program(struct exec_new *x, struct vnode *start, const char *path)
{
	int error = namei(start, path, 0, &x->vp);

	if (error)
		return error;
	if (x->vp->v_type != VREG || (x->vp->v_vfs->vfs_flags & VFS_MS_NOEXEC))
		return -EACCES;
	error = vn_access(x->vp, 1);
	if (error)
		return error;
	error = vn_getattr(x->vp, &x->va);
	if (error)
		return error;
	if (x->vp->v_vfs->vfs_flags & VFS_MS_NOSUID)
		x->va.va_mode &= ~(mode_t)(S_ISUID | S_ISGID);
	error = vn_text_begin(x->vp);
	x->text = error == 0;
	if (!error)
		vn_set_path(x->vp, x->path);
	return error;
}

void exec_close(struct exec_new *x)
{
	if (x->text)
		vn_text_end(x->vp);
	if (x->vp)
		vn_rele(x->vp);
	x->vp = NULL;
	x->text = false;
}

/* Splits "#! interpreter [argument]" in place. False: no such line. */
static bool shebang_parse(char *line, char **interp, char **arg)
{
	char *p, *end;

	if (line[0] != '#' || line[1] != '!')
		return false;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	for (p = line + 2; *p == ' ' || *p == '\t'; p++)
		;
	*interp = p;
	for (; *p && *p != ' ' && *p != '\t'; p++)
		;
	*arg = NULL;
	if (*p) {
		*p++ = '\0';
		for (; *p == ' ' || *p == '\t'; p++)
			;
		for (end = p + strlen(p); end > p && (end[-1] == ' ' || end[-1] == '\t'); end--)
			;
		*end = '\0';
		if (*p)
			*arg = p;
	}
	return **interp != '\0';
}

int exec_open(struct exec_new *x, struct vnode *start, const char *path)
{
	char line[SHEBANG_MAX + 1], *interp, *arg;
	char name[SHEBANG_MAX];
	int error = 0;

	strlcpy_k(name, "", sizeof(name));
	for (u32 depth = 0;; depth++) {
		ssize_t n;

		if (depth > SHEBANG_DEPTH)
			return -ELOOP;
		error = open_program(x, depth ? NULL : start, depth ? name : path);
		if (error)
			return error;
		n = vn_pread(x->vp, line, SHEBANG_MAX, 0);
		if (n < 0)
			return (int)n;
		line[n] = '\0';
		if (!shebang_parse(line, &interp, &arg))
			return 0;
		exec_close(x);
		xa_drop_first(&x->args);
		error = xa_prepend(&x->args, depth ? name : path);
		if (!error && arg)
			error = xa_prepend(&x->args, arg);
		if (!error)
			error = xa_prepend(&x->args, interp);
		if (error)
			return error;
		strlcpy_k(name, interp, sizeof(name));
		kfree(x->path);
		error = path_of_open(AT_FDCWD, name, &x->path);
		if (error) {
			x->path = NULL;
			return error;
		}
	}
}
