/** Schemathesis (https://schemathesis.readthedocs.io) as a program: installed once by pip, in the version that is pinned. */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const requirements = fileURLToPath(new URL('./requirements.txt', import.meta.url));

/** Path of the program. Needs Python 3.10 or later with venv, and PyPI the first time. */
export async function installSchemathesis(): Promise<string> {
  const pinned = (await readFile(requirements, 'utf8')).trim().replaceAll(/[^\w.]+/g, '-');
  const folder = join(tmpdir(), `posthaste-${pinned}`);
  const program = join(folder, 'bin', 'schemathesis');
  if ((await run(program, ['--version'], {})).code === 0) return program;
  await rm(folder, { recursive: true, force: true });
  for (const [command, args] of [
    ['python3', ['-m', 'venv', folder]],
    [join(folder, 'bin', 'pip'), ['install', '--quiet', '--disable-pip-version-check', '-r', requirements]],
  ] as const) {
    const { code, output } = await run(command, args, {});
    if (code !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${output}`);
  }
  return program;
}

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMs?: number;
  /** Where it leaves what it keeps. */
  readonly cwd?: string | undefined;
}

/** Runs to its end, or for at most so many milliseconds. */
export function run(
  command: string,
  args: readonly string[],
  { env = {}, limitMs = 300_000, cwd }: RunOptions,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], cwd });
    let output = '';
    const timer = setTimeout(() => child.kill('SIGINT'), limitMs);
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}
