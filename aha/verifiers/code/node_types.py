"""What Node brings to a TypeScript program, declared without types: nothing needs to be installed to compile it."""

from __future__ import annotations

NODE_FILE = "aha_node.d.ts"
NODE_DECLARATIONS = """
declare module "*";
declare module "readline" {
    export type Interface = any;
    export const createInterface: any, clearLine: any, cursorTo: any, moveCursor: any, promises: any;
    const all: any;
    export default all;
}
declare module "node:readline" { export * from "readline"; export { default } from "readline"; }
declare module "events" {
    export class EventEmitter { constructor(...options: any[]); [name: string]: any; }
    export const once: any, on: any;
    export default EventEmitter;
}
declare module "node:events" { export * from "events"; export { default } from "events"; }
declare var require: any, module: any, exports: any, process: any, global: any, console: any, Buffer: any;
declare var setTimeout: any, clearTimeout: any, setInterval: any, clearInterval: any;
declare var setImmediate: any, clearImmediate: any, queueMicrotask: any, structuredClone: any, performance: any;
declare var URL: any, URLSearchParams: any, TextEncoder: any, TextDecoder: any, AbortController: any, crypto: any;
declare var __filename: string, __dirname: string;
type Buffer = any;
declare namespace NodeJS {
    type Timeout = any; type Timer = any; type Immediate = any; type ReadableStream = any; type WritableStream = any;
    type ReadStream = any; type WriteStream = any; type Process = any; type ErrnoException = any; type Global = any;
}
"""
"""A module that is not named here may be imported and has any type; types of one can be imported where it is named."""
