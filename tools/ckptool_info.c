/* SPDX-License-Identifier: MIT */
/* ckptool info: an image on one screen. */
#include "tools/ckptool.h"

#include <string.h>
#include <time.h>

void tool_print_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		u8 c = (u8)*s;

		if (c == '\\')
			fputs("\\\\", out);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\%03o", c);
		else
			putc(c, out);
	}
}

static void print_when(const struct img_ident *id)
{
	time_t seconds = (time_t)(id->id_real_ns / 1000000000ull);
	struct tm tm;
	char text[64] = "";

	if (gmtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("taken     %s.%03u UTC on ", text, (u32)(id->id_real_ns / 1000000 % 1000));
	tool_print_text(stdout, id->id_node);
	printf(" (");
	tool_print_text(stdout, id->id_system);
	printf(")\nimage     ");
	for (u32 i = 0; i < sizeof(id->id_image); i++)
		printf("%02x", id->id_image[i]);
	putchar('\n');
}

static void print_path(const struct img_image *img, const char *label, u32 index)
{
	printf("%-10s", label);
	tool_print_text(stdout, index == IMG_NONE ? "none" : img->i_vnode[index].v_path);
	putchar('\n');
}

static void print_proc(const struct img_image *img, const struct img_proc *p)
{
	printf("process   %d (", p->p_pid);
	tool_print_text(stdout, p->p_comm);
	printf("), parent %d, group %d, session %d%s", p->p_ppid, p->p_pgid, p->p_sid,
	       p->p_stopsig ? ", stopped" : "");
	if (p->p_flags & IMG_PF_ZOMBIE) {
		printf(", ended: %s %u\n", p->p_xstat & 0x7f ? "signal" : "status",
		       p->p_xstat & 0x7f ? p->p_xstat & 0x7f : p->p_xstat >> 8);
		return;
	}
	printf("\ncommand   ");
	tool_print_text(stdout, p->p_args);
	printf("\nuser      %u, group %u\n", p->p_euid, p->p_egid);
	print_path(img, "program", p->p_exe);
	print_path(img, "directory", p->p_cwd);
	printf("times     %.3f s user, %.3f s system\n", (double)p->p_utime / 1e9, (double)p->p_stime / 1e9);
	if (p->p_nptimer)
		printf("timers    %u\n", p->p_nptimer);
}

static void print_lwp(const struct img_lwp *l)
{
	const struct img_regs *r = &l->l_regs;

	printf("lwp %-6d eip %08x  esp %08x  ebp %08x  eflags %08x\n", l->l_tid, r->r_eip, r->r_esp,
	       r->r_ebp, r->r_eflags);
	printf("           eax %08x  ebx %08x  ecx %08x  edx %08x  esi %08x  edi %08x\n", r->r_eax,
	       r->r_ebx, r->r_ecx, r->r_edx, r->r_esi, r->r_edi);
	if (l->l_restart.rs_active && l->l_restart.rs_remain == IMG_NO_LIMIT)
		printf("           goes on with call %u\n", l->l_restart.rs_sysno);
	else if (l->l_restart.rs_active)
		printf("           goes on with call %u, %.3f s left\n", l->l_restart.rs_sysno,
		       (double)l->l_restart.rs_remain / 1e9);
}

static u32 stored_in(const struct img_proc *p, const struct img_seg *s)
{
	u32 pages = 0;

	for (u32 i = 0; i < p->p_nrun; i++)
		if (p->p_run[i].r_va - s->s_base < s->s_size)
			pages += p->p_run[i].r_npages;
	return pages;
}

static void print_mapped(const struct img_image *img, const struct img_seg *s)
{
	if (s->s_vnode != IMG_NONE)
		tool_print_text(stdout, img->i_vnode[s->s_vnode].v_path);
	else
		tool_print_text(stdout, img->i_data[s->s_data].d_path);
	if (s->s_data != IMG_NONE)
		printf("[contents %u]", s->s_data);
	printf(" +%#llx", (unsigned long long)s->s_off);
}

static void print_segs(const struct img_image *img, const struct img_proc *p)
{
	if (img_mem_of(img, p) != p) {
		printf("segs      shared with process %d\n", img_mem_of(img, p)->p_pid);
		return;
	}
	printf("segs      range                prot   KiB   stored\n");
	for (u32 i = 0; i < p->p_nseg; i++) {
		const struct img_seg *s = &p->p_seg[i];

		printf("          %08x-%08x  %c%c%c%c %6u %6u  ", s->s_base, s->s_base + s->s_size,
		       s->s_prot & 1 ? 'r' : '-', s->s_prot & 2 ? 'w' : '-', s->s_prot & 4 ? 'x' : '-',
		       s->s_kind == IMG_SEG_SHARED ? 's' : 'p', s->s_size / 1024, stored_in(p, s) * 4);
		if (s->s_kind != IMG_SEG_ANON)
			print_mapped(img, s);
		printf("%s%s\n", s->s_flags & IMG_SEGF_STACK ? "[stack]" : "",
		       s->s_flags & IMG_SEGF_BRK ? "[heap]" : "");
	}
}

static void print_runs(const struct img_image *img, struct img_runs runs)
{
	printf("runs      address   pages  offset in the file\n");
	for (u32 i = 0; i < runs.rs_nrun; i++)
		printf("          %08x %6u  %#llx\n", runs.rs_run[i].r_va, runs.rs_run[i].r_npages,
		       (unsigned long long)img_page_off(img, runs.rs_run[i].r_first));
}

static void print_file_name(const struct img_image *img, const struct img_file *f)
{
	if (f->f_vnode != IMG_NONE)
		tool_print_text(stdout, img->i_vnode[f->f_vnode].v_path);
	if (f->f_kind == IMG_FILE_PIPE)
		printf("[pipe %u]", f->f_obj);
	else if (f->f_kind == IMG_FILE_DATA)
		tool_print_text(stdout, img->i_data[f->f_obj].d_path);
	if ((f->f_kind == IMG_FILE_REG || f->f_kind == IMG_FILE_DATA) && f->f_obj != IMG_NONE)
		printf(" [contents %u]", f->f_obj);
}

static void print_files(const struct img_image *img, const struct img_proc *p)
{
	static const char *const kind[] = {
		[IMG_FILE_REG] = "file",    [IMG_FILE_DIR] = "directory",
		[IMG_FILE_CHR] = "device",  [IMG_FILE_TTY] = "terminal",
		[IMG_FILE_PIPE] = "pipe",   [IMG_FILE_DATA] = "contents",
		[IMG_FILE_PTMX] = "master", [IMG_FILE_NAME] = "name"
	};

	if (img_fds_of(img, p) != p)
		printf("open      shared with process %d\n", img_fds_of(img, p)->p_pid);
	if (p->p_nfd)
		printf("open      fd  kind       flags     offset  path\n");
	for (u32 i = 0; i < p->p_nfd; i++) {
		const struct img_fd *fd = &p->p_fd[i];
		const struct img_file *f = &img->i_file[fd->fd_file];

		printf("        %4u%c %-9s %07o %10llu  ", fd->fd_num, fd->fd_cloexec ? 'c' : ' ',
		       kind[f->f_kind], f->f_flags, (unsigned long long)f->f_offset);
		print_file_name(img, f);
		putchar('\n');
	}
}

/* What is part of no address space, or of several. */
static void print_data(const struct img_image *img, bool verbose)
{
	static const char *const kind[] = {
		[IMG_DATA_MEMORY] = "shared memory", [IMG_DATA_FILE] = "file", [IMG_DATA_MEMFD] = "memfd", [IMG_DATA_PIPE] = "in a pipe"
	};

	if (img->i_ndata)
		printf("\ncontents   kind                size   stored  path\n");
	for (u32 i = 0; i < img->i_ndata; i++) {
		const struct img_data *d = &img->i_data[i];
		u32 stored = 0;

		for (u32 k = 0; k < d->d_nrun; k++)
			stored += d->d_run[k].r_npages;
		printf("     %4u  %-13s %10llu %5u KiB  ", i, kind[d->d_kind],
		       (unsigned long long)d->d_size, stored * 4);
		tool_print_text(stdout, d->d_path);
		putchar('\n');
		if (verbose)
			print_runs(img, (struct img_runs){ d->d_run, d->d_nrun });
	}
}

static void print_locks(const struct img_image *img)
{
	static const char *const kind[] = { [IMG_LOCK_POSIX] = "posix", [IMG_LOCK_OFD] = "ofd", [IMG_LOCK_FLOCK] = "flock" };

	if (img->i_nlock)
		printf("\nlocks\n");
	for (u32 i = 0; i < img->i_nlock; i++) {
		const struct img_lock *l = &img->i_lock[i];

		printf("          %-5s %s %llu", kind[l->l_kind],
		       l->l_write ? "exclusive" : "shared   ", (unsigned long long)l->l_start);
		if (l->l_end == (1ull << 63) - 1)
			printf(" to the end");
		else
			printf("-%llu", (unsigned long long)l->l_end);
		if (l->l_kind == IMG_LOCK_POSIX)
			printf(" of process %d", img->i_proc[l->l_proc].p_pid);
		printf("  ");
		print_file_name(img, &img->i_file[l->l_file]);
		putchar('\n');
	}
}

/* What stands with processes before it. */
static void print_cows(const struct img_image *img, const struct img_proc *p, bool verbose)
{
	if (!p->p_ncow)
		return;
	printf("shared    %u KiB with processes before it, copy-on-write\n", img_cow_pages(p) * 4);
	for (u32 i = 0; verbose && i < p->p_ncow; i++)
		printf("          %08x %6u  process %d at %08x\n", p->p_cow[i].c_va,
		       p->p_cow[i].c_npages, img->i_proc[p->p_cow[i].c_proc].p_pid, p->p_cow[i].c_from);
}

static void print_one(const struct img_image *img, const struct img_proc *p, bool verbose)
{
	putchar('\n');
	print_proc(img, p);
	for (u32 i = 0; i < p->p_nlwp; i++)
		print_lwp(&p->p_lwp[i]);
	if (p->p_flags & IMG_PF_ZOMBIE)
		return;
	print_segs(img, p);
	if (verbose)
		print_runs(img, (struct img_runs){ p->p_run, p->p_nrun });
	print_cows(img, p, verbose);
	print_files(img, p);
}

static void print_ptys(const struct img_image *img)
{
	for (u32 i = 0; i < img->i_npty; i++) {
		const struct img_pty *y = &img->i_pty[i];

		printf("pseudo    ");
		tool_print_text(stdout, img->i_vnode[img->i_tty[y->y_tty].t_vnode].v_path);
		if (!(y->y_flags & IMG_PTY_MASTER))
			printf(", hung up\n");
		else
			printf(", session %d, %u bytes typed, %u printed%s\n", y->y_sid,
			       y->y_in.b_len, y->y_out.b_len + y->y_sent.b_len,
			       y->y_flags & (IMG_PTY_STOPPED | IMG_PTY_TCOOFF) ? ", stopped" : "");
	}
}

void tool_info(const struct tool_image *ti, bool verbose)
{
	const struct img_image *img = &ti->ti_img;
	u32 segs = 0, lwps = 0;
	u64 mapped = 0;

	for (u32 k = 0; k < img->i_nproc; k++) {
		const struct img_proc *p = &img->i_proc[k];

		segs += p->p_nseg;
		lwps += p->p_nlwp;
		for (u32 i = 0; i < p->p_nseg; i++)
			mapped += p->p_seg[i].s_size;
	}
	print_when(&img->i_ident);
	printf("holds     %u processes, %u lwps, %u segs, %u open files\n", img->i_nproc, lwps,
	       segs, img->i_nfile);
	printf("memory    %llu KiB mapped, %u KiB stored\n", (unsigned long long)mapped / 1024,
	       img->i_lo.lo_npages * 4);
	printf("file      %llu bytes, %u of them metadata\n", (unsigned long long)img->i_lo.lo_size,
	       img->i_lo.lo_data_off);
	for (u32 i = 0; i < img->i_nproc; i++)
		print_one(img, &img->i_proc[i], verbose);
	print_data(img, verbose);
	print_ptys(img);
	print_locks(img);
}
