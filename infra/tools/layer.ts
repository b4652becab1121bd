/**
 * Makes dist/layer, the Lambda layer with the native packages, on any machine and without Docker: npm fetches the binaries
 * for Linux on arm64, at the versions and with the checksums of our lockfile.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { nativePackages } from './native.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

/** What the stacks take as the layer: `nodejs/node_modules` inside, as Lambda's NODE_PATH has it. */
export const layerFolder = path.join(project, 'dist/layer');

/** Lambda takes 250 MB of function and layers, unzipped; the rest is left to the function. */
const limitBytes = 235_000_000;

const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

/** Builds the layer anew and returns its bytes, unzipped. Throws when Lambda would refuse it. Needs the package registry. */
async function buildLayer(folder: string = layerFolder): Promise<number> {
  await mkdir(path.dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}-`);
  try {
    const nodejs = path.join(work, 'nodejs');
    await mkdir(nodejs);
    await installNative(nodejs);
    const bytes = await prune(nodejs);
    if (bytes > limitBytes) throw new Error(`the layer has ${bytes} bytes, over ${limitBytes}`);
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
    return bytes;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A manifest with the native packages alone beside our whole lockfile: npm keeps the locked versions and drops the rest. */
async function installNative(nodejs: string): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(path.join(project, 'package.json'), 'utf8')));
  const dependencies = Object.fromEntries(nativePackages.map((name) => [name, manifest.dependencies[name]]));
  await writeFile(path.join(nodejs, 'package.json'), JSON.stringify({ name: 'layer', private: true, dependencies }));
  await copyFile(path.join(project, 'package-lock.json'), path.join(nodejs, 'package-lock.json'));
  const target = ['--os=linux', '--cpu=arm64', '--libc=glibc'];
  const quiet = ['--no-audit', '--no-fund', '--no-bin-links'];
  // Their install scripts look for a binary of this machine; the right one is a package of its own.
  await promisify(execFile)('npm', ['install', '--omit=dev', '--ignore-scripts', ...target, ...quiet], { cwd: nodejs });
}

const onlyForPeople = /(\.d\.[cm]?ts|\.map|(?<!licen[cs]e)\.md)$/i;

/** Removes what only people and compilers read, and counts the bytes that stay. */
async function prune(nodejs: string): Promise<number> {
  await rm(path.join(nodejs, 'package-lock.json'));
  await rm(path.join(nodejs, 'node_modules/.package-lock.json'));
  let bytes = 0;
  for (const entry of await readdir(nodejs, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && onlyForPeople.test(entry.name)) await rm(file);
    else if (entry.isFile()) bytes += (await stat(file)).size;
  }
  return bytes;
}

if (import.meta.main) console.log(`${layerFolder}: ${Math.round((await buildLayer()) / 1e6)} MB`);
