"""The system calls that no program in the sandbox may make, as a filter that the kernel runs (classic BPF).

Ways around the limits on memory, towards other processes, into the kernel's rarely used corners, and all sockets but
those between the sandbox's own processes.
"""

from __future__ import annotations

import errno
import struct

X86_64 = {
    **{"ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "pidfd_getfd": 438},
    **{"mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308},
    **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433},
    **{"mount_setattr": 442, "name_to_handle_at": 303, "open_by_handle_at": 304, "quotactl": 179},
    **{"add_key": 248, "request_key": 249, "keyctl": 250, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323},
    **{"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "fanotify_init": 300},
    **{"kexec_load": 246, "kexec_file_load": 320, "init_module": 175, "finit_module": 313, "delete_module": 176},
    **{"swapon": 167, "swapoff": 168, "reboot": 169, "acct": 163, "syslog": 103, "personality": 135},
    **{"shmget": 29, "shmat": 30, "shmctl": 31, "shmdt": 67, "semget": 64, "msgget": 68, "mq_open": 240},
    **{"memfd_create": 319, "memfd_secret": 447, "vmsplice": 278, "io_setup": 206},
}
AARCH64 = {
    **{"ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "pidfd_getfd": 438},
    **{"mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268},
    **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433},
    **{"mount_setattr": 442, "name_to_handle_at": 264, "open_by_handle_at": 265, "quotactl": 60},
    **{"add_key": 217, "request_key": 218, "keyctl": 219, "bpf": 280, "perf_event_open": 241, "userfaultfd": 282},
    **{"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "fanotify_init": 262},
    **{"kexec_load": 104, "kexec_file_load": 294, "init_module": 105, "finit_module": 273, "delete_module": 106},
    **{"swapon": 224, "swapoff": 225, "reboot": 142, "acct": 89, "syslog": 116, "personality": 92},
    **{"shmget": 194, "shmat": 196, "shmctl": 195, "shmdt": 197, "semget": 190, "msgget": 186, "mq_open": 180},
    **{"memfd_create": 279, "memfd_secret": 447, "vmsplice": 75, "io_setup": 0},
}
MACHINES = {"x86_64": (0xC000003E, X86_64, 41, 9), "aarch64": (0xC00000B7, AARCH64, 198, 222)}
"""Machine → its number in the kernel, the numbers of the refused calls, of `socket` and of `mmap`."""
AF_UNIX = 1
SHARED_ANONYMOUS = 0x21
"""The two flags of `mmap` for memory that stays, unseen, when all but a page of it is unmapped."""
X32_BIT = 0x40000000

LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
"""Take a word of the call; keep these bits of it; jump if it is equal, or at least; decide."""
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, FOURTH_ARGUMENT = 0, 4, 16, 40  # where they stand in the call
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000


def seccomp_filter(machine: str) -> bytes | None:
    """The filter for a machine (as `platform.machine()` names it); None for one that is not known."""
    if machine not in MACHINES:
        return None
    architecture, refused, socket_call, mmap_call = MACHINES[machine]
    numbers = sorted(refused.values())
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),  # a call in another machine's numbers, such as 32-bit code
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL),
        *((EQUAL, len(numbers) - place + 7, 0, number) for place, number in enumerate(numbers)),  # to the last line
        (EQUAL, 0, 2, socket_call),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (EQUAL, 4, 5, AF_UNIX),
        (EQUAL, 0, 3, mmap_call),
        (LOAD, 0, 0, FOURTH_ARGUMENT),
        (AND, 0, 0, SHARED_ANONYMOUS),
        (EQUAL, 1, 0, SHARED_ANONYMOUS),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
