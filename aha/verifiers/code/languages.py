"""The languages in which programs are graded: files, commands, what their runtimes need, what to install."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aha.errors import DataError, MachineError
from aha.verifiers.code.node_types import NODE_DECLARATIONS, NODE_FILE

PROGRAMS_PATH = "/usr/local/bin:/usr/bin:/bin"
"""What programs in the sandbox see; a compiler elsewhere on this machine is of no use there."""
MEBI = 1 << 20
_CLASS = re.compile(
    r"(?:^|[;{}])\s{0,99}((?:(?:public|final|abstract|static)\s{1,9}){0,4})class\s{1,9}(\w{1,99})", re.M
)
_JAVA_MAIN = re.compile(r"public\s{1,9}static\s{1,9}void\s{1,9}main\b")


@dataclass(slots=True, frozen=True)
class Language:
    """How a program of one language is compiled and run. In commands, `{name}` stands for the file's name without its
    ending, `{main}` for the class that holds `main`, `{memory}` for the memory limit in MiB."""

    name: str
    file: str
    run: tuple[str, ...]
    package: str
    """The Debian package that brings it."""
    compile: tuple[str, ...] = ()
    """Empty: it is run as it is."""
    memory_bytes: int = 32 * MEBI
    """What the runtime itself uses, beside the program."""
    address_space_bytes: int = 256 * MEBI
    """What the runtime reserves, beside the program's own memory."""
    compile_address_space_bytes: int = 1024 * MEBI
    num_processes: int = 16
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What the compiler reads beside the program, by path."""
    end_of_tests: tuple[str, int] | None = None
    """For test programs: a statement that writes `{marker}` on a line, and how many closing braces of the test code
    stand after the place where it goes; None: test programs of this language cannot tell that they ended."""

    def programs(self) -> list[str]:
        """The executables that must be there."""
        commands = [command for command in (self.compile, self.run) if command]
        found = [next(part for part in command if part != "env" and "=" not in part) for command in commands]
        return [program for program in found if not program.startswith("./")]


PYTHON = ("env", "PYTHONHASHSEED=0", "python3", "-s")
PERL = ("env", "PERL_HASH_SEED=0", "PERL_PERTURB_KEYS=0", "perl")
"""Fixed hash seeds: the same program gets the same verdict."""
GO = ("env", "GOCACHE=/tmp/go", "GOPATH=/tmp/path", "GO111MODULE=off", "CGO_ENABLED=0")
JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:CompressedClassSpaceSize=64m", "-Xss64m")

JAVASCRIPT = Language(
    "javascript",
    "main.js",
    ("node", "--max-old-space-size={memory}", "--stack-size=3900", "main.js"),
    "nodejs",
    memory_bytes=96 * MEBI,
    address_space_bytes=4096 * MEBI,
    num_processes=32,
    end_of_tests=(';require("fs").writeSync(1, "\\n{marker}\\n");', 0),
)
TSC = "tsc --target es2022 --lib es2022 --module commonjs --esModuleInterop --strict false --moduleDetection force"
TYPESCRIPT = replace(
    JAVASCRIPT,
    name="typescript",
    file="main.ts",
    package="node-typescript",
    compile=(*TSC.split(), NODE_FILE, "main.ts"),
    files={NODE_FILE: NODE_DECLARATIONS.encode()},
    compile_address_space_bytes=4096 * MEBI,
)
"""JavaScript after the compiler. Types are checked, if not strictly (`null` and missing types pass): a program with a
type error does not compile. What Node brings has any type."""

LANGUAGES: dict[str, Language] = {
    language.name: language
    for language in (
        Language("python", "solution.py", (*PYTHON, "solution.py"), "python3"),
        Language(
            "c",
            "main.c",
            ("./main",),
            "gcc",
            ("gcc", "-O2", "-std=gnu17", "-w", "-o", "main", "main.c", "-lm"),
            end_of_tests=('printf("\\n%s\\n", "{marker}"); fflush(stdout);', 1),
        ),
        Language(
            "cpp",
            "main.cpp",
            ("./main",),
            "g++",
            ("g++", "-O1", "-std=gnu++17", "-w", "-o", "main", "main.cpp"),
            end_of_tests=('std::cout << "\\n{marker}" << std::endl;', 1),
        ),
        JAVASCRIPT,
        TYPESCRIPT,
        Language(
            "java",
            "{name}.java",
            ("java", *JVM, "-Xmx{memory}m", "-cp", ".", "{main}"),
            "default-jdk-headless",
            ("javac", *(f"-J{option}" for option in JVM), "-J-Xmx512m", "-nowarn", "-encoding", "UTF-8", "{name}.java"),
            memory_bytes=192 * MEBI,
            address_space_bytes=6144 * MEBI,
            compile_address_space_bytes=6144 * MEBI,
            num_processes=48,
            end_of_tests=('System.out.println("\\n{marker}");', 2),
        ),
        Language(
            "csharp",
            "main.cs",
            ("mono", "main.exe"),
            "mono-mcs",
            ("mcs", "-nowarn:0168,0219", "-r:System.Numerics", "-out:main.exe", "main.cs"),
            address_space_bytes=1024 * MEBI,
            num_processes=32,
            end_of_tests=('System.Console.WriteLine("\\n{marker}");', 3),
        ),
        Language(
            "php",
            "main.php",
            ("php", "-d", "memory_limit=-1", "main.php"),
            "php-cli",
            address_space_bytes=512 * MEBI,
            end_of_tests=('echo "\\n{marker}\\n";', 0),
        ),
        Language("ruby", "main.rb", ("ruby", "main.rb"), "ruby", end_of_tests=('puts "\\n{marker}"', 0)),
        Language("perl", "main.pl", (*PERL, "main.pl"), "perl", end_of_tests=('print "\\n{marker}\\n";', 0)),
        Language("bash", "main.sh", ("bash", "main.sh"), "bash", num_processes=32),
        Language(
            "go",
            "main.go",
            ("./main",),
            "golang-go",
            (*GO, "go", "build", "-o", "main", "main.go"),
            address_space_bytes=2048 * MEBI,
            compile_address_space_bytes=4096 * MEBI,
            num_processes=64,
            end_of_tests=('println("\\n{marker}")', 1),
        ),
    )
}


def check_language(name: str) -> Language:
    """The language of that name. Raises DataError for one that is not in the table."""
    if name not in LANGUAGES:
        raise DataError(f"There is no language {name!r}.", cure=f"Known: {', '.join(LANGUAGES)}.")
    return LANGUAGES[name]


def check_installed(language: Language) -> None:
    """Raise MachineError, naming the package, where a program that the language needs is not on this machine."""
    for program in language.programs():
        if shutil.which(program, path=PROGRAMS_PATH) is None:
            raise MachineError(
                f"Programs in {language.name} need '{program}', which is not in {PROGRAMS_PATH}.",
                cure=f"Install the package {language.package}.",
            )


def file_name(language: Language, source: str) -> str:
    """What the program's file must be called."""
    return language.file.replace("{name}", _public_class(source))


def fill(command: Sequence[str], source: str, memory_bytes: int) -> list[str]:
    """A command of the table for this program."""
    parts = [part.replace("{memory}", str(max(16, memory_bytes // MEBI))) for part in command]
    for key, find in (("{name}", _public_class), ("{main}", _main_class)):
        if any(key in part for part in parts):
            parts = [part.replace(key, find(source)) for part in parts]
    return parts


def _public_class(source: str) -> str:
    """The class that gives a Java file its name."""
    return next((match[2] for match in _CLASS.finditer(source) if "public" in match[1]), "Main")


def _main_class(source: str) -> str:
    """The class in which the last `main` of a Java program stands."""
    mains = [match.start() for match in _JAVA_MAIN.finditer(source)] or [len(source)]
    return next((match[2] for match in reversed(list(_CLASS.finditer(source, 0, mains[-1])))), "Main")


def with_end(language: Language, test: str, marker: str) -> str | None:
    """Test code that writes the marker after its last statement; None where that cannot be put in."""
    if language.end_of_tests is None:
        return None
    statement, num_braces = language.end_of_tests
    place = len(test)
    for _ in range(num_braces):
        place = test.rfind("}", 0, place)
        if place < 0:
            return None
    returns = test.rfind("return 0;", 0, place)
    if num_braces and returns >= 0 and not test[returns + len("return 0;") : place].strip():
        place = returns
    return f"{test[:place]}\n{statement.replace('{marker}', marker)}\n{test[place:]}"
