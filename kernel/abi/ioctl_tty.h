/* SPDX-License-Identifier: MIT */
/* ioctl numbers of terminals in the i386 ABI (facts: linux-libc-dev asm-generic/ioctls.h, termbits-common.h). */
#ifndef KERNEL_ABI_IOCTL_TTY_H
#define KERNEL_ABI_IOCTL_TTY_H

#define TCGETS 0x5401u
#define TCSETS 0x5402u
#define TCSETSW 0x5403u
#define TCSETSF 0x5404u
#define TCGETA 0x5405u
#define TCSETA 0x5406u
#define TCSETAW 0x5407u
#define TCSETAF 0x5408u
#define TCSBRK 0x5409u
#define TCXONC 0x540au
#define TCFLSH 0x540bu
#define TIOCEXCL 0x540cu
#define TIOCNXCL 0x540du
#define TIOCSCTTY 0x540eu
#define TIOCGPGRP 0x540fu
#define TIOCSPGRP 0x5410u
#define TIOCOUTQ 0x5411u
#define TIOCGWINSZ 0x5413u
#define TIOCSWINSZ 0x5414u
#define TIOCINQ 0x541bu
#define TIOCNOTTY 0x5422u
#define TIOCSETD 0x5423u
#define TIOCGETD 0x5424u
#define TCSBRKP 0x5425u
#define TIOCSBRK 0x5427u
#define TIOCCBRK 0x5428u
#define TIOCGSID 0x5429u
#define TCGETS2 0x802c542au
#define TCSETS2 0x402c542bu
#define TCSETSW2 0x402c542cu
#define TCSETSF2 0x402c542du
#define TIOCGPTN 0x80045430u
#define TIOCSPTLCK 0x40045431u
#define TIOCGDEV 0x80045432u
#define TIOCSIG 0x40045436u
#define TIOCVHANGUP 0x5437u
#define TIOCGPTLCK 0x80045439u
#define TIOCGEXCL 0x80045440u
#define TIOCGPTPEER 0x5441u

/* TCFLSH */
#define TCIFLUSH 0u
#define TCOFLUSH 1u
#define TCIOFLUSH 2u

/* TCXONC */
#define TCOOFF 0u
#define TCOON 1u
#define TCIOFF 2u
#define TCION 3u

/* TIOCGETD, TIOCSETD: the one line discipline there is. */
#define N_TTY 0

#endif
