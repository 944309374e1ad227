/* SPDX-License-Identifier: MIT */
/* Terminal settings of the i386 ABI (facts: linux-libc-dev asm-generic/termbits.h, termios.h). */
#ifndef KERNEL_ABI_TERMIOS_H
#define KERNEL_ABI_TERMIOS_H

#include "kernel/abi/whole.h"
#include "kernel/lib/types.h"
#include "kernel/abi/public/reprise/termios.h" /* VCKPT, CKPTFORK */

#define K_NCCS 19

ABI_WHOLE

/* struct termios2 of TCGETS2; TCGETS passes the first 36 bytes of it, without the speeds. */
struct abi_termios {
	u32 c_iflag;
	u32 c_oflag;
	u32 c_cflag;
	u32 c_lflag;
	u8 c_line;
	u8 c_cc[K_NCCS];
	u32 c_ispeed;
	u32 c_ospeed;
};
#define ABI_TERMIOS_SIZE 36
_Static_assert(sizeof(struct abi_termios) == 44, "termios2");
_Static_assert(offsetof(struct abi_termios, c_ispeed) == ABI_TERMIOS_SIZE, "termios");

/* struct termio of TCGETA. */
struct abi_termio {
	u16 c_iflag;
	u16 c_oflag;
	u16 c_cflag;
	u16 c_lflag;
	u8 c_line;
	u8 c_cc[8];
	u8 pad;
};
_Static_assert(sizeof(struct abi_termio) == 18, "termio");

struct abi_winsize {
	u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};
_Static_assert(sizeof(struct abi_winsize) == 8, "winsize");

/* c_cc. Place 17 is our VCKPT, 18 is used by nobody. A character of 0 is none. */
#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSWTC 7
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16

/* c_iflag */
#define IGNBRK 0x0001u
#define BRKINT 0x0002u
#define IGNPAR 0x0004u
#define PARMRK 0x0008u
#define INPCK 0x0010u
#define ISTRIP 0x0020u
#define INLCR 0x0040u
#define IGNCR 0x0080u
#define ICRNL 0x0100u
#define IUCLC 0x0200u
#define IXON 0x0400u
#define IXANY 0x0800u
#define IXOFF 0x1000u
#define IMAXBEL 0x2000u
#define IUTF8 0x4000u

/* c_oflag */
#define OPOST 0x0001u
#define OLCUC 0x0002u
#define ONLCR 0x0004u
#define OCRNL 0x0008u
#define ONOCR 0x0010u
#define ONLRET 0x0020u
#define TABDLY 0x1800u
#define XTABS 0x1800u

/* c_cflag */
#define CBAUD 0x0000100fu
#define CBAUDEX 0x00001000u
#define BOTHER 0x00001000u
#define B38400 0x0000000fu
#define B115200 0x00001002u
#define CSIZE 0x00000030u
#define CS5 0x00000000u
#define CS6 0x00000010u
#define CS7 0x00000020u
#define CS8 0x00000030u
#define CSTOPB 0x00000040u
#define CREAD 0x00000080u
#define PARENB 0x00000100u
#define PARODD 0x00000200u
#define HUPCL 0x00000400u
#define CLOCAL 0x00000800u
#define CIBAUD 0x100f0000u
#define IBSHIFT 16
#define CMSPAR 0x40000000u
#define CRTSCTS 0x80000000u

/* c_lflag */
#define ISIG 0x00001u
#define ICANON 0x00002u
#define XCASE 0x00004u
#define ECHO 0x00008u
#define ECHOE 0x00010u
#define ECHOK 0x00020u
#define ECHONL 0x00040u
#define NOFLSH 0x00080u
#define TOSTOP 0x00100u
#define ECHOCTL 0x00200u
#define ECHOPRT 0x00400u
#define ECHOKE 0x00800u
#define FLUSHO 0x01000u
#define PENDIN 0x04000u
#define IEXTEN 0x08000u
#define EXTPROC 0x10000u

ABI_WHOLE_END

#endif
