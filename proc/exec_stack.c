/* SPDX-License-Identifier: MIT */
/*
 * The new program's stack, from the top:
 *	one page: executable's path, "i686", 16 random bytes
 *	strings of argv and envp (the pages that exec_args.c filled)
 *	auxiliary vector, 0, envp[], 0, argv[], argc	<- esp, 16-byte aligned
 */
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/exec_impl.h"
#include "proc/proc.h"
#include "proc/rlimit.h"

static void put_aux(struct as *as, u32 *n, u32 type, u32 value)
{
	as->a_auxv[(*n)++] = type;
	as->a_auxv[(*n)++] = value;
}

static u32 hwcap(void)
{
	u32 r[4];

	x86_cpuid(1, 0, r);
	return r[3];
}

static void build_auxv(struct exec_new *x, u32 execfn, u32 platform, u32 random)
{
	const struct elf_image *ei = &x->image;
	struct as *as = x->as;
	u32 n = 0;

	put_aux(as, &n, AT_HWCAP, hwcap());
	put_aux(as, &n, AT_PAGESZ, PAGE_SIZE);
	put_aux(as, &n, AT_CLKTCK, 100);
	put_aux(as, &n, AT_PHDR, ei->ei_phdr);
	put_aux(as, &n, AT_PHENT, sizeof(struct elf32_phdr));
	put_aux(as, &n, AT_PHNUM, ei->ei_phnum);
	put_aux(as, &n, AT_BASE, ei->ei_base);
	put_aux(as, &n, AT_FLAGS, 0);
	put_aux(as, &n, AT_ENTRY, ei->ei_prog_entry);
	put_aux(as, &n, AT_UID, x->cred->cr_uid);
	put_aux(as, &n, AT_EUID, x->cred->cr_euid);
	put_aux(as, &n, AT_GID, x->cred->cr_gid);
	put_aux(as, &n, AT_EGID, x->cred->cr_egid);
	put_aux(as, &n, AT_SECURE, x->secure);
	put_aux(as, &n, AT_RANDOM, random);
	put_aux(as, &n, AT_EXECFN, execfn);
	put_aux(as, &n, AT_PLATFORM, platform);
	put_aux(as, &n, AT_NULL, 0);
}

/*
 * The page at the very top. Strings too long for it are cut: they are
 * information only.
 */
static int build_top_page(struct exec_new *x, u32 *execfn, u32 *platform, u32 *random)
{
	u32 top = STACK_TOP - PAGE_SIZE, pathlen = (u32)strlen(x->path) + 1;
	struct page *pg = page_alloc(PGA_ZERO);
	u8 *kva;
	int error;

	if (!pg)
		return -ENOMEM;
	kva = page_kva(pg);
	pathlen = MIN(pathlen, PAGE_SIZE - 64);
	memcpy(kva, x->path, pathlen - 1);
	memcpy(kva + PAGE_SIZE - 48, "i686", 5);
	random_bytes(kva + PAGE_SIZE - 32, 16);
	*execfn = top;
	*platform = top + PAGE_SIZE - 48;
	*random = top + PAGE_SIZE - 32;
	error = as_install_page(x->as, top, pg);
	if (error)
		page_put(pg);
	return error;
}

/* argc, argv[], 0, envp[], 0, auxv: written below the strings. */
static int build_vectors(struct exec_new *x, u32 base)
{
	struct exec_args *xa = &x->args;
	struct as *as = x->as;
	u32 naux = ARRAY_SIZE(as->a_auxv), words, off, i, sp;
	u32 *v;
	int error = 0;

	while (naux > 2 && as->a_auxv[naux - 1] == 0 && as->a_auxv[naux - 2] == 0 &&
	       as->a_auxv[naux - 3] == 0 && as->a_auxv[naux - 4] == 0)
		naux -= 2;
	words = 1 + xa->xa_argc + 1 + xa->xa_envc + 1 + naux;
	v = kmalloc(words * 4, 0);
	if (!v)
		return -ENOMEM;
	/*
	 * Below the strings' first page, which is installed whole afterwards.
	 */
	sp = (base + PAGE_DOWN(xa->xa_start) - words * 4) & ~15u;
	off = xa->xa_start;
	v[0] = xa->xa_argc;
	for (i = 1; i <= xa->xa_argc; i++) {
		v[i] = base + off;
		off += xa_strsize(xa, off);
	}
	v[i++] = 0;
	as->a_arg_start = base + xa->xa_start;
	as->a_arg_end = as->a_env_start = base + off;
	for (u32 e = 0; e < xa->xa_envc; e++) {
		v[i++] = base + off;
		off += xa_strsize(xa, off);
	}
	v[i++] = 0;
	as->a_env_end = base + off;
	memcpy(&v[i], as->a_auxv, naux * 4);
	if (as_write(as, sp, v, words * 4) != (ssize_t)(words * 4))
		error = -ENOMEM;
	kfree(v);
	x->esp = sp;
	as->a_stack_start = sp;
	return error;
}

int exec_build_stack(struct exec_new *x)
{
	struct as *as = x->as;
	u32 strings = PAGE_UP(x->args.xa_end) + 4 * PAGE_SIZE +
		      PAGE_UP((x->args.xa_argc + x->args.xa_envc + 64) * 4);
	u32 size = MAX(EXEC_STACK_MIN, strings), base, start = STACK_TOP - size;
	u32 execfn, platform, random;
	u64 limit = MIN(rlimit_cur(curproc(), RLIMIT_STACK), x->secure ? EXEC_STACK_SECURE : ~0ull);
	int error;

	as->a_stack_limit = limit > 0x40000000 ? 0x40000000 : (u32)limit;
	as->a_stack_limit = MAX(as->a_stack_limit, size);
	error = as_map(as, &start, size, PROT_READ | PROT_WRITE | PROT_EXEC,
		       PROT_READ | PROT_WRITE | PROT_EXEC, SEG_STACK, NULL, 0, AS_FIXED);
	if (!error)
		error = build_top_page(x, &execfn, &platform, &random);
	if (error)
		return error;
	build_auxv(x, execfn, platform, random);
	/* Counts the vectors now, while the strings still belong to x. */
	base = STACK_TOP - PAGE_SIZE - PAGE_UP(x->args.xa_end);
	error = build_vectors(x, base);
	return error ? error : xa_install(&x->args, as, &base);
}
