# SPDX-License-Identifier: MIT
"""What the analysis cannot see, each with the reason why it is right. An entry that nothing needs any more is an error."""

# (caller, callee): calls that are never made with the caller's locks, or that lead elsewhere than a name says.
CUTS = {
    ("put_some", "uiomove"): "uio_nofault is set: it copies what is in memory, and stops at the first page that is not",
    ("ext2_meta_get", "pc_get"): "metadata are pages of the block device, whose operations ask for no lock of a file",
    ("pf_reclaim", "vn_rele"): "a node's parent is a directory of procfs, whose operations touch no other file system",
    ("free_removed_dir", "vn_rele"): "the parent of a directory of tmpfs is one, and touches no other file system",
    ("pf_getattr", "mode_of_fd"): "a link below /proc/PID/fd: no directory, so no v_lock is held",
    ("file_pread", "pf_read"): "files of procfs have V_NOFLOCK: transfer() does not lock their offset",
    ("file_pread", "fifo_read"): "only regular files and block devices have their offset locked",
    ("file_pwrite", "fifo_write"): "only regular files and block devices have their offset locked",
    ("file_pwrite", "spec_write"): "a FIFO, or a character device, whose offset is not locked",
}

# Wrong on purpose: the analysis must find them.
CANARIES = {"do_selflock", "do_lockorder", "do_sleepspin", "do_sleepintr"}
