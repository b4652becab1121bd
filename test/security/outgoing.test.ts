/** One place fetches: whatever functions and shared code call out with is shared/net, or the SDK of AWS. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const theOnePlace = 'shared/net/';
/** Modules of Node that open connections or start programs, which could. */
const callingModules =
  /^(node:)?(http|https|http2|net|tls|dgram|dns|dns\/promises|child_process|cluster|worker_threads|inspector|quic|undici)$/;
const callingGlobals = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'eval', 'Function'];
const marks = Object.fromEntries(
  callingGlobals.flatMap((name) =>
    [name, `globalThis.${name}`, `global.${name}`].map((use) => [use, `CALLS_OUT_${name}`]),
  ),
);
/** Packages that are used, and why they fetch nothing that somebody names. A new one is looked at before it stands here. */
const knownPackages: Readonly<Record<string, string>> = {
  '@aws-sdk/*': 'calls AWS',
  '@middy/core': 'calls nothing',
  '@zip.js/zip.js': 'calls nothing: its HttpReader, which would, is not imported',
  'aws-lambda': 'types',
  bowser: 'calls nothing',
  'csv-stringify': 'calls nothing',
  'file-type': 'calls nothing',
  htmlparser2: 'calls nothing',
  'ipaddr.js': 'calls nothing',
  jose: 'calls nothing: createRemoteJWKSet, which would, is not imported',
  'lean-qr': 'calls nothing',
  'openid-client': 'calls providers, by the fetch that it is given',
  otpauth: 'calls nothing',
  'node-av': 'FFmpeg, which is told to open plain files only',
  sharp: 'calls nothing',
  'temporal-polyfill': 'calls nothing',
  unhomoglyph: 'calls nothing',
  zod: 'calls nothing',
};
const callingNames = ['createRemoteJWKSet', 'HttpReader', 'HttpRangeReader'];

interface Finding {
  readonly place: string;
  readonly what: string;
}

async function sources(): Promise<{ path: string; text: string }[]> {
  const found: { path: string; text: string }[] = [];
  for (const folder of ['functions', 'shared']) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.ts')) continue;
      const file = join(entry.parentPath, entry.name);
      found.push({ path: relative(root, file).replaceAll('\\', '/'), text: await readFile(file, 'utf8') });
    }
  }
  return found.filter(({ path }) => !path.startsWith(theOnePlace));
}

/** Without types, and with a mark in the place of every global that calls out: not of fields, strings or names of one's own. */
async function findCalls(path: string, text: string): Promise<Finding[]> {
  const { code } = await transform(text, { loader: 'ts', define: marks, logLevel: 'silent', target: 'esnext' });
  const globals = [...code.matchAll(/CALLS_OUT_(\w+)/g)].map(([, name = '']) => name);
  const modules = [...code.matchAll(/^(?:import|export) (?:[\w$*{}\s,]+ from )?"([^"]+)";$|\bimport\("([^"]+)"\)/gm)]
    .map(([, fixed, late]) => whatModule(fixed ?? late ?? ''))
    .filter((what) => what !== null);
  const computed = /\bimport\((?!")/.test(code) ? ['a computed import'] : [];
  const names = callingNames.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  const own = text.includes("from 'openid-client'") && !code.includes('[customFetch]: guardedFetch');
  if (own) names.push('openid-client with its own fetch');
  return [...globals, ...modules, ...computed, ...names].map((what) => ({ place: path, what }));
}

function whatModule(specifier: string): string | null {
  if (specifier.startsWith('.')) return null;
  if (callingModules.test(specifier)) return specifier;
  if (specifier.startsWith('node:')) return null;
  const known = Object.keys(knownPackages).some((name) =>
    name.endsWith('/*')
      ? specifier.startsWith(name.slice(0, -1))
      : specifier === name || specifier.startsWith(`${name}/`),
  );
  return known ? null : `the package ${specifier}, which nobody has looked at`;
}

test('nothing but shared/net fetches, connects or starts programs', async () => {
  const files = await sources();
  expect(files.length).toBeGreaterThan(100);
  expect((await Promise.all(files.map(({ path, text }) => findCalls(path, text)))).flat()).toEqual([]);
});

test.each([
  ['await fetch("https://x")', 'fetch'],
  ['const get = fetch;', 'fetch'],
  ['globalThis.fetch(u)', 'fetch'],
  ['use({ call: fetch })', 'fetch'],
  ['new WebSocket(u)', 'WebSocket'],
  ['import http from "node:http"; http.get(u)', 'node:http'],
  ['import { get } from "https"; get(u)', 'https'],
  ['const h = await import("node:net");', 'node:net'],
  ['const h = await import(name);', 'a computed import'],
  ['export * from "undici";', 'undici'],
  ['import got from "got"; got(u)', 'the package got, which nobody has looked at'],
  ["import { discovery } from 'openid-client'; discovery(u)", 'openid-client with its own fetch'],
  ['import { createRemoteJWKSet as k } from "jose"; k(u)', 'createRemoteJWKSet'],
])('%s is found', async (text, what) => {
  expect((await findCalls('x.ts', text)).map((finding) => finding.what)).toContain(what);
});

test.each([
  'const page = `<script>fetch("/v1")</script>`;',
  'import type { IncomingMessage } from "node:http";',
  'options.fetch.limit',
  'const x: { fetch(): void } = y;',
  'import { html } from "../html/html.ts";',
])('%s is nothing', async (text) => {
  expect(await findCalls('x.ts', text)).toEqual([]);
});
