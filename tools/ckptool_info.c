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
	tool_print_text(stdout, img->i_vnode[index].v_path);
	putchar('\n');
}

static void print_proc(const struct img_image *img)
{
	const struct img_proc *p = &img->i_proc;

	printf("process   %d (", p->p_pid);
	tool_print_text(stdout, p->p_comm);
	printf("), parent %d, group %d, session %d%s\ncommand   ", p->p_ppid, p->p_pgid, p->p_sid,
	       p->p_stopsig ? ", stopped" : "");
	tool_print_text(stdout, p->p_args);
	printf("\nuser      %u, group %u\n", p->p_euid, p->p_egid);
	print_path(img, "program", p->p_exe);
	print_path(img, "directory", p->p_cwd);
	printf("times     %.3f s user, %.3f s system\n", (double)p->p_utime / 1e9, (double)p->p_stime / 1e9);
}

static void print_lwp(const struct img_lwp *l)
{
	const struct img_regs *r = &l->l_regs;

	printf("lwp %-6d eip %08x  esp %08x  ebp %08x  eflags %08x\n", l->l_tid, r->r_eip, r->r_esp,
	       r->r_ebp, r->r_eflags);
	printf("           eax %08x  ebx %08x  ecx %08x  edx %08x  esi %08x  edi %08x\n", r->r_eax,
	       r->r_ebx, r->r_ecx, r->r_edx, r->r_esi, r->r_edi);
	if (l->l_restart.rs_active)
		printf("           goes on with call %u, %.3f s left\n", l->l_restart.rs_sysno,
		       (double)l->l_restart.rs_remain / 1e9);
}

static u32 stored_in(const struct img_image *img, const struct img_seg *s)
{
	u32 pages = 0;

	for (u32 i = 0; i < img->i_nrun; i++)
		if (img->i_run[i].r_va - s->s_base < s->s_size)
			pages += img->i_run[i].r_npages;
	return pages;
}

static void print_segs(const struct img_image *img)
{
	printf("\nsegs      range                prot   KiB   stored\n");
	for (u32 i = 0; i < img->i_nseg; i++) {
		const struct img_seg *s = &img->i_seg[i];

		printf("          %08x-%08x  %c%c%c%c %6u %6u  ", s->s_base, s->s_base + s->s_size,
		       s->s_prot & 1 ? 'r' : '-', s->s_prot & 2 ? 'w' : '-', s->s_prot & 4 ? 'x' : '-',
		       s->s_kind == IMG_SEG_SHARED ? 's' : 'p', s->s_size / 1024, stored_in(img, s) * 4);
		if (s->s_kind != IMG_SEG_ANON) {
			tool_print_text(stdout, img->i_vnode[s->s_vnode].v_path);
			printf(" +%#llx", (unsigned long long)s->s_off);
		}
		printf("%s%s\n", s->s_flags & IMG_SEGF_STACK ? "[stack]" : "",
		       s->s_flags & IMG_SEGF_BRK ? "[heap]" : "");
	}
}

static void print_runs(const struct img_image *img)
{
	printf("\nruns      address   pages  offset in the file\n");
	for (u32 i = 0; i < img->i_nrun; i++)
		printf("          %08x %6u  %#llx\n", img->i_run[i].r_va, img->i_run[i].r_npages,
		       (unsigned long long)img_page_off(img, img->i_run[i].r_first));
}

static void print_files(const struct img_image *img)
{
	static const char *const kind[] = {
		[IMG_FILE_REG] = "file", [IMG_FILE_DIR] = "directory", [IMG_FILE_CHR] = "device", [IMG_FILE_TTY] = "terminal"
	};

	printf("\nopen      fd  kind       flags     offset  path\n");
	for (u32 i = 0; i < img->i_nfd; i++) {
		const struct img_fd *fd = &img->i_fd[i];
		const struct img_file *f = &img->i_file[fd->fd_file];

		printf("        %4u%c %-9s %07o %10llu  ", fd->fd_num, fd->fd_cloexec ? 'c' : ' ',
		       kind[f->f_kind], f->f_flags, (unsigned long long)f->f_offset);
		tool_print_text(stdout, img->i_vnode[f->f_vnode].v_path);
		putchar('\n');
	}
}

void tool_info(const struct tool_image *ti, bool verbose)
{
	const struct img_image *img = &ti->ti_img;
	u64 mapped = 0;

	for (u32 i = 0; i < img->i_nseg; i++)
		mapped += img->i_seg[i].s_size;
	print_when(&img->i_ident);
	print_proc(img);
	printf("holds     %u segs, %u lwps, %u open files\n", img->i_nseg, img->i_nlwp, img->i_nfile);
	printf("memory    %llu KiB mapped, %u KiB stored\n", (unsigned long long)mapped / 1024,
	       img->i_lo.lo_npages * 4);
	printf("file      %llu bytes, %u of them metadata\n\n",
	       (unsigned long long)img->i_lo.lo_size, img->i_lo.lo_data_off);
	for (u32 i = 0; i < img->i_nlwp; i++)
		print_lwp(&img->i_lwp[i]);
	print_segs(img);
	if (verbose)
		print_runs(img);
	print_files(img);
}
