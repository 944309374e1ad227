/* SPDX-License-Identifier: MIT */
/*
 * exec's file: may it be executed, is it a script, and what is its interpreter?
 */
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

/* bytes of the file that are examined: BINPRM_BUF_SIZE of linux/binfmts.h */
#define SHEBANG_MAX 256u
#define SHEBANG_DEPTH 5u /* scripts whose interpreters are scripts */

/*
 * Opens the file to execute: a regular file with an execute bit, on a path that
 * the caller may search.
 */
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

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *skip_blanks(char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

/* The end of the word at p: a blank, a 0, or end. */
static char *skip_word(char *p, const char *end)
{
	while (p < end && *p && !is_blank(*p))
		p++;
	return p;
}

/*
 * Returns: the end of the first line in the buffer; NULL: the interpreter's
 *   path may continue beyond the buffer.
 */
static char *line_end(char buf[SHEBANG_MAX])
{
	char *last = buf + (SHEBANG_MAX - 1), *p;

	for (p = buf; p <= last; p++) {
		if (*p == '\n')
			return p;
	}
	p = skip_blanks(buf + 2, last + 1);
	return p <= last && skip_word(p, last + 1) <= last ? last : NULL;
}

/*
 * Splits "#! interpreter [argument]" in place; cuts an argument that is too
 * long. The buffer holds the beginning of the file and zeros.
 * Returns: false: there is no such line, or no complete path in it.
 */
static bool shebang_parse(char buf[SHEBANG_MAX], char **interp, char **arg)
{
	char *end, *p;

	if (buf[0] != '#' || buf[1] != '!')
		return false;
	end = line_end(buf);
	if (!end)
		return false;
	while (is_blank(end[-1]))
		end--;
	*end = '\0';
	*interp = skip_blanks(buf + 2, end);
	p = skip_word(*interp, end);
	*arg = NULL;
	if (p < end && *p) {
		*p = '\0';
		p = skip_blanks(p + 1, end);
		*arg = p < end ? p : NULL;
	}
	return **interp != '\0';
}

/*
 * A script's arguments: the interpreter, the argument of its line, and the
 * script's name in place of argv[0].
 */
static int script_args(struct exec_args *xa, const char *interp, const char *arg, const char *script)
{
	int error;

	xa_drop_first(xa);
	error = xa_prepend(xa, script);
	if (!error && arg)
		error = xa_prepend(xa, arg);
	return error ? error : xa_prepend(xa, interp);
}

int exec_open(struct exec_new *x, struct vnode *start, const char *path)
{
	char line[SHEBANG_MAX], name[SHEBANG_MAX], *interp, *arg;
	int error;

	name[0] = '\0';
	for (u32 depth = 0;; depth++) {
		ssize_t n;

		error = open_program(x, depth ? NULL : start, depth ? name : path);
		if (error)
			return error;
		if (depth > SHEBANG_DEPTH)
			return -ELOOP;
		memset(line, 0, sizeof(line));
		n = vn_pread(x->vp, line, sizeof(line), 0);
		if (n < 0)
			return (int)n;
		if (!shebang_parse(line, &interp, &arg))
			return 0;
		exec_close(x);
		error = script_args(&x->args, interp, arg, depth ? name : path);
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
