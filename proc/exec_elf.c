/* SPDX-License-Identifier: MIT */
/*
 * Loading an ELF program: every number in the file is checked before it is
 * used.
 */
#include "fs/namei.h"
#include "fs/vnode.h"
#include "kernel/abi/elf.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/panic.h"
#include "kernel/lib/string.h"
#include "mm/as.h"
#include "mm/kmalloc.h"
#include "proc/exec_impl.h"

#define PHNUM_MAX 128
#define INTERP_MAX 256
/*
 * Load addresses of position-independent programs and of interpreters: apart
 * from each other and from the heap of either.
 */
#define DYN_BASE 0x00400000u
#define INTERP_BASE 0xb0000000u

struct elf_file {
	struct vnode *ef_vp;
	struct elf32_ehdr ef_hdr;
	struct elf32_phdr *ef_ph;
};

static int read_exact(struct vnode *vp, void *buf, u32 len, u32 off)
{
	ssize_t n = vn_pread(vp, buf, len, off);

	if (n < 0)
		return n == -EIO || n == -ENOMEM ? (int)n : -ENOEXEC;
	return (u32)n == len ? 0 : -ENOEXEC;
}

static int elf_open(struct vnode *vp, struct elf_file *ef)
{
	struct elf32_ehdr *h = &ef->ef_hdr;
	int error = read_exact(vp, h, sizeof(*h), 0);

	ef->ef_vp = vp;
	ef->ef_ph = NULL;
	if (error)
		return error;
	if (memcmp(h->e_ident, "\177ELF\1\1\1", 7) != 0 || h->e_machine != EM_386 ||
	    (h->e_type != ET_EXEC && h->e_type != ET_DYN) ||
	    h->e_phentsize != sizeof(struct elf32_phdr) || h->e_phnum == 0 || h->e_phnum > PHNUM_MAX)
		return -ENOEXEC;
	if (h->e_phoff > 0x7fffffff)
		return -ENOEXEC;
	ef->ef_ph = kmalloc(h->e_phnum * sizeof(struct elf32_phdr), 0);
	if (!ef->ef_ph)
		return -ENOMEM;
	error = read_exact(vp, ef->ef_ph, h->e_phnum * (u32)sizeof(struct elf32_phdr), h->e_phoff);
	if (error) {
		kfree(ef->ef_ph);
		ef->ef_ph = NULL;
	}
	return error;
}

static void elf_close(struct elf_file *ef)
{
	kfree(ef->ef_ph);
	ef->ef_ph = NULL;
}

/*
 * May this LOAD segment be mapped at bias? Page numbers congruent, no wrap,
 * inside user space, and in the file to its end.
 */
static bool load_ok(const struct elf32_phdr *ph, u32 bias, u64 filesize)
{
	u64 start = (u64)ph->p_vaddr + bias, end = start + ph->p_memsz;

	return ph->p_filesz <= ph->p_memsz && ph->p_memsz != 0 && start >= USER_MIN &&
	       end <= MMAP_TOP && (ph->p_vaddr & PAGE_MASK) == (ph->p_offset & PAGE_MASK) &&
	       (u64)ph->p_offset + ph->p_filesz <= filesize;
}

static u32 prot_of(const struct elf32_phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/*
 * Zeroes from the end of the file's bytes to the end of their last page, if the
 * page is writable.
 */
static int zero_tail(struct as *as, u32 from)
{
	static const u8 zeros[256];
	u32 n = PAGE_UP(from) - from;

	while (n) {
		u32 part = MIN(n, (u32)sizeof(zeros));

		if (as_write(as, from, zeros, part) != (ssize_t)part)
			return -ENOMEM;
		from += part;
		n -= part;
	}
	return 0;
}

static int map_load(struct as *as, struct vnode *vp, const struct elf32_phdr *ph, u32 bias)
{
	u32 start = PAGE_DOWN(ph->p_vaddr + bias), file_end = ph->p_vaddr + bias + ph->p_filesz;
	u32 map_end = ph->p_filesz ? PAGE_UP(file_end) : start,
	    mem_end = PAGE_UP(ph->p_vaddr + bias + ph->p_memsz);
	u32 prot = prot_of(ph);
	int error;

	if (map_end > start) {
		error = as_map(as, &start, map_end - start, prot, PROT_READ | PROT_WRITE | PROT_EXEC,
			       0, vp, PAGE_DOWN(ph->p_offset), AS_FIXED);
		if (error)
			return error;
	}
	if (ph->p_memsz > ph->p_filesz && ph->p_filesz && (prot & PROT_WRITE)) {
		error = zero_tail(as, file_end);
		if (error)
			return error;
	}
	if (mem_end > map_end)
		return as_map(as, &map_end, mem_end - map_end, prot,
			      PROT_READ | PROT_WRITE | PROT_EXEC, 0, NULL, 0, AS_FIXED);
	return 0;
}

/* The bias of a position-independent file; 0 for any other file. */
static int elf_bias(const struct elf_file *ef, u32 want, u32 *bias)
{
	u32 low = ~0u;

	*bias = 0;
	if (ef->ef_hdr.e_type == ET_EXEC)
		return 0;
	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		if (ef->ef_ph[i].p_type == PT_LOAD)
			low = MIN(low, PAGE_DOWN(ef->ef_ph[i].p_vaddr));
	}
	if (low == ~0u)
		return -ENOEXEC;
	*bias = want - low;
	return 0;
}

/* Checks all segments first, so that a bad file is never half mapped. */
static int elf_check(const struct elf_file *ef, u32 bias)
{
	u64 last = 0;
	bool any = false;

	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		const struct elf32_phdr *ph = &ef->ef_ph[i];

		if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
			continue;
		if (!load_ok(ph, bias, ef->ef_vp->v_size) || (u64)ph->p_vaddr + bias < last)
			return -ENOEXEC;
		last = (u64)ph->p_vaddr + bias + ph->p_memsz;
		any = true;
	}
	return any ? 0 : -ENOEXEC;
}

static int elf_map(struct as *as, const struct elf_file *ef, u32 bias)
{
	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		const struct elf32_phdr *ph = &ef->ef_ph[i];
		int error;

		if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
			continue;
		error = map_load(as, ef->ef_vp, ph, bias);
		if (error)
			return error;
	}
	return 0;
}

/*
 * Address of the program headers in memory: PT_PHDR, or in the segment that
 * contains their place in the file.
 */
static u32 phdr_address(const struct elf_file *ef, u32 bias)
{
	u32 off = ef->ef_hdr.e_phoff;

	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		if (ef->ef_ph[i].p_type == PT_PHDR)
			return ef->ef_ph[i].p_vaddr + bias;
	}
	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		const struct elf32_phdr *ph = &ef->ef_ph[i];

		if (ph->p_type == PT_LOAD && off >= ph->p_offset && off - ph->p_offset < ph->p_filesz)
			return ph->p_vaddr + bias + (off - ph->p_offset);
	}
	return 0;
}

static void note_bounds(const struct elf_file *ef, u32 bias, struct elf_image *ei)
{
	ei->ei_code_start = ei->ei_data_start = 0;
	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		const struct elf32_phdr *ph = &ef->ef_ph[i];
		u32 start = ph->p_vaddr + bias, end = start + ph->p_filesz;

		if (ph->p_type != PT_LOAD || ph->p_memsz == 0)
			continue;
		if (ph->p_flags & PF_X) {
			ei->ei_code_start = start;
			ei->ei_code_end = end;
		}
		if (ph->p_flags & PF_W) {
			ei->ei_data_start = start;
			ei->ei_data_end = end;
		}
		ei->ei_brk = PAGE_UP(start + ph->p_memsz);
	}
}

/* The interpreter's path, 0 bytes if there is none. */
static int interp_path(const struct elf_file *ef, char path[INTERP_MAX])
{
	path[0] = '\0';
	for (u32 i = 0; i < ef->ef_hdr.e_phnum; i++) {
		const struct elf32_phdr *ph = &ef->ef_ph[i];
		int error;

		if (ph->p_type != PT_INTERP)
			continue;
		if (ph->p_filesz < 2 || ph->p_filesz > INTERP_MAX || ph->p_offset > 0x7fffffff)
			return -ENOEXEC;
		error = read_exact(ef->ef_vp, path, ph->p_filesz, ph->p_offset);
		if (error)
			return error;
		return path[ph->p_filesz - 1] == '\0' ? 0 : -ENOEXEC;
	}
	return 0;
}

static int load_interp(struct as *as, const char *path, struct elf_image *ei)
{
	struct elf_file ef = { 0 };
	struct vnode *vp;
	u32 bias;
	int error = namei(NULL, path, 0, &vp);

	if (error)
		return error;
	error = vp->v_type == VREG ? vn_access(vp, 1) : -EACCES;
	if (!error)
		error = elf_open(vp, &ef);
	ei->ei_unreadable |= vn_access(vp, 4) != 0;
	if (!error)
		error = elf_bias(&ef, INTERP_BASE, &bias);
	if (!error)
		error = elf_check(&ef, bias);
	if (!error)
		error = elf_map(as, &ef, bias);
	if (!error) {
		ei->ei_base = bias;
		ei->ei_entry = ef.ef_hdr.e_entry + bias;
	}
	elf_close(&ef);
	vn_rele(vp);
	return error == -ENOEXEC ? -ELIBBAD : error;
}

int elf_load(struct as *as, struct vnode *vp, struct elf_image *ei)
{
	struct elf_file ef;
	char interp[INTERP_MAX];
	u32 bias;
	int error = elf_open(vp, &ef);

	if (error)
		return error;
	memset(ei, 0, sizeof(*ei));
	ei->ei_unreadable = vn_access(vp, 4) != 0;
	error = elf_bias(&ef, DYN_BASE, &bias);
	if (!error)
		error = elf_check(&ef, bias);
	if (!error)
		error = interp_path(&ef, interp);
	if (!error)
		error = elf_map(as, &ef, bias);
	if (error)
		goto out;
	note_bounds(&ef, bias, ei);
	ei->ei_prog_entry = ei->ei_entry = ef.ef_hdr.e_entry + bias;
	ei->ei_phdr = phdr_address(&ef, bias);
	ei->ei_phnum = ef.ef_hdr.e_phnum;
	if (interp[0])
		error = load_interp(as, interp, ei);
out:
	elf_close(&ef);
	return error;
}
