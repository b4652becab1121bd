/**
 * One esbuild call makes one folder per door, `<outDir>/<operation>/index.mjs`, that runs as it is on Lambda and in the local host.
 * Nothing is built when nothing changed; files are replaced one by one and whole, so that a running host never reads half a bundle.
 * Run as a program: bundles all doors into dist/functions and prints what they weigh.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { z } from 'zod';
import { type Door, listDoors } from '../doors.ts';
import { fingerprint } from './fingerprint.ts';
import { nativePackages, nativePlugin } from './native.ts';
import { oneLanguagePlugin } from './one-language.ts';
import { routesOnlyPlugin } from './routes-only.ts';

const bundleFolder = fileURLToPath(new URL('../../dist/functions', import.meta.url));
const project = fileURLToPath(new URL('../..', import.meta.url));

export interface Bundle {
  readonly operation: string;
  /** Folder that is the function's code: `index.mjs`, its source map and the declared assets. */
  readonly folder: string;
  /** Absolute path of `index.mjs`, which exports `handler`. */
  readonly entry: string;
  /** Bytes of `index.mjs`. */
  readonly bytes: number;
}

export interface BundleRequest {
  readonly doors: readonly Door[];
  /** Default `dist/functions`. Everything else in it is removed. */
  readonly outDir?: string;
}

export interface BundleResult {
  readonly bundles: readonly Bundle[];
  /** The folder was already what these sources make. */
  readonly cached: boolean;
}

const manifestSchema = z.object({
  fingerprint: z.string(),
  inputs: z.array(z.string()),
  files: z.record(z.string(), z.number()),
});
type Manifest = z.infer<typeof manifestSchema>;

/** Bundles the doors. Throws when a door imports a native package that it does not declare. */
export async function bundleDoors({ doors, outDir = bundleFolder }: BundleRequest): Promise<BundleResult> {
  const request = describeRequest(doors);
  const known = await upToDate(outDir, request);
  if (known !== undefined) return { bundles: bundlesOf(doors, outDir, known.files), cached: true };
  const files = await buildFiles(doors, outDir);
  const sizes = Object.fromEntries([...files.contents].map(([name, content]) => [name, content.byteLength]));
  await replaceFiles(outDir, files.contents);
  const manifest: Manifest = {
    fingerprint: await fingerprint(project, files.inputs, request),
    inputs: files.inputs,
    files: sizes,
  };
  await writeWhole(outDir, 'manifest.json', Buffer.from(JSON.stringify(manifest)));
  return { bundles: bundlesOf(doors, outDir, sizes), cached: false };
}

/** What of the declarations decides about the output. */
function describeRequest(doors: readonly Door[]): string {
  const { plugins, ...plain } = esbuildOptions;
  return JSON.stringify([
    plain,
    plugins?.map((plugin) => plugin.name),
    doors.map(({ operation, file, contract }) => [operation, file, contract.native ?? [], contract.assets ?? {}]),
  ]);
}

const esbuildOptions: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  write: false,
  logLevel: 'silent',
  // Packages in CommonJS call require, which an ES module does not have.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  plugins: [nativePlugin, oneLanguagePlugin, routesOnlyPlugin],
};

interface BuiltFiles {
  /** Path below the output folder → content. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Sources of the project itself that went in, relative to the project. */
  readonly inputs: string[];
}

async function buildFiles(doors: readonly Door[], outDir: string): Promise<BuiltFiles> {
  const contents = new Map<string, Uint8Array>();
  if (doors.length === 0) return { contents, inputs: [] };
  const entryPoints = Object.fromEntries(doors.map((door) => [`${door.operation}/index`, door.file]));
  const result = await build({ ...esbuildOptions, entryPoints, outdir: outDir, absWorkingDir: project });
  for (const file of result.outputFiles ?? []) contents.set(path.relative(outDir, file.path), file.contents);
  if (result.metafile !== undefined) refuseUndeclaredNative(doors, result.metafile);
  const copied: string[] = [];
  for (const door of doors) {
    for (const [name, specifier] of Object.entries(door.contract.assets ?? {})) {
      if (path.basename(name) !== name) throw new Error(`${door.file}: asset "${name}" must be a plain file name`);
      const file = createRequire(door.file).resolve(specifier);
      contents.set(path.join(door.operation, name), await readFile(file));
      copied.push(path.relative(project, file));
    }
  }
  const inputs = [...Object.keys(result.metafile?.inputs ?? {}), ...copied];
  return { contents, inputs: inputs.filter((file) => !file.includes('node_modules/') && !file.includes(':')).sort() };
}

function refuseUndeclaredNative(doors: readonly Door[], metafile: Metafile): void {
  for (const door of doors) {
    const output = Object.values(metafile.outputs).find(
      (one) => one.entryPoint !== undefined && path.resolve(project, one.entryPoint) === door.file,
    );
    const used = nativePackages.filter((name) =>
      Object.keys(output?.inputs ?? {}).some((input) => input.startsWith(`native:${name}`)),
    );
    const missing = used.filter((name) => !(door.contract.native ?? []).includes(name));
    if (missing.length > 0)
      throw new Error(`${door.file}: imports ${missing.join(', ')} but does not declare it as native`);
  }
}

async function upToDate(outDir: string, request: string): Promise<Manifest | undefined> {
  const text = await readFile(path.join(outDir, 'manifest.json'), 'utf8').catch(() => undefined);
  const manifest = text === undefined ? undefined : manifestSchema.safeParse(parseJson(text)).data;
  if (manifest === undefined) return undefined;
  const now = await fingerprint(project, manifest.inputs, request).catch(() => undefined);
  if (now !== manifest.fingerprint) return undefined;
  for (const [name, bytes] of Object.entries(manifest.files)) {
    const found = await readFile(path.join(outDir, name)).catch(() => undefined);
    if (found?.byteLength !== bytes) return undefined;
  }
  return manifest;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bundlesOf(doors: readonly Door[], outDir: string, sizes: Readonly<Record<string, number>>): Bundle[] {
  return doors.map(({ operation }) => {
    const folder = path.join(outDir, operation);
    return { operation, folder, entry: path.join(folder, 'index.mjs'), bytes: sizes[`${operation}/index.mjs`] ?? 0 };
  });
}

async function replaceFiles(outDir: string, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(outDir, { recursive: true });
  for (const [name, content] of contents) {
    const old = await readFile(path.join(outDir, name)).catch(() => undefined);
    if (old?.equals(content) !== true) await writeWhole(outDir, name, content);
  }
  const present = await readdir(outDir, { recursive: true, withFileTypes: true });
  for (const entry of present.filter((one) => one.isFile())) {
    const name = path.relative(outDir, path.join(entry.parentPath, entry.name));
    if (!contents.has(name) && name !== 'manifest.json' && !name.endsWith('.part'))
      await rm(path.join(outDir, name), { force: true });
  }
}

/** Written beside the doors' folders first: what a killed run leaves behind is in no function's code. */
async function writeWhole(outDir: string, name: string, content: Uint8Array): Promise<void> {
  const file = path.join(outDir, name);
  const part = path.join(outDir, `${name.replaceAll(path.sep, '-')}.${process.pid}.part`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(part, content);
  await rename(part, file);
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  const { bundles, cached } = await bundleDoors({ doors: await listDoors() });
  for (const { operation, bytes } of bundles)
    console.log(`${String(Math.ceil(bytes / 1024)).padStart(7)} KiB  ${operation}`);
  const ms = Math.round(performance.now() - startedAt);
  console.log(`${bundles.length} doors, ${cached ? 'unchanged' : 'bundled'}, ${ms} ms`);
}

if (import.meta.main) await main();
