import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * SHA-256 over everything that decides what a bundle looks like: the request, the project's own sources (paths relative to
 * the project), the installed packages and the tools' configuration. Throws when a source is gone.
 */
export async function fingerprint(project: string, inputs: readonly string[], request: string): Promise<string> {
  const hash = createHash('sha256').update(request);
  const tools = ['bundle.ts', 'native.ts', 'one-language.ts'].map((name) => `infra/tools/${name}`);
  const fixed = ['package.json', 'tsconfig.json', ...tools];
  hash.update(await installedPackages(project));
  for (const file of [...fixed, ...inputs]) {
    hash.update(`\0${file}\0`).update(await readFile(path.join(project, file)));
  }
  return hash.digest('hex');
}

/** npm writes the tree as installed, with versions and integrity; a tree of another installer has only the lockfile. */
async function installedPackages(project: string): Promise<Buffer> {
  const installed = await readFile(path.join(project, 'node_modules/.package-lock.json')).catch(() => undefined);
  return installed ?? (await readFile(path.join(project, 'package-lock.json')));
}
