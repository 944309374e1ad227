/* SPDX-License-Identifier: MIT */
/*
 * The numbers of the image file: ELF's, those of Linux's core notes, and ours.
 *
 * Sources: System V ABI (ELF), Intel386 supplement; linux-libc-dev's elf.h and
 * elfcore.h, asm/user.h for the notes of a 32-bit core file. Ours: docs/ckpt.5.
 */
#ifndef CKPT_IMG_FORMAT_H
#define CKPT_IMG_FORMAT_H

/* ELF32 */
#define ELF_EHSIZE 52u
#define ELF_PHSIZE 32u
#define ELF_SHSIZE 40u
#define ET_CORE 4u
#define EM_386 3u
/* p_paddr: 0; or 1 + the data object whose pages it shows */
#define PT_LOAD 1u
#define PT_NOTE 4u
/* Ours, from a range that debuggers ignore: p_vaddr and p_paddr say whose. */
#define PT_KCKPT_MEM 0x64b43001u /* pages of process p_paddr, at p_vaddr */
/* of data object p_paddr, at offset p_vaddr */
#define PT_KCKPT_DATA 0x64b43002u
/* e_phnum: sh_info of section header 0 has the number */
#define PN_XNUM 0xffffu
#define PF_X 1u
#define PF_W 2u
#define PF_R 4u

#define NOTE_HEADER 20u /* namesz, descsz, type, and a name that fits 8 bytes */

/* Notes that debuggers know. */
#define OWNER_CORE "CORE"
#define NT_PRSTATUS 1u /* struct elf_prstatus, 144 bytes: one for each lwp */
#define NT_FPREGSET 2u /* FSAVE image, 108 bytes */
#define NT_PRPSINFO 3u /* struct elf_prpsinfo, 124 bytes */
#define NT_AUXV 6u
#define NT_FILE 0x46494c45u
#define OWNER_LINUX "LINUX"
#define NT_PRXFPREG 0x46e62b7fu /* FXSAVE image, 512 bytes */
#define NT_386_TLS 0x200u	/* struct user_desc for each TLS slot in use */

#define PRSTATUS_SIZE 144u
#define PRPSINFO_SIZE 124u
#define FPREGSET_SIZE 108u
#define TLS_FIRST 6u /* GDT slot of the first */

/*
 * Our notes. Every one begins with its version. The numbers are high because
 * debuggers look at the type of a note of an owner that they do not know:
 * number 6, say, would be taken for an auxiliary vector.
 */
#define OWNER_KCKPT "KCKPT"
#define NK(note) (0x4b430000u + (note)) /* "KC" */
enum img_noteid {
	N_NONE,
	N_HEAD,	  /* sizes and counts; first of all notes */
	N_IDENT,  /* which image, and the checksum; second */
	N_TIME,	  /* clocks and timers */
	N_VNODES, /* files that the processes depend on */
	N_PROC,
	N_SIGNALS, /* actions, pending for the process */
	N_MM,
	N_SEGS,
	N_FDS,
	N_TTYS,
	N_SUMS, /* sums of the blocks of page sums */
	N_LWP,
	N_TREE,	 /* third: the processes, and how much there is of each */
	N_FILES, /* open file descriptions */
	N_PIPES,
	N_DATA,
	N_LOCKS,
	N_PTIMERS,
	/*
	 * For the processes after the first. The same fields of the first one
	 * stand in notes that debuggers know.
	 */
	N_REGS,
	N_PSINFO,
	N_PTYS, /* the fields that only pseudo terminals have */
	N_SHARES,
	N_OPTIONS,
	N_VFORKS,
	N_STATS, /* more about files, contents, pipes */
	N_COWS,
	N_COUNT
};

/*
 * Bits of HEAD: additions to version 2 that the reader of this image must know.
 */
#define IMG_FEATURE_PTYS 1u
/* a process other than the first has no parent in the image */
#define IMG_FEATURE_JOB 2u
#define IMG_FEATURE_REMOVED 4u /* IMG_VF_REMOVED */
/* processes share an address space or a descriptor table */
#define IMG_FEATURE_SHARES 8u
#define IMG_FEATURE_PROCESS 16u /* IMG_VF_PROCESS */
/* IMG_PO_*, or lwps whose img_options are not the default */
#define IMG_FEATURE_OPTIONS 32u
/* MM has m_newflags, and segs have flags beyond the first three */
#define IMG_FEATURE_LOCKED 64u
#define IMG_FEATURE_VFORKS 128u /* a parent waits in vfork(2) */
#define IMG_FEATURE_STATS 256u	/* N_STATS */
/* contents with an end beyond IMG_MAX_DATA_SIZE */
#define IMG_FEATURE_SPARSE 512u
/* IMG_FILE_NAME; device nodes that were removed */
#define IMG_FEATURE_NAMES 1024u
#define IMG_FEATURE_COWS 2048u /* a process has pages that another one stores */
#define IMG_FEATURES 4095u

#define HEAD_MAGIC "REPRISE" /* 8 bytes with the 0 */

/* bytes in HEAD: they fix the place of the checksum behind it */
#define HEAD_SIZE 60u

#endif
