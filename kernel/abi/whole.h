/* SPDX-License-Identifier: MIT */
/*
 * Between ABI_WHOLE and ABI_WHOLE_END stand structures that are copied to user space. The compiler refuses one with a hole, be it of
 * bytes or of bits: an initializer that names some of the fields sets all the others to zero, but not a hole, which keeps what
 * lay on the kernel's stack. A structure that has holes in the ABI names them as fields.
 */
#ifndef KERNEL_ABI_WHOLE_H
#define KERNEL_ABI_WHOLE_H

#ifdef __i386__
#define ABI_WHOLE _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wpadded\"")
#define ABI_WHOLE_END _Pragma("GCC diagnostic pop")
#else
#define ABI_WHOLE
#define ABI_WHOLE_END
#endif

#endif
