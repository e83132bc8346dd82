"""What a hostile program tries. Each runs behind PRELUDE, which first asserts that it is inside namespaces of its own.

An attack prints OPEN where it got through. One that comes to its end prints `done`.
"""

from __future__ import annotations

from dataclasses import dataclass

from aha.sandbox import Limits

MEBI = 1 << 20
SHORT = Limits(cpu_seconds=0.3, wall_seconds=2, memory_bytes=256 * MEBI, file_bytes=8 * MEBI, num_processes=24)
WAITS = Limits(cpu_seconds=2, wall_seconds=1, memory_bytes=256 * MEBI, file_bytes=8 * MEBI, num_processes=24)
LONG = Limits(cpu_seconds=20, wall_seconds=20, memory_bytes=256 * MEBI, file_bytes=8 * MEBI, num_processes=24)
ROOMY = Limits(
    cpu_seconds=20,
    wall_seconds=20,
    memory_bytes=96 * MEBI,
    file_bytes=64 * MEBI,
    num_processes=24,
    address_space_bytes=4096 * MEBI,
)
"""More address space than memory, so that it is not the kernel that refuses."""

PRELUDE = """
import os, signal, sys, time
for namespace, outside in HOST["namespaces"].items():
    assert os.readlink("/proc/self/ns/" + namespace) != outside, namespace
print("inside", flush=True)

def attempt(what, call, *arguments):
    try:
        result = call(*arguments)
    except Exception as error:
        print("refused", what, type(error).__name__, flush=True)
    else:
        print("OPEN", what, repr(result)[:300], flush=True)

def kernel(name, *arguments):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(HOST["calls"][name], *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "allowed"
"""


@dataclass(frozen=True)
class Attack:
    """A program, and what must come of it."""

    code: str
    outcome: str = "exited"
    says: str = r"done\n$"
    """A pattern that standard output holds."""
    limits: Limits = LONG
    slow: bool = False


TIME = {
    "endless loop": Attack("while True: pass", "time", "", limits=SHORT),
    "sleep": Attack("time.sleep(99)", "time", "", limits=WAITS),
    "stops itself": Attack("os.kill(os.getpid(), signal.SIGSTOP)", "time", "", limits=WAITS),
    "reads input that never comes": Attack("r, w = os.pipe(); os.read(r, 1)", "time", "", limits=WAITS),
    "ignores every signal": Attack(
        """
for n in set(signal.valid_signals()) - {9, 19}:
    signal.signal(n, signal.SIG_IGN)
while True: pass
""",
        "time",
        "",
        limits=SHORT,
    ),
    "number without end": Attack("3 ** (3 ** 20)", "time", "", limits=SHORT),
    "pattern without end": Attack("import re; re.match('(a+)+$', 'a' * 64 + 'b')", "time", "", limits=SHORT),
    "many short children": Attack(
        """
while True:
    if not os.fork():
        while time.process_time() < 0.1: pass
        os._exit(0)
    os.wait()
""",
        "time",
        "",
        limits=SHORT,
    ),
    "children that share the work": Attack(
        """
for _ in range(4):
    if not os.fork(): break
while True: pass
""",
        "time",
        "",
        limits=SHORT,
    ),
}
PROCESSES = {
    "fork bomb": Attack(
        """
while True:
    try: os.fork()
    except OSError: pass
""",
        "time",
        "",
        limits=SHORT,
    ),
    "shell fork bomb": Attack(
        "os.execv('/bin/sh', ['sh', '-c', 'b() { b | b & b; }; b; sleep 9'])", "", "", limits=SHORT
    ),
    "counts its children": Attack(
        """
n = 0
try:
    while n < 500:
        if not os.fork(): time.sleep(9); os._exit(0)
        n += 1
except BlockingIOError: print('children', n < 24)
""",
        says="children True",
    ),
    "counts its threads": Attack(
        """
import threading
n = 0
try:
    while n < 500: threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1
except RuntimeError: print('threads', n < 24, flush=True)
os._exit(0)
""",
        says="threads True",
    ),
    "daemon that writes later": Attack(
        """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3); print('OPEN')
    os._exit(0)
"""
    ),
    "grandchild that keeps the pipes": Attack(
        """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(30)
    os._exit(0)
""",
        limits=WAITS,
    ),
    "hands itself on for ever": Attack(
        """
print('done', flush=True)
while True:
    if os.fork(): os._exit(0)
"""
    ),
    "kills all it can reach": Attack("attempt('all', os.kill, -1, signal.SIGKILL)"),
    "kills the first process": Attack(
        """
for n in (9, 19, 15, 6): os.kill(1, n)
time.sleep(0.1)
"""
    ),
    "looks for foreign processes": Attack(
        """
seen = [int(n) for n in os.listdir('/proc') if n.isdigit()]
for pid in range(1, 40000):
    try: os.kill(pid, 0); seen.append(pid)
    except ProcessLookupError: pass
print(max(seen) < 20)
""",
        says="True",
    ),
    "takes priority": Attack(
        """
attempt('nice', os.nice, -5)
attempt('realtime', os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(50))
"""
    ),
    "raises its limits": Attack(
        """
import resource
for name in ('AS', 'CPU', 'FSIZE', 'NOFILE', 'NPROC', 'CORE'):
    number = getattr(resource, 'RLIMIT_' + name)
    attempt(name, resource.setrlimit, number, (-1, -1))
"""
    ),
}
MEMORY = {
    "list without end": Attack(
        """
x = []
while True: x.append(bytearray(1 << 20))
""",
        says=r"^inside\n$",
    ),
    "a string of a terabyte": Attack("attempt('string', lambda: 'x' * (1 << 40))"),
    "more memory than promised": Attack(
        """
x = []
while True: x.append(b'x' * (1 << 20))
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "memory of many children": Attack(
        """
for _ in range(8):
    if not os.fork(): break
x = b'x' * (24 << 20)
time.sleep(20)
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "memory that stays when it is unmapped": Attack(
        """
import mmap
attempt('shared', mmap.mmap, -1, 1 << 20)
attempt('zero', lambda: mmap.mmap(os.open('/dev/zero', os.O_RDWR), 1 << 20))
attempt('vmsplice', kernel, 'vmsplice', 1, 0, 0, 0)
"""
    ),
    "memory shared through a file": Attack(
        """
import mmap
with open('/dev/shm/x', 'wb+') as f:
    f.truncate(60 << 20)
    m = mmap.mmap(f.fileno(), 0)
for i in range(0, 60 << 20, 4096): m[i] = 1
os.unlink('/dev/shm/x')
x = b'x' * (50 << 20)
time.sleep(20)
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "memory hidden from those who measure": Attack(
        """
import ctypes
ctypes.CDLL(None).prctl(4, 0)
x = []
while True: x.append(b'x' * (1 << 20))
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "memory files": Attack("attempt('memfd', os.memfd_create, 'x')"),
    "shared memory segments": Attack("attempt('shmget', kernel, 'shmget', 0, 1 << 20, 0o1777)"),
    "bytes in pipes": Attack(
        """
import fcntl
held = 0
try:
    while True:
        r, w = os.pipe(); os.set_blocking(w, False)
        try: fcntl.fcntl(w, 1031, 1 << 20)
        except OSError: pass
        try:
            while True: held += os.write(w, b'x' * 65536)
        except BlockingIOError: pass
except OSError: print(held < 128 << 20)
""",
        says="True",
    ),
    "bytes in sockets": Attack(
        """
import socket
held, all = 0, []
try:
    while True:
        a, b = socket.socketpair()
        a.setblocking(False)
        all += [a, b]
        try:
            while True: held += a.send(b'x' * 65536)
        except BlockingIOError: pass
except OSError: print(held < 128 << 20)
""",
        says="True",
    ),
    "bytes in the sockets of many children": Attack(
        """
import socket
for _ in range(6):
    if not os.fork(): break
all = []
while len(all) < 240:
    for end in socket.socketpair():
        end.setblocking(False)
        all.append(end)
        try:
            while True: end.send(b'x' * 65536)
        except BlockingIOError: pass
time.sleep(20)
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "deep recursion": Attack(
        """
sys.setrecursionlimit(1 << 30)
class A:
    def __getattr__(self, n): return getattr(self, n + 'x')
A().x
""",
        "killed|exited",
        r"^inside\n$",
    ),
}
DISK = {
    "one large file": Attack(
        """
def fill():
    with open('big', 'wb') as f:
        for _ in range(64): f.write(bytes(1 << 20))
attempt('size', fill)
"""
    ),
    "a file full of nothing": Attack(
        """
open('hole', 'w')
attempt('hole', os.truncate, 'hole', 1 << 40)
"""
    ),
    "many files": Attack(
        """
n = 0
try:
    while n < 64: open(f'f{n}', 'wb').write(bytes(1 << 20)); n += 1
except OSError: print(n < 9)
""",
        says="True",
    ),
    "many files without content": Attack(
        """
n = 0
while True: os.close(os.open(f'{n}', os.O_CREAT)); n += 1
""",
        "memory",
        "",
        limits=ROOMY,
        slow=True,
    ),
    "every place that can be written": Attack(
        """
for place in ('/box', '/tmp', '/dev/shm'):
    for n in range(60): open(f'{place}/{n}', 'wb').write(bytes(1 << 20))
time.sleep(20)
""",
        "memory",
        "",
        limits=ROOMY,
    ),
    "a folder in a folder in a folder": Attack("for _ in range(3000): os.mkdir('d'); os.chdir('d')"),
    "places outside": Attack(
        """
places = ['/', '/usr', '/usr/bin', '/etc', '/dev', '/proc', '/bin', '/var/tmp', '/home', '/root', '/run', '/mnt']
for place in [*places, *HOST['folders']]:
    attempt(place, open, place + '/canary', 'w')
"""
    ),
    "kernel settings": Attack(
        """
for path in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches'):
    attempt(path, open, path, 'w')
"""
    ),
    "a core file": Attack(
        """
if not os.fork(): os.abort()
print('OPEN' if os.WCOREDUMP(os.wait()[1]) or len(os.listdir('.')) > 1 else 'none')
"""
    ),
    "more open files": Attack(
        """
n = 0
try:
    while n < 9999: os.open('/dev/null', 0); n += 1
except OSError: print(n < 256)
""",
        says="True",
    ),
}
OUTPUT = {
    "endless output": Attack("while True: print('x' * 999)", "output", ""),
    "endless errors": Attack("while True: print('x' * 999, file=sys.stderr)", "output", ""),
    "a little to both": Attack("while True: print('x' * 99); print('y' * 99, file=sys.stderr)", "output", ""),
    "one large piece": Attack("os.write(1, b'x' * (64 << 20))", "output", ""),
    "output of a child": Attack(
        """
if os.fork(): os.wait()
while True: os.write(2, b'x' * 999)
""",
        "output",
        "",
    ),
}
SECRETS = {
    "the machine's files": Attack(
        """
for path in ('/etc/passwd', '/etc/shadow', '/etc/hostname', '/etc/resolv.conf', '/root', '/home', '/var', '/sys'):
    attempt(path, os.stat, path)
attempt('secret', open, HOST['secret_file'])
"""
    ),
    "links to the machine's files": Attack(
        """
os.symlink(HOST['secret_file'], 'link')
attempt('link', open, 'link')
os.symlink('/proc/1/root' + HOST['secret_file'], 'link2')
attempt('link2', open, 'link2')
os.symlink('/proc/1/cwd/../../..' + HOST['secret_file'], 'link3')
attempt('link3', open, 'link3')
"""
    ),
    "the harness's environment": Attack(
        """
import glob
for path in glob.glob('/proc/[0-9]*/environ'): print(open(path).read())
print(dict(os.environ))
"""
    ),
    "the harness's command lines": Attack(
        """
import glob
for path in glob.glob('/proc/[0-9]*/cmdline'): print(open(path).read())
"""
    ),
    "open descriptors": Attack(
        """
import glob
for pid in ('self', '1'):
    numbers = {int(n) for n in os.listdir(f'/proc/{pid}/fd')}
    print('OPEN' if numbers - {0, 1, 2, 3, 10} else 'none', sorted(numbers))
"""
    ),
    "files by their number": Attack(
        "for name in ('open_by_handle_at', 'name_to_handle_at'): attempt(name, kernel, name, 0, 0, 0)"
    ),
    "devices": Attack(
        """
import stat
for path in ('/dev/sda', '/dev/vda', '/dev/mem', '/dev/kmsg', '/dev/kvm', '/dev/fuse', '/dev/tty', '/proc/kcore'):
    attempt(path, open, path, 'rb')
attempt('mknod', os.mknod, 'disk', stat.S_IFBLK | 0o666, os.makedev(254, 0))
"""
    ),
    "hard links": Attack(
        """
attempt('link', os.link, '/usr/bin/env', '/box/env')
attempt('rename', os.rename, '/box', '/tmp/box')
"""
    ),
    "another user's rights": Attack(
        """
for call in (os.setuid, os.setgid, os.seteuid): attempt(call.__name__, call, 0)
open('shell', 'wb').write(open('/bin/sh', 'rb').read())
os.chmod('shell', 0o4755)
os.spawnv(os.P_WAIT, './shell', ['sh', '-c', 'test $(id -u) != 0 || echo OPEN'])
"""
    ),
    "its own input": Attack(
        """
attempt('stdin', os.write, 0, b'x')
attempt('size', os.truncate, 0, 1 << 20)
"""
    ),
}
NETWORK = {
    "a connection to the machine": Attack(
        """
import socket
attempt('tcp', lambda: socket.create_connection(('127.0.0.1', HOST['port']), 1))
"""
    ),
    "a connection without sockets' own calls": Attack(
        """
attempt('io_uring', kernel, 'io_uring_setup', 8, 0)
os.spawnv(os.P_WAIT, '/bin/bash', ['bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/%d && echo OPEN' % HOST['port']])
"""
    ),
    "sockets of every kind": Attack(
        """
import socket
for family in range(2, 46):
    for kind in (1, 2, 3, 5): attempt((family, kind), socket.socket, family, kind)
"""
    ),
    "names": Attack(
        """
import socket
attempt('names', socket.getaddrinfo, 'example.org', 80)
"""
    ),
    "abstract sockets": Attack(
        """
import socket
s = socket.socket(socket.AF_UNIX)
attempt('abstract', s.connect, HOST['abstract'])
"""
    ),
    "sockets with a file": Attack(
        """
import socket
for path in ('/run/docker.sock', '/var/run/docker.sock', '/run/dbus/system_bus_socket', HOST['socket_file']):
    attempt(path, socket.socket(socket.AF_UNIX).connect, path)
"""
    ),
}
KERNEL = {
    "every call of the filter": Attack(
        """
for name in HOST['calls']:
    try: kernel(name, 0, 0, 0, 0, 0)
    except OSError as error: print('refused' if error.errno == 1 else 'OPEN', name, error.errno)
    else: print('OPEN', name)
"""
    ),
    "ptrace of the first process": Attack(
        """
attempt('attach', kernel, 'ptrace', 16, 1, 0, 0)
attempt('seize', kernel, 'ptrace', 0x4206, 1, 0, 0)
"""
    ),
    "tampers with the first process": Attack(
        """
with open('/proc/1/maps') as f: maps = [line.split() for line in f]
with open('/proc/1/mem', 'r+b', 0) as memory:
    for area, rights, *_ in maps:
        low, high = (int(end, 16) for end in area.split('-'))
        if 'w' in rights:
            memory.seek(low)
            memory.write(bytes(high - low))
if os.fork(): os._exit(0)
while True: pass
""",
        "killed|exited|time",
        r"^inside\n$",
        limits=SHORT,
    ),
    "mount": Attack(
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flags in (0, 4096, 32, 16384):
    print('OPEN' if libc.mount(b'none', b'/tmp', b'tmpfs', flags, None) == 0 else 'refused', flags)
print('OPEN' if libc.umount2(b'/tmp', 2) == 0 else 'refused')
"""
    ),
    "new namespaces": Attack(
        """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x8000000, 0x4000000):
    print('OPEN' if libc.unshare(flag) == 0 else 'refused', hex(flag))
"""
    ),
    "a child in a new user namespace": Attack(
        """
clone = {'x86_64': 56, 'aarch64': 220}[os.uname().machine]
HOST['calls']['clone'] = clone
attempt('clone', kernel, 'clone', 0x10000000 | 17, 0, 0, 0, 0)
"""
    ),
    "another namespace": Attack(
        """
for name in ('mnt', 'user', 'net', 'pid'):
    fd = os.open('/proc/1/ns/' + name, 0)
    attempt(name, kernel, 'setns', fd, 0)
"""
    ),
    "a root of its own": Attack("attempt('chroot', os.chroot, '/tmp')"),
    "the machine's name and clock": Attack(
        """
import socket
attempt('name', socket.sethostname, 'x')
attempt('clock', time.clock_settime, 0, 0.0)
attempt('reboot', kernel, 'reboot', 0xFEE1DEAD, 672274793, 0x1234567, 0)
"""
    ),
    "the terminal": Attack(
        """
import fcntl
for fd in (0, 1, 2): attempt(fd, fcntl.ioctl, fd, 0x5412, b'x')
attempt('tty', open, '/dev/tty', 'w')
"""
    ),
    "calls in another machine's numbers": Attack(
        """
import ctypes
ctypes.CDLL(None).syscall(ctypes.c_long(0x40000000 | 39))
print('OPEN')
""",
        "killed",
        r"^inside\n$",
    ),
}
ATTACKS = TIME | PROCESSES | MEMORY | DISK | OUTPUT | SECRETS | NETWORK | KERNEL
