"""Calls of a function in JavaScript or TypeScript, evaluated by Node in the program's own process.

As for Python, that process gets calls and never sees an expected value. What came back is compared outside, as Python
compares: an array is a list, a Map or plain object a dictionary, a big integer an integer; an object of a class,
`undefined` and a function equal nothing. A promise counts as what it comes to.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from aha.types import Json

VALUES_FILE = "aha_values.js"
VALUES = """
const fs = require("fs");
const WHOLE = Object.getPrototypeOf(Int8Array);

function encode(value, depth) {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "bigint") return ["int", value.toString(16)];
    if (typeof value === "number") {
        const plain = Number.isFinite(value) && !(Number.isInteger(value) && !Number.isSafeInteger(value));
        return plain ? value : ["float", String(value).replace("Infinity", "inf")];
    }
    if (depth > 100) return ["object", "too deep"];
    const each = (items) => Array.from(items, (item) => encode(item, depth + 1));
    if (Array.isArray(value) || value instanceof WHOLE) return ["list", each(value)];
    if (value instanceof Set) return ["set", each(value)];
    if (value instanceof Map) return ["dict", Array.from(value, each)];
    const kind = value === undefined || typeof value === "function" ? typeof value : Object.getPrototypeOf(value);
    if (kind === Object.prototype || kind === null) return ["dict", Object.entries(value).map(each)];
    return ["object", String(typeof kind === "string" ? kind : kind.constructor && kind.constructor.name)];
}

async function outcome(call) {
    try {
        return { value: encode(await call(), 0) };
    } catch (error) {
        return { raised: String(error && error.name) };
    }
}

function write(text) {
    const data = Buffer.from(text);
    for (let done = 0; done < data.length; ) {
        try {
            done += fs.writeSync(1, data, done);
        } catch (error) {
            if (error.code !== "EAGAIN") throw error;
        }
    }
}

exports.answer = async (calls) => {
    const [marker, ...names] = process.argv.slice(2);
    for (const name of names) write(`\\n${marker} ${name} ${JSON.stringify(await outcome(calls[name]))}\\n`);
};
"""
"""A module that stands beside the program: evaluates the calls that its arguments name and writes a line for each, in
the form of values.py."""


def call_text(function: str, arguments: Json) -> str:
    """A call of the function of that name, or of the method of a class `Solution` where there is none. Raises
    ValueError for arguments that are not finite."""
    given = f"JSON.parse({json.dumps(json.dumps(arguments, allow_nan=False))})"
    return f'typeof {function} === "function" ? {function}.apply(null, {given}) : new Solution().{function}(...{given})'


def calls_text(names: Sequence[str], calls: Sequence[str]) -> str:
    """The statement that follows the program: hands the calls over by name. On one line, for `@ts-ignore` to reach it:
    what of it does not fit the program is none of the program's errors."""
    table = ", ".join(f"{name}: () => {call}" for name, call in zip(names, calls, strict=True))
    return f'// @ts-ignore\n;require("./{VALUES_FILE}").answer({{ {table} }});\n'
