/* SPDX-License-Identifier: MIT */
/*
 * ckptool's commands on images made here: what they print, and their exit status.
 *
 * UNIT-NEEDS: python3
 * UNIT-SOURCES: ckpt/image/?*.c
 * UNIT-SOURCES: tools/ckptool_open.c tools/ckptool_walk.c tools/ckptool_json.c tools/ckptool_diff.c
 * UNIT-SOURCES: tools/ckptool_info.c tools/ckptool_cat.c tools/ckptool_extract.c tools/ckptool_format.c
 */
#include <unistd.h>

#define main ckptool_main
#include "tools/ckptool_main.c"
#undef main

#include "tests/unit/image_ptys.h"
#include "tests/unit/image_sample.h"
#include "tests/unit/image_tree.h"

/* Behind the sample: <signal.h> makes sa_handler a macro. */
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed;
static char dir[] = "/tmp/ckptool-XXXXXX";
static char output[1 << 20];
static size_t output_size;

static void check(bool ok, const char *name)
{
	printf("%s %s\n", ok ? "ok" : "FAIL", name);
	failed |= !ok;
	if (!ok)
		printf("  output: %.2000s\n", output);
}

static void save_image(const char *name, struct img_image *img)
{
	struct memfile f = { 0 };
	struct img_err err;
	FILE *out;

	NEED(sample_write(img, &f, &err) == 0);
	out = fopen(name, "w");
	NEED(out && fwrite(f.data, 1, f.size, out) == f.size && fclose(out) == 0);
	memfile_free(&f);
	img_free(img);
}

/* Runs ckptool in a child; what it printed, on both streams, is in output. Returns its exit status. */
static int run(const char *first, ...)
{
	char *argv[12] = { (char *)"ckptool", (char *)first };
	int argc = 2, status;
	va_list ap;
	pid_t pid;
	FILE *in;

	va_start(ap, first);
	while ((argv[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!freopen("out", "w", stdout) || dup2(1, 2) < 0)
			_exit(99);
		exit(ckptool_main(argc, argv));
	}
	NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
	in = fopen("out", "r");
	NEED(in);
	output_size = fread(output, 1, sizeof(output) - 1, in);
	output[output_size] = 0;
	fclose(in);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool says(const char *text)
{
	return strstr(output, text) != NULL;
}

static void poke(const char *name, long off, int value)
{
	FILE *f = fopen(name, "r+");

	NEED(f && fseek(f, off, SEEK_SET) == 0 && fputc(value, f) != EOF && fclose(f) == 0);
}

static void make_images(void)
{
	struct img_image img;

	sample_small(&img);
	save_image("small", &img);
	sample_small(&img);
	save_image("page", &img);
	poke("page", IMG_PAGE + 5, 0);
	sample_small(&img);
	save_image("notes", &img);
	poke("notes", 2000, 0x5a);
	sample_large(&img);
	save_image("large", &img);
	sample_small(&img);
	img.i_proc->p_umask = 077;
	img.i_proc->p_lwp[0].l_regs.r_eax = 0x1234;
	NEED(img_add_page(&img, img.i_proc, 0xbffff000) == -EINVAL);
	save_image("other", &img);
	sample_tree(&img);
	save_image("tree", &img);
	sample_tree(&img);
	img.i_proc[1].p_lwp[0].l_regs.r_edi = 7;
	img.i_proc[1].p_seg[2].s_prot = 1;
	img.i_data[1].d_run[0].r_va = 0x1000;
	img.i_file[2].f_offset = 6000;
	save_image("tree2", &img);
	sample_tree(&img);
	img.i_proc[0].p_pid = img.i_proc[0].p_lwp[0].l_tid = img.i_proc[1].p_ppid = 500;
	img.i_proc[1].p_pid = img.i_proc[2].p_ppid = img.i_proc[1].p_lwp[0].l_tid = 501;
	save_image("renamed", &img);
	sample_shares(&img);
	save_image("shares", &img);
	sample_cow(&img);
	save_image("cow", &img);
	sample_cow(&img);
	img.i_proc[1].p_ncow = 2;
	img.i_proc[1].p_cow[1].c_npages = 1;
	save_image("cow2", &img);
	sample_ptys(&img);
	save_image("ptys", &img);
	sample_ptys(&img);
	img.i_pty[0].y_in.b_ptr[10] = 'H';
	save_image("ptys2", &img);
	sample_ptys(&img);
	NEED(img_set_bytes(&img, &img.i_pty[0].y_out, output, IMG_MAX_TTY_OUT) == 0);
	save_image("ptys4", &img);
}

static void test_verify(void)
{
	check(run("verify", "small", "large", NULL) == 0 && says("small: whole, 3 pages") &&
		      says("large: whole, 1210 pages"),
	      "verify: whole images");
	check(run("verify", "small", "page", NULL) == 1 && says("small: whole") &&
		      says("page: is damaged: wrong sum of the page at this address (0x804a000)"),
	      "verify: a damaged page");
	check(run("verify", "notes", NULL) == 1 && says("notes: is damaged: wrong sum of its metadata"),
	      "verify: damaged metadata");
	check(run("verify", "absent", NULL) == 2 && says("absent: No such file"), "verify: no file");
	check(run("verify", ".", NULL) != 0, "verify: a directory");
	check(run("verify", "/dev/null", NULL) == 1, "verify: an empty file");
	check(run("verify", "/proc/self/exe", NULL) == 1 && says("is no core file of this machine"),
	      "verify: another file");
}

static void test_usage(void)
{
	check(run("--help", NULL) == 0 && says("usage: ckptool"), "--help");
	check(run("verify", NULL) == 2 && run("nonsense", "small", NULL) == 2 &&
		      run("diff", "small", NULL) == 2 && run("info", "small", "large", NULL) == 2 &&
		      says("usage: ckptool"),
	      "wrong usage");
}

static void test_show(void)
{
	check(run("info", "small", NULL) == 0 && says("process   77 (mat)") && says("/dev/ttyS0") &&
		      says("[stack]") && says("eip 08048123"),
	      "info");
	check(run("info", "tree", NULL) == 0 && says("3 processes, 3 lwps, 10 segs, 7 open files") &&
		      says("process   78 (mat), parent 77, group 77, session 77, stopped\n") &&
		      says("process   79 (mat), parent 78, group 77, session 77, ended: status 3\n") &&
		      says("/root/table[contents 1] +0x1000") && says("[pipe 0]\n") &&
		      says("/root/fifo[pipe 1]\n") && says("/root/gone (deleted) [contents 3]\n") &&
		      says("in a pipe             17") && says("ofd   exclusive 10-10  /root/table") &&
		      says("posix shared    150 to the end of process 78  /root/gone (deleted)"),
	      "info: several processes");
	check(run("info", "shares", NULL) == 0 && says("segs      shared with process 78\n") &&
		      says("open      shared with process 77\n") &&
		      says("4 processes, 4 lwps, 10 segs, 7 open files") && run("json", "shares", NULL) == 0 &&
		      says("\"memory_of\": 1") && says("\"descriptors_of\": 0"),
	      "info: what is shared");
	check(run("info", "-v", "large", NULL) == 0 && says("40011000      2  0xf000") &&
		      says("log with a blank\\012\n") && says("goes on with call 162"),
	      "info -v");
	check(run("info", "notes", NULL) == 1 && !says("process"), "info: nothing of a damaged image");
	check(run("json", "large", NULL) == 0 &&
		      system("python3 -c 'import json; d = json.load(open(\"out\")); p = d[\"procs\"][0]; assert len(p[\"lwps\"]) == 3 and "
			     "d[\"vnodes\"][-2][\"path\"] == \"/root/log with a blank\\n\" and "
			     "p[\"lwps\"][0][\"regs\"][\"eip\"] == 0x08048123 and len(p[\"runs\"]) == 602, d'") == 0,
	      "json");
	check(run("json", "tree", NULL) == 0 &&
		      system("python3 -c 'import json; d = json.load(open(\"out\")); p = d[\"procs\"]; "
			     "assert [q[\"pid\"] for q in p] == [77, 78, 79] and p[2][\"exit_status\"] == 0x300 and "
			     "[x[\"kind\"] for x in d[\"data\"]] == [\"memory\", \"file\", \"memfd\", \"file\", \"pipe\"] and "
			     "d[\"locks\"][2][\"pid\"] == 78 and p[0][\"posix_timers\"][0][\"value\"] == 0x1234 and "
			     "d[\"files\"][6][\"pipe\"] == 0 and d[\"data\"][3][\"runs\"][1][\"address\"] == 0x5000, d'") == 0,
	      "json: several processes");
}

static void test_strange_paths(void)
{
	static const char path[] = "/\"\\\x01\x7f\xc3\xa9\xe2\x82\xac\xff\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80/";
	struct img_image img;

	sample_small(&img);
	img.i_vnode[1].v_path = path;
	save_image("strange", &img);
	check(run("json", "strange", NULL) == 0 &&
		      system("python3 -c 'import json, os; d = json.load(open(\"out\", encoding=\"utf-8\")); "
			     "p = os.fsencode(d[\"vnodes\"][1][\"path\"]); assert p == "
			     "bytes([47,34,92,1,127,195,169,226,130,172,255,192,128,237,160,128,244,144,128,128,47]), p'") == 0,
	      "json: any bytes in a path");
	check(run("info", "strange", NULL) == 0 && !memchr(output, 1, output_size) && says("\\001\\177"),
	      "info: nothing that could disturb a terminal");
}

static void test_diff(void)
{
	check(run("diff", "small", "small", NULL) == 0 && output_size == 0, "diff: no difference");
	check(run("diff", "small", "other", NULL) == 1 && says("- procs.77.lwps.77.regs.eax = 0x4d") &&
		      says("+ procs.77.lwps.77.regs.eax = 0x1234") &&
		      says("- procs.77.umask = 0x12") && !says("page"),
	      "diff: a register and the umask");
	check(run("diff", "small", "page", NULL) == 1 &&
		      strcmp(output, "! procs.77.page 0x804a000: 1 bytes\n") == 0,
	      "diff: a page");
	check(run("diff", "small", "large", NULL) == 1 && says("- procs.77.page 0x804a000") &&
		      says("+ procs.77.page 0x8050000") && says("+ procs.77.lwps.79.tid = 79") &&
		      says("+ procs.77.segs.0x8050000.size = 0x8000"),
	      "diff: much");
	check(run("diff", "tree", "tree2", NULL) == 1 && strcmp(output, "- procs.78.lwps.78.regs.edi = 0x55555555\n"
									"+ procs.78.lwps.78.regs.edi = 7\n"
									"- procs.78.segs.0x50000000.prot = 3\n"
									"+ procs.78.segs.0x50000000.prot = 1\n"
									"- files.2.offset = 0x1388\n"
									"+ files.2.offset = 0x1770\n"
									"- data.1.page 0x2000\n"
									"+ data.1.page 0x1000\n") == 0,
	      "diff: of several processes, just what differs");
	check(run("diff", "tree", "renamed", NULL) == 1 && says("- procs.0.pid = 77\n+ procs.0.pid = 500") &&
		      says("- procs.1.lwps.0.tid = 78\n+ procs.1.lwps.0.tid = 501") &&
		      !says("page") && !says("regs"),
	      "diff: processes of other ids, in their order");
	check(run("diff", "small", "notes", NULL) == 2, "diff: a damaged image");
}

static void test_cat(void)
{
	u8 page[IMG_PAGE];

	sample_page(0x0804d000, page);
	check(run("cat", "small", "0x0804cffe", "6", NULL) == 0 && output_size == 6 && !output[0] &&
		      !output[1] && memcmp(output + 2, page, 4) == 0,
	      "cat: across a zero and a stored page");
	check(run("cat", "small", "0x08048000", "4", NULL) == 2 && says("it is byte 0 of /bin/mat"), "cat: of a file");
	check(run("cat", "small", "0x20000000", "4", NULL) == 2 && says("nothing is mapped"), "cat: of nothing");
	check(run("cat", "small", "0xfffffff0", "4", NULL) == 2 && run("cat", "small", "zero", "4", NULL) == 2 &&
		      run("cat", "small", "0xbffff000", "4097", NULL) == 2 &&
		      run("cat", "small", "0x10000", "-1", NULL) == 2 &&
		      run("cat", "small", "", "1", NULL) == 2,
	      "cat: no range");
}

/* List k's page, as sample_write() makes it. */
static bool is_page(u32 k, u32 at)
{
	struct img_image img;
	u8 page[IMG_PAGE];

	sample_tree(&img);
	sample_contents(&img, k, at, page);
	img_free(&img);
	return output_size == IMG_PAGE && memcmp(output, page, IMG_PAGE) == 0;
}

static void test_cat_tree(void)
{
	check(run("cat", "tree", "0x0804a000", "4096", NULL) == 0 && is_page(0, 0x0804a000) &&
		      run("cat", "-p", "78", "tree", "0x0804a000", "4096", NULL) == 0 && is_page(1, 0x0804a000),
	      "cat: each process has its memory");
	check(run("cat", "tree", "0x40003000", "4096", NULL) == 0 && is_page(3, 0x3000) &&
		      run("cat", "-p", "78", "tree", "0x50000000", "4096", NULL) == 0 && is_page(3, 0x1000) &&
		      run("cat", "tree", "0x40011000", "4096", NULL) == 0 && is_page(4, 0x2000),
	      "cat: shared memory, and the contents of a file");
	check(run("cat", "-p", "78", "tree", "0x50001000", "2", NULL) == 0 && output_size == 2 &&
		      !output[0] && !output[1],
	      "cat: zeros in shared memory");
	check(run("cat", "-p", "78", "tree", "0x40003000", "4", NULL) == 2 && says("nothing is mapped"),
	      "cat: not in this process");
	check(run("cat", "-p", "99", "tree", "0x40003000", "4", NULL) == 2 && says("holds no process 99") &&
		      run("cat", "-p", "x", "tree", "0x40003000", "4", NULL) == 2,
	      "cat: no such process");
	check(run("cat", "-p", "79", "tree", "0x40003000", "4", NULL) == 2 && says("nothing is mapped"),
	      "cat: of a zombie");
}

/* Pages that a process has together with one before it, which stores them. */
static void test_cow(void)
{
	check(run("verify", "cow", NULL) == 0 && says("whole, 14 pages"), "common pages: stored once");
	check(run("cat", "-p", "78", "cow", "0xbfffe000", "4096", NULL) == 0 && is_page(0, 0xbfffe000) &&
		      run("cat", "-p", "78", "cow", "0xbfff1000", "4096", NULL) == 0 && is_page(0, 0xbffff000) &&
		      run("cat", "-p", "90", "cow", "0x0804b000", "4096", NULL) == 0 && is_page(0, 0x0804a000) &&
		      run("cat", "-p", "78", "cow", "0xbffff000", "4096", NULL) == 0 && is_page(1, 0xbffff000),
	      "cat: common pages, and a process's own behind them");
	check(run("info", "cow", NULL) == 0 && says("shared    16 KiB with processes before it, copy-on-write\n") &&
		      !says("process 77 at"),
	      "info: how much is common");
	check(run("info", "-v", "cow", NULL) == 0 && says("bfff0000      2  process 77 at bfffe000\n"),
	      "info: each run of common pages");
	check(run("json", "cow", NULL) == 0 && system("python3 -c 'import json; d = json.load(open(\"out\")); "
						      "assert d[\"procs\"][1][\"shared\"][1] == {\"address\": 0xbfff0000, \"pages\": 2, "
						      "\"process\": 0, \"there\": 0xbfffe000}, d'") == 0,
	      "json: each run of common pages");
	check(run("diff", "cow", "cow", NULL) == 0 && output_size == 0, "diff: no difference in common pages");
	check(run("diff", "cow", "cow2", NULL) == 1 && strcmp(output, "- procs.78.page 0xbfff1000\n"
								      "- procs.78.page 0xbfffe000\n") == 0,
	      "diff: a page is missing");
	check(run("extract", "cow", "78", "heir", NULL) == 0 && run("verify", "heir", NULL) == 0 &&
		      run("cat", "heir", "0xbfff1000", "4096", NULL) == 0 &&
		      is_page(0, 0xbffff000) && run("diff", "heir", "cow", NULL) == 1 &&
		      !says("procs.78.page") && run("info", "heir", NULL) == 0 && !says("before it"),
	      "extract: what was common is its own");
}

static void test_extract(void)
{
	static char before[IMG_PAGE];

	check(run("extract", "tree", "78", "child", NULL) == 0 && output_size == 0 &&
		      run("verify", "child", NULL) == 0 && says("whole, 10 pages"),
	      "extract: an image of its own");
	check(run("cat", "child", "0x0804a000", "4096", NULL) == 0 && is_page(1, 0x0804a000) &&
		      run("cat", "child", "0x50000000", "4096", NULL) == 0 && is_page(3, 0x1000),
	      "extract: its memory");
	check(run("diff", "child", "tree", NULL) == 1 && says("+ procs.77.pid = 77") &&
		      says("- procs.78.descriptors.1.file = 1\n+ procs.78.descriptors.1.file = 6\n") &&
		      !says("procs.78.page") && !says("procs.78.lwps"),
	      "extract: the process is the same");
	check(run("info", "child", NULL) == 0 && says("1 processes, 1 lwps, 5 segs, 3 open files") &&
		      says("[pipe 0]\n") && says("/root/gone (deleted) [contents 2]") &&
		      says("posix shared    150 to the end of process 78"),
	      "extract: with what it uses");
	check(run("cat", "-p", "78", "shares", "0x0804a000", "4096", NULL) == 0 &&
		      (memcpy(before, output, IMG_PAGE), true) &&
		      run("cat", "-p", "90", "shares", "0x0804a000", "4096", NULL) == 0 &&
		      memcmp(before, output, IMG_PAGE) == 0 &&
		      run("extract", "shares", "90", "sharer", NULL) == 0 && run("verify", "sharer", NULL) == 0 &&
		      run("cat", "sharer", "0x0804a000", "4096", NULL) == 0 &&
		      memcmp(before, output, IMG_PAGE) == 0 && run("info", "sharer", NULL) == 0 &&
		      says("1 processes, 1 lwps, 5 segs, 6 open files") && says("posix exclusive 0-99") &&
		      !says("shared with") && says("directory /proc/77/task"),
	      "extract: what was shared is its own");
	check(run("extract", "tree", "77", "parent", NULL) == 0 && run("verify", "parent", NULL) == 0 &&
		      run("extract", "parent", "77", "parent2", NULL) == 0 &&
		      run("diff", "parent", "parent2", NULL) == 1 && says("ident.image") && !says("procs"),
	      "extract: of the first process, and again");
	check(run("extract", "tree", "79", "zombie", NULL) == 2 && says("has ended") &&
		      access("zombie", F_OK) < 0,
	      "extract: nothing of a zombie");
	check(run("extract", "tree", "77", "tree", NULL) == 2 && says("File exists") &&
		      run("verify", "tree", NULL) == 0,
	      "extract: never over a file");
	check(run("extract", "tree", "1", "none", NULL) == 2 &&
		      run("extract", "notes", "77", "none", NULL) == 1 && access("none", F_OK) < 0,
	      "extract: no such process, a damaged image");
}

static void test_ptys(void)
{
	check(run("info", "ptys", NULL) == 0 &&
		      says("pseudo    /dev/pts/3, session 77, 13 bytes typed, 15 printed, stopped\n") &&
		      says("pseudo    /dev/pts/4, hung up\n") && says("master    0000002"),
	      "info: pseudo terminals");
	check(run("diff", "ptys", "ptys2", NULL) == 1 && says("- ttys.0.pty.typed = ") &&
		      says("+ ttys.0.pty.typed = ") && !says("printed"),
	      "diff: what was typed");
	check(run("diff", "ptys", "ptys4", NULL) == 1 && says("+ ttys.0.pty.written = 0000"), "diff: a full queue");
	check(run("extract", "ptys", "77", "ptys3", NULL) == 0 && run("verify", "ptys3", NULL) == 0 &&
		      run("diff", "ptys", "ptys3", NULL) == 1 && says("ident.image") && !says("ttys"),
	      "extract: pseudo terminals");
}

static void test_format(const char *root)
{
	char command[600];

	snprintf(command, sizeof(command), "python3 -B %s/tests/unit/ckpt5.py out %s/docs/ckpt.5", root, root);
	check(run("format", NULL) == 0 && says("\n    36  s32         nice\n") && system(command) == 0,
	      "format: the tables of ckpt(5)");
	check(run("format", "small", NULL) == 2, "format: of no image");
}

int main(void)
{
	char command[80], root[256];

	setvbuf(stdout, NULL, _IOLBF, 0);
	NEED(getcwd(root, sizeof(root)) && mkdtemp(dir) && chdir(dir) == 0);
	make_images();
	test_verify();
	test_usage();
	test_format(root);
	test_show();
	test_strange_paths();
	test_diff();
	test_ptys();
	test_cat();
	test_cat_tree();
	test_cow();
	test_extract();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	check(chdir("/") == 0 && system(command) == 0, "nothing is left");
	return failed;
}
