/* SPDX-License-Identifier: MIT */
/*
 * Terminal settings of ours, beside those of <termios.h>: places that Linux leaves free. The kernel includes this file for the numbers too.
 *
 * The checkpoint character saves the foreground job, as the suspend character stops it: see ckptkey(1). It works with ISIG; 0, as at the
 * beginning: there is none.
 */
#ifndef REPRISE_TERMIOS_H
#define REPRISE_TERMIOS_H

#define VCKPT 17	    /* in c_cc */
#define CKPTFORK 0x40000000 /* in c_lflag: what it makes are forked checkpoints */

#endif
