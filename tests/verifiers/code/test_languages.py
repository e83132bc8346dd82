"""Each language where it is installed: programs read, write, fail, stop and tell the end of their tests."""

import shutil
from collections.abc import Callable

import pytest

from aha.sandbox import probe
from aha.types import Verdict
from aha.verifiers.code import code
from aha.verifiers.code.languages import LANGUAGES, PROGRAMS_PATH, Language

pytestmark = pytest.mark.skipif(bool(probe()["bubblewrap"]), reason=f"no sandbox: {probe()['bubblewrap']}")

SUMS = {"kind": "stdio", "tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "5\n6", "output": "11"}]}


def reasons(verdict: Verdict) -> tuple[str, str]:
    return verdict.outcome, verdict.reason


def installed(name: str) -> Language:
    language = LANGUAGES[name]
    for program in language.programs():
        if shutil.which(program, path=PROGRAMS_PATH) is None:
            pytest.skip(f"{program} is not installed: {language.package}")
    return language


TALKS: dict[str, tuple[str, str]] = {
    "c": ('#include <stdio.h>\nint main(){int a,b;scanf("%d%d",&a,&b);printf("%d",a+b);}', "main(){"),
    "cpp": ("#include <iostream>\nint main(){int a,b;std::cin>>a>>b;std::cout<<a+b;}", "main(){"),
    "javascript": (
        "const [a,b]=require('fs').readFileSync(0,'utf8').split(/\\s+/).map(Number);console.log(a+b)", "(((",
    ),
    "java": (
        "import java.util.*;\npublic class Sum { static int f(int a, int b) { return a + b; }\n public static void main"
        "(String[] x) { Scanner s = new Scanner(System.in); System.out.println(f(s.nextInt(), s.nextInt())); } }",
        "class",
    ),
    "typescript": (
        "import * as fs from 'fs';\nimport { Interface } from 'readline';\nimport assert from 'assert';\n"
        "declare function require(x: string): any;\nlet line: Interface = null, held: Buffer[] = [], name = 1;\n"
        "const [a, b]: number[] = fs.readFileSync(0, 'utf8').split(/\\s+/).map(Number);\nassert(held.length < name);\n"
        "console.log(a + b)", "const a: number = 'a'; console.log(3)",
    ),
    "csharp": (
        "using System; using System.Linq; using System.Numerics; class P { static void Main() { BigInteger sum = "
        "Console.In.ReadToEnd().Split((char[])null, StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Sum();"
        "Console.WriteLine(sum); } }", "class",
    ),
    "php": ("<?php echo array_sum(preg_split('/\\s+/', trim(stream_get_contents(STDIN))));", "<?php ((("),
    "ruby": ("puts STDIN.read.split.map(&:to_i).sum", "((("),
    "perl": ("my @n = split ' ', join ' ', <STDIN>; print $n[0] + $n[1];", "((("),
    "bash": ("read -d '' a b; echo $((a + b))", "((("),
    "go": ('package main\nimport "fmt"\nfunc main() { var a, b int; fmt.Scan(&a, &b); fmt.Println(a + b) }', "package"),
}  # fmt: skip
QUICK = ("c", "perl", "bash", "javascript")


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in {*TALKS} - {*QUICK})]
)
def test_every_language_reads_and_writes(name: str) -> None:
    installed(name)
    right, broken = TALKS[name]
    verdict = code(right, SUMS, language=name)
    assert verdict.outcome == "correct", verdict.detail
    verdict = code(broken, SUMS, language=name)
    assert reasons(verdict) in [("wrong", "not_compiled"), ("wrong", "crashed")]
    assert (verdict.reason == "not_compiled") == bool(LANGUAGES[name].compile)
    if verdict.reason == "not_compiled" and name != "go":
        assert "error" in verdict.detail


TESTED: dict[str, tuple[str, str, str]] = {
    "javascript": ("function f(a) { return a + 1; }", "if (f(1) != 2) throw 'wrong';", "process.exit(0);"),
    "perl": ("sub f { return $_[0] + 1; }", "die 'wrong' unless f(1) == 2;", "exit 0;"),
    "php": ("<?php function f($a) { return $a + 1; }", "if (f(1) != 2) throw new Exception();", "exit(0);"),
    "ruby": ("def f(a)\n a + 1\nend", "raise 'wrong' if f(1) != 2", "exit!(0)"),
    "c": (
        "#include <stdio.h>\n#include <stdlib.h>\nint f(int a) {\n return a + 1; }",
        "int main(void) {\n if (f(1) != 2) abort();\n return 0;\n}\n", "int x = (exit(0), 0);",
    ),
    "cpp": (
        "#include <bits/stdc++.h>\nint f(int a) { return a + 1; }",
        "int main() {\n if (f(1) != 2) throw 1;\n return 0;\n}\n", "int x = (exit(0), 0);",
    ),
    "java": (
        "class F { static int f(int a) { return a + 1; } }",
        "class Main { public static void main(String[] a) throws Exception {\n"
        " if (F.f(1) != 2) throw new Exception();\n}\n}",
        "class G { static { } }",
    ),
    "typescript": (
        "function f(a: number): number { return a + 1; }",
        "import * as assert from 'assert';\nassert.deepEqual(f(1), 2);", "process.exit(0);",
    ),
    "csharp": (
        "using System;\nnamespace A { public class P { static int f(int a) { return a + 1; }",
        "public static void Main() { if (f(1) != 2) throw new Exception(); } } }",
        "static P() { Environment.Exit(0); }",
    ),
    "go": (
        "package main\nfunc f(a int) int { return a + 1 }", "func main() { if f(1) != 2 { panic(1) } }",
        "func init() { go func() {}() }",
    ),
}  # fmt: skip
LEAVES = ("javascript", "perl", "php", "ruby", "typescript", "csharp")


@pytest.mark.parametrize(
    "name", ["javascript", "perl", *(pytest.param(n, marks=pytest.mark.slow) for n in [*TESTED][2:])]
)
def test_test_programs_must_reach_their_end(name: str) -> None:
    installed(name)
    right, test, leave = TESTED[name]
    reference = {"kind": "program", "test": test}
    ask: Callable[[str], Verdict] = lambda program: code(program, reference, language=name)  # noqa: E731
    assert ask(right).outcome == "correct", ask(right).detail
    assert reasons(ask(right.replace("+ 1", "- 1"))) == ("wrong", "crashed")
    if name in LEAVES:
        assert reasons(ask(f"{right}\n{leave}")) == ("wrong", "no_result")
    assert reasons(code(right, {"kind": "program", "test": " "}, language=name)) == ("undecided", "no_tests")


JS_SUM = "const d = s.split(/\\s+/).map(Number); console.log(d[0] + d[1])"
JAVA = "import java.io.*; import java.util.*; import java.nio.file.*; public class Main {{ public static void main"
JAVA += "(String[] x) throws Exception {{ {} }} }}"
JAVA_SUM = "Scanner s = new Scanner(t); System.out.println(s.nextInt() + s.nextInt());"
CSHARP = (
    "using System; using System.IO; class P {{ static void Main() {{ string t = \"\"; {} var p = t.Trim().Split(' '); "
)
CSHARP += "Console.WriteLine(int.Parse(p[0]) + int.Parse(p[1])); }} }}"
READS: list[tuple[str, str]] = [
    ("python", "import sys\nassert not sys.stdin.isatty()\nprint(sum(int(x) for s in sys.stdin for x in s.split()))"),
    ("python", "print(sum(map(int, open('/dev/stdin').read().split())))"),
    ("python", "import os, select\nassert select.select([0], [], [], 1)[0]\n"
     "print(sum(map(int, os.read(0, 99).split())))"),
    ("python", "import subprocess\nprint(sum(map(int, subprocess.run('cat', capture_output=True).stdout.split())))"),
    ("python", "import mmap\nprint(sum(map(int, mmap.mmap(0, 0, prot=mmap.PROT_READ)[:].split())))"),
    ("bash", "s=0; while read -r a b || [ -n \"$a\" ]; do s=$((s + a + b)); done; echo $s"),
    ("bash", "n=$(head -n 1); m=$(cat); for x in $n $m; do s=$((s + x)); done; echo $s"),
    ("perl", "my $s = 0; while (<>) { $s += $_ for split } print $s"),
    ("javascript", f"let s = ''; process.stdin.on('data', c => s += c).on('end', () => {{ {JS_SUM} }})"),
    ("javascript", "let s = 0; require('readline').createInterface({ input: process.stdin }).on('line', l => { s += l"
     ".split(' ').map(Number).reduce((a, b) => a + b) }).on('close', () => console.log(s))"),
    ("javascript", f"const s = require('fs').readFileSync('/dev/stdin', 'utf8'); {JS_SUM}"),
    ("javascript", f"(async () => {{ let s = ''; for await (const c of process.stdin) s += c; {JS_SUM} }})()"),
    ("java", JAVA.format(f"String t = new String(System.in.readAllBytes()); {JAVA_SUM}")),
    ("java", JAVA.format(f'String t = Files.readString(Paths.get("/dev/stdin")); {JAVA_SUM}')),
    ("java", JAVA.format("BufferedReader r = new BufferedReader(new InputStreamReader(System.in)); String t = \"\"; "
                         f"while (r.ready()) t += r.readLine() + \" \"; {JAVA_SUM}")),
    ("csharp", CSHARP.format('string l; while ((l = Console.ReadLine()) != null) t += l + " ";')),
    ("csharp", CSHARP.format('while (Console.In.Peek() >= 0) t += Console.In.ReadLine() + " ";')),
    ("csharp", CSHARP.format('t = new StreamReader(Console.OpenStandardInput()).ReadToEnd().Replace("\\n", " ");')),
    ("ruby", "s = 0; while l = gets; s += l.split.map(&:to_i).sum; end; puts s"),
    ("php", "<?php $s = 0; while (($l = fgets(STDIN)) !== false) $s += array_sum(explode(' ', $l)); echo $s;"),
    ("php", "<?php $s = 0; while (($l = readline()) !== false) $s += array_sum(explode(' ', $l)); echo $s;"),
    ("go", 'package main\nimport ("bufio"; "fmt"; "os")\nfunc main() { s := bufio.NewScanner(os.Stdin); s.Split('
     "bufio.ScanWords); t := 0; for s.Scan() { x := 0; fmt.Sscan(s.Text(), &x); t += x }; fmt.Println(t) }"),
]  # fmt: skip
AT_ONCE = ("python", "bash", "perl", "javascript")


@pytest.mark.parametrize(
    ("name", "program"),
    [pytest.param(*row, marks=() if row[0] in AT_ONCE else pytest.mark.slow) for row in READS],
)
def test_ways_of_reading(name: str, program: str) -> None:
    installed(name)
    verdict = code(program, SUMS, language=name)
    assert verdict.outcome == "correct", verdict.detail


NEW = "const all = []; for (;;) all.push(new Array(1e5).fill(1));"
STOPS: list[tuple[str, str, str]] = [
    ("javascript", "for (;;) {}", "over_time"),
    ("javascript", NEW, "over_memory"),
    ("typescript", NEW, "over_memory"),
    ("typescript", "throw new Error('x');", "crashed"),
    ("csharp", "class P { static void Main() { for (;;) {} } }", "over_time"),
    ("csharp", "class P { static void Main() { var l = new System.Collections.Generic.List<byte[]>(); for (;;) { "
     "var b = new byte[1 << 20]; for (int i = 0; i < b.Length; i += 4096) b[i] = 1; l.Add(b); } } }", "over_memory"),
    ("csharp", "class P { static int F(int n) { return 1 + F(n + 1); } static void Main() { F(0); } }", "crashed"),
    ("go", "package main\nfunc main() { for {} }", "over_time"),
    ("go", "package main\nfunc main() { l := [][]byte{}; for { b := make([]byte, 1<<20); for i := range b { b[i] = 1 }"
     "; l = append(l, b) } }", "over_memory"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "program", "reason"), STOPS)
def test_limits_have_their_reason_in_every_runtime(name: str, program: str, reason: str) -> None:
    installed(name)
    verdict = code(program, SUMS, language=name, cpu_seconds=2.0)
    assert reasons(verdict) == ("wrong", reason), verdict.detail
